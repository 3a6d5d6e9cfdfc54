"""Plant responses: target genes of a pathway follow a given activity in a group of each sample."""

from __future__ import annotations

import numpy as np
from scipy import sparse

import commscore as cs


def rename_background(adata, pathways=("TGFb", "EGFR", "JAK-STAT")):
    """Call background genes like the targets of these PROGENy pathways; return the part of the net that is there."""
    net = cs.rs.progeny()
    net = net[net["source"].isin(pathways)].drop_duplicates("target")
    background = [g for g in adata.var_names if g.startswith("BG")]
    assert len(background) >= len(net) - 20
    free = [t for t in net["target"] if t not in adata.var_names][: len(background)]
    new = dict(zip(background, free, strict=False))
    adata.var_names = [new.get(g, g) for g in adata.var_names]
    return net[net["target"].isin(adata.var_names)][["source", "target", "weight"]].reset_index(drop=True)


def plant(adata, net, *, group, activity, groupby="cell_type", seed=0):
    """Multiply the counts of the targets by 2^(activity[sample] · scaled weight), drawn again as Poisson."""
    rng = np.random.default_rng(seed)
    counts = adata.layers["counts"].toarray().astype(float)
    weight = net["weight"].to_numpy() / np.sqrt((net["weight"] ** 2).mean())
    at = adata.var_names.get_indexer(net["target"])
    for sample, a in activity.items():
        cells = np.flatnonzero((adata.obs["sample"] == sample) & (adata.obs[groupby] == group))
        counts[np.ix_(cells, at)] = rng.poisson(counts[np.ix_(cells, at)] * 2.0 ** (a * weight))
    adata.X = adata.layers["counts"] = sparse.csr_matrix(counts.astype(np.float32))
    return adata


def edge_strength(adata, *, source, target, interaction):
    """log2(ligand × receptor) of each sample."""
    p = cs.tl.profile(adata, "cell_type", sample_key="sample", expr_prop=0.0)
    name = f"{source}|{target}|{interaction}"
    return dict(zip(p.obs_names, p.X[:, p.var_names.get_loc(name)], strict=True))


def sign_switch(n=6, *, slope=1.0, groups=("tumour", "CAF", "macrophage"), seed=0, signs=(1.0, -1.0)):
    """TGF-β from CAF on tumour: its targets rise with it early and fall with it late; TGFB1 itself does not change.

    ``signs`` (early, late) times ``slope`` is how they follow it.
    """
    expressed = {"TGFB1": {"CAF": 2.0}, "TGFBR1": {"tumour": 2.0}, "TGFBR2": {"tumour": 2.0}}
    adata = cs.ds.simulate(
        n_samples=n, n_cells=300, conditions=("early", "late"), groups=list(groups), donor_sd=0.5,
        expressed=expressed, rng=seed,
    )  # fmt: skip
    net = rename_background(adata)
    tgfb = net[net["source"] == "TGFb"]
    strength = edge_strength(adata, source="CAF", target="tumour", interaction="TGFB1^TGFBR1_TGFBR2")
    centre = np.mean(list(strength.values()))
    sign = {s: signs[0] if s.startswith("early") else signs[1] for s in strength}
    plant(adata, tgfb, group="tumour", activity={s: slope * sign[s] * (v - centre) for s, v in strength.items()})
    return adata, net
