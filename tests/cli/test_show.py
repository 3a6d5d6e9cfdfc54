"""Tables for people."""

from __future__ import annotations

import pandas as pd

from commscore.cli._show import print_listing
from commscore.get._choose import surest_first
from commscore.kinds._base import Listing, StoredResult
from commscore.kinds._terminal import listing_of

ROWS = pd.DataFrame(
    {
        "source": "A",
        "target": "B",
        "interaction": ["AA^BB", "CC^DD", "EE^FF"],
        "ligand_complex": ["AA", "CC", "EE"],
        "receptor_complex": ["BB", "DD", "FF"],
        "mode": "ecm",
        "basis": pd.Categorical(["listed", "inferred", "family"], ["stated", "inferred", "family", "listed"]),
        "score": 1.0,
        "pvalue": 0.01,
        "padj": 0.02,
    }
)


def show(table, kind="score"):
    print_listing(listing_of(StoredResult("commscore", kind, {"table": table}, {"method": ["mean"]}, {}), 10))


def test_what_reviews_tell_of_is_marked_and_first_among_equals(capsys):
    show(ROWS)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = [[word for word in line if word != "│"] for line in shown if any(w in line for w in ("AA", "CC", "EE"))]
    assert [row[:4] for row in rows] == [["*", "A", "B", "CC"], ["A", "B", "EE", "FF"], ["A", "B", "AA", "BB"]]


def test_ranks_come_before(capsys):
    show(ROWS.assign(magnitude_rank=[0.1, 0.2, 0.1], specificity_rank=0.5))
    out = capsys.readouterr().out
    assert [out.index(name) for name in ("EE", "AA", "CC")] == sorted(out.index(name) for name in ("EE", "AA", "CC"))


def test_of_equally_sure_changes_the_largest_is_printed_first(capsys):
    """The order is that of ``cs.get.table``, whatever the sign."""
    effects = {"A^B": -1.0, "C^D": 6.0, "E^F": -4.0}
    table = pd.DataFrame(
        {
            "contrast": "b vs a", "source": "x", "target": "y", "interaction": list(effects), "shift": "up",
            "shape": None, "driver": "ligand", "effect": list(effects.values()), "pvalue": 0.001, "padj": 0.004,
            "unit": "cells",
        }
    )  # fmt: skip
    order = surest_first(table, schema="commscore.compare/1")
    show(table.iloc[order], "compare")
    out = capsys.readouterr().out
    assert sorted(effects, key=out.index) == ["C^D", "E^F", "A^B"]


def test_names_are_seen_beside_long_texts(capsys):
    listing = Listing([["specificity", "words " * 40, "0 to 1"]] * 2, ("name", "what", "range"), "methods")
    print_listing(listing)
    out = capsys.readouterr().out
    assert out.count("specificity") == 2
    assert out.count("0 to 1") == 2
    assert out.count("words") == 80
