"""Data that several tests use.

Real data come from scanpy, or from the folder that COMMSCORE_DATA names (by default ``shared/data`` beside the
checkout, if there is one); COMMSCORE_PRIORS and COMMSCORE_SEEDS name other tools' tables and the review texts.
Tests that need what is not there are skipped; none uses a network.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

_BESIDE = Path(__file__).resolve().parents[2] / "shared"
for _variable, _folder in (("DATA", "data"), ("PRIORS", "priors"), ("SEEDS", "seeds")):
    if (_BESIDE / _folder).is_dir():
        os.environ.setdefault(f"COMMSCORE_{_variable}", str(_BESIDE / _folder))
# no test loads from a publisher: a download would ask this machine, where nobody answers
os.environ["COMMSCORE_MIRROR"] = "http://127.0.0.1:9"

INTERACTIONS = [
    ("G0", "G1"),
    ("G2_G3", "G4"),
    ("G5", "G6_G7_G8"),
    ("G9_G10", "G9_G11"),
    ("G0", "G0"),
    ("G3", "ABSENT"),
    ("G4", "G5_ABSENT"),
]


@pytest.fixture(autouse=True)
def closed_figures():
    """Close what a test drew: pyplot keeps its figures, and warns of more than twenty."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def interactions() -> pd.DataFrame:
    """Single genes, complexes of two and three, a shared subunit, a gene on both sides, missing genes."""
    return pd.DataFrame(INTERACTIONS, columns=["ligand", "receptor"])


@pytest.fixture
def small() -> ad.AnnData:
    """97 cells × 14 genes, log-like values in float32, four groups of different sizes, shuffled."""
    rng = np.random.default_rng(0)
    x = np.where(rng.random((97, 14)) < 0.4, rng.gamma(2.0, 1.0, (97, 14)), 0).astype(np.float32)
    labels = rng.permutation(np.repeat(["b", "a", "d", "c"], [40, 11, 25, 21]))
    obs = pd.DataFrame({"cell_type": pd.Categorical(labels)}, index=[f"c{i}" for i in range(97)])
    return ad.AnnData(sparse.csr_matrix(x), obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(14)]))


@pytest.fixture(scope="session")
def public_data():
    """Function that gives a public data set by name, or skips."""

    def get(name: str) -> ad.AnnData:
        if not (Path(os.environ.get("COMMSCORE_DATA") or "no folder") / f"{name}.h5ad").is_file():
            pytest.skip(f"public data set {name}: COMMSCORE_DATA does not name a folder that holds it")
        import commscore as cs

        return cs.ds.fetch(name)

    return get
