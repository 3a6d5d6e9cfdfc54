"""Cells of several samples, and slow references of what is computed from them: NumPy and SciPy alone."""

from __future__ import annotations

from itertools import permutations

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse, stats

PAIRS = pd.DataFrame(
    {"ligand": ["G0", "G2", "G4", "G6_G7", "G1", "G8"], "receptor": ["G1", "G3", "G5", "G2", "G8_G9", "G8"]}
)


def cohort(*, n_samples=5, per_group=(12, 20, 9), rng=0, between=0.5, donor=0.0, n_genes=10):
    """Log-normalised values; ``between`` is how much genes differ between samples, ``donor`` by sample × group."""
    rng = np.random.default_rng(rng)
    parts, group, sample = [], [], []
    base = rng.normal(0.3, 0.6, n_genes)
    for s in range(n_samples):
        of_sample = rng.normal(0, between, n_genes)
        for k, n in enumerate(per_group):
            level = base + of_sample + rng.normal(0, donor, n_genes)
            cells = rng.poisson(np.exp(level) * rng.gamma(2, 0.5, (n + s, n_genes)))
            parts.append(np.log1p(cells * rng.uniform(0.9, 1.1, (n + s, 1))))
            group += [f"k{k}"] * (n + s)
            sample += [f"s{s}"] * (n + s)
    order = rng.permutation(len(group))
    obs = pd.DataFrame({"cell_type": group, "sample": sample}).iloc[order].astype("category")
    obs.index = [f"c{i}" for i in range(len(obs))]
    x = sparse.csr_matrix(np.concatenate(parts)[order].astype(np.float32))
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(n_genes)]))


def shuffled_within(labels, strata, rng):
    """Labels permuted within strata."""
    out = labels.copy()
    for s in np.unique(strata):
        at = np.flatnonzero(strata == s)
        out[at] = rng.permutation(labels[at])
    return out


def score(x, labels, row, *, zero_rule=True):
    """(L + R) / 2 of a row: subunits of the ligand, source, subunits of the receptor, target."""
    left, source, right, target = row
    sides = [x[labels == k][:, genes].mean(axis=0).min() for genes, k in ((left, source), (right, target))]
    return 0.0 if zero_rule and min(sides) <= 0 else sum(sides) / 2


def every_labelling(labels):
    """All different orders of a few labels."""
    return np.array(sorted(set(permutations(labels.tolist()))))


def convolved(cells, marked, drawn, threshold):
    """P(sum of hypergeometrics >= threshold)."""
    mass = np.ones(1)
    for n, e, d in zip(cells, marked, drawn, strict=True):
        mass = np.convolve(mass, stats.hypergeom.pmf(np.arange(d + 1), n, e, d))
    return mass[int(threshold) :][::-1].sum()
