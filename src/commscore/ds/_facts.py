"""What must hold of a data set, whoever built it and whichever anndata wrote the file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ._registry import DatasetFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._registry import Dataset


def facts_of(adata: Any) -> DatasetFacts:
    """Return the sum of the counts and the SHA-256 sums of names, counts and labels.

    ``names``: cells, genes and columns of ``obs``, in order; ``counts``: the counts that are not zero, sorted, then the
    total of every cell and of every gene, in order, as 64-bit integers; ``labels``: the values of every column of
    ``obs`` that holds no decimal numbers.
    """
    counts = adata.X.astype(np.int64)
    totals = [np.asarray(counts.sum(axis=axis)).ravel() for axis in (1, 0)]
    obs = adata.obs
    labels = (str(value) for name in obs if obs[name].dtype.kind != "f" for value in obs[name])
    return DatasetFacts(
        total=int(counts.sum()),
        names=_sha256_of_words(str(name) for names in (adata.obs_names, adata.var_names, obs) for name in names),
        counts=hashlib.sha256(np.concatenate([np.sort(counts.data), *totals]).astype("<i8").tobytes()).hexdigest(),
        labels=_sha256_of_words(labels),
    )


def departure(adata: Any, entry: Dataset) -> str:
    """Return in which fact data differ from the registry, ``""`` if in none."""
    if entry.n_obs and adata.shape != (entry.n_obs, entry.n_vars):
        return f"holds {adata.shape}, but the registry says {(entry.n_obs, entry.n_vars)}"
    for column in ("cell_type", *entry.conditions, entry.sample, entry.patient):
        if column and column not in adata.obs:
            return f"has no column {column!r} in obs"
    if (adata.X.data < 0).any() or (adata.X.data != np.round(adata.X.data)).any():
        return "holds values that are no counts"
    if entry.facts is None:
        return ""
    facts = facts_of(adata)
    for name, right in (("names", "cells, genes or columns"), ("total", "counts"), ("counts", "counts")):
        if getattr(facts, name) != getattr(entry.facts, name):
            return f"holds other {right} than the registry says"
    return "" if facts.labels == entry.facts.labels else "holds other labels than the registry says"


def _sha256_of_words(words: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
