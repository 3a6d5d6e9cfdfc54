"""Columns of scores and their p-values, with and without samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._labels import natural_order
from ..._validate import warn
from ...core.permute.moments import MIN_CELLS, perms_of_moments
from ...core.scoring.sampled import MIN_SAMPLES
from ...stats.multiple import benjamini_hochberg
from ...stats.selection import corrected
from ...study import strata
from ...tables import score as schema
from ...tables.vocabulary import Status, Unit

if TYPE_CHECKING:
    from ...arrays import Floats
    from ...study.strata import SamplesOfCells
    from ._tables import ScoredRows

ALPHA = 0.05
_MANY = 0.05  # of the rows
INSTEAD = "Give sample_key={}, which asks both whether groups differ within samples and whether that recurs in them"


def refuse_without_null(sample_key: str | None, null: str | None) -> None:
    """Refuse samples where nothing is tested: they matter to p-values alone."""
    if sample_key is not None and null is None:
        msg = (
            f"sample_key={sample_key!r} has no use with null=None: it says within which samples labels are permuted, "
            "and over which samples rows are tested. Leave it out for scores alone, or give null='auto'"
        )
        raise ValueError(msg)


def warn_of_floor(rows: ScoredRows, *, n_perms: int) -> None:
    """Warn where many rows are as high as permutations can show and are not significant for what listed them."""
    if rows.null is None or rows.tests.n == 0:
        return
    floor = 1 / (n_perms + 1)
    stuck = np.isclose(rows.scored.tails, floor).any(axis=0) & ~rows.scored.analytic
    stuck &= floor / rows.probability > ALPHA
    if stuck.mean() < _MANY:
        return
    column = "pvalue" if rows.over_samples is None else "pvalue_within"
    warn(
        f"in {int(stuck.sum()):,} of {rows.tests.n:,} rows none of n_perms={n_perms:,} permutations scored as high, "
        f"and {column} is above {ALPHA} all the same: groups of permuted labels hardly ever express such a pair in "
        "expr_prop of their cells (pass_probability), and so few permutations cannot tell how high they score if they "
        "do. Give more n_perms, or a method that has an analytic null (cs.tl.methods)"
    )


def warn_if_apart(rows: ScoredRows, sample_key: str | None) -> None:
    """Warn where there are enough samples, and no row can be tested over them."""
    if sample_key is not None and rows.over_samples is not None and _replicated(rows):
        strata.warn_if_apart(rows.over_samples.n, sample_key)


def columns_of_tests(rows: ScoredRows) -> dict[str, Any]:
    """Scores, p-values and what is known over samples, in the order of the tests."""
    names, over = [m.name for m in rows.chosen.scores], rows.over_samples
    several = len(names) > 1
    columns: dict[str, Any] = {}
    for m, name in enumerate(names):
        end = f"_{name}" if several else ""
        own = _alone(rows, m) if over is None else _with_samples(rows, m)
        own["analytic_tail"] = rows.scored.tails[m] < rows.scored.pvalues[m]
        columns |= {f"{column}{end}": values for column, values in own.items()}
    if over is not None:
        columns |= {"n_samples": over.n, "support": over.support, "top_sample_share": over.top_share}
    columns |= {"pass_probability": rows.probability, "null": _null_of_rows(rows)}
    if over is not None:
        columns |= _status(rows)
    return columns


def _alone(rows: ScoredRows, m: int) -> dict[str, Floats]:
    raw = rows.scored.pvalues[m]
    pvalue = _among_listed(rows, m)
    padj = benjamini_hochberg(pvalue)
    return {"score": rows.scored.scores[m], "pvalue": pvalue, "padj": padj, "pvalue_raw": raw}


def _with_samples(rows: ScoredRows, m: int) -> dict[str, Any]:
    over, within = rows.over_samples, rows.scored.pvalues[m]
    if over is None:
        msg = "the rows have no samples"
        raise RuntimeError(msg)
    fit = over.fits[m]
    p_within = pvalue = _among_listed(rows, m)
    raw = within
    if _replicated(rows):
        raw = np.where(over.n >= MIN_SAMPLES, fit.pvalue, np.nan)
        pvalue = corrected(raw, rows.probability)
    return {
        "score": rows.scored.scores[m],
        "excess": fit.mean,
        "excess_se": fit.se,
        "n_positive": over.n_positive[m],
        "pvalue": pvalue,
        "padj": benjamini_hochberg(pvalue),
        "pvalue_within": p_within,
        "padj_within": benjamini_hochberg(p_within),
        "pvalue_raw": raw,
        "pvalue_within_raw": within,
    }


def _among_listed(rows: ScoredRows, m: int) -> Floats:
    """P-values of permuted labels among the listed rows, never below those that permutations gave."""
    pvalues: Floats = np.maximum(rows.scored.pvalues[m], corrected(rows.scored.tails[m], rows.probability))
    return pvalues


def _replicated(rows: ScoredRows) -> bool:
    """Whether the cells are of enough samples for a test over them."""
    strata = rows.strata
    return strata is not None and strata.n >= MIN_SAMPLES


def _status(rows: ScoredRows) -> dict[str, pd.Categorical]:
    """Return the unit of ``pvalue``, and whether the row was tested in it."""
    n, over = rows.tests.n, rows.over_samples
    few = np.zeros(n, bool) if over is None or not _replicated(rows) else over.n < MIN_SAMPLES
    unit = Unit.SAMPLES if _replicated(rows) else Unit.CELLS
    status = np.where(few, schema.STATUSES.index(Status.TOO_FEW_SAMPLES), schema.STATUSES.index(Status.TESTED))
    return {
        "unit": pd.Categorical.from_codes(np.full(n, Unit.words().index(unit)), list(Unit.words())),
        "status": pd.Categorical.from_codes(status, list(schema.STATUSES)),
    }


def _null_of_rows(rows: ScoredRows) -> pd.Categorical:
    """Return what each row's p-value of permuted labels comes from."""
    other = schema.NULLS.index("none" if rows.null is None else "permutation")
    codes = np.where(rows.scored.analytic, schema.NULLS.index("analytic"), other).astype(np.int8)
    return pd.Categorical.from_codes(codes, list(schema.NULLS))


def recorded(
    samples: SamplesOfCells | None, sample_key: str | None, rows: ScoredRows, *, n_perms: int
) -> dict[str, Any]:
    """Return what goes into ``params`` about samples."""
    if samples is None or sample_key is None:
        return {"sample_key": None}
    over = rows.over_samples
    fits = [] if over is None else over.fits
    return {
        "sample_key": sample_key,
        "samples": np.asarray(natural_order(samples.names), object),
        "n_samples": samples.n,
        "min_samples": MIN_SAMPLES,
        "min_cells_sample": MIN_CELLS,
        "moment_perms": perms_of_moments(n_perms),
        "prior_df": np.array([f.prior_df for f in fits]),
    }
