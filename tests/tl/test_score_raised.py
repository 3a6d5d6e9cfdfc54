"""``raised``: which side of a row is above what permuted labels give on average."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs


@pytest.fixture(scope="module")
def cells():
    """Forty genes in four groups of two samples of unequal composition, one sample twice as high."""
    rng = np.random.default_rng(3)
    n, names = 400, [f"G{i}" for i in range(40)]
    obs = pd.DataFrame(
        {
            "group": rng.choice(list("ABCD"), n, p=[0.4, 0.3, 0.2, 0.1]),
            "sample": rng.choice(["s1", "s2", "s3"], n, p=[0.6, 0.3, 0.1]),
        },
        index=[f"c{i}" for i in range(n)],
    )
    level = rng.gamma(2, 0.3, (4, 40))[pd.Categorical(obs["group"]).codes]
    level *= np.where(obs["sample"] == "s2", 2.0, 1.0)[:, None]
    return ad.AnnData(
        np.log1p(rng.poisson(level) * rng.uniform(0.8, 1.2, (n, 1))).astype(np.float32),
        obs=obs,
        var=pd.DataFrame(index=names),
    )


PAIRS = pd.DataFrame({"ligand": ["G0", "G2", "G4_G5", "G9"], "receptor": ["G1", "G3", "G6", "G7_G8"]})


def means_under_permuted_labels(adata, group, *, by, n=3000):
    """Mean of every gene in a group, averaged over labels that were shuffled, within samples if ``by`` names them."""
    rng, out = np.random.default_rng(0), np.zeros(adata.n_vars)
    blocks = [np.arange(adata.n_obs)] if by is None else list(adata.obs.groupby(by).indices.values())
    labels = adata.obs["group"].to_numpy()
    for _ in range(n):
        shuffled = labels.copy()
        for block in blocks:
            shuffled[block] = rng.permutation(labels[block])
        out += np.asarray(adata.X)[shuffled == group].mean(axis=0) / n
    return dict(zip(adata.var_names, out, strict=True))


@pytest.mark.parametrize("by", [None, "sample"])
def test_raised_agrees_with_shuffled_labels(cells, by):
    table = cs.tl.score(
        cells, "group", resource=PAIRS, sample_key=by, null="auto", expr_prop=0.0, inplace=False, n_perms=100
    ).table
    expected = {g: means_under_permuted_labels(cells, g, by=by) for g in "ABCD"}
    assert len(table) == 4 * 16
    words, near = [], 0
    for row in table.itertuples():
        margins = [
            mean - min(expected[group][gene] for gene in entity.split("_"))
            for mean, group, entity in (
                (row.ligand_mean, row.source, row.ligand_complex),
                (row.receptor_mean, row.target, row.receptor_complex),
            )
        ]
        near += min(map(abs, margins)) < 0.005  # what 3,000 shuffles cannot tell
        up = [m > 0 for m in margins]
        word = "both" if all(up) else "ligand" if up[0] else "receptor" if up[1] else "neither"
        words.append(word if min(map(abs, margins)) >= 0.005 else row.raised)
    assert near < 8
    assert table["raised"].tolist() == words
    assert set(table["raised"]) == {"both", "ligand", "receptor", "neither"}


def test_samples_decide_what_is_expected(cells):
    """A group that lies in the sample with the higher counts is raised over all cells, and not within samples."""
    alike = cells.copy()
    rng = np.random.default_rng(5)
    alike.obs["group"] = np.where(
        alike.obs["sample"] == "s2",
        rng.choice(["A", "B"], alike.n_obs, p=[0.9, 0.1]),
        rng.choice(["A", "B"], alike.n_obs),
    )
    pairs = pd.DataFrame({"ligand": [f"G{i}" for i in range(20)], "receptor": [f"G{i}" for i in range(20, 40)]})
    settings = {"resource": pairs, "null": None, "expr_prop": 0.0, "inplace": False}
    inside = {"sample_key": "sample", "null": "permutation", "n_perms": 50}
    share = [
        cs.tl.score(alike, "group", **settings | more)
        .table.query("source == target == 'A'")["raised"]
        .eq("both")
        .mean()
        for more in ({}, inside)
    ]
    assert share[0] > 0.9
    assert share[1] < 0.5


def test_the_last_bits_do_not_decide(cells):
    """Copies of the same cells in every group: no group is above the others, however its mean was rounded."""
    third = cells[:133].copy()
    alike = ad.concat([third] * 3, index_unique="-")
    alike.obs["group"] = np.repeat(list("XYZ"), 133)
    table = cs.tl.score(alike, "group", resource=PAIRS, null=None, expr_prop=0.0, inplace=False).table
    assert set(table["raised"]) == {"neither"}
