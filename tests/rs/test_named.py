"""Resources by their names: the same words in Python and in the commands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import commscore as cs
from commscore import rs
from commscore.cli._open_resource import open_resource
from commscore.rs import _named
from commscore.rs.io import liana
from commscore.rs.io._files import readers, sources


def pairs(path, ligand="IL6", receptor="IL6R"):
    path.write_text(f"ligand,receptor\n{ligand},{receptor}\n")
    return path


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


SPLIT = {
    "breast": ["breast"],
    "breast+breast": ["breast", "breast"],
    "liana:consensus+breast": ["liana:consensus", "breast"],
    "breast+cellphonedb:/data/v5+fix": ["breast", "cellphonedb:/data/v5+fix"],
    "cellphonedb:C:\\data\\v5+fix.zip+breast": ["cellphonedb:C:\\data\\v5+fix.zip", "breast"],
    "breast+table:D:/a+b/pairs.csv+liana:lrdb": ["breast", "table:D:/a+b/pairs.csv", "liana:lrdb"],
    "breast+brest": ["breast", "brest"],
    "brest+breast": ["brest", "breast"],
    " breast + general+liana:x": ["breast", "general", "liana:x"],
    "breast++general": ["breast", "", "general"],
    "BREAST+General": ["BREAST", "General"],
}


@pytest.mark.parametrize("text", SPLIT)
def test_a_text_is_split_where_a_word_begins(text):
    assert _named.words_of(text) == SPLIT[text]


def test_files_that_are_there_are_words_too(here):
    pairs(here / "my.csv"), pairs(here / "a+breast"), pairs(here / "C:x.csv")
    assert _named.words_of("breast+my.csv") == ["breast", "my.csv"]
    assert _named.words_of("breast+C:x.csv+my.csv") == ["breast", "C:x.csv", "my.csv"]
    assert _named.words_of("table:a+breast") == ["table:a+breast"]  # the file of that name, and no merge
    assert _named.words_of("breast+absent.csv") == ["breast", "absent.csv"]
    pairs(here / "breast+more.csv"), pairs(here / "a + b.csv")
    assert _named.words_of("breast+more.csv") == ["breast+more.csv"]  # a longer name of a file counts first
    assert _named.words_of("a + b.csv + breast") == ["a + b.csv", "breast"]


def test_python_and_the_commands_read_the_same(here):
    pairs(here / "a+b.csv")
    for text in ("breast", "a+b.csv", "table:a+b.csv", "breast+a+b.csv", "breast+table:a+b.csv"):
        assert rs.as_resource(text).sha256 == open_resource(text).sha256
    both = rs.as_resource("breast+a+b.csv")
    assert both.name == "breast+a+b.csv"
    assert len(both) == len(rs.load()) + (0 if "IL6^IL6R" in set(rs.load().interactions["interaction"]) else 1)
    pairs(here / "c.csv", "XCL1", "XCR1")
    assert len(rs.as_resource("breast+a+b.csv+c.csv")) == len(both) + 1


def test_paths_are_read_as_their_texts_are(here, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(here))
    path = pairs(here / "breast+my.csv")
    expected = rs.from_table(pd.read_csv(path)).interactions
    for given in (path, "~/breast+my.csv", Path("~") / "breast+my.csv", "table:~/breast+my.csv"):
        pd.testing.assert_frame_equal(
            rs.as_resource(given).interactions.assign(sources=""), expected.assign(sources="")
        )
    with pytest.raises(FileNotFoundError, match=r"resource='absent.csv' does not exist"):
        rs.as_resource(Path("absent.csv"))
    with pytest.raises(TypeError, match=r"resource must be .*; write '.*my.csv'"):
        cs.tl.roles(cs.ds.pbmc(), "cell_type", resource=path)


def test_the_order_of_the_words_makes_no_difference(here):
    pairs(here / "a.csv"), pairs(here / "b.csv", "XCL1", "XCR1")
    for one, other in [("breast+general", "general + breast"), ("breast+a.csv+b.csv", "b.csv+breast+a.csv")]:
        a, b = rs.as_resource(one), rs.as_resource(other)
        assert (a.name, a.version, a.sha256) == (b.name, b.version, b.sha256)
        for name, table in a.tables.items():
            pd.testing.assert_frame_equal(table, b.tables[name])


def test_the_hash_of_a_merge_does_not_depend_on_which_came_first():
    a, b = rs.load("breast"), rs.load("general")
    assert a.merge(b).sha256 == b.merge(a).sha256
    assert a.merge(b).sha256 != a.merge(b).filter(mode="ecm").sha256


def test_the_same_object_each_time():
    assert rs.as_resource("breast+breast") is rs.load("breast")
    assert rs.as_resource("breast") is rs.as_resource("breast")
    assert rs.as_resource("breast+general") is rs.as_resource("general+breast")


def test_what_an_installed_package_has_is_read_once():
    pytest.importorskip("liana")
    assert rs.as_resource("liana:consensus") is rs.as_resource("liana:consensus")
    assert rs.as_resource("general+liana:consensus") is rs.as_resource("liana:consensus+general")


@pytest.mark.parametrize("name", ["", "nope", "consensu"])
def test_messages_about_liana_name_what_the_user_wrote(name):
    pytest.importorskip("liana")
    hint = "; did you mean 'consensus'" if name == "consensu" else ""
    with pytest.raises(ValueError, match=rf"^resource='liana:{name}' is not a resource of liana: .*consensus.*{hint}"):
        rs.as_resource(f"breast+liana:{name}")


BAD = {
    "brest": (
        ValueError,
        r"resource='brest' is neither a resource nor a file; there are breast.*mean 'breast'",
    ),
    "breast+brest": (ValueError, r"resource='brest' is neither a resource nor a file.*mean 'breast'"),
    "breast+nonsense": (ValueError, r"^resource='nonsense' is neither"),
    "nonsense+breast": (ValueError, r"^resource='nonsense' is neither"),
    "BREAST+General": (ValueError, r"^resource='BREAST' is neither.*mean 'breast'"),
    "CellPhoneDB:/v5": (ValueError, r"^resource='CellPhoneDB:/v5' is neither.*mean 'cellphonedb:/v5'"),
    "breast+": (ValueError, r"resource='breast\+' has a '\+' with nothing after it"),
    "+breast": (ValueError, r"resource='\+breast' has a '\+' with nothing before it"),
    "breast++general": (ValueError, r"resource='breast\+\+general' has a '\+' with nothing after it"),
    "absent.csv": (FileNotFoundError, r"^resource='absent.csv' does not exist"),
    "breast+data/absent": (FileNotFoundError, r"^resource='data/absent' does not exist"),
    "~nobody-of-that-name/x": (FileNotFoundError, r"^resource='~nobody-of-that-name/x' does not exist"),
    "cellphonedb": (ValueError, r"is a format that is read from a file: resource='cellphonedb:PATH'"),
    "cellphonedb:C:\\absent+x": (FileNotFoundError, r"C:\\absent\+x does not exist"),
    "table:absent.csv": (FileNotFoundError, r"resource='table:absent.csv': absent.csv does not exist"),
    "table:pairs.foo": (ValueError, r"resource='pairs.foo' must end in one of .csv, .tsv, .gz, .parquet"),
}


@pytest.mark.parametrize("kind", readers())
@pytest.mark.parametrize("before", ["", "breast + "])
def test_a_format_without_a_path_is_refused(here, kind, before):
    for name in ("interaction_input.csv", "complex_input.csv"):
        pairs(here / name)
    with pytest.raises(
        ValueError,
        match=f"^resource='{kind}:' has no path: resource='{kind}:PATH'; help.commscore.rs.from_{kind}. says of which$",
    ):
        rs.as_resource(f"{before}{kind}: ")


def test_every_format_has_its_importer_and_its_row():
    names = [source.name for source in sources()]
    assert [f"from_{name}" for name in names] == sorted(name for name in rs.__all__ if name.startswith("from_"))
    assert set(names) <= set(rs.show()["name"])
    assert set(readers()) < set(names)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_resource_is_refused_with_a_way_out(here, text):
    pairs(here / "pairs.foo")
    error, message = BAD[text]
    with pytest.raises(error, match=message):
        rs.as_resource(text)


def test_an_unknown_name_says_what_to_install(monkeypatch):
    monkeypatch.setattr(liana, "installed_version", lambda: None)
    with pytest.raises(ValueError, match=r"liana:NAME \(after pip install liana\)"):
        rs.as_resource("consensus")
