"""The list of methods, their parameters, and how calls name them."""

from __future__ import annotations

import dataclasses

import anndata as ad
import numpy as np
import pytest

import commscore as cs
from commscore import scores as scoring


def test_table_lists_every_method():
    table = cs.tl.methods()
    assert list(table["method"]) == sorted(scoring.available())
    assert {
        "mean",
        "product",
        "geometric",
        "hill",
        "specificity",
        "scaled",
        "regularised",
        "logfc",
        "inter_score",
        "zscore",
        "consensus",
    } <= set(table["method"])
    assert table["doi"].str.fullmatch(r"10\.\d{4}/\S+").all()
    assert (table["lowest"] < table["highest"]).all()
    assert set(table["strong"]) == {"high", "low"}
    assert list(table.loc[table["strong"] == "low", "method"]) == ["consensus"]
    assert set(table["measures"]) == {"magnitude", "specificity", "magnitude and specificity"}
    assert set(table.loc[table["analytic"], "method"]) == {"mean", "product", "geometric", "regularised"}
    assert (table["summary"].str.len() > 20).all()


def test_aliases_are_unique():
    aliases = [a for m in scoring.available().values() for a in (getattr(m, "aliases", None) or ()) if a]
    assert len(set(aliases)) == len(aliases)


def test_parameters(small, interactions):
    run = lambda m: cs.tl.score(small, "cell_type", resource=interactions, method=m, null=None, inplace=False)  # noqa: E731
    result = run(["mean", cs.tl.method("regularised", mu=0.5)])
    root = np.sqrt(result.table["ligand_mean"] * result.table["receptor_mean"])
    np.testing.assert_allclose(result.table["score_regularised"], root / (root + 0.5), rtol=1e-12)
    assert result.params["parameters"] == {"regularised": {"mu": 0.5}}
    assert list(result.params["method"]) == ["mean", "regularised"]
    assert run("mean").params["parameters"] == {}


def test_parameters_survive_a_file(small, interactions, tmp_path):
    cs.tl.score(small, "cell_type", resource=interactions, method="consensus", n_perms=20)
    small.write_h5ad(tmp_path / "a.h5ad")
    back = cs.get.params(ad.read_h5ad(tmp_path / "a.h5ad"))
    assert back["parameters"]["hill"]["K"] == 0.5
    assert back["parameters"]["consensus"]["magnitude"] == "mean,product,hill,inter_score"


def test_consensus_computes_each_method_once(small, interactions):
    table = cs.tl.score(
        small,
        "cell_type",
        resource=interactions,
        method=["product", "consensus", "geometric"],
        n_perms=20,
        inplace=False,
    ).table
    scores = [c.removeprefix("score_") for c in table if c.startswith("score_")]
    assert scores == ["product", "geometric", "mean", "hill", "inter_score", "specificity", "scaled", "logfc"]


def test_background_is_of_all_genes_and_the_cells_that_take_part(small, interactions):
    part = small[small.obs["cell_type"] != "a"]
    table = cs.tl.score(
        small,
        "cell_type",
        resource=interactions,
        method="regularised",
        null=None,
        groups=["b", "c", "d"],
        inplace=False,
    ).table
    root = np.sqrt(table["ligand_mean"] * table["receptor_mean"])
    np.testing.assert_allclose(table["score"], root / (root + part.X.toarray().astype(float).mean()), rtol=1e-9)
    for container in ("csc", "dense"):
        other = small.copy()
        other.X = small.X.tocsc() if container == "csc" else small.X.toarray()
        again = cs.tl.score(
            other,
            "cell_type",
            resource=interactions,
            method="regularised",
            null=None,
            groups=["b", "c", "d"],
            inplace=False,
        ).table
        np.testing.assert_allclose(again["score"], table["score"], rtol=1e-12)


def test_refused(small, interactions):
    def run(method, **kwargs):
        cs.tl.score(small, "cell_type", resource=interactions, method=method, n_perms=5, inplace=False, **kwargs)

    with pytest.raises(ValueError, match=r"method='meen' is not one of .*; did you mean 'mean'"):
        run("meen")
    with pytest.raises(ValueError, match="list of different names"):
        run(["mean", "mean"])
    with pytest.raises(ValueError, match="list of different names"):
        run([cs.tl.method("hill", K=1), "hill"])
    with pytest.raises(ValueError, match=r"method is empty \(\[\]\); name at least one"):
        run([])
    with pytest.raises(TypeError, match=r"what cs\.tl\.method returns, or a list of these, found int"):
        run(["mean", 3])
    with pytest.raises(ValueError, match=r"method='zscore' is a distance .* needs null='permutation', found None"):
        run("zscore", null=None)
    with pytest.raises(TypeError, match=r"method 'hill' has no parameter 'k' \(it has K, n, trim"):
        cs.tl.method("hill", k=1)
    with pytest.raises(TypeError, match=r"method 'mean' has no parameter 'K' \(it has none\)"):
        cs.tl.method("mean", K=1)
    with pytest.raises(ValueError, match="of='zscore' cannot be standardised"):
        cs.tl.method("zscore", of="zscore")
    with pytest.raises(ValueError, match="mu must be a number > 0"):
        cs.tl.method("regularised", mu=0)
    with pytest.raises(ValueError, match="more than one combination"):
        run(["consensus", dataclasses.replace(scoring.get("consensus"), name="other")])
