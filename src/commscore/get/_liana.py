"""Results in LIANA's layout, for LIANA's plots and for Tensor-cell2cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import scores as scoring
from ..check import checked
from ._store import load_scores

if TYPE_CHECKING:
    from anndata import AnnData

_KEYS = ("source", "target", "ligand_complex", "receptor_complex")
_STATISTICS = ("ligand", "receptor", "ligand_mean", "receptor_mean", "ligand_prop", "receptor_prop")


@checked
def to_liana(adata: AnnData, key: str = "commscore", *, sample: str | None = None, sample_key: str = "sample") -> Any:
    """Return a stored table of scores as LIANA lays out ``adata.uns['liana_res']``.

    Parameters
    ----------
    adata : scores
    key
    sample
        Name of the sample, to be written into a column ``sample_key``: results of several samples,
        concatenated, are what ``liana.multi.to_tensor_c2c`` takes.
    sample_key
        Name of that column.

    Returns
    -------
    DataFrame
        ``source, target, ligand_complex, receptor_complex`` (strings), ``ligand, receptor, ligand_means,
        receptor_means, ligand_props, receptor_props``, then each score and its p-value under LIANA's name:
        ``lr_means, cellphone_pvals`` (mean), ``expr_prod`` (product), ``lr_gmeans, gmean_pvals`` (geometric),
        ``lr_probs, cellchat_pvals`` (hill), ``spec_weight`` (specificity), ``scaled_weight`` (scaled),
        ``lrscore`` (regularised), ``lr_logfc`` (logfc), ``inter_score``, and ``magnitude_rank,
        specificity_rank``. What LIANA has no name for keeps ours: ``score_<m>, pvalue_<m>, padj_<m>``.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or no table of scores.
    ValueError
        If ``sample_key`` is a column of the table.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=100)
    >>> frame = cs.get.to_liana(adata)
    >>> {"source", "target", "lr_means", "cellphone_pvals"} <= set(frame.columns)
    True
    """
    result = load_scores(adata, key)
    table: pd.DataFrame = result.table
    frame = pd.DataFrame({name: table[name].astype(str).astype(object) for name in _KEYS})
    for name in _STATISTICS:
        plural = name if name in ("ligand", "receptor") else f"{name}s"
        column = table[name]
        frame[plural] = column.to_numpy() if column.dtype.kind == "f" else column.astype(str).astype(object)
    for column, alias in _renamed(result.params, table).items():
        frame[alias] = table[column].to_numpy()
    if sample is not None:
        if sample_key in frame:
            msg = f"sample_key={sample_key!r} is a column of the table already; choose another name"
            raise ValueError(msg)
        frame[sample_key] = sample
    return frame


def _renamed(params: dict[str, Any], table: pd.DataFrame) -> dict[str, str]:
    """Our columns of scores and their names in the frame."""
    names = [c.removeprefix("score_") for c in table if c.startswith("score_")]
    single = not names
    if single:
        names = [str(np.atleast_1d(params["method"])[0])]
    methods, renamed = scoring.available(), {}
    for name in names:
        method = methods.get(name)
        alias, alias_p = (getattr(method, "aliases", None) or (None, None)) if method else (None, None)
        end = "" if single else f"_{name}"
        renamed[f"score{end}"] = alias or f"score_{name}"
        permuted = f"pvalue_within{end}"  # over samples, pvalue is a t-test and missing in some rows
        if permuted in table:
            renamed[permuted], renamed[f"pvalue{end}"] = alias_p or f"pvalue_within_{name}", f"pvalue_{name}"
        else:
            renamed[f"pvalue{end}"] = alias_p or f"pvalue_{name}"
        renamed[f"padj{end}"] = f"padj_{name}"
    return renamed | {c: c for c in ("magnitude_rank", "specificity_rank") if c in table}
