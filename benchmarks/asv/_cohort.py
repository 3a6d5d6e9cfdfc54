"""A cohort that needs nothing but NumPy: Poisson counts, log-normalised, with random pairs, a third of complexes."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

N_GENES, N_GROUPS, N_PAIRS = 600, 20, 1500


def cohort(n_cells, seed=0):
    """AnnData with ``obs["group"]`` of 20 groups of falling size."""
    rng = np.random.default_rng(seed)
    weights = 0.8 ** np.arange(N_GROUPS)
    labels = rng.choice(N_GROUPS, n_cells, p=weights / weights.sum())
    labels[: 2 * N_GROUPS] = np.tile(np.arange(N_GROUPS), 2)
    rates = np.exp(rng.normal(-3.6, 1.7, (N_GENES, 1)) + rng.normal(0.0, 1.0, (N_GENES, N_GROUPS)))
    blocks = [
        sparse.csr_matrix(rng.poisson(rates[:, labels[a : a + 10_000]].T), dtype=np.float32)
        for a in range(0, n_cells, 10_000)
    ]
    matrix = sparse.vstack(blocks, format="csr")
    matrix.data = np.log1p(1.7 * matrix.data).astype(np.float32)
    groups = pd.Categorical.from_codes(labels, [f"g{k}" for k in range(N_GROUPS)])
    obs = pd.DataFrame({"group": groups}, index=[f"c{i}" for i in range(n_cells)])
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(N_GENES)]))


def pairs(seed=1):
    """Ligands and receptors, every third receptor a complex of two."""
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(N_GENES, 3, replace=False) for _ in range(N_PAIRS)]
    receptors = [f"G{b}_G{c}" if i % 3 == 0 else f"G{b}" for i, (_, b, c) in enumerate(drawn)]
    return pd.DataFrame({"ligand": [f"G{a}" for a, _, _ in drawn], "receptor": receptors}).drop_duplicates()
