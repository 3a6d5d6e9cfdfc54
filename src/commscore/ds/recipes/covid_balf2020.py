"""Liao et al. 2020: bronchoalveolar lavage of 12 donors, as deposited at Zenodo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad

from ._parts import assembled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def build(files: Mapping[str, Path]) -> ad.AnnData:
    """Return the cells with the depositors' columns; ``celltype`` is ``cell_type`` here."""
    deposit = ad.read_h5ad(files["BALF-COVID19-Liao_et_al-NatMed-2020.h5ad"])
    return assembled(deposit.X, deposit.obs.rename(columns={"celltype": "cell_type"}), deposit.var_names)
