"""What samples of one patient share: components of the variance, whitening and generalised least squares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from commscore.stats import log_linear, patients
from commscore.stats.log_bias import added
from commscore.stats.log_linear import SharedVariance, VarianceComponents
from commscore.stats.log_moments import Counting

MIXED = np.array([0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8])
CASE = np.array([0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1.0])
NESTED, NESTED_CASE = np.repeat(np.arange(6), 3), np.repeat([0.0, 1.0], 9)
TRUTH = VarianceComponents(donor=0.1, counting=1.5, cells=4.0, patient=0.3)


def basis_of(*columns):
    """Orthonormal basis; the last column's coefficient alone in the last place."""
    *others, tested = columns
    u = np.linalg.svd(np.column_stack([np.ones(tested.size), *others]), full_matrices=False)[0]
    rest = tested - u @ (u.T @ tested)
    return np.column_stack([u, rest / np.linalg.norm(rest)])


def unchanged(patient):
    """Basis of a design without conditions."""
    return np.full((patient.size, 1), patient.size**-0.5)


def cohort(rng, patient, *, m, truth=TRUTH, off=None):
    """Log2 counts per million of m rows without a change; ``off`` is a factor of the noise by the expected count."""
    n = patient.size
    n_cells = rng.integers(10, 400, n).astype(float)
    library = 2000.0 * n_cells
    level = rng.uniform(2.0, 10.0, (m, 1))
    expected = 2.0**level * library / 1e6
    counting = Counting.of(expected, sum(added(expected, library / library.sum(), n=n)))
    noise = truth.at(counting, n_cells) * (1.0 if off is None else off(expected.mean(axis=1, keepdims=True)))
    of_patient = rng.normal(size=(m, patient.max() + 1))[:, patient] * np.sqrt(truth.patient)
    y = level + counting.shown * of_patient + rng.normal(size=(m, n)) * np.sqrt(noise)
    return y, counting, noise, library, n_cells


@pytest.mark.parametrize(("patient", "case"), [(NESTED, NESTED_CASE), (MIXED, CASE)], ids=["nested", "mixed"])
def test_components_come_back(patient, case):
    """Means over 20 cohorts of 600 rows; the parts of a sample by their sum at hand."""
    rng = np.random.default_rng(1)
    basis, owner = basis_of(case), patients.owners(patient)
    ratios = []
    for _ in range(20):
        y, counting, noise, _, n_cells = cohort(rng, patient, m=600)
        strata = patients.Strata.of(basis, owner)
        parts = patients.variance_components(y, strata, owner, counting=counting, n_cells=n_cells)
        ratios.append((parts.patient / TRUTH.patient, parts.at(counting, n_cells).mean() / noise.mean()))
    np.testing.assert_allclose(np.mean(ratios, axis=0), 1.0, atol=0.1)


def test_where_patients_share_nothing():
    rng = np.random.default_rng(2)
    basis, owner = basis_of(NESTED_CASE), patients.owners(NESTED)
    y, counting, _, _, n_cells = cohort(rng, NESTED, m=800, truth=VarianceComponents(0.2, 1.0, 0.0))
    strata = patients.Strata.of(basis, owner)
    parts = patients.variance_components(y, strata, owner, counting=counting, n_cells=n_cells)
    assert parts.patient < 0.03


@pytest.fixture
def mixed():
    """Rows of a mixed study with their variances, each as a matrix."""
    rng = np.random.default_rng(3)
    y, _, noise, _, _ = cohort(rng, MIXED, m=25)
    shared = SharedVariance(patients.owners(MIXED), rng.uniform(0.0, 1.0, y.shape), 0.7)
    same = MIXED[:, None] == MIXED
    loadings = shared.loading[:, :, None] * shared.loading[:, None, :]
    variance = noise[:, :, None] * np.eye(12) + 0.7 * same * loadings
    return y, noise, shared, variance


def test_whitening_and_precision(mixed):
    _, noise, shared, variance = mixed
    identity = np.broadcast_to(np.eye(12), variance.shape)
    white = shared.uncorrelated(identity, noise)
    np.testing.assert_allclose(white @ variance @ white.transpose(0, 2, 1), identity, atol=1e-9)
    inverse = np.linalg.inv(variance)
    np.testing.assert_allclose(shared.precision(identity, noise), inverse, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(shared.own_precision(noise), np.einsum("mii->mi", inverse), rtol=1e-9)


def test_common_whitening():
    owner = patients.owners(MIXED)
    white = patients.whitening(owner, 1.7)
    np.testing.assert_allclose(white @ (np.eye(12) + 1.7 * owner @ owner.T) @ white.T, np.eye(12), atol=1e-12)


def test_generalised_least_squares(mixed):
    y, noise, shared, variance = mixed
    basis = basis_of(np.random.default_rng(4).normal(size=12), CASE)
    fitted = patients.generalised_rows(y, basis, noise, shared=shared)
    for i, v in enumerate(variance):
        inverse = np.linalg.inv(v)
        covariance = np.linalg.inv(basis.T @ inverse @ basis)
        coefficient = covariance @ basis.T @ inverse @ y[i]
        rest = y[i] - basis @ coefficient
        np.testing.assert_allclose(fitted.coefficient[i], coefficient, rtol=1e-9)
        np.testing.assert_allclose(fitted.inverse[i], covariance, rtol=1e-8)
        np.testing.assert_allclose(fitted.variance[i], rest @ inverse @ rest / 9.0, rtol=1e-9)
    np.testing.assert_allclose((fitted.standardised**2).sum(axis=1), 9.0 * fitted.variance, rtol=1e-9)
    some = fitted.take(slice(3, 9))
    np.testing.assert_allclose(some.standardised, fitted.standardised[3:9], rtol=1e-12)


def test_loss_of_each_is_what_refitting_without_it_says(mixed):
    y, noise, shared, _ = mixed
    basis, direction = basis_of(CASE), np.array([0.3, 1.0])
    fitted = patients.generalised_rows(y, basis, noise, shared=shared)
    loss = patients.loss_of_each(fitted, basis, direction, shared=shared)
    for i in range(12):
        rest = np.arange(12) != i
        left = SharedVariance(shared.owner[rest][:, shared.owner[rest].any(axis=0)], shared.loading[:, rest], 0.7)
        again = patients.generalised_rows(y[:, rest], basis[rest], noise[:, rest], shared=left)
        np.testing.assert_allclose(loss[:, i], (again.coefficient - fitted.coefficient) @ direction, rtol=1e-7)


def rejections(case, *, level, cohorts=120, off=None):
    """Share of rows without a change that have p up to ``level``, and its standard error over the cohorts."""
    rng, basis, rates = np.random.default_rng(5), basis_of(case), []
    for _ in range(cohorts):
        y, counting, _, library, n_cells = cohort(rng, MIXED, m=400, off=off)
        samples = {"total": counting.mean.sum(axis=1), "library": library, "n_cells": n_cells}
        fitted, _ = patients.fit(y, basis, unchanged(MIXED), patient=MIXED, **samples)
        t_value = fitted.coefficient[:, -1] / np.sqrt(fitted.inverse[:, -1, -1] * fitted.variance)
        rates.append((2.0 * stats.t.sf(np.abs(t_value), fitted.df) <= level).mean())
    return np.mean(rates), np.std(rates) / np.sqrt(cohorts)


def test_false_positives():
    rate, error = rejections(CASE, level=0.05)
    assert 0.04 < rate <= 0.05 + 2.0 * error


def test_false_positives_where_noise_departs_from_the_components():
    """Half the noise at few counts, more at many: the factors by level follow it."""
    rate, error = rejections(CASE, level=0.05, off=lambda count: np.where(count < 8.0, 0.4, 2.0))
    assert rate <= 0.05 + 2.0 * error + 0.005


def test_one_patient_with_two_samples_tells_nothing_of_what_they_share():
    rng = np.random.default_rng(6)
    patient, case = np.array([0, 0, 1, 2, 3, 4, 5, 6]), np.array([0, 1, 0, 0, 0, 1, 1, 1.0])
    y, counting, _, library, n_cells = cohort(rng, patient, m=50)
    options = {"total": counting.mean.sum(axis=1), "library": library, "n_cells": n_cells}
    fitted, parts = patients.fit(y, basis_of(case), unchanged(patient), patient=patient, **options)
    alone, same = log_linear.fit(y, basis_of(case), unchanged(patient), **options)
    assert fitted.shared is None
    assert parts == same
    np.testing.assert_array_equal(fitted.coefficient, alone.coefficient)
