"""Accuracy of the analytic null against independent permutations, by decade of the estimated p-value.

    python benchmarks/accuracy_analytic.py --permutations 1000000

Simulated counts (10,000 cells, groups of 10 to 5,000, genes expressed in 0.25 % to 60 % of the cells, some
co-expressed), log1p of counts per 10,000. Every case gets thresholds across its null distribution. A cell of the
table is sum(true) / sum(estimated), and in brackets the 5–95 % range over thresholds whose true value is known
to 10 % (100 exceedances).
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise

import numpy as np

from commscore.arrays import Entities
from commscore.kernels._jit import njit
from commscore.kernels.permute import PRODUCT, SUM
from commscore.kernels.rng import shuffle
from commscore.stats.analytic import AnalyticNull, ScoreThresholds
from commscore.stats.analytic.domain import overlapping

SIZES = np.array([10, 15, 25, 40, 80, 150, 400, 1000, 3280, 5000])
DECADES = np.array([0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
WIDTH = 64
N_MODULES = 4
PILOT = 8192


def expression(*, n_genes, rng):
    """Gene-major log-normalised expression (data, rows, indptr): negative binomial counts, genes in modules."""
    n = SIZES.sum()
    depth = rng.lognormal(0.0, 0.45, n)
    module = rng.normal(0.0, 1.0, (n, N_MODULES))
    data, rows, indptr = [], [], [0]
    for g in range(n_genes):
        detected = 10 ** rng.uniform(np.log10(0.0025), np.log10(0.6))
        load = rng.uniform(0.5, 2.0)
        shape = np.exp(load * module[:, g % N_MODULES] + 0.5 * rng.normal(size=n)) * depth
        low, high = -12.0, 6.0
        for _ in range(40):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if (1 - np.exp(-np.exp(middle) * shape)).mean() < detected else (low, middle)
        counts = rng.poisson(np.exp(low) * shape)
        cells = np.nonzero(counts)[0]
        data.append(np.log1p(2.0 * counts[cells] / depth[cells]).astype(np.float32))
        rows.append(cells.astype(np.uint32))
        indptr.append(indptr[-1] + cells.size)
    return np.concatenate(data), np.concatenate(rows), np.array(indptr, np.int64)


def entities(*, n_genes, n_complexes, rng):
    """Every gene alone, then complexes of two or three genes, half of them within a module."""
    members = [[g] for g in range(n_genes)]
    for c in range(n_complexes):
        size = 2 + (c % 3 == 0)
        if c % 2:
            own = np.arange(rng.integers(0, N_MODULES), n_genes, N_MODULES)
            members.append(sorted(rng.choice(own, size, replace=False)))
        else:
            members.append(sorted(rng.choice(n_genes, size, replace=False)))
    return Entities(indptr=np.cumsum([0] + [len(m) for m in members]), genes=np.concatenate(members).astype(np.int64))


def draw_cases(n, ents, ligands, *, receptors, form, same, rng):
    """``n`` random cases between the entities given, in one group or in two."""
    source = rng.integers(0, SIZES.size, n)
    target = source if same else (source + rng.integers(1, SIZES.size, n)) % SIZES.size
    cases = ScoreThresholds(
        source=source, target=target, ligand=rng.choice(ligands, n), receptor=rng.choice(receptors, n),
        threshold=np.zeros(n), form=form,
    )  # fmt: skip
    return cases.take(np.nonzero(~overlapping(cases, ents))[0])


@njit
def permuted_sums(data, rows, indptr, template, key, first, slab, sums):  # noqa: PLR0917 -- a kernel
    """Group sums (genes × permutations × groups) of permutations ``first``, ``first + 1``, ...; one shuffle each."""
    labels = np.empty_like(template)
    for w in range(slab.shape[1]):
        labels[:] = template
        shuffle(labels, key, np.uint64(first + w))
        slab[:, w] = labels
    for g in range(indptr.size - 1):
        own = sums[g]
        for i in range(indptr[g], indptr[g + 1]):
            at = slab[np.uint64(rows[i])]
            v = np.float64(data[i])
            for w in range(at.size):
                own[np.uint64(w), np.uint64(at[w])] += v


@njit
def count(values, left, right, threshold, product, counts):  # noqa: PLR0917 -- a kernel
    """Add to ``counts`` the permutations whose score reaches the threshold."""
    for t in range(left.size):
        for w in range(values.shape[1]):
            a, b = values[left[t], w], values[right[t], w]
            score = a * b if product else (0.5 * (a + b) if a > 0.0 and b > 0.0 else 0.0)
            counts[t] += score >= threshold[t]


class Truth:
    """Permuted entity means, block by block; permutation i depends on the seed and i alone."""

    def __init__(self, data, rows, indptr, *, ents, seed):
        self.columns, self.ents, self.key = (data, rows, indptr), ents, np.uint64(seed)
        self.template = np.repeat(np.arange(SIZES.size, dtype=np.uint16), SIZES)

    def block(self, first):
        """Means of every entity × group (rows) in 64 permutations."""
        slab = np.empty((self.template.size, WIDTH), np.uint16)
        sums = np.zeros((self.columns[2].size - 1, WIDTH, SIZES.size))
        permuted_sums(*self.columns, self.template, self.key, first, slab, sums)
        means = sums.transpose(0, 2, 1) / SIZES[:, None]
        joined = np.minimum.reduceat(means[self.ents.genes], self.ents.indptr[:-1], axis=0)
        return joined.reshape(-1, WIDTH)


def sides(cases):
    """Rows of :meth:`Truth.block` of both sides."""
    k = SIZES.size
    return cases.ligand * k + cases.source, cases.receptor * k + cases.target


def scores(values, cases):
    """Score of every case in every permutation of a block."""
    left, right = (values[r] for r in sides(cases))
    if cases.form == PRODUCT:
        return left * right
    return np.where((left > 0) & (right > 0), 0.5 * (left + right), 0.0)


def spread_thresholds(cases, pilot):
    """Ten thresholds per case: quantiles of the pilot, and beyond its tail."""
    q = np.quantile(pilot, 1 - np.array([0.5, 0.2, 0.06, 0.02, 0.005, 0.001]), axis=1).T
    beyond = q[:, -1:] + (q[:, -1:] - q[:, 2:3]) * np.array([0.25, 0.5, 0.75, 1.0])
    t = np.concatenate([q, beyond], axis=1) * (1 - 1e-9)
    wide = cases.take(np.repeat(np.arange(len(cases)), t.shape[1]))
    return ScoreThresholds(**{**wide.__dict__, "threshold": np.ascontiguousarray(t.ravel())})


def line(name, p, true, *, n_perms, keep):
    """One printed line: ratio true / estimated per decade."""
    cells = []
    for high, low in pairwise(DECADES):
        m = keep & (p < high) & (p >= low)
        if m.sum() < 10:
            cells.append(f"{'-':>18s}")
            continue
        known = m & (true * n_perms >= 100)
        r = np.quantile(true[known] / p[known], (0.05, 0.95)) if known.sum() >= 10 else (np.nan, np.nan)
        cells.append(f"{true[m].sum() / p[m].sum():5.2f} [{r[0]:4.2f},{r[1]:5.2f}]")
    print(f"{name:44s} {int(keep.sum()):6d}  " + "  ".join(cells))


def make_sets(ents, *, n_genes, n_complexes, rng):
    """Random cases: both scores, single genes and complexes, two groups and one."""
    single, multi = np.arange(n_genes), np.arange(n_genes, n_genes + n_complexes)
    sets = {}
    for form, name in ((SUM, "sum"), (PRODUCT, "product")):
        for same in (False, True):
            for what, n, one, two in (
                ("single genes", 500, single, single),
                ("receptor complex", 400, single, multi),
                ("both complexes", 150, multi, multi),
            ):
                cases = draw_cases(n, ents, one, receptors=two, form=form, same=same, rng=rng)
                sets[f"{name}, {what}, {'s=t' if same else 's≠t'}"] = cases
    return sets


def run(n_perms, seed, *, n_genes=64, n_complexes=60):
    """Permute and fit; returns the null, the entities, the cases, their exceedances and the number of permutations."""
    rng = np.random.default_rng(seed)
    data, rows, indptr = expression(n_genes=n_genes, rng=rng)
    ents = entities(n_genes=n_genes, n_complexes=n_complexes, rng=rng)
    sets = make_sets(ents, n_genes=n_genes, n_complexes=n_complexes, rng=rng)
    truth = Truth(data, rows, indptr, ents=ents, seed=seed)
    pilot = np.concatenate([truth.block(10**9 + i) for i in range(0, PILOT, WIDTH)], axis=1)
    sets = {name: spread_thresholds(c, scores(pilot, c)) for name, c in sets.items()}
    counts = {name: np.zeros(len(c), np.int64) for name, c in sets.items()}
    began = time.process_time()
    for first in range(0, n_perms, WIDTH):
        values = truth.block(first)
        for name, c in sets.items():
            count(values, *sides(c), c.threshold, c.form == PRODUCT, counts[name])
    n_perms = -(-n_perms // WIDTH) * WIDTH
    print(f"{n_perms} permutations, {time.process_time() - began:.0f} CPU-s")
    null = AnalyticNull.fit(data, rows, indptr, n_cells=int(SIZES.sum()), group_sizes=SIZES)
    return null, ents, sets, counts, n_perms


def report(null, ents, sets, *, counts, n_perms, min_expected=1.0):
    """Print the table."""
    least = ents.least(null.summary.n_nonzero) / null.summary.n_cells
    heads = [f"{f'{a:g} .. {b:g}':18s}" for a, b in pairwise(DECADES)]
    print(f"{'true / estimated':44s} {'n':>6s}  " + "  ".join(heads))
    for name, c in sets.items():
        p, valid = null.pvalues(c, ents, min_expected=min_expected)
        valid &= c.threshold > 0
        true = counts[name] / n_perms
        expected = np.minimum(least[c.ligand] * SIZES[c.source], least[c.receptor] * SIZES[c.target])
        small = np.minimum(SIZES[c.source], SIZES[c.target]) <= 25
        for label, keep in (
            (name + ", λ ≥ 1", expected >= 1),
            ("    groups of at most 25", (expected >= 1) & small),
            ("    λ 0.3 .. 1", (expected < 1) & (expected >= 0.3)),
            ("    λ < 0.3", expected < 0.3),
        ):
            if (valid & keep).any():
                line(label, p, true, n_perms=n_perms, keep=valid & keep)


def main():
    """Parse the arguments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--permutations", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    null, ents, sets, counts, n_perms = run(args.permutations, args.seed)
    report(null, ents, sets, counts=counts, n_perms=n_perms)


if __name__ == "__main__":
    main()
