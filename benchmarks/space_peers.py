"""Tools for tissues beside ``cs.tl.spatial``: what a call costs, and how often it calls pairs that do not bind.

    python benchmarks/space_peers.py                                 # all inputs, all tools
    python benchmarks/space_peers.py xenium smooth --tools ours liana_bivariate

Every tool runs in its own process on one thread, from a loaded AnnData to its result, after a tiny call. Peak memory is
beyond the loaded data. Pairs are those of single genes of LIANA's consensus resource, and as many decoys: each ligand
with the receptor of another ligand, next in mean expression. COMMOT gets ten pairs, and has no p-value here.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import warnings
from pathlib import Path

import anndata as ad
import data
import numpy as np
import pandas as pd
import peers
import scanpy as sc
from execute import RUNNERS, SINGLE, machine

import commscore as cs

TOOLS = ("ours", "liana_bivariate", "liana_inflow", "squidpy", "laris", "commot")
PERMUTATIONS = {"liana_bivariate": 0, "liana_inflow": 100, "squidpy": 1000}  # 0: LIANA's analytic p
INPUTS = ("her2st", "xenium", "big", "smooth", "rough")
RANGE = {"her2st": 200.0, "xenium": 50.0, "big": 50.0, "smooth": 100.0, "rough": 100.0}
SPOTS = ("her2st", "smooth", "rough")
OF_PLACE = ("ours", "liana_bivariate")  # the others ask whether types express the pair, which the types here do
APART = 1e5  # µm between sections


def normalised(adata: ad.AnnData) -> ad.AnnData:
    """Return what the tools need of a data set, log-normalised."""
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    columns = [c for c in adata.obs if c in ("sample", "cell_type") or c.startswith("prop_")]
    slim = ad.AnnData(adata.X, obs=adata.obs[columns], var=pd.DataFrame(index=adata.var_names))
    slim.obsm["spatial"] = np.asarray(adata.obsm["spatial"], float)
    return slim


def her2st() -> ad.AnnData:
    """Eight patients, in µm, each section apart."""
    adata = normalised(cs.ds.fetch("breast_her2st_annotated8"))
    adata.obsm["spatial"] *= 200
    adata.obsm["spatial"][:, 0] += APART * adata.obs["sample"].cat.codes.to_numpy()
    return adata


def xenium() -> ad.AnnData:
    """10,000 cells, in µm."""
    return normalised(cs.ds.fetch("breast_xenium10k"))


def big() -> ad.AnnData:
    """100,000 simulated cells of 12 types, 300 pairs, nothing coupled."""
    pairs = [(f"L{i % 100}", f"R{i}") for i in range(300)]
    options = {"n_background": 20, "field_range": 0.0, "rng": 0}
    return normalised(
        cs.ds.simulate_tissue(n_cells=100_000, groups=tuple("ABCDEFGHIJKL"), interactions=pairs, **options)
    )


def smooth(reach: float = 300.0) -> ad.AnnData:
    """1,000 spots of two mixed types; every gene has a smooth field of its own, and nothing is coupled."""
    pairs = [(f"L{i}", f"R{i}") for i in range(300)]
    options = {"density": 2000.0, "clustering": 0.0, "n_background": 20, "rng": 0}
    adata = cs.ds.simulate_tissue(
        n_cells=20_000, groups=("A", "B"), interactions=pairs, field_range=reach, spot_pitch=100, **options
    )
    adata.obs["cell_type"] = pd.Categorical(np.where(adata.obs["prop_A"] > 0.5, "A", "B"))
    return normalised(adata)


def rough() -> ad.AnnData:
    """The same spots without any smoothness."""
    return smooth(0.0)


def pairs_of(adata: ad.AnnData, name: str) -> pd.DataFrame:
    """Return known pairs (of simulated inputs: those of the simulation) and, of real ones, as many decoys."""
    if name not in ("her2st", "xenium"):
        genes = [g for g in adata.var_names if g.startswith("R")]
        every = {g: int(g[1:]) for g in genes if g[1:].isdigit()}
        n_ligands = sum(g.startswith("L") and g[1:].isdigit() for g in adata.var_names)
        return pd.DataFrame(
            [(f"L{i % n_ligands}", g, 0) for g, i in every.items()], columns=["ligand", "receptor", "decoy"]
        )
    table = data.pairs()[0][["ligand", "receptor"]].drop_duplicates()
    seen = np.asarray((adata.X > 0).mean(axis=0)).ravel()
    least = set(adata.var_names[seen >= 0.05])
    table = table[table["ligand"].isin(least) & table["receptor"].isin(least)].reset_index(drop=True)
    known = set(zip(table["ligand"], table["receptor"], strict=True))
    level = pd.Series(np.asarray(adata.X.mean(axis=0)).ravel(), adata.var_names)
    receptors = level[table["receptor"].unique()].sort_values()
    rows = []
    for ligand, receptor in sorted(known):
        order = (receptors - receptors[receptor]).abs().sort_values(kind="stable").index
        rows += [(ligand, r, 1) for r in order if (ligand, r) not in known | {(a, b) for a, b, _ in rows}][:1]
    decoys = pd.DataFrame(rows, columns=["ligand", "receptor", "decoy"])
    return pd.concat([table.assign(decoy=0), decoys], ignore_index=True)


def prepared(name: str) -> tuple[Path, Path, int]:
    """Return the files of an input and of its pairs, written once."""
    file, table = data.CACHE / f"space_{name}.h5ad", data.CACHE / f"space_{name}.tsv"
    data.CACHE.mkdir(exist_ok=True)
    if not file.exists():
        adata = globals()[name]()
        pairs = pairs_of(adata, name)
        pairs.to_csv(table, sep="\t", index=False)
        genes = pd.unique(pairs[["ligand", "receptor"]].to_numpy().ravel())
        adata = adata[:, adata.var_names.isin(genes)].copy() if name == "her2st" else adata
        adata.write_h5ad(file)
    return file, table, len(pd.read_csv(table, sep="\t"))


def run(tool: str, name: str, *, memory_gb: float, timeout: int) -> dict[str, object]:
    """Cost and shares of one tool on one input, or ``error``."""
    file, pairs, _ = prepared(name)
    tiny = data.CACHE / f"space_{name}_tiny.h5ad"
    if not tiny.exists():
        adata = ad.read_h5ad(file)
        adata[: min(1500, adata.n_obs)].copy().write_h5ad(tiny)
    n_perms = PERMUTATIONS.get(tool, 0)
    task = {"tool": tool, "data": str(file), "tiny": str(tiny), "pairs": str(pairs), "spots": name in SPOTS}
    task |= {"range": RANGE[name], "n_perms": n_perms, "tiny_perms": min(n_perms, 20), "repeats": 3}
    environment = {**os.environ, **SINGLE, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    if tool != "ours":
        environment.pop("PYTHONPATH", None)
    limit = int(memory_gb * 2**30)
    interpreter = peers.python("rotation" if tool == "ours" else tool.partition("_")[0])
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        try:
            done = subprocess.run(
                [interpreter, str(RUNNERS / "in_space.py"), json.dumps(task), out.name], env=environment,
                capture_output=True, text=True, timeout=timeout, check=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"error": f"more than {timeout} s"}
        text = Path(out.name).read_text()
    return json.loads(text) if text else {"error": (done.stderr.strip().splitlines() or [str(done.returncode)])[-1]}


def row(tool: str, name: str, cost: dict, *, base: float | None) -> str:
    """One line of the table."""
    if "error" in cost:
        return f"| {name} | {tool} | failed: {cost['error'][:90]} | | | | | |"
    shares = [
        f"{cost[k][1]:.3f} / {cost[k][2]:.3f} ({cost[k][0]:,})" if cost.get(k) else "" for k in ("known", "decoy")
    ]
    ratio = f"{cost['cpu_s'] / base:.1f}" if base else ""
    return (
        f"| {name} | {tool} {cost['version']} | {cost['n_tests']:,} | {cost['cpu_s']:.2f} | {ratio} "
        f"| {cost['peak_mb']:.0f} | {shares[0]} | {shares[1]} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", default=INPUTS)
    parser.add_argument("--tools", nargs="+", default=TOOLS)
    parser.add_argument("--memory", type=float, default=10, help="GB that a tool may take")
    parser.add_argument("--timeout", type=int, default=1200, help="seconds that a tool may take")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(machine(), "\n")
    print(
        "| input | tool | tests | CPU s | ratio to ours | MB beyond data | known: p ≤ 0.05 / 0.01 (tests) | decoys |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for name in options.inputs:
        base = None
        for tool in (t for t in options.tools if name not in ("smooth", "rough") or t in OF_PLACE):
            cost = run(tool, name, memory_gb=options.memory, timeout=options.timeout)
            base = cost.get("cpu_s") if tool == "ours" else base
            print(row(tool, name, cost, base=base), flush=True)


if __name__ == "__main__":
    main()
