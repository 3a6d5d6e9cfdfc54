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
    with pytest.raises(ValueError, match=r"row 0 \(number 0\): 'AC1_2' contains .*'_', which no symbol may"):
        rs.from_table(pd.DataFrame({"ligand": ["AC1_2"], "receptor": ["B"]}), sep="&")


def test_species_and_symbols():
    mouse = rs.from_table(table(), species="mouse")
    assert mouse.species == "mouse"
    assert mouse.symbols.empty
    known = set(rs.load().symbols["symbol"])
    assert (
        set(rs.from_table(table()).symbols["symbol"]) == {"TGFB1", "TGFBR1", "TGFBR2", "IL6", "IL6R", "IL6ST"} & known
    )
    with pytest.raises(ValueError, match=r"species='rat' is not one of"):
        rs.from_table(table(), species="rat")


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
        ("A__B", ValueError, r"'A__B' is empty or has an empty subunit"),
        ("met:", ValueError, r"is empty"),
        ("A^B", ValueError, r"'A\^B' contains a space, '\^'"),
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
