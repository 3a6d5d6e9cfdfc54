"""Every score from its definition, one test at a time, in plain NumPy on a dense matrix."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm


def trimean(x):
    return np.mean(np.quantile(x, [0.25, 0.5, 0.5, 0.75]))


def truncated(x, trim):
    out = int(np.floor(len(x) * trim))
    return np.median(x) if trim >= 0.5 else np.sort(x)[out : len(x) - out].mean()


def joined(values, rule, *, signed=False):
    if rule == "min":
        return min(values)
    if rule == "mean" or (signed and rule == "geometric"):
        return np.mean(values)
    return np.prod(values) ** (1 / len(values))


class Slow:
    """Scores of one labelling. ``genes`` of ligand and receptor are lists of columns of ``x``."""

    def __init__(self, x, labels, *, rule="min", highest=None):
        self.x, self.labels, self.rule, self.k = x, labels, rule, labels.max() + 1
        self.highest = x.max() if highest is None else highest

    def of_genes(self, genes, function, group, *, signed=False):
        inside = self.labels == group
        return joined([function(self.x[:, g], inside) for g in genes], self.rule, signed=signed)

    def average(self, genes, group):
        return self.of_genes(genes, lambda v, i: v[i].mean(), group)

    def share(self, genes, group):
        total = sum(self.average(genes, g) for g in range(self.k))
        return self.average(genes, group) / total if total > 0 else 0.0

    def z(self, genes, group):
        def one(v, inside):
            sd = v.std(ddof=1)
            return (v[inside].mean() - v.mean()) / (sd if sd > 0 else 1)

        return self.of_genes(genes, one, group, signed=True)

    def fold(self, genes, group):
        def one(v, inside):
            e = np.expm1(v)
            return np.log2(e[inside].mean() + 1) - np.log2(e[~inside].mean() + 1)

        return self.of_genes(genes, one, group, signed=True)

    def probability(self, genes, group):
        all_values = self.x[self.labels == group]
        m = self.average(genes, group)
        if m == 0 or all_values.std() == 0:
            return 0.5 if m > 0 else 0.0
        return norm.cdf(m, all_values.mean(), all_values.std() / np.sqrt(len(all_values)))

    def robust(self, genes, group, *, trim=None):
        return self.of_genes(genes, lambda v, i: trimean(v[i]) if trim is None else truncated(v[i], trim), group)

    def score(self, method, ligand, receptor, *, source, target):
        average = (self.average(ligand, source), self.average(receptor, target))
        return getattr(self, f"_{method}")(average, (ligand, source), (receptor, target))

    def _mean(self, m, *_):
        return 0.0 if min(m) == 0 else sum(m) / 2

    def _product(self, m, *_):
        return m[0] * m[1]

    def _geometric(self, m, *_):
        return np.sqrt(m[0] * m[1])

    def _regularised(self, m, *_):
        return self._geometric(m) / (self._geometric(m) + self.x.mean())

    def _specificity(self, _, left, right):
        return self.share(*left) * self.share(*right)

    def _scaled(self, _, left, right):
        return (self.z(*left) + self.z(*right)) / 2

    def _logfc(self, _, left, right):
        return (self.fold(*left) + self.fold(*right)) / 2

    def _inter_score(self, _, left, right):
        return min(self.probability(*left), self.probability(*right))

    def _hill(self, _, left, right):
        lr = self.robust(*left) * self.robust(*right) / self.highest**2
        return lr / (0.5 + lr)
