"""liana.method.cellphonedb."""

import liana as li
import measure
import pandas as pd


def call(adata, task):
    pairs = pd.read_csv(task["pairs"], sep="\t")
    result = li.mt.cellphonedb(
        adata, groupby="group", resource=pairs, expr_prop=0.1, n_perms=task["n_perms"], seed=0, n_jobs=1,
        use_raw=False, inplace=False, verbose=False,
    )  # fmt: skip
    return len(result)


measure.run(call, version=li.__version__)
