"""Labels: one order, one equality, one rule for the reference, whatever type they were stored as."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commscore import _labels
from commscore.get._columns import label_codes, labels_of

WHOLE = st.integers(-(10**9), 10**9)


@given(st.lists(st.text(max_size=12), unique=True), st.randoms())
def test_the_order_depends_on_the_labels_alone(labels, random):
    shuffled = random.sample(labels, len(labels))
    ordered = _labels.natural_order(shuffled)
    assert ordered == _labels.natural_order(labels)
    assert sorted(ordered) == sorted(labels)


@given(st.sets(st.integers(0, 10**6), min_size=2), st.sampled_from(["day", "T cell ", "c_", "G"]))
def test_numbers_inside_text_are_ordered_by_value(numbers, stem):
    assert _labels.natural_order(f"{stem}{n}" for n in numbers) == [f"{stem}{n}" for n in sorted(numbers)]
    assert _labels.natural_order(f"{n}h" for n in numbers) == [f"{n}h" for n in sorted(numbers)]


@given(st.sets(st.one_of(WHOLE, st.floats(-1e6, 1e6).map(lambda x: round(x, 3))), min_size=2))
def test_numbers_are_ordered_by_value_as_text_too(numbers):
    texts = [_labels.text(n) for n in numbers]
    assert [float(t) for t in _labels.natural_order(texts)] == sorted(map(float, texts))


@given(st.lists(WHOLE, min_size=1))
def test_a_column_reads_the_same_whatever_its_type(values):
    expected = [str(v) for v in values]
    columns = {
        "int": pd.Series(values), "float": pd.Series(values, dtype=float), "text": pd.Series(expected, dtype=object),
        "category": pd.Series(expected, dtype="category"), "numbers as categories": pd.Series(pd.Categorical(values)),
        "nullable": pd.Series(values, dtype="Int64"),
    }  # fmt: skip
    for name, column in columns.items():
        codes, names = label_codes(column)
        assert [names[c] for c in codes] == expected, name
        assert list(labels_of(column)) == expected, name
        assert names == [str(v) for v in sorted(set(values))], name


def test_an_order_of_the_user_is_kept_and_one_of_the_file_is_not():
    own = ["late", "early", "middle"]
    column = pd.Series(pd.Categorical(["early", "late", "middle"], categories=own, ordered=True))
    assert label_codes(column)[1] == own
    assert label_codes(column.cat.as_unordered())[1] == ["early", "late", "middle"]
    assert label_codes(pd.Series(["day10", "day2", None]))[1] == ["day2", "day10"]
    assert label_codes(pd.Series(["day10", "day2", None]))[0].tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("label", "known", "found"),
    [
        (0, ["0", "24"], "0"), (0.0, ["0", "24"], "0"), ("0.0", ["0", "24"], "0"), ("24", ["0", "24"], "24"),
        (np.int64(24), ["0", "24"], "24"), (np.float32(0.5), ["0.25", "0.5"], "0.5"), (7, ["07", "8"], "07"),
        (1, ["1", "1.0"], "1"), (1, ["01", "1.0"], None),  # two have the value and none is written like it
        (True, ["False", "True"], "True"), (np.True_, ["False", "True"], "True"), ("True", ["False", "True"], "True"),
        (1, ["False", "True"], None), (True, ["0", "1"], "1"), (True, ["1", "b"], None), ("True", ["0", "1"], None),
        ("B cell", ["B cell ", "T cell"], None), ("nan", ["1", "2"], None), ("b", ["B"], None),
    ],
)  # fmt: skip
def test_equality(label, known, found):
    assert _labels.find(label, known) == found


def test_text_of_labels():
    values = [0.0, -0.0, 24.0, 0.5, 1e20, np.float32(0.1), 3, np.int8(3), True, np.False_, "2.0", float("inf")]
    assert list(map(_labels.text, values)) == [
        "0", "0", "24", "0.5", "1e+20", "0.1", "3", "3", "True", "False", "2.0", "inf",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("levels", "chosen"),
    [
        (["case", "control"], ("control", "named as a control")),
        (["Ctrl", "STIM"], ("Ctrl", "named as a control")),
        (["Healthy", "MS"], ("Healthy", "named as a control")),
        (["healthy_control", "tumour"], ("healthy_control", "named as a control")),
        (["adjacent", "normal"], ("normal", "named as a control")),
        (["treated", "Untreated"], ("Untreated", "named as a control")),
        (["LPS", "unstimulated"], ("unstimulated", "named as a control")),
        (["drug", "vehicle"], ("vehicle", "named as a control")),
        (["infected", "mock"], ("mock", "named as a control")),
        (["baseline", "week4"], ("baseline", "named as a control")),
        (["post", "pre"], ("pre", "named as a control")),
        (["bone", "primary"], ("primary", "named as a control")),
        (["knockout", "wild-type"], ("wild-type", "named as a control")),
        (["KO", "WT"], ("WT", "named as a control")),
        (["0", "high", "low"], ("0", "named as a control")),
        (["0.0", "high"], ("0.0", "named as a control")),
        (["-7", "0", "7"], ("0", "named as a control")),  # its name is looked at before its size
        (["2", "10"], ("2", "smallest number")),
        (["0.5", "1", "10"], ("0.5", "smallest number")),
        (["day2", "day10"], ("day2", "smallest number")),
        (["4h", "24h"], ("4h", "smallest number")),
        (["day -2", "day 3"], ("day -2", "smallest number")),
    ],
)
def test_rules_of_the_reference(levels, chosen):
    assert _labels.reference(levels, what="adata.obs['x']") == chosen


@pytest.mark.parametrize(
    "levels",
    [
        ["a", "b"], ["HER2+", "HER2-"], ["HER2+", "TNBC"], ["healthy donors", "patients"], ["not normal", "odd"],
        ["control", "ctrl"], ["normal", "primary", "bone"],  # two names of a control
        ["day2", "week1"], ["day2", "later"], ["day2", "day 2"], ["T1N0", "T2N0"], ["2", "2.0"],
        ["day-14", "day-7"], ["P-1", "P-2"],  # a minus, or a hyphen?
    ],
)  # fmt: skip
def test_a_reference_is_demanded(levels):
    with pytest.raises(ValueError, match=r"reference is needed: .*adata.obs\['x'\].*give reference= one of") as error:
        _labels.reference(levels, what="adata.obs['x']")
    assert all(repr(level) in str(error.value) for level in levels)


def test_numbers_of_half_precision_read_as_they_were_written():
    for column in (pd.Series(np.float32([0.1, 0.2, 24])), pd.Series(np.float32([0.1, 0.2, 24])).astype("category")):
        assert label_codes(column)[1] == ["0.1", "0.2", "24"]


def test_an_order_goes_before_names():
    assert _labels.reference(["b", "control"], what="x", first_of="order") == ("b", "first of order")


def test_white_space_is_shown():
    with pytest.warns(UserWarning, match="x has labels that differ only in white space") as said:
        _labels.warn_of_white_space(["T cell", "T\u00a0cell", "B cell ", "NK  cell", "mast\u200b", "mast"], where="x")
    assert len(said) == 1
    message = str(said[0].message)
    for shown in ("'T cell' and 'T\\xa0cell'", "'mast\\u200b' and 'mast'", "'B cell '"):
        assert shown in message
    assert "NK" not in message
    _labels.warn_of_white_space(["T cell", "T\u00a0cell 2", "a\nb"], where="x")  # alone they are nobody's twin


def test_labels_of_messages_are_written_so_that_they_can_be_told_apart():
    with pytest.raises(ValueError, match=r"groups has 'B cell', .*there are 'B cell ', T cell, 'T\\xa0cell'"):
        _labels.choose("groups", ["B cell"], options=["B cell ", "T cell", "T\u00a0cell"], what="a group")
    with pytest.raises(ValueError, match=r"^source=3 is not a group \(there are 0, 1\)"):
        _labels.choose("source", np.int64(3), options=["0", "1"], what="a group")
    with pytest.raises(ValueError, match="groups must name different labels"):
        _labels.choose("groups", [0, 0.0], options=["0", "1"], what="a group")
    assert _labels.choose("groups", [1, "0"], options=["0", "1"], what="a group") == ["1", "0"]
