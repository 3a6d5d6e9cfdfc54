"""The report as a file: complete, escaped, alone, accessible, replaced only when whole."""

from __future__ import annotations

import re
from itertools import pairwise

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import cohort_of_samples as slow
import commscore as cs
from commscore.cli import app
from commscore.kinds._base import StoredResult
from commscore.report import _write, write
from commscore.report._evidence import _interactions_of, marks, valid_doi
from report.page import Page

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def page(report):
    return Page(report.read_text(encoding="utf-8"))


def sections(page: Page) -> list[str]:
    return [text for _, text in page.of("h2")]


def same(shown: pd.DataFrame, stored: pd.DataFrame) -> None:
    assert len(shown) == len(stored)
    for name in stored:
        expected = stored[name]
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(shown[name].astype(float), expected, rtol=5e-5, err_msg=name)
        elif expected.dtype.kind in "ib":
            assert shown[name].tolist() == expected.tolist(), name
        else:
            texts = expected.astype(object)
            wanted = [None if pd.isna(v) else str(v) for v in texts]
            assert [None if pd.isna(v) else v for v in shown[name]] == wanted, name


def test_tables_are_the_stored_tables(cohort, page):
    keys = ["commscore", "commscore_compare", "commscore_circuits", "commscore_expectations", "commscore_therapies"]
    for number, key in enumerate(keys):
        same(page.table(f"t{number}-0"), cohort.uns[key]["table"])
    same(page.table("t0-1"), cs.get.untested(cohort))


def test_interactions_of_loops_are_named_one_by_one():
    table = pd.DataFrame({"interactions": ['["A^B", "C^D"]', '["A^B"]'], "interaction": ["[X^Y", None]})
    assert _interactions_of([StoredResult("commscore_loops", "loops", {"table": table}, {}, {})]) == {
        "A^B",
        "C^D",
        "[X^Y",
    }


def test_direction_and_evidence_come_from_the_resource(page):
    shown = page.table("t0-0")
    known = cs.rs.load().interactions.set_index("interaction")
    assert shown["direction"].tolist() == known.loc[shown["interaction"], "direction"].tolist()
    assert shown["evidence"].tolist() == known.loc[shown["interaction"], "n_evidence"].tolist()
    said = page.table("evidence")
    evidence = cs.rs.load().evidence
    for name in shown["interaction"].unique():
        expected = evidence.loc[evidence["interaction"] == name, "statement"].tolist()
        assert said.loc[said["interaction"] == name, "statement"].tolist() == expected


def test_counts_of_the_overview(cohort, page):
    rows = page.rows
    score = cohort.uns["commscore"]
    found = int((score["table"]["padj"] <= 0.05).sum())
    n, left = len(score["table"]), len(score["untested"])
    assert ["Interactions", "commscore", f"{n:,}", f"{n:,}", f"{found:,}", f"{left:,}"] in [r[:6] for r in rows]
    for group, n_cells in cohort.obs["cell_type"].value_counts().items():
        by = cohort.obs.loc[cohort.obs["cell_type"] == group, "condition"].value_counts()
        assert [str(group), f"{n_cells:,}", f"{by['control']:,}", f"{by['case']:,}"] in rows
    reasons = score["untested"]["reason"].value_counts()
    assert ["gene missing", "Interactions", str(reasons["gene missing"])] in [r[:3] for r in rows]


def test_a_section_appears_only_for_what_is_stored(cohort, page, tmp_path):
    every = ["Interactions", "Comparison", "Circuits", "Expectations", "Therapies", "Evidence", "Methods"]
    assert sections(page) == ["What was found", "Overview", *every]
    alone = Page(write(cohort, tmp_path / "a.html", keys="commscore", figures=False).read_text(encoding="utf-8"))
    assert sections(alone) == ["What was found", "Overview", "Interactions", "Evidence", "Methods"]
    bare = ad.AnnData(obs=cohort.obs, uns={"other": {"table": 1}, "commscore": cohort.uns["commscore"], "x": "y"})
    assert sections(Page(write(bare, tmp_path / "b.html").read_text(encoding="utf-8"))) == sections(alone)


def test_two_results_of_one_kind_and_a_kind_of_tomorrow(cohort, tmp_path):
    later = dict(cohort.uns["commscore_therapies"], schema="commscore.future_tool/3")
    uns = {"commscore": cohort.uns["commscore"], "again": cohort.uns["commscore"], "later": later}
    page = Page(write(ad.AnnData(obs=cohort.obs, uns=uns), tmp_path / "a.html", figures=False).read_text("utf-8"))
    assert sections(page)[2:5] == ["Interactions (again)", "Interactions (commscore)", "Future_tool"]
    same(page.table("t2-0"), cohort.uns["commscore_therapies"]["table"])


def test_nothing_is_loaded_from_elsewhere(report, page):
    text = report.read_text(encoding="utf-8")
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "data", "poster", "action", "style"):
            assert not attributes.get(name) or attributes[name].startswith("data:image/"), (tag, name)
        if "href" in attributes:
            assert attributes["href"].startswith(("#", "https://doi.org/10.") if tag == "a" else "data:,"), tag
        assert not any(name.startswith("on") for name in attributes), tag
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(a["content"] for a, _ in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_accessible(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.tags[[t for t, _ in page.tags].index("html")][1]["lang"] == "en"
    images = page.of("img")
    assert len(images) >= 3
    assert all(len(a["alt"]) > 40 for a, _ in images)
    tables = [i for i, (tag, _) in enumerate(page.tags) if tag == "table"]
    assert all(page.tags[i + 1][0] == "caption" for i in tables)
    assert all(a.get("scope") in ("col", "row") for a, _ in page.of("th"))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for attributes, _ in page.of("a"):
        assert not attributes["href"].startswith("#") or attributes["href"][1:] in ids


def test_methods_name_parameters_resource_and_works(cohort, page):
    text = next(t for a, t in page.of("div") if a.get("id") == "methods-text")
    resource = cs.rs.load()
    for part in (f"version {resource.version}, licence CC-BY-4.0 (sha256 {resource.sha256})",
                 cs.__version__, "100 permutations",
                 "8 samples (column sample; control 4, case 4)",
                 "10.1038/s41596-020-0292-x",
                 "10.2202/1544-6115.1027", "10.1111/j.2517-6161.1995.tb02031.x"):  # fmt: skip
        assert part in text
    assert "fitted by weighted least squares (variances of donors, counting and cells)" in text
    assert "10.1515/1544-6115.1826" in text
    assert not re.search("ordinary least|unweighted|voom", text)
    rows = [r for r in page.rows if len(r) == 2]
    for key in ("commscore", "commscore_compare"):
        for name in cohort.uns[key]["params"]:
            assert any(r[0] == name for r in rows), name
    assert ["expr_prop", "0.1"] in rows
    assert ["resource: sha256", resource.sha256] in rows


def hostile(small) -> ad.AnnData:
    small.obs["cell_type"] = small.obs["cell_type"].cat.rename_categories(
        {"a": EVIL, "b": 'b" onload="x', "c": "$c_{$"}
    )
    small.var_names = [EVIL if g == "G0" else g for g in small.var_names]
    pairs = pd.DataFrame({"ligand": [EVIL, "G2_G3"], "receptor": ["G1", "G4"]})
    cs.tl.score(small, "cell_type", resource=pairs, n_perms=20)
    return small


def test_names_are_shown_as_text(small, tmp_path):
    file = write(hostile(small), tmp_path / "evil.html", title=EVIL)
    text = file.read_text(encoding="utf-8")
    assert EVIL not in text
    assert "alert(1)" in text
    page = Page(text)
    assert page.of("h1")[0][1] == EVIL
    assert [a.get("type") for a, _ in page.of("script")][-1] is None
    assert sum(a.get("type") is None for a, _ in page.of("script")) == 1
    same(page.table("t0-0"), small.uns["commscore"]["table"])


def test_the_same_data_give_the_same_bytes(cohort, report, tmp_path):
    again = write(cohort, tmp_path / "again.html", title="A cohort & its report")
    assert again.read_bytes() == report.read_bytes()
    assert 3e5 < report.stat().st_size < 4e6


def test_what_was_there_stays_until_the_report_is_whole(cohort, tmp_path, monkeypatch):
    file = tmp_path / "report.html"
    file.write_text("before")

    def fails(*_: object, **__: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(_write, "_render", fails)
    with pytest.raises(OSError, match="disk full"):
        write(cohort, file, keys="commscore", figures=False)
    assert file.read_text() == "before"
    monkeypatch.undo()
    write(cohort, file, keys="commscore", figures=False)
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>") or "<!DOCTYPE html>" in file.read_text(
        "utf-8"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_data_are_not_changed(cohort, tmp_path):
    before = {k: v["table"].copy() for k, v in cohort.uns.items() if k.startswith("commscore")}
    write(cohort, tmp_path / "a.html", figures=False)
    for key, table in before.items():
        pd.testing.assert_frame_equal(cohort.uns[key]["table"], table)


BAD = {
    "nothing": ({}, KeyError, "holds no result of commscore"),
    "keys": ({"keys": "comscore"}, KeyError, "did you mean 'commscore'"),
    "no keys": ({"keys": []}, ValueError, "keys is empty"),
    "ending": ({"path": "a.pdf"}, ValueError, r"must end in \.html, found '\.pdf'"),
    "folder": ({"path": "absent/a.html"}, ValueError, "does not exist; make it first"),
    "path": ({"path": 3}, TypeError, "path must be a string or a path, found 3"),
    "groupby": ({"groupby": "cel_type"}, KeyError, "did you mean 'cell_type'"),
    "top": ({"top": 0}, ValueError, "top must be an integer >= 1, found 0"),
    "max_padj": ({"max_padj": 2}, ValueError, "max_padj must be a number between 0 and 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_the_argument(cohort, tmp_path, case):
    arguments, error, message = BAD[case]
    adata = ad.AnnData(obs=cohort.obs) if case == "nothing" else cohort
    path = arguments.get("path", "a.html")
    given = path if not isinstance(path, str) else str(tmp_path / path)
    with pytest.raises(error, match=message):
        write(adata, given, **{k: v for k, v in arguments.items() if k != "path"})
    assert not list(tmp_path.iterdir())


def test_command(cohort, tmp_path):
    adata = cohort.copy()
    adata.write_h5ad(tmp_path / "data.h5ad")
    out = tmp_path / "report.html"
    done = CliRunner().invoke(app, ["report", str(tmp_path / "data.h5ad"), "--out", str(out), "--no-figures"])
    assert done.exit_code == 0, done.output
    page = Page(out.read_text(encoding="utf-8"))
    assert "Comparison" in sections(page)
    same(page.table("t1-0"), cohort.uns["commscore_compare"]["table"])
    ad.AnnData(obs=cohort.obs).write_h5ad(tmp_path / "bare.h5ad")
    done = CliRunner().invoke(app, ["report", str(tmp_path / "bare.h5ad"), "--out", str(tmp_path / "no.html")])
    assert done.exit_code == 2
    line = [x for x in done.output.splitlines() if x.startswith("commscore: error:")]
    assert len(line) == 1
    assert "holds no result of commscore" in line[0]
    assert not (tmp_path / "no.html").exists()


def test_demo_writes_a_report(tmp_path):
    done = CliRunner().invoke(app, ["demo", "--out", str(tmp_path), "--n-perms", "50"])
    assert done.exit_code == 0, done.output
    assert "wrote report.html" in done.output
    assert sections(Page((tmp_path / "report.html").read_text(encoding="utf-8")))[:4] == [
        "What was found",
        "Overview",
        "Interactions",
        "Comparison",
    ]


def test_marks_and_dois():
    assert marks("[3–5]") == ["[3]", "[4]", "[5]"]
    assert marks("[1-999999999]") == ["[1-999999999]"]
    assert marks("") == []
    assert valid_doi("10.1038/s41596-020-0292-x")
    assert not valid_doi("javascript:alert(1)")
    assert not valid_doi("")


def test_methods_of_scores_over_samples(tmp_path):
    adata = slow.cohort()
    cs.tl.score(adata, "cell_type", sample_key="sample", resource=slow.PAIRS, n_perms=40)
    cs.report.write(adata, tmp_path / "samples.html")
    text = (tmp_path / "samples.html").read_text(encoding="utf-8")
    assert "40 permutations of the labels of the cells of each sample" in text
    assert "was tested over 5 samples (column sample) by a precision-weighted moderated t" in text
    assert "10.2202/1544-6115.1027" in text
