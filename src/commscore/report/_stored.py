"""The results of commscore that are stored in an AnnData."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import get
from ..get._sources import changed_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from anndata import AnnData

ORDER = (
    "score",
    "compare",
    "influence",
    "circuits",
    "loops",
    "expectations",
    "balance",
    "therapies",
    "response",
    "recessive",
)
_STUDY = ("groupby", "condition_key", "sample_key")
_PARTS = {"table", "params", "resource", "schema"}


@dataclass(frozen=True)
class StoredResult:
    """One result: where it lies, what kind it is, its tables and parameters."""

    key: str
    kind: str
    tables: Mapping[str, pd.DataFrame]
    params: Mapping[str, Any]
    resource: Mapping[str, Any]
    changed: str = ""
    """What became of the result that it was made from, if that is not as it was."""

    @property
    def table(self) -> pd.DataFrame:
        """The main table."""
        return self.tables["table"]

    @property
    def groupby(self) -> str | None:
        """Column of obs with the groups, where the result knows it."""
        name = self.params.get("groupby")
        return None if name is None else str(name)


def results(adata: AnnData, keys: str | Sequence[str] | None) -> list[StoredResult]:
    """Return the results under ``keys``, or all there are; what commscore did not write is passed over.

    Raises
    ------
    KeyError
        If there is none, or none under one of ``keys``.
    """
    if keys is None:
        names = [name for name, value in adata.uns.items() if _ours(value)]
    else:
        names = list(dict.fromkeys([keys] if isinstance(keys, str) else keys))
    if not names:
        what = "adata.uns holds no result of commscore" if keys is None else "keys is empty"
        msg = f"{what}: nothing to report; run a tool first, for example cs.tl.score, and save the data with its result"
        raise KeyError(msg)
    stored = [_stored(adata, name) for name in names]
    return stored if keys is not None else sorted(stored, key=lambda s: (_place(s.kind), s.key))


def _ours(value: Any) -> bool:
    keys = set(value.keys()) if hasattr(value, "keys") else set()
    return keys >= _PARTS and str(value["schema"]).startswith("commscore.")


def _stored(adata: AnnData, key: str) -> StoredResult:
    result = get.load(adata, key)
    further = {name: frame for name, frame in result.extra.items() if hasattr(frame, "columns")}
    kind = result.schema.removeprefix("commscore.").split("/")[0]
    return StoredResult(
        key,
        kind,
        {"table": result.table, **further},
        result.params,
        result.resource,
        changed_source(adata, result.params),
    )


def _place(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def response_beside(stored: StoredResult, stored_results: Sequence[StoredResult]) -> str | None:
    """Return the key of the first response that was made from the same groups, conditions and samples."""
    columns = [stored.params.get(name) for name in _STUDY]
    same = (
        s.key for s in stored_results if s.kind == "response" and [s.params.get(name) for name in _STUDY] == columns
    )
    return next(same, None)
