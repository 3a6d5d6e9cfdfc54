"""The fits that all contrasts of a cohort share: log-linear and by counts, with variances that rows and groups lend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities
from ...stats import linear, log_linear, patients, quasi_likelihood
from ...stats.donor_shape import gamma_likeness, row_skewness
from ...stats.variance import ModeratedVariances, RowVariances, moderate
from ..log_rates import log_rates
from . import _rows

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ...stats.log_linear import LogLinearFit, VarianceComponents
    from ...stats.quasi_likelihood import QuasiFit
    from ...stats.variance import Tail
    from ._rows import EntityValues
    from ._types import Cohort

_FEWEST_COUNTS = 5  # of a row in all samples together, below which its variance says nothing
_MOSTLY_COUNTING = 0.5
_LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class CountFit:
    """Quasi-likelihood fits of the entities of a group that have a count.

    Attributes
    ----------
    rows
        (m,) which entities.
    counts, library
        (m, n) and (n,).
    fitted
        As :func:`commscore.stats.quasi_likelihood.fit` gives it.
    scale
        (m,) moderated scale, at least that of counting alone.
    tail
        Null distribution of the square roots of likelihood ratios over the scale.
    """

    rows: Ints
    counts: Floats
    library: Floats
    fitted: QuasiFit
    scale: Floats
    tail: Tail


@dataclass(frozen=True)
class GroupModel:
    """Fits of all entities of one group on all samples that have it.

    Attributes
    ----------
    keep
        (n_samples,) the samples that have the group.
    basis
        (n, r) orthonormal basis of their design.
    log_fit
        Log-linear fits of the entities.
    variance
        (E,) moderated residual variances.
    tail
        Null distribution of their t-statistics; None where nothing is left to estimate a variance from.
    count_fit
        None where nothing is left to estimate a scale from, or no entity has a count.
    components
        What donors, counting and cells add to the variance.
    uncounted
        (E,) entities without any count; none where values are not of counts.
    of_half_a_count
        (r, r) covariance of the coefficients if half a count were spread over the samples in proportion to their
        libraries.
    lean
        What the fit by counts weighs beyond the share of counting, 0 to 1/2 of the rest: see :func:`_lean`.
    """

    keep: Bools
    basis: Floats
    log_fit: LogLinearFit
    variance: Floats
    tail: Tail | None
    count_fit: CountFit | None
    components: VarianceComponents
    uncounted: Bools
    of_half_a_count: Floats
    lean: float = 0.0

    def least_se(self, coordinates: Floats) -> Floats:
        """Give the least standard errors (q, E): those of half a count where there is none, 0 for other entities.

        Logarithms of zeros hardly vary, which says nothing of the rate.
        """
        se = np.sqrt(np.einsum("qr,rs,qs->q", coordinates, self.of_half_a_count, coordinates))
        return np.asarray(np.outer(se, self.uncounted), np.float64)

    @property
    def direction(self) -> Floats:
        """(E, n_samples): standardised residuals of length 1, zero in samples without the group."""
        return unit_residuals(self.log_fit, self.keep)


@dataclass(frozen=True)
class Model:
    """What all contrasts of a cohort share.

    Attributes
    ----------
    rows
        Entities per sample × group.
    groups
        Fits of the groups that at least two samples have.
    prior, prior_df
        (n_groups, E) prior variances of the log-linear fits and their degrees of freedom.
    largest_df
        (n_groups,) degrees of freedom of all rows of a group together: no moderated row may claim more.
    common_df
        Degrees of freedom of a prior that nothing was lent to; 0 without a prior.
    """

    rows: EntityValues
    groups: dict[int, GroupModel]
    prior: Floats
    prior_df: Floats
    largest_df: Floats
    common_df: float


@dataclass(frozen=True)
class _GroupFits:
    """Fits of one group before their variances are moderated: entities first, then the background's genes."""

    keep: Bools
    basis: Floats
    total: Floats
    level: Floats
    log_fit: LogLinearFit
    components: VarianceComponents
    counted: Ints
    counts: Floats
    library: Floats
    quasi: QuasiFit | None


def build(cohort: Cohort, entities: Entities) -> Model:
    """Fit every entity in every group, on all samples that have the group, and moderate the variances.

    The genes of the cohort's background take part in what shapes the priors, and in nothing else.
    """
    rows = _rows.build(cohort, entities)
    fitted = {k: _fit_group(cohort, rows, group=k) for k in np.flatnonzero(cohort.present.sum(axis=0) >= 2).tolist()}
    n_entities = entities.n
    single = np.ones(n_entities + _n_background(cohort), bool)
    single[:n_entities] = entities.n_subunits == 1
    single[:n_entities] &= _first_of_gene(entities)
    shape = (cohort.n_groups, single.size)
    prior, count_prior = _moderate_logs(fitted, single, shape=shape), _moderate_counts(fitted, single, shape=shape)
    groups = {
        k: _group_model(f, k, n_entities, prior=prior, count_prior=count_prior, is_counted=cohort.counted)
        for k, f in fitted.items()
    }
    lean = _lean(groups, fitted, rows, prior=prior)
    groups = {k: replace(g, lean=lean) for k, g in groups.items()}
    largest = np.zeros(cohort.n_groups)
    for k, f in fitted.items():
        largest[k] = f.log_fit.df * f.level.size
    if prior is None:
        none = np.zeros((cohort.n_groups, n_entities))
        return Model(rows, groups, none + 1.0, none, largest, 0.0)
    return Model(rows, groups, prior.prior[:, :n_entities], prior.prior_df[:, :n_entities], largest, prior.common_df)


def _lean(
    groups: dict[int, GroupModel],
    fits: dict[int, _GroupFits],
    rows: EntityValues,
    *,
    prior: ModeratedVariances | None,
) -> float:
    """Half of how gamma-like the donors are, by the rows that are not mostly counting.

    Where donors vary as gamma variables, the fit by counts has the likelihood; where they do not, it takes outlying
    donors at their word. One number for the cohort, which knows of no single contrast.
    """
    observed, expected = [np.zeros(0)], [np.zeros(0)]
    for k, g in groups.items():
        if g.count_fit is None or prior is None or g.log_fit.shared is not None:
            continue  # counts know of no part that samples of a patient share
        fitted = g.count_fit.fitted
        rows_of_donors = np.flatnonzero(fitted.counting < _MOSTLY_COUNTING)
        at = g.count_fit.rows[rows_of_donors]
        projector = np.eye(g.basis.shape[0]) - g.basis @ g.basis.T
        mean = np.exp(fitted.coefficient[rows_of_donors] @ g.basis.T) * fits[k].library
        both = row_skewness(
            rows.value[k][g.keep].T[at] @ projector,
            projector,
            variance=prior.prior[k, at] * g.log_fit.noise[at].mean(axis=1),
            mean=mean,
            dispersion=fitted.dispersion * g.count_fit.scale[rows_of_donors][:, None],
        )
        observed.append(both[0])
        expected.append(both[1])
    return 0.5 * gamma_likeness(np.concatenate(observed), np.concatenate(expected))


def _n_background(cohort: Cohort) -> int:
    return 0 if cohort.background is None else int(cohort.background.shape[2])


def _first_of_gene(entities: Entities) -> Bools:
    """Mark the first of the entities that begin with the same gene: a gene shapes a prior once."""
    first = np.zeros(entities.n, bool)
    one = entities.n_subunits == 1
    genes = entities.genes[entities.indptr[:-1]]
    places = np.flatnonzero(one)
    first[places[np.unique(genes[places], return_index=True)[1]]] = True
    return first


def _fit_group(cohort: Cohort, rows: EntityValues, *, group: int) -> _GroupFits:
    keep = cohort.present[:, group]
    design = cohort.design[keep]
    basis = linear.orthonormal(design)
    null = basis
    if len(cohort.levels) == 2:  # of more, the others' counts would be taken for those of the two that are compared
        null = linear.orthonormal(np.column_stack([np.ones(len(design)), design[:, 2:]]))
    patient = _shared_patients(cohort, keep)
    library, n_cells = cohort.library[keep, group], cohort.n_cells[keep, group].astype(np.float64)
    value, counts = rows.value[group][keep].T, rows.count[group][keep].T
    if cohort.background is not None:
        others = cohort.background[keep, group]
        value = np.vstack([value, log_rates(others, library[:, None]).T])
        counts = np.vstack([counts, others.T])
    total = counts.sum(axis=1)
    if basis.shape[0] == basis.shape[1]:
        fitted = log_linear.weighted_rows(value, basis, np.ones_like(value))
        components = log_linear.VarianceComponents(1.0, 0.0, 0.0)
    elif patient is None:
        fitted, components = log_linear.fit(value, basis, null, total=total, library=library, n_cells=n_cells)
    else:
        fitted, components = patients.fit(
            value, basis, null, patient=patient, total=total, library=library, n_cells=n_cells
        )
    # counts are fitted without the patients' part: each has one sample of a condition, so that a difference of
    # conditions is at most less sure, and it is what counts leave little to see of
    counted = np.flatnonzero(total > 0) if fitted.df > 0 and cohort.counted else np.zeros(0, np.int64)
    quasi = None
    if counted.size:
        start = (fitted.coefficient[counted] @ basis.T * _LN2 - np.log(1e6)) @ basis
        level = cohort.condition[keep]
        quasi = quasi_likelihood.fit(counts[counted], basis, library=library, n_cells=n_cells, level=level, start=start)
    height = np.log2(counts.mean(axis=1) + 0.5)
    return _GroupFits(keep, basis, total, height, fitted, components, counted, counts, library, quasi)


def _shared_patients(cohort: Cohort, keep: Bools) -> Ints | None:
    """Codes of the patients of these samples, None where none of them has several."""
    if cohort.patient is None or np.unique(cohort.patient[keep]).size == keep.sum():
        return None
    return cohort.patient[keep]


def _moderate_logs(fits: dict[int, _GroupFits], single: Bools, *, shape: tuple[int, int]) -> ModeratedVariances | None:
    rows = _unknown(shape)
    for k, f in fits.items():
        if f.log_fit.df > 0:
            enough = f.total >= _FEWEST_COUNTS
            rows.variance[k], rows.level[k] = f.log_fit.variance, f.level
            rows.df[k], rows.shaping[k] = np.where(enough, f.log_fit.df, 0.0), enough & single
    return _moderated(rows, fits)


def _moderate_counts(
    fits: dict[int, _GroupFits], single: Bools, *, shape: tuple[int, int]
) -> ModeratedVariances | None:
    spread_df = np.zeros(shape)
    rows = replace(_unknown(shape), spread_df=spread_df)
    for k, f in fits.items():
        if f.quasi is not None:
            enough = f.total >= _FEWEST_COUNTS
            rows.variance[k, f.counted], rows.level[k] = f.quasi.scale, f.level
            rows.df[k, f.counted] = np.where(enough[f.counted], f.quasi.df, 0.0)
            spread_df[k, f.counted] = f.quasi.spread_df
            rows.shaping[k] = enough & single
    return _moderated(rows, fits)


def _unknown(shape: tuple[int, int]) -> RowVariances:
    return RowVariances(np.full(shape, np.nan), np.zeros(shape), np.zeros(shape), np.zeros(shape, bool))


def _moderated(rows: RowVariances, fits: dict[int, _GroupFits]) -> ModeratedVariances | None:
    if not (rows.df > 0).any():
        return None
    return moderate(rows, _correlation(fits, rows.shaping))


def _correlation(fits: dict[int, _GroupFits], shaping: Bools) -> Floats:
    """Mean squared correlation of the residuals of one gene in two groups, beyond that of unrelated ones."""
    out = np.zeros((shaping.shape[0], shaping.shape[0]))
    directions = {k: unit_residuals(f.log_fit, f.keep) for k, f in fits.items() if f.log_fit.df > 1.0}
    for j, k in combinations(directions, 2):
        both = shaping[j] & shaping[k]
        if both.sum() < 2:
            continue
        chance = 1.0 / min(fits[j].log_fit.df, fits[k].log_fit.df)
        mean = float((np.einsum("ij,ij->i", directions[j][both], directions[k][both]) ** 2).mean())
        out[j, k] = out[k, j] = np.clip((mean - chance) / (1.0 - chance), 0.0, 1.0)
    return out


def unit_residuals(fitted: LogLinearFit, keep: Bools) -> Floats:
    """Standardised residuals of length 1 (m, n_samples), zero in the samples that were not fitted."""
    standard = fitted.standardised
    length = np.linalg.norm(standard, axis=1, keepdims=True)
    out = np.zeros((standard.shape[0], keep.size))
    out[:, keep] = np.divide(standard, length, out=np.zeros_like(standard), where=length > 1e-9)
    return out


def _group_model(
    fits: _GroupFits,
    k: int,
    n_entities: int,
    *,
    prior: ModeratedVariances | None,
    count_prior: ModeratedVariances | None,
    is_counted: bool,
) -> GroupModel:
    """Keep what concerns the entities, with the variances moderated."""
    fitted = fits.log_fit.take(slice(0, n_entities))
    uncounted = (fits.total[:n_entities] == 0) & is_counted
    counts = 0.5 * fits.library / fits.library.sum()
    of_half_a_count = np.linalg.inv((fits.basis.T * counts) @ fits.basis) / _LN2**2
    if prior is None or fitted.df <= 0:
        nothing = np.full(n_entities, np.nan)
        return GroupModel(
            fits.keep, fits.basis, fitted, nothing, None, None, fits.components, uncounted, of_half_a_count
        )
    count_fit = None
    if fits.quasi is not None and count_prior is not None:
        of_entities = np.flatnonzero(fits.counted < n_entities)
        rows = fits.counted[of_entities]
        quasi = fits.quasi.take(of_entities)
        scale = np.maximum(count_prior.variance[k, rows], quasi.bound)
        count_fit = CountFit(rows, fits.counts[rows], fits.library, quasi, scale, count_prior.tail(k).take(rows))
    variance, tail = prior.variance[k, :n_entities], prior.tail(k).take(slice(0, n_entities))
    return GroupModel(
        fits.keep, fits.basis, fitted, variance, tail, count_fit, fits.components, uncounted, of_half_a_count
    )
