"""``commscore resource``, run as a user runs it; what it prints is compared with the library's tables."""

from __future__ import annotations

import re

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import app
from commscore.rs._review_sections import short_names


def invoke(*args):
    return CliRunner().invoke(app, ["resource", *(str(a) for a in args)])


def words(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def res():
    return cs.rs.load("breast")


@pytest.fixture
def genes(tmp_path):
    """A text file: two current names, one old one, one that means nothing."""
    path = tmp_path / "genes.txt"
    path.write_text("CXCR4\nSDF1\n\nCD24\nSIGLEC10\nNO_SUCH_GENE\n", encoding="utf-8")
    return path


def test_list_names_every_resource(res):
    done = invoke("list")
    assert done.exit_code == 0, done.output
    for name in cs.rs.show()["name"]:
        assert re.search(rf"^│ {re.escape(name)} ", done.output, re.M), name
    row = next(line for line in done.output.splitlines() if line.startswith("│ breast "))
    assert [cell.strip() for cell in row.split("│")][3] == str(len(res))


def test_show_counts_as_describe_does(res):
    done = invoke("show")
    assert done.exit_code == 0, done.output
    found = {
        (cells[1], int(cells[2]), int(cells[3]))
        for line in done.output.splitlines()
        if len(cells := [c.strip() for c in line.split("│")]) >= 5 and cells[2].isdigit()
    }
    counts = res.describe()
    assert found == set(zip(counts["value"], counts["interactions"], counts["statements"]))
    assert f"{len(res)} interactions, {len(res.evidence)} statements" in done.output


def test_show_prints_every_statement_of_an_interaction(res):
    done = invoke("show", "CXCL12^CXCR4")
    assert done.exit_code == 0, done.output
    evidence = res.evidence_for("CXCL12^CXCR4")
    assert len(re.findall(r"^\d+\. source", done.output, re.M)) == len(evidence)
    printed = words(done.output)
    names = short_names(res.sources)
    for said in evidence.to_dict("records"):
        assert words(said["statement"]) in printed
        assert f"source {said['source']}, lines {said['lines']}" in printed
        assert f"{names[said['source']]}, section “" in done.output
        assert not said["cited"] or f"cites {said['cited']}" in printed
        assert not said["sender"] or f"{said['sender']} → " in printed
        assert words(said["context"].replace(";", ", ")) in printed


def test_show_understands_old_names():
    old, new = invoke("show", "SDF1^CXCR4"), invoke("show", "CXCL12^CXCR4")
    assert old.stdout == new.stdout
    assert "SDF1^CXCR4 is CXCL12^CXCR4 in current names" in old.stderr


def test_check_of_a_text_file(genes, tmp_path, res):
    out = tmp_path / "found.tsv"
    done = invoke("check", genes, "--out", out)
    assert done.exit_code == 0, done.output
    assert "found under an old name: SDF1 → CXCL12" in done.output
    assert re.search(r"symbol +3 ", done.output)
    assert re.search(rf"missing +{len(res.genes) - 4} ", done.output)
    assert f"testable: 2 of {len(res)} interactions" in done.output
    written = pd.read_csv(out, sep="\t", keep_default_na=False).set_index("gene")
    assert sorted(written.index) == res.genes
    assert written.loc["CXCL12"].tolist() == ["SDF1", "alias"]


def test_check_prints_as_many_missing_genes_as_asked(genes, res):
    missing = sorted(set(res.genes) - {"CXCR4", "CXCL12", "CD24", "SIGLEC10"})
    few = words(invoke("check", genes, "--rows", 3).output)
    assert f"missing: {', '.join(missing[:3])}, and {len(missing) - 3} more" in few
    assert f"missing: {', '.join(missing)} testable" in words(invoke("check", genes, "--rows", 9999).output)


def cells(names, raw=None):
    adata = ad.AnnData(np.ones((3, len(names)), np.float32), var=pd.DataFrame(index=names))
    if raw is not None:
        adata.raw = ad.AnnData(np.ones((3, len(raw)), np.float32), var=pd.DataFrame(index=raw))
    return adata


def test_check_counts_what_score_would_test(tmp_path, res):
    adata = cs.ds.pbmc()
    adata.write_h5ad(tmp_path / "cells.h5ad")
    before = (tmp_path / "cells.h5ad").read_bytes()
    done = invoke("check", tmp_path / "cells.h5ad")
    assert done.exit_code == 0, done.output
    result = cs.tl.score(adata, "cell_type", null=None, expr_prop=0, min_cells=1, inplace=False)
    assert f"testable: {result.table['interaction'].nunique()} of {len(res)}" in done.output
    assert (tmp_path / "cells.h5ad").read_bytes() == before


@pytest.mark.filterwarnings("ignore:Writing zarr v2")
def test_check_of_raw_of_zarr_and_of_mouse(tmp_path):
    adata = cells(["CD24", "X"], raw=["CD24", "SIGLEC10", "X"])
    adata.write_h5ad(tmp_path / "a.h5ad")
    assert "testable: 1 of" in invoke("check", tmp_path / "a.h5ad", "--use-raw").output
    assert invoke("check", tmp_path / "a.h5ad").exit_code == 2
    cells(["CD24", "SIGLEC10"]).write_zarr(tmp_path / "b.zarr")
    assert "testable: 1 of" in invoke("check", tmp_path / "b.zarr").output
    (tmp_path / "mouse.txt").write_text("Cxcl12\nCxcr4\nCxcr4\n", encoding="utf-8")
    done = invoke("check", tmp_path / "mouse.txt", "--species", "mouse")
    assert "testable: 1 of" in done.output
    assert "repeated gene names: 1" in done.stderr


def test_export_writes_the_tables_of_the_library(tmp_path, res):
    out = tmp_path / "evidence.tsv"
    done = invoke(
        "export", out, "--table", "evidence", "--mode", "checkpoint", "--mode", "contact", "--basis", "stated"
    )
    assert done.exit_code == 0, done.output
    expected = res.filter(mode=["checkpoint", "contact"], basis="stated").evidence
    written = pd.read_csv(out, sep="\t", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(written, expected.astype(str), check_dtype=False)
    assert not list(tmp_path.glob(".commscore-*"))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], {}),
        (["--direction", "anti"], {"direction": "anti"}),
        (["--basis", "inferred"], {"basis": "inferred"}),
        (["--source", "001", "--source", "002"], {"sources": ["001", "002"]}),
    ],
)
def test_exported_interactions_are_the_filtered_ones(tmp_path, res, options, wanted):
    out = tmp_path / "pairs.csv"
    assert invoke("export", out, *options).exit_code == 0
    expected = res.filter(**wanted).interactions
    assert pd.read_csv(out, dtype=str)["interaction"].tolist() == expected["interaction"].tolist()


@pytest.mark.parametrize(
    ("format_name", "columns"), [("liana", ("ligand", "receptor")), ("cellphonedb-like", ("partner_a", "partner_b"))]
)
def test_exported_formats_read_back_as_the_same_pairs(tmp_path, res, format_name, columns):
    out = tmp_path / "pairs.csv"
    done = invoke("export", out, "--format", format_name)
    assert done.exit_code == 0, done.output
    n_beyond = int(res.interactions["interaction"].str.contains("met:").sum())
    assert f"{n_beyond} of them have a molecule that is no gene product" in done.stderr
    back = cs.rs.from_table(pd.read_csv(out), ligand=columns[0], receptor=columns[1])
    assert set(back.interactions["interaction"]) == set(res.interactions["interaction"])


def test_export_for_mouse_tells_what_was_lost(tmp_path, res):
    out = tmp_path / "mouse.csv"
    done = invoke("export", out, "--species", "mouse")
    mouse = res.to_species("mouse")
    assert pd.read_csv(out)["interaction"].tolist() == mouse.interactions["interaction"].tolist()
    assert f"{len(mouse.dropped)} facts have no counterpart in mouse" in done.stderr


def test_of_liana(tmp_path):
    pytest.importorskip("liana")
    done = invoke("show", "liana:consensus")
    assert done.exit_code == 0, done.output


BAD = {
    "resource": (["show", "brest"], "did you mean 'breast'"),
    "format, not a resource": (["show", "cellphonedb"], "read from a file"),
    "interaction": (["show", "CXCL12^CXCR"], "did you mean 'CXCL12^CXCR4'"),
    "no file": (["check", "absent.h5ad"], "does not exist"),
    "no text file": (["check", "absent.txt"], "absent.txt"),
    "ending": (["check", "README.md"], "README.md"),
    "ids": (["check", "IDS"], "are Ensembl ids"),
    "two columns": (["check", "TWO"], "one gene name per line, found 'ENSG1 CD24' in line 2"),
    "empty": (["check", "EMPTY"], "holds no gene name"),
    "no text": (["check", "BYTES"], "not UTF-8"),
    "species": (["check", "IDS", "--species", "rat"], "species='rat'"),
    "out": (["check", "IDS", "--out", "x.parquet"], "--out x.parquet must end in one of"),
    "mode": (["export", "OUT", "--mode", "autocrin"], "did you mean 'autocrine'"),
    "direction": (["export", "OUT", "--direction", "up"], "direction='up' is not one of"),
    "source": (["export", "OUT", "--source", "999"], "sources='999'"),
    "nothing left": (["export", "OUT", "--mode", "gap_junction", "--source", "001"], "ask for less"),
    "format": (["export", "OUT", "--format", "lian"], "did you mean 'liana'"),
    "table": (["export", "OUT", "--table", "evidenc"], "did you mean 'evidence'"),
    "table of liana": (["export", "OUT", "--table", "evidence", "--format", "liana"], "interactions only"),
    "export ending": (["export", "x.xlsx"], "OUT x.xlsx must end in one of .csv, .tsv"),
    "export folder": (["export", "absent/x.csv"], "does not exist"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, case):
    files = {"OUT": tmp_path / "x.csv", "IDS": tmp_path / "i.txt", "TWO": tmp_path / "t.txt"}
    files |= {"EMPTY": tmp_path / "e.txt", "BYTES": tmp_path / "b.txt"}
    files["IDS"].write_text("ENSG00000000001\nENSG00000000002\n", encoding="utf-8")
    files["TWO"].write_text("CD24\nENSG1 CD24\n", encoding="utf-8")
    files["EMPTY"].write_text("\n\n", encoding="utf-8")
    files["BYTES"].write_bytes(b"\xff\xfe\x00")
    args, message = BAD[case]
    done = invoke(*[files.get(a, a) for a in args])
    assert done.exit_code == 2
    line = [x for x in done.stderr.splitlines() if x.startswith("commscore: error:")]
    assert len(line) == 1
    assert message in line[0]
    assert not files["OUT"].exists()


@pytest.mark.parametrize("command", ["list", "show", "check", "export"])
def test_help_has_examples(command):
    done = invoke(command, "--help")
    assert done.exit_code == 0
    assert f"commscore resource {command}" in done.output


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "CXCL9^CXCR3",
            ["source connectomedb2020, lines", "; lists the pair", "only a list has it", "CXCL9 with CXCR3"],
        ),
        ("IL6^IL6R_IL6ST", ["; completed by a rule about its family", "by a rule about its family", "gp130"]),
        ("GJA1^GJA1", ["1. source commscore; completed by a rule", "Not listed; added by a rule"]),
    ],
)
def test_show_says_what_a_general_pair_rests_on(name, texts):
    done = invoke("show", name, "--resource", "general")
    assert done.exit_code == 0, done.output
    for text in texts:
        assert text in done.output
