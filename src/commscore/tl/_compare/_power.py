"""What the user's own samples, cells and variance can detect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd

from ...arrays import Tests
from ...check import Label, at_least, between, checked
from ...core import contrast as engine
from ...core.contrast import Settings
from ...stats import power as stats
from ...study.design import StudyDesign, build_design, design_rank
from ...study.stored_comparison import stored_comparison
from ...tables.vocabulary import Status

if TYPE_CHECKING:
    import numpy.typing as npt
    from anndata import AnnData

    from ...arrays import Floats, Ints
    from ...rs import Resource
    from ...study.comparison import ComparisonData
    from ...study.samples import Study


_STEPS = 50.0
"""Degrees of freedom are told apart in steps of 2 % where the smallest effect is sought."""

_LEVEL = between(1e-9, 0.5)
"""Of ``alpha``: half of it is a level of a t-test."""


@checked
def power(
    adata: AnnData,
    key: str = "commscore_compare",
    *,
    contrast: Label | None = None,
    resource: str | Resource | pd.DataFrame | None = None,
    n_samples: Sequence[Annotated[int, at_least(2)]] = (3, 4, 6, 10, 20),
    effect: Annotated[float, at_least(1e-6)] = 1.0,
    power: Annotated[float, between(0, 0.999)] = 0.8,
    alpha: Annotated[float, _LEVEL] | None = None,
) -> pd.DataFrame:
    """Tell which changes a comparison like this one can see, now and with more samples.

    The parameters are those of a stored comparison. The variance of every ligand and receptor is taken from the data
    (moderated, as in :func:`commscore.tl.compare`), so it is that of these cells, this depth and these donors; a design
    with other numbers of samples per condition is assumed to be otherwise alike. Of genes with less than one
    expected count per sample (``low_counts`` of the comparison) somewhat less is found than is foretold: 0.01 and 0.03
    instead of 0.06 and 0.10 at 0.1 and 0.3 counts in simulated cohorts.

    Parameters
    ----------
    adata : comparison
    key : comparison
    contrast : one
    resource : comparison
    n_samples
        Numbers of samples per condition to answer for, each at least 2, of patients where they are the replicates; all
        of them have the group in question. The present design is always the first answer (``n_samples`` 0).
    effect
        Log2 fold change of one side, > 0, for which the power is given.
    power
        Wanted power, above ``alpha`` and at most 0.999, for which the smallest effect is given.
    alpha
        Two-sided level of the interaction, 1e-9 to 0.5; by default that of the comparison. Half of it is spent on each
        side, as the combination of two sides does when one of them moves (``combine="acat4"`` is taken as ``"acat"``);
        lower it for many tests.

    Returns
    -------
    DataFrame
        One row per number of samples and testable source × target × interaction: ``source, target,
        interaction, n_samples, ligand_smallest, receptor_smallest`` (smallest log2 fold change of that side
        found with the wanted power) and ``ligand_power, receptor_power`` (power at ``effect``); missing where
        so few samples would leave nothing to estimate the variance from.

    Raises
    ------
    KeyError
        If no comparison is stored under ``key``, or a column or layer does not exist any more.
    ValueError
        If cells were compared, its samples, cells or labels have changed, its counts would be read from elsewhere,
        ``resource`` is needed or is another than the one that was used, ``contrast`` was not compared, or nothing can
        be tested.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=0)
    >>> cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample")
    >>> found = cs.tl.power(adata)
    >>> few, many = (found.loc[found["n_samples"] == n, "ligand_smallest"].median() for n in (3, 20))
    >>> bool(many < few)
    True
    """
    sizes = tuple(int(n) for n in n_samples)
    stored = stored_comparison(adata, key, resource=resource)
    alpha = stored.options["alpha"] if alpha is None else float(alpha)
    if not _LEVEL.hold(alpha):
        msg = f"alpha={alpha:g} of the comparison key={key!r} is not {_LEVEL}, as power needs it; give alpha="
        raise ValueError(msg)
    if power <= alpha:
        msg = f"power={power!r} is not above alpha={alpha:g}; ask for more power, or lower alpha"
        raise ValueError(msg)
    prepared = stored.prepare(adata)
    tests, which = prepared.tests()
    design = build_design(prepared.study, stored.keys)
    settings = Settings(expr_prop=stored.options["expr_prop"], max_enumeration=0)
    cohort = prepared.cohort(design, min_cells=stored.options["min_cells"])
    one = stored.one_contrast(prepared, contrast, n_coefficients=design.matrix.shape[1])
    result = engine.compare(cohort, prepared.interactions.entities, tests, contrast=one, settings=settings)
    rows = np.flatnonzero(result.columns["status"] == Status.TESTED.code)
    if rows.size == 0:
        msg = "no interaction can be tested with these samples; see cs.tl.compare and cs.get.untested for the reasons"
        raise ValueError(msg)
    columns = {name: result.columns[name][rows] for name in result.columns}
    tested = tests.take(rows)
    now, factors = _residual_df(cohort, design), _error_per_sample(cohort, design, one)
    target = {"effect": float(effect), "power": float(power), "alpha": alpha}
    parts = []
    for n in (0, *sizes):
        future = now if n == 0 else np.full(now.size, _future_df(design, prepared.study, n))
        more = np.where(future < 1.0, np.nan, future - now)
        width = np.ones(now.size) if n == 0 else factors / np.sqrt(n)
        groups = {"ligand": tested.source, "receptor": tested.target}
        parts.append(_answer(columns, {side: (more[k], width[k]) for side, k in groups.items()}, **target))
    return _table(prepared, tested, which[rows], parts=parts, sizes=(0, *sizes))


def _residual_df(cohort: engine.Cohort, design: StudyDesign) -> Floats:
    """Residual degrees of freedom (n_groups,) of the samples that have each group."""
    return np.asarray([keep.sum() - design_rank(design.matrix[keep]) for keep in cohort.present.T], np.float64)


def _error_per_sample(cohort: engine.Cohort, design: StudyDesign, contrast: engine.Contrast) -> Floats:
    """Return standard errors (n_groups,) with one sample per condition over those of the samples with each group now.

    By the variance of the contrast in least squares, ``c'(X'X)⁻¹c``: covariates and pairs of the whole design are kept,
    and a group is taken to be in all samples. In mixed designs, what samples of a patient share has no part in it.
    """
    vector, x = contrast.vectors[0], design.matrix
    n_ref, n_alt = (np.isin(cohort.condition, codes).sum() for codes in (contrast.ref, contrast.alt))
    now = np.array([_unscaled_variance(x[keep], vector) for keep in cohort.present.T])
    alone = _unscaled_variance(x, vector) * 2.0 / (1.0 / n_ref + 1.0 / n_alt)
    factors: Floats = np.sqrt(np.divide(alone, now, out=np.full(now.size, np.nan), where=now > 0))
    return factors


def _unscaled_variance(x: Floats, vector: Floats) -> float:
    return float(vector @ np.linalg.pinv(x.T @ x) @ vector)


def _future_df(design: StudyDesign, study: Study, n: int) -> float:
    """Residual degrees of freedom of this design with ``n`` samples in every condition, one of each patient."""
    n_levels = len(study.levels)
    fixed = None if design.patient is not None else design.block
    n_blocks = 0 if fixed is None else int(fixed.max()) + 1
    n_covariates = design.matrix.shape[1] - n_levels - max(n_blocks - 1, 0)
    return float(n_levels * (n - 1) - n_covariates - (0 if fixed is None else n - 1))


def _answer(
    c: dict[str, npt.NDArray[Any]],
    changes: dict[str, tuple[Floats, Floats]],
    *,
    effect: float,
    power: float,
    alpha: float,
) -> dict[str, Floats]:
    """Smallest effect and power of both sides.

    ``changes`` of each side are the degrees of freedom that come to the present ones, NaN where so few samples leave
    none, and what its standard errors are multiplied with.
    """
    out = {}
    for side, (more, width) in changes.items():
        df = np.minimum(c[f"{side}_df"] + more, 1e6)
        se = c[f"{side}_se"] * width
        none = np.isnan(df)
        df = np.where(none, 1.0, df)
        # by bisection, so once for all rows of nearly the same degrees of freedom
        steps, inverse = np.unique(np.round(_STEPS * np.log(df)), return_inverse=True)
        unit = stats.smallest_effect(1.0, df=np.exp(steps / _STEPS), power_wanted=power, alpha=alpha / 2)
        out[f"{side}_smallest"] = np.where(none, np.nan, unit[inverse] * se)
        out[f"{side}_power"] = np.where(none, np.nan, stats.power(effect, se=se, df=df, alpha=alpha / 2))
    return out


def _table(
    prepared: ComparisonData,
    tests: Tests,
    which: Ints,
    *,
    parts: list[dict[str, Floats]],
    sizes: tuple[int, ...],
) -> pd.DataFrame:
    groups, m = list(prepared.study.groups), len(parts)
    names = pd.Categorical(prepared.interactions.frame["interaction"].astype(str).to_numpy()[which])
    frame = {
        "source": pd.Categorical.from_codes(np.tile(tests.source, m), groups),
        "target": pd.Categorical.from_codes(np.tile(tests.target, m), groups),
        "interaction": pd.Categorical.from_codes(np.tile(names.codes, m), names.categories),
        "n_samples": np.repeat(np.asarray(sizes, np.int64), which.size),
    }
    for name in ("ligand_smallest", "receptor_smallest", "ligand_power", "receptor_power"):
        frame[name] = np.concatenate([p[name] for p in parts])
    return pd.DataFrame(frame)
