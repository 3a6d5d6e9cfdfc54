"""AnnData of any shape, type and naming: the right result, or one clear error of ours."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy import sparse

import commscore as cs
from commscore._labels import natural_order
from robust.refusal import attempt

ODD = ["", " ", "T cell", "a|b", "a_b", "a^b", "a/b", "b→a", "ß", "细胞", "NaN", "nan", "None", "0", "-1", "x" * 300,
       "'", '"', "<b>", "a\nb", "a\tb", "%s", "{}", "\\", "é", "e\u0301", "🧬"]  # fmt: skip
DTYPES = ["int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64", "bool", "object"]
FORMS = ["csr", "csc", "dense", "fortran", "int64 indices", "unsorted", "read-only", "view",
         "strided view", "explicit zeros"]  # fmt: skip
FILLS = ["log", "zeros", "huge", "tiny", "one value", "counts", "empty rows", "one cell"]
PAIRS = pd.DataFrame({"ligand": ["G0", "G1_G2", "G0"], "receptor": ["G1", "G3", "G0"]})


def values(fill, shape, rng):
    x = np.where(rng.random(shape) < 0.5, rng.gamma(2.0, 0.7, shape), 0.0)
    made = {
        "log": x, "zeros": x * 0, "huge": x * 1e30, "tiny": x * 1e-30, "one value": np.full(shape, 1.5),
        "counts": np.rint(x * 3), "empty rows": x * (rng.random((shape[0], 1)) < 0.3), "one cell": x,
    }  # fmt: skip
    return made[fill]


def in_form(x, form):
    """Return the matrix in a form, and whether AnnData has to be a view for it."""
    if form in ("dense", "fortran", "view", "strided view") or x.dtype == object or x.dtype == np.float16:
        return np.asfortranarray(x) if form == "fortran" else x
    m = sparse.csc_matrix(x) if form == "csc" else sparse.csr_matrix(x)
    if form == "explicit zeros" and m.nnz:
        m.data[::2] = 0
    if form == "int64 indices":
        m.indices, m.indptr = m.indices.astype(np.int64), m.indptr.astype(np.int64)
    if form == "unsorted":
        for a, b in zip(m.indptr[:-1], m.indptr[1:], strict=True):
            m.indices[a:b], m.data[a:b] = m.indices[a:b][::-1].copy(), m.data[a:b][::-1].copy()
        m.has_sorted_indices = False
    return m


def read_only(m):
    for part in (m.data, m.indices, m.indptr) if sparse.issparse(m) else (m,):
        part.setflags(write=False)


@st.composite
def data(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = draw(st.lists(st.sampled_from(ODD), min_size=2, max_size=4, unique=True))
    fill, form = draw(st.sampled_from(FILLS)), draw(st.sampled_from(FORMS))
    sizes = [1 if fill == "one cell" else draw(st.sampled_from([1, 2, 5, 9])) for _ in names]
    n, genes = sum(sizes), draw(st.sampled_from([1, 2, 4, 6]))
    dtype = draw(st.sampled_from(["float32", "float64"] * 4 + DTYPES))
    with np.errstate(over="ignore", invalid="ignore"):
        x = values(fill, (n, genes), rng).astype(dtype)
    m = in_form(x, form)
    labels = pd.Categorical(rng.permutation(np.repeat(names, sizes)), categories=[*names, "nobody"])
    barcodes = ["same"] * n if draw(st.booleans()) else [f"c{i}" for i in range(n)]
    obs = pd.DataFrame({"group": labels if draw(st.booleans()) else np.asarray(labels)}, index=barcodes)
    adata = ad.AnnData(None, obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(genes)]), shape=(n, genes))
    place = draw(st.sampled_from(["X", "layer", "raw"]))
    if place == "layer":
        adata.layers["e"] = m
    else:
        adata.X = m
    if place == "raw":
        adata.raw = adata.copy()
        adata = adata[:, :1].copy()
    if form == "view":
        adata = adata[np.arange(n)[::-1]]
    if form == "strided view":
        adata = adata[::2]
    elif form == "read-only" and place == "X":
        read_only(adata.X)
    return adata, {"X": {}, "layer": {"layer": "e"}, "raw": {"use_raw": True}}[place]


def expression_of(adata, where):
    x = adata.layers["e"] if "layer" in where else adata.raw.X if where else adata.X
    dense = x.toarray() if hasattr(x, "toarray") else np.asarray(x)
    return dense.astype(np.float64)


def state(adata, where):
    return expression_of(adata, where).tobytes(), adata.obs.to_csv(), list(adata.uns), adata.is_view


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data(), st.sampled_from(["rotation", "ring", "independent", None]))
@pytest.mark.filterwarnings("ignore")
def test_scores_are_means_of_groups_or_a_clear_error(made, scheme):
    adata, where = made
    before = state(adata, where)
    null = {"null": None} if scheme is None else {"scheme": scheme, "n_perms": 3}
    asked = {"resource": PAIRS, "min_cells": 1, "expr_prop": 0, "inplace": False} | null | where
    result = attempt(lambda: cs.tl.score(adata, "group", **asked))
    assert state(adata, where) == before
    if result is None:
        return
    x = expression_of(adata, where)
    groups = adata.obs["group"].astype(str).to_numpy()
    mean = {g: x[groups == g].mean(axis=0) for g in np.unique(groups)}
    table = result.table
    assert len(table) == len(mean) ** 2 * table["interaction"].nunique()
    for row in table.itertuples():
        at = [[int(g[1:]) for g in side.split("_")] for side in row.interaction.split("^")]
        left, right = mean[row.source][at[0]].min(), mean[row.target][at[1]].min()
        expected = (left + right) / 2 if min(left, right) > 0 else 0.0
        np.testing.assert_allclose(row.score, expected, rtol=1e-5, err_msg=str(row))
    if scheme is not None:
        assert table["pvalue"].between(0.25, 1).all()


@st.composite
def cohort(draw):
    """Counts of four samples in two conditions, of any integer type, with odd names."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.lists(st.sampled_from(ODD), min_size=1, max_size=3, unique=True))
    samples = draw(st.lists(st.sampled_from(ODD), min_size=4, max_size=4, unique=True))
    n = draw(st.sampled_from([8, 40, 90]))
    genes = draw(st.sampled_from([1, 4, 6]))
    fill = draw(st.sampled_from(["counts", "zeros", "huge", "empty rows"]))
    x = rng.poisson(1.5, (n, genes)) * {"counts": 1, "zeros": 0, "huge": 1_000_000}.get(fill, 1)
    x[rng.random(n) < 0.3] *= fill != "empty rows"
    dtype = draw(st.sampled_from(["int32", "int64", "uint64", "float32", "float64"]))
    m = in_form(x.astype(dtype), draw(st.sampled_from(FORMS)))
    at = rng.integers(0, 4, n)
    obs = pd.DataFrame(
        {"group": pd.Categorical(rng.choice(groups, n), categories=[*groups, "nobody"]),
         "sample": np.asarray(samples, object)[at], "condition": np.where(at < 2, "a", "b")},
        index=["same"] * n,
    )  # fmt: skip
    return ad.AnnData(m, obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(genes)]))


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cohort())
@pytest.mark.filterwarnings("ignore")
def test_changes_turn_round_with_the_reference_or_a_clear_error(adata):
    keys = {"condition_key": "condition", "sample_key": "sample", "resource": PAIRS, "min_cells": 1, "inplace": False}
    both = attempt(lambda: [cs.tl.compare(adata, "group", reference=r, **keys).table for r in ("a", "b")])
    if both is None:
        return
    forth, back = both
    assert set(forth["contrast"]) == {"b vs a"}
    of_samples = set(forth["unit"]) <= {"samples"}  # cells are permuted at random
    for one, other in (("ligand_effect", -1), ("receptor_effect", -1), ("d_flow", -1), *[("pvalue", 1)][:of_samples]):
        np.testing.assert_allclose(forth[one], other * back[one], rtol=1e-6, atol=1e-9)
    tested = forth["status"].astype(str) == "tested"
    assert forth.loc[tested, ["effect", "pvalue"]].notna().all(axis=None)
    assert forth.loc[tested, "pvalue"].between(0, 1).all()


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(TEXT, min_size=2, max_size=4, unique=True), st.lists(TEXT, min_size=2, max_size=4, unique=True))
@example(["a/b", "a|b"], ["<script>", "G^1"])
@example(["a", "a "], ["met:lactate", "B"])
@pytest.mark.filterwarnings("ignore")
def test_any_name_comes_back_as_it_was(tmp_path_factory, groups, genes):
    rng = np.random.default_rng(0)
    labels = np.repeat(groups, 6)
    x = rng.random((labels.size, len(genes))).astype(np.float32) + 0.5
    adata = ad.AnnData(x, obs=pd.DataFrame({"g": labels}, index=[f"c{i}" for i in range(labels.size)]))
    adata.var_names = genes
    pairs = pd.DataFrame({"ligand": genes[:1], "receptor": genes[1:2]})
    attempt(lambda: cs.tl.score(adata, "g", resource=pairs, n_perms=3))
    if not adata.uns:
        return
    table = cs.get.table(adata)
    assert set(table["source"]) == set(groups)
    assert set(table["ligand"]) == {genes[0].strip()}
    assert list(cs.get.matrix(adata, max_padj=None).index) == natural_order(groups)


@pytest.mark.parametrize("names", [["a/b", "a|b", "a_b", "a^b"], ["细胞", "x" * 300, "<b>", "🧬"]])
def test_odd_names_survive_files_and_profiles(tmp_path, names):
    adata = cs.ds.simulate(n_samples=2, n_cells=80, groups=names, n_background=5, interactions=[("L|1", "R/1")], rng=0)
    cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample", min_cells=2,
                  resource=adata.uns["interactions"][["ligand", "receptor"]])  # fmt: skip
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    pd.testing.assert_frame_equal(
        cs.get.table(back, "commscore_compare"), cs.get.table(adata, "commscore_compare"), check_categorical=False
    )
    samples = cs.tl.profile(adata, "cell_type", sample_key="sample", min_cells=2, expr_prop=0,
                            resource=adata.uns["interactions"][["ligand", "receptor"]])  # fmt: skip
    assert samples.var_names.is_unique
    assert {*samples.var["source"].astype(str)} == set(names)
