"""The opening of the report: every number of its sentences is one of the stored tables, and cautions come first."""

from __future__ import annotations

import json
import re
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.kinds import kind_of
from commscore.report import _evidence, _found, _stored, write
from commscore.rs._review_sections import HEADINGS, sections_of, short_names
from report.page import Page


def opening(adata, max_padj=0.05, keys=None):
    results = _stored.results(adata, keys)
    section = _found.section(results, _evidence.collect(results, None), max_padj=max_padj)
    cautions = [block.text for block in section.blocks if block.block == "caution"]
    return cautions, {b.title: list(b.lines) for b in section.blocks if b.block == "sentences"}, section


@pytest.mark.parametrize("max_padj", [0.05, 0.02])
def test_scores_are_counted_and_the_strongest_named_with_evidence(cohort, max_padj):
    table = cs.get.table(cohort)
    found = table[(table["padj"] <= max_padj).to_numpy()]
    first, *edges = opening(cohort, max_padj)[1]["Interactions"]
    numbers = [
        int(n.replace(",", "")) for n in re.findall(r"(?<![\d.])[\d,]+(?![\d.]*\d)", first.replace(f"{max_padj:g}", ""))
    ]
    n_pairs = len(found[["source", "target"]].drop_duplicates())
    assert numbers == [
        len(found),
        len(table),
        found["interaction"].nunique(),
        n_pairs,
        int((found["raised"] == "both").sum()),
    ]
    best = found.sort_values("score", ascending=False).drop_duplicates("interaction").head(3)
    evidence = cs.rs.load().evidence
    for line, row in zip(edges, best.itertuples(), strict=True):
        assert line.startswith(f"{row.interaction} from {row.source} to {row.target}: score {row.score:.3g}")
        assert f"padj {row.padj:.2g}" in line
        assert ("alone is above other cells" in line) == (row.raised in {"ligand", "receptor"})
        for source in evidence.loc[evidence["interaction"] == row.interaction, "source"].unique():
            assert short_names(cs.rs.load().sources)[source] in line
        first = evidence[(evidence["interaction"] == row.interaction).to_numpy()].iloc[:1]
        assert f"section “{sections_of(first, cs.rs.load().sources)[0]}”" in line


def test_a_score_of_one_side_says_so(cohort):
    one = cohort.copy()
    table = one.uns["commscore"]["table"]
    table["raised"] = pd.Categorical(["receptor"] * len(table), categories=list(table["raised"].cat.categories))
    first, *edges = opening(one)[1]["Interactions"]
    assert first.endswith("In 0 of them both sides are above other cells.")
    assert all(", the receptor alone is above other cells" in line for line in edges)


def test_changes_are_counted_and_say_why(cohort):
    table = cs.get.table(cohort, "commscore_compare")
    found = table[(table["padj"] <= 0.05).to_numpy()]
    first, *edges = opening(cohort)[1]["Comparison"]
    n_tested = int(table["padj"].notna().sum())
    assert first.startswith(f"case vs control: {len(found)} of {n_tested} tested edges have padj ≤ 0.05 (")
    for word, n in found["shift"].astype(str).value_counts().items():
        assert f"{n} {word.replace('_', ' ')}" in first
    row = found.iloc[0]
    assert (row["interaction"], row["source"], row["target"]) == ("CSF1^CSF1R", "tumour", "macrophage")  # planted
    assert f"log2 change {row['effect']:.2g} (95 % interval {row['ci_low']:.2g} to {row['ci_high']:.2g})" in edges[0]
    assert f"most of it by the {row['driver']}" in edges[0]
    assert "Liu et al. 2021" in edges[0]


def test_nothing_found_is_said(cohort):
    least = cs.get.table(cohort)["padj"].min()
    lines = opening(cohort, max_padj=1e-6, keys=["commscore", "commscore_compare"])[1]
    assert lines["Interactions"] == [f"None of 72 tested edges has padj ≤ 1e-06; the smallest is {least:.2g}."]
    assert len(lines["Comparison"]) == 1
    assert "none of" in lines["Comparison"][0]


def test_circuits_and_expectations_are_counted(cohort):
    lines = opening(cohort)[1]
    circuits = cs.get.table(cohort, "commscore_circuits")
    assert f"{len(circuits)} circuits" in lines["Circuits"][0]
    for status, n in circuits["status"].astype(str).value_counts().items():
        assert f"{n} {status.replace('_', ' ')}" in lines["Circuits"][0]
    whole = circuits[(circuits["status"] == "complete") & (circuits["padj"] <= 0.05)]
    assert lines["Circuits"][1].startswith(f"Complete with padj ≤ 0.05: {len(whole)}")
    verdicts = cs.get.table(cohort, "commscore_expectations")["verdict"].astype(str).value_counts()
    assert all(f"{n} {v.replace('_', ' ')}" in lines["Expectations"][0] for v, n in verdicts.items())


def test_what_was_left_out_is_counted_by_reason(cohort):
    lines = opening(cohort)[1]["What could not be assessed"]
    untested = cs.get.untested(cohort)
    assert lines[0].startswith(f"Interactions: {len(untested)} not tested (")
    for reason, n in untested["reason"].astype(str).value_counts().items():
        assert f"{n} {reason}" in lines[0]
    table = cohort.uns["commscore_compare"]["table"]
    left = table.loc[table["padj"].isna(), "status"].astype(str).value_counts()
    (of_rows,) = [line for line in lines if "rows without a p-value" in line]
    assert f"{left.sum():,} rows" in of_rows
    assert all(f"{n} {status.replace('_', ' ')}" in of_rows for status, n in left.items())


def test_cautions_come_first_and_only_where_they_apply(cohort):
    cautions, _, section = opening(cohort)
    kinds = [block.block for block in section.blocks]
    assert kinds[: len(cautions)] == ["caution"] * len(cautions)
    params = cs.get.params(cohort)
    assert any(f"Only {params['n_testable']} of the {params['n_interactions']}" in text for text in cautions)
    assert any("not what holds over patients" in text for text in cautions)
    assert not any("Cells were the replicates" in text for text in cautions)
    assert not any("ambient" in text for text in cautions)


def test_few_samples_and_cells_as_replicates_are_cautioned():
    adata = cs.ds.simulate(n_samples=3, n_cells=200, rng=0)
    keys = {"condition_key": "condition", "sample_key": "sample"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs.tl.compare(adata, "cell_type", **keys)
        few = opening(adata)[0]
        floor = cs.get.table(adata, "commscore_compare")["exact_floor"].min()
        assert any(f"3 against 3 samples no relabelling of them can give a p-value below {floor:.2g}" in t for t in few)
        cs.tl.compare(adata, "cell_type", **keys, test="cells", n_perms=100)
    assert any("Cells were the replicates" in text for text in opening(adata)[0])


def test_what_a_comparison_warned_of_is_cautioned_and_nothing_else():
    """The report has the rules of the tool: samples that look like patients, composition, ambient RNA."""
    adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=0)
    adata.obs["donor"] = "d" + (adata.obs["sample"].cat.codes // 2).astype(str)
    gene = adata.var_names.get_loc("BG0001")
    counts = adata.layers["counts"].tolil()
    for cell in np.flatnonzero((adata.obs["condition"] == "case") & (adata.obs["cell_type"] == "CAF")):
        counts[cell, gene] = 600
    adata.layers["counts"] = adata.X = counts.tocsr()
    options = {"condition_key": "condition", "sample_key": "sample", "resource": adata.uns["interactions"]}
    with pytest.warns(UserWarning, match="looks like patients|composition|ambient") as said:
        cs.tl.compare(adata, "cell_type", **options)
    texts = [str(w.message) for w in said]
    assert list(cs.get.params(adata, "commscore_compare")["cautions"]) == texts
    cautions = opening(adata)[0]
    assert "looks like patients" in texts[0]
    assert "the composition of the counts differs" in texts[1]
    assert [c for c in cautions if c.startswith("Of the samples")] == [f"Of the samples compared: {t}." for t in texts]
    assert sum("ambient RNA" in caution for caution in cautions) == sum("ambient RNA" in text for text in texts)


def test_the_section_is_the_first_of_the_page(report):
    page = Page(report.read_text(encoding="utf-8"))
    assert page.of("h2")[0][1] == "What was found"
    notices = [text for a, text in page.of("p") if a.get("class") == "notice" and text.startswith("Caution: ")]
    assert len(notices) >= 2


def test_scores_without_p_values_and_of_several_methods(cohort, tmp_path):
    adata = ad.AnnData(cohort.X, obs=cohort.obs, var=cohort.var)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs.tl.score(adata, "cell_type", null=None)
        lines = opening(adata)[1]["Interactions"]
        assert lines[0] == f"{len(cs.get.table(adata))} edges were scored, without p-values."
        cs.tl.score(adata, "cell_type", method=["product", "mean"], n_perms=50)
    best = cs.get.table(adata, method="product")
    best = best[best["padj"] <= 0.05].sort_values("score", ascending=False).iloc[0]
    assert f"score {best['score']:.3g}" in opening(adata)[1]["Interactions"][1]
    assert write(adata, tmp_path / "a.html", figures=False).is_file()


def test_every_statement_has_a_section():
    res = cs.rs.load()
    headings = sections_of(res.evidence, res.sources)
    assert all(headings)
    assert set(HEADINGS) == set(res.sources["title"])
    for entries in HEADINGS.values():
        lines = [first for first, _ in entries]
        assert lines == sorted(set(lines))
    gap = pd.DataFrame({"source": ["000", "000", "x"], "lines": ["88-88", "89-95", "3-4"]})
    assert sections_of(gap, res.sources) == [
        "Direct cell communication in the breast cancer microenvironment",
        "Gap junction intercellular communication (GJIC)",
        "",
    ]


def test_authors_are_named_as_the_field_does():
    names = short_names(cs.rs.load().sources)
    assert names["000"] == "Liu et al. 2021"
    assert names["002"] == "Sharma & Singh 2011"
    assert names["004"] == "Das 2026"
    assert names["003"].startswith("Review of tumour–stroma interactions")


def test_of_equally_sure_changes_the_largest_is_named(cohort):
    """Where cells are the replicates, the smallest p-value is shared by many rows."""
    same = cohort.copy()
    table = same.uns["commscore_compare"]["table"]
    rows = table["padj"].notna() & table["effect"].notna()
    table.loc[rows, "padj"] = 0.004
    found = table[rows & (table["contrast"] == table["contrast"].iloc[0])]
    largest = found.loc[found["effect"].abs().idxmax()]
    edges = opening(same, keys=["commscore_compare"])[1]["Comparison"][1:]
    assert edges[0].startswith(f"{largest['interaction']} from {largest['source']} to {largest['target']}")


@pytest.fixture(scope="module")
def more(cohort):
    """The cohort with loops, weak edges and the balance of its samples."""
    one = cohort.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs.tl.loops(one, n_perms=50, max_padj=1.0)
        cs.tl.recessive(one)
        counts = ad.AnnData(one.layers["counts"], obs=one.obs, var=one.var)
        cs.tl.balance(counts, "cell_type", condition_key="condition", sample_key="sample")
    one.uns["commscore_balance"] = counts.uns["commscore_balance"]
    return one


def test_the_strongest_loops_are_told_step_by_step(more):
    first, *chains = opening(more)[1]["Loops"]
    table = cs.get.table(more, "commscore_loops")
    assert first.startswith(f"{len(table):,} loops and relays were found")
    row = table.loc[table["strength"].idxmax()]
    groups, carried = json.loads(row["groups"]), json.loads(row["interactions"])
    assert f" {' → '.join(groups)} by {', then '.join(carried)}: strength {row['strength']:.3g}" in chains[0]


def test_therapies_are_told_with_their_targets_and_as_no_prediction(more):
    first, *best = opening(more)[1]["Therapies"]
    table = cs.get.table(more, "commscore_therapies")
    cuts = table[table["status"] == "cuts"].drop_duplicates("therapy")
    assert first.startswith(f"Of {table['therapy'].nunique()} therapies of the resource {len(cuts)} act on")
    assert "no prediction of response" in first
    row = cuts.loc[cuts["share"].idxmax()]
    assert best[0].startswith(f"{row['therapy']} (on ")
    assert f"{row['n_edges']:,} edges, {row['share']:.2g} of the flow" in best[0]


def test_the_balance_is_told_with_its_exact_p_value(more):
    assert opening(more)[1]["Balance"] == ["No sample has a balance: pro or anti flow is missing in all of them."]
    one = more.copy()
    stored = one.uns["commscore_balance"]
    stored["table"]["balance"] = np.where(stored["table"]["condition"] == "case", 1.5, 0.25)
    tests = stored["tests"]
    rows = (tests["measure"] == "balance").to_numpy()
    numbers = {
        "effect": 1.25,
        "ci_low": -0.5,
        "ci_high": 3.0,
        "pvalue": 0.041,
        "exact_pvalue": 0.1,
        "exact_floor": 0.029,
    }
    for name, number in numbers.items():
        tests.loc[rows, name] = number
    assert opening(one)[1]["Balance"] == [
        "Mean of log2 pro over anti flow in 8 samples: control 0.25, case 1.5.",
        "case vs control: +1.2 (95 % interval −0.5 to 3), p 0.041; "
        "over relabelled samples 0.1, where 0.029 is the least.",
    ]


def test_weak_edges_are_counted(more):
    first, *edges = opening(more)[1]["Recessive interactions"]
    table = cs.get.table(more, "commscore_recessive")
    assert first.startswith(f"{int(table['recessive'].sum()):,} of {len(table):,} edges are weak")
    assert len(edges) == min(3, int(table["recessive"].sum()))


def test_a_comparison_without_counts_says_so(cohort):
    bare = cohort.copy()
    bare.uns["commscore_compare"]["params"]["scale"] = "lognorm"
    cautions = opening(bare, keys=["commscore_compare"])[0]
    assert any("There were no counts: means of normalised values were compared" in text for text in cautions)
    texts = [
        kind_of("compare").methods({"scale": scale, "unit": "samples", "samples": "s1, s2"})
        for scale in ("counts", "lognorm")
    ]
    assert "Raw counts were summed" in texts[0]
    assert "There were no counts; normalised values" in texts[1]
    assert "Raw counts" not in texts[1]
