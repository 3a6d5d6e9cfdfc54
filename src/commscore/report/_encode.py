"""Tables as compact JSON: one array per column, words and repeated numbers as codes.

A column is one of

``{"values": [...]}``
    numbers, rounded to :data:`DIGITS` significant digits; ``null`` where missing,
``{"levels": [...], "codes": [...]}``
    the position of each row's value in ``levels``; -1 where missing,
``{"levels": [...], "runs": [codes, counts]}``
    the same, run by run,
``{"levels": [...], "of": i, "codes": [...]}``
    a column that column ``i`` determines: one code for each of *its* levels.

Infinite numbers are the strings ``"Infinity"`` and ``"-Infinity"``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ..arrays import Floats

DIGITS = 5
PARENT = "interaction"
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def columns(frame: pd.DataFrame, docs: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the columns of a table, each with its name, kind and meaning.

    Parameters
    ----------
    frame
        A table with one level of columns.
    docs
        Meaning of the columns by name; those without one have an empty meaning.
    """
    names = [str(c) for c in frame.columns]
    parent = names.index(PARENT) if PARENT in names else -1
    coded = _codes(frame.iloc[:, parent])[0] if parent >= 0 else None
    entries = []
    for i, name in enumerate(names):
        of = None if coded is None or i == parent else (parent, coded)
        entries.append({"name": name, "doc": docs.get(name, ""), **_column(frame.iloc[:, i], of)})
    return entries


def dumps(value: Any) -> str:
    """Return JSON that can stand inside a ``<script>`` element whatever its texts are."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_UNSAFE)


def _column(column: pd.Series, parent: tuple[int, npt.NDArray[np.intp]] | None) -> dict[str, Any]:
    if pd.api.types.is_bool_dtype(column.dtype):
        kind = "bool"
    elif pd.api.types.is_numeric_dtype(column.dtype):
        kind = "number"
    else:
        kind = "text"
    codes, levels = _codes(column)
    if kind == "number" and len(levels) > len(codes) / 4:
        return {"kind": kind, "values": _numbers(_rounded(column))}
    return {"kind": kind, "levels": levels, **_packed(codes, parent)}


def _codes(column: pd.Series) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """Return the code of every row and the values, those of a category in its order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories()
        return used.cat.codes.to_numpy(np.intp), [str(v) for v in used.cat.categories]
    if pd.api.types.is_bool_dtype(column.dtype):
        codes, values = pd.factorize(column, sort=True)
        return codes, [bool(v) for v in values]
    if pd.api.types.is_numeric_dtype(column.dtype):
        codes, values = pd.factorize(_rounded(column), sort=True)
        return codes, _numbers(values)
    codes, values = pd.factorize(column.map(str, na_action="ignore"))
    return codes, list(values)


def _rounded(column: pd.Series) -> Floats:
    values: Floats = column.to_numpy(np.float64, na_value=np.nan)
    if pd.api.types.is_integer_dtype(column.dtype):
        return values
    rounded: Floats = np.char.mod(f"%.{DIGITS}g", values).astype(np.float64)
    return rounded


def _numbers(values: Floats) -> list[Any]:
    """Return numbers as JSON takes them."""
    finite = np.isfinite(values)
    whole = bool((values[finite] == np.rint(values[finite])).all() and (np.abs(values[finite]) < 2**53).all())
    numbers: list[Any] = np.where(finite, values, 0).astype(np.int64 if whole else np.float64).tolist()
    for i in np.flatnonzero(~finite):
        numbers[i] = None if np.isnan(values[i]) else ("Infinity" if values[i] > 0 else "-Infinity")
    return numbers


def _packed(codes: npt.NDArray[np.intp], parent: tuple[int, npt.NDArray[np.intp]] | None) -> dict[str, Any]:
    if parent is not None:
        determined = _determined(codes, parent[1])
        if determined is not None:
            return {"of": parent[0], "codes": determined.tolist()}
    edges = np.flatnonzero(np.diff(codes)) + 1
    starts = np.concatenate([[0], edges]) if len(codes) else edges
    if 4 * len(starts) < len(codes):
        return {"runs": [codes[starts].tolist(), np.diff([*starts, len(codes)]).tolist()]}
    return {"codes": codes.tolist()}


def _determined(codes: npt.NDArray[np.intp], parent: npt.NDArray[np.intp]) -> npt.NDArray[np.intp] | None:
    """Return the code for each level of the parent, or nothing if the parent does not determine the column."""
    if not len(parent) or parent.min() < 0 or 4 * (parent.max() + 1) > len(parent):
        return None
    of_level = np.full(parent.max() + 1, -1, np.intp)
    of_level[parent] = codes
    return of_level if (of_level[parent] == codes).all() else None
