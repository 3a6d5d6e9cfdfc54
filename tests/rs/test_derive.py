"""From statements to interactions."""

from __future__ import annotations

import pandas as pd
import pytest

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
