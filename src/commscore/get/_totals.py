"""Reader of the totals of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._validate import one_of
from ..check import checked
from ._store import load

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@checked
def totals(adata: AnnData, key: str = "commscore_compare", *, by: str | None = None) -> pd.DataFrame:
    """Return the totals of a comparison by source → target pair and by mode.

    Parameters
    ----------
    adata
        Annotated data that :func:`commscore.tl.compare` has written to.
    key
    by
        ``"pair"`` or ``"mode"``; by default both, told apart by the column ``by``.

    Returns
    -------
    DataFrame
        A copy; see :data:`commscore.tables.compare.TOTALS` for the columns.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or it is not a comparison.
    ValueError
        If ``by`` is something else.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=3, n_cells=150, rng=0)
    >>> cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample")
    >>> sorted(cs.get.totals(adata, by="mode")["mode"].dropna())[0]
    'checkpoint'
    """
    result = load(adata, key)
    if "totals" not in result.extra:
        msg = f"adata.uns[{key!r}] holds {result.schema}, which has no totals; run cs.tl.compare"
        raise KeyError(msg)
    one_of("by", by, [None, "pair", "mode"])
    frame: pd.DataFrame = result.extra["totals"]
    return frame.copy() if by is None else frame[frame["by"] == by].reset_index(drop=True)
