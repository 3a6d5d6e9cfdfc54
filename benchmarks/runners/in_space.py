"""Tools for tissues; ``task["tool"]`` names one. Each returns its number of tests; p-values of each pair stay beside.

Every tool gets the same positions in µm and pairs of single genes, its own defaults but for what is written here, and
one thread. Sections of several patients lie apart from each other, since not every tool can be told of them.
"""

import importlib.metadata
import json
import sys

import measure
import numpy as np
import pandas as pd

FOUND = []


def ours(adata, task):
    import commscore as cs

    spots = task["spots"]
    mixed = [c for c in adata.obs if c.startswith("prop_")]
    where = {"composition_key": mixed} if spots else {"groupby": "cell_type"}
    sample = {"sample_key": "sample"} if adata.obs["sample"].nunique() > 1 else {}
    result = cs.tl.spatial(
        adata, um_per_unit=1, ranges=task["range"], resource=pairs(task), decoys=0, n_jobs=1, inplace=False,
        **where, **sample,
    )  # fmt: skip
    table = result.table
    return keep(table["interaction"].astype(str).str.replace("^", "|", regex=False), table["pvalue"])


def liana_bivariate(adata, task):
    import liana as li

    li.ut.spatial_neighbors(adata, bandwidth=task["range"])
    # mask_negatives: one-sided, as our p is
    big = adata.n_obs > 20_000  # its analytic p takes a dense matrix, cells × cells
    how = {"local_name": "cosine", "n_perms": None} if big else {"local_name": "morans", "n_perms": task["n_perms"]}
    result = li.mt.bivariate(
        adata, resource=pairs(task), global_name="morans", mask_negatives=True, use_raw=False, verbose=False, **how
    )
    if big:
        FOUND.clear()
        return result.n_vars
    return keep(result.var_names.str.replace("^", "|", regex=False), result.var["morans_pvals"])


def liana_inflow(adata, task):
    import liana as li

    li.ut.spatial_neighbors(adata, bandwidth=task["range"])
    result = li.mt.inflow(adata, groupby="cell_type", resource=pairs(task), use_raw=False, verbose=False)
    li.mt.compute_global_specificity(
        result, groupby="cell_type", n_perms=task["n_perms"], use_raw=False, n_jobs=1, verbose=False
    )
    table = result.uns["global_interactions"]
    return keep(table["ligand_complex"] + "|" + table["receptor_complex"], table["pval"])


def squidpy(adata, task):
    import squidpy as sq

    table = pairs(task).rename(columns={"ligand": "source", "receptor": "target"})
    result = sq.gr.ligrec(
        adata, "cell_type", interactions=table, n_perms=task["n_perms"], seed=0, use_raw=False, copy=True,
        corr_method=None, n_jobs=1, show_progress_bar=False, threshold=0.05,
    )  # fmt: skip
    p = result["pvalues"].astype(float).stack([0, 1], future_stack=True).dropna()
    names = p.index.get_level_values(0).astype(str) + "|" + p.index.get_level_values(1).astype(str)
    return keep(names, p)


def laris(adata, task):
    import laris as la

    cells = not task["spots"]
    options = {} if adata.obs["sample"].nunique() == 1 else {"section_key": "sample"}
    scores = la.tl.prepareLRInteraction(adata, pairs(task), use_rep_spatial="spatial", **options)
    more = {"data": adata, "groupby": "cell_type", "use_rep_spatial": "spatial"} if cells else {}
    result = la.tl.runLARIS(scores, use_rep="spatial", by_celltype=cells, **more, **options)
    if not cells:
        return len(result)
    table = result[1]
    return keep(table["ligand"] + "|" + table["receptor"], table["p_value"])


def commot(adata, task):
    import commot as ct

    table = pairs(task).head(10).assign(pathway="all")
    ct.tl.spatial_communication(
        adata, database_name="own", df_ligrec=table, dis_thr=3 * task["range"], heteromeric=False, pathway_sum=False
    )
    return len(table)


def pairs(task):
    return pd.read_csv(task["pairs"], sep="\t")[["ligand", "receptor"]]


def keep(names, values):
    FOUND[:] = [(str(n), float(v)) for n, v in zip(names, values) if np.isfinite(v)]
    return len(FOUND)


def found(_adata, task):
    """Shares of p-values at 0.05 and 0.01, of known pairs and decoys, and how many there are."""
    table = pd.read_csv(task["pairs"], sep="\t")
    decoy = dict(zip(table["ligand"] + "|" + table["receptor"], table["decoy"]))
    shares = {}
    for kind, is_decoy in (("known", 0), ("decoy", 1)):
        p = np.array([v for name, v in FOUND if decoy.get(name) == is_decoy])
        shares[kind] = [p.size, *(float((p <= a).mean()) for a in (0.05, 0.01))] if p.size else None
    return shares


if __name__ == "__main__":
    tool = json.loads(sys.argv[1])["tool"]
    package = {"ours": "commscore"}.get(tool, tool.partition("_")[0])
    measure.run(globals()[tool], version=importlib.metadata.version(package), after=found)
