"""Loading: fast, the same each time, and nothing handed out can spoil it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from importlib import resources

import pandas as pd
import pytest

from commscore import rs
from commscore.tables.resource import AVAILABLE, DESCRIPTION, INTERACTIONS, TABLES


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_columns_kinds_and_values_are_those_declared(breast, table):
    frame = getattr(breast, table.name)
    assert list(frame.columns) == list(table.names)
    assert not frame.isna().any().any()
    for column in table.columns:
        values = frame[column.name]
        if column.kind == "int":
            assert values.dtype == "int64"
        elif column.kind == "bool":
            assert values.dtype == bool
        else:
            assert all(isinstance(v, str) for v in values)
        if column.values:
            assert set(values) <= set(column.values), column.name


def test_interactions_are_unique_and_named_by_their_partners(breast):
    table = breast.interactions
    assert table["interaction"].is_unique
    assert (table["interaction"] == table["ligand"] + "^" + table["receptor"]).all()
    assert len(breast) == len(table) > 0
    assert set(breast.evidence["interaction"]) == set(table["interaction"])


def test_interactions_are_what_the_evidence_says(breast):
    evidence = breast.evidence
    for row in breast.interactions.to_dict("records"):
        rows = evidence[evidence["interaction"] == row["interaction"]]
        assert row["n_evidence"] == len(rows)
        by_family = rows["inferred_from"].str.startswith("family: ")
        expected = "stated" if any(rows["stated"] == "both") else "family" if all(by_family) else "inferred"
        assert row["basis"] == expected
        assert set(row["sources"].split(";")) == set(rows["source"])
        assert set(row["modes"].split(";")) == set(rows["mode"])
        assert (rows["mode"] == row["mode"]).sum() == rows["mode"].value_counts().max()
        said = set((rows if all(by_family) else rows[~by_family])["direction"])
        assert (row["direction"] == "dual") == ("dual" in said or {"pro", "anti"} <= said)


def test_loading_twice_gives_one_object_whose_tables_cannot_be_spoilt():
    first = rs.load("breast")
    table = first.interactions
    table["ligand"] = "SPOILT"
    table.drop(table.index, inplace=True)
    assert rs.load() is first
    assert "SPOILT" not in set(rs.load().interactions["ligand"])
    assert len(rs.load().interactions) == len(first)


def test_a_resource_cannot_be_changed(breast):
    with pytest.raises(dataclasses.FrozenInstanceError, match="name"):
        breast.name = "other"
    tables = breast.tables
    tables["interactions"]["ligand"] = "SPOILT"
    breast.tables["interactions"] = pd.DataFrame()
    assert "SPOILT" not in set(breast.interactions["ligand"])


def test_hashes_in_meta_are_those_of_the_files(breast):
    data = resources.files("commscore.rs").joinpath("data", "breast")
    meta = json.loads(data.joinpath("meta.json").read_text())
    hashes = {n: hashlib.sha256(data.joinpath(n).read_bytes()).hexdigest() for n in meta["files"]}
    assert hashes == meta["files"]
    listing = "".join(f"{h}  {n}\n" for n, h in sorted(hashes.items()))
    assert breast.sha256 == hashlib.sha256(listing.encode()).hexdigest() == meta["sha256"]
    assert (breast.version, breast.licence) == (meta["version"], "CC-BY-4.0")


def test_load_is_fast_in_a_fresh_process():
    code = (
        "import pandas, time, commscore.rs as rs\n"
        "t = time.process_time(); rs.load(); first = time.process_time() - t\n"
        "import sys; sys.exit(0 if first < 0.3 else f'{first:.2f} s')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match=r"name='brest' is not one of 'breast', 'general'; did you mean 'breast'\?"):
        rs.load("brest")


def test_as_resource_takes_names_resources_and_tables(breast):
    assert rs.as_resource("breast") is breast
    assert rs.as_resource(breast) is breast
    assert len(rs.as_resource(pd.DataFrame({"ligand": ["A"], "receptor": ["B"]}))) == 1
    with pytest.raises(TypeError, match="resource must be a string, a path, a Resource or a pandas DataFrame, found 3"):
        rs.as_resource(3)
    with pytest.raises(ValueError, match=r"resource='liana' is neither a resource nor a file; there are breast"):
        rs.as_resource("liana")


def test_describe_counts_every_interaction_once_per_property(breast, small):
    for resource in (breast, small):
        table = resource.describe()
        assert list(table.columns) == list(DESCRIPTION.names)
        for by in ("mode", "direction", "basis"):
            chosen = table[table["by"] == by]
            assert chosen["interactions"].sum() == len(resource)
            assert chosen["statements"].sum() == len(resource.evidence)
    of = small.describe().set_index(["by", "value"])
    assert of.loc[("source", "001"), "interactions"] == 1
    assert of.loc[("source", "001"), "statements"] == 2
    assert of.loc[("direction", "dual"), "interactions"] == 2
    assert of.loc[("direction", "dual"), "statements"] == 1


def test_evidence_for_one_interaction(small):
    rows = small.evidence_for("TGFB1^TGFBR1_TGFBR2")
    assert rows["statement"].tolist() == ["statement 0", "statement 1", "statement 2"]
    with pytest.raises(ValueError, match=r"is not in this resource; did you mean 'TGFB1\^TGFBR1_TGFBR2'"):
        small.evidence_for("TGFB1^TGFBR1")


def test_show_lists_the_shipped_resource_and_every_importer(breast):
    table = rs.show()
    assert list(table.columns) == list(AVAILABLE.names)
    first = table.set_index("name").loc["breast"]
    assert first["n_interactions"] == str(len(breast))
    assert (first["version"], first["licence"]) == (breast.version, breast.licence)
    importers = {n for n in rs.__all__ if n.startswith("from_")}
    assert {c.split("(")[0].split(".")[-1] for c in table["call"]} >= importers


def test_everything_public_exists_and_is_documented():
    for name in rs.__all__:
        assert getattr(rs, name).__doc__
    assert INTERACTIONS.names[:10] == (
        "interaction",
        "ligand",
        "receptor",
        "kind",
        "mode",
        "directness",
        "effect",
        "outcome",
        "outcome_of",
        "basis",
    )
