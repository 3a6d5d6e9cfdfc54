"""Feedback loops and relays in stored scores."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.get import Result, store
from commscore.stats.multiple import benjamini_hochberg

EDGES = [
    # source, target, ligand, receptor, score
    ("A", "B", "L1", "R1_R2", 2.0),
    ("B", "A", "L2", "R3", 8.0),
    ("B", "C", "L3", "R4", 1.0),
    ("C", "A", "L4", "R5", 1.0),
    ("A", "A", "L1", "R6", 3.0),
    ("D", "B", "L5", "R7", 1.0),
    ("C", "D", "L5", "R7", 1.0),
    ("A", "D", "L5", "R7", 1.0),
]
NET = pd.DataFrame(
    [("R1", "T1", 1), ("T1", "L2", 1), ("R3", "T2", -2), ("T2", "L1", 0.5), ("R2", "L3", 1), ("R4", "L4", 1),
     ("R5", "L1", 1), ("R6", "L1", 1)],
    columns=["source", "target", "weight"],
)  # fmt: skip


def stored(edges=EDGES, padj=None):
    frame = pd.DataFrame(edges, columns=["source", "target", "ligand_complex", "receptor_complex", "score"])
    frame["interaction"] = frame["ligand_complex"] + "^" + frame["receptor_complex"]
    frame["padj"] = 0.01 if padj is None else padj
    for c in ("source", "target", "interaction", "ligand_complex", "receptor_complex"):
        frame[c] = frame[c].astype("category")
    adata = ad.AnnData(np.zeros((1, 1)))
    store(adata, "commscore", Result(frame, {"groupby": "g"}, {"name": "test", "version": "1", "sha256": ""}))
    return adata


def run(adata, **kwargs):
    return cs.tl.loops(adata, **({"net": NET, "n_perms": 50, "inplace": False} | kwargs))


def test_loops_are_closed_through_the_network():
    table = run(stored()).table
    loops = table[table["kind"] == "loop"]
    assert loops["groups"].tolist() == ['["A", "B", "A"]', '["A", "B", "C", "A"]', '["A", "A"]']
    first = loops.iloc[0]
    assert first["interactions"] == '["L1^R1_R2", "L2^R3"]'
    assert first["links"] == '["R1 ⇒ T1 ⇒ L2", "R3 ⇒ T2 ⇒ L1"]'
    assert first["sign"] == -1
    assert first["strength"] == pytest.approx(4)
    assert first["weakest"] == 2
    assert loops.iloc[1]["strength"] == pytest.approx(2 ** (1 / 3))
    assert loops.iloc[1]["sign"] == 1
    assert np.isnan(loops.iloc[2]["in_rewired"])  # autocrine
    relays = set(table.loc[table["kind"] == "relay", "groups"])
    assert {'["A", "B", "C"]', '["B", "C", "A"]', '["C", "A", "B"]'} <= relays
    assert '["A", "B", "A"]' not in relays


def test_the_sign_of_a_loop_has_the_effects_on_its_receptors():
    def loop(*effects):
        pairs = pd.DataFrame({"ligand": ["L1", "L2"], "receptor": ["R1_R2", "R3"], "effect": effects})
        found = run(stored(), resource=cs.rs.from_table(pairs, name="signs")).table
        return found[found["groups"] == '["A", "B", "A"]'].iloc[0][["sign", "n_unknown_effects"]].tolist()

    # one link of two is negative (T2)
    assert loop("activating", "activating") == [-1, 0]
    assert loop("inhibiting", "activating") == [1, 0]
    assert loop("inhibiting", "decoy") == [-1, 0]
    assert loop("unknown", "activating") == [-1, 1]
    assert run(stored()).table["n_unknown_effects"].iloc[0] == 2


def test_length_hops_and_thresholds():
    adata = stored()
    short = run(adata, max_length=2).table
    assert short.loc[short["kind"] == "loop", "length"].tolist() == [2, 1]
    near = run(adata, max_hops=1).table
    assert near.loc[near["kind"] == "loop", "groups"].tolist() == ['["A", "B", "C", "A"]', '["A", "A"]']
    strict = run(stored(padj=[0.01, 0.2, *[0.01] * 6]), max_padj=0.05).table
    assert '["A", "B", "A"]' not in set(strict["groups"])


def test_bounds_are_reported():
    few = run(stored(), max_loops=1)
    assert few.params["n_loops"] == 2
    assert few.params["n_listed"] == 1
    assert (few.table["kind"] == "relay").sum() == 1 < few.params["n_relays"]
    with pytest.warns(UserWarning, match="budget=1 did not suffice"):
        cut = run(stored(), budget=1)
    assert not cut.params["complete"]
    assert cut.table[["in_rewired", "strength_pvalue"]].isna().to_numpy().all()
    assert cut.extra["summary"]["pvalue"].isna().all()


def cohort_of_loops(planted, seed, n_groups=8):
    """Random edges between groups; if planted, four pairs of groups answer each other by A and B."""
    rng = np.random.default_rng(seed)
    groups = [f"g{i}" for i in range(n_groups)]
    edges = set()
    if planted:
        edges = {(groups[i], groups[i + 1], "LA", "RA") for i in range(0, n_groups, 2)}
        edges |= {(groups[i + 1], groups[i], "LB", "RB") for i in range(0, n_groups, 2)}
    while len(edges) < 40:
        a, b = rng.choice(n_groups, 2, replace=False)
        pair = [("LA", "RA"), ("LB", "RB"), ("LC", "RC"), ("LD", "RD"), ("LE", "RE")][rng.integers(5)]
        if not planted or pair[0] not in ("LA", "LB"):
            edges.add((groups[a], groups[b], *pair))
    return stored([(*e, 1.0) for e in sorted(edges)])


def test_planted_feedback_is_found_and_random_edges_are_not():
    net = pd.DataFrame({"source": ["RA", "RB"], "target": ["LB", "LA"]})
    power, false = [], []
    for seed in range(25):
        for planted, out in ((True, power), (False, false)):
            summary = run(cohort_of_loops(planted, seed), net=net, max_length=2, n_perms=99, rng=seed).extra["summary"]
            out.append(summary["pvalue"].iloc[0] <= 0.05)
    assert np.mean(power) >= 0.9
    assert np.mean(false) <= 0.12


def random_network(seed, *, n_groups=10, n_kinds=10, n_edges=60):
    """Random edges of random strength, and a network in which every fifth receptor leads to a given ligand."""
    rng = np.random.default_rng(seed)
    edges = set()
    while len(edges) < n_edges:
        (a, b), k = rng.choice(n_groups, 2, replace=False), rng.integers(n_kinds)
        edges.add((f"g{a}", f"g{b}", f"L{k}", f"R{k}"))
    ways = [(f"R{i}", f"L{j}") for i in range(n_kinds) for j in range(n_kinds) if i != j and (7 * i + 3 * j) % 5 == 0]
    scored = [(*e, s) for e, s in zip(sorted(edges), rng.lognormal(0, 0.5, n_edges), strict=True)]
    return stored(scored), pd.DataFrame(ways, columns=["source", "target"])


def test_loops_of_random_networks_are_not_called_significant():
    """The share of rewired networks with the loop, read as p and adjusted over the loops found, calls most networks."""
    share, strength, whole = [], [], []
    for seed in range(40):
        adata, net = random_network(seed)
        made = run(adata, net=net, max_length=2, n_perms=99, rng=seed)
        assert not {"pvalue", "padj"} & set(made.table)
        closed = made.table[(made.table["kind"] == "loop") & (made.table["length"] > 1)]
        assert closed["in_rewired"].between(0, 1).all()
        if len(closed):
            share.append(benjamini_hochberg((1 + 99 * closed["in_rewired"].to_numpy()) / 100).min() <= 0.05)
        strength.append(closed["strength_pvalue"].min() <= 0.05)
        whole.append(made.extra["summary"]["pvalue"].iloc[0] <= 0.05)
    assert np.mean(share) >= 0.5
    assert np.mean(strength) <= 0.15
    assert np.mean(whole) <= 0.15


def test_same_seed_same_bytes_and_storage(tmp_path):
    adata = stored()
    first, second = run(adata, rng=3), run(adata, rng=3)
    pd.testing.assert_frame_equal(first.table, second.table)
    run(adata, inplace=True)
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = cs.get.load(ad.read_h5ad(tmp_path / "a.h5ad"), "commscore_loops")
    assert back.schema == "commscore.loops/3"
    assert len(back.table) == len(first.table)
    assert list(back.extra) == ["summary"]


def test_steps_of_the_resource_close_loops():
    edges = [("CAF", "tumour", "IL6", "IL6R_IL6ST", 1.0), ("tumour", "CAF", "IL6", "IL6R_IL6ST", 1.0)]
    table = cs.tl.loops(stored(edges), n_perms=9, inplace=False).table
    assert table["groups"].tolist() == ['["CAF", "tumour", "CAF"]']
    assert table["links"].iloc[0] == '["IL6R_IL6ST ⇒ IL6", "IL6R_IL6ST ⇒ IL6"]'
    assert table[["sign", "n_unknown_effects"]].iloc[0].tolist() == [1, 0]


def test_nothing_linked_gives_an_empty_table():
    net = pd.DataFrame({"source": ["R1"], "target": ["nothing"]})
    found = run(stored(), net=net)
    assert len(found.table) == 0
    assert found.extra["summary"]["observed"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"net": NET.rename(columns={"source": "src"})}, ValueError, "net has no column 'source'"),
        ({"net": [1]}, TypeError, "net must be a pandas DataFrame"), ({"max_length": 1}, ValueError, "max_length"),
        ({"net": pd.DataFrame({"source": ["X"], "target": ["L1"]})}, ValueError, "no receptor of the stored result"),
        ({"score": "score_mean"}, KeyError, "score='score_mean' is not a column"),
        ({"max_padj": 0.001}, ValueError, "raise max_padj"),
        ({"key": "comscore"}, KeyError, "did you mean 'commscore'"),
        ({"max_len": 3}, TypeError, "did you mean 'max_length'"), ({"n_perms": 0}, ValueError, "n_perms"),
    ],
)  # fmt: skip
def test_errors(change, error, match):
    with pytest.raises(error, match=match):
        run(stored(), **change)
