"""Moderated t-statistics against limma's own: plain, weighted, with samples in blocks.

The values in ``tests/reference`` were written by ``limma.R`` there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr

from commscore.stats import linear
from commscore.stats.variance import fit_prior, moderate

REFERENCE = Path(__file__).parents[1] / "reference"
TOLERANCE = 1e-8
WEIGHTED = ("weighted", "blocked_weighted")


def read(name):
    return pd.read_csv(REFERENCE / f"limma_{name}.csv")


def fits(name):
    frame = read("fits")
    return frame[frame["fit"] == name].reset_index(drop=True)


def whitened(y, design, *, weights, patient, correlation):
    """Values and design of one row, transformed so that equal, independent errors are left."""
    same = patient[:, None] == patient
    covariance = np.where(same, correlation, 0.0) + (1.0 - correlation) * np.eye(y.size)
    root = np.sqrt(weights)
    half = np.linalg.cholesky(covariance / root / root[:, None])
    return np.linalg.solve(half, y), np.linalg.solve(half, design)


def fitted(name):
    """Effect, its unscaled variance, residual variance and degrees of freedom of every row."""
    table = read("design")
    design, patient = table[["intercept", "covariate", "condition"]].to_numpy(), table["patient"].to_numpy()
    y, tested = read("values").to_numpy().T, np.array([[0.0, 0.0, 1.0]])
    weights = read("weights").to_numpy().T if name in WEIGHTED else np.ones_like(y)
    if name in ("unweighted", "weighted"):
        fit = linear.weighted(y, design, weights=weights, contrasts=tested)
        return fit.estimate[0], fit.unscaled[0], fit.variance, fit.df
    rows = []
    for i, correlation in enumerate(fits(name)["correlation"]):
        y_white, x_white = whitened(y[:, i], design, weights=weights[:, i], patient=patient, correlation=correlation)
        fit = linear.fit(y_white[:, None], linear.project(x_white, tested))
        rows.append((fit.estimate[0, 0], fit.unscaled[0, 0], fit.variance[0], fit.df[0]))
    return np.array(rows).T


@pytest.mark.parametrize("name", ["unweighted", "weighted", "blocked", "blocked_weighted", "consensus"])
def test_moderated_t_is_that_of_limma(name):
    effect, unscaled, variance, df = fitted(name)
    want = fits(name)
    prior = fit_prior(variance, df)
    moderated, tail = moderate(variance, df, prior=prior, n_rows=variance.size, ceiling=float(df.sum()))
    t = effect / np.sqrt(unscaled * moderated)
    found = {
        "coefficient": effect,
        "stdev_unscaled": np.sqrt(unscaled),
        "variance": variance,
        "df": df,
        "prior_df": prior.df,
        "prior_variance": prior.variance,
        "posterior": moderated,
        "total_df": tail.df,
        "t": t,
        "p": 2.0 * stdtr(tail.df, -np.abs(t)),
    }
    for column, values in found.items():
        np.testing.assert_allclose(values, want[column], rtol=TOLERANCE, err_msg=column)


@pytest.mark.parametrize("name", ["heterogeneous", "alike"])
def test_prior_of_unequal_degrees_of_freedom_is_that_of_limma(name):
    variances = read("variances")
    want = read("prior").set_index("variances").loc[name]
    prior = fit_prior(variances[name].to_numpy(), variances["df"].to_numpy())
    assert prior.df == pytest.approx(want["prior_df"], rel=TOLERANCE)
    np.testing.assert_allclose(prior.variance, want["prior_variance"], rtol=TOLERANCE)
