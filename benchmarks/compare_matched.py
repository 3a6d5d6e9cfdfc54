"""Power of the comparison beside the component tests, at effects for which those have the power measured before.

    python benchmarks/compare_matched.py --cohorts 40

*Ligand only, 5 v 5*: p ≤ 0.05 of ours, of plain t-tests of both sides combined by ACAT, of the mean of both p-values,
of a t-test of the product by sample. *Four stages of three samples*: the contrast of stages, the smallest p of three
pairwise contrasts times three, the smallest of the component t-tests of all six pairs of stages times six, last against
first. Four planted rows per cohort.
"""

from __future__ import annotations

import argparse
from itertools import combinations

import compare_logics as logics
import numpy as np
import pandas as pd
from calibration_compare import ALPHA, EDGES, STAGES, cohort, compare, rate, row_at, show


def planted(seed, **fields):
    order = np.random.default_rng(seed).permutation(len(EDGES))[:4]
    return [dict(zip(("interaction", "source", "target"), EDGES[i])) | fields for i in order]


def ligand_only(n, effect):
    """Five samples per condition, one side moves."""
    hits = {k: [] for k in ("ours", "two t-tests, ACAT", "mean of two p", "product by sample")}
    for seed in range(n):
        shifts = planted(seed, driver="ligand", log2fc=effect)
        a = cohort(seed, n_samples=5, shifts=shifts)
        table, view = compare(a, n_perms=1), logics.View(a)
        for shift in shifts:
            row = row_at(table, shift)
            one = pd.DataFrame([row])
            found = (row["pvalue"], *(f(view, one)[0] for f in (logics.components, logics.mean_of_two, logics.product)))
            for name, p in zip(hits, found):
                hits[name].append(p <= ALPHA)
    return {"ligand only, 5 v 5: log2 change": effect, **{k: rate(v) for k, v in hits.items()}}


def between_pairs(a, row):
    """Smallest p-value of plain t-tests of both sides over all pairs of stages, times their number."""
    found = []
    for earlier, later in combinations(STAGES, 2):
        part = a[a.obs["condition"].isin([earlier, later])].copy()
        part.obs["condition"] = np.where(part.obs["condition"] == later, "case", "control")
        part.obs["sample"] = part.obs["sample"].astype(str)
        found.append(logics.components(logics.View(part), pd.DataFrame([row]))[0])
    return len(found) * np.nanmin(found)


def stages(n, shape, effect):
    """Four stages of three samples."""
    hits = {k: [] for k in ("ours, stages", "pairwise, × 3", "t-tests, all pairs, × 6", "last v first")}
    for seed in range(n):
        shifts = planted(seed, shape=shape, log2fc=effect)
        a = cohort(seed, conditions=STAGES, n_samples=3, shifts=shifts)
        table = compare(a, order=STAGES, n_perms=1)
        by = dict(list(table.groupby("contrast", observed=True)))
        for shift in shifts:
            p = {name: row_at(part, shift)["pvalue"] for name, part in by.items()}
            pairs = [v for k, v in p.items() if k != "stages"]
            plain = between_pairs(a, row_at(by["stages"], shift))
            found = (p["stages"], 3 * np.nanmin(pairs), plain, p[f"{STAGES[-1]} vs {STAGES[0]}"])
            for name, value in zip(hits, found):
                hits[name].append(value <= ALPHA)
    return {"four stages × 3": shape, "log2 change": effect, **{k: rate(v) for k, v in hits.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=100)
    n = parser.parse_args().cohorts
    show([ligand_only(n, effect) for effect in (0.4, 0.6, 0.8)])
    print()
    show([stages(n // 2, shape, effect) for shape in ("growth", "peak") for effect in (0.6, 0.9, 1.2)])


if __name__ == "__main__":
    main()
