from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.ds._simulate import _shifts

EDGE = {"interaction": "CSF1^CSF1R", "source": "tumour", "target": "macrophage"}


@pytest.mark.parametrize(
    ("shape", "n", "expected"),
    [
        ("growth", 2, [0, 1]),
        ("growth", 5, [0, 0.25, 0.5, 0.75, 1]),
        ("recession", 3, [1, 0.5, 0]),
        ("peak", 3, [0, 1, 0]),
        ("peak", 4, [0, 1, 1, 0]),
        ("peak", 5, [0, 0.5, 1, 0.5, 0]),
        ("trough", 5, [1, 0.5, 0, 0.5, 1]),
        ("early_switch", 4, [0, 1, 1, 1]),
        ("late_switch", 4, [0, 0, 0, 1]),
    ],
)
def test_shapes(shape, n, expected):
    np.testing.assert_allclose(_shifts.shape_weights(shape, n), expected)


@pytest.mark.parametrize("shape", _shifts.SHAPES)
@pytest.mark.parametrize("n", [3, 4, 7])
def test_every_shape_runs_from_nothing_to_the_whole_amplitude(shape, n):
    weights = _shifts.shape_weights(shape, n)
    assert weights.min() == pytest.approx(0)
    assert weights.max() == pytest.approx(1)


def test_a_shift_is_frozen_and_a_dict_is_the_same():
    shift = cs.ds.Shift(**EDGE, log2fc=1.5)
    with pytest.raises(AttributeError, match="cannot assign"):
        shift.log2fc = 3
    tables = [
        cs.ds.simulate(n_samples=1, n_cells=10, n_background=0, shifts=[s]).uns["truth"]
        for s in (shift, EDGE | {"log2fc": 1.5, "interaction": ("CSF1", "CSF1R")})
    ]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"interaction": "CSF1^CSF1"}, ValueError, r"interaction: 'CSF1\^CSF1' is not .* mean 'CSF1\^CSF1R'"),
        ({"interaction": "CSF1"}, ValueError, r"shifts\[0\].interaction must be \(ligand, receptor\)"),
        ({"interaction": ("CSF1", "A__B")}, ValueError, "found 'A__B'"),
        ({"interaction": 5}, TypeError, "must be"),
        ({"source": "tumor"}, ValueError, "source: 'tumor' is not a group; did you mean 'tumour'"),
        ({"target": "macrophages"}, ValueError, "did you mean 'macrophage'"),
        ({"driver": "ligands"}, ValueError, "driver='ligands' is not one of .*did you mean 'ligand'"),
        ({"shape": "groth"}, ValueError, "shape='groth' is not one of .*did you mean 'growth'"),
        ({"condition": "cases"}, ValueError, "did you mean 'case'"),
        ({"condition": "case", "shape": "growth"}, ValueError, "give one of them"),
        ({"shape": "peak"}, ValueError, "at least three conditions, found 2"),
        ({"shape": "growth", "log2fc": -1}, ValueError, "is shape='recession'; use log2fc > 0"),
        ({"log2fc": 0}, ValueError, "finite and not zero"),
        ({"log2fc": float("nan")}, ValueError, "must be a finite number"),
        ({"log2fc": "2"}, TypeError, "log2fc must be a number, found '2'"),
        ({"log2fc": True}, TypeError, "log2fc must be a number"),
        ({"log2FC": 1}, ValueError, "'log2FC' is not a field of Shift; did you mean 'log2fc'"),
    ],
)
def test_bad_shift(change, error, match):
    with pytest.raises(error, match=match):
        cs.ds.simulate(shifts=[EDGE | change])


def test_bad_sequences_of_shifts():
    for wrong in (EDGE, cs.ds.Shift(**EDGE), "CSF1^CSF1R", 3):
        with pytest.raises(TypeError, match="shifts must be a list of values"):
            cs.ds.simulate(shifts=wrong)
    with pytest.raises(TypeError, match=r"shifts\[0\] must be a Shift or a dict"):
        cs.ds.simulate(shifts=[3])
    with pytest.raises(ValueError, match=r"shifts\[0\] lacks 'source', 'target'"):
        cs.ds.simulate(shifts=[{"interaction": "CSF1^CSF1R"}])


def test_the_condition_must_be_named_when_there_are_several():
    with pytest.raises(ValueError, match="needs condition= or shape=, because there are 3 conditions"):
        cs.ds.simulate(conditions=["a", "b", "c"], shifts=[EDGE])
    with pytest.raises(ValueError, match="needs at least two conditions, found 1"):
        cs.ds.simulate(conditions=["a"], shifts=[EDGE])
