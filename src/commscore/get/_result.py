"""What a tool returns with ``inplace=False``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..check import checked
from ..tables.score import STORED
from ._choose import methods_of, surest_first
from ._frames import by_frequency

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

COVERED = (
    ("n_interactions", "n_testable", "interactions"),
    ("n_steps_resource", "n_steps_testable", "steps of circuits"),
)
"""Where ``params`` hold what the resource has, how much of it has its genes in the data, and what that is."""


def covered(params: Mapping[str, Any]) -> tuple[int, int, str] | None:
    """Return how many interactions (of circuits: steps) the resource has, how many are testable, and their noun."""
    return next(((params[n], params[testable], what) for n, testable, what in COVERED if n in params), None)


def testable(params: Mapping[str, Any]) -> str:
    """Say how much of the resource can be tested; nothing where that is not stored."""
    coverage = covered(params)
    return "" if coverage is None else f"{coverage[1]:,} of {coverage[0]:,} {coverage[2]} testable"


@dataclass(frozen=True)
class Result:
    """A table with what it was made from.

    Attributes
    ----------
    table
        One row per test.
    params
        Every parameter of the call, and versions.
    resource
        Name, version, licence and sha256 of the resource.
    extra
        Further tables by name, for example ``untested``.
    schema
        Name and version of the table's layout.

    Examples
    --------
    >>> import commscore as cs
    >>> result = cs.tl.score(cs.ds.pbmc(), "cell_type", null=None, inplace=False)
    >>> result.resource["name"], result.params["groupby"], sorted(result.extra)
    ('breast', 'cell_type', ['untested'])
    """

    table: pd.DataFrame
    params: dict[str, Any]
    resource: dict[str, Any]
    extra: dict[str, pd.DataFrame] = field(default_factory=dict)
    schema: str = STORED.schema

    def __repr__(self) -> str:
        reference = self.params.get("reference")
        against = f"; reference {reference!r}" if reference is not None else ""
        resource = ", ".join(filter(None, (repr(self.resource.get("name")), testable(self.params))))
        return f"Result({self.schema}: {self.counted()}{against}; resource {resource})"

    @checked
    def counted(self) -> str:
        """Say how many rows there are, and of a comparison how many were tested and why the others were not."""
        left_out = self.extra.get("left_out")
        n = len(self.table) + (0 if left_out is None else int(left_out["n_rows"].sum()))
        if not {"status", "pvalue", "padj"} <= set(self.table.columns):
            return f"{n:,} rows"
        tested = self.table["pvalue"].notna()
        why = by_frequency(self.table.loc[~tested, "status"])
        if left_out is not None:
            why = why.add(left_out.groupby("status", observed=False)["n_rows"].sum(), fill_value=0).astype(int)
        others = ", ".join(f"{k:,} {str(status).replace('_', ' ')}" for status, k in why.items() if k)
        alpha = float(self.params.get("alpha", 0.05))
        n_significant = int((self.table["padj"] <= alpha).sum())
        return f"{n:,} rows, {tested.sum():,} tested, {n_significant:,} with padj <= {alpha:g}" + (
            f"; {others}" if others else ""
        )

    @property
    def surest_first(self) -> pd.DataFrame:
        """The table with rows by ascending ``padj``, then descending score or absolute effect; rankings as they are."""
        method = next(iter(methods_of(self.table)), None)
        order = surest_first(self.table, schema=self.schema, end=f"_{method}" if method else "")
        return self.table.iloc[order].reset_index(drop=True)

    @property
    def untested(self) -> pd.DataFrame:
        """What was not tested, and why."""
        return self.extra["untested"]
