"""Weak but specific and stable interactions: a ranking of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from .. import get
from .._random import RNG, recorded
from .._random import key as seed_of
from .._version import __version__
from ..check import Count, NonNegative, Proportion, Repeats, checked
from ..get import Result
from ..get._sources import made_from
from ..get._store import check_target, finish
from ..study.stored_edges import (
    EdgeSides,
    EdgeSums,
    edge_sides,
    edge_values,
    obs_labels,
    passing_edges,
    stored_expression,
    stored_group_codes,
    sums_in_bins,
)
from ..tables import recessive as schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData

    from ..arrays import Floats, Ints


@checked
def recessive(
    adata: AnnData,
    *,
    key: str = "commscore",
    sample_key: str | None = None,
    max_magnitude: Proportion = 0.5,
    min_excess: NonNegative = 2.0,
    min_stability: Proportion = 0.9,
    max_padj: Proportion | None = 0.05,
    score: str = "score",
    padj: str = "padj",
    min_cells: Count = 5,
    n_boot: Repeats = 200,
    rng: RNG = 0,
    key_added: str = "commscore_recessive",
    inplace: bool = True,
) -> Result | None:
    """Rank edges that are weak, but specific to their pair of groups and stable ("recessive communication").

    Rankings by strength never show signals that are low everywhere and yet belong to one pair of groups, such as
    those of dormant cells. For every edge of a stored result, with flow F = L·R (means of ligand and receptor):

    * magnitude: the fraction of edges with a lower flow, ties counted half;
    * specificity: F over the sum of F of this interaction over all pairs of groups; ``excess`` is that share times the
      number of pairs, 1 where all pairs carry the same;
    * stability: the fraction of resamples in which both sides are still expressed (``expr_prop`` of the stored result)
      and the excess still reaches ``min_excess``.

    The score of the ranking is (1 − magnitude) · rank of the specificity (0 to 1) · stability. An edge is called
    recessive if it passes all four thresholds.

    Parameters
    ----------
    adata : scores
    key : scores
    sample_key
        Column of ``adata.obs`` with the samples: each is left out in turn. Without it cells are drawn with replacement
        within every group, which says nothing about other donors.
    max_magnitude
        Weak: a magnitude of at most this, 0 to 1.
    min_excess
        Specific: at least this many times an even share, > 0.
    min_stability
        Stable: in at least this fraction of resamples, 0 to 1.
    max_padj
        An adjusted p-value of at most this; ``None`` asks for none.
    score, padj
    min_cells
        In a resample, a smaller group sends and receives nothing.
    n_boot
        Number of draws of cells, without ``sample_key``.
    rng
        Seed, Generator or SeedSequence of the draws; the same seed gives the same bytes.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``; all edges, the most recessive first. The columns
    are in :data:`commscore.tables.recessive.RECESSIVE`.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or a column does not exist.
    ValueError
        If ``sample_key`` has fewer than three samples, or an argument is out of range.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=50)
    >>> table = cs.tl.recessive(adata, n_boot=20, inplace=False).table
    >>> bool(table["recessive_score"].between(0, 1).all())
    True
    """
    check_target(adata, key_added, inplace=inplace)
    seed, stored = seed_of(rng), get.load(adata, key)
    table = _checked(stored.table, score=score, padj=padj)
    if table.empty:
        msg = f"the table of adata.uns[{key!r}] has no row: cs.get.untested says why"
        raise ValueError(msg)
    source = stored_expression(adata, stored.params)
    ends = edge_sides(table, stored.params, source)
    group = stored_group_codes(adata, stored.params, ends.groups)
    pairs = _FlowShares(table, n_pairs=len(ends.groups) ** 2)
    flow = (table["ligand_mean"] * table["receptor_mean"]).to_numpy(np.float64)
    if sample_key is None:
        draws, n, unit = _bootstrap(source, ends, group, n_boot=int(n_boot), seed=seed), int(n_boot), "cells"
    else:
        sample, names = obs_labels(adata, "sample_key", sample_key)
        draws, n, unit = _leave_out(source, ends, group, sample=sample, names=names), len(names), "samples"
    kept = np.zeros(len(table))
    expr_prop = float(stored.params.get("expr_prop", 0.0))
    for sums in draws:
        permuted, prop = edge_values(sums, ends, min_cells=int(min_cells))
        kept += (prop >= expr_prop) & (prop > 0) & (pairs.excess(permuted) >= min_excess)
    ranking = _ranked(table, flow, pairs, stability=kept / n, score=score, padj=padj)
    passes = (ranking["magnitude"] <= max_magnitude) & (ranking["excess"] >= min_excess)
    passes &= ranking["stability"] >= min_stability
    if max_padj is not None:
        passes &= ranking["padj"] <= max_padj
    ranking["recessive"], ranking["n_resamples"] = passes, n
    ranking["unit"] = pd.Categorical([unit] * len(ranking), categories=["samples", "cells"])
    params = {
        "key": key,
        "made_from": made_from({key: stored}),
        "sample_key": sample_key,
        "max_magnitude": float(max_magnitude),
        "min_excess": float(min_excess),
        "min_stability": float(min_stability),
        "max_padj": max_padj,
        "score": score,
        "padj": padj,
        "min_cells": int(min_cells),
        "n_boot": int(n_boot),
        "rng": recorded(rng, seed),
        "commscore": __version__,
    }
    result = Result(ranking[list(schema.RECESSIVE.names)], params, stored.resource, {}, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


class _FlowShares:
    """Specificity of edges: their share of the flow of their interaction over all pairs of groups.

    Pairs of groups that the stored result does not list did not express the interaction and carry none of it.
    """

    def __init__(self, table: pd.DataFrame, *, n_pairs: int) -> None:
        names, self._code = np.unique(table["interaction"].astype(str), return_inverse=True)
        self._n, self._n_pairs = names.size, n_pairs

    def share(self, flow: Floats) -> Floats:
        """Share of each edge, 0 to 1."""
        whole = np.bincount(self._code, weights=flow, minlength=self._n)[self._code]
        return np.divide(flow, whole, out=np.zeros(flow.size), where=whole > 0)

    def excess(self, flow: Floats) -> Floats:
        """Share over that of an even distribution."""
        return self.share(flow) * self._n_pairs


def _checked(table: pd.DataFrame, *, score: str, padj: str) -> pd.DataFrame:
    for argument, column in (("score", score), ("padj", padj)):
        if column not in table:
            some = [c for c in table.columns if str(c).startswith(("score", "padj"))]
            msg = f"{argument}={column!r} is not a column of the stored table; it has {', '.join(some) or 'no scores'}"
            raise KeyError(msg)
    return passing_edges(table, padj=padj, max_padj=None)


def _bootstrap(source: Any, ends: EdgeSides, group: Ints, *, n_boot: int, seed: int) -> Iterator[EdgeSums]:
    """Draw cells with replacement within every group; draw number i is a stream of its own."""
    k = len(ends.groups)
    members = [np.flatnonzero(group == g) for g in range(k)]
    at = source.var_names.get_indexer(ends.genes)
    part = source.take(at)
    values = np.asarray(part.todense() if hasattr(part, "todense") else part, np.float64)
    blocks = [(values[m], (values[m] > 0).astype(np.float64)) for m in members]
    n = np.array([m.size for m in members], np.float64)
    for i in range(n_boot):
        rng = np.random.default_rng([seed, i])
        weights = [np.bincount(rng.integers(0, m.size, m.size), minlength=m.size).astype(np.float64) for m in members]
        total = np.stack([w @ x for w, (x, _) in zip(weights, blocks, strict=True)])
        expressed = np.stack([w @ e for w, (_, e) in zip(weights, blocks, strict=True)])
        yield EdgeSums(total, expressed, n)


def _leave_out(source: Any, ends: EdgeSides, group: Ints, *, sample: Ints, names: list[str]) -> Iterator[EdgeSums]:
    """Leave out one sample after the other."""
    if len(names) < 3:
        msg = f"sample_key has {len(names)} samples, leaving one out needs three; leave it out to resample cells"
        raise ValueError(msg)
    k, s = len(ends.groups), len(names)
    bins = np.where((group >= 0) & (sample >= 0), sample * k + group, -1)
    sums = sums_in_bins(source, ends.genes, bins, n_bins=s * k)
    total, expressed = (x.reshape(s, k, -1) for x in (sums.total, sums.expressed))
    n = sums.n.reshape(s, k)
    for i in range(s):
        rest = np.arange(s) != i
        yield EdgeSums(total[rest].sum(axis=0), expressed[rest].sum(axis=0), n[rest].sum(axis=0))


def _ranked(
    table: pd.DataFrame, flow: Floats, pairs: _FlowShares, *, stability: Floats, score: str, padj: str
) -> pd.DataFrame:
    share = pairs.share(flow)
    magnitude = (stats.rankdata(flow) - 0.5) / flow.size
    rank = (stats.rankdata(share) - 0.5) / flow.size
    frame = table[["source", "target", "interaction"]].copy()
    frame["score"], frame["padj"] = table[score].to_numpy(), table[padj].to_numpy()
    frame["flow"], frame["magnitude"], frame["specificity"] = flow, magnitude, share
    frame["excess"], frame["stability"] = pairs.excess(flow), stability
    frame["recessive_score"] = (1 - magnitude) * rank * stability
    frame = frame.sort_values("recessive_score", ascending=False, kind="stable").reset_index(drop=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame
