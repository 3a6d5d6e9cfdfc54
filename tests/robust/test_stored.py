"""Stored results that were damaged or no longer fit the data, and networks that are none: a clear error each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.study.nets import read_net

PAIRS = pd.DataFrame({"ligand": ["A", "B", "C"], "receptor": ["C", "D", "A"]})


@pytest.fixture
def scored():
    import anndata as ad

    rng = np.random.default_rng(0)
    obs = pd.DataFrame({"g": list("uvw") * 30, "c": list("xy") * 45}, index=[f"c{i}" for i in range(90)])
    x = rng.gamma(2.0, 0.5, (90, 4)) * (rng.random((90, 4)) > 0.1)  # without zeros it would be denoised
    a = ad.AnnData(x.astype(np.float32), obs=obs, var=pd.DataFrame(index=list("ABCD")))
    cs.tl.score(a, "g", resource=PAIRS, n_perms=5)
    return a


@pytest.mark.parametrize("damage", [{"table": "x"}, {"params": "x"}, {"params": None}, {"resource": 3}])
def test_what_was_damaged_in_uns(scored, damage):
    scored.uns["commscore"] = scored.uns["commscore"] | damage
    with pytest.raises(KeyError, match=r"adata.uns\['commscore'\] is damaged.*run .*cs.tl.score,? again"):
        cs.get.table(scored)


def test_a_table_joined_by_hand_has_its_totals(scored):
    want = cs.get.matrix(scored, max_padj=None)
    table = cs.get.table(scored)
    scored.uns["commscore"] = scored.uns["commscore"] | {"table": table.astype({"source": str, "target": str})}
    pd.testing.assert_frame_equal(cs.get.matrix(scored, max_padj=None), want, check_names=False)


def test_nothing_to_look_for_below_the_strongest(scored):
    scored.uns["commscore"] = scored.uns["commscore"] | {"table": cs.get.table(scored).iloc[:0]}
    with pytest.raises(ValueError, match=r"the table of adata.uns\['commscore'\] has no row"):
        cs.tl.recessive(scored, max_padj=None)


TOOLS = {
    "recessive": lambda a: cs.tl.recessive(a, max_padj=None, n_boot=2),
    "therapies by condition": lambda a: cs.tl.therapies(a, condition_key="c", roles={"tumour": "u"}),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_cells_that_were_scored_and_are_gone(scored, tool):
    part = scored[scored.obs["g"] != "v"].copy()
    with pytest.raises(ValueError, match=r"v of the stored result has no cell in adata.obs\['g'\]; use the adata that"):
        TOOLS[tool](part)
    assert set(part.uns) == {"commscore"}


NET = {"source": ["C", "A"], "target": ["B", "C"], "weight": [1.0, -1.0]}


def test_networks_with_rows_that_say_nothing(scored):
    def loops(net):
        return cs.tl.loops(scored, net=net, max_padj=None, n_perms=2, inplace=False).table

    want = loops(pd.DataFrame(NET))
    assert len(want)
    twice = pd.concat([pd.DataFrame(NET), pd.DataFrame(NET)])  # the same numbers of rows twice
    pd.testing.assert_frame_equal(loops(twice), want)
    nameless = pd.concat([pd.DataFrame(NET), pd.DataFrame({"source": [None], "target": ["B"], "weight": [1.0]})])
    pd.testing.assert_frame_equal(loops(nameless), want)
    with pytest.raises(ValueError, match=r"net: weights must be numbers, found 'up' \(2 rows\)"):
        loops(pd.DataFrame(NET | {"weight": ["up", "up"]}))
    with pytest.raises(ValueError, match="net: 1 rows have no source or no target; drop them"):
        read_net(nameless, scored.var_names)
