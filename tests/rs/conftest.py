"""Small resources for the tests of the resource room."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from commscore import rs


@pytest.fixture(scope="session")
def breast():
    return rs.load("breast")


@pytest.fixture(scope="session")
def priors():
    """Folder of the public tables of other resources."""
    folder = os.environ.get("COMMSCORE_PRIORS")
    if not folder:
        pytest.skip("COMMSCORE_PRIORS names no folder with the tables of other resources")
    return Path(folder)


STATEMENTS = [
    ("TGFB1", "TGFBR1_TGFBR2", "paracrine", "activating", "000", "both", "pro"),
    ("TGFB1", "TGFBR1_TGFBR2", "autocrine", "activating", "001", "ligand", "anti"),
    ("TGFB1", "TGFBR1_TGFBR2", "paracrine", "unknown", "001", "ligand", "unclear"),
    ("CDH1", "CDH1", "junctional_adhesion", "activating", "000", "both", "anti"),
    ("GJA1", "GJA1", "gap_junction", "unknown", "000", "inferred", "dual"),
    ("TNFSF11", "TNFRSF11B", "paracrine", "decoy", "003", "receptor", "unclear"),
    ("met:lactate", "SLC16A1", "metabolite", "unknown", "002", "ligand", "pro"),
]


def statements() -> pd.DataFrame:
    """Statements that contradict each other and differ in every property that can be filtered."""
    columns = ["ligand", "receptor", "mode", "effect", "source", "stated", "direction"]
    table = pd.DataFrame(STATEMENTS, columns=columns)
    return table.assign(
        kind=["metabolite" if x.startswith("met:") else "protein" for x in table["ligand"]],
        directness=["direct"] * 5 + ["indirect"] * 2,
        inferred_from=["" if s == "both" else "canonical" for s in table["stated"]],
        statement=[f"statement {i}" for i in range(len(table))],
    )


@pytest.fixture
def small():
    return rs.from_table(statements(), name="small")
