"""Are p-values right? Uniformity under shuffled labels, quality of the schemes, accuracy of the analytic null.

    python benchmarks/calibration.py uniformity
    python benchmarks/calibration.py schemes
    python benchmarks/calibration.py analytic
    python benchmarks/calibration.py --compare [ARGUMENTS of calibration_compare.py]

``uniformity``: real data, labels shuffled again for every replicate, p-values of ``commscore.tl.score``. Tests are
chosen by what shuffling does not change (a gene's share of expressing cells × size of the group at least 10).
Largest distance of the distribution from uniform (KS), and P(p <= α)/α with its standard error over replicates.

``schemes``: Var(p̂) of repeated runs of 1000 permutations over the binomial variance, by stratum; 1 is what
independent permutations give. Rotations per order are forced beyond what the package uses.

``analytic``: see ``accuracy_analytic.py``.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import warnings
from pathlib import Path

import data
import numpy as np
import pandas as pd
from execute import machine

import commscore as cs
from commscore.arrays import Groups
from commscore.core.permute import schemes
from commscore.core.read.columns import snap
from commscore.core.read.matrix import gene_major
from commscore.core.threads import Team
from commscore.kernels import permute

ALPHAS = (0.05, 0.01, 0.002)
N_PERMS = 999  # α · (n + 1) is whole
EXPECTED = 10.0  # expressing cells per group under the null
NULLS = {
    "rotation": {"scheme": "rotation"},
    "ring": {"scheme": "ring"},
    "independent": {"scheme": "independent"},
    "analytic": {"null": "analytic"},
}


def data_sets():
    """Name, AnnData and column of real data that are at hand."""
    yield "pbmc68k_reduced", cs.ds.pbmc(), "cell_type"
    folder = os.environ.get("COMMSCORE_DATA")
    for name in ("pbmc3k", "breast_wu2021_CID4465"):
        path = Path(folder or "") / f"{name}.h5ad"
        if folder and path.exists():
            yield name, _normalised(path), "cell_type"
        else:
            print(f"{name}: skipped, COMMSCORE_DATA names no folder that holds it", file=sys.stderr)


def _normalised(path):
    import anndata as ad
    import scanpy as sc

    adata = ad.read_h5ad(path)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata[:, adata.var_names.isin(data.genes_of(data.pairs()[0]))].copy()


def _eligible(adata, groupby):
    """By entity name and group: whether enough expressing cells are expected under the null."""
    share = pd.Series(np.asarray((adata.X > 0).mean(axis=0)).ravel(), adata.var_names)
    table, _ = data.pairs()
    names = pd.unique(table[["ligand", "receptor"]].to_numpy().ravel())
    least = pd.Series({n: min(share.get(g, 0.0) for g in n.split("_")) for n in names})
    sizes = adata.obs[groupby].value_counts()
    return {(e, g): p * n >= EXPECTED for e, p in least.items() for g, n in sizes.items()}


def pvalues(adata, groupby, how, *, replicates):
    """p-values of eligible tests, one array per replicate."""
    eligible, table = _eligible(adata, groupby), data.pairs()[0]
    labels, rng, out, keep = adata.obs[groupby].to_numpy(), np.random.default_rng(0), [], None
    for r in range(replicates):
        adata.obs["shuffled"] = pd.Categorical(rng.permutation(labels))
        result = cs.tl.score(
            adata, "shuffled", resource=table, expr_prop=0.0, min_cells=1, n_perms=N_PERMS, rng=r, n_jobs=1,
            inplace=False, **how,
        ).table  # fmt: skip
        if keep is None:  # rows come in the same order: nothing is filtered
            sides = (("ligand_complex", "source"), ("receptor_complex", "target"))
            keep = np.logical_and(*([eligible[k] for k in zip(result[e], result[g])] for e, g in sides))
        out.append(result["pvalue"].to_numpy()[keep])
    return out


def uniformity(options):
    head = " | ".join(f"P(p ≤ {a})/{a}" for a in ALPHAS)
    print(f"| data | cells | groups | null | tests × replicates | KS distance | {head} |")
    print("|---|---|---|---|---|---|" + "---|" * len(ALPHAS))
    for name, adata, groupby in data_sets():
        if options.data and name not in options.data:
            continue
        for label, how in NULLS.items():
            p = pvalues(adata, groupby, how, replicates=options.replicates)
            pooled = np.sort(np.concatenate(p))
            grid = np.arange(1, 1000) / 1000
            distance = np.abs(np.searchsorted(pooled, grid * (1 + 1e-9), side="right") / pooled.size - grid).max()
            ratios = np.array([[(one <= a * (1 + 1e-9)).mean() / a for a in ALPHAS] for one in p])
            spread = ratios.std(axis=0, ddof=1) / np.sqrt(len(p))
            cells = " | ".join(f"{m:.2f} ± {s:.2f}" for m, s in zip(ratios.mean(axis=0), spread))
            print(
                f"| {name} | {adata.n_obs} | {adata.obs[groupby].nunique()} | {label} | {p[0].size:,} × {len(p)} "
                f"| {distance:.4f} | {cells} |", flush=True,
            )  # fmt: skip


Z = np.array([1.28, 2.0, 2.6, 3.09, 3.7])
N_GENES, N_TESTS, PER_RUN = 64, 1200, 1000


class Quality:
    """Tests with thresholds on a simulated cohort, and how often a scheme's permutations reach them."""

    def __init__(self, n_cells):
        import anndata as ad

        adata = ad.read_h5ad(data.cohort(n_cells))
        share = np.asarray((adata.X > 0).mean(axis=0)).ravel()
        usable = np.flatnonzero((share > 0.002) & (share < 0.7))
        self.genes = np.sort(usable[np.argsort(share[usable])][np.linspace(0, usable.size - 1, N_GENES).astype(int)])
        codes = adata.obs["group"].cat.codes.to_numpy().astype(np.int64)
        self.matrix, self.team = adata.X, Team(1, None)
        self.groups = Groups.of(np.argsort(np.argsort(np.bincount(codes), kind="stable"), kind="stable")[codes], 20)
        rng = np.random.default_rng(1)
        k = self.groups.n
        source = rng.integers(0, k, N_TESTS)
        target = np.where(np.arange(N_TESTS) % 4 == 0, source, rng.integers(0, k, N_TESTS))
        ligand = rng.integers(0, N_GENES, N_TESTS)
        receptor = (ligand + rng.integers(1, N_GENES, N_TESTS)) % N_GENES
        self.source, self.target = source, target
        self.left, self.right = ligand * k + source, receptor * k + target
        expected = np.minimum(share[self.genes][ligand] * self.groups.sizes[source],
                              share[self.genes][receptor] * self.groups.sizes[target])  # fmt: skip
        self.sparse = expected < 1
        pilot = np.concatenate(list(self.means("independent", 8000, key=99)), axis=1)
        score = 0.5 * (pilot[self.left] + pilot[self.right])
        limits = score.mean(axis=1)[:, None] + Z * score.std(axis=1)[:, None]
        self.limits = limits * (1 - 1e-12)

    def means(self, scheme, n_perms, *, key, rotations=None):
        """Permuted means, (genes · groups) × permutations, block by block."""
        n_cells = self.matrix.shape[0]
        order = schemes.order(scheme, key=key, n_cells=n_cells)
        columns = gene_major(self.matrix, cells=order, columns=self.genes, team=self.team)
        snap(columns, self.team)
        groups = Groups(self.groups.labels[order], self.groups.sizes)
        drawn = schemes.make(scheme, groups=groups, n_perms=n_perms, key=key)
        if rotations is not None:
            drawn = schemes.rotated(groups, n_perms, key, rotations=rotations)
        slots = np.arange(N_GENES * groups.n).reshape(N_GENES, groups.n)
        for block in drawn.blocks(columns, drawn.widest(), self.team):
            values = np.empty((slots.size, block.columns))
            block.fill(np.arange(N_GENES), slots, values)
            yield np.delete(values, block.drop, axis=1)

    def estimates(self, scheme, *, key, n_perms=PER_RUN, rotations=None):
        """Fraction of permutations at or above each threshold, tests × thresholds."""
        counts = np.zeros((Z.size, N_TESTS), np.int64)
        for values in self.means(scheme, n_perms, key=key, rotations=rotations):
            table = np.ascontiguousarray(values)
            for z in range(Z.size):
                limit = np.ascontiguousarray(self.limits[:, z])
                permute.count_exceeding(
                    table, table.shape[1], self.left, self.right, limit, permute.PLAIN, False, 0, N_TESTS, counts[z]
                )
        return counts.T / n_perms

    def strata(self):
        """Name and mask of tests × thresholds."""
        sizes, everything = self.groups.sizes, np.ones((N_TESTS, Z.size), bool)
        large = np.maximum(sizes[self.source], sizes[self.target]) >= np.sort(sizes)[-2]
        small = np.minimum(sizes[self.source], sizes[self.target]) <= np.sort(sizes)[3]
        for i, z in enumerate(Z):
            yield f"z = {z:g}", everything & (np.arange(Z.size) == i)
        yield "two largest groups", everything & large[:, None]
        yield "four smallest groups", everything & small[:, None]
        yield "source = target", everything & (self.source == self.target)[:, None]
        yield "λ < 1", everything & self.sparse[:, None]


def scheme_quality(options):
    q = Quality(options.cells)
    truth = q.estimates("independent", key=12345, n_perms=options.truth)
    strata = list(q.strata())
    print("| scheme | " + " | ".join(name for name, _ in strata) + " | largest bias of p̂ |")
    print("|---|" + "---|" * (len(strata) + 1))
    variants = [("independent", "independent", None), ("ring", "ring", None)]
    variants += [(f"rotation J = {j}", "rotation", j) for j in (1, 10, 20, 50, 200)]
    for label, scheme, rotations in variants:
        runs = np.array([q.estimates(scheme, key=1000 + r, rotations=rotations) for r in range(options.replicates)])
        variance, binomial = runs.var(axis=0, ddof=1), truth * (1 - truth) / PER_RUN
        known = truth > 2e-4
        cells = [f"{variance[m & known].sum() / binomial[m & known].sum():.2f}" for _, m in strata]
        bias = [runs.mean(axis=0)[:, z].mean() / truth[:, z].mean() - 1 for z in range(Z.size)]
        worst = max(bias[:4], key=abs)
        print(f"| {label} | {' | '.join(cells)} | {100 * worst:+.1f} % |", flush=True)


def analytic(options):
    try:
        import accuracy_analytic
    except ImportError:
        print("accuracy_analytic.py is not there")
        return
    found = accuracy_analytic.run(options.permutations, options.seed)
    null, entities, sets, counts, n_perms = found
    accuracy_analytic.report(null, entities, sets, counts=counts, n_perms=n_perms)


def main():
    if "--compare" in sys.argv[1:]:
        import calibration_compare

        return calibration_compare.main([a for a in sys.argv[1:] if a != "--compare"])
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("uniformity", "schemes", "analytic"))
    parser.add_argument("--replicates", type=int, default=60)
    parser.add_argument("--data", nargs="+", help="names of data sets for uniformity; all by default")
    parser.add_argument("--cells", type=int, default=10_000, help="of the simulated cohort for schemes")
    parser.add_argument("--truth", type=int, default=200_000, help="independent permutations taken as the truth")
    parser.add_argument("--permutations", type=int, default=1_000_000, help="for analytic")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"`python {shlex.join(sys.argv)}`\n\n{machine()}\n")
    {"uniformity": uniformity, "schemes": scheme_quality, "analytic": analytic}[options.what](options)
    return None


if __name__ == "__main__":
    main()
