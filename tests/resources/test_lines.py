"""Every fact stands in the lines of the text it names, under one of the names it gives."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd
import pytest

CURATION = Path(__file__).resolve().parents[2] / "resources"
TABLES = (
    "evidence",
    "molecules",
    "circuits",
    "circuit_steps",
    "expectations",
    "therapies",
    "families",
    "roles",
    "mistakes",
)
DASHES = str.maketrans({"\u2011": "-", "\u2013": "-", "\u2212": "-"})


@pytest.fixture(scope="module")
def texts():
    folder = os.environ.get("COMMSCORE_SEEDS")
    if not folder:
        pytest.skip("COMMSCORE_SEEDS names no folder with the texts of the reviews")
    paths = sorted(Path(folder).glob("*.txt"))
    return {p.name[:3]: p.read_text(encoding="utf-8", errors="replace").split("\n") for p in paths}


def plain(text):
    return re.sub(r"\s+", " ", text.translate(DASHES)).strip().lower()


def passage(lines, first, last):
    """The text of a range of lines: as it stands, and with words at line ends joined with and without hyphen."""
    raw = "\n".join(lines[first - 1 : last]).translate(DASHES)
    return " ".join(plain(t) for t in (raw, re.sub(r"-\s*\n\s*", "", raw), re.sub(r"-\s*\n\s*", "-", raw)))


def read(table):
    return pd.read_csv(CURATION / f"{table}.tsv", sep="\t", quoting=3, dtype=str, keep_default_na=False)


@pytest.mark.parametrize("table", TABLES)
def test_lines_exist_and_contain_what_is_said_to_be_written(texts, table):
    wrong = []
    for row, fact in enumerate(read(table).to_dict("records"), 2):
        if not fact["source"]:
            continue
        lines = texts[fact["source"]]
        first, last = map(int, fact["lines"].split("-"))
        if not 1 <= first <= last <= len(lines):
            wrong.append(f"{table}.tsv:{row}: lines {fact['lines']} of {len(lines)}")
            continue
        text = passage(lines, first, last)
        names = [plain(n) for n in fact.get("written", "").split("|") if n.strip()]
        if "written" in fact and not (names and any(n in text for n in names)):
            wrong.append(f"{table}.tsv:{row}: none of {names} in lines {fact['lines']}")
    assert wrong == []


def test_files_of_the_sources_exist(texts):
    folder = Path(os.environ["COMMSCORE_SEEDS"])
    for source in read("sources").to_dict("records"):
        assert source["file"].startswith(source["source"])
        assert (folder / source["file"]).is_file()
        assert source["source"] in texts
