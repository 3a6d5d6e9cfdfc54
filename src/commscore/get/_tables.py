"""Readers of stored tables, with the filters that everyone types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._labels import as_list, choose, natural_order
from .._validate import one_of
from ..check import Label, Proportion, checked
from ._choose import as_single, method_of, surest_first
from ._left_out import rows_left_out
from ._store import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from ..arrays import Bools

_ARTICLE = {"group": "a group", "interaction": "an interaction", "mode": "a mode"}


@checked
def table(
    adata: AnnData,
    key: str = "commscore",
    *,
    source: Label | Sequence[Label] | None = None,
    target: Label | Sequence[Label] | None = None,
    interaction: Label | Sequence[Label] | None = None,
    gene: Label | Sequence[Label] | None = None,
    mode: Label | Sequence[Label] | None = None,
    max_padj: Proportion | None = None,
    min_score: float | None = None,
    method: str | None = None,
    sort: bool = True,
) -> pd.DataFrame:
    """Return a stored table, filtered, the surest rows first.

    Parameters
    ----------
    adata : result
    key
    source, target
        A group or several; others are left out.
    interaction, mode
        An interaction (``"LIGAND^RECEPTOR"``) or a mode of communication, or several; others are left out.
    gene
        A gene or several: only rows with one of them among the subunits of the ligand or the receptor.
    max_padj
        Keep rows with an adjusted p-value of at most this (rows without one are left out).
    min_score
        Keep rows with a score of at least this.
    method
        Of a table with several methods, the one whose columns come back as ``score, pvalue, padj``, without those
        of the others. By default every column comes back, and ``max_padj``, ``min_score`` and the order are those of
        the first method.
    sort
        Rows by ascending ``padj``, those that are equal or have none by descending score or absolute effect. False
        for the order in which they are stored, by group and interaction. Rankings (recessive edges, loops, therapies)
        and tables that have neither column stay as they are stored.

    Returns
    -------
    DataFrame
        A copy; changing it does not change ``adata``.

    Raises
    ------
    KeyError
        If nothing is stored under ``key`` or the table has no such column.
    ValueError
        If a group, interaction, gene, mode or the method does not occur, or ``max_padj`` is asked of scores without
        p-values.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", resource="breast", n_perms=100)
    >>> cs.get.table(adata, source="Dendritic", max_padj=0.05).columns[0]
    'source'
    """
    result = load(adata, key)
    name = method_of(result, method)
    frame: pd.DataFrame = result.table if method is None else as_single(result.table, name, keep=False)
    end = "" if method is not None or name is None else f"_{name}"
    keep = np.ones(len(frame), bool)
    for name, labels in (("source", source), ("target", target), ("interaction", interaction), ("mode", mode)):
        if labels is not None:
            if name == "interaction":
                _refuse_untested(frame, labels, result.untested)
            keep &= _column(frame, name).isin(_values(frame, name, labels)).to_numpy()
    if gene is not None:
        keep &= with_gene(frame, gene)
    if max_padj is not None:
        _tested(frame, max_padj, f"padj{end}", way_out="filter by min_score")
        keep &= (_column(frame, f"padj{end}") <= max_padj).to_numpy()
    if min_score is not None:
        keep &= (_column(frame, f"score{end}") >= min_score).to_numpy()
    rows = np.flatnonzero(keep)
    if sort:
        rows = rows[surest_first(frame.iloc[rows], schema=result.schema, end=end)]
    return frame.iloc[rows].reset_index(drop=True)


def _refuse_untested(frame: pd.DataFrame, labels: Label | Sequence[Label], untested: pd.DataFrame) -> None:
    """Raise with the reason where a table lacks an interaction because it could not be tested."""
    if "interaction" not in untested:  # of circuits, say
        return
    names = set(map(str, as_list(labels))) - set(_labels_of(_column(frame, "interaction")))
    lacking = untested[untested["interaction"].astype(str).isin(names)]
    if lacking.empty:
        return
    row = lacking.iloc[0]
    detail = f" ({row['detail']})" if row.get("detail") else ""
    msg = (
        f"interaction={row['interaction']!r} was not tested: {row['reason']}{detail}; "
        f"cs.get.untested(adata, key, interaction={row['interaction']!r}) has what is known of it"
    )
    raise ValueError(msg)


def _values(frame: pd.DataFrame, name: str, labels: Label | Sequence[Label]) -> list[str]:
    noun = name if name in ("interaction", "mode") else "group"
    return choose(name, labels, options=_labels_of(frame[name]), what=f"{_ARTICLE[noun]} of the table")


def _labels_of(values: pd.Series) -> list[str]:
    return list(values.cat.categories) if hasattr(values, "cat") else natural_order(map(str, values.unique()))


def with_gene(frame: pd.DataFrame, genes: Label | Sequence[Label]) -> Bools:
    """Return which rows have one of the genes among the subunits of their ligand or receptor."""
    sides = [_column(frame, name) for name in ("ligand_complex", "receptor_complex")]
    subunits = [{c: {c, *c.split("_")} for c in _labels_of(side)} for side in sides]
    options = natural_order({gene for side in subunits for complexes in side.values() for gene in complexes})
    chosen = set(choose("gene", genes, options=options, what="a ligand, a receptor or a subunit of one of the table"))
    parts = [side.isin([c for c, own in of.items() if own & chosen]) for side, of in zip(sides, subunits, strict=True)]
    return np.asarray(parts[0] | parts[1], np.bool_)


def _tested(frame: pd.DataFrame, max_padj: float, column: str, *, way_out: str) -> None:
    """Raise if the scores were made without p-values: no row would pass, which is not what the data say."""
    if len(frame) and "null" in frame and column in frame and frame[column].isna().all():
        msg = (
            f"max_padj={max_padj:g}: the table has no p-values (it was made with null=None); {way_out}, or score with "
            "null='permutation'"
        )
        raise ValueError(msg)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        msg = f"the table has no column {name!r} (it has {', '.join(map(str, frame.columns))})"
        raise KeyError(msg)
    return frame[name]


@checked
def params(adata: AnnData, key: str = "commscore") -> dict[str, Any]:
    """Return the parameters of the call that wrote ``adata.uns[key]``.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=100)
    >>> cs.get.params(adata)["n_perms"]
    100
    """
    return load(adata, key).params


@checked
def untested(
    adata: AnnData,
    key: str = "commscore",
    *,
    interaction: Label | Sequence[Label] | None = None,
    rows: bool = False,
) -> pd.DataFrame:
    """Return what was not tested and why: columns ``interaction``, ``reason``, ``detail``.

    Parameters
    ----------
    adata
        What a tool has written to.
    key
    interaction
        Only this interaction, or these, as in ``"CXCL12^CXCR4"``; none of the rows if it was tested.
    rows
        Of a comparison, row by row: every contrast × source × target × interaction that is not in its table
        (:data:`commscore.tables.compare.LEFT_OUT_ROWS`), made again from what is stored.

    Returns
    -------
    DataFrame
        A copy.

    Raises
    ------
    ValueError
        If an interaction is neither in this list nor in the table, or ``rows`` is asked of another result.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=100)
    >>> sorted(cs.get.untested(adata)["reason"].unique())
    ['gene missing', 'indirect', 'not measurable in RNA', 'subunit missing']
    """
    result = load(adata, key)
    frame: pd.DataFrame = rows_left_out(result, key) if rows else result.untested
    if interaction is None:
        return frame.copy()
    own = _labels_of(_column(frame, "interaction"))
    of_table = _labels_of(result.table["interaction"]) if "interaction" in result.table else []
    names = choose(
        "interaction", interaction, options=list(dict.fromkeys([*own, *of_table])), what="one that was tried"
    )
    return frame[frame["interaction"].astype(str).isin(names)].reset_index(drop=True)


@checked
def matrix(
    adata: AnnData,
    key: str = "commscore",
    *,
    value: str = "count",
    max_padj: Proportion | None = 0.05,
    method: str | None = None,
) -> pd.DataFrame:
    """Return source × target totals.

    Parameters
    ----------
    adata : result
    key
    value
        ``"count"`` for the number of interactions, or a numeric column to add up, for example ``"score"``.
    max_padj : rows
    method
        Of a table with several methods, the one that ``"score"``, ``"pvalue"`` and ``max_padj`` are taken from; by
        default the first.

    Returns
    -------
    DataFrame
        Sources in rows, targets in columns, every group present in both; zero where nothing passes.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or the table has no such column.
    ValueError
        If the table has no row, or no p-values while ``max_padj`` is given, or not this method.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=100)
    >>> counts = cs.get.matrix(adata)
    >>> int(counts.loc["Dendritic", "CD4+/CD25 T Reg"])
    3
    """
    result = load(adata, key)
    whole = as_single(result.table, method_of(result, method), keep=True)
    if whole.empty:
        msg = f"the table of adata.uns[{key!r}] has no row: cs.get.untested says why"
        raise ValueError(msg)
    if value != "count":
        one_of("value", value, ["count", *whole.select_dtypes("number").columns])
    frame = whole
    if max_padj is not None:
        _tested(whole, max_padj, "padj", way_out="set max_padj=None to count every row")
        frame = whole[(_column(whole, "padj") <= max_padj).to_numpy()]
    grouped = frame.groupby(["source", "target"], observed=False)
    totals = grouped.size() if value == "count" else grouped[value].sum()
    if isinstance(whole["source"].dtype, pd.CategoricalDtype):
        groups = list(whole["source"].cat.categories)
    else:  # a table that was made or joined by hand
        groups = natural_order({*whole["source"].astype(str), *whole["target"].astype(str)})
    return totals.unstack("target").reindex(index=groups, columns=groups).fillna(0)
