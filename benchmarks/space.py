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
from commscore.core.space.neighbours import Reach, neighbours_of
from commscore.core.threads import Team

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
    """Independent ligand and receptor, counts that spill over; then both high in the same cells."""
    for part in (0.1, 0.25):
        tables = [tested(cs.ds.simulate_tissue(**FIXED, spill=part, spill_range=10.0, rng=i)) for i in range(n)]
        shares(f"spill-over of {part:.0%}", tables)
    for part in (0.0, 0.1, 0.25):
        shares(
            f"spill-over of {part:.0%}, sides high in the same cells", [tested(_together(part, i)) for i in range(n)]
        )


def _together(part: float, seed: int) -> ad.AnnData:
    """Keep the same share of a ligand and its receptor in every cell; then move a part of all counts to neighbours."""
    levels = {g: dict.fromkeys(GROUPS, 8.0) for pair in PAIRS for g in pair}
    adata, rng = cs.ds.simulate_tissue(**FIXED, expressed=levels, rng=seed), np.random.default_rng(seed)
    counts = adata.X.tocsc(copy=True)
    for pair in PAIRS:
        kept = np.minimum(np.exp(0.7 * rng.standard_normal(adata.n_obs) - 1.0), 1.0)
        _thin(adata, counts, pair, kept=kept, rng=rng)
    counts.eliminate_zeros()
    adata.X = _moved(counts, _around(adata, 10.0), part, rng=rng)
    return adata


def _moved(counts: sparse.csc_matrix, around: object, part: float, *, rng: np.random.Generator) -> sparse.csr_matrix:
    """Move every count with this chance to a neighbour, drawn by weight; cells without a neighbour keep theirs."""
    if not part:
        return counts.tocsr()
    ends, total = around.indptr, np.append(0.0, np.cumsum(around.weights, dtype=float))
    every = counts.tocoo()
    cell, gene = (np.repeat(x, every.data.astype(int)) for x in (every.row, every.col))
    alone = ends[cell] == ends[cell + 1]
    moves = np.flatnonzero((rng.random(cell.size) < part) & ~alone)
    low, high = total[ends[cell[moves]]], total[ends[cell[moves] + 1]]
    to = np.searchsorted(total, low + rng.random(moves.size) * (high - low), side="right") - 1
    cell[moves] = around.indices[np.clip(to, ends[cell[moves]], ends[cell[moves] + 1] - 1)]
    return sparse.coo_matrix((np.ones(cell.size, np.float32), (cell, gene)), counts.shape).tocsr()


def _around(adata: ad.AnnData, um: float) -> object:
    """Neighbours within a Gaussian."""
    points = adata.obsm["spatial"]
    return neighbours_of(points, np.zeros(len(points), np.int64), Reach("gaussian", um), team=Team(1, None))


def _thin(
    adata: ad.AnnData, counts: sparse.csc_matrix, genes: tuple[str, ...], *, kept: np.ndarray, rng: np.random.Generator
) -> None:
    """Keep a share of the counts of some genes, cell by cell, in place."""
    for gene in adata.var_names.get_indexer(genes):
        some = slice(counts.indptr[gene], counts.indptr[gene + 1])
        counts.data[some] = rng.binomial(counts.data[some].astype(int), kept[counts.indices[some]])


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
    _thin(adata, counts, tuple(adata.var_names[adata.var["role"] == "signal"]), kept=kept, rng=rng)
    counts.eliminate_zeros()
    adata.X = counts.tocsr()
    return adata


def power(n: int = 4) -> None:
    """The receptor of B rises by exp(0.3) per standard deviation of what arrives from A.

    What arrives is what the cells express (their mean counts, of which the data are a noisy sample), or what was
    counted; the latter also for what arrives beyond its share of source cells, which the adjustment leaves in.
    """
    levels = {g: dict.fromkeys(GROUPS, 3.0) for pair in PAIRS for g in pair}
    effects = [{"interaction": p, "source": "A", "target": "B", "strength": 0.3} for p in PAIRS]
    for reach in RANGES:
        options = {"expressed": levels, "effects": effects, "field_range": reach}
        of_means = [cs.ds.simulate_tissue(**FIXED, **options, rng=i) for i in range(n)]
        shares(f"coupling to what is expressed, fields of {reach:g} µm", [_from_a_to_b(t) for t in of_means])
        for level, beyond in itertools.product((3.0, 0.5), (False, True)):
            name = f"coupling to {level:g} counts{', beyond source cells' if beyond else ''}, {reach:g} µm"
            shares(name, [_from_a_to_b(_follows_counts(reach, level, i, beyond=beyond)) for i in range(n)])


def _from_a_to_b(adata: ad.AnnData) -> pd.DataFrame:
    table = tested(adata)
    return table[(table["source"] == "A") & (table["target"] == "B")]


def _follows_counts(reach: float, level: float, seed: int, *, beyond: bool) -> ad.AnnData:
    """Thin the receptors of B so that their mean follows the counts of the ligand that arrive from A."""
    levels = {g: dict.fromkeys(GROUPS, x) for pair in PAIRS for g, x in zip(pair, (level, 7.5), strict=True)}
    adata = cs.ds.simulate_tissue(**FIXED, expressed=levels, field_range=reach, rng=seed)
    counts, rng = adata.X.tocsc(copy=True), np.random.default_rng(seed)
    group = adata.obs["cell_type"].cat.codes.to_numpy().astype(np.int64)
    source, target = (adata.obs["cell_type"].cat.categories.get_loc(g) for g in "AB")
    around, own = _around(adata, FIXED["coupling_range"]), group == target
    reached = around.reached(group, len(GROUPS))[:, source]
    for ligand, receptor in PAIRS:
        column = adata.X[:, adata.var_names.get_loc(ligand)].tocoo()
        values, rows = column.data.astype(np.float32), column.row.astype(np.uint32)
        arrived = around.arriving(values, rows, group=group, n_groups=len(GROUPS))[:, source]
        if beyond:
            arrived = (arrived - reached * arrived.sum() / reached.sum()) / np.sqrt(np.maximum(reached, 1e-3))
        away = np.clip((arrived - arrived[own].mean()) / arrived[own].std(), -3, 3)
        kept = np.where(own, np.exp(0.3 * (away - 3)), 1.0)
        _thin(adata, counts, (receptor,), kept=kept, rng=rng)
    counts.eliminate_zeros()
    adata.X = counts.tocsr()
    return adata


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


def controls() -> None:
    """Genes of one programme, which go together: patients as replicates, and blocks of several sides.

    The constant is set from outside to have blocks as replicates: no option does that with eight samples.
    """
    from commscore.tl._spatial import _measure

    spots = normalised(cs.ds.fetch("breast_her2st_annotated8"))
    options = {"um_per_unit": 200, "composition_key": [c for c in spots.obs if c.startswith("prop_")], "decoys": 0}
    options |= {"sample_key": "patient", "resource": pd.DataFrame(POSITIVE, columns=["ligand", "receptor"])}
    for least in (_measure.LEAST_SAMPLES, 99):
        _measure.LEAST_SAMPLES = least  # with 99, blocks are the replicates
        for side in (600, 800, 1000, 1200):
            for name, adjust in (("position", ["position"]), ("all", ["position", "contacts", "composition"])):
                table = cs.tl.spatial(spots, **options, adjust=adjust, blocks=side, inplace=False).table
                p = table.set_index(table["interaction"].astype(str))["pvalue"].map("{:.1e}".format).to_dict()
                replicates = "patients" if least < 99 else "blocks"
                print(f"{replicates} as replicates, blocks of {side} µm, {name} adjusted:", p, flush=True)


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
    every = (null, spill, trend, power, real, across, controls)
    parts = {function.__name__: function for function in every}
    for part in sys.argv[1:] or parts:
        parts[part]()
