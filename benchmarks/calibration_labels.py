"""Are p-values uniform when the sample labels of real data are shuffled?

    COMMSCORE_DATA=FOLDER python benchmarks/calibration_labels.py

Every relabelling of the samples but the true one and its mirror image (or ``--shuffles`` of them at random), through
``commscore.tl.calibrate``; two lists of pairs: the resource, and 1,500 random pairs of all genes, of which far more are
expressed. Mean over the shuffles of the fraction of tested rows with p ≤ 0.1, 0.05, 0.01, and its standard error over
shuffles (they share samples, so it is only a guide). Where the true difference is large, as in interferon, every
shuffle mixes it into the variance, and the fractions must lie below the level.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from calibration_compare import show

import commscore as cs

DATA = {
    "skin_ctcl_gse128531": {"condition_key": "condition", "reference": "healthy_control"},
    "skin_ctcl_gse128531, min_cells=5": {
        "condition_key": "condition",
        "reference": "healthy_control",
        "min_cells": 5,
    },
    "breast_chung2017": {"condition_key": "stage", "reference": "primary", "min_cells": 5},
    "kang2018_muscat": {"condition_key": "condition"},
    "kang2018_muscat, by patient": {"condition_key": "condition", "patient_key": "patient"},
}
LEVELS = (0.1, 0.05, 0.01)


def random_pairs(a, *, n=1500):
    """Pairs of different genes, each expressed in at least 5 % of the cells."""
    x = a.layers.get("counts", a.X)
    genes = a.var_names[np.asarray((x > 0).mean(axis=0)).ravel() >= 0.05].to_numpy()
    rng = np.random.default_rng(0)
    made = pd.DataFrame({"ligand": rng.choice(genes, n), "receptor": rng.choice(genes, n)})
    return made[made["ligand"] != made["receptor"]].drop_duplicates()


def rows(folder, n_shuffles):
    for name, options in DATA.items():
        path = folder / f"{name.split(',')[0]}.h5ad"
        if not path.exists():
            print(f"{name}: skipped, COMMSCORE_DATA names no folder that holds it")
            continue
        a = ad.read_h5ad(path)
        for which, resource in (("resource", "breast"), ("random pairs of genes", random_pairs(a))):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                cs.tl.compare(a, "cell_type", sample_key="sample", resource=resource, **options)
                card = cs.tl.calibrate(a, resource=resource, n_shuffles=n_shuffles).set_index("alpha")
            yield {
                "data": name, "pairs": which, "shuffles": int(card["n_shuffles"].iloc[0]),
                "rows tested": f"{card['n_rows'].iloc[0]:.0f}",
                **{f"p ≤ {level:g}": f"{card.loc[level, 'observed']:.3f} ({card.loc[level, 'low']:.3f} to "
                                     f"{card.loc[level, 'high']:.3f})" for level in LEVELS},
                "any padj ≤ 0.05": f"{card.loc[0.05, 'any_padj']:.2f}",
                "true labels, p ≤ 0.05": f"{card.loc[0.05, 'true_labels']:.3f}",
            }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shuffles", type=int, default=100, help="most relabellings of a data set")
    given = parser.parse_args()
    show(list(rows(Path(os.environ.get("COMMSCORE_DATA", "")), given.shuffles)))


if __name__ == "__main__":
    main()
