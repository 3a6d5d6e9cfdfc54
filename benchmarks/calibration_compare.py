"""Calibration of the comparison of conditions over simulated cohorts with donors, ours and other logics.

    python benchmarks/calibration.py --compare --cohorts 200 --out calibration_compare.csv

Six tables. *Null*: cohorts without any shift; fraction of tested rows with p ≤ 0.05 (mean over cohorts and its
standard error), fraction of cohorts with any padj ≤ 0.05. *Invariance*: the same null cohorts after a technical change
of one condition. Both beside other logics on the same cohorts, see ``OTHERS``. *Total*: by how much the total change of
communication moves with the technical change. *Shifts*: planted changes of ligands and receptors; power and false
discovery proportion at padj ≤ 0.05. *Drivers*: how often the planted driver is named where its share of the true change
exceeds 0.7. *Shapes*: how often the planted course over four stages is named in detected rows. Every finished
row is appended to ``--out`` at once.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import anndata as ad
import compare_logics as logics
import numpy as np
import pandas as pd
from scipy import sparse

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
KNOWN = cs.ds.simulate(n_samples=1, n_cells=1, n_background=1).uns["interactions"]
PAIRS = [*zip(KNOWN["ligand"], KNOWN["receptor"]), *((f"L{i:02d}", f"R{i:02d}") for i in range(32))]
NULLS = {
    "no variation between donors": {"donor_sd": 0.0},
    "donor sd 0.25": {"donor_sd": 0.25},
    "donor sd 0.5": {"donor_sd": 0.5},
    "half the depth": {"depth": {"case": 0.5}},
    "a quarter of the depth": {"depth": {"case": 0.25}},
    "cells 5 : 1": {"n_cells": {"control": 1000, "case": 200}},
    "paired": {"paired": True, "patient_key": "patient"},
    "covariate": {"covariates": ["batch"]},
    "3 v 3": {"n_samples": 3},
    "6 v 6": {"n_samples": 6},
    "10 v 10": {"n_samples": 10},
    "3 v 7": {"n_samples": {"control": 3, "case": 7}},
}
TOOL = ("patient_key", "covariates")
OTHERS = {
    "cells as replicates": "our own test='cells': cells permuted",
    "mean of two p": "t-test of log2 CPM per side, mean of both p-values (LIANA: differential tables joined)",
    "product by sample": "t-test between samples of the product of mean log1p(CP10k) (LIANA: scores per sample)",
    "flow, paired Wilcoxon": "CellChat's rankNet: paired Wilcoxon over pairs of groups, per pathway of 6 interactions",
}


def cohort(seed, **options):
    options = {"n_samples": 4, "n_cells": 300, "n_background": 150, "interactions": PAIRS} | {
        k: v for k, v in options.items() if k not in TOOL}  # fmt: skip
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


def rate(values):
    values = np.asarray(values, float)
    return f"{np.nanmean(values):.3f} ± {np.nanstd(values) / np.sqrt(values.size):.3f}"


def others(a, table, *, n_perms=200):
    """Fraction of p ≤ 0.05 by the other logics, in the order of :data:`OTHERS`."""
    found = [compare(a, test="cells", n_perms=n_perms)["pvalue"].dropna().to_numpy()]
    view = logics.View(a)
    rows = table[table["pvalue"].notna()]
    found += [logics.mean_of_two(view, rows), logics.product(view, rows), logics.flow(view, a.uns["interactions"])]
    return [(p[np.isfinite(p)] <= ALPHA).mean() for p in found]


# technical changes of one condition


def _at(a, mask):
    return np.repeat(mask, np.diff(a.layers["counts"].indptr))


def thin(a, rng, *, share):
    counts = a.layers["counts"].copy()
    case = _at(a, (a.obs["condition"] == "case").to_numpy())
    counts.data = np.where(case, rng.binomial(counts.data.astype(int), share), counts.data).astype(np.float32)
    counts.eliminate_zeros()
    return _with(a, counts)


def fewer(a, rng, *, share):
    case = (a.obs["condition"] == "case").to_numpy()
    return a[~case | (rng.random(a.n_obs) < share)].copy()


def unrelated(a, rng):
    """A cell type that expresses none of the genes of the pairs more than noise, 60 cells per sample."""
    first = a.obs.drop_duplicates("sample")
    obs = first.loc[first.index.repeat(60)].assign(cell_type="neuron")
    obs.index = [f"new{i}" for i in range(len(obs))]
    mean = np.where(a.var["role"] == "background", 8.0, 0.01)
    counts = sparse.csr_matrix(rng.poisson(mean, (len(obs), a.n_vars)).astype(np.float32))
    out = ad.concat([a, ad.AnnData(counts, obs=obs, var=a.var, layers={"counts": counts})])
    out.uns["interactions"], out.var = a.uns["interactions"], a.var
    return out


def outlier(a, _):
    """The largest count of a gene of the pairs, half as much again."""
    counts = a.layers["counts"].copy()
    listed = (a.var["role"] != "background").to_numpy()[counts.indices]
    at = np.flatnonzero(listed)[np.argmax(counts.data[listed])]
    counts.data[at] = np.round(counts.data[at] * 1.5)
    return _with(a, counts)


def _with(a, counts):
    out = a.copy()
    out.X, out.layers["counts"] = counts, counts.copy()
    return out


CHANGES = {
    "as it is": lambda a, _: a,
    "case thinned to 0.5": lambda a, rng: thin(a, rng, share=0.5),
    "case thinned to 0.25": lambda a, rng: thin(a, rng, share=0.25),
    "a quarter of the cells of case": lambda a, rng: fewer(a, rng, share=0.25),
    "an unrelated cell type": unrelated,
    "one outlier × 1.5": outlier,
}


class Rates:
    """What is kept of every null cohort, and the row of the table made of it."""

    COLUMNS = ("p ≤ 0.05", "exact p ≤ 0.05", "any padj ≤ 0.05", "called stable", *OTHERS)

    def __init__(self, *, ours=False):
        self.ours, self.kept = ours, []

    def add(self, a, table):
        p, exact = table["pvalue"].dropna(), table["exact_pvalue"].dropna()
        self.kept.append([
            (p <= ALPHA).mean(), (exact <= ALPHA).mean(), (table["padj"] <= ALPHA).any(),
            (table["shift"] == "stable").sum() / max(len(p), 1), *([] if self.ours else others(a, table)),
        ])  # fmt: skip

    def row(self):
        columns = zip(*self.kept)
        return dict(zip(self.COLUMNS, (rate(c) for c in columns)))


def nulls(n, *, ours=False, only=tuple(NULLS)):
    for name in only:
        options = NULLS[name]
        tool = {k: options[k] for k in TOOL if k in options}
        rates = Rates(ours=ours)
        for seed in range(n):
            a = cohort(seed, **options)
            rates.add(a, compare(a, **tool))
        yield {"cohorts without a shift": name, **rates.row()}


def invariance(n, *, ours=False):
    """The same cohorts (6 v 6, donor sd 0.25) after every change; change of the total of the rows tested before."""
    rates = {name: Rates(ours=ours) for name in CHANGES}
    moved = {name: [] for name in CHANGES}
    for seed in range(n):
        a = cohort(seed, n_samples=6)
        before, flow = None, _flow(a)
        for i, (name, change) in enumerate(CHANGES.items()):
            b = change(a, np.random.default_rng([seed, i]))
            table = compare(b, n_perms=1)
            rates[name].add(b, table)
            before = table if before is None else before
            whole = compare(b, n_perms=1, expr_prop=0)  # the table leaves out what is no longer tested
            moved[name].append((*total_changes(before, whole), _flow(b) / flow - 1))
    for name in CHANGES:
        every, well, theirs = (100 * np.asarray(m) for m in zip(*moved[name]))
        yield {
            "6 v 6, changed": name, **rates[name].row(), "total %, mean": f"{every.mean():+.2f} ± {_se(every):.2f}",
            "total %, 95 % of cohorts within": f"{np.quantile(np.abs(every), 0.95):.1f}",
            "total % of rows in 1/4 of control's cells": f"{well.mean():+.2f} ± {_se(well):.2f}",
            "CellChat's total %, mean": f"{theirs.mean():+.1f}",
        }  # fmt: skip


def _flow(a):
    return logics.total_flow(logics.View(a), a.uns["interactions"])


def _se(values):
    return values.std() / np.sqrt(values.size)


def total_changes(before, after):
    """Change of the geometric mean of L·R, case over control, of the rows tested before, and of those in many cells.

    Whether they are tested afterwards too must not matter: choosing by both would select by noise. So the latter are
    those that a quarter of the control's cells express on both sides, whose counts stay as they are.
    """
    key = ["source", "target", "interaction"]
    one, two = (t.astype(dict.fromkeys(key, object)).set_index(key) for t in (before, after))
    one = one[one["pvalue"].notna()]
    change = two["effect"].reindex(one.index) - one["effect"]
    well = one[["ligand_prop_ref", "receptor_prop_ref"]].min(axis=1) >= 0.25
    return [2 ** moves.dropna().mean() - 1 for moves in (change, change[well])]


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
    """Power at p ≤ 0.05 too: the other logics have no rate of false discoveries to compare at."""
    for size in (4, 6, 10):
        fdp, power = [], {d: {k: [] for k in ("padj", "p", "mean of two p", "product")} for d in DRIVERS[:2]}
        for seed in range(n):
            order = np.random.default_rng(seed).permutation(len(EDGES))[:4]
            planted = [
                {"interaction": EDGES[i][0], "source": EDGES[i][1], "target": EDGES[i][2], "driver": d, "log2fc": 1.0}
                for i, d in zip(order, ["ligand", "receptor"] * 2)
            ]
            a = cohort(seed, n_samples=size, shifts=planted)
            table, view = compare(a, n_perms=1), logics.View(a)
            hit, true = called(table, a.uns["truth_edges"])
            fdp.append((hit & ~true).sum() / max(hit.sum(), 1))
            for shift in planted:
                row, into = row_at(table, shift), power[shift["driver"]]
                into["padj"].append(row["padj"] <= ALPHA)
                into["p"].append(row["pvalue"] <= ALPHA)
                one = pd.DataFrame([row])
                into["mean of two p"].append((logics.mean_of_two(view, one) <= ALPHA).any())
                into["product"].append((logics.product(view, one) <= ALPHA).any())
        yield {
            "four planted log2 changes of 1": f"{size} v {size}", "FDP": rate(fdp),
            **{f"{d}, {k} ≤ 0.05": rate(v) for d, by in power.items() for k, v in by.items()},
        }  # fmt: skip


def drivers(n):
    """One planted change of 2; named where it is found (expression) or tested (abundance, alpha 1), share above 0.7."""
    for driver in DRIVERS:
        named = []
        for seed in range(n):
            name, source, target = EDGES[seed % len(EDGES)]
            shift = {"interaction": name, "source": source, "target": target, "driver": driver, "log2fc": 2}
            a = cohort(seed, n_samples=6, shifts=[shift])
            parts = a.uns["truth"][["d_ligand", "d_receptor", "d_source", "d_target"]].abs().iloc[0]
            # abundance alone shifts nothing, and a row that is not significant has no driver: there every row counts
            level = 1.0 if driver.endswith("abundance") else ALPHA
            row = row_at(compare(a, n_perms=1, alpha=level), shift)
            if row["padj"] <= level and parts.max() / parts.sum() > 0.7:
                named.append(row["driver"] == driver)
        yield {"planted driver, 6 v 6": driver, "rows found, share > 0.7": len(named),
               "named": rate(named) if named else ""}  # fmt: skip


def shapes(n, *, log2fc=2.0):
    for shape in SHAPES:
        hits, right, open_ = 0, 0, 0
        for seed in range(n):
            name, source, target = EDGES[seed % len(EDGES)]
            shift = {"interaction": name, "source": source, "target": target, "shape": shape, "log2fc": log2fc}
            a = cohort(seed, conditions=STAGES, n_samples=6, shifts=[shift])
            table = compare(a, order=STAGES, n_perms=1)
            row = row_at(table[table["contrast"] == "stages"], shift)
            if row["padj"] <= ALPHA:
                hits += 1
                right += row["shape"] == shape
                open_ += row["shape"] == "ambiguous"
        yield {"shape, 4 stages × 6 samples": shape, "log2 change": log2fc, "power": f"{hits / n:.2f}",
               "named when found": f"{right / max(hits, 1):.2f}", "ambiguous": f"{open_ / max(hits, 1):.2f}",
               "named wrong": f"{(hits - right - open_) / max(hits, 1):.2f}"}  # fmt: skip


PARTS = {"null": nulls, "invariance": invariance, "shifts": shifts, "drivers": drivers, "shapes": shapes}


def show(rows):
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(v) for v in row.values()) + " |")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=[], help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--cohorts", type=int, default=200, help="simulated cohorts per row of a table")
    parser.add_argument("--shaped", type=int, default=100, help="cohorts per planted shape")
    parser.add_argument("--log2fc", type=float, default=2.0, help="planted amplitude of the shapes")
    parser.add_argument("--ours", action="store_true", help="null, invariance: leave out the other logics")
    parser.add_argument("--settings", default=";".join(NULLS), help="null: which, separated by semicolons")
    parser.add_argument("--out", type=Path, help="file to which every finished row is appended as CSV")
    given = parser.parse_args(arguments)
    for part in given.what or PARTS:
        start, rows = time.process_time(), []
        options = {"ours": given.ours} if part in ("null", "invariance") else {}
        options |= {"only": given.settings.split(";")} if part == "null" else {}
        options |= {"log2fc": given.log2fc} if part == "shapes" else {}
        for row in PARTS[part](given.shaped if part == "shapes" else given.cohorts, **options):
            rows.append(row)
            if given.out:
                with given.out.open("a") as file:
                    file.write(part + "," + ",".join(f'"{k}={v}"' for k, v in row.items()) + "\n")
        show(rows)
        print(f"\n{time.process_time() - start:.0f} CPU-s\n", flush=True)


if __name__ == "__main__":
    main()
