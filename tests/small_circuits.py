"""Small circuits in cells in which they were planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scanpy as sc

import commscore as cs
from commscore.rs import Resource

GROUPS = ["tumour", "CAF", "T cell", "osteoblast", "osteoclast", "macrophage"]
HIGH = {
    "PTHLH": ["tumour"], "PTH1R": ["osteoblast"], "TNFSF11": ["osteoblast"], "TNFRSF11A": ["osteoclast"],
    "TGFB1": ["osteoclast"], "TGFBR1": ["tumour"], "TGFBR2": ["tumour"], "TNFRSF11B": ["osteoblast"],
    "MMP1": ["tumour"], "AREG": ["tumour"], "EGFR": ["osteoblast"], "CSF1": ["T cell"], "CSF1R": ["macrophage"],
    "IL6": ["CAF"], "IL6R": ["macrophage"], "IL6ST": ["macrophage"],
}  # fmt: skip
PAIRS = [("PTHLH", "PTH1R"), ("TNFSF11", "TNFRSF11A"), ("TGFB1", "TGFBR1_TGFBR2"), ("TNFRSF11B", "MMP1"),
         ("AREG", "EGFR"), ("CSF1", "CSF1R"), ("IL6", "IL6R_IL6ST")]  # fmt: skip
STEPS = [
    # circuit, step, edge, source_role, target_role, from, to, sign
    ("bone", 1, "communication", "tumour", "osteoblast", "PTHLH", "PTH1R", 1),
    ("bone", 2, "intracellular", "osteoblast", "osteoblast", "PTH1R", "TNFSF11", 1),
    ("bone", 3, "communication", "osteoblast", "osteoclast", "TNFSF11", "TNFRSF11A", 1),
    ("bone", 4, "communication", "osteoclast", "tumour", "TGFB1", "TGFBR1_TGFBR2", 1),
    ("egf", 1, "gate", "tumour", "tumour", "MMP1", "AREG", 1),
    ("egf", 2, "communication", "tumour", "osteoblast", "AREG", "EGFR", 1),
    ("opg", 1, "gate", "osteoblast", "osteoblast", "TNFRSF11B", "TNFSF11", -1),
    ("opg", 2, "communication", "osteoblast", "osteoclast", "TNFSF11", "TNFRSF11A", 1),
    ("csf", 1, "communication", "t_cell", "macrophage", "CSF1", "CSF1R", 1),
    ("wrong", 1, "communication", "macrophage", "caf", "CSF1", "CSF1R", 1),
    ("lost", 1, "communication", "astrocyte", "tumour", "IL6", "IL6R_IL6ST", 1),
    ("lost", 2, "communication", "tumour", "caf", "met:lactate", "SLC16A1", 1),
    ("lost", 3, "communication", "tumour", "caf", "ABSENT", "IL6ST", 1),
    ("lost", 4, "intracellular", "tumour", "tumour", "TGFB1", "MIR16-1", 1),
    ("any", 1, "communication", "any", "macrophage", "IL6", "IL6R_IL6ST", 1),
]  # fmt: skip


def circuits_resource(steps=STEPS):
    names = ["circuit", "step", "edge", "source_role", "target_role", "from", "to", "sign"]
    frame = pd.DataFrame(steps, columns=names)
    breast = cs.rs.load()
    empty = breast.circuits.iloc[:0]
    frame["interaction"] = np.where(frame["edge"] == "communication", frame["from"] + "^" + frame["to"], "")
    frame["kind"], frame["status"], frame["name"] = "cascade", "stated", frame["circuit"]
    for column in empty.columns:
        if column not in frame:
            frame[column] = ""
    return Resource("planted", "1", "", "CC0", _tables=breast.tables | {"circuits": frame[list(empty.columns)]})


def cohort(expressed=HIGH, **kwargs):
    kwargs = {"n_samples": 1, "n_cells": 240, "conditions": ("a", "b"), "rng": 0} | kwargs
    adata = cs.ds.simulate(groups=GROUPS, interactions=PAIRS, expressed=expressed, n_background=80, **kwargs)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def silence(adata, gene, group=None):
    """Set a gene to zero (in a group)."""
    out = adata.copy()
    x = out.X.toarray()
    inside = np.ones(out.n_obs, bool) if group is None else (out.obs["cell_type"] == group).to_numpy()
    x[inside, out.var_names.get_loc(gene)] = 0
    out.X = x
    return out


def run(adata, steps=STEPS, **kwargs):
    kwargs = {"n_perms": 199, "rng": 1, "inplace": False} | kwargs
    return cs.tl.circuits(adata, "cell_type", resource=circuits_resource(steps), **kwargs)
