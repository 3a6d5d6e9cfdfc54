"""Shuffled labels of real samples through limma-voom and edgeR: the same relabellings and rows as this package.

    COMMSCORE_DATA=FOLDER python benchmarks/labels_limma.py

Needs R with limma and edgeR. Rows of single genes with the status ``tested``; voom and edgeR get the counts of all
genes with five counts or more in the samples that have a group, with their defaults, and the two sides of a row are
joined by ACAT for all three. Mean over the relabellings of the share of rows with p ≤ 0.05 (5th to 95th percentile).
"""

from __future__ import annotations

import argparse
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import numpy as np
import rivals
from calibration_compare import show
from calibration_labels import DATA, random_pairs

import commscore as cs
from commscore.core import contrast as engine
from commscore.core.contrast import Settings
from commscore.stats.combine import acat
from commscore.study.design import build_design
from commscore.study.stored_comparison import stored_comparison
from commscore.tables.vocabulary import Status
from commscore.tl._compare import _calibrate

METHODS = {"voom": "limma-voom", "edgeR": "edgeR-QL"}
LEVEL = 0.05
WHICH = [name for name in DATA if "kang" not in name]  # two donors: every relabelling mixes a change of half the genes


@dataclass(frozen=True)
class Job:
    """Counts of one group in the samples that have it, as :mod:`rivals` takes a cohort of one group."""

    counts: np.ndarray
    design: np.ndarray
    nested: bool = False
    patient: None = None

    @property
    def compared(self):
        """Genes with five counts or more."""
        return self.counts.sum(axis=0) >= 5


def summed(a, prepared):
    """Counts (n_samples, n_groups, n_genes) of all genes."""
    study, x = prepared.study, a.layers.get("counts", a.X)
    out = np.zeros((len(study.samples), len(study.groups), a.n_vars))
    for s, k in np.unique(np.stack([study.sample, study.group]), axis=1).T:
        cells = study.cells[(study.sample == s) & (study.group == k)]
        out[s, k] = np.asarray(x[cells].sum(axis=0)).ravel()
    return out


def of_rivals(counts, cohort, *, contrast, shuffles):
    """Map every relabelling and method to p-values (n_groups, n_genes); NaN where a group has too few samples."""
    codes = (contrast.ref[0], contrast.alt[0])
    jobs, places = [], []
    for i, labels in enumerate(shuffles):
        for k in range(cohort.n_groups):
            at = np.flatnonzero(cohort.present[:, k] & np.isin(labels, codes))
            arm = (labels[at] == codes[1]).astype(float)
            if 2 <= arm.sum() <= at.size - 2:
                jobs.append(Job(counts[at][:, [k]], np.column_stack([np.ones(at.size), arm])))
                places.append((i, k))
    out = {}
    for method, found in rivals.rivals(jobs, list(METHODS)).items():
        p = np.full((len(shuffles), *counts.shape[1:]), np.nan)
        for place, one in zip(places, found, strict=True):
            p[place] = one.p[0]
        out[METHODS[method]] = p
    return out


def read(a, resource, options):
    """Compare, and return what the comparison was made of: data, design, contrast, settings."""
    cs.tl.compare(a, "cell_type", sample_key="sample", resource=resource, **options)
    stored = stored_comparison(a, "commscore_compare", resource=resource)
    prepared = stored.prepare(a)
    design = build_design(prepared.study, stored.keys)
    cohort = prepared.cohort(design, min_cells=stored.options["min_cells"])
    contrast = stored.one_contrast(prepared, None, n_coefficients=design.matrix.shape[1])
    return prepared, cohort, contrast, Settings(expr_prop=stored.options["expr_prop"], max_enumeration=0)


def measure(a, options, *, n_shuffles):
    """Yield the list of pairs, the mean number of rows, and the share of them with p ≤ 0.05 per relabelling."""
    known = None
    for name, resource in (("resource", "breast"), ("random pairs of genes", random_pairs(a))):
        prepared, cohort, contrast, settings = read(a, resource, options)
        shuffles = _calibrate.relabellings(cohort, contrast, n=n_shuffles, rng=np.random.default_rng(0))
        if known is None:  # samples, and so relabellings, are the same for both lists
            known = of_rivals(summed(a, prepared), cohort, contrast=contrast, shuffles=shuffles)
        entities, (tests, _) = prepared.interactions.entities, prepared.tests()
        is_single = np.diff(entities.indptr) == 1
        single = is_single[tests.ligand] & is_single[tests.receptor]
        gene_of = prepared.interactions.columns[entities.genes[entities.indptr[:-1]]]
        shares, n_rows = {label: [] for label in ("commscore", *known)}, []
        for i, labels in enumerate(shuffles):
            shuffled = _calibrate.relabelled(cohort, labels)
            columns = engine.compare(shuffled, entities, tests, contrast=contrast, settings=settings).columns
            rows = np.flatnonzero(single & (columns["status"] == Status.TESTED.code))
            if not rows.size:
                continue
            n_rows.append(rows.size)
            shares["commscore"].append(np.mean(columns["pvalue"][rows] <= LEVEL))
            of_row = tests.take(rows)
            for label, p in known.items():
                sides = np.stack(
                    [p[i][of_row.source, gene_of[of_row.ligand]], p[i][of_row.target, gene_of[of_row.receptor]]]
                )
                shares[label].append(np.mean(acat(np.nan_to_num(sides, nan=1.0), axis=0) <= LEVEL))
        yield name, float(np.mean(n_rows)), shares


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shuffles", type=int, default=20, help="most relabellings of a data set")
    given = parser.parse_args()
    folder, table = Path(os.environ.get("COMMSCORE_DATA", "")), []
    warnings.simplefilter("ignore")
    for name in WHICH:
        path = folder / f"{name.split(',')[0]}.h5ad"
        if not path.exists():
            print(f"{name}: skipped, COMMSCORE_DATA names no folder that holds it")
            continue
        a = ad.read_h5ad(path)
        for pairs, n_rows, shares in measure(a, DATA[name], n_shuffles=given.shuffles):
            table.append(
                {"data": name, "pairs": pairs, "relabellings": len(shares["commscore"]), "rows": f"{n_rows:.0f}"}
                | {
                    label: f"{np.mean(x):.3f} ({np.quantile(x, 0.05):.3f} to {np.quantile(x, 0.95):.3f})"
                    for label, x in shares.items()
                }
            )
    show(table)


if __name__ == "__main__":
    main()
