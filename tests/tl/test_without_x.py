"""A layer is enough: no tool needs X where another matrix is named or holds the counts."""

from __future__ import annotations

import anndata as ad
import pandas as pd
import pytest
import scanpy as sc

import commscore as cs

KEYS = {"condition_key": "condition", "sample_key": "sample", "reference": "control"}
CONTEXTS = {"control": "stage=normal", "case": "stage=invasive"}
TOOLS = {
    "score": {"layer": "lognorm", "n_perms": 10},
    "compare": KEYS,
    "circuits": {"layer": "lognorm", "n_perms": 5} | KEYS,
    "expectations": {k: KEYS[k] for k in ("condition_key", "sample_key")} | {"contexts": CONTEXTS},
    "balance": {"sample_key": "sample"},
    "response": KEYS,
}


@pytest.fixture(scope="module")
def pair():
    """The same data with X and without."""
    whole = cs.ds.simulate(n_samples=3, n_cells=150, rng=0)
    logs = whole.copy()
    sc.pp.normalize_total(logs, target_sum=1e4)
    sc.pp.log1p(logs)
    whole.layers["lognorm"] = logs.X
    names = whole.obs["cell_type"].astype(str).replace({"T cell": "nameless"})  # guesses look at markers
    whole.obs["cell_type"] = pd.Categorical(names)
    return whole, ad.AnnData(obs=whole.obs, var=whole.var, layers=dict(whole.layers))


@pytest.mark.parametrize("tool", TOOLS)
def test_without_x_is_like_with_it(pair, tool):
    more = dict(TOOLS[tool])
    if tool == "response":
        more["net"] = pd.DataFrame({"source": "P", "target": [f"BG{i:04d}" for i in range(1, 31)], "weight": 1.0})
    with_x, without = (getattr(cs.tl, tool)(adata, "cell_type", inplace=False, **more).table for adata in pair)
    pd.testing.assert_frame_equal(with_x, without)
    assert len(without)


def test_roles_are_read_without_x(pair):
    with_x, without = (cs.tl.roles(adata, "cell_type").set_index("role")["groups"] for adata in pair)
    assert with_x.loc["caf"] == without.loc["caf"] == "CAF"


def test_the_report_says_how_much_of_the_resource_is_tested(pair, tmp_path):
    adata = pair[1].copy()
    cs.tl.score(adata, "cell_type", layer="lognorm", n_perms=10)
    cs.report.write(adata, tmp_path / "r.html", figures=False)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "22 of 327 interactions testable" in text
    assert "22 of its 327 interactions have their genes in the data" in text
