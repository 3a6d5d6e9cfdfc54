"""Samples of one patient are alike: p ≤ 0.05 without a change, with ``patient_key`` and without.

    python benchmarks/patients.py --cohorts 40

Prints the table of ``docs/statistics.md``: three biopsies of each of three against three patients; three biopsies
before and three after of three patients, who answer differently and on average not at all; three patients with both
conditions beside three with either one, whose patients vary little or much. Share of the tested rows, mean ± standard
error over the cohorts.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from calibration_compare import show

import commscore as cs

GROUPS = ["tumour", "CAF", "macrophage"]
ALIKE = {"n_cells": 60, "groups": GROUPS, "paired": True}


def biopsies(seed):
    """Three biopsies of each of three against three patients."""
    names = ("b0", "b1", "b2")
    a = cs.ds.simulate(conditions=names, n_samples=6, patient_sd=0.5, n_background=40, rng=seed, **ALIKE)
    a.obs["condition"] = np.where(a.obs["patient"].cat.codes < 3, "control", "case")
    return a


def answers(seed):
    """Three biopsies of each of three patients in either condition; what differs between patients differs in each."""
    a = biopsies(seed)
    unit = a.obs["patient"].cat.codes
    a.obs["patient"] = "p" + (unit % 3).astype(str)
    a.obs["sample"] = a.obs["sample"].astype(str) + a.obs["condition"].astype(str)
    return a


def mixed(seed, *, patient_sd):
    """Three patients with both conditions, three with either one."""
    a = cs.ds.simulate(n_samples=9, patient_sd=patient_sd, n_background=60, rng=seed, **ALIKE)
    patient, is_case = a.obs["patient"].cat.codes, a.obs["condition"] == "case"
    return a[(patient < 3) | np.where(patient < 6, ~is_case, is_case)].copy()


def share(a, **options):
    """Share of the tested rows with p ≤ 0.05."""
    p = cs.tl.compare(
        a, "cell_type", condition_key="condition", sample_key="sample", resource=a.uns["interactions"], n_perms=1,
        inplace=False, **options,
    ).table["pvalue"].dropna()  # fmt: skip
    return (p <= 0.05).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=40)
    n = parser.parse_args().cohorts
    studies = {
        "3 v 3 patients, three biopsies each": biopsies,
        "3 patients, three biopsies in each condition, who answer differently": answers,
        "3 patients in both conditions, 3 in either one, patient SD 0.3": lambda seed: mixed(seed, patient_sd=0.3),
        "the same, patient SD 1": lambda seed: mixed(seed, patient_sd=1.0),
    }
    warnings.simplefilter("ignore")  # of patients that are not named
    rows = []
    for name, made in studies.items():
        row = {f"{n} cohorts without a change": name}
        for label, key in (("rows with p ≤ 0.05", "patient"), ("without `patient_key`", None)):
            shares = [100 * share(made(seed), patient_key=key) for seed in range(n)]
            row[label] = f"{np.mean(shares):.1f} ± {np.std(shares, ddof=1) / np.sqrt(n):.1f} %"
        rows.append(row)
    show(rows)


if __name__ == "__main__":
    main()
