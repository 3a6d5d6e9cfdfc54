"""Scores over samples: false positives, power, real data without meaning, real data as they are, and cost.

    python benchmarks/samples.py null --cohorts 40
    python benchmarks/samples.py power --cohorts 40
    python benchmarks/samples.py circuits --cohorts 60
    COMMSCORE_DATA=FOLDER python benchmarks/samples.py shuffled --cohorts 20
    COMMSCORE_DATA=FOLDER python benchmarks/samples.py real
    python benchmarks/samples.py cost

A simulator of its own: five types, 60 cells of each in a sample (*unequal*: sizes of samples log-normal with SD 0.7,
shares of types Dirichlet(1)), depths log-normal; 50 pairs of single genes and 20 of a gene and a complex of two, 1750
candidate rows. Genes differ between samples (SD 0.7 log2), and between samples *and* types by ``between`` (log2).
*Null*: no type is specific for anything in the mean over donors. Rates of p ≤ 0.05 and ≤ 0.001 among the listed rows,
mean and standard error over cohorts, of one pool (raw, and as it is reported), labels permuted within samples, and over
samples; for the mean of single genes, for their product, and for the mean with complexes. *Power*: a tenth of the
ligands are raised in one type. *Circuits*: the shipped circuits and their genes in cells of eight types, none of them
specific for anything in the mean over donors. *Shuffled*: the labels of real cells shuffled within samples, and names
of the types permuted in each sample. *Real*: how many rows are significant, before and after, and known edges with
their samples. *Cost*: seconds of labels permuted within samples over those of one pool.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

import commscore as cs
from commscore.stats.multiple import benjamini_hochberg

LN2 = np.log(2)
N_SINGLE, N_COMPLEX, N_TYPES = 50, 20, 5
N_GENES = 2 * N_SINGLE + 3 * N_COMPLEX
REAL = {"skin_ctcl_gse128531": "sample", "breast_chung2017": "patient", "kang2018_muscat": "sample"}
ONE = "breast_wu2021_CID4465"
KNOWN = {
    "skin_ctcl_gse128531": [
        ("Fibroblast", "T cell", "CXCL12^CXCR4"), ("Endothelial", "Endothelial", "CCL2^ACKR1"),
        ("Fibroblast", "Myeloid", "FN1^ITGA5_ITGB1"), ("Myeloid", "Myeloid", "HLA-DRA^CD4"),
        ("Fibroblast", "Endothelial", "COL1A1^ITGA1_ITGB1"), ("Endothelial", "T cell", "MIF^CD74_CXCR4"),
        ("Pericyte/SMC", "Pericyte/SMC", "GAS6^AXL"), ("Endothelial", "Pericyte/SMC", "JAG1^NOTCH3"),
        ("Endothelial", "Pericyte/SMC", "DLL4^NOTCH3"), ("Endothelial", "Endothelial", "ANGPT2^TEK"),
        ("Fibroblast", "T cell", "COL1A1^ITGA1_ITGB1"), ("Myeloid", "Myeloid", "CCL19^CCR7"),
    ],
    "breast_chung2017": [
        ("Myeloid", "Tcell", "CXCL9^CXCR3"), ("Stromal", "Stromal", "COL1A1^DDR2"),
        ("Myeloid", "Tcell", "CD86^CD28"), ("Tumor", "Bcell", "TNFSF13B^TNFRSF13C"),
        ("Myeloid", "Tcell", "CXCL12^CXCR4"), ("Stromal", "Stromal", "THY1^ITGAV_ITGB3"),
    ],
    "kang2018_muscat": [],
}  # fmt: skip


def pairs():
    """Ligands and receptors: single genes, and ligands with a receptor of two subunits."""
    single = [(f"G{2 * i}", f"G{2 * i + 1}") for i in range(N_SINGLE)]
    first = 2 * N_SINGLE
    joined = [(f"G{first + 3 * i}", f"G{first + 3 * i + 1}_G{first + 3 * i + 2}") for i in range(N_COMPLEX)]
    return pd.DataFrame(single + joined, columns=["ligand", "receptor"])


def cells_of(n_samples, *, unequal, rng):
    """Cells of samples × types."""
    if not unequal:
        return np.full((n_samples, N_TYPES), 60)
    size = 60 * N_TYPES * np.exp(rng.normal(0, 0.7, n_samples))
    return np.stack([rng.multinomial(max(int(n), 20), rng.dirichlet(np.ones(N_TYPES))) for n in size])


def simulate(seed, *, n_samples, between=0.0, unequal=False, outlier=False, raised=0.0):
    """Cells, and for each ligand the type in which it is raised (-1: none)."""
    rng = np.random.default_rng(seed)
    base = rng.normal(-1.0, 1.0, N_GENES)
    cells, high = cells_of(n_samples, unequal=unequal, rng=rng), np.full(N_GENES, -1)
    if raised:
        ligands = rng.choice(N_SINGLE, N_SINGLE // 5, replace=False)
        high[2 * ligands] = rng.integers(0, N_TYPES, ligands.size)
    parts, labels = [], []
    for s, sizes in enumerate(cells):
        of_sample = rng.normal(0, 0.7, N_GENES)
        for k, n in enumerate(sizes):
            effect = rng.normal(0, 1, N_GENES) * between + raised * (high == k)
            if outlier and s == 0:
                effect += 2.0 * (rng.random(N_GENES) < 0.2)
            depth = np.exp(rng.normal(0, 0.4, (n, 1)))
            rate = np.exp(base + LN2 * (of_sample + effect))
            counts = rng.poisson(rate * depth * rng.gamma(2, 0.5, (n, N_GENES)))
            parts.append(np.log1p(counts / depth).astype(np.float32))
            labels += [(f"T{k}", f"S{s}")] * n
    obs = pd.DataFrame(labels, columns=["cell_type", "sample"], index=[f"c{i}" for i in range(len(labels))])
    x = sparse.csr_matrix(np.concatenate(parts))
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(N_GENES)])), high


def scored(adata, resource, *, key="sample", **options):
    """Table of scores; with one pool if ``key`` is None."""
    options = {"null": "auto", "inplace": False, "rng": 1} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cs.tl.score(adata, "cell_type", sample_key=key, resource=resource, **options).table


def rate(values, digits=3):
    """Mean over cohorts and its standard error."""
    values = np.asarray([v for v in values if np.isfinite(v)])
    if values.size < 2:
        return "" if not values.size else f"{values[0]:.{digits}f}"
    return f"{values.mean():.{digits}f} ± {values.std(ddof=1) / np.sqrt(values.size):.{digits}f}"


def columns_of(values, names):
    """Rates by name."""
    return {name: rate([v[i] for v in values]) for i, name in enumerate(names)}


def share(p, alpha):
    p = np.asarray(p, float)
    p = p[np.isfinite(p)]
    return (p <= alpha).mean() if p.size else np.nan


def show(rows):
    frame = pd.DataFrame(rows).fillna("")
    lines = [frame.columns.tolist(), ["---"] * frame.shape[1], *frame.astype(str).to_numpy().tolist()]
    print("\n".join("| " + " | ".join(line) + " |" for line in lines), flush=True)


NULLS = {
    "3 samples, types alike": {"n_samples": 3},
    "3 samples, SD 0.5": {"n_samples": 3, "between": 0.5},
    "6 samples, SD 0.5": {"n_samples": 6, "between": 0.5},
    "6 samples, SD 1": {"n_samples": 6, "between": 1.0},
    "20 samples, SD 1": {"n_samples": 20, "between": 1.0},
    "4 unequal samples, SD 0.5": {"n_samples": 4, "between": 0.5, "unequal": True},
    "27 unequal samples, SD 0.5": {"n_samples": 27, "between": 0.5, "unequal": True},
    "6 samples, one an outlier": {"n_samples": 6, "outlier": True},
}
KINDS = {"mean": ("mean", False), "product": ("product", False), "complex": ("mean", True)}


def null(options):
    resource = pairs()
    chosen = {n: s for n, s in NULLS.items() if options.only is None or options.only in n}
    for name, setting in chosen.items():
        kept = {kind: [] for kind in KINDS}
        for seed in range(options.cohorts):
            adata, _ = simulate(1000 + seed, **setting)
            methods = {"method": ["mean", "product"], "null": options.null, "n_perms": options.perms}
            pool, over = (scored(adata, resource, key=k, **methods) for k in (None, "sample"))
            for kind, (method, is_complex) in KINDS.items():
                one, other = (t[t["interaction"].str.contains("_") == is_complex] for t in (pool, over))
                columns = [one[f"pvalue_raw_{method}"], one[f"pvalue_{method}"], other[f"pvalue_within_{method}"]]
                columns += [other[f"pvalue_raw_{method}"], other[f"pvalue_{method}"]]
                kept[kind].append([share(p, a) for a in (0.05, 0.001) for p in columns] + [len(other)])
        show([
            {"setting": name, "score": kind, "rows": round(np.mean([r[-1] for r in values]))}
            | {
                f"{column} ≤ {a}": rate([r[5 * i + j] for r in values], 3 + i)
                for i, a in enumerate((0.05, 0.001))
                for j, column in enumerate(("pool, raw", "pool", "within", "over, raw", "over"))
            }
            for kind, values in kept.items()
        ])  # fmt: skip


POWERS = {
    f"{n}{' unequal' if unequal else ''} samples": {"n_samples": n, "unequal": unequal, "between": 0.3, "raised": 1.0}
    for n, unequal in ((3, False), (6, False), (10, False), (6, True))
}


def power(options):
    resource = pairs()
    for name, setting in POWERS.items():
        kept = {}
        for seed in range(options.cohorts):
            adata, high = simulate(5000 + seed, **setting)
            methods = {"method": ["mean", "product"], "null": options.null, "n_perms": options.perms}
            pool, over = (scored(adata, resource, key=k, **methods) for k in (None, "sample"))
            for method in ("mean", "product"):
                for what, table, column in (
                    ("pool, raw", pool, benjamini_hochberg(pool[f"pvalue_raw_{method}"].to_numpy())),
                    ("pool", pool, pool[f"padj_{method}"]),
                    ("within", over, over[f"padj_within_{method}"]),
                    ("over", over, over[f"padj_{method}"]),
                ):
                    ligand = table["ligand_complex"].astype(str).str[1:].astype(int).to_numpy()
                    true = high[ligand] == table["source"].astype(str).str[1:].astype(int).to_numpy()
                    found = np.asarray(column, float) <= 0.05
                    false = (found & ~true).sum() / max(found.sum(), 1)
                    kept.setdefault((method, what), []).append((found[true].mean(), false))
        show([
            {"setting": name, "score": m, "test": w} | columns_of(values, ("found", "false"))
            for (m, w), values in kept.items()
        ])  # fmt: skip


CIRCUIT_TYPES = ("tumour", "CAF", "endothelial", "macrophage", "CD8 T cell", "Treg", "osteoblast", "osteoclast")


def simulate_circuits(seed, genes, *, n_samples, between=0.0, unequal=False):
    """Counts of the circuits' genes in types that are alike, but for what differs by donor and type."""
    rng, n_types = np.random.default_rng(seed), len(CIRCUIT_TYPES)
    base, cells = rng.normal(-1.0, 1.0, len(genes)), np.full((n_samples, n_types), 60)
    if unequal:
        size = 60 * n_types * np.exp(rng.normal(0, 0.7, n_samples))
        cells = np.stack([rng.multinomial(max(int(n), 30), rng.dirichlet(np.ones(n_types))) for n in size])
    counts, depths, labels = [], [], []
    for s, sizes in enumerate(cells):
        of_sample = rng.normal(0, 0.7, len(genes))
        for k, n in enumerate(sizes):
            rate = np.exp(base + LN2 * (of_sample + rng.normal(0, 1, len(genes)) * between))
            depths.append(np.exp(rng.normal(0, 0.4, (n, 1))))
            counts.append(rng.poisson(rate * depths[-1] * rng.gamma(2, 0.5, (n, len(genes)))))
            labels += [(CIRCUIT_TYPES[k], f"S{s}")] * n
    x = np.concatenate(counts).astype(np.float32)
    obs = pd.DataFrame(labels, columns=["cell_type", "sample"], index=[f"c{i}" for i in range(len(labels))])
    adata = ad.AnnData(sparse.csr_matrix(np.log1p(x / np.concatenate(depths)).astype(np.float32)), obs=obs,
                       var=pd.DataFrame(index=genes))  # fmt: skip
    adata.layers["counts"] = sparse.csr_matrix(x)
    return adata


CIRCUITS = {
    "3 samples, types alike": {"n_samples": 3},
    "3 samples, SD 0.5": {"n_samples": 3, "between": 0.5},
    "6 samples, SD 0.5": {"n_samples": 6, "between": 0.5},
    "6 samples, SD 1": {"n_samples": 6, "between": 1.0},
    "6 unequal samples, SD 0.5": {"n_samples": 6, "between": 0.5, "unequal": True},
}


def circuits(options):
    resource = cs.rs.as_resource("breast")
    ends = [e for side in ("from", "to") for e in resource.circuits[side] if e and ":" not in e]
    genes = sorted({g for e in ends for g in e.split("_")})
    for name, setting in CIRCUITS.items():
        kept = {}
        for seed in range(options.cohorts):
            adata = simulate_circuits(3000 + seed, genes, **setting)
            for key in (None, "sample"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = cs.tl.circuits(adata, "cell_type", sample_key=key, n_perms=options.perms, rng=1,
                                           inplace=False)  # fmt: skip
                table, steps = found.table, found.extra["edges"]
                listed = table[table["pvalue_raw"].notna()]
                rows = {"steps": steps, "circuits": listed, "complete circuits": listed[listed["status"] == "complete"]}
                for what, frame in rows.items():
                    raw = {"raw": frame["pvalue_raw"], "listed": frame["pvalue"]}
                    if key is not None:
                        raw["within, listed"] = frame["pvalue_within"]
                    for column, p in raw.items():
                        one = kept.setdefault(what, {}).setdefault(f"{'over' if key else 'pool'}, {column}", [])
                        one.append(share(p, 0.05))
                for column in ("weakest_pvalue", "all_pvalue"):
                    one = kept.setdefault(column, {}).setdefault("over, listed" if key else "pool, listed", [])
                    one.append(share(listed[column], 0.05))
                one = kept.setdefault("a circuit with padj ≤ 0.05", {}).setdefault(
                    "over, raw" if key else "pool, raw", []
                )
                one.append(float((table["padj"] <= 0.05).any()))
        show([
            {"setting": name, "rows": what} | {c: rate(values.get(c, ())) for c in
             ("pool, raw", "pool, listed", "over, within, listed", "over, raw", "over, listed")}
            for what, values in kept.items()
        ])  # fmt: skip


def real_data(name):
    import scanpy as sc

    adata = ad.read_h5ad(Path(os.environ["COMMSCORE_DATA"]) / f"{name}.h5ad")
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def general(adata):
    """Pairs of a general list whose genes are in at least 5 % of the cells."""
    table = cs.rs.from_liana("consensus").interactions[["ligand", "receptor"]]
    often = set(adata.var_names[np.asarray((adata.X > 0).mean(axis=0)).ravel() >= 0.05])
    keep = [all(g in often for e in row for g in e.split("_")) for row in table.itertuples(index=False)]
    return table[keep].sample(min(250, sum(keep)), random_state=0)


def shuffled(options):
    for name, key in REAL.items():
        adata = real_data(name)
        resource, labels = general(adata), adata.obs["cell_type"].astype(str).to_numpy()
        sample, kept = adata.obs[key].astype(str).to_numpy(), {}
        for seed in range(options.cohorts):
            rng = np.random.default_rng(seed)
            for how in ("cells shuffled", "types renamed"):
                own = labels.copy()
                for s in np.unique(sample):
                    inside = sample == s
                    if how == "cells shuffled":
                        own[inside] = rng.permutation(labels[inside])
                    else:
                        types = np.unique(labels)
                        new = dict(zip(types, rng.permutation(types), strict=True))
                        own[inside] = [new[k] for k in labels[inside]]
                adata.obs["cell_type"] = pd.Categorical(own)
                for method in ("mean", "product"):
                    shared = {"method": method, "null": options.null, "n_perms": options.perms}
                    pool, over = (scored(adata, resource, key=k, **shared) for k in (None, key))
                    columns = (
                        pool["pvalue_raw"],
                        pool["pvalue"],
                        over["pvalue_within"],
                        over["pvalue_raw"],
                        over["pvalue"],
                    )
                    kept.setdefault((how, method), []).append([share(p, 0.05) for p in columns])
        names = ("pool, raw", "pool", "within", "over, raw", "over")
        show([
            {"data": name, "labels": how, "score": method} | columns_of(values, names)
            for (how, method), values in kept.items()
        ])  # fmt: skip


def real(_):
    resource, rows, edges = cs.rs.from_liana("consensus"), [], []
    for name, key in ({ONE: None} | REAL).items():
        adata = real_data(name)
        for null_name in ("permutation", "auto"):
            pool = scored(adata, resource, key=None, null=null_name, n_perms=1000)
            row = {"data": name, "null": null_name, "rows": len(pool),
                   "before": int((benjamini_hochberg(pool["pvalue_raw"].to_numpy()) <= 0.05).sum()),
                   "listed": int((pool["padj"] <= 0.05).sum())}  # fmt: skip
            if key is not None:
                over = scored(adata, resource, key=key, null=null_name, n_perms=1000)
                row |= {
                    "within": int((over["padj_within"] <= 0.05).sum()),
                    "over, raw": int((benjamini_hochberg(over["pvalue_raw"].to_numpy()) <= 0.05).sum()),
                    "over": int((over["padj"] <= 0.05).sum()),
                    "too few samples": int((over["status"] == "too_few_samples").sum()),
                    "one sample > half": round(float((over["top_sample_share"] > 0.5).mean()), 3),
                    "over, support < 0.5": int(((over["padj"] <= 0.05) & (over["support"] < 0.5)).sum()),
                }
                if null_name == "auto":
                    edges += [known_edge(adata, over, edge, data=name, key=key) for edge in KNOWN[name]]
            rows.append(row)
    show(rows)
    show(edges)


def known_edge(adata, table, edge, *, data, key):
    """The row of an edge, and the samples in which both sides pass, with the groups' cells."""
    row = table.set_index(["source", "target", "interaction"]).loc[edge]
    ends = [name.split("_") for name in edge[2].split("^")]
    labels, samples, there = adata.obs["cell_type"].astype(str), adata.obs[key].astype(str), []
    for sample in sorted(samples.unique()):
        cells = [((labels == group) & (samples == sample)).to_numpy() for group in edge[:2]]
        passes = [n.sum() >= 3 and all((adata[n, g].X > 0).mean() >= 0.1 for g in genes)
                  for n, genes in zip(cells, ends, strict=True)]  # fmt: skip
        there += [sample] if all(passes) else []
    numbers = ("excess", "excess_se", "top_sample_share", "pvalue_raw", "pvalue", "padj", "padj_within")
    return (
        {"data": data, "edge": f"{edge[0]} → {edge[1]}: {edge[2]}", "both sides in": ", ".join(there)}
        | {"positive": f"{row['n_positive']} of {row['n_samples']}"}
        | {name: f"{row[name]:.2g}" for name in numbers}
    )


COSTS = {
    "6 samples, 11 types, 1,800 cells": (6, 11, 1_800),
    "10 samples, 10 types, 20,000 cells": (10, 10, 20_000),
    "40 samples, 20 types, 100,000 cells": (40, 20, 100_000),
    "40 samples, 20 types, 20,000 cells": (40, 20, 20_000),
}


def cost(_):
    rows = []
    for name, (n_samples, n_types, n_cells) in COSTS.items():
        rng, n_genes = np.random.default_rng(0), 600
        density = rng.beta(0.6, 3.0, n_genes)
        columns = [sparse.random(n_cells, 1, d, "csc", np.float32, rng) for d in density]
        x = sparse.hstack(columns, format="csr")
        obs = pd.DataFrame({"cell_type": rng.integers(0, n_types, n_cells).astype(str),
                            "sample": np.sort(rng.integers(0, n_samples, n_cells)).astype(str)},
                           index=[str(i) for i in range(n_cells)])  # fmt: skip
        adata = ad.AnnData(x, obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(n_genes)]))
        ends = {
            side: [f"g{i}" for i in rng.integers(0, 300, 900) + a] for side, a in (("ligand", 0), ("receptor", 300))
        }
        resource = pd.DataFrame(ends).drop_duplicates()
        row = {"data": name, "cells per group and sample": round(n_cells / n_samples / n_types)}
        for how, settings in (("analytic", {"null": "analytic"}), ("rotation", {"null": "permutation"})):
            seconds = [np.inf, np.inf]
            for _ in range(6):  # in turns: whatever else the machine does slows both
                for i, key in enumerate((None, "sample")):
                    start = time.perf_counter()
                    scored(adata, resource, key=key, n_perms=1000, n_jobs=1, **settings)
                    seconds[i] = min(seconds[i], time.perf_counter() - start)
            row |= {f"{how}, one pool (s)": f"{seconds[0]:.2f}", f"{how} within samples (s)": f"{seconds[1]:.2f}",
                    f"{how} ratio": f"{seconds[1] / seconds[0]:.1f}"}  # fmt: skip
        rows.append(row)
    show(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["null", "power", "circuits", "shuffled", "real", "cost"])
    parser.add_argument("--cohorts", type=int, default=40)
    parser.add_argument("--null", default="auto")
    parser.add_argument("--perms", type=int, default=1000)
    parser.add_argument("--only")
    options = parser.parse_args()
    parts = {"null": null, "power": power, "circuits": circuits, "shuffled": shuffled, "real": real, "cost": cost}
    parts[options.what](options)


if __name__ == "__main__":
    main()
