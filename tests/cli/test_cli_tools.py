"""Resources given to ``--resource``, options against the library, and the commands beside ``score``."""

from __future__ import annotations

import json
import zipfile

import anndata as ad
import pandas as pd
import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import _open_resource, app


def invoke(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A scored cohort with its counts as a layer."""
    folder = tmp_path_factory.mktemp("cohort")
    cs.ds.simulate(n_samples=3, n_cells=250, rng=0).write_h5ad(folder / "counts.h5ad")
    done = invoke("score", folder / "counts.h5ad", "--groupby", "cell_type", "--normalize", "--n-perms", 50,
                  "--out", folder / "scored.h5ad")  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "scored.h5ad"


def test_counts_stay_beside_the_normalised_values(cohort):
    adata = ad.read_h5ad(cohort)
    assert (adata.layers["counts"].data % 1 == 0).all()
    assert (adata.X.data % 1 != 0).any()


def test_circuits_writes_what_the_library_gives(cohort, tmp_path):
    done = invoke("circuits", cohort, "--groupby", "cell_type", "--n-perms", 30, "--condition-key", "condition",
                  "--sample-key", "sample", "--out", tmp_path / "c.csv", "--edges", tmp_path / "e.csv",
                  "--changes", tmp_path / "d.csv", "--untested", tmp_path / "u.csv")  # fmt: skip
    assert done.exit_code == 0, done.output
    result = cs.tl.circuits(ad.read_h5ad(cohort), "cell_type", n_perms=30, condition_key="condition",
                            sample_key="sample", inplace=False)  # fmt: skip
    written = pd.read_csv(tmp_path / "c.csv")
    assert written["pvalue"].tolist() == pytest.approx(result.surest_first["pvalue"].tolist(), nan_ok=True)
    for name, file in (("edges", "e"), ("changes", "d"), ("untested", "u")):
        assert len(pd.read_csv(tmp_path / f"{file}.csv")) == len(result.extra[name])
    assert f"{len(result.table)} circuits" in done.output


def test_roles_are_given(cohort, tmp_path):
    done = invoke("circuits", cohort, "--groupby", "cell_type", "--n-perms", 10, "--roles",
                  '{"tumour": ["tumour", "T cell"]}', "--out", tmp_path / "c.h5ad")  # fmt: skip
    assert done.exit_code == 0, done.output
    roles = cs.get.load(ad.read_h5ad(tmp_path / "c.h5ad"), "commscore_circuits").extra["roles"].set_index("role")
    assert set(json.loads(roles.loc["tumour", "groups"])) == {"tumour", "T cell"}
    assert roles.loc["tumour", "how"] == "given"


@pytest.mark.parametrize("tool", ["circuits", "therapies", "expectations"])
def test_tissue_without_a_tumour_is_one_line_and_exit_code_2(cohort, tmp_path, tool):
    adata = ad.read_h5ad(cohort)
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.rename_categories({"tumour": "Epithelial"})
    if tool == "therapies":
        cs.tl.score(adata, "cell_type", n_perms=9)
    adata.write_h5ad(tmp_path / "a.h5ad")
    where = [] if tool == "therapies" else ["--groupby", "cell_type"]
    if tool == "expectations":
        where += ["--condition-key", "condition", "--sample-key", "sample", "--contexts",
                  '{"control": "stage=normal", "case": "stage=invasive"}']  # fmt: skip
    done = invoke(tool, tmp_path / "a.h5ad", *where)
    assert done.exit_code == 2
    told = [line for line in done.output.splitlines() if "about tumours" in line]
    assert len(told) == 1
    assert "--roles={'tumour': 'Epithelial'}" in told[0]
    assert invoke(tool, tmp_path / "a.h5ad", *where, "--roles", "{'tumour': 'Epithelial'}").exit_code == 0


def test_changes_need_a_condition(cohort, tmp_path):
    done = invoke("circuits", cohort, "--groupby", "cell_type", "--changes", tmp_path / "d.csv")
    assert done.exit_code == 2
    assert "--changes" in done.output
    assert "needs --condition-key" in done.output


def test_therapies_writes_what_the_library_gives(cohort, tmp_path):
    paths = {n: tmp_path / f"{n}.csv" for n in ("out", "edges", "combinations", "bypass")}
    done = invoke("therapies", cohort, *(x for n, p in paths.items() for x in (f"--{n}", p)), "--json", "--quiet")
    assert done.exit_code == 0, done.output
    result = cs.tl.therapies(ad.read_h5ad(cohort), inplace=False)
    assert json.loads(done.stdout)["rows"] == len(result.table) == len(pd.read_csv(paths["out"]))
    for name in ("edges", "combinations", "bypass"):
        assert len(pd.read_csv(paths[name])) == len(result.extra[name])
    assert "cut an edge" in invoke("therapies", cohort).output


def test_expectations_writes_what_the_library_gives(cohort, tmp_path):
    contexts = {"control": "stage=normal", "case": "stage=invasive;site=primary"}
    (tmp_path / "contexts.json").write_text(json.dumps(contexts))
    done = invoke("expectations", cohort, "--groupby", "cell_type", "--condition-key", "condition", "--sample-key",
                  "sample", "--contexts", tmp_path / "contexts.json", "--out", tmp_path / "e.csv")  # fmt: skip
    assert done.exit_code == 0, done.output
    result = cs.tl.expectations(ad.read_h5ad(cohort), "cell_type", condition_key="condition", sample_key="sample",
                                contexts=contexts, inplace=False)  # fmt: skip
    assert pd.read_csv(tmp_path / "e.csv")["verdict"].tolist() == result.surest_first["verdict"].astype(str).tolist()
    assert f"{len(result.table)} expectations" in done.output


@pytest.fixture
def cellchat(tmp_path):
    """CellChatDB's three tables in a folder and in an archive."""
    folder = tmp_path / "cellchat"
    folder.mkdir()
    pairs = (
        '"","interaction_name","pathway_name","ligand","receptor","agonist","antagonist","co_A_receptor",'
        '"co_I_receptor","evidence","annotation"\n"A","A","TGFb","TGFB1","R12","","","","","x","Secreted Signaling"\n'
    )
    (folder / "db_interaction.csv").write_text(pairs)
    (folder / "db_complex.csv").write_text('"","subunit_1","subunit_2"\n"R12","TGFBR1","TGFBR2"\n')
    (folder / "db_cofactor.csv").write_text('"","cofactor1"\n"X","BMP4"\n')
    with zipfile.ZipFile(tmp_path / "cellchat.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"db/{path.name}")
    return folder


def test_cellchat_folder_and_archive_are_the_same(cellchat):
    archive = cellchat.with_suffix(".zip")
    found = [
        _open_resource.open_resource(text)
        for text in (str(cellchat), f"cellchatdb:{cellchat}", str(archive), f"cellchatdb:{archive}")
    ]
    assert {r.sha256 for r in found} == {found[0].sha256}
    assert found[0].interactions["interaction"].tolist() == ["TGFB1^TGFBR1_TGFBR2"]
    (cellchat / "db_complex.csv").unlink()
    with pytest.raises(ValueError, match="want one CSV file with 'complex' in its name"):
        _open_resource.open_resource(f"cellchatdb:{cellchat}")
    with pytest.raises(ValueError, match="holds the tables of none of cellchatdb, cellphonedb; found"):
        _open_resource.open_resource(str(cellchat))


def test_cellphonedb_is_told_by_its_files(tmp_path):
    folder = tmp_path / "cpdb"
    folder.mkdir()
    (folder / "interaction_input.csv").write_text("x\n1\n")
    with pytest.raises(FileNotFoundError, match=r"_input\.csv"):
        _open_resource.open_resource(str(folder))


@pytest.mark.parametrize(("name", "separator"), [("pairs.csv", ","), ("pairs.tsv", "\t"), ("pairs.csv.gz", ",")])
def test_a_table_is_a_resource(tmp_path, name, separator):
    frame = pd.DataFrame({"ligand": ["TGFB1", "IL6"], "receptor": ["TGFBR1_TGFBR2", "IL6R"], "note": ["", "NA"]})
    frame.to_csv(tmp_path / name, sep=separator, index=False)
    found = _open_resource.open_resource(str(tmp_path / name))
    assert found.name == name
    assert found.interactions["interaction"].tolist() == ["IL6^IL6R", "TGFB1^TGFBR1_TGFBR2"]


def test_parquet_and_named_formats(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"ligand": ["IL6"], "receptor": ["IL6R"]}).to_parquet(tmp_path / "p.parquet")
    assert len(_open_resource.open_resource(f"table:{tmp_path / 'p.parquet'}")) == 1
    pd.DataFrame({"Ligand gene symbol": ["IL6"], "Receptor gene symbol": ["IL6R"], "Ligand location": ["secreted"],
                  "PMID support": ["1"]}).to_csv(tmp_path / "c.csv", index=False)  # fmt: skip
    assert _open_resource.open_resource(f"connectomedb:{tmp_path / 'c.csv'}").name == "connectomedb"
    pd.DataFrame({"source_genesymbol": ["IL6"], "target_genesymbol": ["IL6R"]}).to_csv(tmp_path / "o.csv", index=False)
    assert _open_resource.open_resource(f"omnipath:{tmp_path / 'o.csv'}").name == "omnipath"


def test_orthologs_translate_what_the_curated_table_does_not_know(tmp_path):
    pairs, table = tmp_path / "pairs.csv", tmp_path / "orthologs.tsv"
    pairs.write_text("ligand,receptor\nABCD1,EFGH2\nIL6,IL6R\n")
    with pytest.warns(UserWarning, match="1 of 2 interactions are left out .* give orthologs="):
        assert "Abcd1^Efgh2" not in set(_mouse(pairs).interactions["interaction"])
    table.write_text("human\tmouse\nABCD1\tAbcd1\nEFGH2\tEfgh2\n")
    assert set(_mouse(pairs, table).interactions["interaction"]) == {"Abcd1^Efgh2"}


def _mouse(pairs, orthologs=None):
    return _open_resource.open_resource(str(pairs), species="mouse", orthologs=orthologs)


def test_a_file_of_mouse_genes_needs_no_orthologs(tmp_path):
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("ligand,receptor\nIl6,Il6ra\n")
    found = _open_resource.open_resource(str(pairs), species="mouse", file_species="mouse")
    assert found.interactions["interaction"].tolist() == ["Il6^Il6ra"]


BAD = {
    "name": (["--resource", "brest"], "did you mean 'breast'"),
    "format": (["--resource", "cellphonedb"], "--resource cellphonedb:PATH"),
    "absent file": (["--resource", "table:absent.csv"], "absent.csv does not exist"),
    "absent archive": (["--resource", "absent.zip"], "--resource absent.zip does not exist"),
    "ending": (["--resource", "README.md"], "README.md"),
    "species": (["--species", "rat"], "--species='rat'"),
    "orthologs": (["--species", "mouse", "--orthologs", "absent.csv"], "--orthologs absent.csv does not exist"),
    "ending of orthologs": (["--species", "mouse", "--orthologs", "x.xlsx"], "--orthologs x.xlsx must end"),
    "null": (["--null", "analytical"], "did you mean 'analytic'"),
    "scheme": (["--scheme", "rings"], "did you mean 'ring'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_resources_are_one_line_and_exit_code_2(cohort, case):
    args, message = BAD[case]
    done = invoke("score", cohort, "--groupby", "cell_type", *args)
    assert done.exit_code == 2
    line = [x for x in done.output.splitlines() if x.startswith("commscore: error:")]
    assert len(line) == 1
    assert message in line[0]


@pytest.mark.parametrize(("null", "expected"), [("none", {"none"}), ("analytic", {"analytic", "permutation"})])
def test_null_and_several_methods(cohort, tmp_path, null, expected):
    out = tmp_path / "t.csv"
    done = invoke("score", cohort, "--groupby", "cell_type", "--null", null, "--n-perms", 20, "--method", "mean",
                  "--method", "geometric", "--scheme", "ring", "--out", out, "--plot", tmp_path / "p.png")  # fmt: skip
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out, keep_default_na=False, na_values=[""])
    assert {"score_mean", "score_geometric", "padj_mean"} <= set(table)
    assert set(table["null"]) <= expected
    assert "method mean" in done.output


def test_resource_commands_give_json(tmp_path):
    listed = json.loads(invoke("resource", "list", "--json").stdout)["resources"]
    options = {row["name"]: row["option"] for row in listed}
    assert options["breast"] == "breast"
    assert options["cellphonedb"] == "cellphonedb:PATH"
    shown = json.loads(invoke("resource", "show", "CXCL12^CXCR4", "--json").stdout)
    assert len(shown["evidence"]) == len(cs.rs.load().evidence_for("CXCL12^CXCR4"))
    (tmp_path / "g.txt").write_text("CXCR4\nSDF1\n")
    found = json.loads(invoke("resource", "check", tmp_path / "g.txt", "--json", "--quiet").stdout)
    assert found["genes"]["symbol"] == 1
    assert found["genes"]["alias"] == 1
    assert found["testable"] == 1
    written = json.loads(invoke("resource", "export", tmp_path / "r.csv", "--json", "--quiet").stdout)
    assert written["rows"] == len(pd.read_csv(tmp_path / "r.csv")) == len(cs.rs.load())


def test_counts_that_are_there_stay(tmp_path):
    adata = cs.ds.simulate(n_samples=1, n_cells=150, rng=0)
    adata.layers["counts"] = adata.X * 2
    adata.write_h5ad(tmp_path / "a.h5ad")
    done = invoke("circuits", tmp_path / "a.h5ad", "--groupby", "cell_type", "--normalize", "--n-perms", 10,
                  "--data", tmp_path / "b.h5ad", "--out", tmp_path / "c.csv")  # fmt: skip
    assert done.exit_code == 0, done.output
    written = ad.read_h5ad(tmp_path / "b.h5ad")
    assert (written.layers["counts"] != adata.layers["counts"]).nnz == 0
    stored = cs.get.load(written, "commscore_circuits").table
    assert len(stored) == len(pd.read_csv(tmp_path / "c.csv"))


def test_the_folder_of_the_demo_is_a_folder(tmp_path):
    (tmp_path / "x").write_text("a file")
    done = invoke("demo", "--out", tmp_path / "x")
    assert done.exit_code == 2
    assert "is a file" in done.output
    assert (tmp_path / "x").read_text() == "a file"


def test_parquet_without_its_package_is_told_before_the_work(cohort, tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    done = invoke("score", cohort, "--groupby", "cell_type", "--out", tmp_path / "t.parquet")
    assert done.exit_code == 3
    assert "--out: .parquet needs the package pyarrow" in done.output
    assert "running" not in done.output


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    from commscore.cli import _files

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_files.tempfile, "mkstemp", refuse)
    with pytest.raises(PermissionError, match=r"t\.csv: no permission to write in the folder"):
        _files.write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.csv")
