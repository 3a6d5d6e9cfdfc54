"""Andersson et al. 2021: counts, pathologist's labels and the authors' proportions of cell types per spot."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from ._parts import assembled, seen_genes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECTIONS = ("A1", "B1", "C1", "D1", "E1", "F1", "G2", "H1")
STAGES = {"cancer in situ": "in_situ", "invasive cancer": "invasive"}


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return the spots of one annotated section of each of 8 patients."""
    with zipfile.ZipFile(files["major.zip"]) as archive:
        tables = [_table(archive.open(f"major/{section}-proportion.tsv")) for section in SECTIONS]
    counts = [_table(files[f"{section}.tsv.gz"], compression="gzip") for section in SECTIONS]
    shares = [table.loc[c.index] for table, c in zip(tables, counts)]
    labels = [_labels(files[f"{section}_labeled_coordinates.tsv"]) for section in SECTIONS]
    genes = sorted(set().union(*(c.columns for c in counts)))
    obs = pd.concat([_spots(*of_one) for of_one in zip(SECTIONS, labels, shares)])
    x = sparse.vstack([sparse.csr_matrix(c.reindex(columns=genes, fill_value=0).to_numpy("float32")) for c in counts])
    adata = seen_genes(assembled(x, obs, genes), n_cells=3)
    adata.obsm["spatial"] = obs[["x", "y"]].to_numpy("float32")
    return adata


def _table(file: object, compression: str | None = None) -> pd.DataFrame:
    # these tables are wide: to guess the types of all columns piece by piece takes twice the time
    return pd.read_csv(file, sep="\t", index_col=0, compression=compression, low_memory=False)


def _labels(path: Path) -> pd.Series:
    """Return the label of each spot; the table has measured coordinates, the names of spots their rounded ones."""
    table = pd.read_csv(path, sep="\t").dropna(subset=["x", "y"])
    at = table[["x", "y"]].round().astype(int).astype(str)
    return table["label"].set_axis(at["x"] + "x" + at["y"])


def _spots(section: str, labels: pd.Series, shares: pd.DataFrame) -> pd.DataFrame:
    """Return ``obs`` of one section."""
    spots, shares = shares.index, shares.astype("float32")
    place = spots.str.partition("x").to_frame(index=False)[[0, 2]].astype("float64")
    pathology = labels.loc[spots].to_numpy()
    stage = pd.Series(pathology).map(STAGES).fillna("other").to_numpy()
    columns = {"x": place[0], "y": place[2], "pathology": pathology, "sample": section, "patient": section[0]}
    obs = pd.DataFrame(columns | {"subtype": "HER2+"})
    for name in shares:
        obs["prop_" + name.replace(" ", "_")] = shares[name].to_numpy()
    obs["cell_type"] = shares.columns.to_numpy()[np.argmax(shares.to_numpy(), axis=1)]
    obs["cell_type_source"] = "largest stereoscope proportion (spot, not single cell)"
    obs["stage"] = obs["condition"] = stage
    return obs.set_axis([f"{section}_{spot}" for spot in spots])
