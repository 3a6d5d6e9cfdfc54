"""One cohort with every kind of result, and its report."""

from __future__ import annotations

import warnings

import pytest

import commscore as cs
from commscore.report import write


@pytest.fixture(scope="session")
def cohort():
    """Return a simulated cohort with a planted shift, scored, compared and explained."""
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    adata = cs.ds.simulate(n_samples=4, n_cells=200, shifts=[shift], rng=0)
    adata.layers["counts"] = adata.X.copy()
    import scanpy as sc

    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    keys = {"condition_key": "condition", "sample_key": "sample"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small samples; what the tools say of them is tested elsewhere
        cs.tl.score(adata, "cell_type", n_perms=100)
        cs.tl.compare(adata, "cell_type", **keys)
        cs.tl.circuits(adata, "cell_type", n_perms=50, **keys)
        cs.tl.therapies(adata)
        contexts = {"control": "stage=early", "case": "stage=advanced"}
        cs.tl.expectations(adata, "cell_type", contexts=contexts, **keys)
    return adata


@pytest.fixture(scope="session")
def report(cohort, tmp_path_factory):
    """Return the report of the cohort."""
    return write(cohort, tmp_path_factory.mktemp("report") / "report.html", title="A cohort & its report")
