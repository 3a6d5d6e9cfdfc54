"""What is said of the rows once all have their numbers: adjusted p, shifts, shapes, patterns, rewiring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Tests
from ...stats import shapes
from ...stats.multiple import benjamini_hochberg
from ._context import log_abundance
from ._shift import DETECTION, STABLE, TESTED, name_shifts, significant
from ._types import LABELS

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Floats, Ints
    from ._model import Model
    from ._types import Cohort, Contrast, Settings

    Columns = dict[str, npt.NDArray[Any]]

DIVERGENT, CONVERGENT, ONE_SIDED, PARALLEL = range(4)


def finish(out: Columns, *, contrast: Contrast, settings: Settings) -> None:
    """Adjust the p-values and name the shift, the shape and the pattern of every row, in place."""
    if settings.test == "permutation":
        out["pvalue"] = np.where(out["status"] == TESTED, out["exact_pvalue"], out["pvalue"])
    out["padj"] = benjamini_hochberg(out["pvalue"])
    reached = significant(out, alpha=settings.alpha)
    out["shift"] = name_shifts(out, alpha=settings.alpha)
    known = (out["status"] == TESTED) | (out["status"] == DETECTION)
    out["driver"] = np.where(known & reached, out["driver"], -1).astype(np.int8)
    for name in ("se", "ci_low", "ci_high"):  # where hardly a cell shows a molecule, equal values are no certainty
        out[name] = np.where(known, out[name], np.nan)
    if contrast.kind == "stages":
        out["shape"] = _shape(out, reached, n_stages=1 + len(contrast.alt))
    else:
        out["shape"] = np.full(out["status"].size, -1, np.int8)
    if contrast.kind == "interaction":
        out["pattern"] = _pattern(out, reached, margin=settings.margin)


def _shape(out: Columns, reached: Bools, *, n_stages: int) -> npt.NDArray[np.int8]:
    codes = shapes.name_codes(n_stages)[out["best"], (out["effect"] > 0).astype(np.int64)]
    flat, ambiguous = (LABELS["shape"].index(name) for name in ("flat", "ambiguous"))
    named = np.where(reached, np.where(out["certain"], codes, ambiguous), np.where(out["shift"] == STABLE, flat, -1))
    return np.where(out["status"] == TESTED, named, -1).astype(np.int8)


def _pattern(out: Columns, reached: Bools, *, margin: float) -> npt.NDArray[np.int8]:
    """Class of a difference in differences by its simple effects, whose signs it does not hide."""
    clear = [(out[f"{name}_low"] > 0) | (out[f"{name}_high"] < 0) for name in ("simple_first", "simple_second")]
    apart = np.abs(out["arms_after"]) > np.abs(out["arms_before"])
    differs = np.where(clear[0] ^ clear[1], ONE_SIDED, np.where(apart, DIVERGENT, CONVERGENT))
    parallel = (out["ci_low"] >= -margin) & (out["ci_high"] <= margin)
    named = np.where(reached, differs, np.where(parallel, PARALLEL, -1))
    return np.where(out["status"] == TESTED, named, -1).astype(np.int8)


def rewired(cohort: Cohort, model: Model, tests: Tests, *, contrast: Contrast, settings: Settings) -> Bools:
    """Whether the main source or the main target of an interaction is another group at the other end.

    The main source has the highest abundance · ligand (log2 means over the samples of a level, among groups
    that express it there), the main target the highest abundance · receptor. A change counts where each of
    the two groups leads its end by more than the margin.
    """
    if contrast.kind == "interaction":
        return np.zeros(tests.n, bool)
    abundance = log_abundance(cohort).T[:, :, None]
    ends = [cohort.condition == contrast.ref[0], cohort.condition == contrast.alt[-1]]
    flows = [_level_flow(cohort, model, abundance=abundance, end=end, settings=settings) for end in ends]
    return leaders_changed(flows, tests, margin=settings.margin)


def leaders_changed(flows: list[Floats], tests: Tests, *, margin: float) -> Bools:
    """Whether another group leads at the second end, by source or by target; the same for all rows of an interaction.

    ``flows``: log2 (abundance · expression) of group × entity at both ends, −inf where it does not count.
    """
    changed, n_groups = np.zeros(tests.n, bool), flows[0].shape[0]
    if tests.n == 0:
        return changed
    pair = tests.ligand * (int(tests.receptor.max()) + 1) + tests.receptor
    _, first, interaction = np.unique(pair, return_index=True, return_inverse=True)
    for entity, group in ((tests.ligand, tests.source), (tests.receptor, tests.target)):
        which, where = np.divmod(np.unique(interaction * n_groups + group), n_groups)
        key = np.column_stack([which, where, entity[first[which]]])
        other = _leader_changed(flows, key, margin=margin)
        changed |= other[interaction]
    return changed


def _level_flow(cohort: Cohort, model: Model, *, abundance: Floats, end: Bools, settings: Settings) -> Floats:
    """Mean log2 (abundance · expression) per group × entity at one end; −inf where not expressed."""
    present = cohort.present.T & end
    n = present.sum(axis=1)[:, None]
    value = np.where(present[:, :, None], model.rows.value + abundance, 0.0).sum(axis=1)
    prop = np.where(present[:, :, None], model.rows.prop, 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((n > 0) & (prop / n >= settings.expr_prop), value / n, -np.inf)


def _leader_changed(flows: list[Floats], key: Ints, *, margin: float) -> Bools:
    """Per interaction: its leading group differs between the ends, by more than the margin at both."""
    starts = np.flatnonzero(np.diff(key[:, 0], prepend=-1))
    values = [flow[key[:, 1], key[:, 2]] for flow in flows]
    leaders = [_first_of_largest(v, starts) for v in values]
    with np.errstate(invalid="ignore"):
        ahead = [values[i][leaders[i]] - values[i][leaders[1 - i]] for i in (0, 1)]
    expressed = np.isfinite(values[0][leaders[0]]) & np.isfinite(values[1][leaders[1]])
    return np.asarray(expressed & (ahead[0] > margin) & (ahead[1] > margin), np.bool_)


def _first_of_largest(values: Floats, starts: Ints) -> Ints:
    """Position of the largest value of each run."""
    top = np.maximum.reduceat(values, starts)
    run = np.repeat(np.arange(starts.size), np.diff(np.append(starts, values.size)))
    hits = np.flatnonzero(values == top[run])
    return hits[np.searchsorted(run[hits], np.arange(starts.size))]
