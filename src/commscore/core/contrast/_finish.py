"""What is said of the rows once all have their numbers: flow, adjusted p, shifts, shapes, patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...stats import shapes
from ...stats.multiple import benjamini_hochberg
from ...tables.vocabulary import EffectPattern, ShapeName, ShiftName, Status
from ._shift import name_shifts, significant

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools
    from ._columns import Columns
    from ._types import Contrast, Settings


def finish(out: Columns, *, contrast: Contrast, settings: Settings) -> None:
    """Add up the parts, adjust the p-values and name the shift, the shape and the pattern of every row, in place."""
    out["d_flow"] = out["d_source"] + out["d_ligand"] + out["d_target"] + out["d_receptor"]
    if settings.test == "permutation":
        out["pvalue"] = np.where(out["status"] == Status.TESTED.code, out["exact_pvalue"], out["pvalue"])
    out["padj"] = benjamini_hochberg(out["pvalue"])
    reached = significant(out, alpha=settings.alpha)
    out["shift"] = name_shifts(out, alpha=settings.alpha)
    known = (out["status"] == Status.TESTED.code) | (out["status"] == Status.DETECTION.code)
    out["driver"] = np.where(known & reached, out["driver"], -1).astype(np.int8)
    # where hardly a cell shows a molecule, equal values are no certainty
    for name in ("se", "ci_low", "ci_high", "ligand_se", "receptor_se"):
        out[name] = np.where(known, out[name], np.nan)
    if contrast.kind == "stages":
        out["shape"] = _shape(out, reached, n_stages=1 + len(contrast.alt))
    else:
        out["shape"] = np.full(out["status"].size, -1, np.int8)
    if contrast.kind == "interaction":
        out["pattern"] = _pattern(out, reached, margin=settings.margin)


def _shape(out: Columns, reached: Bools, *, n_stages: int) -> npt.NDArray[np.int8]:
    codes = shapes.name_codes(n_stages)[out["best"], (out["effect"] > 0).astype(np.int64)]
    flat, ambiguous = ShapeName.FLAT.code, ShapeName.AMBIGUOUS.code
    named = np.where(
        reached, np.where(out["certain"], codes, ambiguous), np.where(out["shift"] == ShiftName.STABLE.code, flat, -1)
    )
    return np.where(out["status"] == Status.TESTED.code, named, -1).astype(np.int8)


def _pattern(out: Columns, reached: Bools, *, margin: float) -> npt.NDArray[np.int8]:
    """Class of a difference in differences by its simple effects, whose signs it does not hide."""
    clear = [(out[f"{name}_low"] > 0) | (out[f"{name}_high"] < 0) for name in ("simple_first", "simple_second")]
    apart = np.abs(out["arms_after"]) > np.abs(out["arms_before"])
    differs = np.where(
        clear[0] ^ clear[1],
        EffectPattern.ONE_SIDED.code,
        np.where(apart, EffectPattern.DIVERGENT.code, EffectPattern.CONVERGENT.code),
    )
    parallel = (out["ci_low"] >= -margin) & (out["ci_high"] <= margin)
    named = np.where(reached, differs, np.where(parallel, EffectPattern.PARALLEL.code, -1))
    return np.where(out["status"] == Status.TESTED.code, named, -1).astype(np.int8)
