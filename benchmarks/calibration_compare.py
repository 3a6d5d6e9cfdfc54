"""Calibration of the comparison of conditions over simulated cohorts with donors.

    python benchmarks/calibration_compare.py --cohorts 200

Four tables. *Null*: cohorts without any shift; fraction of tested rows with p ≤ 0.05 (mean over cohorts and its
standard error), fraction of cohorts with any padj ≤ 0.05, and the same cohorts through the cell-level test and through
the plain difference of mean log1p(CP10k) per sample (t-test on the product of both sides). *Shifts*: planted
changes of ligands and receptors; power and false discovery proportion at padj ≤ 0.05. *Drivers*: how often the planted
driver is named where its share of the true change exceeds 0.7.
*Shapes*: how often the planted course over four stages is named in detected rows.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from scipy import stats

import commscore as cs

ALPHA = 0.05
KEYS = {"condition_key": "condition", "sample_key": "sample"}
STAGES = ["normal", "dcis", "invasive", "metastasis"]
SHAPES = ["growth", "recession", "peak", "trough", "early_switch", "late_switch"]
DRIVERS = ["ligand", "receptor", "source_abundance", "target_abundance"]
EDGES = [
    ("CSF1^CSF1R", "tumour", "macrophage"), ("SPP1^CD44", "macrophage", "T cell"), ("CXCL12^CXCR4", "CAF", "T cell"),
    ("VEGFA^KDR", "tumour", "endothelial"), ("MIF^CD74_CXCR4", "tumour", "macrophage"), ("HGF^MET", "CAF", "tumour"),
    ("JAG1^NOTCH1", "tumour", "T cell"), ("FN1^ITGA5_ITGB1", "CAF", "tumour"),
]  # fmt: skip
NULLS = {
    "no variation between donors": {"donor_sd": 0.0},
    "donor sd 0.25": {"donor_sd": 0.25},
    "donor sd 0.5": {"donor_sd": 0.5},
    "half the depth": {"depth": {"case": 0.5}},
    "a quarter of the depth": {"depth": {"case": 0.25}},
    "cells 1 : 5": {"n_cells": {"control": 1000, "case": 200}},
    "paired": {"paired": True, "pair_key": "patient"},
    "covariate": {"covariates": ["batch"]},
    "3 v 3": {"n_samples": 3},
    "6 v 6": {"n_samples": 6},
    "10 v 10": {"n_samples": 10},
    "3 v 7": {"n_samples": {"control": 3, "case": 7}},
}
TOOL = ("pair_key", "covariates")


def cohort(seed, **options):
    options = {"n_samples": 4, "n_cells": 400} | {k: v for k, v in options.items() if k not in TOOL}
    a = cs.ds.simulate(**options, rng=seed)
    number = a.obs["sample"].astype(str).str.rsplit("_", n=1).str[1].astype(int)
    a.obs["batch"] = np.where(number % 2, "odd", "even")
    return a


def compare(a, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cs.tl.compare(
            a, "cell_type", resource=a.uns["interactions"], **KEYS, **options, inplace=False
        ).table  # fmt: skip


def lognorm_rates(a, table):
    """p-values of a t-test between samples of the product of mean log1p(CP10k), for the tested rows."""
    x = a.layers["counts"].toarray()
    x = pd.DataFrame(np.log1p(x / x.sum(axis=1, keepdims=True) * 1e4), columns=a.var_names)
    mean = x.groupby([a.obs["sample"].to_numpy(), a.obs["cell_type"].to_numpy()], observed=True).mean()
    condition = a.obs.drop_duplicates("sample").set_index("sample")["condition"]
    found = []
    for row in table[table["pvalue"].notna()].to_dict("records"):
        left = mean.xs(row["source"], level=1)[row["ligand_complex"].split("_")].min(axis=1)
        right = mean.xs(row["target"], level=1)[row["receptor_complex"].split("_")].min(axis=1)
        product = (left * right).dropna()
        case = condition[product.index].eq("case").to_numpy()
        if case.sum() > 1 and (~case).sum() > 1 and product.std() > 0:
            found.append(stats.ttest_ind(product[case], product[~case]).pvalue)
    return np.asarray(found)


def rate(values):
    values = np.asarray(values, float)
    return f"{values.mean():.3f} ± {values.std() / np.sqrt(values.size):.3f}"


def nulls(n, beside):
    rows = []
    for name, options in NULLS.items():
        tool = {k: options[k] for k in TOOL if k in options}
        ours, exact, any_found, cells, plain, stable = [], [], [], [], [], []
        for seed in range(n):
            a = cohort(seed, **options)
            table = compare(a, **tool)
            p = table["pvalue"].dropna()
            ours.append((p <= ALPHA).mean())
            exact.append((table["exact_pvalue"].dropna() <= ALPHA).mean())
            any_found.append((table["padj"] <= ALPHA).any())
            stable.append((table["shift"] == "stable").sum() / max(len(p), 1))
            if seed < beside:
                q = compare(a, test="cells", n_perms=200)["pvalue"].dropna()
                cells.append((q <= ALPHA).mean())
                plain.append((lognorm_rates(a, table) <= ALPHA).mean())
        rows.append((name, rate(ours), rate(exact), f"{np.mean(any_found):.3f}", f"{np.mean(stable):.2f}",
                     rate(cells) if cells else "", rate(plain) if plain else ""))  # fmt: skip
    columns = ["cohorts without a shift", "p ≤ 0.05", "exact p ≤ 0.05", "any padj ≤ 0.05", "called stable",
               "cells as replicates", "t-test of mean log1p"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def called(table, truth):
    """Tested rows: called or not, and whether their expression truly changed."""
    tested = table[table["pvalue"].notna()].astype(dict.fromkeys(("source", "target", "interaction"), object))
    changed = set(zip(truth["source"], truth["target"], truth["interaction"]))
    true = [key in changed for key in zip(tested["source"], tested["target"], tested["interaction"])]
    return (tested["padj"] <= ALPHA).to_numpy(), np.asarray(true, bool)


def row_at(table, shift):
    at = (table[["source", "target", "interaction"]].astype(object) == [
        shift["source"], shift["target"], shift["interaction"]]).all(axis=1)  # fmt: skip
    return table[at].iloc[0]


def shifts(n):
    rows = []
    for size in (4, 6, 10):
        fdp, power = [], {"ligand": [], "receptor": []}
        for seed in range(n):
            order = np.random.default_rng(seed).permutation(len(EDGES))[:4]
            planted = [
                {"interaction": EDGES[i][0], "source": EDGES[i][1], "target": EDGES[i][2], "driver": d, "log2fc": 1.0}
                for i, d in zip(order, ["ligand", "receptor"] * 2)
            ]
            a = cohort(seed, n_samples=size, shifts=planted)
            table = compare(a, n_perms=1)
            hit, true = called(table, a.uns["truth_edges"])
            fdp.append((hit & ~true).sum() / max(hit.sum(), 1))
            for shift in planted:
                power[shift["driver"]].append(row_at(table, shift)["padj"] <= ALPHA)
        rows.append((f"{size} v {size}", rate(fdp), *(rate(power[d]) for d in power)))
    return pd.DataFrame(rows, columns=["four planted log2 changes of 1", "FDP", "power ligand", "power receptor"])


def drivers(n):
    """One planted change of 2; named where it is found (expression) or tested (abundance), share above 0.7."""
    rows = []
    for driver in DRIVERS:
        named = []
        for seed in range(n):
            name, source, target = EDGES[seed % len(EDGES)]
            shift = {"interaction": name, "source": source, "target": target, "driver": driver, "log2fc": 2}
            a = cohort(seed, n_samples=6, shifts=[shift])
            parts = a.uns["truth"][["d_ligand", "d_receptor", "d_source", "d_target"]].abs().iloc[0]
            row = row_at(compare(a, n_perms=1), shift)
            found = np.isfinite(row["pvalue"]) if driver.endswith("abundance") else row["padj"] <= ALPHA
            if found and parts.max() / parts.sum() > 0.7:
                named.append(row["driver"] == driver)
        rows.append((driver, len(named), rate(named) if named else ""))
    return pd.DataFrame(rows, columns=["planted driver, 6 v 6", "rows found, share > 0.7", "named"])


def shapes(n):
    rows = []
    for shape in SHAPES:
        hits, right = 0, 0
        for seed in range(n):
            name, source, target = EDGES[seed % len(EDGES)]
            shift = {"interaction": name, "source": source, "target": target, "shape": shape, "log2fc": 2}
            a = cohort(seed, conditions=STAGES, n_samples=6, n_cells=300, shifts=[shift])
            table = compare(a, order=STAGES, n_perms=1)
            row = table[(table["contrast"] == "stages") & (table["interaction"] == name)
                        & (table["source"] == source) & (table["target"] == target)].iloc[0]  # fmt: skip
            if row["padj"] <= ALPHA:
                hits += 1
                right += row["shape"] == shape
        rows.append((shape, f"{hits / n:.2f}", f"{right / max(hits, 1):.2f}"))
    return pd.DataFrame(rows, columns=["shape, 4 stages × 6 samples", "power", "named when found"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=200, help="simulated cohorts per null setting")
    parser.add_argument("--beside", type=int, default=20, help="of these, cohorts given to the other tests too")
    parser.add_argument("--planted", type=int, default=100, help="cohorts per size with planted shifts")
    parser.add_argument("--shaped", type=int, default=40, help="cohorts per planted driver and shape")
    given = parser.parse_args()
    for make in (
        lambda: nulls(given.cohorts, given.beside),
        lambda: shifts(given.planted),
        lambda: shapes(given.shaped),
    ):
        start = time.process_time()
        print(make().to_markdown(index=False) if _tabulate() else make().to_string(index=False))
        print(f"\n{time.process_time() - start:.0f} CPU-s\n", flush=True)


def _tabulate():
    try:
        import tabulate  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
