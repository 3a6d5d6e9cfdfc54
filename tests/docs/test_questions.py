"""The guide to circuits, therapies and expectations runs as it stands, and shows what it says."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest

import commscore as cs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "questions.md"


@pytest.fixture(scope="module")
def guide():
    mpl.use("Agg")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    return names


def test_every_table_that_is_shown_has_rows(guide):
    adata = guide["adata"]
    for key in ("circuits", "loops", "therapies", "expectations", "response", "balance", "recessive", "influence"):
        assert len(cs.get.table(adata, f"commscore_{key}")), key
    assert len(guide["found"].extra["changes"])
    assert set(guide["cut"].extra["circuits"]["context"]) == {"primary", "bone"}


def test_what_was_planted_is_what_the_page_would_show(guide):
    table = guide["told"].table
    verdicts = {
        w: set(table.loc[(table["what"] == w) & (table["role"] == "tumour"), "verdict"]) for w in ("CXCR4", "JAG1")
    }
    assert "confirmed" in verdicts["CXCR4"]
    assert "contradicted" in verdicts["JAG1"]
    whole = guide["whole"].set_index("circuit")
    assert whole.loc["cxcl12_endocrine_resistance", "driver_molecule"] == "CXCR4 (tumour)"
    assert whole.loc["tgfb_jag1_notch_il6", "status"] == "broken"  # a later step is not expressed
    steps = guide["changes"].set_index(["circuit", "step"])
    assert steps.loc[("tgfb_jag1_notch_il6", 3), "ci_high"] < 0  # JAG1 to NOTCH1 still fell
    assert steps.loc[("tgfb_jag1_notch_il6", 3), "padj"] < 0.01
