"""Which changes a comparison can see, by its number of samples: ``cs.tl.power`` on real and on simulated cohorts.

python benchmarks/power_by_design.py

Prints the table of ``docs/how_many_samples.md``: median over the testable rows of the smallest log2 fold change of one
side (the mean of ligand and receptor) that is found with power 0.8, at alpha 0.05 of a single row and at 0.001, which
is about what ``padj`` asks for where few of many rows changed.
"""

from __future__ import annotations

import argparse
import warnings
from typing import TYPE_CHECKING, Any

import commscore as cs

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (3, 4, 6, 10, 20)
RESOURCE = "breast+general"


def cohorts() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield name, cells and design."""
    skin = cs.ds.fetch("skin_ctcl_gse128531")
    yield "skin, lymphoma against healthy (GSE128531)", skin, {"reference": "healthy_control", "min_cells": 5}
    breast = cs.ds.fetch("breast_chung2017")
    yield "breast tumours, lymph node against primary (GSE75688)", breast, {"min_cells": 5}
    yield from simulated()


def simulated() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the cohorts that need no download."""
    pairs = cs.rs.load().filter(kind="protein").interactions.head(60)[["ligand", "receptor"]]
    for donor_sd in (0.25, 0.5):
        for n_cells in (200, 1000):
            adata = cs.ds.simulate(n_samples=6, n_cells=n_cells, interactions=pairs, donor_sd=donor_sd, rng=0)
            yield f"simulated, donor sd {donor_sd}, {n_cells} cells per sample", adata, {"resource": pairs}


def rows(name: str, adata: Any, design: dict[str, Any]) -> Iterator[str]:
    """Yield a row of the table for each level."""
    options = {"condition_key": "condition", "sample_key": "sample", "resource": RESOURCE} | design
    cs.tl.compare(adata, "cell_type", **options)
    for alpha in (0.05, 0.001):
        own = {"resource": options["resource"]} if not isinstance(options["resource"], str) else {}
        found = cs.tl.power(adata, n_samples=SIZES, alpha=alpha, **own)
        found["smallest"] = found[["ligand_smallest", "receptor_smallest"]].mean(axis=1)
        by = found.groupby("n_samples")["smallest"].median()
        n = len(found[found["n_samples"] == 0])
        yield f"| {name} | {n:,} | {alpha:g} | " + " | ".join(f"{by[k]:.1f}" for k in SIZES) + " |"


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("| cohort | rows | alpha | " + " | ".join(f"{n} v {n}" for n in SIZES) + " |")
    print("|" + "---|" * (3 + len(SIZES)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, adata, design in cohorts():
            print("\n".join(rows(name, adata, design)), flush=True)


if __name__ == "__main__":
    main()
