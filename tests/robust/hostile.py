"""A small cohort under names of any kind, everything that the tools say of it, and the way back to plain names."""

from __future__ import annotations

import json
import warnings
from itertools import permutations

import anndata as ad
import numpy as np
import pandas as pd

import commscore as cs
from commscore._names import read_names

PAIRS = [
    ("CSF1", "CSF1R"), ("CDH1", "CDH1"), ("TGFB1", "TGFBR1_TGFBR2"), ("IL6", "IL6R_IL6ST"), ("CXCL12", "CXCR4"),
    ("VEGFA", "KDR"), ("CD274", "PDCD1"),
]  # fmt: skip
GROUPS, STAGES = ["g1", "g2", "g3", "g4"], ["c1", "c2", "c3"]
PATIENTS, FACTORS, BATCHES = ["p1", "p2", "p3", "p4"], ["f1", "f2"], ["b1", "b2"]
SAMPLES = [f"{c}_{i}" for c in STAGES for i in range(1, 5)]
COLUMNS = ["group", "stage", "sample", "patient", "factor", "batch"]
ROLES = {"tumour": ["g1"], "caf": ["g2", "g4"], "macrophage": ["g3"], "t_cell": ["g4"]}
FREE_TEXT = {"detail", "reason", "missing", "note", "text", "value"}
"""Columns of sentences: what they say is not compared letter by letter."""
SENTENCES = {"stand_ins"}
"""Columns with lists of sentences that hold names."""


class Names:
    """Plain name → name in the data, for labels, columns of ``obs`` and the layer of counts."""

    def __init__(self, label=str, column=None) -> None:
        labels = [*GROUPS, *STAGES, *PATIENTS, *FACTORS, *BATCHES, *SAMPLES]
        self.of = {name: label(name) for name in labels}
        self.columns = {name: (column or str)(name) for name in [*COLUMNS, "counts"]}

    def __call__(self, *names):
        return [self.of[n] for n in names]

    def back(self) -> dict[str, str]:
        """Return every text that stands in a cell → its plain twin."""
        found = {hostile: plain for plain, hostile in self.of.items()}
        found |= {hostile: plain for plain, hostile in self.columns.items()}
        for levels in (STAGES, FACTORS):
            for a, b in permutations(levels, 2):
                found[f"{self.of[a]} vs {self.of[b]}"] = f"{a} vs {b}"
        for a, b in permutations(STAGES, 2):
            for f in FACTORS:
                name, plain = f"{self.of[a]} vs {self.of[b]} | {self.of[f]}", f"{a} vs {b} | {f}"
                found |= {name: plain, f"{name} vs {self.of['f1']}": f"{plain} vs f1"}
        return found


def plain_cell(cell, back: dict[str, str]):
    """Return a cell under plain names: whole names, JSON lists of them, ``source → target`` of expectations."""
    if not isinstance(cell, str):
        return cell
    if cell in back:
        return back[cell]
    if cell.startswith("["):
        try:
            listed = _plain_list(json.loads(cell), back)
        except json.JSONDecodeError:
            return cell
        return listed[0] if len(listed) == 1 else json.dumps(listed)
    return cell


def plain_sentences(cell, back: dict[str, str]) -> list[str]:
    """Return the sentences in a cell, with the names inside them replaced, the longest first."""
    sentences = read_names(cell)
    for hostile in sorted(back, key=len, reverse=True):
        sentences = [s.replace(hostile, back[hostile]) for s in sentences]
    return sentences


def _plain_list(names: list, back: dict[str, str]) -> list:
    return [_plain_list(n, back) if isinstance(n, list) else back.get(n, n) for n in names]


def plain_table(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Return a table under plain names, rows sorted by all their text."""
    back, made = names.back(), {}
    for name in frame.columns:
        if name in FREE_TEXT:
            continue
        column = frame[name]
        text = not pd.api.types.is_numeric_dtype(column.dtype)
        read = plain_sentences if name in SENTENCES else plain_cell
        values = column.astype(object).map(lambda c, read=read: read(c, back)) if text else column
        values = values.map(str) if name in SENTENCES else values
        made[back.get(str(name), str(name))] = values.to_numpy()
    plain = pd.DataFrame(made)
    keys = [c for c in plain if plain[c].dtype == object]
    rows = ["\x00".join(map(str, row)) for row in plain[keys].to_numpy()]
    order = np.lexsort([*(plain[c].to_numpy() for c in plain if c not in keys), np.asarray(rows, str)])
    return plain.iloc[order].reset_index(drop=True)


def cohort(names: Names) -> ad.AnnData:
    """600 cells of 12 samples, log-normalised, raw counts in a layer; labels have an order that names do not change."""
    shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="g1", target="g3", log2fc=4, shape="growth")
    a = cs.ds.simulate(
        n_samples=4, n_cells=60, groups=GROUPS, conditions=STAGES, interactions=PAIRS, shifts=[shift], paired=True,
        n_background=15, rng=0,
    )  # fmt: skip
    a.uns.clear()
    index = {sample: i for i, sample in enumerate(SAMPLES)}
    at = a.obs["sample"].astype(str).map(index).to_numpy()
    values = {
        "group": a.obs["cell_type"].astype(str), "stage": a.obs["condition"].astype(str), "sample": a.obs["sample"],
        "patient": np.asarray(PATIENTS)[at % 4], "factor": np.asarray(FACTORS)[at % 2],
        "batch": np.asarray(BATCHES)[(at // 2) % 2],
    }  # fmt: skip
    order = {"group": GROUPS, "stage": STAGES, "sample": SAMPLES, "patient": PATIENTS, "factor": FACTORS,
             "batch": BATCHES}  # fmt: skip
    a.obs = pd.DataFrame(
        {
            names.columns[c]: pd.Categorical([names.of[str(v)] for v in values[c]], names(*order[c]), ordered=True)
            for c in COLUMNS
        },
        index=a.obs_names,
    )
    a.layers[names.columns["counts"]] = a.X.copy()
    a.obsm["spatial"] = np.random.default_rng(0).uniform(0, 300, (a.n_obs, 2))
    a.X = a.X.multiply(1e4 / np.asarray(a.X.sum(axis=1)).ravel()[:, None]).tocsr()
    a.X.data = np.log1p(a.X.data)
    return a


def run(names: Names, *, core: bool = False) -> ad.AnnData:
    """Run every tool that stores something, or the first ones."""
    a, c = cohort(names), names.columns
    table = pd.DataFrame(PAIRS, columns=["ligand", "receptor"])
    by = {"sample_key": c["sample"], "counts_layer": c["counts"], "min_cells": 3}
    keys = by | {"condition_key": c["stage"], "reference": names.of["c1"]}
    roles = {role: names(*groups) for role, groups in ROLES.items()}
    net = pd.DataFrame(
        {"source": [r.split("_")[0] for _, r in PAIRS], "target": [lig for lig, _ in PAIRS[1:] + PAIRS[:1]]}
    )
    targets = pd.DataFrame({"source": "P", "target": list(a.var_names[:15]), "weight": 1.0})
    contexts = dict(zip(names(*STAGES), ["stage=normal", "stage=invasive", "stage=metastatic"], strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few samples; what the tools say of them is tested elsewhere
        cs.tl.score(a, c["group"], resource=table, n_perms=20, expr_prop=0, groups=names(*GROUPS))
        cs.tl.compare(a, c["group"], resource=table, order=names(*STAGES), patient_key=c["patient"], **keys)
        whole = keys | {"min_cells": 2, "min_cells_sample": 2}
        cs.tl.circuits(a, c["group"], roles=roles, n_perms=9, **whole)
        cs.tl.therapies(a, condition_key=c["stage"], min_cells=2)
        cs.tl.loops(a, net=net, max_padj=None, n_perms=5)
        if core:
            return a
        cs.tl.score(a, c["group"], resource=table, method=["mean", "product", "specificity"], n_perms=9, expr_prop=0,
                    key_added="commscore_many")  # fmt: skip
        cs.tl.compare(a, c["group"], resource=table, factor_key=c["factor"], contrast=names.of["c2"],
                      key_added="commscore_factors", **keys)  # fmt: skip
        cs.tl.compare(a, c["group"], resource=table, test="permutation", covariates=[c["batch"]], n_perms=20,
                      key_added="commscore_permuted", **keys)  # fmt: skip
        cells = {k: v for k, v in keys.items() if k != "sample_key"}
        cs.tl.compare(a, c["group"], resource=table, test="cells", n_perms=9, key_added="commscore_cells", **cells)
        cs.tl.leave_one_out(a, resource=table)
        cs.tl.balance(a, c["group"], roles=roles, **keys)
        cs.tl.balance(a, c["group"], sign="roles", roles=roles, key_added="commscore_balance_roles", **keys)
        cs.tl.therapies(a, sample_key=c["sample"], min_cells=2, key_added="commscore_by_sample")
        cs.tl.expectations(a, c["group"], roles=roles, contexts=contexts, net=targets,
                           **{k: v for k, v in keys.items() if k != "reference"})  # fmt: skip
        cs.tl.recessive(a, max_padj=None, n_boot=3, sample_key=c["sample"])
        cs.tl.response(a, c["group"], net=targets, resource=table, **keys)
        cs.tl.spatial(a, c["group"], um_per_unit=1, sample_key=c["sample"], resource=table, min_cells=3)
    return a


def run_of_text(names: Names) -> ad.AnnData:
    """Run the first tools on labels that are text without an order, so that the natural one and no other holds."""
    a, c = cohort(names), names.columns
    a.obs = a.obs.astype(object)
    table = pd.DataFrame(PAIRS, columns=["ligand", "receptor"])
    keys = {"condition_key": c["stage"], "sample_key": c["sample"], "counts_layer": c["counts"], "min_cells": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs.tl.score(a, c["group"], resource=table, n_perms=20, expr_prop=0)
        cs.tl.compare(a, c["group"], resource=table, reference=names.of["c2"], contrast="pairwise", **keys)
        cs.tl.compare(a, c["group"], resource=table, reference=names.of["c2"], contrast=names("c3", "c1"),
                      patient_key=c["patient"], key_added="commscore_chosen", **keys)  # fmt: skip
    return a


def results(a: ad.AnnData) -> dict[str, pd.DataFrame]:
    """Return every table that is stored."""
    found = {}
    for key in [k for k in a.uns if k.startswith("commscore")]:
        stored = cs.get.load(a, key)
        tables = {"table": stored.table} | {n: f for n, f in stored.extra.items() if hasattr(f, "columns")}
        found |= {f"{key}/{name}": frame for name, frame in tables.items()}
    return found


def returned(a: ad.AnnData, names: Names) -> dict[str, pd.DataFrame]:
    """Return what the tools and getters say that store nothing."""
    c = names.columns
    table = pd.DataFrame(PAIRS, columns=["ligand", "receptor"])
    keys = {"contrast": names.of["c3"], "resource": table}
    g1, g3 = names("g1", "g3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = profile(a, names)
        found = {
            "calibrate": cs.tl.calibrate(a, n_shuffles=2, **keys),
            "power": cs.tl.power(a, n_samples=[3, 6], **keys),
            "roles": cs.tl.roles(a, c["group"], roles={r: names(*g) for r, g in ROLES.items()}),
            "profile": samples.var.assign(mean=np.nanmean(samples.X, axis=0)).reset_index(drop=True),
            "profile of samples": samples.obs.reset_index(drop=True),
        }
    return found | {
        "table": cs.get.table(a, source=g1, target=g3), "untested": cs.get.untested(a),
        "liana": cs.get.to_liana(a, sample=names.of["p1"]), "totals": cs.get.totals(a).reset_index(),
        "matrix": cs.get.matrix(a, max_padj=None).rename_axis(index="source", columns=None).reset_index(),
    }  # fmt: skip


def profile(a: ad.AnnData, names: Names) -> ad.AnnData:
    """Return samples × edges."""
    c = names.columns
    table = pd.DataFrame(PAIRS, columns=["ligand", "receptor"])
    keys = {"sample_key": c["sample"], "counts_layer": c["counts"], "min_cells": 3}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*begin or end with a blank")
        return cs.tl.profile(a, c["group"], resource=table, **keys)


def drawings(a: ad.AnnData, names: Names) -> dict:
    """Return plot → call."""
    c, samples = names.columns, profile(a, names)
    edge = {"interaction": "CSF1^CSF1R", "source": names.of["g1"], "target": names.of["g3"]}
    last = f"{names.of['c3']} vs {names.of['c1']}"
    one = {"contrast": last}
    every = {"max_padj": None}
    circuit = str(cs.get.load(a, "commscore_circuits").table["circuit"].iloc[0])
    return {
        "balance": lambda: cs.pl.balance(a), "by_sample": lambda: cs.pl.by_sample(
            samples, condition_key=c["stage"], comparison=a, response=a, contrast=last, target=names.of["g1"]),
        "chord": lambda: cs.pl.chord(a, **every), "circuit": lambda: cs.pl.circuit(a, circuit, contrast=last),
        "clustermap": lambda: cs.pl.clustermap(samples, condition_key=c["stage"]),
        "diff_network": lambda: cs.pl.diff_network(a, **one),
        "dotplot": lambda: cs.pl.dotplot(a, **every), "drivers": lambda: cs.pl.drivers(a, **one, **every),
        "expectations": lambda: cs.pl.expectations(a), "heatmap": lambda: cs.pl.heatmap(a, **every),
        "influence": lambda: cs.pl.influence(a, **one), "loops": lambda: cs.pl.loops(a),
        "network": lambda: cs.pl.network(a, **every),
        "proximity": lambda: cs.pl.proximity(a), "calibration": lambda: cs.pl.calibration(a),
        "spatial": lambda: cs.pl.spatial(a, "CSF1^CSF1R", source=names.of["g1"], target=names.of["g3"]),
        "quadrant": lambda: cs.pl.quadrant(a, **one),
        "response": lambda: cs.pl.response(a, max_padj=1.0, **one),
        "roles": lambda: cs.pl.roles(a, a, names=names("c1", "c2"), **every),
        "sankey": lambda: cs.pl.sankey(a, **every), "shapes": lambda: cs.pl.shapes(a, max_padj=1.0),
        "shift_heatmap": lambda: cs.pl.shift_heatmap(a, max_padj=1.0, **one),
        "spectrum": lambda: cs.pl.spectrum(a, **every), "therapies": lambda: cs.pl.therapies(a),
        "trend": lambda: cs.pl.trend(samples, **edge, stage_key=c["stage"], comparison=a),
        "volcano": lambda: cs.pl.volcano(a, **one),
    }  # fmt: skip
