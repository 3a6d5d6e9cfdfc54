"""Circuits, sign switches and expected shifts: false positives and power over simulated cohorts.

    python benchmarks/circuits.py --out circuits.csv
    python benchmarks/circuits.py --parts null --cohorts 100

The circuits are those of the shipped resource, all of them, on eight groups of cells. Means over cohorts ± standard
error, the cohort being the unit (tests of one cohort share genes and cells).

*Null*: labels of the cells shuffled; fraction of p ≤ 0.05 and ≤ 0.01 of strength, weakest edge, all edges at once, and
single steps. *Power*: four circuits are planted, their genes ``fold`` times higher in the cells that the circuit names
than in all others; every other gene is equal everywhere. *Others* share no gene with them and are to stay quiet.
*Changes, null*: no change between conditions, with what varies between samples; *changes, power*: one end of
one communication step of one circuit is shifted. *Switch*: TGF-β's targets follow it up in one condition and down
in the other (planted), or up in both. *Expectations*: one expected shift, one against expectation, or none.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scanpy as sc

import commscore as cs
from commscore._names import read_names

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import planted

GROUPS = ["tumour", "CAF", "osteoblast", "osteoclast", "macrophage", "T cell", "endothelial", "adipocyte"]
KNOWN = cs.rs.load("breast")
STEPS = KNOWN.circuits[~KNOWN.circuits[["from", "to"]].apply(lambda c: c.str.contains("^met:|^MIR")).any(axis=1)]
PAIRS = sorted(set(zip(STEPS["from"], STEPS["to"], strict=True)))
GENES = sorted({g for pair in PAIRS for side in pair for g in side.split("_")})
KEYS = {"condition_key": "condition", "sample_key": "sample"}
SEEDS = {"null": 0, "power": 10_000, "changes": 20_000, "change_power": 30_000, "switch": 40_000, "expect": 50_000}


def simulate(levels, **options):
    options = {"n_samples": 1, "n_cells": 320, "n_background": 150, "concentration": None} | options
    a = cs.ds.simulate(groups=GROUPS, interactions=PAIRS, expressed=levels, **options)
    sc.pp.normalize_total(a, target_sum=1e4)
    sc.pp.log1p(a)
    return a


def flat(rng, *, low=0.3, high=2.0):
    """Every gene equally in all groups."""
    level = np.exp(rng.uniform(np.log(low), np.log(high), len(GENES)))
    return {g: dict.fromkeys(GROUPS, float(x)) for g, x in zip(GENES, level, strict=True)}


def circuits(a, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cs.tl.circuits(a, "cell_type", inplace=False, **options)


def rate(values, digits=3):
    """Mean over cohorts and its standard error."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return ""
    return f"{values.mean():.{digits}f} ± {values.std() / np.sqrt(values.size):.{digits}f}"


def share(p, alpha):
    p = np.asarray(p, float)
    p = p[np.isfinite(p)]
    return (p <= alpha).mean() if p.size else np.nan


# null and power of the circuits


def null(n, *, scheme):
    kept = []
    for seed in range(SEEDS["null"], SEEDS["null"] + n):
        rng = np.random.default_rng(seed)
        a = simulate(flat(rng), rng=seed, conditions=["one"])
        a.obs["cell_type"] = pd.Categorical(rng.permutation(a.obs["cell_type"].to_numpy()))
        made = circuits(a, n_perms=199, scheme=scheme, rng=seed)
        columns = [made.table[c] for c in ("pvalue", "weakest_pvalue", "all_pvalue")] + [made.extra["edges"]["pvalue"]]
        kept.append([share(p, alpha) for alpha in (0.05, 0.01) for p in columns] + [(made.table["padj"] <= 0.05).any()])
    names = [f"{c} ≤ {a}" for a in (0.05, 0.01) for c in ("strength p", "weakest p", "all p", "step p")]
    return {"scheme": scheme, "cohorts": n} | {
        name: rate(c) for name, c in zip([*names, "any padj ≤ 0.05"], zip(*kept, strict=True), strict=True)
    }  # fmt: skip


def parts(made):
    """Genes × groups of every circuit that is fully measured, with at least two steps that count."""
    edges = made.extra["edges"]
    whole = made.table.loc[(made.table["n_assessed"] == made.table["n_steps"]) & (made.table["n_steps"] > 1), "circuit"]
    found = {}
    for circuit in whole:
        own = edges[(edges["circuit"] == circuit) & (edges["sign"] > 0) & edges["in_strength"]]
        if (own["source_role"] != "any").all() and len(own) > 1:
            found[circuit] = {
                (gene, group) for row in own.to_dict("records") for end, side in (("from", "source"), ("to", "target"))
                for gene in row[end].split("_") for group in read_names(row[side])
            }  # fmt: skip
    return found


def power(n, *, fold, n_cells):
    first = circuits(simulate(flat(np.random.default_rng(0)), rng=0, conditions=["one"]), n_perms=1)
    known = parts(first)
    everything = {
        c: {g for e in ("from", "to") for x in own[e] for g in x.split("_")}
        for c, own in first.extra["edges"].groupby("circuit", observed=True)
    }  # fmt: skip
    kept = []
    for seed in range(SEEDS["power"], SEEDS["power"] + n):
        rng = np.random.default_rng(seed)
        levels, chosen = flat(rng, low=0.3, high=1.0), rng.choice(sorted(known), 4, replace=False)
        raised = {x for c in chosen for x in known[c]}
        for gene, group in raised:
            levels[gene][group] *= fold
        a = simulate(levels, rng=seed, n_cells=n_cells, conditions=["one"], donor_sd=0.0)
        table = circuits(a, n_perms=999, rng=seed).table.set_index("circuit")
        genes = {g for g, _ in raised}
        quiet = [c for c in table.index[table["pvalue"].notna()] if not everything[c] & genes]
        kept.append([*(share(table.loc[chosen, p], 0.05) for p in ("pvalue", "padj", "weakest_pvalue", "all_pvalue")),
                     share(table.loc[quiet, "pvalue"], 0.05)])  # fmt: skip
    names = ["strength p ≤ 0.05", "padj ≤ 0.05", "weakest p ≤ 0.05", "all p ≤ 0.05", "others p ≤ 0.05"]
    return {"fold": fold, "cells": n_cells, "cohorts": n} | {
        name: rate(c) for name, c in zip(names, zip(*kept, strict=True), strict=True)
    }  # fmt: skip


# change between conditions

CHANGES = {
    "3 v 3, no variation between donors": {"n_samples": 3, "donor_sd": 0.0},
    "3 v 3, donor sd 0.25": {"n_samples": 3},
    "5 v 5, donor sd 0.25": {"n_samples": 5},
    "5 v 5, donor sd 0.5": {"n_samples": 5, "donor_sd": 0.5},
    "3 v 7, donor sd 0.25": {"n_samples": {"control": 3, "case": 7}},
    "5 v 5, half the depth": {"n_samples": 5, "depth": {"case": 0.5}},
    "5 v 5, a quarter of the depth": {"n_samples": 5, "depth": {"case": 0.25}},
    "5 v 5, cells 5 : 1": {"n_samples": 5, "n_cells": {"control": 1000, "case": 200}},
    "3 v 7, cells 1 : 5": {"n_samples": {"control": 3, "case": 7}, "n_cells": {"control": 200, "case": 1000}},
    "4 pairs, patients sd 0.5": {"n_samples": 4, "paired": True, "patient_key": "patient"},
    "4 stages × 3": {"n_samples": 3, "conditions": ["s1", "s2", "s3", "s4"], "order": ["s1", "s2", "s3", "s4"]},
}


def changes(n, *, name):
    options = CHANGES[name]
    tool = {k: options[k] for k in ("patient_key", "order") if k in options}
    kept = []
    for seed in range(SEEDS["changes"], SEEDS["changes"] + n):
        a = simulate(flat(np.random.default_rng(seed)), rng=seed, **{k: v for k, v in options.items() if k not in tool})
        table = circuits(a, n_perms=1, rng=seed, **KEYS, **tool).extra["changes"]
        if "order" in tool:
            table = table[table["contrast"] == "stages"]
        whole, steps = table[table["step"] == 0], table[table["step"] > 0]
        kept.append([share(whole["pvalue"], 0.05), share(whole["any_pvalue"], 0.05), share(steps["pvalue"], 0.05),
                     (whole["padj"] <= 0.05).any(), (whole["any_padj"] <= 0.05).any()])  # fmt: skip
    names = ["circuit p ≤ 0.05", "any-step p ≤ 0.05", "step p ≤ 0.05", "a circuit padj ≤ 0.05",
             "an any-step padj ≤ 0.05"]  # fmt: skip
    return {"cohorts of": name, "n": n} | {m: rate(c) for m, c in zip(names, zip(*kept, strict=True), strict=True)}


def change_power(n, *, n_samples, log2fc):
    base = circuits(simulate(flat(np.random.default_rng(0)), rng=0, conditions=["one"]), n_perms=1).extra["edges"]
    base = base[base["score"].notna() & base["in_strength"]]
    talk = base[(base["edge"] == "communication") & (base["source_role"] != "any") & (base["target_role"] != "any")]
    talk = talk[[all(len(read_names(cell)) == 1 for cell in ends) for ends in talk[["source", "target"]].to_numpy()]]
    talk = talk[(talk["gates"] == "") & (talk["from"] != talk["to"])]  # where what is planted is what should be seen
    talk = talk[talk["circuit"].isin(base["circuit"].value_counts().loc[lambda c: c.between(2, 5)].index)]
    kept = []
    for seed in range(SEEDS["change_power"], SEEDS["change_power"] + n):
        rng = np.random.default_rng(seed)
        row = talk.iloc[rng.integers(len(talk))]
        side = ("ligand", "receptor")[rng.integers(2)]
        shift = cs.ds.Shift(interaction=(row["from"], row["to"]), source=row["source"], target=row["target"],
                            driver=side, log2fc=log2fc)  # fmt: skip
        a = simulate(flat(rng), rng=seed, n_samples=n_samples, shifts=[shift])
        table = circuits(a, n_perms=1, rng=seed, **KEYS).extra["changes"].set_index(["circuit", "step"])
        own, step = table.loc[(row["circuit"], 0)], table.loc[(row["circuit"], row["step"])]
        found = own["any_padj"] <= 0.05
        named = str(own["driver"]).startswith(f"{row['step']} ") if found else np.nan
        kept.append([step["padj"] <= 0.05, own["padj"] <= 0.05, found, named, step["effect"] - log2fc,
                     step["ci_low"] <= log2fc <= step["ci_high"]])  # fmt: skip
    names = ["step padj ≤ 0.05", "circuit padj ≤ 0.05", "any-step padj ≤ 0.05", "driver is the step, of these",
             "effect − planted", "interval covers"]  # fmt: skip
    return {"samples per condition": n_samples, "log2fc": log2fc, "cohorts": n} | {
        m: rate(c) for m, c in zip(names, zip(*kept, strict=True), strict=True)
    }  # fmt: skip


# sign switches and expectations


def switch(n, *, n_samples, slopes):
    kept = []
    for seed in range(SEEDS["switch"], SEEDS["switch"] + n):
        a, net = planted.sign_switch(n_samples, seed=seed, signs=slopes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = cs.tl.response(a, "cell_type", net=net, order=["early", "late"], **KEYS, inplace=False)
        table = found.extra["switches"]
        true = (table["source"] == "CAF") & (table["target"] == "tumour") & (table["pathway"] == "TGFb")
        true &= table["interaction"].astype(str).str.startswith("TGFB1^")
        kept.append([table.loc[true, "sign_switch"].any(), table.loc[true, "pvalue"].min() <= 0.05,
                     table.loc[table["target"] != "tumour", "sign_switch"].any()])  # fmt: skip
    names = ["called a switch", "slopes differ, p ≤ 0.05", "a switch called in other cells"]
    return {"slopes": f"{slopes[0]:+g} and {slopes[1]:+g}", "samples per condition": n_samples, "cohorts": n} | {
        m: rate(c) for m, c in zip(names, zip(*kept, strict=True), strict=True)
    }  # fmt: skip


CONTEXTS = {"primary": "stage=invasive;site=primary", "bone": "stage=metastatic;site=bone"}
EXPECTED = cs.ds.Shift(interaction="CXCL12^CXCR4", source="CAF", target="tumour", driver="receptor", log2fc=1)
AGAINST = cs.ds.Shift(interaction="JAG1^NOTCH1", source="tumour", target="endothelial", log2fc=-1)


def expect(n, *, n_samples, log2fc):
    kept = []
    for seed in range(SEEDS["expect"], SEEDS["expect"] + n):
        shifts = [] if log2fc == 0 else [
            cs.ds.Shift(interaction=s.interaction, source=s.source, target=s.target, driver=s.driver,
                        log2fc=s.log2fc * log2fc) for s in (EXPECTED, AGAINST)
        ]  # fmt: skip
        a = cs.ds.simulate(n_samples=n_samples, n_cells=320, conditions=["primary", "bone"], shifts=shifts, rng=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = cs.tl.expectations(a, "cell_type", contexts=CONTEXTS, **KEYS, inplace=False).table
        table = table[table["from_context"].isin(["site=primary", "stage=invasive;site=primary"])]
        verdict = table["verdict"].astype(str)
        assessed = table[verdict != "not_assessable"]
        right = verdict[(table["what"] == "CXCR4") & (table["role"].astype(str).str.contains("tumour"))]
        wrong = verdict[(table["what"] == "JAG1") & (table["role"].astype(str).str.contains("tumour"))]
        rest = assessed[~assessed["what"].astype(str).str.contains("CXCR4|JAG1")]["verdict"]
        kept.append([(right == "confirmed").mean(), (right == "contradicted").mean(), (wrong == "contradicted").mean(),
                     (wrong == "confirmed").mean(), rest.isin(["confirmed", "contradicted"]).mean()])  # fmt: skip
    names = ["expected: confirmed", "expected: contradicted", "against: contradicted", "against: confirmed",
             "others with a verdict"]  # fmt: skip
    return {"samples per condition": n_samples, "|log2fc|": log2fc, "cohorts": n} | {
        m: rate(c) for m, c in zip(names, zip(*kept, strict=True), strict=True)
    }  # fmt: skip


SLOPES = ((1.0, -1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0))


def jobs(n):
    """Tables, rows in order; ``n`` cohorts of a null, fewer where a cohort takes long."""
    some, few = max(n // 6, 5), max(n // 10, 5)
    schemes = {"rotation": n, "ring": max(n // 4, 5), "independent": max(n // 4, 5)}
    return {
        "null": [(null, m, {"scheme": s}) for s, m in schemes.items()],
        "power": [(power, few, {"fold": f, "n_cells": c}) for c in (320, 1280) for f in (1.25, 1.5, 2.0, 4.0)],
        "changes": [(changes, some, {"name": name}) for name in CHANGES],
        "change_power": [(change_power, some, {"n_samples": m, "log2fc": x}) for m in (3, 5, 8) for x in (1.0, 2.0)],
        "expect": [(expect, few, {"n_samples": m, "log2fc": x}) for m in (3, 5) for x in (0.0, 1.0, 2.0)],
        "switch": [(switch, few, {"n_samples": m, "slopes": s}) for m in (6, 10) for s in SLOPES],
    }


def markdown(rows):
    frame = pd.DataFrame(rows)
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * frame.shape[1]]
    return "\n".join(lines + ["| " + " | ".join(map(str, r)) + " |" for r in frame.itertuples(index=False)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=1000, help="cohorts of the null (default 1000)")
    parser.add_argument("--parts", nargs="+", default=list(jobs(0)), choices=list(jobs(0)))
    parser.add_argument("--out", help="csv that every finished row is appended to")
    ask = parser.parse_args()
    for part in ask.parts:
        rows = []
        for function, n, options in jobs(ask.cohorts)[part]:
            start = time.perf_counter()
            rows.append(function(n, **options))
            took = time.perf_counter() - start
            sys.stderr.write(f"{part} {options}: {took:.0f} s {rows[-1]}\n")
            if ask.out:
                frame = pd.DataFrame(
                    {"part": part, "row": len(rows), "what": list(rows[-1]), "value": list(rows[-1].values())}
                )
                frame.to_csv(ask.out, mode="a", index=False, header=False)
        sys.stdout.write(f"\n## {part}\n\n{markdown(rows)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
