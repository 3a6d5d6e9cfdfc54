"""The general resource: pairs of a list under current symbols, and what rules about families add to them."""

from __future__ import annotations

import pandas as pd
import pytest

import commscore as cs
from commscore import rs
from commscore.rs._families import ASPECTS, deciding_rules, family_facts, shipped_rules
from commscore.tables import resource as vocabulary

WANTED = ["CXCL9^CXCR3", "CXCL10^CXCR3", "CD47^SIRPA", "PVR^TIGIT", "DLL4^NOTCH1", "EGF^EGFR", "GAS6^AXL"]


@pytest.fixture(scope="module")
def general():
    return rs.load("general")


@pytest.fixture(scope="module")
def pairs(general):
    return general.interactions.set_index("interaction")


def test_it_has_the_pairs_that_every_tissue_needs(general, pairs):
    assert set(WANTED) <= set(pairs.index)
    assert pairs.index.is_unique
    assert set(general.evidence["interaction"]) == set(pairs.index)
    assert (general.name, general.species, general.licence) == ("general", "human", "CC-BY-4.0")


def test_counts(pairs):
    assert pairs["mode"].value_counts().to_dict() == {
        "paracrine": 1118,
        "contact": 341,
        "ecm": 238,
        "unknown": 109,
        "hormone": 116,
        "checkpoint": 66,
        "junctional_adhesion": 49,
        "gap_junction": 13,
        "shedding": 11,
        "antigen_presentation": 7,
        "metabolite": 6,
    }
    assert pairs["basis"].value_counts().to_dict() == {"listed": 1517, "family": 557}
    assert pairs["directness"].value_counts().to_dict() == {"direct": 2041, "indirect": 33}
    assert pairs["effect"].value_counts().to_dict() == {
        "activating": 1110,
        "unknown": 782,
        "inhibiting": 119,
        "decoy": 63,
    }
    counts = pairs["pathway"].value_counts()
    assert counts[["CCL", "WNT", "FGF", "CXCL", "NOTCH", "TGF-beta", ""]].tolist() == [121, 116, 81, 49, 29, 16, 208]
    assert len(counts) == 142


@pytest.mark.parametrize(
    ("name", "mode", "effect", "basis", "pathway"),
    [
        ("CXCL9^CXCR3", "paracrine", "activating", "listed", "CXCL"),
        ("CD47^SIRPA", "checkpoint", "inhibiting", "listed", "CD47-SIRP"),
        ("PVR^TIGIT", "checkpoint", "inhibiting", "listed", "NECTIN"),
        ("PVR^CD226", "contact", "activating", "listed", "NECTIN"),
        ("CD80^CTLA4", "checkpoint", "inhibiting", "listed", "CD28-CTLA4"),
        ("CD80^CD28", "contact", "activating", "listed", "CD28-CTLA4"),
        ("DLL4^NOTCH1", "contact", "activating", "listed", "NOTCH"),
        ("EGF^EGFR", "paracrine", "activating", "listed", "EGF"),
        ("EFNA1^EPHA2", "contact", "activating", "listed", "EPHRIN"),
        ("SEMA4D^PLXNB1", "contact", "activating", "listed", "SEMAPHORIN"),
        ("SEMA3A^NRP1_PLXNA1", "paracrine", "activating", "family", "SEMAPHORIN"),
        ("TGFB1^TGFBR1_TGFBR2", "paracrine", "activating", "family", "TGF-beta"),
        ("BMP4^BMPR1A_BMPR2", "paracrine", "activating", "family", "BMP"),
        ("IL2^IL2RA_IL2RB_IL2RG", "paracrine", "activating", "family", "IL-2"),
        ("IL6^IL6R_IL6ST", "paracrine", "activating", "family", "IL-6"),
        ("IL12A_IL12B^IL12RB1_IL12RB2", "paracrine", "activating", "family", "IL-12"),
        ("IL17A^IL17RA_IL17RC", "paracrine", "activating", "family", "IL-17"),
        ("IFNG^IFNGR1_IFNGR2", "paracrine", "activating", "family", "IFN-II"),
        ("IFNB1^IFNAR1_IFNAR2", "paracrine", "activating", "family", "IFN-I"),
        ("COL1A1^ITGA2_ITGB1", "ecm", "activating", "family", "COLLAGEN"),
        ("LAMA3^ITGA6_ITGB4", "ecm", "activating", "family", "LAMININ"),
        ("FN1^ITGA5_ITGB1", "ecm", "activating", "family", "FIBRONECTIN"),
        ("CDH5^CDH5", "junctional_adhesion", "unknown", "family", "CADHERIN"),
        ("GJA1^GJA1", "gap_junction", "activating", "family", "CONNEXIN"),
        ("HLA-A_B2M^CD8A_CD8B", "antigen_presentation", "activating", "family", "MHC-I"),
        ("HLA-E_B2M^KLRC1_KLRD1", "checkpoint", "inhibiting", "family", "MHC-I"),
        ("HLA-E_B2M^KLRC2_KLRD1", "contact", "activating", "family", "MHC-I"),
        ("DLL3^NOTCH1", "contact", "unknown", "listed", "NOTCH"),
        ("CXCL10^CCR3", "paracrine", "inhibiting", "listed", "CXCL"),
        ("CD24^SELP", "contact", "activating", "listed", "SELECTIN"),
        ("CCL2^ACKR1", "paracrine", "decoy", "listed", "CCL"),
        ("WNT3A^FZD1_LRP6", "paracrine", "activating", "family", "WNT"),
        ("WNT5A^FZD5", "paracrine", "activating", "listed", "WNT"),
        ("MICA^KLRK1_HCST", "contact", "activating", "family", "NKG2D"),
        ("INHA_INHBA^ACVR2A", "hormone", "inhibiting", "family", "ACTIVIN"),
        ("TF^TFRC", "unknown", "unknown", "listed", ""),
    ],
)
def test_families(pairs, name, mode, effect, basis, pathway):
    assert pairs.loc[name, ["mode", "effect", "basis", "pathway"]].tolist() == [mode, effect, basis, pathway]


def test_subunits_do_not_stand_beside_their_complex(pairs):
    """TGFBR1 alone, a pair that the list has, is no second row of one signal."""
    gone = ["TGFB1^TGFBR1", "TGFB1^TGFBR2", "IL6^IL6ST", "IFNG^IFNGR2", "FN1^ITGB1", "IL12B^IL12RB1", "HLA-C^KIR2DL1"]
    assert not set(gone) & set(pairs.index)
    assert pairs.loc["TGFB1^TGFBR1_TGFBR2", "n_evidence"] == 2  # both listed pairs are its statements


def test_no_pair_stands_in_both_directions_and_nothing_inside_one_cell(pairs):
    names = {frozenset(name.split("^")) for name in pairs.index}
    assert len(names) == len(pairs)
    assert not set(pairs["ligand"]) & {"GNAI2", "GNAS", "HRAS", "ARF1", "AFDN", "LRPAP1", "PSEN1"}


def test_every_statement_says_where_it_comes_from(general):
    evidence = general.evidence
    is_listed = evidence["source"] == "connectomedb2020"
    assert is_listed.sum() == 2315
    assert evidence.loc[is_listed, "lines"].str.fullmatch(r"(\d+)-\1").all()
    assert (evidence.loc[~is_listed, "inferred_from"].str.startswith("family: ")).all()
    assert set(evidence["source"]) == set(general.sources["source"])
    listed = general.filter(basis="listed")
    how = listed.evidence["inferred_from"].str.split("; the rest by family: ").str
    assert set(how[0]) == {"listed in ConnectomeDB2020"}
    assert (how.len() == 2).sum() == (listed.evidence["mode"] != "unknown").sum()
    assert listed.interactions.set_index("interaction").loc["EGF^EGFR", "pathway"] == "EGF"


def test_every_rule_decides_something():
    numbers = [deciding_rules(rs.load(name).interactions) for name in ("general", "breast")]
    used = set(pd.concat(numbers).to_numpy().ravel())
    rules = shipped_rules()
    idle = [n for n in range(len(rules)) if n not in used]
    assert rules.loc[idle, ["ligand", "receptor"]].to_numpy().tolist() == []
    for aspect, values in (("mode", "MODES"), ("effect", "EFFECTS"), ("directness", "DIRECTNESS")):
        allowed = getattr(vocabulary, values)
        assert set(rules[aspect]) <= {*allowed, ""}


def test_the_first_rule_that_speaks_decides_each_aspect():
    columns = ["ligand", "receptor", *ASPECTS, "reason"]
    rules = pd.DataFrame(
        [
            (r"A\d", "R", "", "decoy", "", "", "r only"),
            (r"A\d", "", "contact", "activating", "", "P", "any A"),
            ("", "Q", "ecm", "", "", "", "any Q"),
        ],
        columns=columns,
    )
    pairs = pd.DataFrame({"ligand": ["A1", "A12", "B_A2", "X", "met:a"], "receptor": ["R", "R", "Q_Z", "Q", "Z"]})
    facts = family_facts(pairs, rules)
    assert facts["mode"].tolist() == ["contact", "", "contact", "ecm", ""]
    assert facts["effect"].tolist() == ["decoy", "", "activating", "", ""]
    assert facts["pathway"].tolist() == ["P", "", "P", "", ""]
    assert facts["reason"].tolist() == ["any A", "", "any A", "any Q", ""]


def test_rules_say_of_the_curated_pairs_what_their_reviews_say():
    """The three others: ICAM1 as soluble, a proteoglycan as matrix, Wnt within one cell.

    Fragments of two collagens block what the whole chains activate; ligands activate inhibitory receptors.
    """
    curated = rs.load("breast").interactions
    proteins = curated[curated["kind"] == "protein"]
    facts = family_facts(proteins)
    differs = proteins.loc[facts["mode"] != proteins["mode"], "interaction"]
    assert (len(proteins), differs.tolist()) == (260, ["ICAM1^ITGAM_ITGB2", "SDC1^FGFR1", "WNT1^FZD7_LRP6"])
    known = (facts["effect"] != "") & (proteins["effect"] != "unknown")
    other = proteins.loc[known & (facts["effect"] != proteins["effect"]), "interaction"]
    inhibitory = ["CD24^SIGLEC10", "CD274^PDCD1", "CD80^CTLA4", "CD86^CTLA4", "PDCD1LG2^PDCD1"]
    assert sorted(set(other) - set(inhibitory)) == ["COL18A1^ITGA5_ITGB1", "COL4A3^ITGAV_ITGB3"]


def test_every_gene_has_identifiers(general):
    symbols = general.symbols.set_index("symbol")
    assert set(general.genes) == set(symbols.index)
    assert (symbols["entrez"] != "").all()
    assert symbols.loc["CRIPTO", "aliases"].split("|")[-1] == "TDGF1"
    assert general.match(["TDGF1"], genes=["CRIPTO"])["how"].tolist() == ["alias"]


def test_a_result_names_version_licence_and_hash(general):
    result = cs.tl.score(cs.ds.pbmc(), "cell_type", resource="general", null=None, inplace=False)
    expected = {"name": "general", "version": general.version, "licence": "CC-BY-4.0", "sha256": general.sha256}
    assert result.resource == expected
    assert len(result.table) > 0


def test_a_rule_about_a_family_is_not_outvoted_by_lists(general):
    """CD47^SIRPA is a checkpoint, whatever a list calls it; a review would outvote the rule."""
    pair = pd.DataFrame({"ligand": ["CD47"], "receptor": ["SIRPA"], "mode": ["contact"]})
    listed = [rs.from_table(pair, name=name) for name in ("a", "b")]
    both = general.merge(listed[0]).merge(listed[1])
    assert both.interactions.set_index("interaction").loc["CD47^SIRPA", ["mode", "n_evidence"]].tolist() == [
        "checkpoint",
        3,
    ]
    stated = rs.from_table(pair.assign(stated=True), name="review")
    assert general.merge(stated).interactions.set_index("interaction").loc["CD47^SIRPA", "mode"] == "contact"


def test_rules_know_mouse_genes_by_their_orthologs(general):
    pairs = pd.DataFrame({"ligand": ["Cxcl9", "Icosl", "Gm1234"], "receptor": ["Cxcr3", "Icos", "Cxcr3"]})
    mine = rs.from_table(pairs, name="mine", species="mouse").interactions.set_index("interaction")
    assert mine["pathway"].to_dict() == {"Cxcl9^Cxcr3": "CXCL", "Icosl^Icos": "CD28-CTLA4", "Gm1234^Cxcr3": ""}
    mouse = general.to_species("mouse")
    facts = family_facts(mouse.interactions, species="mouse")
    assert facts["pathway"].tolist() == mouse.interactions["pathway"].tolist()
    assert (facts["mode"].replace("", "unknown") == mouse.interactions["mode"]).all()
