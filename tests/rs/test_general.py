"""The general resource: pairs of a list under current symbols."""

from __future__ import annotations

import pytest

import commscore as cs
from commscore import rs

ORIGIN = "listed in ConnectomeDB2020"


@pytest.fixture(scope="module")
def general():
    return rs.load("general")


def test_it_has_the_pairs_that_every_tissue_needs(general):
    wanted = ["CXCL9^CXCR3", "CXCL10^CXCR3", "CD47^SIRPA", "PVR^TIGIT", "DLL4^NOTCH1", "EGF^EGFR", "GAS6^AXL"]
    assert set(wanted) <= set(general.interactions["interaction"])
    assert general.interactions["interaction"].is_unique
    assert set(general.evidence["interaction"]) == set(general.interactions["interaction"])
    assert (general.name, general.species, general.licence) == ("general", "human", "CC-BY-4.0")


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
