"""CellChatDB, on tiny tables made here and on the published ones."""

from __future__ import annotations

import pandas as pd
import pytest

from commscore import rs

COFACTORS = ["agonist", "antagonist", "co_A_receptor", "co_I_receptor"]
HEADER = ["", "interaction_name", "ligand", "receptor", *COFACTORS, "annotation", "evidence"]
INTERACTION = (
    ",".join(f'"{h}"' for h in HEADER)
    + """
"A_R","A_R","A","R1_R2","A agonist","A antagonist","","I receptor","Secreted Signaling","PMID: 1"
"A_R2","A_R2","A","R2_R1","","","","","Secreted Signaling","PMID: 2"
"C_D","C_D","C","D","","","","","ECM-Receptor",""
"E_F","E_F","E","F","","","","","Cell-Cell Contact",""
"M_G","M_G","Glu-M","G","","","","","Non-protein Signaling",""
"""
)
COMPLEX = """"","subunit_1","subunit_2"
"R1_R2","RA","RB"
"R2_R1","RA","RB"
"Glu-M","GLS","SLC1A1"
"""
COFACTOR = """"","cofactor1","cofactor2"
"A agonist","X1",""
"A antagonist","Y1","Y2"
"I receptor","Z1",""
"""


@pytest.fixture
def read(tmp_path):
    def call(interaction=INTERACTION, complex=COMPLEX, cofactor=COFACTOR, **kwargs):  # noqa: A002
        paths = []
        for name, text in (("interaction", interaction), ("complex", complex), ("cofactor", cofactor)):
            paths.append(tmp_path / f"{name}.csv")
            paths[-1].write_text(text, encoding="utf-8")
        return rs.from_cellchatdb(*paths, **kwargs)

    return call


def test_complexes_cofactors_and_modes(read):
    res = read()
    table = res.interactions.set_index("interaction")
    assert table["mode"].to_dict() == {
        "A^RA_RB": "paracrine",
        "C^D": "ecm",
        "E^F": "contact",
        "GLS_SLC1A1^G": "metabolite",
    }
    assert table.loc["GLS_SLC1A1^G", "kind"] == "metabolite"
    row = table.loc["A^RA_RB"]
    assert [row[c] for c in COFACTORS] == ["X1", "Y1;Y2", "", "Z1"]
    assert [row[f"{c}_set"] for c in COFACTORS] == ["A agonist", "A antagonist", "", "I receptor"]
    assert (row["n_evidence"], row["interaction_name"]) == (2, "A_R;A_R2")
    assert res.evidence["cited"].tolist()[:2] == ["PMID: 1", "PMID: 2"]
    assert res.evidence["lines"].tolist()[:2] == ["2-2", "3-3"]
    assert set(table["basis"]) == {"listed"}
    assert read(species="mouse").species == "mouse"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"interaction": INTERACTION.replace('"I receptor"', '"J receptor"')},
            r"interaction.csv, line 2, column 'co_I_receptor': 'J receptor' is not in the cofactor table",
        ),
        (
            {"interaction": INTERACTION.replace("ECM-Receptor", "ECM")},
            r"interaction.csv, line 4, column 'annotation': 'ECM' is not one of Secreted Signaling",
        ),
        (
            {"complex": COMPLEX.replace('"RA","RB"', '"",""', 1)},
            r"complex.csv, line 2, column 'subunit_1': .* no member",
        ),
        ({"complex": COMPLEX.replace('"R2_R1"', '"R1_R2"')}, r"complex.csv, line 3, .*'R1_R2' is defined twice"),
        (
            {"cofactor": COFACTOR.replace("cofactor1", "cofactor0")},
            r"cofactor.csv, line 1, column 'cofactor1': missing",
        ),
        ({"interaction": INTERACTION.replace('"C","D"', '"","D"')}, r"line 4, column 'ligand': the cell is empty"),
    ],
)
def test_malformed_files_name_file_line_and_column(read, changed, message):
    with pytest.raises(ValueError, match=message):
        read(**changed)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a.csv: no such file"):
        rs.from_cellchatdb(tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv")


def test_the_published_database(priors):
    paths = {n: priors / f"cellchatdb_v2_human_{n}.csv" for n in ("interaction", "complex", "cofactor")}
    res = rs.from_cellchatdb(*paths.values())
    file, complexes, cofactors = (pd.read_csv(p, dtype=str, keep_default_na=False) for p in paths.values())
    assert len(res.evidence) == len(file) == 3233
    subunits = {r[0]: "_".join(x for x in r[1:] if x) for r in complexes.itertuples(index=False)}
    members = {r[0]: {x for x in r[1:] if x} for r in cofactors.itertuples(index=False)}
    pair = file["ligand"].map(lambda x: subunits.get(x, x)) + "^" + file["receptor"].map(lambda x: subunits.get(x, x))
    assert set(res.interactions["interaction"]) == set(pair)
    assert len(res) == pair.nunique()
    assert res.interactions["n_evidence"].sum() == len(file)
    back = res.interactions.set_index("interaction").loc[pair]
    for column in COFACTORS:
        for name, found, joined in zip(file[column], back[column], back["n_evidence"]):
            genes = {g for g in found.split(";") if g}
            assert genes >= members.get(name, set())
            assert joined > 1 or genes == members.get(name, set())
    single = back["n_evidence"].to_numpy() == 1
    assert back.loc[single, "interaction_name"].tolist() == file.loc[single, "interaction_name"].tolist()
    modes = {
        "Secreted Signaling": "paracrine",
        "ECM-Receptor": "ecm",
        "Cell-Cell Contact": "contact",
        "Non-protein Signaling": "metabolite",
    }
    assert back.loc[single, "mode"].tolist() == file.loc[single, "annotation"].map(modes).tolist()
    pd.testing.assert_frame_equal(rs.from_table(res.interactions).interactions, res.interactions)
