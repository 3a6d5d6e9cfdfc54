"""CPU time and memory of the comparison at full size, with counts so dense that most rows are tested.

    python benchmarks/speed_compare.py

20 samples × 20 groups × 4,600 pairs of 1,900 genes (1.84 million rows) from 200,000 cells, mean counts per cell from
0.12 to 1. One thread. The call is timed after a tiny one (compilation); memory is the high-water mark of the process,
the data included.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import anndata as ad  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy import sparse  # noqa: E402

import commscore as cs  # noqa: E402

N_GENES, N_PAIRS, N_COMPLEX = 1900, 4600, 900
BLOCK = 2000


def cohort(n_cells, n_samples=20, n_groups=20):
    rng = np.random.default_rng(0)
    rate = 0.12 * (1 / 0.12) ** rng.random(N_GENES)
    data, indices, indptr = [], [], [np.zeros(1, np.int64)]
    for start in range(0, n_cells, BLOCK):
        part = sparse.csr_matrix(rng.poisson(rate, (min(BLOCK, n_cells - start), N_GENES)).astype(np.float32))
        data.append(part.data)
        indices.append(part.indices.astype(np.int32))
        indptr.append(indptr[-1][-1:] + part.indptr[1:])
    matrix = sparse.csr_matrix((np.concatenate(data), np.concatenate(indices), np.concatenate(indptr)),
                               shape=(n_cells, N_GENES))  # fmt: skip
    sample = rng.integers(0, n_samples, n_cells)
    obs = pd.DataFrame({
        "sample": pd.Categorical.from_codes(sample, [f"s{i:02d}" for i in range(n_samples)]),
        "condition": pd.Categorical.from_codes(sample % 2, ["control", "case"]),
        "group": pd.Categorical.from_codes(rng.integers(0, n_groups, n_cells), [f"g{i:02d}" for i in range(n_groups)]),
    })  # fmt: skip
    obs.index = obs.index.astype(str)
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=[f"GENE{i:04d}" for i in range(N_GENES)]))


def pairs():
    rng = np.random.default_rng(1)
    names, found = np.array([f"GENE{i:04d}" for i in range(N_GENES)]), {}
    while len(found) < N_PAIRS:
        ligand, *receptor = rng.choice(names, 3 if len(found) < N_COMPLEX else 2, replace=False)
        found[ligand, "_".join(receptor)] = None
    return pd.DataFrame(list(found), columns=["ligand", "receptor"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200_000)
    given = parser.parse_args()
    keys = {"condition_key": "condition", "sample_key": "sample", "resource": pairs(), "inplace": False}
    cs.tl.compare(cohort(4000, 4, 2), "group", **keys)
    a = cohort(given.cells)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cpu, wall = time.process_time(), time.perf_counter()
    table = cs.tl.compare(a, "group", **keys).table
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = (a.X.data.nbytes + a.X.indices.nbytes) / 2**30
    tested = table["pvalue"].notna()
    print("| cells | rows | tested | p ≤ 0.05 | CPU s | wall s | data GB | peak before GB | peak GB |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(f"| {a.n_obs:,} | {len(table):,} | {tested.sum():,} | {(table.loc[tested, 'pvalue'] <= 0.05).mean():.3f} "
          f"| {cpu:.1f} | {wall:.1f} | {size:.2f} | {before:.2f} | {peak:.2f} |")  # fmt: skip


if __name__ == "__main__":
    main()
