"""Pairs that stand for a family a review names: all of its members, in its lines, and told apart by their basis."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from commscore import rs
from curation import CURATION, script


@pytest.fixture(scope="module")
def breast():
    return rs.load("breast")


@pytest.fixture(scope="module")
def families():
    table = pd.read_csv(CURATION / "families.tsv", sep="\t", quoting=3, dtype=str, keep_default_na=False)
    return table.assign(members=table["members"].str.split(";"))


def bases(breast):
    return breast.interactions.set_index("interaction")["basis"]


def test_how_many_pairs_rest_on_what(breast):
    assert bases(breast).value_counts().to_dict() == {"family": 151, "inferred": 121, "stated": 55}


def test_each_basis_can_be_had_alone_and_none_is_lost(breast):
    parts = {basis: breast.filter(basis=basis) for basis in ("stated", "inferred", "family")}
    assert {basis: len(part) for basis, part in parts.items()} == {"stated": 55, "inferred": 121, "family": 151}
    for basis, part in parts.items():
        assert set(part.interactions["basis"]) == {basis}
    reviews = breast.filter(basis=["stated", "inferred"])
    assert set(reviews.interactions["interaction"]).isdisjoint(parts["family"].interactions["interaction"])
    assert len(reviews) == 176


def test_every_member_of_a_named_family_has_a_row(breast, families):
    pairs = set(breast.interactions["interaction"])
    for family in families.to_dict("records"):
        assert set(family["members"]) <= pairs, family["family"]
        assert len(set(family["members"])) == len(family["members"]) > 1
    members = set(families["members"].explode())
    by_family = bases(breast).loc[lambda b: b == "family"].index
    assert set(by_family) <= members


def test_a_family_claims_no_lines_but_its_own(breast, families):
    own = families.explode("members")
    own = set(zip(own["members"], own["source"], own["lines"], strict=True))
    rows = breast.evidence[breast.evidence["inferred_from"].str.startswith("family: ")]
    assert len(rows) == 191
    assert set(rows["stated"]) == {"inferred"}
    claimed = set(zip(rows["interaction"], rows["source"], rows["lines"], strict=True))
    assert claimed <= own
    # beside each stands a statement of a reader about a member of the same family, in the same lines
    read = breast.evidence.drop(rows.index)
    read = set(zip(read["interaction"], read["source"], read["lines"], strict=True))
    for family in families.to_dict("records"):
        assert any((m, family["source"], family["lines"]) in read for m in family["members"]), family["family"]


def test_a_pair_of_proteins_that_no_list_has_says_why(families):
    general = set(rs.load("general").interactions["interaction"])
    evidence = pd.read_csv(CURATION / "evidence.tsv", sep="\t", quoting=3, dtype=str, keep_default_na=False)
    new = set((evidence["ligand"] + "^" + evidence["receptor"])[evidence["inferred_from"].str.startswith("family: ")])
    lacking = set()
    for family in families.to_dict("records"):
        for member in set(family["members"]) & new - general:
            assert member in family["reason"] or (member.startswith("met:") and family["reason"]), member
            lacking |= set() if member.startswith("met:") else {member}
    assert len(lacking) == 9


SPECIFIC = {
    "JAG1": {"NOTCH1", "NOTCH2", "NOTCH3", "NOTCH4"},
    "TGFB2": {"TGFBR1_TGFBR2"},
    "PDGFA": {"PDGFRA"},
    "PDGFB": {"PDGFRA", "PDGFRB"},
    "PDGFC": {"PDGFRA"},
    "PDGFD": {"PDGFRB"},
    "FGF7": {"FGFR2"},
    "FGF10": {"FGFR1", "FGFR2"},
    "VEGFB": {"FLT1"},
    "VEGFC": {"KDR", "FLT4"},
    "LAMA4": {"ITGA6_ITGB1"},
    "COL3A1": {"ITGA1_ITGB1", "ITGA2_ITGB1", "ITGA11_ITGB1"},
    "HLA-B_B2M": {"CD8A_CD8B", "TRAC_TRBC1", "TRAC_TRBC2"},
    "HLA-DPA1_HLA-DPB1": {"CD4", "TRAC_TRBC1", "TRAC_TRBC2"},
    "TNF": {"TNFRSF1A", "TNFRSF1B"},
    "CXCL12": {"CXCR4", "ACKR3"},
    "PDCD1LG2": {"PDCD1"},
}


@pytest.mark.parametrize("ligand", SPECIFIC)
def test_members_are_those_that_bind(breast, ligand):
    table = breast.interactions
    assert set(table.loc[table["ligand"] == ligand, "receptor"]) == SPECIFIC[ligand]


def test_families_outvote_no_statement_about_the_pair(breast):
    """ICAM1 on Mac-1 and TGFB3 have rows of a reader beside those of a family."""
    assert bases(breast)[["ICAM1^ITGAM_ITGB2", "TGFB3^TGFBR1_TGFBR2"]].tolist() == ["inferred", "inferred"]
    assert breast.interactions.set_index("interaction").loc["CXCL12^ACKR3", "effect"] == "decoy"


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("families", "members", "JAG1^NOTCH1;JAG2^NOTCH1", r"families.tsv:2: members: 'JAG2\^NOTCH1' has no row"),
        (
            "families",
            "lines",
            "1-2",
            r"evidence.tsv:\d+: no family of 000:468-472 in families.tsv has the member 'JAG1",
        ),
    ],
)
def test_a_family_without_its_rows_is_refused(table, column, value, message):
    build = script("build")
    frames = build.read(CURATION)
    frames[table].loc[0, column] = value
    assert any(re.search(message, error) for error in build.fact_errors(frames))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("outcome", "kills"),
        ("outcome_of", "dormancy"),
        ("certainty", "hypothesis"),
        ("model", "patients"),
        ("direction", "dual"),
        ("effect", "inhibiting"),
    ],
)
def test_a_member_that_says_other_than_its_passage_is_refused(column, value):
    build = script("build")
    frames = build.read(CURATION)
    rows = frames["evidence"]
    member = (rows["ligand"] == "TGFB2") & (rows["source"] == "003") & (rows["lines"] == "229-233")
    assert member.sum() == 1
    rows.loc[member, column] = value
    errors = build.fact_errors(frames)
    assert [e for e in errors if "'TGFB2^TGFBR1_TGFBR2' differs" in e], errors


def test_a_decoy_copies_only_how_sure_its_passage_is():
    build = script("build")
    frames = build.read(CURATION)
    rows = frames["evidence"]
    decoy = rows["receptor"] == "ACKR3"
    assert rows.loc[decoy, ["effect", "outcome", "certainty"]].to_numpy().tolist() == [["decoy", "unknown", "shown"]]
    rows.loc[decoy, "certainty"] = "hypothesis"
    assert any("'CXCL12^ACKR3' differs in certainty, model" in error for error in build.fact_errors(frames))
