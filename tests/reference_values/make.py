"""Values of other tools on public cells, for the tests beside them; run in an environment of its own:

    python3 -m venv env && env/bin/pip install liana squidpy cellphonedb commscore
    COMMSCORE_DATA=... env/bin/python tests/reference_values/make.py

The pairs are written here by hand; nothing of the tools' resources is used. `made_with.json` records versions
and the constants that the tests need.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scanpy as sc

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
warnings.simplefilter("ignore")

PAIRS = {
    "pbmc": [
        ("MIF", "CD74_CXCR4"), ("HLA-DRA_HLA-DRB1", "CD4"), ("TIMP1", "CD63"), ("LTB", "CD37"), ("ICAM3", "ITGB2"),
        ("HLA-DRA_HLA-DRB1_HLA-DPA1", "CD37_CD53"),
    ],
    "breast": [
        ("CXCL12", "CXCR4"), ("TGFB1", "TGFBR1_TGFBR2"), ("COL1A1", "ITGA1_ITGB1"), ("VEGFA", "FLT1"),
        ("PDGFA", "PDGFRA_PDGFRB"), ("APP", "CD74"), ("FN1", "ITGAV_ITGB1"), ("MIF", "CD74_CXCR4"),
        ("HLA-DRA_HLA-DRB1", "CD4"), ("SPP1", "CD44"), ("TIMP1", "CD63"),
    ],
    "kang": [
        ("CXCL10", "CCR1"), ("CCL5", "CCR1"), ("TNFSF10", "TNFRSF1B"), ("ICAM1", "ITGAL_ITGB2"), ("MIF", "CD74_CXCR4"),
        ("HLA-A_B2M", "CD8A_CD8B"), ("TIMP1", "CD63"), ("HLA-DRA_HLA-DRB1", "CD4"), ("HLA-DRA_HLA-DRB1", "CD63"),
    ],
}  # fmt: skip
LIANA = {
    "cellphonedb": ["lr_means"],
    "geometric_mean": ["lr_gmeans"],
    "natmi": ["expr_prod", "spec_weight"],
    "connectome": ["scaled_weight"],
    "singlecellsignalr": ["lrscore"],
    "logfc": ["lr_logfc"],
    "cellchat": ["lr_probs"],
    "scseqcomm": ["inter_score"],
}
KEYS = ["source", "target", "ligand_complex", "receptor_complex"]
REPEATS, WORKERS, EXPR_PROP = 200, 4, 0.05


def load(name):
    """Log-normalised cells of one data set, genes without any count left out."""
    import commscore as cs

    adata = (
        cs.ds.pbmc()
        if name == "pbmc"
        else cs.ds.fetch({"breast": "breast_wu2021_CID4465", "kang": "kang2018_ifnb1k"}[name])
    )
    if name != "pbmc":
        sc.pp.normalize_total(adata, target_sum=1e4)
        sc.pp.log1p(adata)
    sc.pp.filter_genes(adata, min_cells=1)
    adata.obs["cell_type"] = adata.obs["cell_type"].astype("category")
    return adata


def pairs_of(name):
    return pd.DataFrame(PAIRS[name], columns=["ligand", "receptor"])


def liana_values(name, adata):
    import liana as li

    out = None
    shared = {
        "groupby": "cell_type", "resource": pairs_of(name), "use_raw": False, "expr_prop": EXPR_PROP, "min_cells": 5,
        "verbose": False,
    }  # fmt: skip
    for method, columns in LIANA.items():
        function = getattr(li.mt, method)
        more = {"n_perms": 5} if method in ("cellphonedb", "geometric_mean", "cellchat") else {}
        frame = function(adata, inplace=False, **shared, **more)
        frame = frame[[*KEYS, *columns]]
        out = frame if out is None else out.merge(frame, on=KEYS, how="outer")
    ranks = li.mt.rank_aggregate(adata, inplace=False, n_perms=None, **shared)
    out = out.merge(ranks[[*KEYS, "magnitude_rank"]], on=KEYS, how="outer")
    return out.sort_values(KEYS, ignore_index=True)


def squidpy_values(name, adata):
    import squidpy as sq

    pairs = pairs_of(name).rename(columns={"ligand": "source", "receptor": "target"})
    made = sq.gr.ligrec(adata, "cell_type", interactions=pairs, threshold=EXPR_PROP, n_perms=10, seed=0, use_raw=False,
                        copy=True, n_jobs=1, numba_parallel=False, show_progress_bar=False)  # fmt: skip
    frame = made["means"].stack([0, 1]).rename("mean").reset_index()
    frame.columns = ["ligand", "receptor", "source", "target", "mean"]
    tested = made["pvalues"].sparse.to_dense() if hasattr(made["pvalues"], "sparse") else made["pvalues"]
    tested = tested.stack([0, 1]).rename("p").reset_index()
    tested.columns = ["ligand", "receptor", "source", "target", "p"]
    frame = frame.merge(tested.dropna(), on=["ligand", "receptor", "source", "target"])
    return frame.drop(columns="p").sort_values(["ligand", "receptor", "source", "target"], ignore_index=True)


def cellphonedb_database(name, folder):
    from cellphonedb.utils import db_utils

    pairs = pairs_of(name)
    members = {e: e.split("_") for e in pd.unique(pairs.to_numpy().ravel())}
    genes = sorted({g for m in members.values() for g in m})
    flags = dict.fromkeys(
        ["transmembrane", "peripheral", "secreted", "secreted_highlight", "receptor", "integrin", "other"], True
    )
    blank = dict.fromkeys(["secreted_desc", "receptor_desc", "other_desc"], "")
    pd.DataFrame({"gene_name": genes, "uniprot": genes, "hgnc_symbol": genes, "ensembl": genes}).to_csv(
        folder / "gene_input.csv", index=False
    )
    pd.DataFrame(
        {
            "uniprot": genes,
            "protein_name": genes,
            "tags": "",
            "tags_reason": "",
            "tags_description": "",
            "version": "own",
        }
    ).assign(**flags, **blank).to_csv(folder / "protein_input.csv", index=False)
    rows = [
        {"complex_name": e, **{f"uniprot_{i + 1}": m[i] if i < len(m) else "" for i in range(5)}}
        for e, m in members.items()
        if len(m) > 1
    ]
    cross = ["reactome_reaction", "reactome_complex", "complexPortal_complex", "rhea_reaction"]
    pd.DataFrame(rows).assign(
        **flags,
        **blank,
        **dict.fromkeys(["pdb_id", "stoichiometry", "comments_complex", *cross], ""),
        pdb_structure=False,
        version="own",
    ).to_csv(folder / "complex_input.csv", index=False)
    pd.DataFrame(
        {
            "partner_a": pairs["ligand"],
            "partner_b": pairs["receptor"],
            "protein_name_a": "",
            "protein_name_b": "",
            "annotation_strategy": "user_curated",
            "source": "own",
            "is_ppi": True,
            "curator": "own",
            "version": "own",
            "interactors": pairs["ligand"] + "-" + pairs["receptor"],
            "classification": "",
            "directionality": "",
            "modulatory_effect": "",
        }
    ).to_csv(folder / "interaction_input.csv", index=False)
    db_utils.run_sanity_tests = lambda *_: None  # it cannot read a table without complexes of four
    db_utils.create_db(str(folder))
    return str(next(folder.glob("*.zip")))


def cellphonedb_call(name, adata, folder, **kwargs):
    from cellphonedb.src.core.methods import cpdb_statistical_analysis_method as method

    database = cellphonedb_database(name, folder)
    meta = pd.DataFrame({"Cell": adata.obs_names, "cell_type": adata.obs["cell_type"].astype(str).to_numpy()})
    meta.to_csv(folder / "meta.tsv", sep="\t", index=False)
    genes = sorted({g for pair in PAIRS[name] for e in pair for g in e.split("_")})
    adata[:, genes].copy().write_h5ad(folder / "counts.h5ad")
    return method.call(cpdb_file_path=database, meta_file_path=str(folder / "meta.tsv"),
                       counts_file_path=str(folder / "counts.h5ad"), counts_data="hgnc_symbol",
                       output_path=str(folder), separator="|", result_precision=12, **kwargs)  # fmt: skip


def cellphonedb_long(frame, value):
    """One row per interaction and pair of groups."""
    keep = [c for c in frame.columns if "|" in c]
    partners = [frame[p].str.split(":", n=1).str[1] for p in ("partner_a", "partner_b")]
    frame = frame.set_axis(partners[0] + "^" + partners[1], axis=0)
    long = frame[keep].stack().rename(value).reset_index()
    long.columns = ["interaction", "pair", value]
    return long


def boundary(name, adata):
    """Least fraction, 0.08 or more, of a single-gene ligand in a group, of which some receptor exceeds it."""
    found = []
    for ligand, receptor in PAIRS[name]:
        if "_" not in ligand:
            frame = (
                (adata[:, [ligand, *receptor.split("_")]].to_df() > 0)
                .groupby(adata.obs["cell_type"], observed=True)
                .mean()
            )
            reached = frame[receptor.split("_")].min(axis=1).max()
            found += [(p, ligand, group) for group, p in frame[ligand].items() if 0.08 <= p < reached]
    return min(found)


def cellphonedb_values(name, adata):
    """Means, and p-values at a threshold that is exactly the fraction of one gene in one group."""
    folder = Path(tempfile.mkdtemp())
    edge, gene, where = boundary(name, adata)
    made = cellphonedb_call(name, adata, folder, iterations=100, threshold=edge, threads=1, debug_seed=1)
    long = cellphonedb_long(made["means"], "mean").merge(cellphonedb_long(made["pvalues"], "pvalue"))
    shutil.rmtree(folder)
    return long, {"gene": gene, "group": where, "threshold": edge}


def repeated_permutations(name, adata):
    """How many different permutations CellPhoneDB's workers make."""
    from cellphonedb.src.core.methods import cpdb_statistical_analysis_helper as helper

    seen = {}
    original = helper.shuffled_analysis

    def counted(*args, **kwargs):
        results = original(*args, **kwargs)
        seen["made"], seen["different"] = len(results), len({r.tobytes() for r in results})
        return results

    folder = Path(tempfile.mkdtemp())
    helper.shuffled_analysis = counted
    try:
        cellphonedb_call(name, adata, folder, iterations=REPEATS, threshold=0.1, threads=WORKERS)
    finally:
        helper.shuffled_analysis = original
        shutil.rmtree(folder)
    return seen | {"workers": WORKERS}


def main():
    made_with = {
        p: importlib.metadata.version(p) for p in ("liana", "squidpy", "cellphonedb", "scanpy", "numpy", "pandas")
    }
    facts = {"versions": made_with | {"python": sys.version.split()[0]}, "expr_prop": EXPR_PROP}
    for name in PAIRS:
        adata = load(name)
        facts[name] = {
            "mat_mean": float(np.mean(adata.X, dtype=np.float32)), "mat_max": float(adata.X.max()),
            "n_cells": adata.n_obs, "n_genes": adata.n_vars,
        }  # fmt: skip
        liana_values(name, adata).to_csv(HERE / f"liana_{name}.csv", index=False, float_format="%.10g")
        squidpy_values(name, adata).to_csv(HERE / f"squidpy_{name}.csv", index=False, float_format="%.10g")
        values, edge = cellphonedb_values(name, adata)
        values.to_csv(HERE / f"cellphonedb_{name}.csv", index=False, float_format="%.10g")
        facts[name]["edge"] = edge
    facts["repeated"] = repeated_permutations("pbmc", load("pbmc"))
    (HERE / "made_with.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
