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
    """Size of the values and columns of the genes in pairs; CPU seconds of copying them into written memory."""
    pairs = pd.read_csv(task["pairs"], sep="\t")
    genes = {g for side in ("ligand", "receptor") for name in pairs[side] for g in name.split("_")}
    known = adata.var_names.isin(list(genes))
    part = adata.X if known.all() else adata.X[:, known]
    arrays = [part.data, part.indices]
    copies = [np.ones_like(a) for a in arrays]
    seconds = []
    for _ in range(7):
        start = time.process_time()
        for a, b in zip(arrays, copies):
            np.copyto(b, a)
        seconds.append(time.process_time() - start)
    return {"memcpy_s": min(seconds), "block_mb": sum(a.nbytes for a in arrays) / 2**20, "nnz": int(part.nnz)}


measure.run(call, version=cs.__version__, after=block)
