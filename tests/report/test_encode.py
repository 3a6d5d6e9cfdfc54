"""Tables as JSON: what is decoded by other code equals what was put in."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from commscore.kinds._base import Drawing
from commscore.pl._table import need_rows
from commscore.report import _encode, _figures
from report.page import decoded

NASTY = ["</script><script>alert(1)</script>", "<!--", "a\u2028b", 'quo"te', "back\\slash", "&amp;", "ü→∞", ""]


def there_and_back(frame: pd.DataFrame) -> pd.DataFrame:
    text = _encode.dumps({"n": len(frame), "columns": _encode.columns(frame, {})})
    assert not set("<>&\u2028\u2029") & set(text)
    return decoded(json.loads(text))


def test_every_kind_of_column_survives():
    n = 400
    rng = np.random.default_rng(0)
    codes = rng.integers(0, len(NASTY), n)
    interaction = np.array(NASTY, object)[codes]
    frame = pd.DataFrame({
        "of_interaction": np.char.add("mode", (codes % 3).astype(str)),
        "interaction": pd.Categorical(interaction, categories=[*NASTY[::-1], "unused"]),
        "runs": np.repeat(["a", None, "b", "c"], n // 4),
        "many": rng.normal(size=n) * 10.0 ** rng.integers(-300, 300, n),
        "few": rng.choice([0.001, 0.5, np.nan, np.inf, -np.inf], n),
        "mixed": np.where(np.arange(n) < 5, [np.nan, np.inf, -np.inf, 0.0, -0.0] * (n // 5), rng.random(n)),
        "int": np.arange(n) * 10**9,
        "bool": rng.random(n) < 0.5,
        "constant": 7.0,
        "missing": np.nan,
    })  # fmt: skip
    back = there_and_back(frame)
    assert list(back) == list(frame)
    for name in ("of_interaction", "interaction", "runs", "bool"):
        expected = frame[name].astype(object)
        assert back[name].where(back[name].notna(), None).tolist() == expected.where(expected.notna(), None).tolist()
    for name in ("many", "few", "mixed", "int", "constant", "missing"):
        np.testing.assert_allclose(back[name].astype(float), frame[name], rtol=5e-5, atol=0)
    assert back["int"].tolist() == frame["int"].tolist()


def test_codes_are_short_where_they_can_be():
    n = 1000
    frame = pd.DataFrame({"source": np.repeat(["a", "b"], n // 2), "interaction": ["x", "y"] * (n // 2)})
    frame["mode"] = frame["interaction"].map({"x": "ecm", "y": "contact"})
    source, interaction, mode = _encode.columns(frame, {"mode": "how"})
    assert source["runs"] == [[0, 1], [500, 500]]
    assert len(interaction["codes"]) == n
    assert mode["of"] == 1
    assert mode["codes"] == [0, 1]
    assert mode["doc"] == "how"


@pytest.mark.parametrize("kind", ["category", "object"])
def test_a_missing_interaction_determines_nothing(kind):
    frame = pd.DataFrame({"interaction": ["x", None] * 20, "mode": ["a", "b"] * 20}).astype(kind)
    back = there_and_back(frame)
    assert back["mode"].tolist() == ["a", "b"] * 20
    assert back["interaction"].tolist() == ["x", None] * 20


def test_why_there_is_no_figure_is_said_whole_and_without_the_way_out():
    """Names may hold the very words of the message; what follows them is not cut off."""
    name = "a: nothing to draw; b"
    frame = pd.DataFrame({"source": ["c"]})
    drawing = Drawing("Edges", lambda: need_rows(frame.iloc[:0], f"no row of {name}", "raise max_padj"), "", "")
    told = _figures._drawn(drawing)
    assert told.text == f"Edges: no figure, because no row of {name}."


def test_text_of_a_drawing_stays_text():
    """A reader finds names with the browser's search, and a drawing program edits them."""
    figure = Figure(figsize=(2, 2))
    figure.text(0.5, 0.5, "CXCL12^CXCR4")
    head, _, content = _figures.encode(figure).partition(",")
    assert head == "data:image/svg+xml;base64"
    assert ">CXCL12^CXCR4</text>" in base64.b64decode(content).decode()
