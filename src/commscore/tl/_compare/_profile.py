"""Samples × interactions as AnnData, for any tool that takes samples × features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd

from ...check import Count, Proportion, checked
from ...get._columns import in_memory
from ...study.comparison import add_up_study
from ...study.request import ComparisonRequest
from ...study.sample_edges import sample_sides
from ...study.samples import label_column, study_of_samples

if TYPE_CHECKING:
    from anndata import AnnData

    from ...arrays import Ints
    from ...rs import Resource
    from ...study.comparison import ComparisonData


@checked
def profile(
    adata: AnnData,
    groupby: str,
    *,
    sample_key: str,
    resource: str | Resource | pd.DataFrame = "breast",
    counts_layer: str | None = None,
    normalization: str = "tmm",
    library_key: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    molecules: str = "none",
    expr_prop: Proportion = 0.1,
    min_cells: Count = 10,
    min_samples: Count = 1,
) -> AnnData:
    """Describe every sample by its interactions: samples × (source|target|interaction), on the log2 scale.

    The value of an edge in a sample is log2(L·R): the pseudobulk log2 CPM of the ligand in the source plus that
    of the receptor in the target, each complex by its lowest subunit, both from this sample.

    Parameters
    ----------
    adata
        Cells × genes with raw counts; never modified.
    groupby
    sample_key
        Column of ``adata.obs`` with the samples.
    resource
        Name of a resource, a :class:`~commscore.rs.Resource`, or a table with the columns ``ligand`` and
        ``receptor``.
    counts_layer, use_raw
    gene_symbols
    normalization
    library_key
    molecules
    expr_prop
        Fraction of cells, 0 to 1, that must express both sides of an edge …
    min_samples
        … in at least this many samples, else the edge is left out.
    min_cells
        A sample × group with fewer cells is missing, not zero.

    Returns
    -------
    AnnData
        ``X``: log2(L·R), float64, NaN where source or target is missing in the sample. ``layers``: ``missing`` (bool),
        ``ligand`` and ``receptor`` (the two summands), and with ``molecules="production"`` ``consumed``. ``obs``: the
        columns of ``adata.obs`` that are constant within every sample, and ``n_cells``. ``var``: ``source, target,
        interaction, ligand_complex, receptor_complex, mode, n_samples`` (samples with a value), and ``claim`` where
        molecules are measured. ``uns["commscore_profile"]``: the parameters.
        A complex is its lowest subunit in each sample; between subunits of like level noise makes that lower in
        samples of few counts, which :func:`commscore.tl.compare` avoids by one subunit for all samples.

    Raises
    ------
    KeyError
        If a column or layer does not exist.
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, labels are missing, there are no raw counts, or no edge
        passes.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=3, n_cells=150, rng=0)
    >>> samples = cs.tl.profile(adata, "cell_type", sample_key="sample")
    >>> samples.n_obs, list(samples.obs.columns)
    (6, ['sample', 'condition', 'patient', 'n_cells'])

    Tools that take no missing values get the edges that all samples have:

    >>> import scanpy as sc
    >>> whole = samples[:, ~samples.layers["missing"].any(axis=0)].copy()
    >>> sc.pp.pca(whole, n_comps=2)
    >>> whole.obsm["X_pca"].shape
    (6, 2)
    """
    request = ComparisonRequest(
        resource,
        counts_layer,
        use_raw,
        int(min_cells),
        normalization=normalization,
        library_key=library_key,
        gene_symbols=gene_symbols,
        molecules=molecules,
    )
    study = study_of_samples(adata, groupby, sample_key)
    prepared = add_up_study(adata, study, request, groupby=groupby)
    sides = sample_sides(prepared, min_cells=int(min_cells), expr_prop=expr_prop, min_samples=int(min_samples))
    samples = ad.AnnData(sides["ligand"] + sides["receptor"], obs=_obs(adata, prepared, sample_key), var=sides["var"])
    samples.layers["ligand"], samples.layers["receptor"] = sides["ligand"], sides["receptor"]
    samples.layers["missing"] = np.isnan(samples.X)
    if prepared.production.is_asked:
        samples.layers["consumed"], samples.var["claim"] = sides["consumed"], sides["claim"]
    samples.uns["commscore_profile"] = {
        "groupby": groupby,
        "sample_key": sample_key,
        "resource": prepared.resource.name,
        **prepared.source.counts,
        **prepared.production.recorded,
        "normalization": normalization,
        "library_key": library_key,
        "expr_prop": float(expr_prop),
        "min_cells": int(min_cells),
        "min_samples": int(min_samples),
        "scale": "log2(CPM ligand · CPM receptor)",
        **prepared.interactions.counted,
        "factors": prepared.factors,
    }
    return samples


def _obs(adata: AnnData, prepared: ComparisonData, sample_key: str) -> pd.DataFrame:
    """Metadata that is the same for all cells of every sample."""
    codes = label_column(adata, "sample_key", sample_key, is_quiet=True)[0]
    _, first = np.unique(codes, return_index=True)
    columns = {name: in_memory(adata, name) for name in adata.obs.columns}
    constant = [name for name, values in columns.items() if _is_constant(values, codes, first=first)]
    frame = pd.DataFrame({name: columns[name] for name in constant}, index=adata.obs_names).iloc[first]
    for name in constant:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].cat.remove_unused_categories()
    frame.index = pd.Index(list(prepared.study.samples), dtype=object)
    frame["n_cells"] = prepared.total_cells
    return frame


def _is_constant(values: pd.Series, codes: Ints, *, first: Ints) -> bool:
    try:
        numbers = pd.factorize(values, use_na_sentinel=False)[0]
    except TypeError:  # values that cannot be hashed
        return False
    return bool((numbers == numbers[first][codes]).all())
