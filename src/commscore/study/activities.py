"""Activity of every source of a net in every group and sample, by decoupler on pseudobulk log CPM."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.log_rates import log_cpm
from ..core.progress import progress_bar
from .nets import scaled_net

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays import Bools, Floats, Ints
    from .comparison import ComparisonData


ACTIVITY_METHODS = ("ulm", "mlm")


@dataclass(frozen=True)
class ActivityRule:
    """How activities are made."""

    method: str
    min_cells: int
    min_targets: int
    min_counts: int


@dataclass(frozen=True)
class Activities:
    """Arrays (n_samples, n_groups, n_pathways); NaN where a group is missing in a sample or has too few targets.

    ``activity`` the coefficient, ``score`` its t-value across genes, ``unit`` its counting variance for
    Poisson counts up to a factor, ``n_targets`` (n_groups, n_pathways), ``n_cells`` (n_samples, n_groups),
    ``centred`` (n_groups,).
    """

    groups: tuple[str, ...]
    pathways: tuple[str, ...]
    activity: Floats
    score: Floats
    unit: Floats
    n_targets: Ints
    n_cells: Ints
    centred: Bools


def measure_activities(
    prepared: ComparisonData,
    members: Sequence[tuple[str, Sequence[int]]],
    *,
    net: pd.DataFrame,
    rule: ActivityRule,
) -> Activities:
    """Measure the net in each of ``members``: a name and the codes of the groups of cells that it joins.

    The counts of all genes must have been kept. Genes need ``min_counts`` counts in as many samples as the smallest
    condition has (the labels have no further say), and are centred over the samples, so that what differs between
    genes but not between samples is no noise.
    """
    pathways = tuple(sorted(set(net["source"])))
    n, k = len(prepared.study.samples), len(members)
    shape = (n, k, len(pathways))
    out = Activities(
        tuple(name for name, _ in members),
        pathways,
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.zeros(shape),
        np.zeros((k, len(pathways)), np.int64),
        np.zeros((n, k), np.int64),
        np.zeros(k, bool),
    )
    names, condition = prepared.source.var_names, prepared.study.condition
    with progress_bar(k, "activities of groups") as progress:
        for g, (_, codes) in enumerate(members):
            bulk = prepared.pooled([codes]).bulk
            out.n_cells[:, g] = bulk.n_cells[:, 0]
            of_all = replace(bulk, counts=bulk.all_counts)
            _one(out, g, of_all, names=names, condition=condition, net=net, rule=rule)
            progress(1)
    return out


def _one(
    out: Activities,
    g: int,
    bulk: Any,
    *,
    names: pd.Index,
    condition: Ints,
    net: pd.DataFrame,
    rule: ActivityRule,
) -> None:
    present = (bulk.n_cells[:, 0] >= rule.min_cells) & (bulk.library[:, 0] > 0)
    if not present.any():
        return
    least = int(np.unique(condition[present], return_counts=True)[1].min())
    counts = bulk.counts[present, 0]
    used = np.flatnonzero((counts >= rule.min_counts).sum(axis=0) >= least)
    genes = names[used].astype(str)
    edges = scaled_net(net, genes, min_targets=rule.min_targets)
    if edges.empty:
        return
    value = log_cpm(bulk, min_cells=rule.min_cells)[present, 0][:, used]
    out.centred[g] = present.sum() > 1
    if out.centred[g]:
        value = value - value.mean(axis=0)
    estimate, score = run_decoupler(value, genes, edges, method=rule.method)
    influence = gene_influence(edges, genes, list(estimate.columns), method=rule.method)
    library = bulk.library[present, 0]
    expected = counts[:, used].sum(axis=0) / library.sum() * library[:, None]
    at = [out.pathways.index(p) for p in estimate.columns]
    rows = np.flatnonzero(present)
    where: Any = rows[:, None], g, np.asarray(at, np.int64)[None, :]
    out.activity[where] = estimate.to_numpy()
    out.score[where] = score.to_numpy()
    out.unit[where] = (1.0 / (expected + 0.5)) @ influence**2
    out.n_targets[g, at] = edges.groupby("source").size().reindex(estimate.columns).to_numpy()


def run_decoupler(
    value: Floats, genes: pd.Index, edges: pd.DataFrame, *, method: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run decoupler; return coefficients and t-values, samples × sources in the order of the samples.

    Raises
    ------
    ValueError
        If the sources cannot be told from each other (``mlm``).
    """
    import decoupler as dc

    data = pd.DataFrame(value, index=[str(i) for i in range(value.shape[0])], columns=genes)
    function = getattr(dc.mt, method)
    if method == "mlm":
        _independent(edges, genes)
    results = [function(data=data, net=edges, tmin=1, empty=False, tval=tval)[0] for tval in (False, True)]
    return results[0], results[1]


def _weights(edges: pd.DataFrame, genes: pd.Index, columns: Sequence[str]) -> Floats:
    table = np.zeros((len(genes), len(columns)))
    at = {c: i for i, c in enumerate(columns)}
    table[genes.get_indexer(edges["target"]), [at[s] for s in edges["source"]]] = edges["weight"]
    return table


def _independent(edges: pd.DataFrame, genes: pd.Index) -> None:
    sources = sorted(set(edges["source"]))
    weights = np.column_stack([np.ones(len(genes)), _weights(edges, genes, sources)])
    if np.linalg.matrix_rank(weights) < weights.shape[1] or len(genes) <= weights.shape[1]:
        msg = (
            f"method='mlm' cannot tell the {len(sources)} sources of net apart on {len(genes)} genes (some are sums of "
            "others, or there are too few genes); use method='ulm', or leave out what is redundant"
        )
        raise ValueError(msg)


def gene_influence(edges: pd.DataFrame, genes: pd.Index, columns: Sequence[str], *, method: str) -> Floats:
    """(n_genes, n_sources): what each gene contributes to a coefficient, which is linear in the expression."""
    weights = _weights(edges, genes, columns)
    if method == "ulm":
        centred = weights - weights.mean(axis=0)
        return np.asarray(centred / (centred**2).sum(axis=0), np.float64)
    return np.asarray(np.linalg.pinv(np.column_stack([np.ones(len(genes)), weights]))[1:].T, np.float64)
