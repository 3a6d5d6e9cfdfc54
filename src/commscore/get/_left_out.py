"""Rows of a comparison that its table leaves out: counted when they are stored, made again when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..tables.compare import INTERACTIONS, LEFT_OUT, LEFT_OUT_ROWS
from ._frames import typed_frame

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays import Bools, Ints
    from ._result import Result

_PAIR = ("contrast", "source", "target")
_FACTS = ("interaction", "ligand_complex", "receptor_complex", "mode")


def split(table: pd.DataFrame, keep: Bools, detail: npt.NDArray[np.object_]) -> dict[str, pd.DataFrame]:
    """Return the rows to keep, the others counted by pair of groups and reason, and all interactions.

    Parameters
    ----------
    table
        One row per contrast × source × target × interaction, all of them, the interactions in the same order.
    keep
        Which rows stay in the table.
    detail
        Of every row, why it is left out.
    """
    kept = table[keep].reset_index(drop=True)
    for name in _FACTS[:-1]:
        kept[name] = kept[name].cat.remove_unused_categories()
    others = table.loc[~keep, [*_PAIR, "status", "n_ref", "n_alt"]].assign(detail=detail[~keep])
    by = [*_PAIR, "status"]
    counted = others.groupby(by, observed=True, sort=False)[["n_ref", "n_alt", "detail"]].first()
    counted["n_rows"] = others.groupby(by, observed=True, sort=False).size()
    n = len(table[["interaction"]].drop_duplicates())
    facts = table[list(_FACTS)].iloc[:n].astype(str)
    return {
        "table": kept,
        "left_out": typed_frame(counted.reset_index(), LEFT_OUT),
        "interactions": typed_frame(facts, INTERACTIONS),
    }


def rows_left_out(result: Result, key: str) -> pd.DataFrame:
    """Make the rows again that the table of a comparison leaves out."""
    if "left_out" not in result.extra:
        msg = (
            f"rows=True: adata.uns[{key!r}] is {result.schema}, which leaves no rows out of its table; rows=True is of "
            "comparisons (cs.tl.compare)"
        )
        raise ValueError(msg)
    left_out, facts = result.extra["left_out"], result.extra["interactions"]
    pairs = _codes(left_out, list(_PAIR), like=result.table)
    present = _codes(result.table, list(_PAIR), like=result.table)
    number = pd.Index(facts["interaction"].astype(str)).get_indexer(result.table["interaction"].astype(str))
    at = pd.Index(np.unique(pairs))
    missing = np.ones((at.size, len(facts)), bool)
    rows = at.get_indexer(present)
    missing[rows[rows >= 0], number[rows >= 0]] = False
    which, interaction = np.nonzero(missing)
    first = pd.Index(pairs).drop_duplicates().get_indexer(at)[which]
    own = left_out.drop_duplicates(list(_PAIR)).iloc[first].reset_index(drop=True)
    listed = pd.concat([own, facts.iloc[interaction].reset_index(drop=True)], axis=1)
    return listed[list(LEFT_OUT_ROWS.names)]


def _codes(frame: pd.DataFrame, names: list[str], *, like: pd.DataFrame) -> Ints:
    """Return one number per row for the values of these columns together."""
    codes: Any = np.zeros(len(frame), np.int64)
    for name in names:
        categories = like[name].cat.categories
        codes = codes * len(categories) + categories.get_indexer(frame[name].astype(object))
    return np.asarray(codes, np.int64)
