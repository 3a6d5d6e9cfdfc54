"""Tables as the tools store them, small and made by hand; one cohort on which the tools really ran."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs

GROUPS = ["tumour", "CAF", "T cell"]
EDGES = [
    # source, target, interaction, mode, score, padj
    ("tumour", "CAF", "A^B", "paracrine", 4.0, 0.001),
    ("tumour", "CAF", "C^D", "contact", 2.0, 0.01),
    ("tumour", "tumour", "A^B", "paracrine", 3.0, 0.02),
    ("CAF", "T cell", "E^F_G", "checkpoint", 1.0, 0.04),
    ("T cell", "tumour", "C^D", "contact", 5.0, 0.5),
    ("CAF", "tumour", "A^B", "paracrine", 0.5, np.nan),
]


def categories(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.assign(**{c: pd.Categorical(frame[c]) for c in columns})


@pytest.fixture
def edges() -> pd.DataFrame:
    """Score table: three groups, six rows, one not significant, one without p-value."""
    frame = pd.DataFrame(EDGES, columns=["source", "target", "interaction", "mode", "score", "padj"])
    for side in ("source", "target"):
        frame[side] = pd.Categorical(frame[side], categories=GROUPS)
    return categories(frame, "interaction", "mode")


PARTS = ["d_source", "d_ligand", "d_target", "d_receptor"]
CHANGES = [
    # source, target, interaction, ligand, receptor, padj, shift, driver, parts
    ("tumour", "CAF", "A^B", 2.0, 0.5, 1e-6, "up", "ligand", (0.1, 2.0, -0.2, 0.5)),
    ("CAF", "T cell", "C^D", -1.5, 0.1, 1e-4, "down", "ligand", (0.0, -1.5, 0.3, 0.1)),
    ("tumour", "T cell", "E^F", 1.8, -1.7, 1e-3, "compensated", "mixed", (0.1, 1.8, 0.3, -1.7)),
    ("tumour", "tumour", "A^B", 1.0, 2.0, 0.02, "gained", "receptor", (0.1, 1.0, 0.1, 2.0)),
    ("T cell", "CAF", "C^D", 0.1, 0.2, 0.9, "inconclusive", None, (0.3, 0.1, -0.2, 0.2)),
    ("CAF", "CAF", "E^F", np.nan, np.nan, np.nan, "not_assessable", None, (np.nan,) * 4),
]


def comparison(contrast: str = "case vs control") -> pd.DataFrame:
    rows = [
        {
            "contrast": contrast, "source": s, "target": t, "interaction": i, "mode": "paracrine",
            "ligand_effect": lig, "receptor_effect": rec, "effect": lig + rec, "ci_low": lig + rec - 0.5,
            "ci_high": lig + rec + 0.5,
            "pvalue": p, "padj": p, "ligand_pvalue": p, "receptor_pvalue": p, "shift": shift, "driver": driver,
            "shape": np.nan, **dict(zip(PARTS, parts, strict=True)), "d_flow": sum(parts),
        }
        for s, t, i, lig, rec, p, shift, driver, parts in CHANGES
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    for side in ("source", "target"):
        frame[side] = pd.Categorical(frame[side], categories=GROUPS)
    return categories(frame, "contrast", "interaction", "shift")


@pytest.fixture
def changes() -> pd.DataFrame:
    """Comparison of two conditions: up, down, compensated, gained, unclear, not assessable."""
    return comparison()


@pytest.fixture
def staged() -> pd.DataFrame:
    """Comparison of three stages, s1 to s3, with the contrast "stages" and its shapes."""
    early, late, whole = comparison("s2 vs s1"), comparison("s3 vs s1"), comparison("stages")
    late["effect"] = 2 * late["effect"]
    whole["shape"] = ["growth", "recession", "peak", "growth", None, None]
    return categories(pd.concat([early, late, whole], ignore_index=True), "contrast", "shape", "shift")


@pytest.fixture
def samples() -> ad.AnnData:
    """Samples × edges: three stages of three samples; one value missing."""
    rng = np.random.default_rng(0)
    frame = comparison().iloc[:5]
    x = rng.normal(10, 1, (9, len(frame)))
    x[4, 0] = np.nan
    obs = pd.DataFrame({"stage": pd.Categorical(np.repeat(["s1", "s2", "s3"], 3))}, index=[f"p{i}" for i in range(9)])
    var = frame[["source", "target", "interaction"]].reset_index(drop=True)
    made = ad.AnnData(x, obs=obs, var=var.set_axis([f"e{i}" for i in range(len(var))]))
    made.layers["ligand"], made.layers["receptor"] = 0.4 * x, 0.6 * x
    return made


@pytest.fixture(scope="session")
def cohort() -> ad.AnnData:
    """What the tools wrote about a small simulated cohort of three stages."""
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=3, shape="growth")
    stages = ("early", "middle", "late")
    known = cs.rs.load().filter(kind="protein", basis=["stated", "inferred"]).interactions
    anti = known[(known["direction"] == "anti").to_numpy()].head(15)
    pairs = [("CSF1", "CSF1R"), *zip(anti["ligand"], anti["receptor"], strict=True)]
    pairs += [p for p in zip(known["ligand"].head(25), known["receptor"].head(25), strict=True) if p not in pairs]
    adata = cs.ds.simulate(
        n_samples=3, n_cells=250, conditions=stages, shifts=[shift], interactions=pairs, n_background=60, rng=0
    )
    keys = {"condition_key": "condition", "sample_key": "sample"}
    cs.tl.compare(adata, "cell_type", order=stages, **keys)
    cs.tl.balance(adata, "cell_type", order=stages, **keys)
    adata.layers["counts"] = adata.X.copy()
    lengths = np.asarray(adata.X.sum(axis=1)).ravel()
    adata.X = adata.X.multiply(1e4 / lengths[:, None]).tocsr()
    adata.X.data = np.log1p(adata.X.data)
    cs.tl.score(adata, "cell_type", n_perms=60)
    cs.tl.circuits(adata, "cell_type", n_perms=60, **keys)
    cs.tl.therapies(adata)
    return adata
