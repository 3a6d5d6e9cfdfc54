"""CellChat's formula by hand, with cofactors and population size, and with rows of CellChatDB."""

from __future__ import annotations

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from scores.slow import trimean

GENES = ["LIG", "R1", "R2", "AG1", "AG2", "ANT", "COA", "COI"]


def table_of(adata, resource, **kwargs):
    kwargs = {"null": None, "expr_prop": 0, "complex": "geometric"} | kwargs
    return cs.tl.score(adata, "cell_type", resource=resource, inplace=False, **kwargs).table


@pytest.fixture
def cells():
    """Eight cells in two groups; quartiles are easily read off."""
    a = np.array([[1, 0.5, 2, 0.25, 0, 0.5, 1, 0]] * 2 + [[3, 1.5, 2, 0.75, 0.4, 0.5, 2, 0]] * 2)
    b = np.array([[0, 4.0, 1, 0, 1, 2, 0.5, 1]] * 2 + [[0.5, 2, 1, 0, 1, 2, 0.5, 3]] * 2)
    obs = pd.DataFrame({"cell_type": list("aaaabbbb")}, index=map(str, range(8)))
    return ad.AnnData(np.vstack([a, b]), obs=obs, var=pd.DataFrame(index=GENES))


COFACTORS = {"agonist": "AG1;AG2;ABSENT", "antagonist": "ANT", "co_A_receptor": "COA", "co_I_receptor": "COI"}


def test_by_hand(cells):
    resource = cs.rs.from_table(pd.DataFrame([{"ligand": "LIG", "receptor": "R1_R2"} | COFACTORS]), name="hand")
    table = table_of(cells, resource, method=cs.tl.method("hill", scale=4.0), min_cells=2).set_index(
        ["source", "target"]
    )
    # a -> b. Trimean of LIG in a: quartiles of 1, 1, 3, 3 are 1, 2, 3: (1 + 4 + 3)/4 = 2, over 4: 0.5
    ligand = 0.5
    # R1 in b: 4, 4, 2, 2 -> 3; R2 in b: 1; geometric mean on the scale: sqrt(0.75 * 0.25)
    receptor = np.sqrt(0.75 * 0.25)
    # COA in b: 0.5 -> 0.125; COI in b: 1, 1, 3, 3 -> 2 -> 0.5
    receptor *= (1 + 0.125) / (1 + 0.5)
    x = ligand * receptor
    # AG1 in a: 0.25, 0.25, 0.75, 0.75 -> 0.5 -> 0.125; AG2 in a: 0, 0, 0.4, 0.4 -> 0.2 -> 0.05; in b: 0 and 1 -> 0.25
    agonists_a = (1 + 0.125 / 0.625) * (1 + 0.05 / 0.55)
    agonists_b = 1 * (1 + 0.25 / 0.75)
    # ANT in a: 0.5 -> 0.125; in b: 2 -> 0.5
    antagonists = 0.5 / (0.5 + 0.125) * 0.5 / (0.5 + 0.5)
    expected = x / (0.5 + x) * agonists_a * agonists_b * antagonists
    assert table.loc[("a", "b"), "score"] == pytest.approx(expected, rel=1e-12)


def test_hill_coefficient_half_saturation_and_population_size(cells):
    resource = pd.DataFrame({"ligand": ["LIG"], "receptor": ["R1"]})
    method = cs.tl.method("hill", scale=4.0, K=0.3, n=2.0, population_size=True)
    part = cells[:7].copy()  # b has three cells: 4, 4, 2 -> quartiles 3, 4, 4: trimean 3.75
    table = table_of(part, resource, method=method, min_cells=2).set_index(["source", "target"])
    x = (0.5 * 3.75 / 4) ** 2
    assert table.loc[("a", "b"), "score"] == pytest.approx(x / (0.09 + x) * (4 / 7) * (3 / 7), rel=1e-12)


def test_scale_is_the_largest_value_of_the_genes_of_the_resource(cells):
    resource = pd.DataFrame({"ligand": ["LIG"], "receptor": ["R1"]})
    by_default = table_of(cells, resource, method="hill", min_cells=2)["score"]
    np.testing.assert_allclose(
        by_default, table_of(cells, resource, method=cs.tl.method("hill", scale=4), min_cells=2)["score"]
    )


def test_cofactors_are_permuted_too(small):
    genes = list(small.var_names)
    rows = [
        {
            "ligand": "G0",
            "receptor": "G1",
            "agonist": "G9;G10",
            "antagonist": "G11",
            "co_A_receptor": "G12",
            "co_I_receptor": "",
        },
        {
            "ligand": "G2",
            "receptor": "G3",
            "agonist": "",
            "antagonist": "",
            "co_A_receptor": "",
            "co_I_receptor": "G13",
        },
    ]
    resource = cs.rs.from_table(pd.DataFrame(rows), name="with cofactors")
    method = cs.tl.method("hill", trim=0.1, scale=2.0)
    table = cs.tl.score(
        small, "cell_type", resource=resource, method=["mean", method], n_perms=50, rng=3, expr_prop=0, inplace=False
    ).table

    import reference
    from commscore._random import key
    from scores.slow import truncated

    names = list(small.obs["cell_type"].astype(str))
    number = reference.number_groups(names)
    labels = np.array([number[n] for n in names])
    x = small.X.toarray().astype(float) / 2.0
    every = [labels, *reference.labellings(labels, 50, key(3), "rotation")]

    def score(lab, row, source, target):
        at = lambda gene, group: truncated(x[lab == group, genes.index(gene)], 0.1)  # noqa: E731
        split = lambda cell: [g for g in cell.split(";") if g]  # noqa: E731
        r = at(row["receptor"], target)
        r *= np.prod([1 + at(g, target) for g in split(row["co_A_receptor"])])
        r /= np.prod([1 + at(g, target) for g in split(row["co_I_receptor"])])
        lr = at(row["ligand"], source) * r
        out = lr / (0.5 + lr)
        for group in (source, target):
            out *= np.prod([1 + at(g, group) / (0.5 + at(g, group)) for g in split(row["agonist"])])
            out *= np.prod([0.5 / (0.5 + at(g, group)) for g in split(row["antagonist"])])
        return out

    for row in table.itertuples():
        written = next(r for r in rows if r["ligand"] == row.ligand_complex)
        values = [score(lab, written, number[row.source], number[row.target]) for lab in every]
        assert row.score_hill == pytest.approx(values[0], rel=1e-6, abs=1e-9)
        assert row.pvalue_raw_hill == pytest.approx((1 + sum(v >= values[0] - 1e-9 for v in values[1:])) / 51)
    without = cs.tl.score(
        small,
        "cell_type",
        resource=resource,
        method=cs.tl.method("hill", cofactors=False),
        null=None,
        expr_prop=0,
        inplace=False,
    ).table
    assert not np.allclose(without["score"], table["score_hill"])


@pytest.fixture(scope="module")
def cellchatdb():
    folder = os.environ.get("COMMSCORE_PRIORS")
    paths = [Path(folder or ".") / f"cellchatdb_v2_human_{part}.csv" for part in ("interaction", "complex", "cofactor")]
    if not folder or not all(p.exists() for p in paths):
        pytest.skip("CellChatDB: COMMSCORE_PRIORS does not name a folder that holds its tables")
    return cs.rs.from_cellchatdb(*paths)


def test_rows_of_cellchatdb(cellchatdb):
    """A row of each kind of cofactor, from the formula of computeCommunProb."""
    frame = cellchatdb.interactions
    columns = ["agonist", "antagonist", "co_A_receptor", "co_I_receptor"]
    frame = frame[frame["kind"] == "protein"]
    picked = pd.concat([frame[frame[c] != ""].head(3) for c in columns] + [frame.head(3)]).drop_duplicates(
        "interaction"
    )
    genes = sorted(
        {g for e in picked[["ligand", "receptor"]].to_numpy().ravel() for g in e.split("_")}
        | {g for c in columns for e in picked[c] for g in e.split(";") if g}
    )
    rng = np.random.default_rng(0)
    x = np.where(rng.random((120, len(genes))) < 0.7, rng.gamma(2, 0.7, (120, len(genes))), 0)
    labels = np.repeat(list("pqr"), [60, 40, 20])
    adata = ad.AnnData(
        x, obs=pd.DataFrame({"cell_type": labels}, index=map(str, range(120))), var=pd.DataFrame(index=genes)
    )
    table = table_of(adata, cellchatdb, method="hill")
    table = table[table["interaction"].isin(picked["interaction"])]
    assert len(table) == 9 * len(picked)

    signalling = {g for e in frame[["ligand", "receptor"]].to_numpy().ravel() for g in e.split("_")} | {
        g for c in columns for e in cellchatdb.interactions[c] for g in e.split(";")
    }
    scaled = x / x[:, [i for i, g in enumerate(genes) if g in signalling]].max()
    level = {(g, k): trimean(scaled[labels == k, i]) for i, g in enumerate(genes) for k in "pqr"}
    written = picked.set_index("interaction")
    for row in table.itertuples():
        info = written.loc[str(row.interaction)]
        sets = {c: [g for g in info[c].split(";") if g] for c in columns}
        side = lambda e, k: np.prod([level[g, k] for g in e.split("_")]) ** (1 / len(e.split("_")))  # noqa: E731
        r = side(info["receptor"], row.target)
        r *= np.prod([1 + level[g, row.target] for g in sets["co_A_receptor"]])
        r /= np.prod([1 + level[g, row.target] for g in sets["co_I_receptor"]])
        lr = side(info["ligand"], row.source) * r
        expected = lr / (0.5 + lr)
        for k in (row.source, row.target):
            expected *= np.prod([1 + level[g, k] / (0.5 + level[g, k]) for g in sets["agonist"]])
            expected *= np.prod([0.5 / (0.5 + level[g, k]) for g in sets["antagonist"]])
        assert row.score == pytest.approx(expected, rel=1e-9)


def test_refused():
    for name, bad in (("K", 0), ("n", -1), ("scale", float("inf"))):
        with pytest.raises(ValueError, match=rf"{name} must be"):
            cs.tl.method("hill", **{name: bad})
    with pytest.raises(ValueError, match=r"trim must be a number between 0 and 0\.5, found 0\.7"):
        cs.tl.method("hill", trim=0.7)
