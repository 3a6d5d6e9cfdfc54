"""Composition and ambient RNA: what a dominant gene does to unchanged ones, and how often differences are told.

    python benchmarks/composition.py dominant --cohorts 20
    python benchmarks/composition.py rows --cohorts 10
    python benchmarks/composition.py ambient --cohorts 120
    python benchmarks/composition.py real --cohorts 100

``dominant``: share of unchanged ligands with p <= 0.05 where one gene of their group goes from 5 to 30 % (10 to 50 %)
of all counts. ``rows``: share of the tested rows of unchanged simulated cohorts with p <= 0.05 where conditions have
different ambient shares. ``ambient``: alarms on simulated cohorts, eight groups, one gene in twenty specific to one of
them, soup that varies between samples by 40 %. ``real``: alarms of both rules on real samples with their conditions
drawn anew, and with ambient counts added to half of them.
"""

from __future__ import annotations

import argparse
import warnings

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

import commscore as cs
from commscore.core.composition import compose
from commscore.core.read.pseudobulk import Pseudobulk
from commscore.study.ambient import read_ambient
from commscore.study.composition import composition_shifts
from commscore.study.samples import Study

REAL = {"skin": "skin_ctcl_gse128531", "chung2017": "breast_chung2017", "kang2018_muscat": "kang2018_muscat"}


def dominated(seed: int, n: int, *, low: float, high: float, total: float) -> tuple[ad.AnnData, pd.DataFrame]:
    """Two groups in ``n`` against ``n`` samples; in A one gene makes up ``low``, then ``high``; no other changes."""
    rng, genes, cells = np.random.default_rng(seed), 2000, 12
    share = rng.lognormal(0, 1.6, genes)
    parts, obs = [], []
    for condition, dominance in (("control", low), ("case", high)):
        for i in range(n):
            size = total * rng.uniform(0.5, 1.5)
            for group in ("A", "B"):
                own = (dominance if group == "A" else low) * np.exp(rng.normal(0, 0.1))
                mean = share * np.exp(rng.normal(0, 0.25, genes)) * rng.gamma(20, 0.05, genes)
                rate = np.append((1 - own) * mean / mean.sum(), own) * size / cells
                parts.append(rng.poisson(rate, (cells, genes + 1)))
                obs += [(f"{condition}{i}", condition, group)] * cells
    frame = pd.DataFrame(obs, columns=["sample", "condition", "cell_type"], index=[str(i) for i in range(len(obs))])
    adata = ad.AnnData(sparse.csr_matrix(np.vstack(parts).astype(np.float32)), obs=frame.astype("category"))
    adata.var_names = [*(f"G{i}" for i in range(genes)), "DOMINANT"]
    names = adata.var_names[rng.choice(genes, 400, replace=False)]
    return adata, pd.DataFrame({"ligand": names[:200], "receptor": names[200:]})


def dominant(cohorts: int) -> None:
    print("| samples | share of the gene | counts per sample | library | tmm | tested ligands per cohort |")
    print("|---|---|---|---|---|---|")
    for n in (4, 10):
        for low, high in ((0.05, 0.05), (0.05, 0.3), (0.1, 0.5)):
            for total in (5e3, 5e4):
                found: dict[str, list[float]] = {"library": [], "tmm": []}
                for seed in range(cohorts):
                    adata, pairs = dominated(seed, n, low=low, high=high, total=total)
                    for word, rates in found.items():
                        table = cs.tl.compare(
                            adata, "cell_type", condition_key="condition", sample_key="sample", reference="control",
                            resource=pairs, normalization=word, n_perms=1, expr_prop=0.05, inplace=False,
                        ).table  # fmt: skip
                        own = table[(table["source"] == "A") & (table["target"] == "A") & (table["status"] == "tested")]
                        rates.append((own["ligand_pvalue"] <= 0.05).mean())
                said = " | ".join(f"{np.mean(r):.3f} ± {np.std(r) / len(r) ** 0.5:.3f}" for r in found.values())
                print(f"| {n} v {n} | {low:.0%} → {high:.0%} | {total:,.0f} | {said} | {len(own)} |", flush=True)


def soup(profile, shares, rng):
    """Exchange these shares of the counts of every sample for counts of the whole sample."""
    out = np.empty_like(profile)
    for s, share in enumerate(shares):
        whole = profile[s].sum(axis=0) / profile[s].sum()
        kept = rng.binomial(profile[s].astype(np.int64), 1 - share)
        lost = (profile[s].sum(axis=1) - kept.sum(axis=1)).astype(np.int64)
        out[s] = kept + np.stack([rng.multinomial(n, whole) for n in lost])
    return out


def cohort(seed, n, shares, *, depth, groups=8, genes=3000, cells=60):
    """Counts (samples × groups × genes) of ``n`` against ``n`` samples with these mean ambient shares."""
    rng = np.random.default_rng(seed)
    base = rng.lognormal(0, 1.8, genes)
    level = np.exp(rng.normal(0, 0.7, (groups, genes))) * base
    own = np.flatnonzero(rng.random(genes) < 0.05)
    level[:, own] = 4 * base[own] * 10 ** rng.uniform(-4, -1, own.size)
    level[rng.integers(0, groups, own.size), own] = 4 * base[own]
    shares = np.repeat(shares, n) * np.exp(rng.normal(-0.08, 0.4, 2 * n))
    profile = []
    for share in np.clip(shares, 0, 0.7):
        size = rng.dirichlet(np.full(groups, 20.0)) * groups * cells * depth * np.exp(rng.normal(0, 0.4))
        rate = level * np.exp(rng.normal(0, 0.3, level.shape))
        rate /= rate.sum(axis=1, keepdims=True)
        whole = size @ rate * np.exp(rng.normal(0, 0.2, genes))
        mean = size[:, None] * ((1 - share) * rate + share * whole / whole.sum())
        profile.append(rng.poisson(mean * rng.gamma(20, 0.05, mean.shape)))
    return np.array(profile, float)


def rows(cohorts: int) -> None:
    print("| samples | ambient shares | p ≤ 0.05 | padj ≤ 0.05 | tested rows | told |\n|---|---|---|---|---|---|")
    for n in (4, 10):
        for first, second in ((0.02, 0.02), (0.02, 0.05), (0.02, 0.1), (0.02, 0.2)):
            found = []
            for seed in range(cohorts):
                adata, rng = cs.ds.simulate(n_samples=n, n_cells=400, rng=seed), np.random.default_rng(seed)
                counts = adata.layers["counts"].toarray()
                for cells in adata.obs.groupby("sample", observed=True).indices.values():
                    share = first if adata.obs["condition"].iloc[cells[0]] == "control" else second
                    counts[cells] = soup(counts[cells][None], [share * np.exp(rng.normal(0, 0.2))], rng)[0]
                adata.layers["counts"] = sparse.csr_matrix(counts)
                with warnings.catch_warnings(record=True) as said:
                    warnings.simplefilter("always")
                    table = cs.tl.compare(
                        adata, "cell_type", condition_key="condition", sample_key="sample", n_perms=1,
                        resource=adata.uns["interactions"], inplace=False,
                    ).table  # fmt: skip
                told = any("ambient RNA" in str(w.message) for w in said)
                tested = table[table["status"] == "tested"]
                found.append([(tested["pvalue"] <= 0.05).mean(), (tested["padj"] <= 0.05).mean(), len(tested), told])
            p, padj, many, told = np.mean(found, axis=0)
            shares = f"{first:.0%} v {second:.0%}"
            print(f"| {n} v {n} | {shares} | {p:.3f} | {padj:.3f} | {many:.0f} | {told:.2f} |", flush=True)


def bulk_of(profile, n_cells) -> Pseudobulk:
    return Pseudobulk(profile, profile.sum(axis=2), n_cells, np.ones_like(profile), 0, profile)


def study_of(condition, groups) -> Study:
    none = np.zeros(0, np.int64)
    samples = tuple(f"s{i}" for i in range(condition.size))
    frame, pairs = pd.DataFrame(index=pd.Index(samples)), (("control", "case"),)
    return Study(none, none, groups, none, samples, condition, ("control", "case"), frame, pairs=pairs)


def is_told(profile, condition) -> bool:
    groups = tuple(f"g{k}" for k in range(profile.shape[1]))
    names = pd.Index([f"G{g}" for g in range(profile.shape[2])])
    bulk = bulk_of(profile, np.full(profile.shape[:2], 60))
    return bool(read_ambient(study_of(condition, groups), bulk, names).differing)


def ambient(cohorts: int) -> None:
    print("| counts per cell | samples | ambient shares | alarms |\n|---|---|---|---|")
    for depth in (2000, 200):
        for n in (3, 4, 6, 10):
            for first, second in ((0.0, 0.0), (0.02, 0.02), (0.1, 0.1), (0.02, 0.05), (0.02, 0.1), (0.02, 0.2)):
                condition, runs = np.repeat([0, 1], n), cohorts if first == second else max(cohorts // 3, 1)
                told = [is_told(cohort([seed, n], n, (first, second), depth=depth), condition) for seed in range(runs)]
                print(
                    f"| {depth} | {n} v {n} | {first:.0%} v {second:.0%} | {np.mean(told):.3f} of {runs} |", flush=True
                )


def real(cohorts: int) -> None:
    print("| data | samples | added | ambient told | composition told |\n|---|---|---|---|---|")
    for name, file in REAL.items():
        adata = cs.ds.fetch(file)
        sample, group = (adata.obs[c].astype("category").cat for c in ("sample", "cell_type"))
        n, k = len(sample.categories), len(group.categories)
        at = sample.codes.to_numpy(np.int64) * k + group.codes
        cells = sparse.csr_matrix((np.ones(adata.n_obs), (at, np.arange(adata.n_obs))), (n * k, adata.n_obs))
        profile = np.asarray((cells @ adata.X.astype(float)).todense()).reshape(n, k, -1)
        n_cells = np.bincount(at, minlength=n * k).reshape(n, k)
        for first, second in ((0.0, 0.0), (0.05, 0.05), (0.02, 0.1), (0.02, 0.2)):
            rng, told = np.random.default_rng(0), []
            for _ in range(cohorts if first == second else cohorts // 4):
                condition = rng.permutation(np.arange(n) % 2)
                shares = np.where(condition, second, first) * np.exp(rng.normal(-0.08, 0.4, n))
                bulk = bulk_of(soup(profile, np.clip(shares, 0, 0.8), rng), n_cells)
                study = study_of(condition, tuple(map(str, group.categories)))
                made, found = compose(bulk, method="tmm", min_cells=10)
                shifts = composition_shifts(study, study.groups, bulk=made, composition=found, names=adata.var_names)
                told.append((bool(read_ambient(study, bulk, adata.var_names).differing), bool(shifts)))
            rates = " | ".join(f"{r:.3f}" for r in np.mean(told, axis=0))
            print(f"| {name} | {n} | {first:.0%} v {second:.0%} | {rates} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("dominant", "rows", "ambient", "real"))
    parser.add_argument("--cohorts", type=int, default=20)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    {"dominant": dominant, "rows": rows, "ambient": ambient, "real": real}[asked.what](asked.cohorts)
