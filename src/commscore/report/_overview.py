"""The first section: what is in the data, what was tested, what was found, what was not tested and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..get._columns import in_memory
from ..get._frames import by_frequency
from ..get._result import testable
from ..kinds import kind_of
from ..kinds._base import Facts
from ..kinds._words import first
from ._blocks import Section, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from ..kinds._base import StoredResult

_PER_SAMPLE = ("condition_key", "sample_key")


def section(adata: AnnData, results: Sequence[StoredResult], *, groupby: str | None, max_padj: float) -> Section:
    """Return the overview.

    ``groupby`` is the column of obs with the groups; by default the one that the first result was made with.
    """
    groupby = groupby or next((s.groupby for s in results if s.groupby), None)
    blocks: list[Any] = [Text(_sentence(adata, results, groupby)), _result_table(results, max_padj)]
    blocks += _group_tables(adata, results, groupby)
    reasons = _reasons(results)
    blocks.append(reasons if reasons.rows else Text("Nothing was left untested, or no result says so."))
    return Section("overview", "Overview", blocks)


def _sentence(adata: AnnData, results: Sequence[StoredResult], groupby: str | None) -> str:
    parts = [f"{adata.n_obs:,} cells and {adata.n_vars:,} genes"]
    if groupby is not None and groupby in adata.obs:
        parts.append(f"{in_memory(adata, groupby).nunique()} groups of cells (column {groupby})")
    for what, name in (("conditions", "condition_key"), ("samples", "sample_key")):
        column = next((s.params[name] for s in results if s.params.get(name) is not None), None)
        if column is not None and column in adata.obs:
            parts.append(f"{in_memory(adata, column).nunique()} {what} (column {column})")
    return "; ".join(parts) + "."


def _result_table(results: Sequence[StoredResult], max_padj: float) -> Facts:
    header = ("Result", "Key in adata.uns", "Rows", "Tested", f"padj ≤ {max_padj:g}", "Not tested", "Resource")
    rows = [[kind_of(s.kind).title, s.key, f"{len(s.table):,}", *_counted(s, max_padj), _resource(s)] for s in results]
    return Facts("Results in this report", header, rows)


def _counted(stored: StoredResult, max_padj: float) -> list[str]:
    """Return tested rows, rows that pass, what was not tested; a dash where there is no such thing."""
    table, padj = stored.table, first(stored.table, "padj")
    untested = stored.tables.get("untested")
    left = "–" if untested is None else f"{len(untested):,}"
    if padj is None or table[padj].isna().all():
        return ["0" if padj else "–", "–", left]
    passing = (table[padj] <= max_padj).to_numpy()
    return [f"{table[padj].notna().sum():,}", kind_of(stored.kind).passing(table[passing]), left]


def _resource(stored: StoredResult) -> str:
    """Return its name and version, and how much of it can be tested, where that is stored."""
    name = f"{stored.resource.get('name', '?')} {stored.resource.get('version', '')}".strip()
    coverage = testable(stored.params)
    return f"{name} ({coverage})" if coverage else name


def _group_tables(adata: AnnData, results: Sequence[StoredResult], groupby: str | None) -> list[Facts]:
    if groupby is None or groupby not in adata.obs:
        return []
    groups = in_memory(adata, groupby)
    condition = next((s.params["condition_key"] for s in results if s.params.get("condition_key") is not None), None)
    counts = groups.value_counts(sort=False)
    if condition is None or condition not in adata.obs:
        rows = [[str(g), f"{n:,}"] for g, n in counts.items()]
        return [Facts("Cells of each group", (groupby, "Cells"), rows)]
    by = pd.crosstab(groups, in_memory(adata, condition))
    rows = [[str(g), f"{n:,}", *(f"{by.at[g, c]:,}" if g in by.index else "0" for c in by)] for g, n in counts.items()]
    return [Facts("Cells of each group", (groupby, "Cells", *map(str, by)), rows)]


def _reasons(results: Sequence[StoredResult]) -> Facts:
    rows = []
    for stored in results:
        untested = stored.tables.get("untested")
        if untested is None or "reason" not in untested:
            continue
        for reason, n in by_frequency(untested["reason"]).items():
            if n:
                example = untested.loc[(untested["reason"] == reason).to_numpy()].iloc[0]
                what = str(example.get("interaction", example.get("what", "")))
                rows.append([str(reason), kind_of(stored.kind).title, f"{n:,}", f"{what}: {example['detail']}"])
    return Facts("Not tested, and why", ("Reason", "Result", "Number", "For example"), rows)
