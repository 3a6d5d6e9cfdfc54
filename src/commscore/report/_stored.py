"""The results of commscore that are stored in an AnnData."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import get
from ..get._sources import changed_source
from ..kinds import kind_of
from ..kinds._base import StoredResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

_PARTS = {"table", "params", "resource", "schema"}


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
    return stored if keys is not None else sorted(stored, key=lambda s: (kind_of(s.kind).place, s.key))


def _ours(value: Any) -> bool:
    keys = set(value.keys()) if hasattr(value, "keys") else set()
    return keys >= _PARTS and str(value["schema"]).startswith("commscore.")


def _stored(adata: AnnData, key: str) -> StoredResult:
    result = get.load(adata, key)
    return StoredResult.of(key, result, changed=changed_source(adata, result.params))
