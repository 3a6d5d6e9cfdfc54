"""What the user's own samples, cells and variance can detect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ...arrays import Tests
from ...check import Columns, Count, Label, Proportion, at_least, between, checked
from ...core import contrast as engine
from ...core.contrast import LABELS, Settings
from ...stats import power as stats
from . import _compare, _contrasts, _design
from ._prepare import Ask, prepare
from ._study import Keys

if TYPE_CHECKING:
    import numpy.typing as npt
    from anndata import AnnData

    from ...rs import Resource
    from ._prepare import Prepared
    from ._study import Study

    Floats = npt.NDArray[np.float64]

_ALPHA = 0.05


@checked
def power(
    adata: AnnData,
    groupby: str,
    *,
    condition_key: str,
    sample_key: str,
    reference: Label | None = None,
    contrast: Label | None = None,
    covariates: Columns = (),
    pair_key: str | None = None,
    resource: str | Resource | pd.DataFrame = "breast",
    counts_layer: str | None = None,
    use_raw: bool = False,
    expr_prop: Proportion = 0.1,
    min_cells: Count = 10,
    n_samples: Sequence[Annotated[int, at_least(2)]] = (3, 4, 6, 10, 20),
    effect: Annotated[float, at_least(1e-6)] = 1.0,
    power: Annotated[float, between(0, 0.999)] = 0.8,
    alpha: Annotated[float, between(1e-9, 0.5)] = _ALPHA,
) -> pd.DataFrame:
    """Tell which changes a comparison like this one can see, now and with more samples.

    The variance of every ligand and receptor is taken from the data (moderated, as in
    :func:`commscore.tl.compare`), so it is that of these cells, this depth and these donors; a design with other
    numbers of samples per condition is assumed to be otherwise alike.

    Parameters
    ----------
    adata
        Cells × genes with raw counts; never modified.
    groupby, condition_key, sample_key, reference, covariates, pair_key, resource, counts_layer, use_raw, expr_prop
        As in :func:`commscore.tl.compare`.
    min_cells
        As in :func:`commscore.tl.compare`.
    contrast
        The level to set against the reference; by default the first other one.
    n_samples
        Numbers of samples per condition to answer for, each at least 2; the present design is always the first
        answer (``n_samples`` 0).
    effect
        Log2 fold change of one side, > 0, for which the power is given.
    power
        Wanted power, between ``alpha`` and 1, for which the smallest effect is given.
    alpha
        Two-sided level of the interaction. Half of it is spent on each side, as the combination of two sides
        does when one of them moves; lower it for many tests.

    Returns
    -------
    DataFrame
        One row per number of samples and testable source × target × interaction: ``source, target,
        interaction, n_samples, ligand_smallest, receptor_smallest`` (smallest log2 fold change of that side
        found with the wanted power) and ``ligand_power, receptor_power`` (power at ``effect``); missing where
        so few samples would leave nothing to estimate the variance from.

    Raises
    ------
    KeyError, TypeError, ValueError
        As :func:`commscore.tl.compare`, and if there are no replicates or nothing can be tested.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=0)
    >>> found = cs.tl.power(adata, "cell_type", condition_key="condition", sample_key="sample")
    >>> few, many = (found.loc[found["n_samples"] == n, "ligand_smallest"].median() for n in (3, 20))
    >>> bool(many < few)
    True
    """
    sizes = tuple(int(n) for n in n_samples)
    if power <= alpha:
        msg = f"power={power!r} is not above alpha={alpha:g}; ask for more power, or lower alpha"
        raise ValueError(msg)
    keys = Keys(groupby, condition_key, sample_key, pair_key, _compare._names(covariates))
    prepared = prepare(adata, keys, Ask(resource, counts_layer, use_raw, int(min_cells), reference, None, contrast))
    _compare.require_replicates(prepared, keys, test="samples")
    tests, which = prepared.tests()
    design = _design.build(prepared.study, keys)
    settings = Settings(expr_prop=float(expr_prop), max_enumeration=0, alpha=_ALPHA)
    cohort = prepared.cohort(design, min_cells=int(min_cells))
    one = _contrasts.pairwise(prepared.study, design.matrix.shape[1])[0]
    made = engine.compare(cohort, prepared.found.entities, tests, contrast=one, settings=settings)
    rows = np.flatnonzero(made.columns["status"] == LABELS["status"].index("tested"))
    if rows.size == 0:
        msg = "no interaction can be tested with these samples; see cs.tl.compare and cs.get.untested for the reasons"
        raise ValueError(msg)
    columns = {name: made.columns[name][rows] for name in made.columns}
    df = _residual_df(cohort, design, tests.take(rows))
    prior_df = made.info["prior_df"]
    wanted = {"effect": float(effect), "power": float(power), "alpha": float(alpha)}
    parts = [
        _answer(
            columns, df if n == 0 else _future_df(design, prepared.study, n), n=n, now=df, prior_df=prior_df, **wanted
        )
        for n in (0, *sizes)
    ]
    return _table(prepared, tests.take(rows), which[rows], parts=parts, sizes=(0, *sizes))


def _residual_df(cohort: engine.Cohort, design: _design.Design, tests: Tests) -> Floats:
    """Residual degrees of freedom of the samples in which source and target are both present."""
    present = cohort.present
    pair = tests.source * cohort.n_groups + tests.target
    codes, inverse = np.unique(pair, return_inverse=True)
    df = []
    for code in codes:
        keep = present[:, code // cohort.n_groups] & present[:, code % cohort.n_groups]
        df.append(keep.sum() - _design.rank(design.matrix[keep]))
    return np.asarray(df, np.float64)[inverse]


def _future_df(design: _design.Design, study: Study, n: int) -> float:
    """Residual degrees of freedom of this design with ``n`` samples in every condition, complete pairs if there are."""
    n_levels = len(study.levels)
    n_blocks = 0 if design.block is None else int(design.block.max()) + 1
    n_covariates = design.matrix.shape[1] - n_levels - max(n_blocks - 1, 0)
    return float(n_levels * (n - 1) - n_covariates - (0 if design.block is None else n - 1))


def _answer(
    c: dict[str, npt.NDArray[Any]], df: Floats | float, *, n: int, now: Floats, prior_df: float, effect: float,
    power: float, alpha: float,
) -> dict[str, Floats]:  # fmt: skip
    """Smallest effect and power of both sides with ``n`` samples per condition (0: as they are).

    ``df`` are the residual degrees of freedom then, ``now`` the present ones; without any there is no answer.
    """
    total = np.minimum(now + prior_df, 1e6)
    width = 1.0 if n == 0 else np.sqrt((2.0 / n) / (1.0 / c["n_ref"] + 1.0 / c["n_alt"]))
    future = np.broadcast_to(np.minimum(np.maximum(df, 1.0) + prior_df, 1e6), total.shape)
    none = np.broadcast_to(np.asarray(df) < 1, total.shape)
    out = {}
    for side in ("ligand", "receptor"):
        half = 0.5 * (c[f"{side}_ci_high"] - c[f"{side}_ci_low"])
        se = half / -stdtrit(total, _ALPHA / 2) * width
        one, inverse = np.unique(future, return_inverse=True)
        unit = stats.smallest_effect(1.0, df=one, power_wanted=power, alpha=alpha / 2)
        out[f"{side}_smallest"] = np.where(none, np.nan, unit[inverse] * se)
        out[f"{side}_power"] = np.where(none, np.nan, stats.power(effect, se=se, df=future, alpha=alpha / 2))
    return out


def _table(
    prepared: Prepared, tests: Tests, which: npt.NDArray[np.int64], *, parts: list[dict[str, Floats]],
    sizes: tuple[int, ...],
) -> pd.DataFrame:  # fmt: skip
    groups, m = list(prepared.study.groups), len(parts)
    names = pd.Categorical(prepared.found.frame["interaction"].astype(str).to_numpy()[which])
    frame = {
        "source": pd.Categorical.from_codes(np.tile(tests.source, m), groups),
        "target": pd.Categorical.from_codes(np.tile(tests.target, m), groups),
        "interaction": pd.Categorical.from_codes(np.tile(names.codes, m), names.categories),
        "n_samples": np.repeat(np.asarray(sizes, np.int64), which.size),
    }
    for name in ("ligand_smallest", "receptor_smallest", "ligand_power", "receptor_power"):
        frame[name] = np.concatenate([p[name] for p in parts])
    return pd.DataFrame(frame)
