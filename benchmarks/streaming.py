"""Memory and time of scoring from a zarr store, against the same cells in memory.

    python benchmarks/streaming.py --cells 200000 1000000 5000000

Cells are drawn with replacement from 100,000 simulated ones (``data.py``'s model: 20 groups, log-normalised float32)
and given a new depth; the store (2,000 genes, about 8 % filled) is written block by block and deleted afterwards.
Every run is a process of its own after a tiny call that loads and compiles. Peak memory is the largest resident set
during the call, sampled every 10 ms, less what was resident before it; a run in memory counts reading the store,
too. No chunk is cached between reads (zarr has no cache of its own).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

CACHE = Path(__file__).parent / ".cache"
N_GENES, N_PAIRS, POOL, BLOCK, TINY = 2000, 4000, 100_000, 50_000, 2_000
COMPARED = ["source", "target", "interaction", "score", "pvalue"]


@cache
def pool():
    """100,000 cells: counts as CSR, and their groups."""
    import data

    rng = np.random.default_rng(0)
    sizes = data.group_sizes(POOL)
    rates = data._rates(N_GENES, sizes, rng)
    labels = rng.permutation(np.repeat(np.arange(sizes.size), sizes))
    parts = [data._block(rates, labels[a : a + 5000], rng) for a in range(0, POOL, 5000)]
    return sparse.vstack(parts, format="csr"), labels


def store(n_cells):
    """Write the store of this many cells, if it is not there."""
    import anndata as ad
    import zarr

    path = CACHE / f"stream_{n_cells}.zarr"
    if path.exists():
        return path
    CACHE.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    cells, labels = pool()
    rng, drawn = np.random.default_rng(1), []
    group = zarr.open_group(part, mode="w", zarr_format=2)
    for start in range(0, n_cells, BLOCK):
        rows = rng.integers(0, POOL, min(BLOCK, n_cells - start))
        block = cells[rows]
        deeper = rng.lognormal(0.0, 0.2, rows.size)
        block.data *= np.repeat(deeper, np.diff(block.indptr)).astype(np.float32)
        if start == 0:
            ad.io.write_elem(group, "X", block, dataset_kwargs={"chunks": (1 << 20,)})
            matrix = ad.io.sparse_dataset(group["X"])
        else:
            matrix.append(block)
        drawn.append(labels[rows])
    names = pd.Categorical.from_codes(np.concatenate(drawn), [f"g{k:02d}" for k in range(20)])
    obs = pd.DataFrame({"group": names}, index=pd.RangeIndex(n_cells).astype(str))
    ad.io.write_elem(group, "obs", obs)
    ad.io.write_elem(group, "var", pd.DataFrame(index=[f"G{i:04d}" for i in range(N_GENES)]))
    part.rename(path)
    return path


def pairs():
    """4,000 random pairs, one in four with a receptor of two subunits."""
    rng = np.random.default_rng(2)
    genes = np.array([f"G{i:04d}" for i in range(N_GENES)])
    found = {}
    while len(found) < N_PAIRS:
        ligand, *receptor = rng.choice(genes, 3 if len(found) % 4 == 0 else 2, replace=False)
        found[ligand, "_".join(receptor)] = None
    return pd.DataFrame(list(found), columns=["ligand", "receptor"])


def resident():
    """Bytes that the process holds, pages of mapped files included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak(threading.Thread):
    """Samples the resident set until it is stopped."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.over = resident(), threading.Event()

    def run(self):
        while not self.over.wait(0.01):
            self.most = max(self.most, resident())


def opened(path, way):
    """The cells of the store: on disk, as a dask array, or in memory."""
    import anndata as ad
    import zarr

    group = zarr.open_group(path, mode="r")
    obs, var = ad.io.read_elem(group["obs"]), ad.io.read_elem(group["var"])
    if way == "memory":
        matrix = ad.io.read_elem(group["X"])
    elif way == "dask":
        matrix = ad.experimental.read_elem_lazy(group["X"], chunks=(65_536, N_GENES))
    else:
        matrix = ad.io.sparse_dataset(group["X"])
    return ad.AnnData(matrix, obs=obs, var=var)


def one(path, *, way, null, n_jobs, out):
    """Measure one call in this process."""
    import warnings

    import commscore as cs

    warnings.simplefilter("ignore")
    table = cs.rs.from_table(pairs(), ligand="ligand", receptor="receptor", name="random pairs")
    options = {"resource": table, "null": null, "n_jobs": n_jobs, "inplace": False}
    cs.tl.score(opened(store(TINY), way), "group", **options)
    before, start, used = resident(), time.perf_counter(), time.process_time()
    peak = Peak()
    peak.start()
    adata = opened(path, way)
    loaded = time.perf_counter() - start
    result = cs.tl.score(adata, "group", **options).table
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    peak.over.set()
    peak.join()
    result[COMPARED].to_parquet(out)
    print(json.dumps({
        "peak_mb": (peak.most - before) / 1e6, "total_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "seconds": seconds, "cpu": cpu, "loaded": loaded, "tests": len(result),
        "analytic": float((result["pvalue"] >= 0).mean()),
    }))  # fmt: skip


def measured(n_cells, *, way, null, n_jobs):
    """Run :func:`one` in a process of its own."""
    out = CACHE / f"stream_{n_cells}_{way}_{null}.parquet"
    command = [sys.executable, __file__, "--one", str(store(n_cells)), way, null, str(out), "--n-jobs", str(n_jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1]) | {"table": str(out)}


def difference(a, b):
    """Largest relative difference of scores and p-values of two tables."""
    a, b = (pd.read_parquet(t) for t in (a, b))
    if not a[COMPARED[:3]].equals(b[COMPARED[:3]]):
        return "other rows"
    values = [np.abs(a[c] - b[c]) / np.maximum(np.abs(b[c]), 1e-300) for c in COMPARED[3:]]
    largest = max(float(v.max()) for v in values)
    return "none" if largest == 0 else f"{largest:.1e}"


def row(n_cells, way, found, *, null, reference):
    if "error" in found:
        return f"| {n_cells:,} | {way} | {null} | failed: {found['error'][:100]} |" + 6 * " |"
    same = difference(found["table"], reference) if reference and found["table"] != reference else ""
    return (
        f"| {n_cells:,} | {way} | {null} | {found['tests']:,} | {found['peak_mb']:,.0f} | {found['total_mb']:,.0f} "
        f"| {found['seconds']:.1f} | {found['cpu']:.1f} | {same} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[200_000, 1_000_000, 5_000_000])
    parser.add_argument("--ways", nargs="+", default=["zarr", "memory"], choices=["zarr", "dask", "memory"])
    parser.add_argument("--null", default="analytic")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--in-memory-up-to", type=int, default=1_000_000, help="cells that fit in memory")
    parser.add_argument("--keep", action="store_true", help="do not delete the stores")
    parser.add_argument("--one", nargs=4, metavar=("STORE", "WAY", "NULL", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        path, way, null, out = options.one
        one(path, way=way, null=null, n_jobs=options.n_jobs, out=out)
        return
    print(f"`python {shlex.join(sys.argv)}`\n")
    print("| cells | from | null | tests | peak MB of the call | MB of the process | wall s | CPU s "
          "| largest relative difference from memory |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for n_cells in options.cells:
        path, reference = store(n_cells), None
        store(TINY)
        for way in sorted(options.ways, key=["memory", "zarr", "dask"].index):
            if way == "memory" and n_cells > options.in_memory_up_to:
                continue
            found = measured(n_cells, way=way, null=options.null, n_jobs=options.n_jobs)
            if way == "memory":
                reference = found.get("table")
            print(row(n_cells, way, found, null=options.null, reference=reference), flush=True)
        if not options.keep:
            shutil.rmtree(path)
            for made in CACHE.glob(f"stream_{n_cells}_*.parquet"):
                made.unlink()


if __name__ == "__main__":
    main()
