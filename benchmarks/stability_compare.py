"""How stable are the effects of the comparison under fewer cells and without one sample?

    COMMSCORE_DATA=FOLDER python benchmarks/stability_compare.py

Effects of the rows tested with all data against those from 50, 70 and 90 % of the cells of every sample × group
(drawn without replacement, several times) and without each sample in turn: Spearman correlation and agreement of signs,
also among the rows of padj ≤ 0.05. Beside it the same for the difference of log2 products of mean expression over
the pooled cells of a condition, and for random effects, drawn anew for every subset.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
from calibration_compare import cohort, show
from scipy import sparse, stats

import commscore as cs

EDGES = ["CSF1^CSF1R", "SPP1^CD44", "CXCL12^CXCR4", "VEGFA^KDR"]
WHERE = [("tumour", "macrophage"), ("macrophage", "T cell"), ("CAF", "T cell"), ("tumour", "endothelial")]
ID = ["source", "target", "interaction"]


def data_sets():
    """Name, AnnData, arguments of the comparison."""
    planted = [
        {"interaction": e, "source": s, "target": t, "driver": d, "log2fc": f}
        for e, (s, t), d, f in zip(EDGES, WHERE, ["ligand", "receptor"] * 2, (2, -1.5, 1, -1))
    ]
    a = cohort(1, n_samples=6, n_cells=600, shifts=planted)
    yield "simulated, 6 v 6", a, {"resource": a.uns["interactions"]}
    path = Path(os.environ.get("COMMSCORE_DATA", "")) / "skin_ctcl_gse128531.h5ad"
    if path.exists():
        yield "skin_ctcl_gse128531, 3 v 3", ad.read_h5ad(path), {"reference": "healthy_control"}
    else:
        print("skin_ctcl_gse128531: skipped, COMMSCORE_DATA names no folder that holds it")


def effects(a, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = cs.tl.compare(a, "cell_type", condition_key="condition", sample_key="sample", n_perms=1,
                              inplace=False, **options).table  # fmt: skip
    return table.astype(dict.fromkeys(ID, object)).set_index(ID)


def products(a, rows, *, reference):
    """Difference of log2(L·R), mean log1p(CP10k) over the pooled cells of a condition, for the rows."""
    counts = a.layers.get("counts", a.X)
    log = (sparse.diags(1e4 / np.asarray(counts.sum(axis=1)).ravel()) @ counts).tocsr()
    log.data = np.log1p(log.data)
    groups = a.obs["cell_type"].astype("category").cat
    case = (a.obs["condition"].astype(str) != reference).to_numpy().astype(int)
    k = len(groups.categories)
    label = case * k + groups.codes.to_numpy()
    bins = sparse.csr_matrix((np.ones(a.n_obs), (label, np.arange(a.n_obs))), shape=(2 * k, a.n_obs))
    mean = (bins @ log).toarray() / np.maximum(np.bincount(label, minlength=2 * k), 1)[:, None]
    at = {g: i for i, g in enumerate(a.var_names)}
    sides = (("source", "ligand_complex"), ("target", "receptor_complex"))
    out = np.zeros((2, len(rows)))
    for i, row in enumerate(rows.reset_index().to_dict("records")):
        for side, name in sides:
            g = groups.categories.get_loc(row[side])
            genes = [at[x] for x in str(row[name]).split("_")]
            out[:, i] += np.log2(mean[[g, k + g]][:, genes].min(axis=1) + 0.01)
    return out[1] - out[0]


def fewer(a, share, rng):
    """The same share of the cells of every sample × group."""
    by = a.obs.groupby(["sample", "cell_type"], observed=True).indices.values()
    return a[np.sort(np.concatenate([rng.permutation(i)[: round(share * len(i))] for i in by]))].copy()


def subsets(a, draws):
    for share in (0.5, 0.7, 0.9):
        yield f"{share:.0%} of the cells", [fewer(a, share, np.random.default_rng(i)) for i in range(draws)]
    samples = a.obs["sample"].astype(str)
    yield "without one sample", [a[(samples != s).to_numpy()].copy() for s in samples.unique()]


def agreement(one, two, found):
    """Spearman, agreement of signs, the same among the rows found with all data."""
    there = np.isfinite(one) & np.isfinite(two)
    same = np.sign(one) == np.sign(two)
    return [stats.spearmanr(one[there], two[there]).statistic, same[there].mean(),
            same[there & found].mean() if (there & found).any() else np.nan]  # fmt: skip


def stability(name, a, options, *, draws):
    every = effects(a, options)
    rows = every[every["pvalue"].notna()]
    found = (rows["padj"] <= 0.05).to_numpy()
    reference = options.get("reference", "control")
    plain, full = products(a, rows, reference=reference), rows["effect"].to_numpy()
    rng, out = np.random.default_rng(0), []
    for label, parts in subsets(a, draws):
        kept = {"ours": [], "mean product": [], "random": []}
        for part in parts:
            ours = effects(part, options)["effect"].reindex(rows.index).to_numpy()
            kept["ours"].append(agreement(full, ours, found))
            kept["mean product"].append(agreement(plain, products(part, rows, reference=reference), found))
            kept["random"].append(agreement(full, rng.normal(size=full.size), found))
        for logic, values in kept.items():
            mean = np.nanmean(values, axis=0) if found.any() else [*np.mean(values, axis=0)[:2], np.nan]
            out.append({
                "data": name, "subset": label, "effects of": logic, "rows": len(rows), "Spearman": f"{mean[0]:.3f}",
                "same sign": f"{mean[1]:.3f}", f"same sign, padj ≤ 0.05 ({found.sum()})": f"{mean[2]:.3f}",
            })  # fmt: skip
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=5, help="subsets of cells per share")
    given = parser.parse_args()
    for name, a, options in data_sets():
        start = time.process_time()
        show(stability(name, a, options, draws=given.draws))
        print(f"\n{time.process_time() - start:.0f} CPU-s\n", flush=True)


if __name__ == "__main__":
    main()
