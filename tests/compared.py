"""A cohort with planted shifts, and its comparison, for the tests of ``commscore.tl.compare``."""

from __future__ import annotations

import numpy as np

import commscore as cs

KEYS = {"condition_key": "condition", "sample_key": "sample"}
EDGE = {"interaction": "CSF1^CSF1R", "source": "tumour", "target": "macrophage"}
ID = ["contrast", "source", "target", "interaction"]
PARTS = ["d_source", "d_ligand", "d_target", "d_receptor"]


def run(adata, **kwargs):
    return cs.tl.compare(adata, "cell_type", **({"resource": adata.uns["interactions"]} | KEYS | kwargs), inplace=False)


def row_of(table, contrast=None, **where):
    mask = np.ones(len(table), bool)
    for name, value in ({**EDGE, **where} | ({"contrast": contrast} if contrast else {})).items():
        mask &= (table[name] == value).to_numpy()
    assert mask.sum() == 1
    return table[mask].iloc[0]


def plain(table):
    """Rows in a fixed order, categories as text."""
    frame = table.copy()
    for name in frame.select_dtypes("category"):
        frame[name] = frame[name].astype(object)
    return frame.sort_values(ID, kind="stable").reset_index(drop=True)


def planted_cohort():
    shifts = [
        EDGE | {"driver": "ligand", "log2fc": 2},
        {"interaction": "MIF^CD74_CXCR4", "source": "tumour", "target": "B cell", "driver": "receptor", "log2fc": -2},
    ]
    return cs.ds.simulate(n_samples=5, n_cells=300, shifts=shifts, rng=11)
