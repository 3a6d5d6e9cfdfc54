"""Variance components, patient means and generalised least squares against slow references and simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from commscore.stats.patients import PatientComponents, generalised_rows, patient_components, patient_means


def basis_of(x):
    """Orthonormal basis with the coefficient of the last column alone in the last place."""
    others, tested = x[:, :-1], x[:, -1]
    u = np.linalg.svd(others, full_matrices=False)[0]
    rest = tested - u @ (u.T @ tested)
    return np.column_stack([u, rest / np.linalg.norm(rest)])


def observations(rng, patient, *, m, truth, effect=0.0, condition=None):
    """Rows whose samples share their patients, unequal cells and counts; variances as the components say."""
    n = patient.size
    n_cells = rng.integers(10, 400, n).astype(float)
    expected = rng.gamma(1.0, 20.0, (m, 1)) * n_cells / n_cells.mean()
    t = 1.0 / (expected + 0.5)
    alone = truth.alone(t, n_cells)
    of_patient = rng.normal(size=(m, patient.max() + 1)) * np.sqrt(truth.patient)
    y = of_patient[:, patient] + rng.normal(size=(m, n)) * np.sqrt(alone)
    return y + (0.0 if condition is None else effect * condition), t, n_cells, alone


TRUTH = PatientComponents(patient=0.3, sample=0.1, counting=1.5, cells=4.0)
NESTED = np.repeat(np.arange(6), 3)
CASE = (NESTED >= 3).astype(float)
MIXED = np.array([0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8])
MIXED_CASE = np.array([0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1.0])


@pytest.mark.parametrize(("patient", "case"), [(NESTED, CASE), (MIXED, MIXED_CASE)])
def test_components_come_back(patient, case):
    """Means over 20 cohorts of 600 rows; the parts of a sample are told apart by their sum at hand."""
    rng = np.random.default_rng(1)
    basis = basis_of(np.column_stack([np.ones(patient.size), case]))
    found = []
    for _ in range(20):
        y, t, n_cells, alone = observations(rng, patient, m=600, truth=TRUTH)
        made = patient_components(y, basis, patient, t=t, n_cells=n_cells)
        found.append((made.patient, np.mean(made.alone(t, n_cells)) / np.mean(alone)))
    np.testing.assert_allclose(np.mean(found, axis=0), (TRUTH.patient, 1.0), rtol=0.1)


def test_without_patients_there_is_no_component():
    rng = np.random.default_rng(2)
    basis = basis_of(np.column_stack([np.ones(18), CASE]))
    y, t, n_cells, _ = observations(rng, NESTED, m=800, truth=PatientComponents(0.0, 0.2, 1.0, 0.0))
    assert patient_components(y, basis, NESTED, t=t, n_cells=n_cells).patient < 0.03


def slow_gls(y, basis, alone, patient, shared):
    out = []
    for row, v in zip(y, alone, strict=True):
        covariance = np.diag(v) + shared * (patient[:, None] == patient)
        inverse = np.linalg.inv(covariance)
        information = basis.T @ inverse @ basis
        coefficient = np.linalg.solve(information, basis.T @ inverse @ row)
        r = row - basis @ coefficient
        df = row.size - basis.shape[1]
        out.append((coefficient, np.linalg.inv(information), r @ inverse @ r / df))
    return [np.array(part) for part in zip(*out, strict=True)]


@pytest.mark.parametrize("shared", [0.0, 0.3, 5.0])
def test_generalised_least_squares(shared):
    rng = np.random.default_rng(3)
    basis = basis_of(np.column_stack([np.ones(12), rng.normal(size=12), MIXED_CASE]))
    y, _, _, alone = observations(rng, MIXED, m=30, truth=TRUTH)
    made = generalised_rows(y, basis, MIXED, alone=alone, shared=shared)
    for got, wanted in zip((made.coefficient, made.inverse, made.variance), slow_gls(y, basis, alone, MIXED, shared)):
        np.testing.assert_allclose(got, wanted, rtol=1e-9)
    np.testing.assert_allclose((made.residual**2).sum(axis=1), made.variance * made.df, rtol=1e-12)
    np.testing.assert_allclose(np.einsum("mnr,mn->mr", made.basis, made.residual), 0.0, atol=1e-9)


def test_means_of_patients_say_what_their_samples_say():
    """Where the condition is constant within patients the means lose nothing: the generalised fit of the samples."""
    rng = np.random.default_rng(4)
    y, _, _, alone = observations(rng, NESTED, m=40, truth=TRUTH)
    design = np.column_stack([np.ones(18), CASE])
    samples = generalised_rows(y, design, NESTED, alone=alone, shared=TRUTH.patient)
    means = patient_means(y, NESTED, alone=alone, shared=TRUTH.patient)
    assert means.first.tolist() == [0, 3, 6, 9, 12, 15]
    of_patients = generalised_rows(means.value, design[means.first], np.arange(6), alone=means.variance, shared=0.0)
    np.testing.assert_allclose(of_patients.coefficient, samples.coefficient, rtol=1e-9)
    np.testing.assert_allclose(of_patients.inverse, samples.inverse, rtol=1e-9)


def rejections(patient, case, *, cohorts, means):
    """Share of rows without a change that have p ≤ 0.05, with components estimated from each cohort."""
    rng = np.random.default_rng(5)
    basis = basis_of(np.column_stack([np.ones(patient.size), case]))
    rates = []
    for _ in range(cohorts):
        y, t, n_cells, _ = observations(rng, patient, m=300, truth=TRUTH)
        made = patient_components(y, basis, patient, t=t, n_cells=n_cells)
        alone = made.alone(t, n_cells)
        if means:
            of = patient_means(y, patient, alone=alone, shared=made.patient)
            own = basis_of(np.column_stack([np.ones(of.first.size), case[of.first]]))
            fitted = generalised_rows(of.value, own, np.arange(of.first.size), alone=of.variance, shared=0.0)
        else:
            fitted = generalised_rows(y, basis, patient, alone=alone, shared=made.patient)
        t_value = fitted.coefficient[:, -1] / np.sqrt(fitted.inverse[:, -1, -1] * fitted.variance)
        rates.append((2.0 * stats.t.sf(np.abs(t_value), fitted.df) <= 0.05).mean())
    return np.mean(rates), np.std(rates) / np.sqrt(cohorts)


@pytest.mark.parametrize(
    ("patient", "case", "means"), [(NESTED, CASE, True), (MIXED, MIXED_CASE, False)], ids=["nested", "mixed"]
)
def test_false_positives(patient, case, means):
    rate, error = rejections(patient, case, cohorts=150, means=means)
    assert 0.03 < rate <= 0.05 + 2.0 * error
