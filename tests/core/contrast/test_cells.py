"""Cells as replicates: the engine beside a slow permutation of the same labels, and beside a comparison of samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import norm

from commscore import arrays
from commscore.core.contrast import LABELS, CellCohort, Settings, compare_cells, design
from commscore.core.log_rates import log_rates
from commscore.core.read.pseudobulk import pseudobulk
from commscore.core.threads import team

N_PERMS = 400
ENTITIES = arrays.Entities.of([[0], [1, 2], [3]])
TESTS = arrays.Tests(*np.array([(0, 1, 0, 1), (0, 0, 0, 2), (1, 0, 2, 0), (2, 0, 0, 2)]).T.copy())


@pytest.fixture(scope="module")
def cells():
    """240 cells of 4 samples, 2 conditions and 3 groups (one of which is small); gene 0 rises in group 0."""
    rng = np.random.default_rng(4)
    sample, group = rng.integers(0, 4, 240), rng.choice(3, 240, p=[0.5, 0.47, 0.03])
    rate = np.tile([2.0, 3.0, 1.0, 2.0, 20.0], (240, 1))
    rate[(sample >= 2) & (group == 0), 0] *= 3.0
    return rng.poisson(rate).astype(np.float64), sample, group


def cohort_of(cells, matrix=None):
    x, sample, group = cells
    where = {"cells": np.arange(len(x)), "sample": sample, "group": group}
    genes = np.arange(4)
    matrix = sparse.csr_matrix(x) if matrix is None else matrix
    with team(1) as threads:
        bulk = pseudobulk(matrix, **where, shape=(4, 3), columns=genes, team=threads)
    total = bulk.n_cells.sum(axis=1)
    return CellCohort(
        matrix, genes, **where, bulk=bulk, condition=np.array([0, 0, 1, 1]), total_cells=total, min_cells=20
    )


def compared(cohort, **options):
    contrast = design.pair("late vs early", ref=0, alt=1, n_coefficients=2)
    with team(1) as threads:
        return compare_cells(
            cohort, ENTITIES, TESTS, contrast=contrast, settings=Settings(**options), n_perms=N_PERMS, team=threads
        ).columns


def changes(x, late):
    """Change of every entity between cells that are late and the others, the obvious way."""
    sums = np.stack([x[~late].sum(axis=0), x[late].sum(axis=0)])
    rates = log_rates(sums[:, :4], sums.sum(axis=1)[:, None], exact=False)
    low = np.stack([rates[:, genes].min(axis=1) for genes in ([0], [1, 2], [3])], axis=1)
    return low[1] - low[0]


def test_the_change_is_that_of_the_pools_and_its_spread_that_of_permuted_labels(cells):
    x, sample, group = cells
    out, rng = compared(cohort_of(cells)), np.random.default_rng(0)
    inside, late = group == 0, sample >= 2
    expected = changes(x[inside], late[inside])
    permuted = np.stack([changes(x[inside], rng.permutation(late[inside])) for _ in range(2000)])
    assert out["ligand_effect"][0] == pytest.approx(expected[0], abs=1e-12)
    assert out["receptor_effect"][1] == pytest.approx(expected[2], abs=1e-12)
    assert out["ligand_pvalue"][0] == 1.0 / (N_PERMS + 1)
    half = (out["ligand_ci_high"][0] - out["ligand_ci_low"][0]) / 2
    assert half == pytest.approx(norm.ppf(0.975) * permuted[:, 0].std(), rel=0.1)
    fraction = (np.abs(permuted[:, 2]) >= abs(expected[2])).mean()
    assert out["receptor_pvalue"][1] == pytest.approx(fraction, abs=4 * np.sqrt(0.25 / N_PERMS))


def test_sides_of_one_group_are_taken_as_correlated(cells):
    out = compared(cohort_of(cells))
    sides = [(out[f"{side}_ci_high"] - out[f"{side}_ci_low"]) / 2 for side in ("ligand", "receptor")]
    half = (out["ci_high"] - out["ci_low"]) / 2
    np.testing.assert_allclose(half[[0, 2]], np.hypot(*sides)[[0, 2]], rtol=1e-12)
    assert half[1] == pytest.approx(sides[0][1] + sides[1][1], rel=1e-12)


def test_rows_are_named_as_where_samples_are_compared(cells):
    out = compared(cohort_of(cells))
    status = [LABELS["status"][c] for c in out["status"]]
    assert status == ["tested", "tested", "tested", "too_few_samples"]
    assert [LABELS["driver"][c] if c >= 0 else "" for c in out["driver"]] == ["ligand", "ligand", "receptor", ""]
    np.testing.assert_allclose(out["d_flow"], sum(out[f"d_{p}"] for p in ("ligand", "receptor", "source", "target")))
    assert np.isnan(out["pvalue"][3])
    assert np.isnan(out["se"][3])
    assert out["receptor_subunit_ref"][0] == 2  # the scarcer subunit of the complex


def test_the_kind_of_matrix_changes_nothing(cells):
    x = cells[0]
    first = compared(cohort_of(cells))
    for matrix in (x, sparse.csc_matrix(x)):
        again = compared(cohort_of(cells, matrix))
        for name, values in first.items():
            np.testing.assert_array_equal(values, again[name], err_msg=name)
