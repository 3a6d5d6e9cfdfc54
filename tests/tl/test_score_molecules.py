"""Molecules that no gene encodes are scored by the genes that make them: alternatives added up, every step needed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests import molecules as planted

import commscore as cs

CLAIM = "production capacity in RNA, not a concentration"
KEYS = ["source", "target"]


@pytest.fixture(scope="module")
def cells():
    return planted.logs(planted.counts())


@pytest.fixture(scope="module")
def resource():
    return planted.resource()


def scored(adata, resource, **options):
    options = {"molecules": "production", "n_perms": 200, "expr_prop": 0.05} | options
    return cs.tl.score(adata, "cell_type", resource=resource, inplace=False, **options)


def by_edge(table):
    names = table["interaction"].astype(str)
    return table.assign(receptor_=names.str.split("^").str[-1]).set_index([*KEYS, "receptor_"]).sort_index()


@pytest.mark.parametrize("options", [{}, {"null": "analytic"}, {"method": ["product", "regularised"]}])
def test_a_step_is_what_a_gene_of_the_summed_alternatives_would_be(cells, resource, options):
    """Scores, fractions and p-values, permuted and analytic, of steps that were written into the matrix beforehand."""
    made = by_edge(scored(cells, resource, **options).table)
    whole, pairs = planted.with_real_columns(cells, is_log=True)
    if "regularised" in str(options):  # takes the mean of all genes of the matrix, which has more columns here
        options = {"method": "product"}
        made = by_edge(scored(cells, resource, **options).table)
    real = by_edge(scored(whole, pairs, molecules="none", **options).table)
    assert made.index.tolist() == real.index.tolist()
    assert made["ligand_complex"].astype(str).str.startswith("met:").sum() >= 9
    for column in ("ligand_mean", "receptor_mean", "ligand_prop", "receptor_prop", "score", "pvalue_raw", "pvalue"):
        np.testing.assert_allclose(made[column], real[column], rtol=2e-6, err_msg=column)
    assert made["ligand"].astype(str).str.replace("+", "OR").tolist() == real["ligand"].astype(str).tolist()


def test_over_samples_too(cells, resource):
    made = by_edge(scored(cells, resource, sample_key="sample").table)
    whole, pairs = planted.with_real_columns(cells, is_log=True)
    real = by_edge(scored(whole, pairs, sample_key="sample", molecules="none").table)
    for column in ("excess", "excess_se", "pvalue", "pvalue_within", "support"):
        np.testing.assert_allclose(made[column], real[column], rtol=2e-5, err_msg=column)


def test_ligand_mean_by_hand(cells, resource):
    table = scored(cells, resource).table
    row = table[(table["interaction"] == "met:prostaglandin-e2^PTGER4") & (table["source"] == "CAF")].iloc[0]
    x = cells.to_df()[cells.obs["cell_type"] == "CAF"]
    first = np.log1p(np.expm1(x["PTGS1"]) + np.expm1(x["PTGS2"]))
    second = np.log1p(np.expm1(x["PTGES"]) + np.expm1(x["PTGES2"]))
    assert row["ligand_mean"] == pytest.approx(min(first.mean(), second.mean()), rel=1e-6)
    assert row["ligand_prop"] == pytest.approx(min((first > 0).mean(), (second > 0).mean()))
    assert row["ligand"] == ("PTGS1+PTGS2" if first.mean() < second.mean() else "PTGES+PTGES2")
    hpgd = x["HPGD"].mean()
    assert row["consumed"] == pytest.approx(hpgd / (hpgd + row["ligand_mean"]), rel=1e-6)


def test_claim_and_consumed(cells, resource):
    table = scored(cells, resource).table
    made = table["ligand_complex"].astype(str).str.startswith("met:")
    assert (table.loc[made, "claim"] == CLAIM).all()
    assert (table.loc[~made, "claim"] == "").all()
    assert table.loc[made, "consumed"].between(0, 1).all()
    assert table.loc[~made, "consumed"].isna().all()
    assert {"claim", "consumed"} <= set(cs.get.columns("commscore")["column"])


def test_a_molecule_without_one_of_its_steps_is_made_by_nobody(cells, resource):
    """Half of the cells have TH and DDC; adrenaline needs DBH and PNMT, too."""
    result = scored(cells, resource)
    assert "met:epinephrine^ADRB2" not in set(result.table["interaction"])
    untested = result.extra["untested"].set_index("interaction")
    assert untested.loc["met:epinephrine^ADRB2", "reason"] == "below expr_prop"


def test_a_step_of_which_the_data_lack_all_genes_is_missing_and_one_alternative_is_enough(cells, resource):
    result = scored(cells[:, [g for g in cells.var_names if g not in ("PTGES", "PTGES2", "SLC16A3")]], resource)
    untested = result.extra["untested"].set_index("interaction")
    assert untested.loc["met:prostaglandin-e2^PTGER4", "reason"] == "subunit missing"
    assert "lacks PTGES+PTGES2 in var_names" in untested.loc["met:prostaglandin-e2^PTGER4", "detail"]
    assert "lacks SLC16A3" in untested.loc["met:lactate^HCAR1", "detail"]
    one = scored(cells[:, [g for g in cells.var_names if g != "PTGS1"]], resource).table
    assert {"PTGS2"} <= set(one.loc[one["ligand_complex"] == "met:prostaglandin-e2", "ligand"]) | {"PTGS2"}
    assert "PTGS1+PTGS2" not in set(one["ligand"])
    assert "met:prostaglandin-e2^PTGER4" in set(one["interaction"])


def test_by_default_molecules_are_not_measured_and_the_table_is_as_before(cells, resource):
    result = cs.tl.score(cells, "cell_type", resource=resource, n_perms=50, inplace=False)
    assert set(result.table["interaction"]) == {"CXCL12^CXCR4"}
    assert {"claim", "consumed"}.isdisjoint(result.table.columns)
    untested = result.extra["untested"].set_index("interaction")
    assert untested.loc["met:lactate^HCAR1", "reason"] == "not measurable in RNA"
    assert "molecules='production' takes the genes that make it" in untested.loc["met:lactate^HCAR1", "detail"]


def test_what_comes_from_outside_the_body_stays_out(cells):
    result = scored(cells, "breast")
    untested = result.extra["untested"].set_index("interaction")
    assert "no gene makes met:nicotine" in untested.loc["met:nicotine^CHRNA7", "detail"]


def test_order_of_genes_density_and_labels_change_nothing(cells, resource):
    expected = scored(cells, resource).table
    shuffled = cells[:, np.random.default_rng(1).permutation(cells.n_vars)].copy()
    pd.testing.assert_frame_equal(scored(shuffled, resource).table, expected)
    dense = cells.copy()
    dense.X = dense.X.toarray()
    pd.testing.assert_frame_equal(scored(dense, resource).table, expected)
    renamed = cells.copy()
    names = {"CAF": "u", "T cell": "v", "tumour": "w"}
    renamed.obs["cell_type"] = renamed.obs["cell_type"].cat.rename_categories(names)
    again = scored(renamed, resource).table
    np.testing.assert_array_equal(again["score"], expected["score"])
    np.testing.assert_array_equal(again["pvalue"], expected["pvalue"])


def test_the_matrix_is_not_changed_and_counts_are_refused(cells, resource):
    before = cells.X.copy()
    scored(cells, resource)
    assert (before != cells.X).nnz == 0
    raw = cells.copy()
    raw.X = sparse.csr_matrix(raw.layers["counts"])
    with pytest.raises(ValueError, match="holds only whole numbers, as raw counts do"):
        scored(raw, resource)


def test_other_words_are_refused(cells, resource):
    with pytest.raises(ValueError, match=r"molecules='produced' is not one of"):
        scored(cells, resource, molecules="produced")


def test_stored_scores_are_measured_again_with_their_steps(cells, resource, tmp_path):
    """What draws or ranks stored edges by sample reads the same virtual genes."""
    a = cells.copy()
    cs.tl.score(a, "cell_type", resource=resource, molecules="production", n_perms=50, expr_prop=0.05)
    assert cs.get.params(a)["molecules"] == "production"
    assert "met:prostaglandin-e2=PTGS1+PTGS2_PTGES+PTGES2" in list(cs.get.params(a)["produced"])
    a.write_h5ad(tmp_path / "a.h5ad")
    ranking = cs.tl.recessive(a, n_boot=5, max_padj=None, inplace=False).table
    assert ranking["interaction"].astype(str).str.startswith("met:").any()


def test_a_step_is_no_subunit_that_may_be_ignored(cells, resource):
    """Dopa decarboxylase alone is no adrenaline."""
    few = cells[:, ~cells.var_names.isin(["TH", "DBH", "PNMT"])]
    result = scored(few, resource, missing_subunits="ignore")
    assert "met:epinephrine^ADRB2" not in set(result.table["interaction"])
    row = result.extra["untested"].set_index("interaction").loc["met:epinephrine^ADRB2"]
    assert row["reason"] == "subunit missing"
    assert "lacks TH, DBH, PNMT in var_names" in row["detail"]


@pytest.mark.parametrize(("base", "too"), [(2, "low"), (10, "high")])
def test_logarithms_of_another_base_are_told(cells, resource, base, too):
    other = cells.copy()
    other.X = other.X / np.float32(np.log(base))
    with pytest.warns(UserWarning, match=rf"logarithms to the base {base}, .* sums that are too {too}"):
        scored(other, resource)


def test_scaled_values_and_missing_ones_are_refused_for_what_they_are(cells, resource):
    scaled = cells.copy()
    dense = scaled.X.toarray()
    scaled.X = (dense - dense.mean(axis=0)) / np.maximum(dense.std(axis=0), 0.1) * 3
    with pytest.raises(ValueError, match="holds negative values, as scaled data do"):
        scored(scaled, resource)
    missing = cells.copy()
    dense = missing.X.toarray()
    dense[:, missing.var_names.get_loc("CXCL12")] = np.nan
    missing.X = dense
    with pytest.raises(ValueError, match="holds NaN or infinite values"):
        scored(missing, resource)


def test_stored_scores_are_measured_again_under_the_names_of_the_data(cells, resource):
    """Of genes with Ensembl ids, the alternatives of a step, too."""
    symbols = cs.rs.load().tables["symbols"].set_index("symbol")["ensembl"]
    named, ids = cells.copy(), cells.copy()
    ids.var_names = [(symbols.get(g, g) or g).split("|")[0] for g in cells.var_names]
    rankings = []
    for a in (named, ids):
        cs.tl.score(a, "cell_type", resource=resource, molecules="production", n_perms=50, expr_prop=0.05)
        rankings.append(cs.tl.recessive(a, n_boot=5, max_padj=None, inplace=False).table)
    columns = ["source", "target", "interaction"]
    assert rankings[1][columns].astype(str).sort_values(columns).values.tolist() == (
        rankings[0][columns].astype(str).sort_values(columns).values.tolist()
    )
