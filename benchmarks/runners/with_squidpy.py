"""squidpy.gr.ligrec."""

import measure
import numpy as np
import pandas as pd
import squidpy as sq


def call(adata, task):
    pairs = pd.read_csv(task["pairs"], sep="\t").rename(columns={"ligand": "source", "receptor": "target"})
    result = sq.gr.ligrec(
        adata, "group", interactions=pairs, complex_policy="min", threshold=0.1, n_perms=task["n_perms"], seed=0,
        use_raw=False, copy=True, corr_method=None, n_jobs=1, show_progress_bar=False,
        numba_parallel=task.get("numba_parallel", True),  # what it chooses itself at these sizes
    )  # fmt: skip
    return np.isfinite(result["pvalues"].to_numpy(dtype=float)).sum()


measure.run(call, version=sq.__version__)
