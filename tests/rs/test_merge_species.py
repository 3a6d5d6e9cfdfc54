"""Laws of merging and of translation."""

from __future__ import annotations

import pandas as pd
import pytest

from commscore import rs


@pytest.fixture
def other():
    table = pd.DataFrame(
        {
            "ligand": ["CDH1", "IL6"],
            "receptor": ["CDH1", "IL6R_IL6ST"],
            "mode": ["contact", "paracrine"],
            "weight": [1.5, 2.5],
        }
    )
    return rs.from_table(table, name="other", version="2", licence="MIT")


def test_merge_is_the_union_and_keeps_every_statement(small, other):
    both = small.merge(other)
    assert both.name == "small+other"
    assert both.version == "+2"
    ids = set(both.interactions["interaction"])
    assert ids == set(small.interactions["interaction"]) | set(other.interactions["interaction"])
    assert both.interactions["interaction"].is_unique
    assert len(both.evidence) == len(small.evidence) + len(other.evidence)
    row = both.interactions.set_index("interaction").loc["CDH1^CDH1"]
    assert (row["n_evidence"], row["sources"], row["weight"]) == (2, "000;other", 1.5)
    assert row["modes"] == "junctional_adhesion;contact"
    assert both.interactions.set_index("interaction").loc["GJA1^GJA1", "weight"] != 1.5


def test_what_a_list_does_not_say_outvotes_no_statement(breast):
    known = breast.interactions
    listed = rs.from_table(known[["ligand", "receptor"]], name="list")
    assert set(listed.interactions["mode"]) == {"unknown"}
    for both in (breast.merge(listed), listed.merge(breast)):
        columns = ["interaction", "kind", "mode", "modes", "directness", "effect", "direction"]
        pd.testing.assert_frame_equal(both.interactions[columns], known[columns])
        assert (both.interactions["n_evidence"] == known["n_evidence"] + 1).all()


def test_lists_that_say_nothing_keep_what_is_assumed():
    pair = pd.DataFrame({"ligand": ["CDH1"], "receptor": ["CDH1"]})
    said = rs.from_table(pair.assign(mode="contact"), name="b")
    for both in (rs.from_table(pair, name="a").merge(said), said.merge(rs.from_table(pair, name="a"))):
        assert both.interactions.loc[0, ["mode", "modes", "kind"]].tolist() == ["contact", "contact", "protein"]
    longer = pd.DataFrame({"ligand": ["CDH1", "IL6"], "receptor": ["CDH1", "IL6R_IL6ST"]})
    lists = rs.from_table(pair, name="a").merge(rs.from_table(longer, name="c"))
    assert lists.interactions.loc[0, ["mode", "modes", "sources"]].tolist() == ["junctional_adhesion", "unknown", "a;c"]


def test_a_resource_is_shown_with_its_version_if_it_has_one(breast, other):
    assert repr(other) == "Resource('other', 2 interactions, human, version 2)"
    table = pd.DataFrame({"ligand": ["IL6"], "receptor": ["IL6R_IL6ST"]})
    assert repr(rs.from_table(table, name="mine")) == "Resource('mine', 1 interactions, human)"
    assert f"version {breast.version})" in repr(breast)


def test_order_of_merging_does_not_matter_for_the_interactions(small, other, breast):
    columns = list(small.interactions.columns)
    for a, b in ((small, other), (breast, small), (breast, other)):
        pd.testing.assert_frame_equal(a.merge(b).interactions[columns], b.merge(a).interactions[columns])


def test_a_resource_merged_with_itself_is_itself(breast):
    assert breast.merge(breast) is breast
    again = breast.merge(rs.from_table(breast.evidence, name="again"))
    pd.testing.assert_frame_equal(again.interactions, breast.interactions)
    assert len(again.evidence) == len(breast.evidence)


def test_merging_the_parts_gives_the_whole(breast):
    yes, no = breast.filter(basis="stated"), breast.filter(basis=["inferred", "family"])
    pd.testing.assert_frame_equal(yes.merge(no).interactions, breast.interactions)


def test_merge_refuses_other_species_and_other_things(breast, small):
    with pytest.raises(ValueError, match=r"species 'human', this one of 'mouse'"):
        breast.to_species("mouse").merge(small)
    with pytest.raises(TypeError, match=r"other must be a Resource, found DataFrame"):
        small.merge(small.interactions)


def test_mouse_names_are_orthologs_and_what_is_lost_is_listed(breast):
    mouse = breast.to_species("mouse")
    to = {s: m for s, m in zip(breast.symbols["symbol"], breast.symbols["mouse"]) if m}
    kept, lost = [], []
    for row in breast.interactions.to_dict("records"):
        sides = [row["ligand"], row["receptor"]]
        genes = [g for s in sides if not s.startswith("met:") for g in s.split("_")]
        if all(g in to for g in genes):
            kept.append("^".join(s if s.startswith("met:") else "_".join(to[g] for g in s.split("_")) for s in sides))
        else:
            lost.append((row["interaction"], ";".join(dict.fromkeys(g for g in genes if g not in to))))
    assert sorted(mouse.interactions["interaction"]) == sorted(kept)
    dropped = mouse.dropped[mouse.dropped["table"] == "interactions"]
    assert list(zip(dropped["interaction"], dropped["gene"])) == lost
    assert (dropped["reason"] == "no one-to-one ortholog").all()
    assert len(mouse) + len(dropped) == len(breast)
    assert mouse.species == "mouse"
    assert set(mouse.evidence["interaction"]) == set(mouse.interactions["interaction"])


def test_orthologs_are_one_to_one(breast):
    mice = breast.symbols["mouse"]
    assert mice[mice != ""].is_unique


def test_every_table_is_translated(breast):
    mouse = breast.to_species("mouse")
    names = set(mouse.symbols["symbol"])
    genes = {g for g in mouse.genes if not g.startswith("met:")}
    assert genes <= names
    steps = mouse.circuits
    assert {g for c in ("from", "to") for x in steps[c] if not x.startswith("met:") for g in x.split("_")} <= names
    told = steps[steps["edge"] == "communication"]
    assert (told["interaction"] == told["from"] + "^" + told["to"]).all()
    whole = breast.circuits["circuit"].value_counts()
    assert all(whole[c] == n for c, n in steps["circuit"].value_counts().items())
    lost = set(mouse.dropped.loc[mouse.dropped["table"] == "circuits", "item"])
    assert lost == set(breast.circuits["circuit"]) - set(steps["circuit"])


def test_the_users_orthologs_are_used_if_they_are_one_to_one(small):
    table = pd.DataFrame(
        {
            "human": ["CDH1", "GJA1", "GJA1", "TNFSF11", "TNFRSF11B", "SLC16A1"],
            "mouse": ["Cdh1", "Gja1", "Gja6", "Tnfsf11", "Tnfsf11", "Slc16a1"],
        }
    )
    mouse = small.to_species("mouse", orthologs=table)
    assert set(mouse.interactions["interaction"]) == {"Cdh1^Cdh1", "met:lactate^Slc16a1"}
    reasons = mouse.dropped.set_index("interaction")["reason"]
    assert reasons["GJA1^GJA1"] == "no one-to-one ortholog"
    assert reasons["TGFB1^TGFBR1_TGFBR2"] == "gene not in the ortholog table"
    with pytest.raises(ValueError, match=r"orthologs needs the columns 'human' and 'mouse', found a"):
        small.to_species("mouse", orthologs=pd.DataFrame({"a": []}))


def test_the_users_orthologs_can_be_a_file(small, tmp_path):
    pairs = pd.DataFrame({"human": ["CDH1", "GJA1"], "mouse": ["Cdh1", "Gja1"]})
    for path, separator in ((tmp_path / "pairs.csv", ","), (tmp_path / "pairs.tsv", "\t")):
        pairs.to_csv(path, sep=separator, index=False)
        for given in (path, str(path)):
            assert set(small.to_species("mouse", orthologs=given).interactions["interaction"]) == {
                "Cdh1^Cdh1",
                "Gja1^Gja1",
            }
    with pytest.raises(FileNotFoundError, match=r"orthologs='.*nothing.csv' does not exist"):
        small.to_species("mouse", orthologs=tmp_path / "nothing.csv")
    with pytest.raises(ValueError, match=r"orthologs='.*pairs.xlsx' must end in one of .csv, .tsv"):
        small.to_species("mouse", orthologs=tmp_path / "pairs.xlsx")


def test_orthologs_of_other_genes_are_refused(small):
    pairs = pd.DataFrame({"human": ["Cdh1", "Gja1"], "mouse": ["CDH1", "GJA1"]})
    with pytest.raises(ValueError, match=r"'human' has none of the 8 genes .*'Cdh1', 'Gja1'\); are .* swapped"):
        small.to_species("mouse", orthologs=pairs)
    with pytest.raises(ValueError, match=r"'human' has none of the 8 genes .*'ENSG00000039068'\); give symbols"):
        small.to_species("mouse", orthologs=pd.DataFrame({"human": ["ENSG00000039068"], "mouse": ["Cdh1"]}))


@pytest.mark.parametrize(("name", "n_lost"), [("breast", 11), ("general", 165)])
def test_few_interactions_are_lost_in_mouse(name, n_lost):
    human = rs.load(name)
    mouse = human.to_species("mouse")
    dropped = mouse.dropped[mouse.dropped["table"] == "interactions"]
    assert (len(dropped), len(human) - len(mouse)) == (n_lost, n_lost)
    assert mouse.interactions["interaction"].is_unique
    to = dict(zip(human.symbols["symbol"], human.symbols["mouse"]))
    chosen = {"ICOSLG": "Icosl", "CD8B": "Cd8b1", "SIGLEC10": "Siglecg", "INS": "Ins2", "CCL2": "Ccl2", "CXCL8": ""}
    assert all(to.get(h, m) == m for h, m in chosen.items())
    assert {"CD8B", "ICOSLG", "CCL2"} <= set(to)


def test_the_users_orthologs_serve_the_general_resource():
    general = rs.load("general")
    pairs = pd.DataFrame({"human": ["CXCL9", "CXCR3", "CXCL8"], "mouse": ["Cxcl9", "Cxcr3", "Cxcl15"]})
    mouse = general.to_species("mouse", orthologs=pairs)
    assert mouse.interactions["interaction"].tolist() == ["Cxcl9^Cxcr3"]
    assert mouse.interactions.loc[0, ["mode", "pathway"]].tolist() == ["paracrine", "CXCL"]
    assert len(mouse.dropped[mouse.dropped["table"] == "interactions"]) == len(general) - 1


def test_species_errors(breast):
    assert breast.to_species("human") is breast
    with pytest.raises(ValueError, match=r"species='rat': only orthologs of mouse are shipped; give orthologs="):
        breast.to_species("rat")
    with pytest.raises(ValueError, match=r"species='Mouse' is none; .*did you mean 'mouse'"):
        breast.to_species("Mouse")
    with pytest.raises(ValueError, match=r"already mouse; convert the human one instead"):
        breast.to_species("mouse").to_species("human")


ZEBRAFISH = pd.DataFrame(
    {"human": ["CXCL12", "CXCR4", "CSF1"], "zebrafish": ["cxcl12a", "cxcr4b", None], "mouse": ["no", "such", "gene"]}
)


def test_another_species_is_that_of_a_column_of_orthologs(breast):
    fish = breast.to_species("zebrafish", orthologs=ZEBRAFISH)
    assert fish.species == "zebrafish"
    assert fish.interactions["interaction"].tolist() == ["cxcl12a^cxcr4b"]
    assert len(fish.dropped) > 0
    assert fish.to_species("zebrafish") is fish
    with pytest.raises(ValueError, match="already zebrafish; convert the human one instead"):
        fish.to_species("mouse")
    with pytest.raises(ValueError, match=r"orthologs needs the columns 'human. and .rat., found human"):
        breast.to_species("rat", orthologs=ZEBRAFISH)


def test_a_table_of_two_columns_names_the_species_itself(breast):
    table = ZEBRAFISH[["zebrafish", "human"]]
    one, two = breast.to_species(table), breast.to_species("zebrafish", orthologs=table)
    assert (one.species, one.sha256) == ("zebrafish", two.sha256)
    for bad in (ZEBRAFISH, ZEBRAFISH[["zebrafish"]]):
        with pytest.raises(ValueError, match=r"needs a table of two columns, 'human' and the species.*zebrafish"):
            breast.to_species(bad)
