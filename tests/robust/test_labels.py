"""Columns, matrices and numbers that look right and cannot be used: a clear error each, before any work."""

from __future__ import annotations

import time

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.core.permute.schemes import _balanced

PAIRS = pd.DataFrame({"ligand": ["A", "B"], "receptor": ["C", "D"]})
TOOLS = {
    "score": lambda a: cs.tl.score(a, "g", resource=PAIRS, n_perms=5),
    "compare": lambda a: cs.tl.compare(a, "g", condition_key="c", sample_key="s", resource=PAIRS, min_cells=1),
}


@pytest.fixture
def cells():
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, (80, 4)).astype(np.float32)
    at = np.arange(80)
    obs = pd.DataFrame({"g": at % 2, "s": at // 20, "c": at // 40}, index=[f"c{i}" for i in at]).astype(str)
    a = ad.AnnData(np.log1p(counts), obs=obs, var=pd.DataFrame(index=list("ABCD")))
    a.layers["counts"] = counts
    return a


LABELS = {
    "1 and '1'": ([1, "1"] * 40, ValueError, r"adata.obs\['g'\] has different labels that read '1' \(int, str\)"),
    "lists": ([["a"], ["b"]] * 40, TypeError, r"adata.obs\['g'\] holds values that cannot be labels \(unhashable"),
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_cannot_be_told_apart_or_counted(cells, tool, kind):
    values, error, message = LABELS[kind]
    cells.obs["g"] = pd.Series(values, index=cells.obs_names, dtype=object)
    with pytest.raises(error, match=message):
        TOOLS[tool](cells)
    assert not cells.uns


def test_conditions_that_read_the_same(cells):
    cells.obs["c"] = [1] * 40 + ["1"] * 40
    with pytest.raises(ValueError, match=r"adata.obs\['c'\] has different labels that read '1'"):
        TOOLS["compare"](cells)


@pytest.mark.parametrize("tool", TOOLS)
def test_two_columns_of_one_name(cells, tool):
    cells.obs = pd.concat([cells.obs, cells.obs[["g"]]], axis=1)
    with pytest.raises(ValueError, match=r"groupby='g' is the name of several columns of adata.obs"):
        TOOLS[tool](cells)


def test_matrices_that_are_not_what_they_seem(cells):
    cells.X = np.asarray(cells.X, ">f4")
    with pytest.raises(TypeError, match=r"adata.X holds values of type >f4; convert them"):
        TOOLS["score"](cells)
    cells.layers["counts"] = np.asarray(cells.layers["counts"], ">i4")
    with pytest.raises(TypeError, match=r"adata.layers\['counts'\] holds values of type >i4; convert them"):
        TOOLS["compare"](cells)
    x = np.asarray(cells.X, np.float32)
    cells.X = np.ma.masked_array(x, mask=x > 1.5)
    with pytest.raises(TypeError, match=r"adata.X is a masked array, of which \d+ values are missing; fill them first"):
        TOOLS["score"](cells)


@pytest.mark.parametrize("n_perms", [10**8 + 1, 10**12, 2**62])
def test_a_slip_of_the_finger_in_the_number_of_permutations(cells, n_perms):
    with pytest.raises(ValueError, match=rf"n_perms must be an integer between 1 and 1e\+08, found {n_perms}"):
        cs.tl.score(cells, "g", resource=PAIRS, n_perms=n_perms)


def test_blocks_of_many_permutations_are_counted_not_listed():
    started = time.perf_counter()
    blocks = _balanced(10**12, 7)
    first, second = next(blocks), next(blocks)
    assert time.perf_counter() - started < 1
    assert first[0] == 0
    assert first[1] == second[0]
    for n, width in ((1, 1), (10, 3), (1000, 256), (4999, 7)):
        parts = list(_balanced(n, width))
        assert [a for a, _ in parts] == [0, *(b for _, b in parts[:-1])]
        assert parts[-1][1] == n
        assert max(b - a for a, b in parts) <= width
        assert min(b - a for a, b in parts) >= min(n, width // 2)
