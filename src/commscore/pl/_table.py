"""What every plot does first: get the table, and choose what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._labels import Label, choose, contrasts_named, natural_order
from .._names import contrast_name
from ..get import load, params
from ..get import table as stored_table
from ..get._choose import as_single, chosen
from ..get._tables import with_gene
from ..tables.production import CLAIM_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anndata import AnnData

    from ..arrays import Bools


class NothingToDrawError(ValueError):
    """No row is left: ``why``, which a page can say, too, and the way out, for who calls the function."""

    def __init__(self, why: str, way_out: str = "") -> None:
        super().__init__(f"{why}: nothing to draw" + (f"; {way_out}" if way_out else ""))
        self.why = why


def table_of(data: AnnData | pd.DataFrame, key: str) -> pd.DataFrame:
    """Return the table itself, or the one stored under ``key``."""
    return _of(data, lambda adata: stored_table(adata, key))


def extra_of(data: AnnData | pd.DataFrame, key: str, name: str) -> pd.DataFrame:
    """Return the table itself, or the further table ``name`` stored beside the one under ``key``."""

    def read(adata: AnnData) -> pd.DataFrame:
        result = load(adata, key)
        if name not in result.extra:
            msg = f"adata.uns[{key!r}] holds {result.schema}, which has no table {name!r}"
            raise KeyError(msg)
        return result.extra[name].copy()

    return _of(data, read)


def _of(data: Any, read: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    if hasattr(data, "uns"):
        frame: pd.DataFrame = read(data)
        return frame
    msg = f"the first argument must be an AnnData or a table, found {type(data).__name__}"
    raise TypeError(msg)


def scored(data: AnnData | pd.DataFrame, key: str, method: str | None) -> tuple[pd.DataFrame, str | None]:
    """Return a table with ``score, pvalue, padj`` of one method, and its name where the table holds several."""
    frame = table_of(data, key)
    methods = [str(m) for m in np.atleast_1d(params_of(data, key).get("method", []))]
    name = chosen(frame, method, single=methods[0] if len(methods) == 1 else None)
    return as_single(frame, name, keep=True), name


def params_of(data: AnnData | pd.DataFrame, key: str) -> dict[str, Any]:
    """Return the parameters of the call behind ``data``; none for a bare table."""
    if isinstance(data, pd.DataFrame) or key not in data.uns:
        return {}
    return params(data, key)


def need_columns(frame: pd.DataFrame, *names: str) -> None:
    """Raise unless the table has these columns and at least one row."""
    missing = [n for n in names if n not in frame]
    if missing:
        msg = f"the table has no column {', '.join(map(repr, missing))}; it has {', '.join(map(str, frame.columns))}"
        raise ValueError(msg)
    if frame.empty:
        raise NothingToDrawError("data is an empty table", "loosen expr_prop or the filters")


def need_rows(frame: pd.DataFrame, what: str, way_out: str) -> pd.DataFrame:
    """Return the rows that are left, or raise because there are none."""
    if frame.empty:
        raise NothingToDrawError(what, way_out)
    return frame


def pick(
    frame: pd.DataFrame, *, gene: Label | Sequence[Label] | None = None, **labels: Label | Sequence[Label] | None
) -> pd.DataFrame:
    """Return the rows in which every named column has the wanted value, or one of several (``None`` for any).

    ``gene`` is a subunit of the ligand or the receptor.
    """
    keep = np.ones(len(frame), bool)
    need_columns(frame, *(c for c, v in labels.items() if v is not None))
    for column, value in labels.items():
        if value is not None:
            keep &= _is(frame[column], column, value)
    if gene is not None:
        keep &= with_gene(_with_sides(frame), gene)
    labels = {**labels, "gene": gene}
    frame = frame.loc[keep]
    if frame.empty:
        values = ", ".join(f"{c}={v!r}" for c, v in labels.items() if v is not None)
        raise NothingToDrawError(f"no row has {values} at once")
    return frame


def _with_sides(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns of both sides; of a bare table, from the names of its interactions."""
    if "ligand_complex" in frame and "receptor_complex" in frame:
        return frame
    need_columns(frame, "interaction")
    sides = frame["interaction"].astype(str).str.partition("^")
    return frame.assign(ligand_complex=sides[0], receptor_complex=sides[2])


def _is(column: pd.Series, argument: str, value: Label | Sequence[Label]) -> Bools:
    names = column.astype(object)
    labels = list(dict.fromkeys(names.dropna().astype(str)))
    return np.asarray(names.isin(choose(argument, value, options=labels, what="in the table")), bool)


def ordered(order: Iterable[Label], conditions: list[str]) -> list[str]:
    """Return the labels that ``order`` names, as they are written in ``conditions``."""
    return choose("order", list(order), options=conditions, what="a condition of these samples")


def contrast_of(data: AnnData | pd.DataFrame, key: str | None, contrast: Label | None) -> Label | None:
    """Return the name of the contrast that a level belongs to, where there is exactly one; else what was given."""
    if contrast is None or key is None or isinstance(data, pd.DataFrame) or key not in data.uns:
        return contrast
    pairs = load(data, key).extra.get("contrasts")
    if pairs is None or "level" not in pairs:
        return contrast
    names = contrasts_named(contrast, pairs["contrast"].astype(str).tolist(), pairs["level"].astype(str).tolist())
    return names[0] if len(names) == 1 else contrast


def one_contrast(frame: pd.DataFrame, contrast: Label | None) -> tuple[pd.DataFrame, str]:
    """Return the rows of one contrast and its name; the only pairwise one if none is named."""
    need_columns(frame, "contrast")
    contrasts = names_of(frame["contrast"])
    if contrast is None:
        pairwise = [c for c in contrasts if c != "stages"] or contrasts
        if len(pairwise) > 1:
            msg = f"the table has several contrasts: set contrast to one of {', '.join(map(repr, contrasts))}"
            raise ValueError(msg)
        contrast = pairwise[0]
    name = choose("contrast", contrast, options=contrasts, what="in the table")[0]
    return pick(frame, contrast=name), name


def names_of(*columns: pd.Series) -> list[str]:
    """Return the values of a table that occur: in the order of the categories where there are any, else natural."""
    order: dict[str, None] = {}
    present: set[str] = set()
    for column in columns:
        own = {str(v) for v in column.dropna().unique()}
        values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else natural_order(own)
        order |= {str(v): None for v in values}
        present |= own
    return [name for name in order if name in present]


def significant(frame: pd.DataFrame, max_padj: float | None, method: str | None = None) -> tuple[pd.DataFrame, str]:
    """Return the rows with an adjusted p-value of at most ``max_padj``, and how to say so.

    A table without any p-value (``null=None``) is drawn whole. ``method`` is named where there are several.
    """
    of = f", method {method}" if method else ""
    if max_padj is None or "padj" not in frame or frame["padj"].isna().all():
        return frame, f"all rows{of}"
    passing = frame[(frame["padj"] <= max_padj).to_numpy()]
    what = f"no row has padj ≤ {max_padj:g}{of}"
    return need_rows(passing, what, "raise max_padj, or set max_padj=None"), f"padj ≤ {max_padj:g}{of}"


def reference_first(data: AnnData | pd.DataFrame | None, key: str, names: list[str]) -> list[str]:
    """Return conditions as the comparison behind ``data`` orders them: its ``order``, else its reference first."""
    if data is None:
        return names
    frame, params = table_of(data, key), params_of(data, key)
    need_columns(frame, "contrast")
    if params.get("order") is not None:
        first = [str(s) for s in np.atleast_1d(params["order"])]
    else:
        contrasts, ends = names_of(frame["contrast"]), contrast_ends(data, key, names)
        references = {ends[c][1] for c in contrasts if c in ends}
        first = sorted(references) if len(references) == 1 else []
    return [n for n in first if n in names] + [n for n in names if n not in first]


def contrast_ends(data: AnnData | pd.DataFrame, key: str, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return level and reference of every contrast of two levels, by its name; of a bare table, those of ``names``."""
    pairs = None if isinstance(data, pd.DataFrame) else load(data, key).extra.get("contrasts")
    if pairs is None or "level" not in pairs:
        return {contrast_name(a, b): (a, b) for b in names for a in names if a != b}
    columns = (pairs[c].astype(str) for c in ("contrast", "level", "reference", "factor_level"))
    return {name: (level, ref) for name, level, ref, factor in zip(*columns, strict=True) if level and not factor}


def contrast_between(data: AnnData | pd.DataFrame, key: str, names: Sequence[str]) -> dict[str, str]:
    """Return the name of the contrast of every level, among ``names``, with the first of them."""
    ends = contrast_ends(data, key, names)
    return {level: name for name, (level, ref) in ends.items() if ref == names[0] and level in names}


def unit_note(frame: pd.DataFrame) -> str:
    """Say that p-values are over cells, and levels those of genes that make a molecule: figures outlive warnings."""
    units = set(frame["unit"].dropna().astype(str)) if "unit" in frame else set()
    notes = ["p-values over cells, not samples" if units == {"cells"} else "", claim_note(frame)]
    return ", ".join(filter(None, notes))


def claim_note(frame: pd.DataFrame) -> str:
    """Say what the level of a molecule that no gene encodes is, where one is drawn."""
    return f"met: {CLAIM_TEXT}" if "claim" in frame and (frame["claim"] == CLAIM_TEXT).any() else ""


def names_by_row(frame: pd.DataFrame, *columns: str) -> pd.Series:
    """Return the names in these columns, together, of every row: a key that no character of a name can confuse."""
    rows = zip(*(frame[c].astype(str) for c in columns), strict=True)
    return pd.Series(list(rows), frame.index, dtype=object)


def totals(frame: pd.DataFrame, value: str, groups: list[str]) -> pd.DataFrame:
    """Return source × target totals: the number of rows (``"count"``) or the sum of a column."""
    if value != "count":
        need_columns(frame, value)
    by = frame.assign(source=frame["source"].astype(str), target=frame["target"].astype(str))
    grouped = by.groupby(["source", "target"])
    added = grouped.size() if value == "count" else grouped[value].sum()
    return added.unstack("target").reindex(index=groups, columns=groups).fillna(0.0)


def top_groups(matrix: pd.DataFrame, most: int) -> list[str]:
    """Return the groups with the largest totals, in the order of the matrix."""
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    largest = set(both.sort_values(ascending=False, kind="stable").index[:most])
    return [g for g in matrix.index if g in largest]


def ranked(frame: pd.DataFrame, by: Iterable[str], ascending: Iterable[bool]) -> pd.DataFrame:
    """Return the rows sorted, missing values last, ties as they were."""
    return frame.sort_values(list(by), ascending=list(ascending), kind="stable", na_position="last")


def axes(ax: Any, *, width: float, height: float, **kind: Any) -> Any:
    """Return ``ax``, or the axes of a new figure of pyplot's, which notebooks show, of this size in inches."""
    if ax is not None:
        return ax
    return _figure(width, height).subplots(subplot_kw=kind)


def beside_axes(left: dict[str, float], right: dict[str, float]) -> tuple[Any, Any]:
    """Return two axes side by side in a new figure, each with its width and height in inches."""
    figure = _figure(left["width"] + right["width"] + 0.2, max(left["height"], right["height"]) + 0.3)
    figure.get_layout_engine().set(rect=(0.01, 0.01, 0.98, 0.98))
    first, second = figure.subplots(1, 2, width_ratios=(left["width"], right["width"]))
    return first, second


def _figure(width: float, height: float) -> Any:
    from matplotlib import pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return plt.figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
