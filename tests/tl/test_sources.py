"""A stored result names what it was made from, and where its numbers were read; nothing else is taken for it."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.get._sources import changed_source, fingerprint

KEYS = {"condition_key": "condition", "sample_key": "sample"}
EDGE = ["contrast", "source", "target", "interaction"]
ROW = ("case vs control", "tumour", "macrophage", "CSF1^CSF1R")
LAYER = "donor's counts"


@pytest.fixture(scope="module")
def cohort():
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    return cs.ds.simulate(n_samples=3, n_cells=200, shifts=[shift], rng=0)


@pytest.fixture(scope="module")
def two(cohort):
    """Two comparisons with one contrast, of other groups of the same cells; the second also without each sample."""
    adata = cohort.copy()
    adata.obs["lineage"] = "lineage of " + adata.obs["cell_type"].astype(str)
    cs.tl.compare(adata, "lineage", **KEYS, key_added="A_lineages")
    cs.tl.compare(adata, "cell_type", **KEYS, key_added="condition")
    cs.tl.leave_one_out(adata, "condition")
    return adata


def logged(adata):
    adata = adata.copy()
    adata.X = adata.X.multiply(1e4 / np.asarray(adata.X.sum(axis=1)).ravel()[:, None]).tocsr().log1p()
    return adata


def ticks(ax):
    """How many refits are drawn."""
    return sum(len(c.get_offsets()) for c in ax.collections if len(c.get_offsets()) and c.get_sizes()[0] == 64)


def indexed(table):
    return table.astype(dict.fromkeys(EDGE, str)).set_index(EDGE)


def test_leaving_out_reuses_every_parameter_of_the_comparison(cohort):
    adata = cohort.copy()
    adata.obs["age"] = adata.obs["sample"].cat.codes.astype(float) ** 2
    options = {"reference": "case", "covariates": ["age"], "expr_prop": 0.2, "min_cells": 4, "combine": "fisher",
               "margin": 0.3, "alpha": 0.1}  # fmt: skip
    cs.tl.compare(adata, "cell_type", **KEYS, **options)
    left_out = cs.tl.leave_one_out(adata, inplace=False)
    rest = adata[adata.obs["sample"] != "case_2"].copy()
    alone = indexed(cs.tl.compare(rest, "cell_type", **KEYS, **options, inplace=False).table)
    mine = indexed(left_out.table[left_out.table["left_out"] == "case_2"])
    columns = ["effect", "pvalue", "padj"]
    pd.testing.assert_frame_equal(mine[columns], alone.loc[mine.index, columns])
    assert len(mine) == alone["effect"].notna().sum() > 50
    assert (left_out.params["reference"], left_out.params["combine"]) == ("case", "fisher")
    assert left_out.params["covariates"].tolist() == ["age"]


def test_a_result_names_the_comparison_and_its_plot_takes_that_one(two):
    params = cs.get.params(two, "commscore_influence")
    assert params["key"] == "condition"
    assert params["made_from"] == {"condition": fingerprint(cs.get.load(two, "condition").table)}
    edge = dict(zip(("source", "target", "interaction"), ROW[1:], strict=True))
    ax = cs.pl.influence(two, **edge)
    row = indexed(cs.get.load(two, "condition").table).loc[ROW]
    np.testing.assert_allclose(ax.collections[0].get_offsets()[0], [row["effect"], 0])
    several = cs.pl.influence(two, top=5)
    surest = cs.get.table(two, "condition").head(5)[EDGE[1:]].astype(str)
    refits = cs.get.load(two, "commscore_influence").table.astype(dict.fromkeys(EDGE, str))
    # edges × samples, but for those without which an edge is not expressed
    assert ticks(several) == len(surest.merge(refits)) == 27
    with pytest.raises(ValueError, match="these refits were made from 'condition', not from key='A_lineages'"):
        cs.pl.influence(two, key="A_lineages")
    bare = cs.get.table(two, "A_lineages")
    with pytest.raises(ValueError, match="refits has none of the edges that would be drawn"):
        cs.pl.influence(bare, cs.get.load(two, "commscore_influence"))


def test_a_comparison_that_was_replaced_is_not_drawn_with_the_old_refits(two, tmp_path):
    adata = two.copy()
    cs.tl.compare(adata, "cell_type", **KEYS, expr_prop=0.3, key_added="condition")
    gone = "it was made from another 'condition' than the one that is stored now"
    assert changed_source(adata, cs.get.params(adata, "commscore_influence")) == gone
    with pytest.raises(
        ValueError, match=rf"influence_key='commscore_influence': {gone}; run cs.tl.leave_one_out again"
    ):
        cs.pl.influence(adata)
    del adata.uns["condition"]
    with pytest.raises(ValueError, match="made from 'condition', which is not stored here any more"):
        cs.pl.influence(adata)


def test_the_report_draws_the_comparison_that_was_left_out_of(two, tmp_path):
    def page(adata):
        return cs.report.write(adata, tmp_path / "r.html").read_text(encoding="utf-8")

    text = page(two)
    assert "Made from &#39;condition&#39;." in text
    assert text.count("case vs control: without each sample") >= 1
    assert "case vs control: without each sample: no figure" not in text
    adata = two.copy()
    cs.tl.compare(adata, "cell_type", **KEYS, expr_prop=0.3, key_added="condition")
    text = page(adata)
    assert "Effects without each sample: no figure, because it was made from another &#39;condition&#39; than" in text
    assert "<figcaption>case vs control: without each sample" not in text


@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_sources_are_known_again_after_saving(two, tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(two, f"write_{kind}")(path)
        back = ad.read_h5ad(path) if kind == "h5ad" else ad.read_zarr(path)
    assert changed_source(back, cs.get.params(back, "commscore_influence")) == ""
    again = cs.tl.leave_one_out(back, "condition", inplace=False)
    pd.testing.assert_frame_equal(
        indexed(again.extra["stability"]), indexed(cs.get.load(two, "commscore_influence").extra["stability"])
    )
    pd.testing.assert_frame_equal(
        cs.tl.calibrate(back, "condition", n_shuffles=3), cs.tl.calibrate(two, "condition", n_shuffles=3)
    )


def test_fingerprints_tell_tables_apart_and_forget_what_files_change():
    table = pd.DataFrame({"a": pd.Categorical(["x", None, "y"]), "b": [1.0, np.nan, 3.0], "c": [True, False, True]})
    known = fingerprint(table)
    assert fingerprint(table.astype({"a": object}).set_axis([5, 6, 7])) == known
    assert fingerprint(table.assign(a=table["a"].cat.reorder_categories(["y", "x"]))) == known
    others = [table.iloc[::-1], table.iloc[:2], table.rename(columns={"a": "A"}), table.assign(b=[1.0, 2.0, 3.0]),
              table.assign(a=["x", "None", "y"]), table[["b", "a", "c"]]]  # fmt: skip
    assert len({known, *map(fingerprint, others)}) == len(others) + 1


def test_what_is_made_from_scores_names_them(cohort):
    adata = logged(cohort)
    cs.tl.score(adata, "cell_type", n_perms=10, key_added="scores")
    cs.tl.recessive(adata, key="scores", n_boot=2, max_padj=None)
    cs.tl.circuits(adata, "cell_type", n_perms=5, key_added="loops of the reviews")
    cs.tl.therapies(adata, key="scores", circuits_key="loops of the reviews")
    table = cs.get.load(adata, "scores").table
    net = table[["receptor", "ligand"]].drop_duplicates().set_axis(["source", "target"], axis=1).assign(weight=1.0)
    cs.tl.loops(adata, key="scores", net=net.head(5), max_padj=None, n_perms=2)
    for key in ("commscore_recessive", "commscore_loops"):
        assert cs.get.params(adata, key)["made_from"] == {"scores": fingerprint(table)}
    assert set(cs.get.params(adata, "commscore_therapies")["made_from"]) == {"scores", "loops of the reviews"}


# where the counts were read


def test_counts_of_a_layer_with_a_quote_are_read_again(cohort, tmp_path):
    """The comparison of one layer, drawn from another one, would show other values without a word."""
    adata = cohort.copy()
    adata.layers[LAYER] = adata.layers["counts"].copy()
    lost = adata.layers["counts"].copy()
    lost.data[:] = 1
    adata.layers["counts"] = lost
    cs.tl.compare(adata, "cell_type", **KEYS, counts_layer=LAYER)
    params = cs.get.params(adata, "commscore_compare")
    assert (params["counts_layer"], params["use_raw"]) == (LAYER, False)
    from commscore.kinds import _by_sample
    from commscore.kinds._base import FigureRequest
    from commscore.report import _stored

    stored = _stored.results(adata, "commscore_compare")[0]
    samples = _by_sample.samples_of(FigureRequest(stored, adata, 5, 0.5))
    assert samples.uns["commscore_profile"]["counts_layer"] == LAYER
    want = cs.tl.profile(cohort, "cell_type", sample_key="sample")[:, samples.var_names]
    np.testing.assert_allclose(samples.X, want.X)
    again = cs.tl.leave_one_out(adata, inplace=False)
    direct = cohort.copy()
    cs.tl.compare(direct, "cell_type", **KEYS)
    pd.testing.assert_frame_equal(again.table, cs.tl.leave_one_out(direct, inplace=False).table)


def test_tools_keep_where_they_read(cohort):
    adata = cohort.copy()
    adata.layers[LAYER] = adata.layers["counts"].copy()
    adata.raw = adata.copy()
    net = pd.DataFrame({"source": "P", "target": adata.var_names[:20], "weight": 1.0})
    contexts = {"control": "stage=normal", "case": "stage=invasive"}
    on = {"adata": adata, "groupby": "cell_type"}
    off = on | KEYS | {"inplace": False}
    of = {
        "compare": lambda **k: cs.tl.compare(**off, **k).params,
        "balance": lambda **k: cs.tl.balance(**off, **k).params,
        "expectations": lambda **k: cs.tl.expectations(**off, contexts=contexts, **k).params,
        "response": lambda **k: cs.tl.response(**off, net=net, **k).params,
        "profile": lambda **k: cs.tl.profile(**on, sample_key="sample", **k).uns["commscore_profile"],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, run in of.items():
            for options, want in (
                ({}, ("counts", False)), ({"counts_layer": LAYER}, (LAYER, False)), ({"use_raw": True}, (None, True)),
            ):  # fmt: skip
                params = run(**options)
                assert (params["counts_layer"], params["use_raw"]) == want, (name, options)


def test_circuits_keep_where_they_read_counts(cohort):
    adata = logged(cohort)
    adata.layers[LAYER] = adata.layers["counts"].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for options, want in (({}, "counts"), ({"counts_layer": LAYER}, LAYER)):
            params = cs.tl.circuits(adata, "cell_type", **KEYS, n_perms=2, inplace=False, **options).params
            assert (params["counts_layer"], params["counts"]) == (want, f"adata.layers[{want!r}]")
            assert (params["layer"], params["use_raw"]) == (None, False)


def test_counts_that_would_be_read_from_elsewhere_are_refused(cohort):
    adata = cohort.copy()
    del adata.layers["counts"]
    cs.tl.compare(adata, "cell_type", **KEYS)
    assert cs.get.params(adata, "commscore_compare")["counts_layer"] is None
    adata.layers["counts"] = adata.X.copy()
    for tool in (cs.tl.leave_one_out, cs.tl.calibrate, cs.tl.power):
        with pytest.raises(
            ValueError, match=r"read its counts from adata\.X, which would now be adata\.layers\['counts'\]"
        ):
            tool(adata)


def test_samples_that_are_gone_are_named(cohort):
    adata = cohort.copy()
    cs.tl.compare(adata, "cell_type", **KEYS)
    part = adata[adata.obs["sample"] != "case_2"].copy()
    with pytest.raises(ValueError, match=r"1 of 6 compared samples are not in adata\.obs\['sample'\] \('case_2'\)"):
        cs.tl.leave_one_out(part)


def exchanged_conditions(adata):
    obs = adata.obs.astype({"condition": str})
    obs["condition"] = obs["condition"].mask(obs["sample"] == "case_1", "control")
    adata.obs["condition"] = obs["condition"].mask(obs["sample"] == "control_1", "case")
    return adata


def shuffled_groups(adata):
    adata.obs["cell_type"] = adata.obs["cell_type"].to_numpy()[np.random.default_rng(0).permutation(adata.n_obs)]
    return adata


def another_sample(adata):
    more = adata[adata.obs["sample"] == "case_1"].copy()
    more.obs["sample"] = "case_9"
    more.obs_names = more.obs_names + "_9"
    return ad.concat([adata, more])


def other_batches(adata):
    adata.obs["batch"] = adata.obs["batch"].cat.rename_categories({"b1": "b2", "b2": "b1"})
    return adata


CHANGES = {
    exchanged_conditions: "their labels in 'condition', 'batch', have changed since the comparison",
    shuffled_groups: "their groups in 'cell_type' have changed since",
    lambda adata: adata[::3].copy(): "'comparison_key': cells were added or left out",
    another_sample: "samples, or their labels in .*, have changed and cells were added",
    other_batches: "their labels in 'condition', 'batch', have changed since",
}


@pytest.mark.parametrize("change", CHANGES, ids=["conditions", "groups", "cells", "samples", "batches"])
def test_cells_and_labels_that_have_changed_are_refused(cohort, change):
    """The same samples by name, of other cells, groups or conditions, would answer for another comparison."""
    adata = cohort.copy()
    adata.obs["batch"] = pd.Categorical(np.where(adata.obs["sample"].str.endswith("_1"), "b1", "b2"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs.tl.compare(adata, "cell_type", **KEYS, covariates=["batch"], key_added="comparison_key")
    stored, changed = adata.uns["comparison_key"], change(adata)
    changed.uns["comparison_key"] = stored
    for tool in (cs.tl.leave_one_out, cs.tl.calibrate, cs.tl.power):
        with pytest.raises(ValueError, match=CHANGES[change]):
            tool(changed, "comparison_key")


def test_what_was_not_compared_may_change(cohort):
    """Cells of other conditions, the order of cells, their names, and the types of the columns say nothing."""
    adata = cohort.copy()
    adata.obs["condition"] = adata.obs["condition"].astype(str).where(adata.obs["sample"] != "case_3", "other")
    cs.tl.compare(adata, "cell_type", **KEYS, order=["control", "case"])
    want = cs.tl.power(adata)
    same = adata[np.random.default_rng(0).permutation(adata.n_obs)]
    same = same[same.obs["condition"] != "other"].copy()
    same.obs = same.obs.astype({"cell_type": str, "sample": str}).astype({"condition": "category"})
    pd.testing.assert_frame_equal(cs.tl.power(same), want)


# which resource


def test_own_resources_are_given_again_and_checked(cohort):
    adata = cohort.copy()
    table = adata.uns["interactions"]
    cs.tl.compare(adata, "cell_type", **KEYS, resource=table)
    with pytest.raises(ValueError, match="which is not one that comes with commscore; give it again with resource="):
        cs.tl.power(adata)
    with pytest.raises(
        ValueError, match=r"resource 'breast' of now is another .*; give that one, or run cs\.tl\.compare"
    ):
        cs.tl.power(adata, resource="breast")
    with pytest.raises(ValueError, match="is another"):
        cs.tl.power(adata, resource=table.iloc[1:])
    assert len(cs.tl.power(adata, resource=table.copy()))


def test_a_shipped_resource_that_has_changed_is_told(cohort):
    adata = cohort.copy()
    cs.tl.compare(adata, "cell_type", **KEYS)
    adata.uns["commscore_compare"]["resource"]["sha256"] = "0" * 64
    with pytest.raises(
        ValueError, match=r"resource 'breast' \(sha256 000000000000…\), and resource 'breast' of now is "
    ):
        cs.tl.calibrate(adata)


def test_other_results_are_no_comparison(cohort):
    adata = logged(cohort)
    cs.tl.score(adata, "cell_type", n_perms=5)
    with pytest.raises(KeyError, match=r"is commscore\.score/4, not a comparison"):
        cs.tl.leave_one_out(adata, "commscore")
    with pytest.raises(KeyError, match=r"run cs\.tl\.compare first"):
        cs.tl.calibrate(adata)
