"""commscore.tl.score; ``task["tool"]`` is the scheme, or ``analytic``."""

import time

import measure
import numpy as np
import pandas as pd

import commscore as cs


def call(adata, task):
    tool = task["tool"]
    how = {"null": "analytic"} if tool == "analytic" else {"scheme": tool, "n_perms": task["n_perms"]}
    pairs = pd.read_csv(task["pairs"], sep="\t")
    return len(cs.tl.score(adata, "group", resource=pairs, n_jobs=1, inplace=False, **how).table)


def block(adata, task):
    """Size of the values and columns of the genes in pairs, and the CPU seconds of copying them.

    ``memcpy_s`` into memory that was written before, ``copy_s`` into new memory.
    """
    pairs = pd.read_csv(task["pairs"], sep="\t")
    genes = {g for side in ("ligand", "receptor") for name in pairs[side] for g in name.split("_")}
    known = adata.var_names.isin(list(genes))
    part = adata.X if known.all() else adata.X[:, known]
    arrays = [part.data, part.indices]
    fresh = min(_seconds(lambda: [a.copy() for a in arrays]) for _ in range(3))
    copies = [np.ones_like(a) for a in arrays]
    touched = min(_seconds(lambda: [np.copyto(b, a) for a, b in zip(arrays, copies)]) for _ in range(7))
    size = sum(a.nbytes for a in arrays) / 2**20
    return {"memcpy_s": touched, "copy_s": fresh, "block_mb": size, "nnz": int(part.nnz)}


def _seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


measure.run(call, version=cs.__version__, after=block)
