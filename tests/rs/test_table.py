"""Any table of ligands and receptors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commscore import rs
from commscore.tables.resource import INTERACTIONS


def table(**columns):
    return pd.DataFrame({"ligand": ["TGFB1", "IL6"], "receptor": ["TGFBR1_TGFBR2", "IL6R_IL6ST"], **columns})


def test_defaults_and_order():
    res = rs.from_table(table(), name="mine", version="3", licence="MIT")
    assert (res.name, res.version, res.licence, res.species) == ("mine", "3", "MIT", "human")
    assert res.interactions["interaction"].tolist() == ["IL6^IL6R_IL6ST", "TGFB1^TGFBR1_TGFBR2"]
    row = res.interactions.iloc[0]
    assert (row["kind"], row["mode"], row["directness"]) == ("protein", "unknown", "direct")
    assert (row["effect"], row["direction"], row["sources"]) == ("unknown", "unclear", "mine")
    assert row["basis"] == "listed"
    assert set(res.evidence["inferred_from"]) == {"listed in mine"}


def test_the_table_is_not_changed():
    df = table(stated=[True, False])
    before = df.copy()
    rs.from_table(df)
    pd.testing.assert_frame_equal(df, before)


def test_round_trip_loses_nothing(breast, small):
    for res in (breast, small, rs.from_table(table(weight=[0.5, 2.0], note=["a", None]))):
        again = rs.from_table(res.interactions, name=res.name)
        pd.testing.assert_frame_equal(again.interactions, res.interactions)
        pd.testing.assert_frame_equal(rs.from_table(res.to_liana()).to_liana(), res.to_liana())
    full = rs.from_table(breast.evidence)
    pd.testing.assert_frame_equal(full.interactions, breast.interactions)
    pd.testing.assert_frame_equal(full.evidence, breast.evidence, check_dtype=False)  # pandas 3 has two kinds of text


def test_a_table_can_say_what_a_pair_rests_on_and_its_pathway():
    df = table(basis=["family", "listed"], pathway=["mine", None])
    rows = rs.from_table(df, name="mine").interactions.set_index("interaction")
    assert rows["basis"].to_dict() == {"TGFB1^TGFBR1_TGFBR2": "family", "IL6^IL6R_IL6ST": "listed"}
    assert rows["pathway"].to_dict() == {"TGFB1^TGFBR1_TGFBR2": "mine", "IL6^IL6R_IL6ST": "IL-6"}
    with pytest.raises(
        ValueError, match=r"df\['basis'\], row 0: 'known' is not one of stated, inferred, family, listed"
    ):
        rs.from_table(table(basis=["known", "listed"]))


def test_duplicates_are_joined_and_their_statements_kept():
    df = pd.DataFrame(
        {
            "ligand": ["A", "A", "A", "B"],
            "receptor": ["R", "R", "R", "R"],
            "mode": ["ecm", "contact", "ecm", "hormone"],
            "stated": [False, True, False, False],
            "weight": [1.0, 1.0, 2.0, 5.0],
            "pmid": ["1;2", "2;3", None, "9"],
        }
    )
    res = rs.from_table(df)
    rows = res.interactions.set_index("interaction")
    assert (rows.loc["A^R", "mode"], rows.loc["A^R", "modes"]) == ("contact", "contact;ecm")
    assert rows.loc["A^R", "n_evidence"] == 3
    assert rows.loc["A^R", "basis"] == "stated"
    assert (rows.loc["A^R", "weight"], rows.loc["B^R", "weight"]) == ("1.0;2.0", 5.0)
    assert rows.loc["A^R", "pmid"] == "1;2;3"
    assert len(res.evidence) == 4


def test_other_columns_and_separators():
    df = pd.DataFrame({"from": ["TGFB1"], "to": ["TGFBR1 & TGFBR2"]})
    res = rs.from_table(df, ligand="from", receptor="to", sep="&")
    assert res.interactions["receptor"].tolist() == ["TGFBR1_TGFBR2"]
    own = rs.from_table(pd.DataFrame({"ligand": ["AC1_2&LOC_Os1"], "receptor": ["B"]}), sep="&")
    assert own.interactions["interaction"].tolist() == ["AC1-2_LOC-Os1^B"]
    assert dict(zip(own.symbols["symbol"], own.symbols["aliases"], strict=True)) == {
        "AC1-2": "AC1_2",
        "LOC-Os1": "LOC_Os1",
    }


def test_the_name_of_a_genome_is_part_of_the_gene():
    df = pd.DataFrame({"ligand": ["GRCh38_CXCL12"], "receptor": ["mm10___Itga1_mm10___Itgb1"]})
    for sep, table in (("_", df), ("&", df.replace("_mm10", "&mm10", regex=True))):
        own = rs.from_table(table, sep=sep)
        assert own.interactions["interaction"].tolist() == ["GRCh38-CXCL12^mm10---Itga1_mm10---Itgb1"]
        assert set(own.symbols["aliases"]) == {"GRCh38_CXCL12", "mm10___Itga1", "mm10___Itgb1"}


def test_species_and_symbols():
    mouse = rs.from_table(table(), species="mouse")
    assert mouse.species == "mouse"
    assert mouse.symbols.empty
    known = set(rs.load().symbols["symbol"])
    assert (
        set(rs.from_table(table()).symbols["symbol"]) == {"TGFB1", "TGFBR1", "TGFBR2", "IL6", "IL6R", "IL6ST"} & known
    )
    assert rs.from_table(table(), species="rat").species == "rat"
    with pytest.raises(ValueError, match=r"species='humna' is none; .*did you mean 'human'"):
        rs.from_table(table(), species="humna")


@pytest.mark.parametrize(
    ("genes", "species"),
    [
        (["CXCL12", "C1orf54"], "human"),
        (["L1", "R1"], "human"),
        (["Cxcl12", "Cxcr4"], "mouse"),
        (["cxcl12a", "cxcr4b"], "unknown"),
        (["met:lactate", "Cxcr4"], "mouse"),
    ],
)
def test_the_species_is_that_of_the_spelling(genes, species):
    df = pd.DataFrame({"ligand": genes[:1], "receptor": genes[1:]})
    assert rs.from_table(df).species == species
    assert rs.from_table(df, species="rat").species == "rat"


def test_hash_is_of_the_content():
    assert rs.from_table(table()).sha256 == rs.from_table(table()).sha256
    assert rs.from_table(table()).sha256 != rs.from_table(table().iloc[:1]).sha256


def test_an_empty_table_gives_an_empty_resource():
    res = rs.from_table(table().iloc[:0])
    assert len(res) == 0
    assert list(res.interactions.columns) == list(INTERACTIONS.names)


@pytest.mark.parametrize("bad", [None, np.nan, pd.NA, float("nan")])
def test_missing_cells_name_their_row(bad):
    df = pd.DataFrame({"ligand": ["A", bad], "receptor": ["B", "C"]}, index=["one", "two"])
    with pytest.raises(ValueError, match=r"df\['ligand'\], row 'two' \(number 1\): missing"):
        rs.from_table(df)


@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [
        ("", ValueError, r"row 1 \(number 1\): '' is empty"),
        ("  ", ValueError, r"is empty or has an empty subunit"),
        ("A__B", ValueError, r"'A__B' is empty or has an empty subunit; if '_' is part of a gene's name.*sep="),
        ("met:", ValueError, r"is empty"),
        ("A^B", ValueError, r"'A\^B' contains a space or '\^'"),
        ("A B", ValueError, r"contains a space"),
        (7, TypeError, r"7 \(int\) is not a gene symbol"),
    ],
)
def test_bad_cells_name_their_row(cell, error, message):
    df = pd.DataFrame({"ligand": ["A", "B"], "receptor": pd.Series(["C", cell], dtype=object)})
    with pytest.raises(error, match=message):
        rs.from_table(df)


@pytest.mark.parametrize(
    ("df", "kwargs", "error", "message"),
    [
        (table(), {"ligand": "ligan"}, ValueError, r"ligand='ligan' is not a column; .*did you mean 'ligand'\?"),
        (table(), {"receptor": "ligand"}, ValueError, r"same column 'ligand'"),
        (table(mode=["ecm", "ecn"]), {}, ValueError, r"df\['mode'\], row 1: 'ecn' is not one of .*mean 'ecm'\?"),
        (table(stated=["both", "x"]), {}, ValueError, r"df\['stated'\], row 1: 'x' is neither True, False"),
        ([("A", "B")], {}, TypeError, r"df must be a pandas DataFrame, found .*list"),
    ],
)
def test_bad_tables_are_refused(df, kwargs, error, message):
    with pytest.raises(error, match=message):
        rs.from_table(df, **kwargs)


def test_repeated_column_names_are_refused():
    df = pd.DataFrame([["A", "B", 1, 2]], columns=["ligand", "receptor", "x", "x"])
    with pytest.raises(ValueError, match=r"several columns named 'x'"):
        rs.from_table(df)
