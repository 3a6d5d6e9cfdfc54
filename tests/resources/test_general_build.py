"""The tables of the general resource, and the shipped ones built from them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from curation import DATA, script


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
    assert set(hashes) == {p.name for p in shipped.iterdir()}
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
