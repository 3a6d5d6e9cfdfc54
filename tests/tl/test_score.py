"""tl.score against brute force, whatever holds the data."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

import commscore as cs
import reference
from commscore._random import key


def run(adata, resource, **kwargs):
    kwargs = {"n_perms": 53, "rng": 3} | kwargs
    return cs.tl.score(adata, "cell_type", resource=resource, inplace=False, **kwargs).table


def brute(adata, resource, *, x=None, **kwargs):
    """The table that brute force gives: source, target, interaction, score, p."""
    n_perms, scheme = kwargs.pop("n_perms", 53), kwargs.pop("scheme", "rotation")
    x = adata.X if x is None else x
    x = np.asarray(x.todense() if sparse.issparse(x) else x, np.float64)
    names = list(adata.obs["cell_type"].astype(str))
    number = reference.number_groups(names)
    labels = np.array([number[n] for n in names])
    permuted = reference.labellings(labels, n_perms, key(3), scheme)
    found = reference.score(x, list(adata.var_names), labels, list(resource.itertuples(index=False, name=None)),
                            labels_permuted=permuted, **kwargs)  # fmt: skip
    back = {k: n for n, k in number.items()}
    rows = [(back[s], back[t], i, v[0], (1 + v[1]) / (n_perms + 1)) for (s, t, i), v in found.items()]
    return pd.DataFrame(rows, columns=["source", "target", "interaction", "score", "pvalue_raw"])


def assert_same(table, expected):
    by = ["source", "target", "interaction"]
    left = table[[*by, "score", "pvalue_raw"]].astype(dict.fromkeys(by, str)).sort_values(by, ignore_index=True)
    right = expected.sort_values(by, ignore_index=True)
    assert len(right) > 10
    pd.testing.assert_frame_equal(left[by], right[by])
    np.testing.assert_allclose(left["score"], right["score"], rtol=1e-12, atol=1e-12)
    n = 1 / right["pvalue_raw"].min()
    np.testing.assert_array_equal(np.round(left["pvalue_raw"] * n * 1e6), np.round(right["pvalue_raw"] * n * 1e6))


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
@pytest.mark.parametrize("rule", ["min", "geometric", "mean"])
@pytest.mark.parametrize("method", ["mean", "product", "geometric"])
def test_equals_brute_force(small, interactions, scheme, rule, method):
    table = run(small, interactions, scheme=scheme, complex=rule, method=method)
    assert_same(table, brute(small, interactions, scheme=scheme, rule=rule, method=method))


@pytest.mark.parametrize("n_perms", [1, 2, 7, 40])
@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
def test_any_number_of_permutations(small, interactions, scheme, n_perms):
    table = run(small, interactions, scheme=scheme, n_perms=n_perms)
    assert_same(table, brute(small, interactions, scheme=scheme, n_perms=n_perms, method="mean"))
    assert table["pvalue_raw"].min() >= 1 / (n_perms + 1)


def unsorted(m):
    """The same matrix with the entries of each row in reverse order and some explicit zeros."""
    rows, cols = m.shape
    with_zeros = sparse.csr_matrix(m, copy=True)
    dense = with_zeros.toarray()
    data, indices, indptr = [], [], [0]
    for r in range(rows):
        take = [c for c in reversed(range(cols)) if dense[r, c] != 0 or (r + c) % 5 == 0]
        data += [dense[r, c] for c in take]
        indices += take
        indptr.append(len(indices))
    return sparse.csr_matrix((np.array(data, dense.dtype), np.array(indices), np.array(indptr)), shape=m.shape)


CONTAINERS = {
    "csr": lambda m: m,
    "csc": sparse.csc_matrix,
    "dense": lambda m: m.toarray(),
    "fortran": lambda m: np.asfortranarray(m.toarray()),
    "csr_array": sparse.csr_array,
    "float64": lambda m: m.astype(np.float64),
    "dense64": lambda m: m.toarray().astype(np.float64),
    "csc64": lambda m: sparse.csc_matrix(m.astype(np.float64)),
    "unsorted": unsorted,
    "unsorted_csc": lambda m: sparse.csc_matrix(unsorted(m.T.tocsr()).T),
    "int64_indices": lambda m: sparse.csr_matrix((m.data, *(i.astype("q") for i in (m.indices, m.indptr))), m.shape),
}  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
def test_container_changes_nothing(small, interactions, container):
    expected = run(small, interactions)
    small.X = CONTAINERS[container](small.X)
    pd.testing.assert_frame_equal(run(small, interactions), expected, check_exact=False, rtol=1e-13)
    assert_same(run(small, interactions), brute(small, interactions, method="mean"))


def test_entries_stored_in_parts_are_added(small, interactions):
    expected = run(small, interactions)
    m = small.X
    half = (m.data / 2).astype(np.float32)
    order = np.repeat(np.arange(m.nnz), 2)
    small.X = sparse.csr_matrix((half[order], m.indices[order], 2 * m.indptr), m.shape)
    assert not small.X.has_canonical_format
    pd.testing.assert_frame_equal(run(small, interactions), expected)
    assert small.X.nnz == 2 * m.nnz


def test_float64_values_that_float32_cannot_hold(small, interactions):
    small.X = small.X.astype(np.float64) / 3
    assert_same(run(small, interactions), brute(small, interactions, method="mean"))


@pytest.mark.parametrize("place", ["raw", "layer", "view"])
def test_where_expression_is_found(small, interactions, place):
    expected = run(small, interactions)
    if place == "raw":
        small.raw = small.copy()
        small = small[:, 3:9].copy()
        small.X = small.X.toarray() - 1
        table = run(small, interactions, use_raw=True)
    elif place == "layer":
        small.layers["log"] = small.X.copy()
        small.X = -small.X
        table = run(small, interactions, layer="log")
    else:
        bigger = ad.concat([small, small[:5]], index_unique="-")
        bigger.obs["cell_type"] = bigger.obs["cell_type"].astype("category")
        view = bigger[: small.n_obs]
        assert view.is_view
        table = run(view, interactions)
    pd.testing.assert_frame_equal(table, expected)


def test_shuffled_cells_equal_brute_force(small, interactions):
    shuffled = small[np.random.default_rng(1).permutation(small.n_obs)].copy()
    assert_same(run(shuffled, interactions), brute(shuffled, interactions, method="mean"))


def test_names_and_order_of_groups_change_nothing(small, interactions):
    expected = run(small, interactions)
    new = {"a": "z|1", "b": "y/é", "c": "x_2", "d": "w^3"}
    own = ["x_2", "z|1", "w^3", "y/é"]
    labels = small.obs["cell_type"].cat.rename_categories(new).cat.reorder_categories(own)
    small.obs["cell_type"] = labels
    assert list(run(small, interactions)["source"].cat.categories) == sorted(own)  # an order only if it is said
    small.obs["cell_type"] = labels.cat.as_ordered()
    table = run(small, interactions)
    assert list(table["source"].cat.categories) == own
    for column in ("source", "target"):
        expected[column] = expected[column].astype(str).map(new)
        table[column] = table[column].astype(str)
    by = ["source", "target", "interaction"]
    left, right = (t.astype({"interaction": str}).sort_values(by, ignore_index=True) for t in (table, expected))
    numbers = [
        "score",
        "pvalue",
        "padj",
        "pvalue_raw",
        "pass_probability",
        "ligand_mean",
        "receptor_mean",
        "ligand_prop",
        "receptor_prop",
    ]
    pd.testing.assert_frame_equal(left[by + numbers], right[by + numbers], check_exact=True)


def test_order_of_genes_changes_nothing(small, interactions):
    expected = run(small, interactions)
    pd.testing.assert_frame_equal(run(small[:, ::-1].copy(), interactions), expected)


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
def test_threads_and_blocks_change_no_byte(small, interactions, scheme):
    tables = [
        run(small, interactions, scheme=scheme, n_perms=300, n_jobs=n_jobs, memory=memory)
        for n_jobs, memory in ((1, 2**28), (2, 2**28), (1, 1), (2, 100_000))
    ]
    for table in tables[1:]:
        for column in ("score", "pvalue", "padj", "pvalue_raw"):
            assert table[column].to_numpy().tobytes() == tables[0][column].to_numpy().tobytes()


def test_tiles_change_nothing(small, interactions, monkeypatch):
    from commscore.core.permute import schemes

    expected = run(small, interactions)
    monkeypatch.setattr(schemes, "_UNTILED", 10)
    monkeypatch.setattr(schemes, "_TILE", 16)
    pd.testing.assert_frame_equal(run(small, interactions), expected)


def test_seeds(small, interactions):
    assert run(small, interactions, rng=3)["pvalue_raw"].equals(run(small, interactions, rng=3)["pvalue_raw"])
    assert not run(small, interactions, rng=3)["pvalue_raw"].equals(run(small, interactions, rng=4)["pvalue_raw"])
    a = run(small, interactions, rng=np.random.default_rng(5))
    b = run(small, interactions, rng=np.random.default_rng(5))
    pd.testing.assert_frame_equal(a, b)


@pytest.mark.filterwarnings("ignore:.* has no zeros", "ignore:nothing could be tested", "ignore:.* looks like log")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(6, 60),
    groups=st.integers(2, 5),
    density=st.floats(0.05, 1.0),
    scheme=st.sampled_from(["rotation", "ring", "independent"]),
)
def test_any_small_data_equal_brute_force(seed, n, groups, density, scheme):
    rng = np.random.default_rng(seed)
    # values with many ties
    x = np.where(rng.random((n, 6)) < density, rng.choice([0.5, 1.25, 3.0], (n, 6)), 0.0)
    x[0, :] = 0.7
    labels = rng.permutation(np.concatenate([np.arange(groups), rng.integers(0, groups, n - groups)]))
    adata = ad.AnnData(
        x, obs=pd.DataFrame({"cell_type": pd.Categorical([f"t{k}" for k in labels])}, index=map(str, range(n)))
    )
    adata.var_names = [f"G{i}" for i in range(6)]
    resource = pd.DataFrame({"ligand": ["G0", "G1_G2", "G3"], "receptor": ["G1", "G4", "G3_G5"]})
    table = run(adata, resource, n_perms=20, scheme=scheme, min_cells=1, expr_prop=0)
    expected = brute(adata, resource, n_perms=20, scheme=scheme, method="mean", expr_prop=0)
    assert_same(table, expected)


def test_limiting_subunit_and_statistics(small, interactions):
    table = run(small, interactions)
    frame = small.to_df()
    means = frame.groupby(small.obs["cell_type"], observed=True).mean()
    props = (frame > 0).groupby(small.obs["cell_type"], observed=True).mean()
    for row in table.itertuples():
        ligands, receptors = row.ligand_complex.split("_"), row.receptor_complex.split("_")
        assert row.ligand == means.loc[row.source, ligands].idxmin()
        assert row.receptor == means.loc[row.target, receptors].idxmin()
        assert row.ligand_mean == pytest.approx(means.loc[row.source, ligands].min(), rel=1e-6)
        assert row.receptor_prop == pytest.approx(props.loc[row.target, receptors].min(), rel=1e-12)
        assert min(row.ligand_prop, row.receptor_prop) >= 0.1


def test_adjusted_over_all_rows(small, interactions):
    table = run(small, interactions)
    p = table["pvalue"].to_numpy()
    m, order = p.size, np.argsort(p, kind="stable")
    stepped = np.minimum.accumulate((p[order] * m / np.arange(1, m + 1))[::-1])[::-1]
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(stepped, 1)
    np.testing.assert_allclose(table["padj"], adjusted, rtol=1e-12)


def test_expression_filter_is_at_least(small, interactions):
    props = (small.to_df() > 0).groupby(small.obs["cell_type"], observed=True).mean()
    edge = float(props.loc["b", "G0"])
    at = run(small, interactions, expr_prop=edge)
    above = run(small, interactions, expr_prop=edge, prop_filter=">")
    pick = lambda t: t[(t["source"] == "b") & (t["ligand_complex"] == "G0")]  # noqa: E731
    assert len(pick(at)) > 0
    assert len(pick(above)) == 0


def test_compatibility_of_ties_and_division(small, interactions):
    ours = run(small, interactions, n_perms=40)["pvalue_raw"]
    theirs = run(small, interactions, n_perms=40, plus_one=False)["pvalue_raw"]
    np.testing.assert_allclose(theirs * 40 + 1, ours * 41, rtol=1e-12)
    strict = run(small, interactions, n_perms=40, ties="gt")
    names = list(small.obs["cell_type"].astype(str))
    number = reference.number_groups(names)
    labels = np.array([number[n] for n in names])
    permuted = reference.labellings(labels, 40, key(3), "rotation")
    expected = reference.score(small.X.toarray().astype(float), list(small.var_names), labels,
                               list(interactions.itertuples(index=False, name=None)), method="mean",
                               labels_permuted=permuted, strict=True)  # fmt: skip
    for row in strict.itertuples():
        hits = expected[number[row.source], number[row.target], row.interaction][1]
        assert row.pvalue_raw == pytest.approx((1 + hits) / 41, rel=1e-12)


def test_several_methods_share_one_call(small, interactions):
    several = run(small, interactions, method=["mean", "product"])
    for method in ("mean", "product"):
        alone = run(small, interactions, method=method)
        for column in ("score", "pvalue", "padj", "pvalue_raw"):
            np.testing.assert_array_equal(several[f"{column}_{method}"], alone[column])


def test_no_null(small, interactions):
    table = run(small, interactions, null=None)
    assert table["pvalue"].isna().all()
    assert (table["null"] == "none").all()
    np.testing.assert_array_equal(table["score"], run(small, interactions)["score"])


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
def test_shuffled_labels_give_uniform_p(scheme):
    adata = cs.ds.pbmc()
    rng = np.random.default_rng(0)
    genes = list(adata.var_names[np.asarray((adata.X > 0).mean(axis=0)).ravel() > 0.3])
    p = []
    for i in range(30):
        pairs = rng.choice(genes, (4, 2), replace=False)
        adata.obs["shuffled"] = rng.permutation(adata.obs["cell_type"].to_numpy())
        table = cs.tl.score(adata, "shuffled", resource=pd.DataFrame(pairs, columns=["ligand", "receptor"]),
                            n_perms=499, scheme=scheme, rng=i, inplace=False).table  # fmt: skip
        # one test per interaction, so that the tests are nearly independent
        p += list(table.groupby("interaction", observed=True)["pvalue"].nth(int(rng.integers(9))))
    assert len(p) > 100
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_scanpy_pbmc_equals_brute_force():
    adata = cs.ds.pbmc()
    genes = list(adata.var_names[np.argsort(-np.asarray((adata.X > 0).mean(axis=0)).ravel())[:16]])
    pairs = [(genes[i], genes[i + 8]) for i in range(6)] + [("_".join(genes[:2]), "_".join(genes[9:12]))]
    resource = pd.DataFrame(pairs, columns=["ligand", "receptor"])
    assert_same(run(adata, resource, n_perms=40), brute(adata, resource, n_perms=40, method="mean"))


def test_breast_tumour_equals_brute_force(public_data):
    import scanpy as sc

    adata = public_data("breast_wu2021_CID4465")
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    resource = pd.DataFrame(
        [("CXCL12", "CXCR4"), ("TGFB1", "TGFBR1_TGFBR2"), ("COL1A1", "ITGA1_ITGB1"), ("CD99", "CD99"), ("MIF", "CD74_CXCR4")],  # noqa: E501
        columns=["ligand", "receptor"],
    )  # fmt: skip
    genes = sorted({g for e in resource.to_numpy().ravel() for g in e.split("_")})
    part = adata[:, genes].copy()
    for scheme in ("rotation", "ring"):
        table = run(adata, resource, n_perms=25, expr_prop=0.05, scheme=scheme)
        assert_same(table, brute(part, resource, n_perms=25, expr_prop=0.05, scheme=scheme, method="mean"))


def test_zscore_is_zero_where_no_permutation_differs():
    """The pair is expressed by the two cells of one group, where permutations hardly ever put both again."""
    x = np.full((600, 3), 0.5)
    x[:598, :2] = 0.0
    pairs, widths = pd.DataFrame({"ligand": ["A"], "receptor": ["B"]}), []
    names = pd.Categorical(["a"] * 300 + ["b"] * 298 + ["c"] * 2)
    for seed, value in enumerate(np.linspace(1.1, 4.3, 20)):
        x[598, 0], x[599, 1] = value, value / 3
        adata = ad.AnnData(x.copy(), obs=pd.DataFrame({"cell_type": names}, index=map(str, range(600))))
        adata.var_names = ["A", "B", "C"]
        table = run(adata, pairs, method="zscore", expr_prop=0, n_perms=30, min_cells=1, rng=seed)
        widths += list(table.loc[(table["source"] == "c") & (table["target"] == "c"), "score"])
    assert len(widths) == 20
    assert min(map(abs, widths)) == 0
    assert max(map(abs, widths)) < 1e3  # rounding taken for width gives 1e7


def test_seed_is_kept(small, interactions):
    result = cs.tl.score(small, "cell_type", resource=interactions, n_perms=5, rng=7, inplace=False)
    assert result.params["rng"] == 7
