"""Edges of a stored result, measured again in parts of the cells: conditions, samples, resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arrays import Entities
from ..core.read.matrix import statistics_of
from ..core.read.statistics import UNUSED
from ..core.summary import join
from ..core.threads import team
from ..get._columns import label_codes
from .cells import obs_column
from .expression import Expression, read_expression
from .production import produced_in, with_stored_sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData

    from ..arrays import Floats, Ints


EVERYTHING = "all"


@dataclass(frozen=True)
class EdgeSides:
    """Ends of every edge: entities, groups (by number in ``groups``), and how subunits are joined."""

    entities: Entities
    ligand: Ints
    receptor: Ints
    source: Ints
    target: Ints
    groups: list[str]
    genes: list[str]
    rule: str


@dataclass(frozen=True)
class EdgeSums:
    """Per bin × gene the ``total`` and the number of cells ``expressed``; per bin the number of cells ``n``."""

    total: Floats
    expressed: Floats
    n: Floats


def passing_edges(table: pd.DataFrame, *, padj: str, max_padj: float | None) -> pd.DataFrame:
    """Edges of a stored result with an adjusted p-value of at most ``max_padj``; all edges for ``None``."""
    for column in ("source", "target", "interaction", "ligand_mean", "receptor_mean"):
        if column not in table:
            msg = f"the stored table has no column {column!r}; give the key of a result of cs.tl.score"
            raise KeyError(msg)
    if max_padj is None and (padj in table or padj == "padj"):
        return table.reset_index(drop=True)
    if padj not in table:
        some = ", ".join(c for c in table.columns if str(c).startswith("padj")) or "none"
        msg = f"padj={padj!r} is not a column of the stored table (adjusted p-values: {some})"
        raise KeyError(msg)
    passing = table[table[padj] <= max_padj].reset_index(drop=True)
    if passing.empty:
        msg = f"no edge of the stored result has {padj} <= {max_padj}; raise max_padj or leave it out"
        raise ValueError(msg)
    return passing


def split_key(condition_key: str | None, sample_key: str | None) -> tuple[str, str | None]:
    """Name of the argument, and the column, by which cells are split; the column is None for all cells together."""
    if condition_key is not None and sample_key is not None:
        msg = f"give one of condition_key={condition_key!r} and sample_key={sample_key!r}, not both"
        raise ValueError(msg)
    return ("condition_key", condition_key) if condition_key is not None else ("sample_key", sample_key)


def edge_sides(table: pd.DataFrame, params: Mapping[str, Any], source: Expression) -> EdgeSides:
    """Turn the ends of the edges of a stored result into numbers."""
    aliases, complexes = dict(params.get("aliases") or {}), produced_in(params)
    names = {m: i for i, m in enumerate(sorted({*table["ligand_complex"], *table["receptor_complex"]}))}
    members = [[aliases.get(g, g) for g in complexes.get(m, m).split("_")] for m in names]
    # with missing_subunits="ignore" the result rests on the subunits that are measured
    members = [[g for g in m if g in source.names] for m in members]
    if not all(members):
        lost = next(name for name, m in zip(names, members, strict=True) if not m)
        msg = f"{lost} of the stored result is not in var_names of {source.name}; use the adata that was scored"
        raise ValueError(msg)
    genes = sorted({g for m in members for g in m})
    number = {g: i for i, g in enumerate(genes)}
    groups = sorted({*table["source"].astype(str), *table["target"].astype(str)})
    at = {g: i for i, g in enumerate(groups)}

    def codes(column: str, to: Mapping[str, int]) -> Ints:
        return np.asarray([to[str(v)] for v in table[column]], np.int64)

    return EdgeSides(
        Entities.of([[number[g] for g in m] for m in members]),
        codes("ligand_complex", names),
        codes("receptor_complex", names),
        codes("source", at),
        codes("target", at),
        groups,
        genes,
        str(params.get("complex", "min")),
    )


def stored_expression(adata: AnnData, params: Mapping[str, Any]) -> Expression:
    """Return the matrix that a stored result was made from."""
    expression = read_expression(
        adata,
        layer=params.get("layer"),
        use_raw=bool(params.get("use_raw", False)),
        gene_symbols=params.get("gene_symbols"),
    )
    return with_stored_sums(expression, params)


def stored_group_codes(adata: AnnData, params: Mapping[str, Any], groups: list[str]) -> Ints:
    """Return the number of the group of every cell, -1 for cells of other groups."""
    column = obs_column(adata, "groupby of the stored result", str(params["groupby"]))
    at = {g: i for i, g in enumerate(groups)}
    codes, names = label_codes(column)
    group_codes = np.asarray([*(at.get(name, -1) for name in names), -1], np.int64)[codes]
    lost = [
        g for g, n in zip(groups, np.bincount(group_codes + 1, minlength=len(groups) + 1)[1:], strict=True) if n == 0
    ]
    if lost:
        msg = f"{lost[0]} of the stored result has no cell in adata.obs[{column.name!r}]; use the adata that was scored"
        raise ValueError(msg)
    return group_codes


def obs_labels(adata: AnnData, argument: str, key: str) -> tuple[Ints, list[str]]:
    """Codes and names of a column of ``obs`` in order; missing labels are -1."""
    return label_codes(obs_column(adata, argument, key))


def sums_in_bins(source: Expression, genes: list[str], bins: Ints, *, n_bins: int) -> EdgeSums:
    """Add up the values, and count the expressing cells, of every gene in every bin; -1 is left out.

    Raises
    ------
    ValueError
        If there are more bins (levels × groups) than one pass can tell apart.
    """
    if n_bins >= UNUSED:
        msg = f"levels × groups give {n_bins} parts of the cells, more than {UNUSED - 1}; use fewer levels or groups"
        raise ValueError(msg)
    labels = np.where(bins < 0, UNUSED, bins).astype(np.uint16)
    columns = source.names.get_indexer(genes).astype(np.int64)
    with team(None) as threads:
        part = statistics_of(source.reading, columns, labels, n_groups=n_bins, team=threads)
    return EdgeSums(part.total.T, part.expressed.T.astype(np.float64), part.sizes.astype(np.float64))


def edge_values(sums: EdgeSums, ends: EdgeSides, *, min_cells: int) -> tuple[Floats, Floats]:
    """Flow L·R of every edge, and the smaller of both fractions of expressing cells; bins are groups.

    Both are 0 where a group has fewer than ``min_cells`` cells.
    """
    n = np.where(sums.n >= max(min_cells, 1), sums.n, np.inf)[:, None]
    mean = join(np.ascontiguousarray((sums.total / n).T), ends.entities, ends.rule)
    prop = np.minimum.reduceat((sums.expressed / n).T[ends.entities.genes], ends.entities.indptr[:-1], axis=0)
    flow = mean[ends.ligand, ends.source] * mean[ends.receptor, ends.target]
    least = np.minimum(prop[ends.ligand, ends.source], prop[ends.receptor, ends.target])
    return np.asarray(flow, np.float64), np.asarray(least, np.float64)


def edge_flows(
    adata: AnnData, table: pd.DataFrame, params: Mapping[str, Any], *, by: str, column: str | None, min_cells: int
) -> dict[str, Floats]:
    """Flow of every edge, in all cells (from the stored means) or in every level of a column on its own."""
    if column is None:
        return {EVERYTHING: (table["ligand_mean"] * table["receptor_mean"]).to_numpy(np.float64)}
    source = stored_expression(adata, params)
    ends = edge_sides(table, params, source)
    group, (level, names) = stored_group_codes(adata, params, ends.groups), obs_labels(adata, by, column)
    k = len(ends.groups)
    bins = np.where((group >= 0) & (level >= 0), level * k + group, -1)
    sums = sums_in_bins(source, ends.genes, bins, n_bins=len(names) * k)
    flows = {}
    for i, name in enumerate(names):
        rows = slice(i * k, (i + 1) * k)
        one = EdgeSums(sums.total[rows], sums.expressed[rows], sums.n[rows])
        flows[name] = edge_values(one, ends, min_cells=min_cells)[0]
    return flows
