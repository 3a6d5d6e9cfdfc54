"""How far a permutation p-value may be from what infinitely many permutations would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..check import checked
from ._choose import as_single, method_of, surest_first
from ._store import load_scores

if TYPE_CHECKING:
    from anndata import AnnData


@checked
def pvalue_error(adata: AnnData, key: str = "commscore", *, method: str | None = None) -> pd.Series:
    """Return the Monte Carlo standard error of each p-value that :func:`commscore.tl.score` stored.

    Parameters
    ----------
    adata : scores
    key
    method
        Of a table with several methods, the one whose p-values are meant; by default the first.

    Returns
    -------
    Series
        √(p (1 − p) / n_perms) of the permuted p, divided by ``pass_probability`` as the p-value is (0.5 at most), one
        entry per row of :func:`commscore.get.table` (of this method), in its order, named ``pvalue_error``; 0 where the
        p-value is analytic, NaN where there is none. With ``sample_key`` it is that of ``pvalue_within``. Another seed
        moves a p-value of 0.05 from 1,000 permutations by about 0.007. Where ``pvalue_raw`` (``pvalue_within_raw``) is
        the smallest that the permutations can give (``pvalue_floor`` in :func:`commscore.get.params`, before the
        division) it says little: the true one may be anything below.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or the result is not one of :func:`commscore.tl.score`.
    ValueError
        If the table does not hold the method.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=100)
    >>> float(cs.get.pvalue_error(adata).max()) <= 0.5
    True
    """
    from ..stats.multiple import monte_carlo_error  # SciPy's statistics take long to load

    result = load_scores(adata, key)
    frame = as_single(result.table, method_of(result, method), keep=False)
    frame = frame.iloc[surest_first(frame, schema=result.schema)].reset_index(drop=True)
    permuted = "pvalue_within_raw" if "pvalue_within_raw" in frame else "pvalue_raw"
    raw = monte_carlo_error(frame[permuted].to_numpy(dtype=float), int(result.params["n_perms"]))
    error = pd.Series(raw / frame["pass_probability"].to_numpy(dtype=float), index=frame.index, name="pvalue_error")
    error = error.clip(upper=0.5)
    return error.mask((frame["null"] == "analytic").to_numpy(), 0.0)
