"""Figures of samples in the report: made from the counts, left out where these are gone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.kinds import _by_sample
from commscore.kinds._base import FigureRequest
from commscore.report._stored import results
from commscore.tables.influence import STORED


def ask(adata, **more):
    stored = next(s for s in results(adata, None) if s.kind == "compare")
    return FigureRequest(stored, adata, **({"top": 25, "max_padj": 0.05} | more))


@pytest.fixture
def loosened(cohort):
    """A limit at which some rows of the comparison pass."""
    return float(cs.get.table(cohort, "commscore_compare")["padj"].dropna().nsmallest(6).iloc[-1])


def test_samples_are_those_of_profile(cohort, loosened):
    found = _by_sample.samples_of(ask(cohort, max_padj=loosened))
    whole = cs.tl.profile(cohort, "cell_type", sample_key="sample")
    shared = found.var_names.intersection(whole.var_names)
    assert len(shared) > 10
    np.testing.assert_allclose(found[:, shared].X, whole[found.obs_names, shared].X)


def test_nothing_is_drawn_without_counts_keys_or_findings(cohort, loosened):
    assert _by_sample.samples_of(ask(cohort, max_padj=0.0)) is None
    bare = cohort.copy()
    del bare.layers["counts"]
    assert _by_sample.samples_of(ask(bare, max_padj=loosened)) is None
    other = cohort.copy()
    other.obs = other.obs.drop(columns="sample")
    assert _by_sample.samples_of(ask(other, max_padj=loosened)) is None


def test_trends_are_of_the_surest_interactions(cohort, loosened):
    question = ask(cohort, max_padj=loosened)
    made = _by_sample.trends(question, _by_sample.samples_of(question))
    table = question.stored.table
    best = table.loc[table["padj"].idxmin()]
    assert made[0].title == f"{best['interaction']} from {best['source']} to {best['target']}, by sample"
    assert f"padj {best['padj']:.2g}" in made[0].alt
    assert 1 <= len({drawing.title for drawing in made}) == len(made) <= 3
    ax = made[0].draw()
    assert [t.get_text().split("\n")[0] for t in ax.get_xticklabels()] == ["control", "case"]


def test_samples_stand_reference_first(cohort, loosened):
    question = ask(cohort, max_padj=loosened)
    drawing = _by_sample.beside_response(question, _by_sample.samples_of(question), response_key=None)
    names = [t.get_text() for t in drawing.draw().get_xticklabels()]
    condition = cohort.obs.drop_duplicates("sample").set_index("sample")["condition"].astype(str)
    assert condition[names].tolist() == ["control"] * 4 + ["case"] * 4
    assert drawing.title == "Interactions, by sample"
    assert "Samples are sorted by condition" in drawing.alt


def test_the_receiver_is_one_whose_response_is_known(cohort):
    edges = pd.DataFrame({"target": ["tumour", "tumour", "T cell"]})
    assert _by_sample._receiver(cohort, edges, None) is None
    adata = cohort.copy()
    activities = pd.DataFrame({"target": ["T cell", "CAF"]})
    result = cs.get.Result(activities, {}, {}, {"activities": activities}, "commscore.response/3")
    cs.get.store(adata, "response", result)
    assert _by_sample._receiver(adata, edges, "response") == "T cell"
    assert _by_sample._receiver(adata, edges.iloc[:2], "response") is None


def test_response_has_its_figure_and_words(cohort, tmp_path):
    adata = cohort.copy()
    for key in [k for k in adata.uns if k.startswith("commscore")]:
        del adata.uns[key]
    rows = [("case vs control", "tumour", "TGFb", 1.0, 0.001), ("case vs control", "CAF", "TGFb", -1.0, 0.5)]
    table = pd.DataFrame(rows, columns=["contrast", "target", "pathway", "effect", "padj"])
    cs.get.store(adata, "answer", cs.get.Result(table, {}, {}, {}, "commscore.response/3"))
    text = cs.report.write(adata, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "1 have padj ≤ 0.05; the surest is TGFb in tumour, up." in text


def test_influence_has_its_figure_its_words_and_the_stability_first(cohort, tmp_path):
    from report.page import Page

    adata = cohort.copy()
    for key in [k for k in adata.uns if k.startswith("commscore") and k != "commscore_compare"]:
        del adata.uns[key]
    compared = cs.get.table(adata, "commscore_compare")
    known = compared[compared["effect"].notna().to_numpy()]
    edges = known[["contrast", "source", "target", "interaction", "effect", "pvalue", "padj"]].astype(
        dict.fromkeys(["contrast", "source", "target", "interaction"], str)
    )
    table = pd.concat([edges.assign(left_out=s, effect=edges["effect"] + d) for s, d in (("s1", 0.1), ("s2", -0.1))])
    stability = edges.assign(max_padj=edges["padj"], sign_stable=np.arange(len(edges)) != edges["padj"].argmin())
    extra = {"stability": stability.reset_index(drop=True)}
    params = {"condition_key": "condition", "left_out": "sample", "n_left_out": 2}
    result = cs.get.Result(table.reset_index(drop=True), params, {}, extra, STORED.schema)
    cs.get.store(adata, "commscore_influence", result)
    page = Page(cs.report.write(adata, tmp_path / "r.html").read_text(encoding="utf-8"))
    assert len(page.table("t1-0")) == len(stability)
    assert len(page.table("t1-1")) == 2 * len(stability)
    alts = [a["alt"] for a, _ in page.of("img")]
    assert any(f"1 of {stability['padj'].notna().sum()} tested rows change sign" in alt for alt in alts)
    text = " ".join(t for _, t in page.of("p"))
    assert "made again 2 times, each time without one value of the column sample" in text
