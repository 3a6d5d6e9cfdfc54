"""The analytic null of tl.score: right where it says so, permuted where it does not hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs


@pytest.fixture(scope="module")
def tumour():
    """600 simulated cells in eight groups, log-normalised, and pairs of genes and complexes."""
    import scanpy as sc

    adata = cs.ds.simulate(n_samples=2, n_cells=300, conditions=("only",), rng=4)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def run(adata, **kwargs):
    return cs.tl.score(adata, "cell_type", inplace=False, **({"expr_prop": 0.0, "rng": 1} | kwargs)).table


@pytest.mark.parametrize("method", ["mean", "product"])
def test_analytic_p_values_are_those_of_many_permutations(tumour, method):
    n = 100_000
    analytic = run(tumour, method=method, null="analytic", n_perms=10)
    permuted = run(tumour, method=method, n_perms=n)
    inside = (analytic["null"] == "analytic").to_numpy()
    assert inside.sum() > 300
    a, p = analytic["pvalue_raw"].to_numpy()[inside], permuted["pvalue_raw"].to_numpy()[inside]
    complexes = analytic["interaction"].str.contains("_").to_numpy()[inside]
    for kind in (complexes, ~complexes):
        for low, high in ((0.1, 1.0), (0.01, 0.1), (0.001, 0.01)):
            rows = kind & (a >= low) & (a < high)
            if rows.sum() > 10:
                assert p[rows].sum() / a[rows].sum() == pytest.approx(1, abs=0.06)
    # single tests: within the error of the permutations and a tenth of the p-value
    close = np.abs(p - a) <= 0.1 * a + 4 * np.sqrt(a / n) + 1 / n
    assert close.mean() > 0.97


def test_rows_outside_the_domain_are_permuted(tumour):
    analytic = run(tumour, null="analytic", n_perms=200)
    permuted = run(tumour, n_perms=200)
    outside = (analytic["null"] == "permutation").to_numpy()
    assert 0 < outside.sum() < len(analytic)
    np.testing.assert_array_equal(analytic["pvalue_raw"][outside], permuted["pvalue_raw"][outside])
    np.testing.assert_array_equal(analytic["score"], permuted["score"])
    assert (permuted["null"] == "permutation").all()


def test_small_p_values_are_told_apart(tumour):
    table = run(tumour, null="analytic", n_perms=10, expr_prop=0.1)
    p = table.loc[table["null"] == "analytic", "pvalue_raw"]
    assert p.min() < 1e-20
    assert (p > 0).all()
    assert p.is_unique or p.nunique() > 0.9 * len(p)


def test_geometric_has_the_p_values_of_product(tumour):
    product = run(tumour, method="product", null="analytic", n_perms=50)
    geometric = run(tumour, method="geometric", null="analytic", n_perms=50)
    np.testing.assert_array_equal(product["pvalue_raw"], geometric["pvalue_raw"])


@pytest.mark.parametrize("rule", ["geometric", "mean"])
def test_other_rules_for_complexes_are_permuted(tumour, rule):
    table = run(tumour, null="analytic", complex=rule, n_perms=20)
    complexes = table["interaction"].str.contains("_")
    assert (table.loc[complexes, "null"] == "permutation").all()
    assert (table.loc[~complexes, "null"] == "analytic").any()


def test_auto_permutes_what_has_no_analytic_null(tumour):
    hill = run(tumour, method="hill", null="auto", n_perms=30, expr_prop=0.1)
    assert (hill["null"] == "permutation").all()
    mean = run(tumour, null="auto", n_perms=30)
    pd.testing.assert_frame_equal(mean, run(tumour, null="analytic", n_perms=30))
    with pytest.raises(ValueError, match=r"null='analytic' does not know method 'hill'.*null='auto'"):
        run(tumour, method=["mean", "hill"], null="analytic")


def test_several_methods_are_analytic_together(tumour):
    both = run(tumour, method=["mean", "product"], null="analytic", n_perms=30)
    alone = run(tumour, method="product", null="analytic", n_perms=30)
    rows = ((both["null"] == "analytic") & (alone["null"] == "analytic")).to_numpy()
    assert rows.any()
    np.testing.assert_array_equal(both["pvalue_raw_product"][rows], alone["pvalue_raw"][rows])


def test_threads_containers_and_order_change_nothing(tumour):
    expected = run(tumour, null="analytic", n_perms=30)
    np.testing.assert_array_equal(
        run(tumour, null="analytic", n_perms=30, n_jobs=2)["pvalue_raw"], expected["pvalue_raw"]
    )
    other = tumour.copy()
    other.X = other.X.tocsc()
    np.testing.assert_array_equal(run(other, null="analytic", n_perms=30)["pvalue_raw"], expected["pvalue_raw"])
    shuffled = tumour[np.random.default_rng(0).permutation(tumour.n_obs)].copy()
    inside = (expected["null"] == "analytic").to_numpy()
    again = run(shuffled, null="analytic", n_perms=30)["pvalue_raw"]
    np.testing.assert_allclose(again[inside], expected["pvalue_raw"][inside], rtol=1e-6)


def test_shuffled_labels_give_uniform_p():
    from scipy import stats

    adata, rng, p = cs.ds.pbmc(), np.random.default_rng(2), []
    genes = list(adata.var_names[np.asarray((adata.X > 0).mean(axis=0)).ravel() > 0.3])
    for _ in range(40):
        adata.obs["cell_type"] = rng.permutation(adata.obs["cell_type"].to_numpy())
        pairs = pd.DataFrame(rng.choice(genes, (6, 2), replace=False), columns=["ligand", "receptor"])
        table = run(adata, resource=pairs, null="analytic", n_perms=10)
        table = table[table["null"] == "analytic"]
        # one test per interaction, so that the tests are nearly independent
        p += list(table.groupby("interaction", observed=True)["pvalue_raw"].nth(int(rng.integers(9))))
    assert len(p) > 200
    assert stats.kstest(p, "uniform").pvalue > 0.01


@pytest.mark.parametrize("method", ["mean", "hill", "inter_score", "logfc", "regularised", "scaled", "specificity"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_from_one_pass_over_rows_are_those_from_columns(tumour, method, dtype):
    data = tumour.copy()
    data.X = data.X.astype(dtype)
    rows, columns = (run(data, method=method, null=null, n_perms=5, expr_prop=0.1) for null in (None, "permutation"))
    assert rows["score"].std() > 0
    np.testing.assert_allclose(rows["score"], columns["score"], rtol=1e-9)


def test_analytic_p_values_do_not_depend_on_container_or_threads(tumour):
    want = run(tumour, null="analytic", n_perms=5, n_jobs=1)
    pd.testing.assert_frame_equal(run(tumour, null="analytic", n_perms=5, n_jobs=2), want)
    for make in (lambda x: x.tocsc(), lambda x: x.toarray()):
        data = tumour.copy()
        data.X = make(data.X)
        found = run(data, null="analytic", n_perms=5)
        assert (found["null"] == want["null"]).all()
        np.testing.assert_allclose(found["pvalue_raw"], want["pvalue_raw"], rtol=1e-9)
