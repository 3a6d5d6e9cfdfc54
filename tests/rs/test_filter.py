"""Laws of filters."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from commscore.tables.resource import BASES, DIRECTIONS, MODES

CHOICES = {
    "mode": ["paracrine", "autocrine", "gap_junction", ["paracrine", "metabolite"]],
    "direction": ["pro", "anti", "dual", "unclear", ["pro", "dual"]],
    "basis": ["stated", "inferred", ["family", "stated"]],
    "sources": ["000", ["001", "003"]],
    "kind": ["protein", "metabolite"],
    "directness": ["direct", "indirect"],
    "effect": ["activating", "decoy", ["unknown"]],
}
SINGLE = [(k, v) for k, values in CHOICES.items() for v in values]


def same(a, b):
    for name in a.tables:
        pd.testing.assert_frame_equal(a.tables[name], b.tables[name], obj=name)
    return a.sha256 == b.sha256


def ids(resource):
    return set(resource.interactions["interaction"])


@pytest.mark.parametrize(("name", "value"), SINGLE)
def test_what_is_kept_matches_and_filtering_again_changes_nothing(small, name, value):
    kept = small.filter(**{name: value})
    wanted = [value] if isinstance(value, str) else value
    column = {"sources": "source"}.get(name, name)
    assert 0 < len(kept) < len(small)
    if name not in ("direction", "basis"):
        assert set(kept.evidence[column]) <= set(wanted)
    if name in ("mode", "kind", "directness", "effect", "basis"):
        assert set(kept.interactions[name]) <= set(wanted)
    assert ids(kept) <= ids(small)
    assert set(kept.evidence["interaction"]) == ids(kept)
    assert same(kept.filter(**{name: value}), kept)


@pytest.mark.parametrize(("a", "b"), list(itertools.permutations(["mode", "kind", "directness", "effect"], 2)))
def test_filters_of_statements_commute_with_each_other(small, a, b):
    for x, y in itertools.product(CHOICES[a], CHOICES[b]):
        together = small.filter(**{a: x, b: y})
        assert same(small.filter(**{a: x}).filter(**{b: y}), together)


@pytest.mark.parametrize("name", ["mode", "kind", "directness", "effect"])
def test_sources_and_statements_commute(breast, small, name):
    for source, value in itertools.product(CHOICES["sources"], CHOICES[name]):
        together = small.filter(sources=source, **{name: value})
        assert same(small.filter(sources=source).filter(**{name: value}), together)
    source, value = breast.sources["source"].iloc[0], CHOICES[name][0]
    one = breast.filter(sources=source).filter(**{name: value})
    other = breast.filter(**{name: value}).filter(sources=source)
    pd.testing.assert_frame_equal(one.interactions, other.interactions)
    pd.testing.assert_frame_equal(one.evidence, other.evidence)


def test_filters_need_one_statement_that_matches_all(small):
    assert ids(small.filter(mode="autocrine")) == {"TGFB1^TGFBR1_TGFBR2"}
    assert ids(small.filter(mode="autocrine", sources="000")) == set()


def test_every_value_is_no_filter(small, breast):
    for resource in (small, breast):
        assert same(resource.filter(), resource.filter(mode=list(MODES)))
        assert same(resource.filter(), resource.filter(direction=list(DIRECTIONS)))
        pd.testing.assert_frame_equal(resource.filter(basis=list(BASES)).interactions, resource.interactions)


def test_basis_parts_the_interactions(breast, small):
    for resource in (breast, small):
        yes, no = resource.filter(basis="stated"), resource.filter(basis=["inferred", "family", "listed"])
        assert len(yes) + len(no) == len(resource)
        assert ids(yes) | ids(no) == ids(resource)
        assert len(yes.evidence) + len(no.evidence) == len(resource.evidence)


def test_dual_finds_what_two_statements_make_dual(small):
    assert ids(small.filter(direction="dual")) == {"TGFB1^TGFBR1_TGFBR2", "GJA1^GJA1"}
    assert set(small.filter(direction="dual").interactions["direction"]) == {"dual"}
    pro = small.filter(direction="pro")
    assert set(pro.evidence["direction"]) == {"pro"}
    assert set(pro.interactions["direction"]) == {"pro"}


def test_what_follows_from_removed_interactions_goes_and_the_rest_stays(breast):
    kept = breast.filter(mode="gap_junction")
    gone = ids(breast) - ids(kept)
    broken = set(breast.circuits.loc[breast.circuits["interaction"].isin(gone), "circuit"])
    assert set(kept.circuits["circuit"]) == set(breast.circuits["circuit"]) - broken
    sizes = breast.circuits["circuit"].value_counts()
    assert all(sizes[c] == n for c, n in kept.circuits["circuit"].value_counts().items())
    pairs = breast.expectations[breast.expectations["level"] == "interaction"]
    expected = set(pairs.loc[~pairs["what"].isin(gone), "expectation"])
    left = kept.expectations
    assert set(left.loc[left["level"] == "interaction", "expectation"]) == expected
    assert set(left.loc[left["level"] == "composition", "expectation"]) == set(
        breast.expectations.loc[breast.expectations["level"] == "composition", "expectation"]
    )
    pd.testing.assert_frame_equal(kept.roles, breast.roles)


def test_sources_apply_to_every_table_and_keep_circuits_whole(breast):
    source = breast.evidence["source"].iloc[0]
    kept = breast.filter(sources=source)
    for name in ("evidence", "circuits", "expectations", "therapies", "references", "sources"):
        assert set(kept.tables[name]["source"]) <= {source}, name


def test_a_metabolite_keeps_its_genes(breast):
    metabolites = breast.filter(kind="metabolite")
    used = {x for x in metabolites.interactions["ligand"] if x.startswith("met:")}
    assert used
    assert used <= set(metabolites.molecules["molecule"])


def test_extra_columns_follow_their_interaction(small):
    from commscore import rs

    table = small.interactions.assign(weight=range(len(small)))
    kept = rs.from_table(table, name="w").filter(kind="metabolite").interactions
    assert kept["weight"].tolist() == table.loc[table["kind"] == "metabolite", "weight"].tolist()


def test_nothing_left_is_a_resource_too(small):
    empty = small.filter(kind="metabolite", mode="ecm")
    assert len(empty) == 0
    assert list(empty.interactions.columns) == list(small.interactions.columns)
    assert empty.interactions["n_evidence"].dtype == "int64"
    assert empty.genes == []
    assert len(empty.describe()) == 0
    assert len(empty.merge(small)) == len(small)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"mode": "paracrin"}, r"mode='paracrin' is not one of .*; did you mean 'paracrine'\?"),
        ({"mode": ["ecm", "gap"]}, r"mode='gap' is not one of"),
        ({"direction": "Pro"}, r"direction='Pro' is not one of 'pro', 'anti'"),
        ({"basis": "yes"}, r"basis='yes' is not one of 'stated', 'inferred', 'family', 'listed'"),
        ({"basis": True}, r"basis must be a string, a list .* found True"),
        ({"sources": "009"}, r"sources='009' is not one of '000', '001'"),
        ({"kind": []}, r"kind is empty .*name at least one value"),
        ({"basis": ["stated", "both"]}, r"basis='both' is not one of"),
    ],
)
def test_unknown_values_are_refused(small, wanted, message):
    with pytest.raises((ValueError, TypeError), match=message):
        small.filter(**wanted)


def test_unknown_keywords_are_refused(small):
    with pytest.raises(TypeError, match="modes"):
        small.filter(modes="ecm")
