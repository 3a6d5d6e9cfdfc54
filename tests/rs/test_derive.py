"""From statements to interactions."""

from __future__ import annotations

import pandas as pd
import pytest

from commscore import rs
from commscore.rs._derive import join_distinct, most_frequent, overall_direction


@pytest.mark.parametrize(
    ("said", "overall"),
    [
        (["pro", "pro", "unclear"], "pro"),
        (["anti", "unclear"], "anti"),
        (["pro", "anti"], "dual"),
        (["dual"], "dual"),
        (["dual", "pro"], "dual"),
        (["unclear"], "unclear"),
    ],
)
def test_direction(said, overall):
    assert overall_direction(said) == overall
    assert overall_direction(said[::-1]) == overall


def test_most_frequent_value_wins_and_ties_follow_the_order():
    assert most_frequent(["b", "a", "b"], ("a", "b")) == "b"
    assert most_frequent(["b", "a"], ("a", "b")) == "a"
    assert most_frequent(["a", "b"], ("b", "a")) == "b"


def test_join_distinct_splits_what_is_joined():
    assert join_distinct(["a;b", "b", "", "c;a"]) == "a;b;c"


def test_statements_are_summarised(small):
    table = small.interactions.set_index("interaction")
    row = table.loc["TGFB1^TGFBR1_TGFBR2"]
    assert row["mode"] == "paracrine"
    assert row["modes"] == "paracrine;autocrine"
    assert row["effect"] == "activating"
    assert (row["direction"], row["directions"]) == ("dual", "pro;anti;unclear")
    assert (row["n_evidence"], row["sources"], row["basis"]) == (3, "000;001", "stated")
    assert table.loc["GJA1^GJA1", "effect"] == "unknown"
    assert table.loc["GJA1^GJA1", "basis"] == "inferred"
    assert table.index.tolist() == sorted(table.index)


def test_order_of_statements_changes_nothing(small):
    from commscore import rs

    shuffled = rs.from_table(small.evidence.iloc[::-1], name="small")
    pd.testing.assert_frame_equal(shuffled.interactions, small.interactions)


SAID = [
    ("recruits", "", "shown", "mouse"),
    ("promotes", "invasion", "shown", "culture"),
    ("promotes", "growth", "proposed", "unstated"),
    ("promotes", "invasion", "summary", "unstated"),
    ("suppresses", "growth", "shown", "patients"),
    ("unknown", "", "summary", "unstated"),
]


@pytest.fixture
def told():
    rows = pd.DataFrame(SAID, columns=["outcome", "outcome_of", "certainty", "model"])
    return rs.from_table(rows.assign(ligand="CXCL12", receptor="CXCR4", statement=[*"abcdef"]))


def test_outcomes_are_summarised_and_what_statements_dispute_is_said(told):
    row = told.interactions.iloc[0]
    assert (row["outcome"], row["outcome_of"]) == ("promotes", "invasion;growth")
    assert row["outcomes"] == "promotes;suppresses;recruits"
    assert row["disputed"] == "growth"
    shuffled = rs.from_table(told.evidence.iloc[::-1])
    pd.testing.assert_frame_equal(shuffled.interactions, told.interactions)


def test_statements_are_chosen_by_outcome_certainty_and_model(told):
    left = told.filter(outcome="suppresses")
    assert left.interactions[["outcome", "outcome_of", "disputed"]].to_numpy().tolist() == [
        ["suppresses", "growth", ""]
    ]
    assert told.filter(certainty="shown").interactions["n_evidence"].tolist() == [3]
    assert told.filter(outcome="promotes", certainty=("shown", "summary")).evidence["statement"].tolist() == ["b", "d"]
    assert told.filter(model="patients").evidence["statement"].tolist() == ["e"]
    with pytest.raises(ValueError, match=r"outcome='kill' is not one of .*did you mean 'kills'"):
        told.filter(outcome="kill")


def test_a_table_that_says_nothing_of_outcome_and_certainty_has_words_for_it():
    listed = rs.from_table(pd.DataFrame({"ligand": ["A1", "A1"], "receptor": ["B1", "B1"]}))
    assert listed.evidence[["outcome", "outcome_of", "certainty", "model"]].iloc[0].tolist() == [
        "unknown",
        "",
        "unstated",
        "unstated",
    ]
    row = listed.interactions.iloc[0]
    assert row[["outcome", "outcome_of", "outcomes", "disputed"]].tolist() == ["unknown", "", "unknown", ""]
