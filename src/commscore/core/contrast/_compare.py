"""The comparison of one contrast: all interactions of a cohort, pair of groups by pair of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities, Tests
from ...tables.vocabulary import Status
from . import _columns, _finish, _model, _pairs, _rewired
from ._context import FittedContrast
from ._types import Comparison, Settings

if TYPE_CHECKING:
    from ...arrays import Bools, Ints
    from ._columns import Columns
    from ._model import Model
    from ._types import Cohort, Contrast


def fit(cohort: Cohort, entities: Entities) -> Model:
    """Fit what all contrasts of a cohort share; see :func:`compare`."""
    return _model.build(cohort, entities)


def compare(
    cohort: Cohort,
    entities: Entities,
    tests: Tests,
    *,
    contrast: Contrast,
    settings: Settings | None = None,
    model: Model | None = None,
) -> Comparison:
    """Test every interaction for one contrast.

    Every entity × group row is fitted once per set of samples that source and target have in common, by
    ordinary least squares with variances for unequal precision (donors + counting) and empirical-Bayes
    moderation (doi:10.2202/1544-6115.1027); the two sides' p-values are combined by ACAT
    (doi:10.1016/j.ajhg.2019.01.002) or Fisher's method.

    Parameters
    ----------
    cohort
        Pseudobulk of the samples.
    entities
        Ligands and receptors as sets of the cohort's genes.
    tests
        Source, target, ligand and receptor of every row.
    contrast
        What to compare; see :mod:`commscore.core.contrast.design`.
    settings
        See :class:`Settings`.
    model
        From :func:`fit`, to share it between contrasts; fitted here if None.

    Returns
    -------
    Comparison
        Columns of length ``tests.n``. Effects are log2; with stages, ``effect`` and the parts are the amplitude
        of the shape with the strongest evidence (the fitted change along a line, the middle over the ends,
        after a step over before it), the intervals hold for all shapes together, and ``flat`` is claimed only
        within the margin. An interaction has an ``exact_pvalue`` only where whole blocks (patients with before
        and after) can change arms; otherwise no relabelling keeps the main effects. ``d_flow`` is the sum of
        its four parts and ``effect`` of ligand and receptor. Abundances are log-ratios to the groups of
        ``abundance_reference``.

    Raises
    ------
    ValueError
        The contrast does not fit the design.

    Examples
    --------
    >>> import numpy as np
    >>> from commscore.core.contrast import Cohort, Settings, compare, design
    >>> from commscore.arrays import Entities, Tests
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.poisson(200, (6, 1, 2)).astype(float)
    >>> counts[3:, 0, 0] *= 8  # the ligand rises eightfold
    >>> library = np.full((6, 1), 1e5)
    >>> condition = np.repeat([0, 1], 3)
    >>> cohort = Cohort(
    ...     logcpm=np.log2((counts + 0.5) / library[:, :, None] * 1e6), counts=counts, library=library,
    ...     n_cells=np.full((6, 1), 100), prop=np.full((6, 1, 2), 0.9), condition=condition,
    ...     levels=("early", "late"), design=np.eye(2)[condition],
    ... )
    >>> zero = np.zeros(1, np.int64)
    >>> result = compare(
    ...     cohort, Entities.of([[0], [1]]), Tests(zero, zero, zero, zero + 1),
    ...     contrast=design.pair("late vs early", ref=0, alt=1, n_coefficients=2),
    ... )
    >>> float(result.columns["ligand_effect"].round(0)[0]), bool(result.columns["pvalue"][0] < 0.001)
    (3.0, True)
    """
    settings = settings or Settings()
    if contrast.vectors.ndim != 2 or contrast.vectors.shape[1] != cohort.design.shape[1]:
        msg = (
            f"contrast.vectors has shape {contrast.vectors.shape}, the design has {cohort.design.shape[1]} "
            "coefficients; give one column per coefficient"
        )
        raise ValueError(msg)
    model = model or fit(cohort, entities)
    context = FittedContrast(cohort, entities, model, contrast, settings)
    out = _columns.allocate(tests.n, interaction=contrast.kind == "interaction")
    for keep, runs in _by_samples(cohort, tests):
        context.start(keep)
        for at in runs:
            groups = int(tests.source[at[0]]), int(tests.target[at[0]])
            _pairs.fill(context, out, at=at, groups=groups, sides=(tests.ligand[at], tests.receptor[at]))
    out["rewired"] = _rewired.rewired(cohort, model, tests, contrast=contrast, settings=settings)
    _finish.finish(out, contrast=contrast, settings=settings)
    return Comparison(contrast, _columns.shown(out), _info(context, out), context.relative.codes)


def _by_samples(cohort: Cohort, tests: Tests) -> list[tuple[Bools, list[Ints]]]:
    """Rows by pair of groups, pairs by the samples in which both groups are present."""
    if tests.n == 0:
        return []
    key = tests.source * cohort.n_groups + tests.target
    order = np.argsort(key, kind="stable")
    runs = np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
    present = cohort.present
    by: dict[bytes, tuple[Bools, list[Ints]]] = {}
    for at in runs:
        keep = present[:, tests.source[at[0]]] & present[:, tests.target[at[0]]]
        by.setdefault(keep.tobytes(), (keep, []))[1].append(at)
    return list(by.values())


def _info(context: FittedContrast, out: Columns) -> dict[str, float]:
    model = context.model
    tested = int((out["status"] == Status.TESTED.code).sum())
    return {
        "prior_df": model.common_df,
        "n_tests": float(out["status"].size),
        "n_tested": float(tested),
    }
