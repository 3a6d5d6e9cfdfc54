"""False positives, power and real tissues of ``cs.tl.spatial``: ``python benchmarks/space.py [PART …]``.

Every line is one setting: share of p ≤ 0.05 and ≤ 0.01, adjusted and not, and the number of tests. Real tissues are
skipped without ``COMMSCORE_DATA``.
"""

from __future__ import annotations

import itertools
import sys
import time
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
from scipy import sparse

import commscore as cs

RANGES = (0.0, 30.0, 60.0, 150.0)
PAIRS = [(f"L{i}", f"R{i}") for i in range(20)]
GROUPS = ("A", "B", "C", "D")
FIXED = {"n_cells": 6000, "groups": GROUPS, "interactions": PAIRS, "coupling_range": 30.0, "cluster_range": 80.0}
OFF = {"um_per_unit": 1, "ranges": 30, "decoys": 0, "inplace": False}
POSITIVE = [("COL1A1", "COL3A1"), ("ERBB2", "GRB7"), ("IGHG1", "IGKC"), ("CD74", "HLA-DRA")]


def normalised(adata: ad.AnnData) -> ad.AnnData:
    """Return log1p of counts per 10,000."""
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def tested(adata: ad.AnnData, **options: object) -> pd.DataFrame:
    """Return the tested rows of a simulated tissue."""
    resource = adata.uns["interactions"][["ligand", "receptor"]]
    result = cs.tl.spatial(normalised(adata), "cell_type", resource=resource, **(OFF | options))
    return result.table[result.table["status"] == "tested"]


def shares(name: str, tables: list[pd.DataFrame]) -> None:
    """Print one setting."""
    table = pd.concat(tables)
    columns = ("pvalue", "pvalue_unadjusted")
    values = [f"{(table[c] <= a).mean():.3f}" for c in columns for a in (0.05, 0.01)]
    print(
        f"{name:55} adjusted {values[0]} / {values[1]}   plain {values[2]} / {values[3]}   {len(table):,} tests",
        flush=True,
    )


def null(n: int = 4) -> None:
    """Independent fields in clustered types."""
    for reach in RANGES:
        tables = [tested(cs.ds.simulate_tissue(**FIXED, field_range=reach, rng=i)) for i in range(n)]
        shares(f"independent fields of {reach:g} µm", tables)
    shuffled = []
    for i in range(2):
        adata = cs.ds.simulate_tissue(**FIXED, rng=i)
        adata.obsm["spatial"] = np.random.default_rng(i).permutation(adata.obsm["spatial"])
        shuffled.append(tested(adata))
    shares("positions shuffled", shuffled)
    print("largest |proximity|", pd.concat(shuffled)["proximity"].abs().max().round(3))


def spill(n: int = 4) -> None:
    """Independent ligand and receptor, counts that spill over."""
    for part in (0.1, 0.25):
        tables = [tested(cs.ds.simulate_tissue(**FIXED, spill=part, spill_range=10.0, rng=i)) for i in range(n)]
        shares(f"spill-over of {part:.0%}", tables)


def trend(n: int = 4) -> None:
    """Both sides rise across the tissue, or differ between three zones, and nothing is coupled."""
    for name in ("trend", "zones"):
        shares(f"shared {name}", [tested(_thinned(name, i)) for i in range(n)])


def _thinned(name: str, seed: int) -> ad.AnnData:
    """Keep a share of the counts of every ligand and receptor that depends on the place."""
    adata = cs.ds.simulate_tissue(**FIXED, field_range=30.0, rng=seed)
    x = adata.obsm["spatial"][:, 0] / adata.obsm["spatial"][:, 0].max()
    kept = 0.2 + 0.8 * x if name == "trend" else np.array([0.2, 1.0, 0.5])[np.minimum((x * 3).astype(int), 2)]
    counts, rng = adata.X.tocsc(copy=True), np.random.default_rng(seed)
    for gene in np.flatnonzero((adata.var["role"] == "signal").to_numpy()):
        some = slice(counts.indptr[gene], counts.indptr[gene + 1])
        counts.data[some] = rng.binomial(counts.data[some].astype(int), kept[counts.indices[some]])
    counts.eliminate_zeros()
    adata.X = counts.tocsr()
    return adata


def power(n: int = 2) -> None:
    """The receptor of one target follows the ligand of one source, whose level varies little, or much."""
    levels = {g: dict.fromkeys(GROUPS, 3.0) for pair in PAIRS for g in pair}
    effects = [{"interaction": p, "source": "A", "target": "B", "strength": 0.3} for p in PAIRS]
    for reach, sd in itertools.product(RANGES, (0.7, 1.5)):
        tables = []
        for i in range(n):
            options = {"expressed": levels, "effects": effects, "field_range": reach, "field_sd": sd, "rng": i}
            table = tested(cs.ds.simulate_tissue(**FIXED, **options))
            tables.append(table[(table["source"] == "A") & (table["target"] == "B")])
        shares(f"coupling of 0.3, fields of {reach:g} µm, sd {sd:g}", tables)


def real() -> None:
    """Xenium and her2st: known pairs, decoys, and pairs across patients."""
    xenium = normalised(cs.ds.fetch("breast_xenium10k"))
    start = time.process_time()
    result = cs.tl.spatial(xenium, "cell_type", um_per_unit=1, resource="liana:consensus", decoys=10, inplace=False)
    print("xenium", result.params["calibration"], f"{time.process_time() - start:.1f} CPU-s")
    print(result.extra["proximity"].round(2).to_string())
    spots = normalised(cs.ds.fetch("breast_her2st_annotated8"))
    keys = {"um_per_unit": 200, "inplace": False}
    mixed = [c for c in spots.obs if c.startswith("prop_")]
    for name, adjust in (
        ("plane", ("position",)),
        ("plane, contacts and composition", ("position", "contacts", "composition")),
    ):
        pooled = cs.tl.spatial(
            spots, composition_key=mixed, adjust=adjust,
            sample_key="patient", resource="liana:consensus", **keys,
        )  # fmt: skip
        print(f"her2st, {name}:", pooled.params["calibration"])
        own = cs.tl.spatial(
            spots, composition_key=mixed, adjust=adjust, sample_key="patient", decoys=0, **keys,
            resource=pd.DataFrame(POSITIVE, columns=["ligand", "receptor"]),
        )  # fmt: skip
        print(own.table[["interaction", "coupling", "coupling_t", "unit", "pvalue"]].to_string())


def across() -> None:
    """Ligands of one patient against receptors of the next, at the places that both have: nothing can be coupled."""
    spots = cs.ds.fetch("breast_her2st_annotated8")
    spots = spots[~spots.obs.duplicated(["patient", "x", "y"])]
    spots = normalised(spots.copy())
    pairs = cs.rs.from_liana("consensus").interactions[["ligand", "receptor"]]
    pairs = pairs[~pairs["ligand"].isin(set(pairs["receptor"]))]
    mixed = [c for c in spots.obs if c.startswith("prop_")]
    patients, tables = list(spots.obs["patient"].unique()), []
    for one, other in zip(patients, patients[1:] + patients[:1], strict=True):
        a, b = (spots[spots.obs["patient"] == p] for p in (one, other))
        places = [pd.MultiIndex.from_arrays([x.obs["x"], x.obs["y"]]) for x in (a, b)]
        both = places[0].intersection(places[1])
        a, b = (x[i.get_indexer(both)].copy() for x, i in zip((a, b), places, strict=True))
        sides = {g for x in pairs["ligand"] for g in x.split("_")}
        of_one = sparse.diags(b.var_names.isin(sides).astype(np.float32))
        b.X = sparse.csr_matrix(a.X @ of_one + b.X @ (sparse.identity(b.n_vars, np.float32) - of_one))
        result = cs.tl.spatial(
            b, um_per_unit=200, composition_key=mixed, adjust=("position",), resource=pairs, decoys=0, inplace=False
        )
        tables.append(result.table[result.table["status"] == "tested"])
    shares("her2st, ligand and receptor of different patients", tables)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parts = {"null": null, "spill": spill, "trend": trend, "power": power, "real": real, "across": across}
    for part in sys.argv[1:] or parts:
        parts[part]()
