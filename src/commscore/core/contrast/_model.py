"""Variance model of a cohort: donors, counting, and a prior shared by all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...arrays import Entities, Tests
from ...stats import linear, variance
from . import _rows

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ._rows import EntityValues
    from ._types import Cohort, Settings


_Fit: TypeAlias = "tuple[int, Ints, Floats, Floats, linear.Projection]"


@dataclass(frozen=True)
class Model:
    """What all contrasts of a cohort share.

    Attributes
    ----------
    rows
        Entities per sample × group.
    donor, technical
        Variance of log2 CPM: donor + technical/(expected count + ½). Poisson counting has 1/ln²2 = 2.08.
    prior_df
        Prior degrees of freedom of the row variances, which are relative to that model; 0 without a prior.
    n_rows
        Number of rows behind the prior.
    prior
        (n_groups, n_entities) prior variance.
    largest_df
        Degrees of freedom of all rows together: no moderated row may claim more.
    """

    rows: EntityValues
    donor: float
    technical: float
    prior_df: float
    prior: Floats
    largest_df: float
    n_rows: int = 0

    def noise(self, expected: Floats) -> Floats:
        """Variance of an observation with this expected count, up to the row's own factor."""
        return np.asarray(self.donor + self.technical / (expected + 0.5), np.float64)

    def moderate(self, own: Floats, df: Floats, *, group: int) -> tuple[Floats, variance.Tail]:
        """Moderated variances of all entities of a group, and what their t-statistics are compared with."""
        prior = variance.Prior(self.prior_df, self.prior[group])
        return variance.moderate(own, df, prior=prior, n_rows=self.n_rows, ceiling=self.largest_df)

    def total_df(self, df: Floats | float) -> Floats:
        """Degrees of freedom of a moderated variance."""
        return np.minimum(np.asarray(df, np.float64) + self.prior_df, max(self.largest_df, 1.0))


def build(cohort: Cohort, entities: Entities, tests: Tests, *, settings: Settings) -> Model:
    """Fit the variance model to every entity × group row that a test uses and that is expressed.

    The estimates of effects are ordinary least squares, so that the parts of a change add up exactly;
    unequal precision of the samples (cells, depth) enters their variances.
    """
    rows = _rows.build(cohort, entities)
    used = _used(cohort, rows, tests, settings=settings)
    present = cohort.present.T
    fits: list[_Fit] = []
    for group in np.flatnonzero(used.any(axis=1)):
        which, keep = np.flatnonzero(used[group]), present[group]
        projection = linear.project(cohort.design[keep], np.eye(cohort.design.shape[1])[:1])
        if projection.df > 0:
            y, expected = rows.value[group][keep][:, which], rows.expected[group][keep][:, which]
            fits.append((int(group), which, y, expected, projection))
    if not fits:
        return Model(rows, 1.0, 0.0, 0.0, np.ones(used.shape), 0.0)
    donor, technical = variance.fit_noise(
        [variance.RowsInSamples(which, y, 1.0 / (expected + 0.5), p) for _, which, y, expected, p in fits]
    )
    model = Model(rows, donor, technical, 0.0, np.ones(used.shape), 0.0)
    return _with_prior(model, fits)


def _used(cohort: Cohort, rows: EntityValues, tests: Tests, *, settings: Settings) -> Bools:
    """Mark entity × group rows of the tests that are expressed in as many samples as the smallest level has."""
    need = np.zeros((cohort.n_groups, rows.value.shape[2]), bool)
    need[tests.source, tests.ligand] = True
    need[tests.target, tests.receptor] = True
    least = int(np.bincount(cohort.condition, minlength=len(cohort.levels)).min())
    for group, keep in enumerate(cohort.present.T):
        if keep.sum() < 2:
            need[group] = False
            continue
        prop = np.ascontiguousarray(rows.prop[group][keep].T)
        need[group] &= _rows.expressed_in_enough(prop, n_least=least, threshold=settings.expr_prop)
    return need


def _with_prior(model: Model, fits: list[_Fit]) -> Model:
    done = [linear.fit(y, p, noise=model.noise(expected)) for _, _, y, expected, p in fits]
    residual, df = np.concatenate([f.variance for f in done]), np.concatenate([f.df for f in done])
    where = np.concatenate([group * model.prior.shape[1] + which for group, which, *_ in fits])
    if residual.size < 2:
        return model
    # rows that no test uses get the prior of their expected count, should anyone ask for them
    covariate = np.log2(model.rows.expected.mean(axis=1) + 0.5).ravel()
    everything, all_df = np.full(covariate.size, np.nan), np.ones(covariate.size)
    everything[where], all_df[where] = residual, df
    prior = variance.fit_prior(everything, all_df, covariate=covariate)
    shape = model.prior.shape
    return Model(
        model.rows,
        model.donor,
        model.technical,
        prior.df,
        prior.variance.reshape(shape),
        float(df.sum()),
        int(residual.size),
    )
