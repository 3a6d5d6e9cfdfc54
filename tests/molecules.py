"""Cells that make molecules, and a resource of them that names every step: for tests of molecules and of supply."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

import commscore as cs

GENES = ["PTGS1", "PTGS2", "PTGES", "PTGES2", "HPGD", "PTGER4", "TH", "DDC", "DBH", "PNMT", "ADRB2", "COMT", "PKM"]
GENES += ["LDHA", "SLC16A3", "HCAR1", "GPR132", "LDHB", "CXCL12", "CXCR4", *(f"B{i}" for i in range(30))]
MADE = {
    "met:prostaglandin-e2": [["PTGS1", "PTGS2"], ["PTGES", "PTGES2"]],
    "met:lactate": [["PKM"], ["LDHA"], ["SLC16A3"]],
    "met:epinephrine": [["TH"], ["DDC"], ["DBH"], ["PNMT"]],
}
PAIRS = [
    ("met:prostaglandin-e2", "PTGER4"),
    ("met:lactate", "HCAR1"),
    ("met:lactate", "GPR132"),
    ("met:epinephrine", "ADRB2"),
    ("CXCL12", "CXCR4"),
]
NAMES = [f"{a}^{b}" for a, b in PAIRS]


def counts(n_cells=360, *, rng=0, n_samples=6):
    """Raw counts of three types in samples of two conditions; CAF make prostaglandin, nobody adrenaline."""
    rng = np.random.default_rng(rng)
    cell_type = np.array(["CAF", "T cell", "tumour"])[np.arange(n_cells) % 3]
    sample = np.arange(n_cells) // 3 % n_samples
    rate = pd.DataFrame(0.5, index=range(n_cells), columns=GENES)
    for gene in ("PTGS2", "PTGES", "PTGES2", "CXCL12"):
        rate.loc[cell_type == "CAF", gene] = 2.0
    for gene in ("LDHA", "SLC16A3", "PKM"):
        rate.loc[cell_type == "tumour", gene] = 3.0
    rate.loc[cell_type == "T cell", "PTGER4"] = 2.0
    rate[["DBH", "PNMT"]] = 0.0
    rate[[f"B{i}" for i in range(30)]] = 4.0
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(cell_type),
            "sample": pd.Categorical([f"s{s}" for s in sample]),
            "condition": pd.Categorical(np.where(sample % 2, "treated", "control")),
        },
        index=[f"c{i}" for i in range(n_cells)],
    )
    x = sparse.csr_matrix(rng.poisson(rate.to_numpy() * rng.gamma(4.0, 0.25, (n_cells, 1))).astype(np.float32))
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=GENES))


def logs(adata):
    """The same cells, log-normalised; their counts stay in a layer."""
    a = adata.copy()
    a.layers["counts"] = a.X.copy()
    depth = np.maximum(np.asarray(a.X.sum(axis=1)), 1.0)
    a.X = sparse.csr_matrix(a.X.multiply(1e3 / depth)).astype(np.float32)
    a.X.data = np.log1p(a.X.data)
    return a


def resource(names=NAMES):
    """The interactions above, of the shipped resource."""
    whole = cs.rs.load()
    tables = whole.tables
    for name in ("interactions", "evidence"):
        tables[name] = tables[name][tables[name]["interaction"].isin(names)].reset_index(drop=True)
    return cs.rs.Resource("some", "", "", "CC-BY-4.0", "human", tables)


def with_real_columns(adata, *, is_log):
    """The same cells with a gene of its own in place of alternatives, made cell by cell, and pairs with complexes."""
    dense, names = adata.X.toarray().astype(np.float64), list(adata.var_names)
    new, complexes = {}, {}
    for molecule, steps in MADE.items():
        parts = []
        for step in steps:
            part = "OR".join(step)
            parts.append(part)
            if len(step) > 1:
                values = dense[:, [names.index(g) for g in step]]
                new[part] = np.log1p(np.expm1(values).sum(axis=1)) if is_log else values.sum(axis=1)
        complexes[molecule] = "_".join(parts)
    added = {gene for steps in MADE.values() for step in steps if len(step) > 1 for gene in step}
    kept = [i for i, name in enumerate(names) if name not in added]  # so that all counts together stay the same
    x = np.column_stack([dense[:, kept], *new.values()]).astype(np.float32)
    var = pd.DataFrame(index=[*(names[i] for i in kept), *new])
    whole = ad.AnnData(sparse.csr_matrix(x), obs=adata.obs.copy(), var=var)
    pairs = [(complexes.get(a, a), b) for a, b in PAIRS]
    return whole, pd.DataFrame(pairs, columns=["ligand", "receptor"])
