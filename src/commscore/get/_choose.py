"""One method of a table that holds several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._validate import suggest
from ..tables.kinds import kind_of_schema
from ..tables.resource import BASES

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from ..arrays import Ints
    from ._result import Result

PARTS = (
    "score",
    "excess",
    "excess_se",
    "n_positive",
    "pvalue",
    "padj",
    "pvalue_within",
    "padj_within",
    "pvalue_raw",
    "analytic_tail",
    "pvalue_within_raw",
)
"""Columns of a method; a table of several methods has ``score_<method>`` and so on."""


def methods_of(frame: pd.DataFrame) -> list[str]:
    """Return the methods of a table in the order they were asked for; none where the table holds only one."""
    return [] if "score" in frame else [str(c)[6:] for c in frame if str(c).startswith("score_")]


def chosen(frame: pd.DataFrame, method: str | None, *, single: str | None = None) -> str | None:
    """Return the method that is meant, the first by default; ``None`` where the table holds only one.

    Parameters
    ----------
    frame
        A table of scores.
    method
        A name, or ``None`` for the first.
    single
        Name of the only method of ``frame``, where it is known.

    Raises
    ------
    ValueError
        If the table does not hold this method.
    """
    methods = methods_of(frame)
    if method is None:
        return methods[0] if methods else None
    if method in methods or (not methods and method == single):
        return method if methods else None
    has = ", ".join(methods) if methods else single or "one, without its name: leave method out"
    more = ""
    if method == "consensus" and "magnitude_rank" in frame:
        more = "; the consensus itself is in the columns magnitude_rank and specificity_rank"
    msg = f"method={method!r} is not in the table (it holds {has}){suggest(method, methods)}{more}"
    raise ValueError(msg)


def method_of(result: Result, method: str | None) -> str | None:
    """Return the method that is meant where the table of a result holds several."""
    methods = [str(m) for m in np.atleast_1d(result.params["method"])] if "method" in result.params else []
    return chosen(result.table, method, single=methods[0] if len(methods) == 1 else None)


def as_single(frame: pd.DataFrame, method: str | None, *, keep: bool) -> pd.DataFrame:
    """Return the table with columns ``score, pvalue, padj``, … of one method; ``keep`` leaves the others in it."""
    if method is None:
        return frame
    own = {f"{part}_{method}": part for part in PARTS if f"{part}_{method}" in frame}
    if keep:
        return frame.assign(**{part: frame[column] for column, part in own.items()})
    others = {f"{part}_{m}" for m in methods_of(frame) if m != method for part in PARTS}
    return frame.drop(columns=[c for c in frame if c in others]).rename(columns=own)


def surest_first(frame: pd.DataFrame, *, schema: str, end: str = "") -> Ints:
    """Order of rows by ascending ``padj``, then descending score or absolute effect, those without them last.

    Among equals, interactions that reviews tell of come first. What is a ranking already, and tables without these
    columns, stay as they are.

    Parameters
    ----------
    frame
        A table.
    schema
        What kind of result it is of.
    end
        What follows the names of columns of the method, in a table of several.
    """
    strength = next((frame[c].abs() for c in (f"score{end}", "effect") if c in frame), None)
    keys = [_basis_ranks(frame["basis"])] if "basis" in frame else []
    keys += [] if strength is None else [-strength.to_numpy(np.float64)]
    if f"padj{end}" in frame:
        keys.append(frame[f"padj{end}"].to_numpy(np.float64))
    kind = kind_of_schema(schema)
    is_ranking = kind is not None and kind.is_ranking
    order = np.lexsort(keys) if keys and not is_ranking else np.arange(len(frame))  # stable; NaN comes last
    return np.asarray(order, np.int64)


def _basis_ranks(basis: pd.Series) -> npt.NDArray[np.float64]:
    """Place of each basis among :data:`commscore.tables.resource.BASES`; what is none comes last."""
    rank_of = {name: float(place) for place, name in enumerate(BASES)}
    return np.array([rank_of.get(str(name), len(BASES)) for name in basis], np.float64)
