"""The curated tables, and the shipped ones built from them."""

from __future__ import annotations

import json
import re
import shutil

import pandas as pd
import pytest

from commscore.tables.resource import CIRCUITS, TABLES
from curation import CURATION, DATA, script


@pytest.fixture(scope="module")
def build():
    return script("build")


@pytest.fixture(scope="module")
def frames(build):
    return build.read(CURATION)


@pytest.fixture
def copy(tmp_path):
    """A copy of the curated tables in which one cell can be changed."""
    folder = tmp_path / "resources"
    folder.mkdir()
    for path in [*CURATION.glob("*.tsv"), CURATION / "datapackage.json"]:
        shutil.copy(path, folder)

    def change(table, column, value, row=0):
        path = folder / f"{table}.tsv"
        lines = path.read_text(encoding="utf-8").split("\n")
        cells = lines[row + 1].split("\t")
        cells[lines[0].split("\t").index(column)] = value
        lines[row + 1] = "\t".join(cells)
        path.write_text("\n".join(lines), encoding="utf-8")
        return folder

    return change


def test_the_curated_tables_are_valid(build, frames):
    assert build.schema_errors(CURATION) == []
    assert build.fact_errors(frames) == []


def test_building_twice_gives_the_committed_bytes(build, tmp_path):
    first = build.build(CURATION, tmp_path / "a")
    second = build.build(CURATION, tmp_path / "b")
    assert first == second
    committed = {p.name for p in DATA.iterdir() if p.is_file()}
    assert set(first) == committed == {f"{t.name}.tsv" for t in TABLES} | {"meta.json"}
    for name in committed:
        assert (tmp_path / "a" / name).read_bytes() == (DATA / name).read_bytes(), name
        assert b"\r" not in (DATA / name).read_bytes()


def test_the_order_of_rows_changes_nothing(build, tmp_path):
    folder = tmp_path / "shuffled"
    folder.mkdir()
    shutil.copy(CURATION / "datapackage.json", folder)
    for path in CURATION.glob("*.tsv"):
        head, *rows = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
        (folder / path.name).write_text("\n".join([head, *rows[::-1]]) + "\n", encoding="utf-8")
    assert build.build(folder, tmp_path / "a") == build.build(CURATION, tmp_path / "b")


def test_the_package_declares_what_the_schema_does():
    package = json.loads((CURATION / "datapackage.json").read_text(encoding="utf-8"))
    declared = {t.name: t for t in TABLES} | {"circuit_steps": CIRCUITS}
    for resource in package["resources"]:
        table = declared.get(resource["name"])
        fields = resource["schema"]["fields"]
        header = (CURATION / resource["path"]).read_text(encoding="utf-8").split("\n")[0].split("\t")
        assert [f["name"] for f in fields] == header
        for field in fields:
            assert field["description"]
            if table is None or field["name"] not in table.names:
                continue
            column = table[field["name"]]
            values = [v for v in column.values if v]
            allowed = field.get("constraints", {}).get("enum", [])
            assert (field["type"] == "integer") == (column.kind == "int")
            if column.kind != "int":
                assert allowed == values


def shipped(name):
    return pd.read_csv(DATA / f"{name}.tsv", sep="\t", quoting=3, dtype=str, keep_default_na=False)


def test_every_fact_of_the_curated_tables_is_shipped(frames):
    shipped = {
        t.name: pd.read_csv(DATA / f"{t.name}.tsv", sep="\t", quoting=3, dtype=str, keep_default_na=False)
        for t in TABLES
    }
    for name in ("evidence", "molecules", "expectations", "therapies", "roles", "references", "sources", "symbols"):
        columns = list(frames[name].columns)
        left = frames[name].sort_values(columns).reset_index(drop=True)
        right = shipped[name][columns].sort_values(columns).reset_index(drop=True)
        pd.testing.assert_frame_equal(left, right)
    assert len(shipped["circuits"]) == len(frames["circuit_steps"])
    assert set(shipped["circuits"]["circuit"]) == set(frames["circuits"]["circuit"])
    assert set(shipped["circuits"]["circuit_statement"]) == set(frames["circuits"]["statement"])


def test_symbols_are_exactly_the_genes_that_are_named(frames):
    assert frames["symbols"]["symbol"].tolist() == sorted(script("symbols").genes_named(CURATION))


def test_ligands_and_receptors_are_symbols_or_metabolites(frames):
    symbols = set(frames["symbols"]["symbol"])
    for side in ("ligand", "receptor"):
        for molecule in frames["evidence"][side]:
            assert molecule.startswith("met:") or set(molecule.split("_")) <= symbols, molecule


BAD = [
    ("evidence", "lines", "12", r"evidence.tsv:2: lines: .*pattern"),
    ("evidence", "lines", "9-3", r"evidence.tsv:2: lines: '9-3' runs backwards"),
    ("evidence", "mode", "telepathy", r"evidence.tsv:2: mode: .*enum"),
    ("evidence", "ligand", "", r"evidence.tsv:2: ligand: .*required"),
    ("evidence", "ligand", "NOGENE1", r"evidence.tsv:2: ligand: 'NOGENE1' is not in symbols.tsv"),
    ("evidence", "ligand", "met:nothing", r"evidence.tsv:2: ligand: 'met:nothing' has no row in molecules.tsv"),
    ("evidence", "source", "777", r"evidence.tsv:2: .*777.*sources"),
    ("evidence", "sender", "ghost", r"evidence.tsv:2: .*ghost.*roles"),
    ("evidence", "context", "metastatic", r"evidence.tsv:2: context: .*pattern"),
    ("molecules", "sign", "0", r"molecules.tsv:2: sign: .*enum"),
    ("circuit_steps", "step", "99", r"steps of .* are \["),
    ("circuit_steps", "circuit", "ghost", r"circuit_steps.tsv:2: .*ghost.*circuits"),
    ("expectations", "change", "sideways", r"expectations.tsv:2: change: .*enum"),
    ("sources", "doi", "doi:10.1/x", r"sources.tsv:2: doi: .*pattern"),
    ("symbols", "ensembl", "ENSG1", r"symbols.tsv:2: ensembl: .*pattern"),
    ("evidence", "statement", '"quoted" text', r"evidence.tsv:2: statement: space or quote at an end"),
]


@pytest.mark.parametrize(("table", "column", "value", "message"), BAD)
def test_a_wrong_cell_is_found_and_located(build, copy, tmp_path, table, column, value, message):
    folder = copy(table, column, value)
    with pytest.raises(ValueError, match=message):
        build.build(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_inference_without_a_reason_is_found(build, copy, frames, tmp_path):
    row = int(frames["evidence"].index[frames["evidence"]["stated"] != "both"][0])
    folder = copy("evidence", "inferred_from", "", row=row)
    with pytest.raises(ValueError, match=rf"evidence.tsv:{row + 2}: inferred_from: empty"):
        build.build(folder, tmp_path / "out")


def test_a_fact_entered_twice_is_found(build, tmp_path, copy, frames):
    first = frames["expectations"]["expectation"].iloc[0]
    folder = copy("expectations", "expectation", first, row=1)
    with pytest.raises(ValueError, match=r"expectations.tsv:3: .*the same as in the row"):
        build.build(folder, tmp_path / "out")


def test_ids_are_unique_and_plain(frames):
    for name in ("circuits", "expectations"):
        ids = frames[name].iloc[:, 0]
        assert ids.is_unique
        assert all(re.fullmatch(r"[a-z0-9_]+", i) for i in ids)


def test_a_loop_closes_and_a_cascade_does_not(build, frames):
    kinds = dict(zip(frames["circuits"]["circuit"], frames["circuits"]["kind"], strict=True))
    assert sum(kind == "loop" for kind in kinds.values()) == 7
    for name, kind in kinds.items():
        frame = frames["circuits"].assign(
            kind=[{"loop": "cascade", "cascade": "loop"}[k] if c == name else k for c, k in kinds.items()]
        )
        does = "do" if kind == "loop" else "do not"
        errors = build.fact_errors(frames | {"circuits": frame})
        assert [e for e in errors if f"{name!r} is a" in e and e.endswith(f"its steps {does} close")]


def test_what_closes_and_what_does_not(build):
    def steps(*ends):
        names = ("edge", "source_role", "from", "to", "target_role")
        return [dict(zip(names, end, strict=True)) for end in ends]

    there = ("communication", "tumour", "IL6", "IL6R", "caf")
    back = ("intracellular", "caf", "IL6R", "HGF", "caf"), ("communication", "caf", "HGF", "MET", "tumour")
    assert not build.closes(steps(there, *back))
    assert build.closes(steps(there, *back, ("intracellular", "cancer_stem_cell", "MET", "IL6", "cancer_stem_cell")))
    assert not build.closes(steps(("communication", "tumour", "CDH1", "CDH1", "tumour")))
    matures = ("communication", "tumour", "CCL2", "CCR2", "osteoclast_precursor")
    frees = (
        ("communication", "osteoclast", "TGFB1", "TGFBR1", "tumour"),
        ("intracellular", "tumour", "TGFBR1", "CCL2", "tumour"),
    )
    assert build.closes(steps(matures, *frees))


def test_the_sign_of_a_communication_step_is_the_effect_on_its_receptor(frames):
    circuits = shipped("circuits")
    steps = circuits[circuits["edge"] == "communication"]
    effect = shipped("interactions").set_index("interaction")["effect"].reindex(steps["interaction"])
    lowers = effect.isin(["inhibiting", "decoy"]).to_numpy()
    wrong = steps[(steps["sign"] == "-1").to_numpy() != lowers]
    assert wrong[["circuit", "step"]].to_numpy().tolist() == []
    silences = steps.set_index("circuit").loc["cd24_siglec10"]
    assert (silences["sign"], silences["outcome"], silences["outcome_of"]) == ("1", "suppresses", "phagocytosis")


def test_steps_that_end_at_a_protein_are_marked_and_counted(frames):
    circuits = shipped("circuits")
    inside = circuits[circuits["edge"] == "intracellular"]
    assert len(inside) == 125
    assert (inside["protein_only"] == "True").sum() == 60
    always = inside["to"].isin(["AKT1", "MAPK1", "STAT3", "NFKB1", "PTK2", "MTOR", "CTNNB1", "SRC"])
    assert (inside.loc[always, "protein_only"] == "True").all()
    never = inside["to"].isin(["TNFSF11", "VEGFA", "JAG1", "IL6", "ABCB1", "ACTA2", "CXCL12"])
    assert (inside.loc[never, "protein_only"] == "False").all()
    numbers = circuits.drop_duplicates("circuit")["measurable_steps"].astype(int)
    assert (len(numbers), (numbers == 0).sum(), (numbers >= 2).sum()) == (104, 18, 61)


def test_every_fact_has_its_heading_and_every_entry_its_title():
    for name in ("evidence", "circuits", "expectations", "therapies"):
        assert (shipped(name)["section"] != "").all()
    therapies = shipped("therapies").set_index(["therapy", "lines"])["section"]
    assert therapies["mct4 inhibitor", "191-191"] == "Targeting Tumor Metabolism"
    references = shipped("references").set_index(["source", "key"])
    assert (references["title"] != "").all()
    assert references.loc[("004", "[44]"), "title"] == "EMT: 2016"
    assert references.loc[("001", "[2]"), "title"].startswith("Accessories to the crime: functions of cells")
    assert references.loc["001", "doi"].str.startswith("10.").all()
