"""Resources by their names: the same words in Python and in the commands."""

from __future__ import annotations

import pytest

from commscore import rs
from commscore.cli._open_resource import open_resource
from commscore.rs import _named
from commscore.rs.io import liana


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
    "breast+brest": ["breast+brest"],
}


@pytest.mark.parametrize("text", SPLIT)
def test_a_text_is_split_where_a_word_begins(text):
    assert _named.words_of(text) == SPLIT[text]


def test_files_that_are_there_are_words_too(here):
    pairs(here / "my.csv"), pairs(here / "a+breast"), pairs(here / "C:x.csv")
    assert _named.words_of("breast+my.csv") == ["breast", "my.csv"]
    assert _named.words_of("breast+C:x.csv+my.csv") == ["breast", "C:x.csv", "my.csv"]
    assert _named.words_of("table:a+breast") == ["table:a+breast"]  # the file of that name, and no merge
    assert _named.words_of("breast+absent.csv") == ["breast+absent.csv"]


def test_python_and_the_commands_read_the_same(here):
    pairs(here / "a+b.csv")
    for text in ("breast", "a+b.csv", "table:a+b.csv", "breast+a+b.csv", "breast+table:a+b.csv"):
        assert rs.as_resource(text).sha256 == open_resource(text).sha256
    both = rs.as_resource("breast+a+b.csv")
    assert both.name == "breast+a+b.csv"
    assert len(both) == len(rs.load()) + (0 if "IL6^IL6R" in set(rs.load().interactions["interaction"]) else 1)
    pairs(here / "c.csv", "XCL1", "XCR1")
    assert len(rs.as_resource("breast+a+b.csv+c.csv")) == len(both) + 1


def test_the_same_object_each_time():
    assert rs.as_resource("breast+breast") is rs.load("breast")
    assert rs.as_resource("breast") is rs.as_resource("breast")


BAD = {
    "brest": (
        ValueError,
        r"resource='brest' is neither a resource nor a file; there are breast.*mean 'breast'",
    ),
    "breast+brest": (ValueError, r"resource='breast\+brest' is neither a resource nor a file"),
    "breast+": (ValueError, r"resource='breast\+' is neither"),
    "cellphonedb": (ValueError, r"is a format that is read from a file: resource='cellphonedb:PATH'"),
    "cellphonedb:C:\\absent+x": (FileNotFoundError, r"C:\\absent\+x does not exist"),
    "table:absent.csv": (FileNotFoundError, r"resource='table:absent.csv': absent.csv does not exist"),
    "table:pairs.txt": (ValueError, r"resource='pairs.txt' must end in one of .csv, .tsv, .gz, .parquet"),
}


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_resource_is_refused_with_a_way_out(here, text):
    pairs(here / "pairs.txt")
    error, message = BAD[text]
    with pytest.raises(error, match=message):
        rs.as_resource(text)


def test_an_unknown_name_says_what_to_install(monkeypatch):
    monkeypatch.setattr(liana, "installed_version", lambda: None)
    with pytest.raises(ValueError, match=r"liana:NAME \(after pip install 'commscore\[liana\]'\)"):
        rs.as_resource("consensus")
