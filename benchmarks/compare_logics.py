"""How other methods compare two conditions, from their published formulas, for the calibration of the comparison.

LIANA+ (doi:10.1038/s41556-024-01469-w) joins tables of differential expression: the p-value of an interaction is the
mean of that of the ligand in the source and that of the receptor in the target. It also tests scores per sample;
here the product of both mean expressions.

CellChat (doi:10.1038/s41467-021-21246-9) pools the cells of a condition: P = L·R / (0.5 + L·R) with trimeans of
log-normalised expression relative to its maximum, geometric means of complexes; summed over the interactions of a
pathway; the information flow of a pathway in two conditions is compared by a paired Wilcoxon test over
the pairs of groups (``rankNet``). Left out: agonists, cofactors, and the filter by permutation of cells.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse, stats

PER_PATHWAY = 6
MIN_CELLS = 10


class View:
    """Expression of the genes of the pairs, by sample × group and by condition × group."""

    def __init__(self, a):
        counts = a.layers["counts"].tocsr()
        depth = np.asarray(counts.sum(axis=1)).ravel()
        listed = np.flatnonzero((a.var["role"] != "background").to_numpy())
        self.gene = {g: i for i, g in enumerate(a.var_names[listed])}
        part = counts[:, listed]
        log = sparse.diags(1e4 / np.maximum(depth, 1)) @ part
        log.data = np.log1p(log.data)
        self.largest = log.data.max()
        group, self.groups = _codes(a.obs["cell_type"])
        sample, samples = _codes(a.obs["sample"])
        shape = (len(samples), len(self.groups))
        bins = sparse.csr_matrix((np.ones(a.n_obs), (sample * shape[1] + group, np.arange(a.n_obs))),
                                 shape=(shape[0] * shape[1], a.n_obs))  # fmt: skip
        size = np.bincount(sample * shape[1] + group, minlength=shape[0] * shape[1])
        used = np.where(size >= MIN_CELLS, size, np.nan)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            self.mean = np.asarray((bins @ log).todense() / used).reshape(*shape, -1)
            cpm = ((bins @ part).toarray() + 0.5) / (bins @ depth)[:, None] * 1e6
        self.logcpm = np.where(np.isfinite(used), np.log2(cpm), np.nan).reshape(*shape, -1)
        case = (a.obs["condition"] == "case").to_numpy()
        self.case = np.bincount(sample, case, minlength=shape[0]) > 0
        dense = log.toarray()
        self.trimean = np.stack([
            [_trimean(dense[(case == c) & (group == g)]) for g in range(shape[1])] for c in (False, True)
        ])  # fmt: skip

    def side(self, table, name, group):
        """Limiting subunit of a complex per sample."""
        columns = [self.gene[g] for g in name.split("_")]
        return table[:, self.groups.index(group)][:, columns].min(axis=1)

    def probability(self, pair):
        """CellChat's communication probability, condition × source × target."""
        members = ([self.gene[g] for g in name.split("_")] for name in pair)
        parts = (np.maximum(self.trimean[:, :, m], 1e-300) / self.largest for m in members)
        left, right = (np.exp(np.log(part).mean(axis=2)) for part in parts)
        product = left[:, :, None] * right[:, None, :]
        return product / (0.5 + product)


def _codes(column):
    codes = column.astype("category").cat
    return codes.codes.to_numpy().astype(int), list(codes.categories)


def _trimean(x):
    """A quarter of the quartiles, the median twice; zero without cells."""
    if x.shape[0] == 0:
        return np.zeros(x.shape[1])
    return np.quantile(x, [0.25, 0.5, 0.5, 0.75], axis=0).mean(axis=0)


def _pvalues(values, case):
    """Two-sided t-test, samples × rows; NaN for missing samples."""
    two = [values[case], values[~case]]
    n = [np.isfinite(v).sum(axis=0) for v in two]
    with np.errstate(all="ignore"):
        mean = [np.nansum(v, axis=0) / k for v, k in zip(two, n)]
        free = n[0] + n[1] - 2
        pooled = sum(np.nansum((v - m) ** 2, axis=0) for v, m in zip(two, mean)) / free
        t = (mean[0] - mean[1]) / np.sqrt(pooled * (1 / n[0] + 1 / n[1]))
    return np.where(np.minimum(*n) > 1, 2 * stats.t.sf(np.abs(t), np.maximum(free, 1)), np.nan)


def mean_of_two(view, rows):
    """Mean of the p-values of both sides."""
    left, right = _both(view, rows, view.logcpm)
    return (_pvalues(left, view.case) + _pvalues(right, view.case)) / 2


def components(view, rows):
    """Plain t-tests of both sides, combined by ACAT: our evidence without moderation and precision."""
    both = np.stack([_pvalues(side, view.case) for side in _both(view, rows, view.logcpm)])
    return stats.cauchy.sf(np.tan((0.5 - both) * np.pi).mean(axis=0))


def product(view, rows):
    """p-value of the product of both sides."""
    left, right = _both(view, rows, view.mean)
    return _pvalues(left * right, view.case)


def _both(view, rows, table):
    sides = (("source", "ligand_complex"), ("target", "receptor_complex"))
    return [np.stack([view.side(table, name, group) for group, name in zip(rows[g], rows[n])], axis=1)
            for g, n in sides]  # fmt: skip


def flow(view, pairs):
    """p-value of every pathway; pathways are six interactions in the order of the list."""
    every = np.array([view.probability(p) for p in zip(pairs["ligand"], pairs["receptor"])])
    found = []
    for at in range(0, len(every) - PER_PATHWAY + 1, PER_PATHWAY):
        control, case = every[at : at + PER_PATHWAY].sum(axis=0).reshape(2, -1)
        differ = control != case
        found.append(stats.wilcoxon(case[differ], control[differ]).pvalue if differ.sum() > 1 else np.nan)
    return np.array(found)


def total_flow(view, pairs):
    """Sum of all communication probabilities in case over that in control."""
    every = np.array([view.probability(p) for p in zip(pairs["ligand"], pairs["receptor"])]).sum(axis=(0, 2, 3))
    return every[1] / every[0]
