"""The tables of the general resource, and the shipped ones built from them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pandas as pd
import pytest

from curation import CURATION, DATA, script


@pytest.fixture(scope="module")
def build():
    return script("general")


@pytest.fixture(scope="module")
def original(build):
    """The table of the installed package from which the pairs were taken."""
    package = importlib.util.find_spec("liana")
    if package is None:
        pytest.skip("needs the package liana")
    path = Path(package.submodule_search_locations[0]) / "resource" / "omni_resource.csv"
    try:
        return build.listed_pairs(path)
    except ValueError as error:
        pytest.skip(str(error))


def test_building_gives_the_committed_bytes(build, tmp_path):
    hashes = build.build(out=tmp_path)
    shipped = DATA.parent / "general"
    assert set(hashes) | {"NOTICE"} == {p.name for p in shipped.iterdir()}
    for name in hashes:
        assert (tmp_path / name).read_bytes() == (shipped / name).read_bytes(), name


def test_the_pairs_are_those_of_the_original(build, original):
    committed = build.read("pairs")
    assert len(committed) == 2266
    assert committed.to_dict("list") == original.to_dict("list")


def test_another_table_is_refused(build, tmp_path):
    other = tmp_path / "omni_resource.csv"
    other.write_text("source,target\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"omni_resource.csv has sha256 [0-9a-f]{64}, not b499b56c"):
        build.listed_pairs(other)


def test_symbols_are_exactly_the_genes_that_are_named(build):
    statements = build.evidence()
    assert build.read("symbols")["symbol"].tolist() == sorted(script("symbols").genes_of(statements))


@pytest.fixture
def copy(build, tmp_path):
    """A copy of the tables to which a row can be added."""
    folder = tmp_path / "general"
    shutil.copytree(build.TABLES, folder)

    def add(table, *cells):
        with (folder / f"{table}.tsv").open("a", encoding="utf-8") as handle:
            handle.write("\t".join(cells) + "\n")
        return folder

    return add


def test_an_exclusion_that_excludes_nothing_is_found(build, copy):
    with pytest.raises(ValueError, match=r"excluded.tsv: no pair is excluded by EGF\^NOTCH1"):
        build.pairs(copy("excluded", "EGF", "NOTCH1", "typo"))


def test_an_addition_that_is_listed_is_found(build, copy):
    with pytest.raises(ValueError, match=r"additions.tsv: already listed: EGF\^EGFR"):
        build.pairs(copy("additions", "EGF", "EGFR", "known"))


def test_a_complex_takes_the_place_of_its_listed_subunits(build, copy):
    folder = copy("complexes", "receptor", "EGF", "EGFR_ERBB2", "EGFR_ERBB2", "a dimer")
    table = build.pairs(folder)
    egf = table[table["ligand"] == "EGF"].sort_values("written")
    assert egf[["receptor", "basis", "written"]].to_numpy().tolist() == [
        ["EGFR_ERBB2", "family", "EGF|EGFR"],
        ["EGFR_ERBB2", "family", "EGF|ERBB2"],
        ["ERBB3", "listed", "EGF|ERBB3"],
        ["ERBB4", "listed", "EGF|ERBB4"],
    ]


def test_chosen_orthologs_are_the_shipped_ones(build):
    """Of genes of the tables; no mouse gene stands for two."""
    chosen = build.read("orthologs", CURATION)
    symbols = pd.concat([build.read("symbols", folder) for folder in (CURATION, build.TABLES)]).drop_duplicates()
    assert symbols["symbol"].is_unique
    mouse_of = dict(zip(symbols["symbol"], symbols["mouse"]))
    assert set(chosen["human"]) <= set(mouse_of)
    assert all(mouse_of[human] == mouse for human, mouse in zip(chosen["human"], chosen["mouse"]))
    assert symbols.loc[symbols["mouse"] != "", "mouse"].is_unique
    assert (chosen["reason"] != "").all()
    assert (len(chosen), (chosen["mouse"] == "").sum()) == (86, 6)


def test_every_complex_and_every_current_name_is_used(build):
    table = build.pairs()
    molecules = set(table["ligand"]) | set(table["receptor"])
    complexes = build.read("complexes")
    assert [name for name in complexes["complex"] if name not in molecules] == []
    assert (complexes["reason"] != "").all()
    genes = {gene for name in molecules for gene in name.split("_")}
    renamed = build.read("renamed")
    assert set(renamed["symbol"]) <= genes
    assert not set(renamed["listed"]) & genes


def test_the_judged_disagreements_are_a_hundred(build):
    table = pd.read_csv(build.TABLES / "disagreements.csv", keep_default_na=False)
    assert len(table) == len(table["pair"].unique()) == 100
    assert table.groupby("about")["verdict"].value_counts().to_dict() == {
        ("form", "either"): 30,
        ("form", "ours"): 22,
        ("form", "theirs"): 18,
        ("form", "neither"): 2,
        ("mode", "ours"): 22,
        ("mode", "either"): 4,
        ("mode", "theirs"): 2,
    }
    assert (table["reason"] != "").all()
