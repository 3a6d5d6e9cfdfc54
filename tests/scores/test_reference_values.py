"""Equality with other tools on public cells where they are right, and our answer beside theirs where not.

Their values were made by ``tests/reference_values/make.py``; ``made_with.json`` names the versions.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import commscore as cs
from commscore.scores.consensus import robust_rank

FOLDER = Path(__file__).resolve().parents[1] / "reference_values"
FACTS = json.loads((FOLDER / "made_with.json").read_text(encoding="utf-8"))
DATA = {"pbmc": None, "breast": "breast_wu2021_CID4465", "kang": "kang2018_ifnb1k"}
KEYS = ["source", "target", "ligand_complex", "receptor_complex"]


@pytest.fixture(scope="module", params=list(DATA))
def case(request, public_data):
    import scanpy as sc

    name = request.param
    adata = cs.ds.pbmc() if name == "pbmc" else public_data(DATA[name])
    if name != "pbmc":
        sc.pp.normalize_total(adata, target_sum=1e4)
        sc.pp.log1p(adata)
    sc.pp.filter_genes(adata, min_cells=1)
    return name, adata


def values(tool, name):
    return pd.read_csv(FOLDER / f"{tool}_{name}.csv")


def pairs(name):
    frame = values("cellphonedb", name)["interaction"].drop_duplicates()
    return frame.str.split("^", regex=False, expand=True).set_axis(["ligand", "receptor"], axis=1)


def ours(case, **kwargs):
    """By default with the fraction expressed of LIANA's and squidpy's values."""
    name, adata = case
    kwargs = {"expr_prop": FACTS["expr_prop"]} | kwargs
    table = cs.tl.score(adata, "cell_type", resource=pairs(name), inplace=False, **({"null": None} | kwargs)).table
    return table.astype(dict.fromkeys([*KEYS, "interaction"], str))


def beside(case, **kwargs):
    """Our rows joined to LIANA's, which must be the same ones."""
    theirs, table = values("liana", case[0]), ours(case, **kwargs)
    assert len(theirs) == len(table) > 60
    both = table.merge(theirs, on=KEYS, validate="one_to_one")
    assert len(both) == len(theirs)
    return both


def close(a, b):
    """Within 1e-6, relative or absolute."""
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def single(frame):
    return ~frame["ligand_complex"].str.contains("_") & ~frame["receptor_complex"].str.contains("_")


@pytest.mark.parametrize(
    ("method", "column"),
    [
        ("mean", "lr_means"),
        ("product", "expr_prod"),
        ("geometric", "lr_gmeans"),
        ("inter_score", "inter_score"),
        ("regularised", "lrscore"),
    ],
)
def test_liana_scores_of_means(case, method, column):
    both = beside(case, method=method)
    close(both["score"], both[column])


@pytest.mark.parametrize(
    ("method", "column"), [("specificity", "spec_weight"), ("scaled", "scaled_weight"), ("logfc", "lr_logfc")]
)
def test_liana_scores_relative_to_other_groups(case, method, column):
    """Of single genes; in a complex LIANA follows the subunit with the lowest mean, see below."""
    both = beside(case, method=method)
    both = both[single(both)]
    assert len(both) > 15
    close(both["score"], both[column])


def test_liana_cellchat(case):
    highest = FACTS[case[0]]["mat_max"]
    both = beside(case, method=cs.tl.method("hill", scale=highest))
    close(both["score"], both["lr_probs"])
    assert (both["score"] > 0).sum() > 5


def test_liana_shares_of_complexes_do_not_add_up(case):
    """LIANA divides the least subunit's mean by that subunit's sum over groups, and the subunit changes."""
    name, adata = case
    both = beside(case, method="specificity")
    both = both[~single(both)]
    assert len(both) > 10
    frame, groups = adata.to_df(), adata.obs["cell_type"]
    means = (
        frame[sorted({g for e in pairs(name).to_numpy().ravel() for g in e.split("_")})]
        .groupby(groups, observed=True)
        .mean()
    )

    def share(entity, group):
        of_entity = means[entity.split("_")].min(axis=1)
        return of_entity[group] / of_entity.sum()

    right = [share(r.ligand_complex, r.source) * share(r.receptor_complex, r.target) for r in both.itertuples()]
    np.testing.assert_allclose(both["score"], right, rtol=1e-5)
    if name == "pbmc":
        assert not np.allclose(both["spec_weight"], right, rtol=0.05)
    whole = ours(case, method="specificity", expr_prop=0).groupby("interaction")["score"].sum()
    np.testing.assert_allclose(whole, 1.0, rtol=1e-9)


def test_liana_ranks_magnitude_twice(case):
    """LIANA 1.10 overwrites ``expr_prod`` by its ranks and ranks these again, upside down."""
    theirs = values("liana", case[0])
    lists = -theirs[["lr_means", "expr_prod", "lrscore"]].to_numpy().T
    right = robust_rank(lists, ties="average")
    wrong = theirs["magnitude_rank"].to_numpy()
    assert not np.allclose(right, wrong, atol=0.05)
    assert spearmanr(right, wrong).statistic < 0.95
    assert spearmanr(right, -theirs["expr_prod"]).statistic > 0.95

    # what they compute: the product in ascending order of size
    upside_down = lists.copy()
    upside_down[1] *= -1
    assert spearmanr(robust_rank(upside_down, ties="average"), wrong).statistic > 0.99

    method = cs.tl.method("consensus", magnitude=["mean", "product", "regularised"], ties="average")
    both = beside(case, method=method)
    by_key = theirs.assign(right=right).merge(both[[*KEYS, "magnitude_rank_x"]], on=KEYS)
    np.testing.assert_allclose(by_key["magnitude_rank_x"], by_key["right"], rtol=1e-3, atol=1e-6)


def squidpy(case):
    """Squidpy's means beside ours; it writes the gene that it took for a complex."""
    name, _ = case
    theirs = values("squidpy", name)
    rows = [
        (row.source, row.target, pair.ligand, pair.receptor, row.ligand, row.receptor, row.mean)
        for row in theirs.itertuples()
        for pair in pairs(name).itertuples()
        if row.ligand in pair.ligand.split("_") and row.receptor in pair.receptor.split("_")
    ]
    frame = pd.DataFrame(rows, columns=[*KEYS, "their_ligand", "their_receptor", "theirs"])
    return frame.merge(ours(case, method="mean", expr_prop=0), on=KEYS)


def test_squidpy_means(case):
    both = squidpy(case)
    both = both[single(both)]
    assert len(both) > 15
    close(both["score"], both["theirs"])


def test_squidpy_takes_the_subunit_with_the_lowest_mean_of_all_cells(case):
    name, adata = case
    both = squidpy(case)
    both = both[~single(both)]
    groups = adata.obs["cell_type"]
    means = (
        adata[:, sorted({g for e in pairs(name).to_numpy().ravel() for g in e.split("_")})]
        .to_df()
        .groupby(groups, observed=True)
        .mean()
    )
    least = lambda e, g: means.loc[g, e.split("_")].min()  # noqa: E731
    right = np.array(
        [(least(r.ligand_complex, r.source) + least(r.receptor_complex, r.target)) / 2 for r in both.itertuples()]
    )
    zero = np.array(
        [least(r.ligand_complex, r.source) * least(r.receptor_complex, r.target) == 0 for r in both.itertuples()]
    )
    close(both["score"], np.where(zero, 0, right))
    other = (both["their_ligand"] != both["ligand"]) | (both["their_receptor"] != both["receptor"])
    assert other.any()  # groups in which another subunit limits
    assert (both["theirs"][other] > both["score"][other] + 1e-6).any()
    assert (both["theirs"] > both["score"] - 1e-6).all()  # their subunit is never below the least one


def cellphonedb(case, **kwargs):
    theirs = values("cellphonedb", case[0])
    theirs[["source", "target"]] = theirs["pair"].str.split("|", regex=False, expand=True)
    return theirs.merge(
        ours(case, method="mean", **kwargs), on=["source", "target", "interaction"], suffixes=("_theirs", "")
    )


def test_cellphonedb_means(case):
    both = cellphonedb(case, expr_prop=0)
    assert len(both) > 250
    both = both[(both["ligand_mean"] > 0) & (both["receptor_mean"] > 0)]
    close(both["score"], both["mean"])
    low = cellphonedb(case, expr_prop=0)
    low = low[(low["ligand_mean"] == 0) | (low["receptor_mean"] == 0)]
    assert (low["mean"] == 0).all()


def test_cellphonedb_pvalues(case):
    """Strictly above, divided by the number, fractions above the threshold: their options on our permutations."""
    edge = FACTS[case[0]]["edge"]["threshold"]
    both = cellphonedb(
        case, null="permutation", n_perms=2000, ties="gt", plus_one=False, prop_filter=">", expr_prop=edge
    )
    assert len(both) > 30
    theirs = 100 * FACTS["repeated"]["different"] / FACTS["repeated"]["made"]  # some of theirs are the same ones
    error = np.sqrt(np.clip(both["pvalue_raw"] * (1 - both["pvalue_raw"]), 0.002, None) * (1 / theirs + 1 / 2000))
    assert (np.abs(both["pvalue_raw"] - both["pvalue_theirs"]) < 5 * error).all()


def test_fractions_equal_to_the_threshold_are_expressed(case):
    """A fraction of exactly the threshold is tested here; CellPhoneDB gives such rows p = 1 untested."""
    name, _ = case
    edge = FACTS[name]["edge"]
    at = cellphonedb(case, expr_prop=edge["threshold"])
    above = cellphonedb(case, expr_prop=edge["threshold"], prop_filter=">")
    lost = at[~at.set_index(["pair", "interaction"]).index.isin(above.set_index(["pair", "interaction"]).index)]
    of_gene = lost[(lost["ligand"] == edge["gene"]) & (lost["source"] == edge["group"])]
    assert len(of_gene) > 0
    assert (lost["pvalue_theirs"] == 1).all()
    assert (of_gene["ligand_prop"] == edge["threshold"]).all()


def test_every_permutation_is_another_one():
    """CellPhoneDB's workers inherit one state of the generator and repeat each other's shuffles."""
    from commscore.arrays import Groups
    from commscore.core.permute import schemes
    from commscore.core.read.matrix import gene_major
    from commscore.core.threads import Team

    made = FACTS["repeated"]["made"]
    assert FACTS["repeated"]["different"] < 0.5 * made
    adata = cs.ds.pbmc()
    groups = Groups.of(np.sort(adata.obs["cell_type"].cat.codes.to_numpy()), 10)
    columns = gene_major(adata.X, cells=np.arange(700), columns=np.arange(3), team=Team(1, None))
    for name in ("rotation", "ring", "independent"):
        blocks = schemes.make(name, groups=groups, n_perms=made, key=1).blocks(columns, 5, Team(1, None))
        labels = {row.tobytes() for block in blocks for row in block.labels(0, block.columns).T}
        assert len(labels) >= made
