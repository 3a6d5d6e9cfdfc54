"""Chung et al. 2017: counts per sequencing run; names and classes of the cells are from our table."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._parts import assembled, our_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import anndata as ad

SUBTYPES = {"BC01": "ER+", "BC02": "ER+", "BC03": "ER+HER2+", "BC04": "HER2+", "BC05": "HER2+", "BC06": "HER2+"}


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return 515 cells that passed the authors' quality control, of 11 tumours and 2 lymph-node metastases."""
    table = our_table("breast_chung2017")
    counts, receptors = _tables(files["chung-park-2017.tar.bz2"])
    counts = counts[table.index]
    sample = table["cell"].str.partition("_")[0]
    stage = np.where(sample.str.endswith("LN"), "lymph_node_metastasis", "primary")
    patient = sample.str.removesuffix("LN")
    obs = pd.DataFrame(
        {
            "cell_type": table["cell_type"],
            "stage": stage,
            "condition": stage,
            "subtype": patient.map(SUBTYPES).fillna("TNBC"),
            "patient": patient,
            "sample": sample,
            "srr": table.index,
            "marker_call": table["marker_call"],
            "marker_agrees": table["marker_call"] == table["cell_type"],
            "tcr_found": table.index.isin(receptors["cell_id"]),
            "n_genes": (counts > 0).sum(),
        }
    )
    return assembled(counts.T.to_numpy(), obs.set_axis(table["cell"].to_numpy()), counts.index)


def _tables(path: Path) -> list[pd.DataFrame]:
    """Return counts and T-cell receptors, the first of many files: to look for a name would unpack all of them."""
    with tarfile.open(path) as archive:
        tables = {}
        for member in archive:
            if member.name in ("counts.tsv", "tcr_table.tsv"):
                tables[member.name] = pd.read_csv(archive.extractfile(member), sep="\t", index_col=0)
            if len(tables) == 2:
                break
    return [tables["counts.tsv"], tables["tcr_table.tsv"]]
