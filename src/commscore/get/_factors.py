"""Reader of the composition factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..check import checked
from ._store import load

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@checked
def factors(adata: AnnData, key: str = "commscore_compare") -> pd.DataFrame:
    """Return the composition factors of the samples: what the libraries of a comparison were multiplied with.

    Parameters
    ----------
    adata
        Annotated data that :func:`commscore.tl.compare`, or another tool that adds up counts by sample, has written to,
        or what :func:`commscore.tl.profile` returned (``key="commscore_profile"``).
    key

    Returns
    -------
    DataFrame
        A copy; see :data:`commscore.tables.compare.FACTORS` for the columns.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or it has no factors.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=3, n_cells=200, rng=0)
    >>> cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample")
    >>> cs.get.factors(adata)["factor"].between(0.8, 1.25).all()
    np.True_
    """
    stored = adata.uns.get(key)
    if isinstance(stored, Mapping) and "schema" not in stored and "factors" in stored:
        return stored["factors"].copy()  # a profile is data, not a result
    result = load(adata, key)
    if "factors" not in result.extra:
        msg = (
            f"adata.uns[{key!r}] is {result.schema} without composition factors; give the key of a result that adds up "
            "counts by sample, such as that of cs.tl.compare"
        )
        raise KeyError(msg)
    frame: pd.DataFrame = result.extra["factors"]
    return frame.copy()
