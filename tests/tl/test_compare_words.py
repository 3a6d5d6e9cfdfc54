"""Every word of a comparison obeys its definition: against a slow reference, on simulated and on real data."""

from __future__ import annotations

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.tables import compare as schema

from ..words import assert_words

KEYS = {"condition_key": "condition", "sample_key": "sample"}
EDGES = [("CSF1^CSF1R", "tumour", "macrophage"), ("SPP1^CD44", "macrophage", "T cell"), ("HGF^MET", "CAF", "tumour")]
DATA = Path(os.environ.get("COMMSCORE_DATA", ""))


def run(adata, **kwargs):
    return cs.tl.compare(adata, "cell_type", **({"resource": adata.uns["interactions"]} | KEYS | kwargs), inplace=False)


def shift(i, **more):
    name, source, target = EDGES[i]
    return cs.ds.Shift(interaction=name, source=source, target=target, **more)


def cohort(seed, *, donor_sd, n_samples=5):
    """One side up, one side down, and sides that go apart."""
    planted = [
        shift(0, log2fc=1.5), shift(1, driver="receptor", log2fc=-1.5),
        shift(2, log2fc=2.0), shift(2, driver="receptor", log2fc=-1.8),
    ]  # fmt: skip
    return cs.ds.simulate(n_samples=n_samples, n_cells=250, donor_sd=donor_sd, shifts=planted, rng=seed)


@pytest.mark.parametrize("donor_sd", [0.0, 0.3])
@pytest.mark.parametrize(("alpha", "margin"), [(0.05, 0.5), (0.2, 1.0), (0.001, 0.0)])
def test_every_row_says_what_its_numbers_say(donor_sd, alpha, margin):
    table = run(cohort(1, donor_sd=donor_sd), alpha=alpha, margin=margin, n_perms=1).table
    assert_words(table, alpha=alpha, margin=margin)
    assert {"up", "down", "inconclusive"} <= set(table["shift"]) or alpha < 0.01


def test_all_words_are_said():
    """Fourteen words, each in some cohort; a word that no data bring forth would be none."""
    words: set[str] = set()
    for seed in (0, 2, 7):
        for donor_sd, alpha in ((0.0, 0.05), (0.3, 0.3)):
            a = cohort(seed, donor_sd=donor_sd, n_samples=6)
            counts = a.layers["counts"].tolil()
            control, case = ((a.obs["condition"] == c).to_numpy() for c in ("control", "case"))
            late = (a.obs["sample"].astype(str).str.rsplit("_", n=1).str[1].astype(int) > 3).to_numpy()
            for gene, mask in (("VEGFA", control), ("JAG1", case), ("MIF", control & late), ("CXCL12", case & late)):
                counts[np.flatnonzero(mask), a.var_names.get_loc(gene)] = 0
            a.layers["counts"] = counts.tocsr()
            table = run(a, alpha=alpha, margin=1.0, n_perms=1).table
            assert_words(table, alpha=alpha, margin=1.0, adata=a)
            words |= set(table["shift"])
    assert words >= set(schema.SHIFTS) - {"detected_only_ref", "detected_only_alt"}


def test_sides_that_never_meet_in_a_sample_are_absent_however_often_each_is_seen():
    """VEGFA in every other control, KDR in the others: on average both are there, together in the cases alone."""
    a = cs.ds.simulate(n_samples=6, n_cells=250, donor_sd=0.0, rng=4)
    number = a.obs["sample"].astype(str).str.rsplit("_", n=1).str[1].astype(int).to_numpy()
    control, counts = (a.obs["condition"] == "control").to_numpy(), a.layers["counts"].tolil()
    for gene, mask in (("VEGFA", number % 2 == 0), ("KDR", number % 2 == 1)):
        counts[np.flatnonzero(control & mask), a.var_names.get_loc(gene)] = 0
    a.layers["counts"] = counts.tocsr()
    table = run(a, n_perms=1).table
    row = table["interaction"].astype(str) == "VEGFA^KDR"
    seen = table[row & (table["status"] == "detection")]
    apart = seen[(seen["ligand_prop_ref"] > 0) & (seen["receptor_prop_ref"] > 0)]
    assert len(apart)
    assert_words(apart, alpha=0.05, margin=0.5, adata=a)
    assert set(apart["shift"]) <= {"gained", "detected_only_alt"}
    with pytest.raises(AssertionError):
        assert_words(apart.assign(shift="lost"), alpha=0.05, margin=0.5, adata=a)


def test_what_is_seen_on_one_side_without_evidence_is_only_described():
    a = cs.ds.simulate(n_samples=3, n_cells=250, rng=0)
    counts = a.layers["counts"].tolil()
    for gene, condition in (("VEGFA", "control"), ("JAG1", "case")):
        counts[np.flatnonzero(a.obs["condition"] == condition), a.var_names.get_loc(gene)] = 0
    a.layers["counts"] = counts.tocsr()
    table = run(a).table
    seen = table[table["status"] == "detection"]
    assert (seen["padj"] > 0.05).all()  # three against three samples: p = 0.1 at least
    words = seen.groupby("ligand_complex", observed=True)["shift"].agg(lambda s: set(s.astype(str)))
    assert words["VEGFA"] == {"detected_only_alt"}
    assert words["JAG1"] == {"detected_only_ref"}
    assert seen["driver"].isna().all()


def test_totals_and_the_result_count_by_the_level_of_the_call():
    a = cohort(2, donor_sd=0.3)
    for alpha in (0.001, 0.05, 0.4):
        result = run(a, alpha=alpha, n_perms=1)
        table, totals = result.table, result.extra["totals"].query("by == 'pair'")
        assert result.params["alpha"] == alpha
        assert totals["n_shifted"].sum() == (table["padj"] <= alpha).sum()
        words = table["shift"].astype(str).value_counts().reindex(schema.SHIFTS, fill_value=0)
        assert totals["n_up"].sum() == words["up"] + words["gained"]
        assert totals["n_down"].sum() == words["down"] + words["lost"]
        assert totals["n_compensated"].sum() == words["compensated"]
        assert totals["n_one_sided"].sum() == words[list(schema.ONE_SIDED)].sum()
        assert f"{(table['padj'] <= alpha).sum()} with padj <= {alpha:g}" in repr(result)
    with pytest.raises(ValueError, match="alpha"):
        run(a, alpha=1.5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("kang2018_muscat", {"patient_key": "patient"}),
        ("skin_ctcl_gse128531", {"reference": "healthy_control", "min_cells": 5}),
    ],
)  # fmt: skip
def test_words_of_real_data(name, options):
    path = DATA / f"{name}.h5ad"
    if not path.is_file():
        pytest.skip(f"COMMSCORE_DATA names no folder that holds {name}")
    adata = ad.read_h5ad(path)
    result = cs.tl.compare(
        adata, "cell_type", **KEYS, **options, resource=cs.rs.from_liana("consensus"), n_perms=1,
        inplace=False,
    )  # fmt: skip
    table = result.table[result.table["pvalue"].notna()]
    complexes = table["ligand_complex"].astype(str) + "_" + table["receptor_complex"].astype(str)
    as_now = complexes.map(lambda genes: set(genes.split("_")) <= set(adata.var_names))
    assert as_now.mean() > 0.9  # others are in the data by a former name, which the slow way does not know
    table = table[as_now]
    assert_words(table, alpha=0.05, margin=0.5, adata=adata, min_cells=result.params["min_cells"])
    quiet = table[table["padj"] > 0.05]
    assert quiet["driver"].isna().all()
    assert not quiet["shift"].isin(["gained", "lost", "up", "down", "compensated", *schema.ONE_SIDED]).any()
    assert pd.notna(table.loc[table["padj"] <= 0.05, "shift"]).all()
