"""Merging: no pair twice, no curated word outvoted, and what is known of molecules is carried to their pairs."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from commscore import rs

SAID = {"kind": "", "mode": "unknown", "directness": "", "effect": "unknown", "direction": "unclear", "pathway": ""}
"""Columns that curated statements give, and the word by which they give nothing."""
TOLD_BOTH_WAYS = {frozenset({"CDH1", "CDH2"})}
"""Pairs that reviews tell from either side."""


def table(*pairs, **columns):
    return pd.DataFrame(pairs, columns=["ligand", "receptor"]).assign(**columns)


def listed(*pairs, name="list", **columns):
    return rs.from_table(table(*pairs, **columns), name=name)


def curated(*pairs, name="mine", **columns):
    return rs.from_table(table(*pairs, stated=True, **columns), name=name)


def members(name):
    return frozenset(name.split("_"))


def pairs_of(res):
    """Every pair without the order of its sides and of their subunits."""
    return Counter(
        frozenset((members(a), members(b))) for a, b in zip(res.interactions["ligand"], res.interactions["receptor"])
    )


def row(res, interaction):
    return res.interactions.set_index("interaction").loc[interaction]


def check_merge(base, other):
    """Laws of every merge of a curated resource with a list."""
    both = base.merge(other)
    twice = {pair for pair, n in pairs_of(both).items() if n > 1}
    assert {frozenset().union(*pair) for pair in twice} <= TOLD_BOTH_WAYS
    assert pairs_of(both).keys() == pairs_of(base).keys() | pairs_of(other).keys()
    before = base.interactions[base.interactions["basis"] != "listed"].set_index("interaction")
    after = both.interactions.set_index("interaction").loc[before.index]
    for column, silence in SAID.items():
        said = before[column] != silence
        assert after.loc[said, column].tolist() == before.loc[said, column].tolist(), column
    again = other.merge(base).interactions
    pd.testing.assert_frame_equal(again, both.interactions[again.columns])
    assert both.merge(other) is both
    return both


# subunits


def test_the_order_of_subunits_is_no_difference():
    both = check_merge(curated(("IL23A_IL12B", "IL23R_IL12RB1")), listed(("IL12B_IL23A", "IL12RB1_IL23R")))
    assert both.interactions["interaction"].tolist() == ["IL23A_IL12B^IL23R_IL12RB1"]
    assert both.interactions["n_evidence"].tolist() == [2]
    lists = listed(("B_A", "R"), name="a").merge(listed(("A_B", "R"), ("A_B", "S"), name="b"))
    assert lists.interactions["interaction"].tolist() == ["A_B^R", "A_B^S"]
    kept = listed(("B_A", "R"), name="a").merge(listed(("B_A", "S"), name="b"))
    assert kept.interactions["interaction"].tolist() == ["B_A^R", "B_A^S"]  # nobody writes it otherwise


def test_a_table_that_writes_a_pair_twice_is_joined_too():
    twice = listed(("A_B", "R"), ("B_A", "R"), score=[1.0, 2.0])
    both = listed(("X", "Y")).merge(twice)
    assert both.interactions["interaction"].tolist() == ["A_B^R", "X^Y"]
    assert row(both, "A_B^R")["score"] == "1.0;2.0"
    assert both.evidence["ligand"].tolist() == ["A_B", "X"]  # the statements say the same: one of them


def test_the_order_of_merging_changes_no_pair():
    parts = [
        curated(("IL23A_IL12B", "IL23R")),
        listed(("IL12B_IL23A", "IL23R"), ("CD28", "CD80"), name="a"),
        listed(("IL23R", "IL12B_IL23A"), ("C_B_A", "X"), name="b"),
        listed(("B_C_A", "X"), ("CD80", "CD28"), ("CD80", "CTLA4"), name="c"),
    ]
    results = [x.merge(y).merge(z.merge(w)) for x, y, z, w in itertools.permutations(parts)]
    results += [x.merge(y).merge(z).merge(w) for x, y, z, w in itertools.permutations(parts)]
    for res in results:
        assert res.interactions["interaction"].tolist() == ["A_B_C^X", "CD80^CD28", "CD80^CTLA4", "IL23A_IL12B^IL23R"]
        assert len(res.evidence) == 8


# sides


def test_a_pair_with_its_sides_exchanged_is_the_same_and_says_so():
    both = check_merge(curated(("CD80", "CTLA4"), mode=["checkpoint"]), listed(("CTLA4", "CD80"), mode=["contact"]))
    assert row(both, "CD80^CTLA4")[["mode", "n_evidence", "sources"]].tolist() == ["checkpoint", 2, "list;mine"]
    evidence = both.evidence.set_index("source")
    assert evidence.loc["list", ["ligand", "receptor", "inferred_from"]].tolist() == [
        "CD80",
        "CTLA4",
        "listed in list as CTLA4^CD80",
    ]


def test_of_two_lists_the_ligand_is_what_more_often_is_one():
    first = listed(("CD28", "CD80"), name="a")
    by_role = first.merge(listed(("CD80", "CD28"), ("CD80", "CTLA4"), name="b"))  # a ligand elsewhere
    assert by_role.interactions["interaction"].tolist() == ["CD80^CD28", "CD80^CTLA4"]
    assert first.merge(listed(("CD80", "CD28"), name="b")).interactions["interaction"].tolist() == ["CD28^CD80"]


def test_the_shipped_list_decides_before_those_of_others(shipped):
    both = shipped["general"].merge(listed(("CD28", "CD80"), ("CD28", "CD86")))
    assert {"CD80^CD28", "CD86^CD28"} <= set(both.interactions["interaction"])
    assert not {"CD28^CD80", "CD28^CD86"} & set(both.interactions["interaction"])


def test_what_reviews_tell_both_ways_stays_two():
    both = curated(("CDH1", "CDH2")).merge(curated(("CDH2", "CDH1"), name="other"))
    assert both.interactions["interaction"].tolist() == ["CDH1^CDH2", "CDH2^CDH1"]
    both = check_merge(both, listed(("CDH2", "CDH1")))
    assert both.interactions["n_evidence"].tolist() == [1, 2]


def test_homophilic_pairs_are_left_alone():
    both = check_merge(curated(("CDH1", "CDH1")), listed(("CDH1", "CDH1")))
    assert both.interactions["interaction"].tolist() == ["CDH1^CDH1"]


# words


def test_lists_outvote_no_curated_statement_however_many_they_are():
    base = curated(("A", "R"), mode=["checkpoint"], effect=["inhibiting"], direction=["anti"])
    for name in "abc":
        base = check_merge(
            base, listed(("A", "R"), name=name, mode=["contact"], effect=["activating"], direction=["pro"])
        )
    assert row(base, "A^R")[["mode", "effect", "direction"]].tolist() == ["checkpoint", "inhibiting", "anti"]
    assert row(base, "A^R")["modes"] == "contact;checkpoint"


def test_a_rule_about_a_family_stands_between_a_review_and_a_list():
    pair = ("A", "R")
    family = rs.from_table(table(pair, basis="family", mode="ecm"), name="rule")
    a_list = listed(pair, mode=["contact"])
    assert row(family.merge(a_list), "A^R")[["mode", "basis"]].tolist() == ["ecm", "family"]
    review = curated(pair, mode=["hormone"])
    assert row(family.merge(a_list).merge(review), "A^R")[["mode", "basis"]].tolist() == ["hormone", "stated"]


def test_what_a_list_says_fills_what_reviews_do_not():
    base, other = curated(("A", "R")), listed(("A", "R"), mode=["ecm"], effect=["activating"])
    assert row(check_merge(base, other), "A^R")[["mode", "effect"]].tolist() == ["ecm", "activating"]


# what is known of molecules


def test_knowledge_of_molecules_is_carried_to_their_pairs_and_marked():
    base = curated(("A", "R"), ("B", "R"), ("B", "S"), mode=["ecm", "ecm", "contact"])
    both = check_merge(base, listed(("A", "S"), ("A_X", "T"), ("B", "T"), ("C", "R")))
    modes = both.interactions.set_index("interaction")["mode"]
    assert modes[["A^S", "A_X^T", "B^T", "C^R"]].tolist() == ["ecm", "ecm", "unknown", "unknown"]
    carried = both.interactions.set_index("interaction")["carried"]
    assert carried.to_dict() == {i: "mode" if i in ("A^S", "A_X^T") else "" for i in modes.index}
    assert set(both.evidence.loc[both.evidence["interaction"] == "A^S", "mode"]) == {"unknown"}


def test_what_was_carried_is_no_statement():
    """It follows again from all that is known after the next merge."""
    both = curated(("A", "R"), mode=["ecm"]).merge(listed(("A", "S")))
    assert row(both, "A^S")["mode"] == "ecm"
    more = both.merge(curated(("A", "T"), name="other", mode=["contact"]))
    assert row(more, "A^S")["mode"] == "unknown"
    assert "carried" not in more.interactions
    more = both.merge(listed(("A", "S"), name="other", mode=["contact"]))
    assert row(more, "A^S")["mode"] == "contact"


def test_rules_about_families_speak_of_the_pairs_of_any_list():
    both = rs.load("breast").merge(listed(("COL9A1", "ITGA1_ITGB1"), ("CXCL9", "CXCR3"), ("QQQ1", "QQQ2")))
    assert row(both, "COL9A1^ITGA1_ITGB1")[["mode", "carried"]].tolist() == ["ecm", "mode;effect"]
    assert row(both, "CXCL9^CXCR3")[["mode", "pathway"]].tolist() == ["paracrine", "CXCL"]
    assert row(both, "QQQ1^QQQ2")[["mode", "pathway", "carried"]].tolist() == ["unknown", "", ""]


def test_filters_find_what_was_carried_and_keep_it():
    base = curated(("A", "R"), mode=["ecm"])
    both = base.merge(listed(("A", "S"), name="a")).merge(listed(("A", "S"), name="b"))
    assert both.filter(mode="ecm").interactions["interaction"].tolist() == ["A^R", "A^S"]
    assert len(both.filter(mode="unknown")) == 0
    part = both.filter(sources=["a"])
    assert row(part, "A^S")[["mode", "carried", "n_evidence"]].tolist() == ["ecm", "mode", 1]


# the tables of others


@pytest.fixture(scope="module")
def shipped():
    return {name: rs.as_resource(name) for name in ("breast", "general", "breast+general")}


def test_the_two_that_are_shipped(shipped):
    both = check_merge(shipped["breast"], shipped["general"])
    assert both.sha256 == shipped["breast+general"].sha256
    assert both.licence == "CC-BY-4.0"
    assert both.version == "+".join(shipped[name].version for name in ("breast", "general"))


@pytest.mark.parametrize("name", ["cellphonedb", "cellchatdb", "icellnet"])
def test_foreign_tables_double_no_pair_and_change_no_curated_word(shipped, priors, name):
    other = {"cellphonedb": cellphonedb, "cellchatdb": cellchatdb, "icellnet": icellnet}[name](priors)
    for base in (shipped["breast"], shipped["breast+general"]):
        both = check_merge(base, other)
        assert (both.interactions["mode"] == "unknown").mean() < 0.15
    curated_words = shipped["breast"].interactions.set_index("interaction")["mode"]
    after = row(both, curated_words.index)
    assert after["mode"].tolist() == curated_words.tolist()


def test_liana_s_consensus():
    pytest.importorskip("liana")
    consensus = rs.from_liana()
    assert set(consensus.interactions["mode"]) == {"unknown"}
    both = check_merge(rs.as_resource("breast+general"), consensus)
    assert (both.interactions["mode"] == "unknown").mean() < 0.15


def cellphonedb(folder):
    return rs.from_cellphonedb(folder)


def cellchatdb(folder):
    return rs.from_cellchatdb(
        *(folder / f"cellchatdb_v2_human_{name}.csv" for name in ("interaction", "complex", "cofactor"))
    )


def icellnet(folder):
    frame = pd.read_csv(folder / "ICELLNETdb.tsv", sep="\t", dtype=str, keep_default_na=False)
    sides = {"ligand": frame.filter(like="Ligand ").to_numpy(), "receptor": frame.filter(like="Receptor ").to_numpy()}
    pairs = pd.DataFrame({k: ["_".join(filter(None, map(str.strip, names))) for names in v] for k, v in sides.items()})
    plain = np.logical_and(*(pairs[side].str.fullmatch(r"[A-Za-z0-9._-]+") for side in pairs))
    assert plain.mean() > 0.98
    return rs.from_table(pairs[plain], name="icellnet")
