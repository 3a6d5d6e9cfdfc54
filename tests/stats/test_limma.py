"""Moderated t-statistics against limma's own: plain, weighted, with samples in blocks.

The values in ``tests/reference`` were written by ``limma.R`` there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr

from commscore.stats import log_linear, patients
from commscore.stats.log_linear import SharedVariance
from commscore.stats.variance import RowVariances, moderate

REFERENCE = Path(__file__).parents[1] / "reference"
TOLERANCE = 1e-8
WEIGHTED = ("weighted", "blocked_weighted")


def read(name):
    return pd.read_csv(REFERENCE / f"limma_{name}.csv")


def fits(name):
    frame = read("fits")
    return frame[frame["fit"] == name].reset_index(drop=True)


def moderated_by(variance, df):
    """One group without a trend, by plain moments."""
    rows = variance[None]
    return moderate(RowVariances(rows, df[None], np.zeros(rows.shape), np.ones(rows.shape, bool)), robust=False)


def fitted(name):
    """Effect, its unscaled variance, residual variance and degrees of freedom of every row."""
    table = read("design")
    basis, triangle = np.linalg.qr(table[["intercept", "covariate", "condition"]].to_numpy())
    y = read("values").to_numpy()
    weights = read("weights").to_numpy() if name in WEIGHTED else np.ones_like(y)
    correlation = float(fits(name)["correlation"][0])
    if correlation == 0.0:
        fit = log_linear.weighted_rows(y, basis, 1.0 / weights)
    else:
        shared = SharedVariance(patients.owners(table["patient"].to_numpy()), 1.0 / np.sqrt(weights), correlation)
        fit = patients.generalised_rows(y, basis, (1.0 - correlation) / weights, shared=shared)
    tested = np.linalg.solve(triangle.T, [0.0, 0.0, 1.0])  # of the coefficients of the basis
    return fit.coefficient @ tested, tested @ fit.inverse @ tested, fit.variance, np.full(len(y), fit.df)


@pytest.mark.parametrize("name", ["unweighted", "weighted", "blocked", "blocked_weighted", "consensus"])
def test_moderated_t_is_that_of_limma(name):
    effect, unscaled, variance, df = fitted(name)
    want = fits(name)
    moderated = moderated_by(variance, df)
    t = effect / np.sqrt(unscaled * moderated.variance[0])
    found = {
        "coefficient": effect,
        "stdev_unscaled": np.sqrt(unscaled),
        "variance": variance,
        "df": df,
        "prior_df": moderated.prior_df[0],
        "prior_variance": moderated.prior[0],
        "posterior": moderated.variance[0],
        "total_df": moderated.total[0],
        "t": t,
        "p": 2.0 * stdtr(moderated.total[0], -np.abs(t)),
    }
    for column, values in found.items():
        np.testing.assert_allclose(values, want[column], rtol=TOLERANCE, err_msg=column)


@pytest.mark.parametrize("name", ["heterogeneous", "alike"])
def test_prior_of_unequal_degrees_of_freedom_is_that_of_limma(name):
    variances = read("variances")
    want = read("prior").set_index("variances").loc[name]
    found = moderated_by(variances[name].to_numpy(), variances["df"].to_numpy())
    assert found.common_df == pytest.approx(want["prior_df"], rel=TOLERANCE)
    np.testing.assert_allclose(found.prior, want["prior_variance"], rtol=TOLERANCE)
