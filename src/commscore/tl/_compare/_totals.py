"""Totals of a comparison by source → target pair and by mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...stats.combine import cauchy, cauchy_tail
from ...stats.multiple import benjamini_hochberg
from ...tables import compare as schema
from ...tables.vocabulary import ShiftName

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Ints

_ONE = 1.0 - 1e-9
_BY = {"pair": ["source", "target"], "mode": ["mode"]}


def totals_table(table: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Add up a table of comparisons: one row per contrast × pair, then per contrast × mode.

    The p-value is the Cauchy combination of the rows' p-values (doi:10.1080/01621459.2018.1554485), which is valid when
    the rows depend on each other, as interactions of the same cells do; pairs and modes are never taken as
    independent draws. A p-value of 1, as exact tests of few samples often give, is evidence neither for nor against a
    change: it counts as one half, where its Cauchy deviate, minus infinity, would outweigh all other rows.
    """
    parts = [_totals(table, by, alpha=alpha) for by in schema.TOTALS["by"].values]
    frame = pd.concat(parts, ignore_index=True)
    for name in ("contrast", "source", "target", "mode", "strongest"):
        whole = table["interaction" if name == "strongest" else name].cat.categories
        frame[name] = pd.Categorical(frame[name], categories=whole)
    frame["by"] = pd.Categorical(frame["by"], categories=list(schema.TOTALS["by"].values))
    frame["strongest"] = frame["strongest"].cat.remove_unused_categories()
    return frame[list(schema.TOTALS.names)]


def _totals(table: pd.DataFrame, by: str, *, alpha: float) -> pd.DataFrame:
    names = ["contrast", *_BY[by]]
    codes: npt.NDArray[Any] = np.zeros(len(table), np.int64)
    for name in names:
        codes = codes * len(table[name].cat.categories) + table[name].cat.codes.to_numpy()
    present, first, row_of = np.unique(codes, return_index=True, return_inverse=True)
    tested = table["pvalue"].notna().to_numpy()
    significant = tested & (table["padj"] <= alpha).to_numpy()
    out: dict[str, Any] = {name: table[name].astype(object).to_numpy()[first] for name in names}
    n = present.size
    out |= {name: np.full(n, None, object) for name in ("source", "target", "mode") if name not in out}
    out["by"] = np.full(n, by, object)
    out |= _counts(table["shift"], row_of, tested=tested, significant=significant, n=n)
    n_tested = np.maximum(out["n_tested"], 1)
    for name in ("effect", "d_flow"):
        values = np.where(tested, table[name].to_numpy(), 0.0)
        mean = np.bincount(row_of, np.nan_to_num(values), minlength=n) / n_tested
        out[name] = np.where(out["n_tested"] > 0, mean, np.nan)
    p = table["pvalue"].to_numpy()
    deviates = np.where(tested & (p < _ONE), cauchy(p), 0.0)
    pvalue = cauchy_tail(np.bincount(row_of, deviates, minlength=n) / n_tested)
    out["pvalue"] = np.where(out["n_tested"] > 0, pvalue, np.nan)
    frame = pd.DataFrame(out)
    frame["padj"] = np.nan
    for rows in frame.groupby("contrast").groups.values():
        frame.loc[rows, "padj"] = benjamini_hochberg(frame.loc[rows, "pvalue"].to_numpy())
    frame["strongest"] = _strongest(table, row_of, tested=tested, n=n)
    return frame


def _counts(
    shift: pd.Series,
    row_of: Ints,
    *,
    tested: Bools,
    significant: Bools,
    n: int,
) -> dict[str, Ints]:
    shifts = {
        "n_up": (ShiftName.UP, ShiftName.GAINED),
        "n_down": (ShiftName.DOWN, ShiftName.LOST),
        "n_compensated": (ShiftName.COMPENSATED,),
        "n_one_sided": schema.ONE_SIDED,
    }
    which = {"n_tested": tested, "n_shifted": significant}
    which |= {name: significant & shift.isin(names).to_numpy() for name, names in shifts.items()}
    return {name: np.bincount(row_of[mask], minlength=n).astype(np.int64) for name, mask in which.items()}


def _strongest(table: pd.DataFrame, row_of: Ints, *, tested: Bools, n: int) -> npt.NDArray[np.object_]:
    """Interaction with the smallest p-value of each row, ties by the larger effect, then by order."""
    at = np.flatnonzero(tested)
    order = at[np.lexsort((-np.abs(table["effect"].to_numpy()[at]), table["pvalue"].to_numpy()[at], row_of[at]))]
    rows, first = np.unique(row_of[order], return_index=True)
    names = np.full(n, None, object)
    names[rows] = table["interaction"].astype(object).to_numpy()[order[first]]
    return names
