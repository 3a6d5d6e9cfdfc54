"""CellPhoneDB, on a tiny database made here and on the published one."""

from __future__ import annotations

import csv
import shutil
import zipfile

import pandas as pd
import pytest

from commscore import rs
from commscore.rs.io import _read

GENE = """gene_name,uniprot,hgnc_symbol,ensembl
CDH1,P1,CDH1,ENSG1
ITGAE,P2,ITGAE,ENSG2
ITGB7,P3,ITGB7,ENSG3
CYP19A1,P4,CYP19A1,ENSG4
ESR1,P5,ESR1,ENSG5
GJA1,P6,GJA1,ENSG6
JAG1,P7,JAG1,ENSG7
NOTCH1,P8,NOTCH1,ENSG8
"""
COMPLEX = """complex_name,uniprot_1,uniprot_2,transmembrane,secreted,comment
integrin_aEb7_complex,P2,P3,TRUE,FALSE,"two, lines
here"
Estradiol_byCYP19A1,P4,,FALSE,TRUE,
"""
PROTEIN = """uniprot,protein_name,transmembrane,secreted
P1,CADH1,TRUE,FALSE
P7,JAG1,TRUE,FALSE
"""
HEADER = (
    "id_cp_interaction,partner_a,partner_b,source,is_ppi,interactors,classification,directionality,modulatory_effect"
)
INTERACTION = f"""{HEADER}
,P1,integrin_aEb7_complex,PMID:1,True,CDH1-ITGAE+ITGB7,Adhesion by Cadherin,Adhesion-Adhesion,
,Estradiol_byCYP19A1,P5,PMID:2,False,CYP19A1-ESR1,Signaling by Steroids,Ligand-Receptor,
,P6,P6,PMID:3,True,GJA1-GJA1,Adhesion by GAP junction,Gap-Gap,
,P7,P8,PMID:4,True,JAG1-NOTCH1,Signaling by Notch,Ligand-Receptor,Inhibitory
,P8,P1,PMID:5,True,NOTCH1-CDH1,,Receptor-Ligand,
"""
FILES = {"gene": GENE, "complex": COMPLEX, "protein": PROTEIN, "interaction": INTERACTION}


def write(folder, **changed):
    for name, text in (FILES | changed).items():
        if text is not None:
            (folder / f"{name}_input.csv").write_text(text, encoding="utf-8")
    return folder


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_complexes_molecules_and_directions(tmp_path):
    res = rs.from_cellphonedb(write(tmp_path))
    table = res.interactions.set_index("interaction")
    assert table["mode"].to_dict() == {
        "CDH1^ITGAE_ITGB7": "junctional_adhesion",
        "CDH1^NOTCH1": "contact",
        "CYP19A1^ESR1": "metabolite",
        "GJA1^GJA1": "gap_junction",
        "JAG1^NOTCH1": "contact",
    }
    assert table["kind"].to_dict()["CYP19A1^ESR1"] == "metabolite"
    assert (table["kind"] == "metabolite").sum() == 1
    assert table.loc["CYP19A1^ESR1", "partner_a"] == "Estradiol_byCYP19A1"
    assert table.loc["JAG1^NOTCH1", "effect"] == "inhibiting"
    assert (table["effect"] == "unknown").sum() == 4
    assert set(table["basis"]) == {"listed"}
    evidence = res.evidence.set_index("interaction")
    assert evidence.loc["JAG1^NOTCH1", "cited"] == "PMID:4"
    assert evidence.loc["JAG1^NOTCH1", "lines"] == "5-5"
    assert (res.name, res.version) == ("cellphonedb", "5")


def test_without_the_protein_table_ligands_are_not_known_to_be_bound(tmp_path):
    table = rs.from_cellphonedb(write(tmp_path, protein=None)).interactions.set_index("interaction")
    assert table.loc["JAG1^NOTCH1", "mode"] == "unknown"


def test_folder_and_archive_give_the_same(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    a = rs.from_cellphonedb(write(folder))
    members = {f"cellphonedb-data/data/{n}_input.csv": t for n, t in FILES.items()} | {"README.md": "x"}
    b = rs.from_cellphonedb(zipped(tmp_path / "data.zip", members))
    pd.testing.assert_frame_equal(a.interactions, b.interactions)
    assert a.sha256 == b.sha256
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.zip", "folder"]


def built_tables():
    """The numbered tables that CellPhoneDB builds from the input tables."""
    genes = list(csv.DictReader(GENE.splitlines()))
    complexes = list(csv.DictReader(COMPLEX.splitlines()))
    proteins = {g["uniprot"]: i for i, g in enumerate(genes)}
    secreted = {r["uniprot"]: (r["transmembrane"], r["secreted"]) for r in csv.DictReader(PROTEIN.splitlines())}
    numbers = proteins | {c["complex_name"]: len(proteins) + i for i, c in enumerate(complexes)}
    multidata = [(n, k, *secreted.get(k, ("FALSE", "TRUE"))) for k, n in numbers.items()]
    composition = [
        (numbers[c["complex_name"]], proteins[c[u]]) for c in complexes for u in ("uniprot_1", "uniprot_2") if c[u]
    ]
    rows = list(csv.DictReader(INTERACTION.splitlines()))
    columns = ["source", "is_ppi", "classification", "directionality", "modulatory_effect"]
    tables = {
        "multidata": (["id_multidata", "name", "transmembrane", "secreted"], multidata),
        "protein": (["id_protein", "protein_multidata_id"], [(100 + i, i) for i in proteins.values()]),
        "gene": (["gene_name", "protein_id"], [(g["gene_name"], 100 + i) for i, g in enumerate(genes)]),
        "complex_composition": (["complex_multidata_id", "protein_multidata_id"], composition),
        "interaction": (
            ["multidata_1_id", "multidata_2_id", *columns],
            [(numbers[r["partner_a"]], numbers[r["partner_b"]], *(r[c] for c in columns)) for r in rows],
        ),
    }
    return {
        f"{name}_table.csv": "\n".join(",".join(map(str, row)) for row in [head, *body]) + "\n"
        for name, (head, body) in tables.items()
    }


def test_the_built_database_says_the_same(tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    a = rs.from_cellphonedb(write(inputs)).interactions
    b = rs.from_cellphonedb(zipped(tmp_path / "cellphonedb.zip", built_tables())).interactions
    shared = ["interaction", "kind", "mode", "effect", "partner_a", "partner_b", "directionality"]
    pd.testing.assert_frame_equal(a[shared], b[shared])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"interaction": INTERACTION.replace(",P7,P8", ",P7,P88")},
            r"interaction_input.csv, line 5, column 'partner_b': 'P88' is neither a known protein nor a complex; did",
        ),
        ({"interaction": INTERACTION.replace(",P7,P8", ",P7,")}, r"line 5, column 'partner_b': the cell is empty"),
        (
            {"interaction": INTERACTION.replace("partner_a", "partner_A")},
            r"interaction_input.csv, line 1, column 'partner_a': missing; found .*",
        ),
        (
            {"complex": COMPLEX.replace("byCYP19A1,P4", "byCYP19A1,P9")},
            r"complex_input.csv, line 4, column 'uniprot_1': 'P9' is not in gene_input",
        ),
        (
            {"gene": GENE.replace("GJA1,P6,GJA1,ENSG6", "GJA1,P6")},
            r"gene_input.csv, line 7, column 'hgnc_symbol': missing",
        ),
        ({"gene": GENE.replace("ENSG6", "ENSG6,more")}, r"gene_input.csv, line 7, column 5: 5 cells, want 4"),
        ({"gene": GENE.replace("GJA1,P6", '"GJA1,P6')}, r"gene_input.csv, line \d+, column 1: unexpected end of data"),
        ({"gene": ""}, r"gene_input.csv, line 1, column 1: the file is empty"),
    ],
)
def test_malformed_files_name_file_line_and_column(tmp_path, changed, message):
    with pytest.raises(ValueError, match=message):
        rs.from_cellphonedb(write(tmp_path, **changed))


def test_bytes_that_are_no_text_are_located(tmp_path):
    write(tmp_path)
    path = tmp_path / "gene_input.csv"
    path.write_bytes(path.read_bytes().replace(b"GJA1,P6", b"GJA1,P\xff"))
    with pytest.raises(ValueError, match=r"gene_input.csv, line 7, column 2: not UTF-8"):
        rs.from_cellphonedb(tmp_path)


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file ends in 'complex_input.csv'; found gene_input.csv"):
        rs.from_cellphonedb(write(tmp_path, complex=None))
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such file or folder"):
        rs.from_cellphonedb(tmp_path / "nowhere")
    shutil.copy(tmp_path / "gene_input.csv", tmp_path / "old_gene_input.csv")
    write(tmp_path)
    with pytest.raises(ValueError, match=r"several files end in 'gene_input.csv': gene_input.csv, old_gene_input.csv"):
        rs.from_cellphonedb(tmp_path)
    tables = built_tables()
    del tables["gene_table.csv"]
    with pytest.raises(FileNotFoundError, match=r"no file is named 'gene_table.csv'"):
        rs.from_cellphonedb(zipped(tmp_path / "c.zip", tables))


@pytest.mark.parametrize(
    "name", ["../gene_input.csv", "/etc/gene_input.csv", "a/../../b.csv", "..\\x.csv", "C:\\x.csv"]
)
def test_archives_that_point_outside_are_refused(tmp_path, name):
    path = zipped(tmp_path / "evil.zip", {name: GENE})
    with pytest.raises(ValueError, match=r"evil.zip: member .* points outside the archive; refused"):
        rs.from_cellphonedb(path)


def test_archives_that_unpack_to_too_much_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_read, "MAX_BYTES", 10_000)
    path = zipped(tmp_path / "bomb.zip", {"gene_input.csv": "0" * 100_000})
    assert path.stat().st_size < 1_000
    with pytest.raises(ValueError, match=r"bomb.zip: unpacks to more than 10000 bytes; refused"):
        rs.from_cellphonedb(path)
    (tmp_path / "gene_input.csv").write_text("0" * 100_000)
    with pytest.raises(ValueError, match=r"gene_input.csv: larger than 10000 bytes"):
        rs.from_cellphonedb(tmp_path)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "x.zip").write_text("no archive")
    with pytest.raises(ValueError, match=r"x.zip: not a readable zip archive"):
        rs.from_cellphonedb(tmp_path / "x.zip")


def test_the_published_database(priors):
    res = rs.from_cellphonedb(priors)
    read = {
        n: pd.read_csv(priors / f"cellphonedb_v5_{n}_input.csv", dtype=str, keep_default_na=False)
        for n in ("interaction", "complex", "gene")
    }
    symbol = dict(zip(read["gene"]["uniprot"], read["gene"]["gene_name"]))
    columns = [f"uniprot_{i}" for i in range(1, 6)]
    for row in read["complex"].to_dict("records"):
        symbol[row["complex_name"]] = "_".join(symbol[row[c]] for c in columns if row[c])
    file = read["interaction"]
    expected = file["partner_a"].map(symbol) + "^" + file["partner_b"].map(symbol)
    assert len(res) == len(file) == 2911
    assert sorted(res.interactions["interaction"]) == sorted(expected)
    back = res.interactions.set_index("interaction").loc[expected]
    for column in ("partner_a", "partner_b", "classification", "directionality", "modulatory_effect"):
        assert back[column].tolist() == file[column].tolist()
    assert (back["mode"] == "gap_junction").sum() == (file["directionality"] == "Gap-Gap").sum() == 10
    assert (back["effect"] == "inhibiting").sum() == (file["modulatory_effect"] == "Inhibitory").sum()
    made = file["partner_a"].str.contains("_by")
    assert (back["kind"] == "metabolite").tolist() == made.tolist()
    pd.testing.assert_frame_equal(rs.from_table(res.interactions).interactions, res.interactions)
