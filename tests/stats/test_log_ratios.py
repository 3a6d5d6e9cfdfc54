"""Log-ratios of numbers of cells: their reference, against a slow search, and the level of what is said of types."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from commscore.stats import linear, log_ratios


def tightest(changes):
    """The slow way: of all subsets of more than half, the one whose changes span least."""
    k = changes.size
    subsets = itertools.combinations(range(k), k // 2 + 1)
    return np.isin(np.arange(k), min(subsets, key=lambda s: np.ptp(changes[list(s)])))


@pytest.mark.parametrize("k", range(1, 10))
def test_the_reference_is_the_tightest_majority(k):
    rng = np.random.default_rng(k)
    for _ in range(40):
        changes = rng.standard_normal(k)
        np.testing.assert_array_equal(log_ratios.majority(changes[None]), tightest(changes))


def test_the_reference_of_several_contrasts_is_apart_in_none():
    changes = np.array([[0.0, 0.1, 0.2, 0.1, 3.0], [0.0, 2.5, 0.1, -0.1, 0.0]])
    assert log_ratios.majority(changes).tolist() == [True, False, True, True, False]
    assert log_ratios.majority(np.vstack([changes, np.full(5, np.nan)])).tolist() == [True, False, True, True, False]
    assert log_ratios.majority(np.full((1, 3), np.nan)).all()


def test_what_the_ratios_do_not_tell_is_not_told():
    assert log_ratios.majority(np.array([[2.0, 0.0]])).all()  # two groups: only their ratio is known
    assert log_ratios.majority(np.array([[2.0, 2.0, 0.0, 0.0]])).all()  # as many went up as stayed: or came down


def test_order_sign_and_the_change_of_the_whole_are_nothing():
    rng = np.random.default_rng(0)
    changes = rng.standard_normal((2, 8))
    found, order = log_ratios.majority(changes), rng.permutation(8)
    np.testing.assert_array_equal(log_ratios.majority(changes[:, order]), found[order])
    np.testing.assert_array_equal(log_ratios.majority(3.0 - changes), found)


def test_cells_outside_count_as_one_more_group():
    cells = np.array([[10, 20, 30], [15, 25, 35]])
    logs = log_ratios.log_cells(cells[:, :2], cells.sum(axis=1))
    np.testing.assert_array_equal(logs, log_ratios.log_cells(cells))
    np.testing.assert_array_equal(log_ratios.log_cells(cells, cells.sum(axis=1)), log_ratios.log_cells(cells))
    reference = np.array([False, True, True])
    ratio = log_ratios.centred(logs, reference)
    np.testing.assert_allclose(ratio[:, 1:].sum(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(ratio, log_ratios.centred(np.log2(7 * (cells + 0.5)), reference), atol=1e-12)


def test_counting_errors_are_those_of_multinomial_draws():
    p, n = np.array([[0.5, 0.3, 0.15, 0.05], [0.2, 0.4, 0.2, 0.2]]), [2000, 3000]
    rng, reference = np.random.default_rng(1), np.array([True, True, False, False])
    draws = np.stack([rng.multinomial(size, q, 4000) for size, q in zip(n, p, strict=True)])
    ratio = np.stack([log_ratios.centred(np.log2(d + 0.5), reference) for d in draws])
    expected = log_ratios.counting_errors(p * np.array(n)[:, None], reference)
    np.testing.assert_allclose((ratio[1] - ratio[0]).std(axis=0), expected, rtol=0.06)


def test_groups_of_the_reference_vary_less_around_it():
    reference = np.array([True, True, True, False, False])
    weight = np.eye(5) - reference / 3
    np.testing.assert_allclose(log_ratios.noise_scale(reference), (weight**2).sum(axis=1))
    assert log_ratios.noise_scale(np.array([True, False])).tolist() == [0.0, 2.0]


def types(rng, *, n_types, n_samples, changed, log2fc):
    """Cells of types whose abundances vary by a factor of 1.5 between samples; the first ``changed`` move in half."""
    condition = np.repeat([0, 1], n_samples)
    log_abundance = np.log2(rng.dirichlet(np.full(n_types, 3.0))) + 0.6 * rng.standard_normal((2 * n_samples, n_types))
    log_abundance[n_samples:, :changed] += log2fc
    share = np.exp2(log_abundance)
    share /= share.sum(axis=1, keepdims=True)
    cells = [
        rng.multinomial(total, p) for total, p in zip(rng.integers(1000, 4000, condition.size), share, strict=True)
    ]
    return np.array(cells), linear.project(np.eye(2)[condition], np.array([[-1.0, 1.0]]))


def pvalues(values, projection):
    fitted = linear.fit(values, projection)
    return 2 * stats.t.sf(np.abs(fitted.estimate[0]) / np.sqrt(fitted.unscaled[0] * fitted.variance), projection.df)


@pytest.mark.parametrize(
    ("n_types", "changed", "log2fc", "of_shares"),
    [(8, 0, 0.0, 0.03), (4, 1, 2.0, 0.2), (8, 1, 2.0, 0.1), (8, 2, 2.0, 0.2), (8, 1, -2.0, 0.04)],
)
def test_types_that_do_not_change_are_found_to_change_as_rarely_as_the_level_says(n_types, changed, log2fc, of_shares):
    """3 against 3: false positives of unchanged types; what was found of shares stands beside it."""
    rng, found, shares, bias = np.random.default_rng(5), [], [], []
    for _ in range(300):
        cells, projection = types(rng, n_types=n_types, n_samples=3, changed=changed, log2fc=log2fc)
        logs = log_ratios.log_cells(cells)
        ratio = log_ratios.centred(logs, log_ratios.majority(projection.influence @ logs))
        found.append((pvalues(ratio, projection)[changed:] <= 0.05).mean())
        bias.append((projection.influence @ ratio)[0, changed:].mean())
        share = logs - np.log2(cells.sum(axis=1))[:, None]
        shares.append((pvalues(share, projection)[changed:] <= 0.05).mean())
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) <= 0.05 + 2 * error
    assert np.mean(shares) > of_shares
    assert abs(np.mean(bias)) < 0.12
