"""Molecules by the genes that make them, on public data: what is tested, what is not, truth, calibration, other tools.

    python benchmarks/molecules.py            # all parts, some minutes
    python benchmarks/molecules.py tested null

Data lie in the folder of COMMSCORE_DATA, tables of CellPhoneDB in that of COMMSCORE_PRIORS.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scanpy as sc
from scipy.stats import spearmanr

import commscore as cs

DATA = {"chung2017": "breast_chung2017", "skin": "skin_ctcl_gse128531", "CID4465": "breast_wu2021_CID4465"}
ELSEWHERE = ("met:thyroxine", "met:epinephrine", "met:norepinephrine")
WORDS = {
    "met:prostaglandin-e2": "ProstaglandinE2",
    "met:estradiol": "Estradiol",
    "met:glutamate": "Glutamate",
    "met:progesterone": "Progesterone",
    "met:melatonin": "Melatonin",
    "met:epinephrine": "Adrenaline",
}
"""Our molecules and how CellPhoneDB calls them before ``_by`` and the enzyme."""
FOLDER = Path(os.environ.get("COMMSCORE_DATA", "data"))
PRIORS = Path(os.environ.get("COMMSCORE_PRIORS", "priors"))


def read(name: str) -> sc.AnnData:
    """Log-normalised cells of a public data set."""
    adata = sc.read_h5ad(FOLDER / f"{name}.h5ad")
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def by_molecule(adata: sc.AnnData, resource: cs.rs.Resource | str = "breast", **options: object) -> pd.DataFrame:
    """Rows of molecules in a table of scores."""
    options = {"molecules": "production", "null": None} | options
    table = cs.tl.score(adata, "cell_type", resource=resource, inplace=False, **options).table
    return table[table["ligand_complex"].astype(str).str.startswith("met:")]


def with_one_step() -> cs.rs.Resource:
    """The resource with all genes that make or let out a molecule as alternatives of one step."""
    tables = cs.rs.load().tables
    some = tables["molecules"]["step"] != ""
    tables["molecules"].loc[some, "step"] = "1 any gene"
    return cs.rs.Resource("one step", "", "", "CC-BY-4.0", "human", tables)


def tested() -> None:
    """Interactions that are tested, and what any one gene of a molecule would say."""
    for name, file in DATA.items():
        adata = read(file)
        for way, resource in (("steps", cs.rs.load()), ("any gene", with_one_step())):
            rows = by_molecule(adata, resource)
            elsewhere = sorted(set(rows["ligand_complex"].astype(str)) & set(ELSEWHERE))
            n = rows["interaction"].nunique()
            print(f"{name:<10} {way:<9} rows {len(rows):4d}  interactions {n:3d}  {', '.join(elsewhere) or '-'}")


def truth() -> None:
    """Interferon beta makes monocytes express IDO1."""
    adata = sc.read_h5ad(FOLDER / "kang2018_ifnb1k.h5ad")
    table = cs.tl.compare(
        adata,
        "cell_type",
        condition_key="condition",
        test="cells",
        molecules="production",
        expr_prop=0.05,
        inplace=False,
    ).table
    row = table[(table["interaction"] == "met:kynurenine^AHR") & (table["source"] == "CD14 Mono")]
    columns = ["target", "ligand_effect", "ligand_pvalue", "receptor_effect", "padj", "shift", "subunit_alt"]
    print(row[columns].to_string(index=False))


def null() -> None:
    """P-values of molecules' rows where labels are shuffled within samples."""
    for name in ("skin", "chung2017"):
        adata = read(DATA[name])
        every = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            labels = adata.obs["cell_type"].astype(str).to_numpy().copy()
            for sample in adata.obs["sample"].unique():
                inside = np.flatnonzero(adata.obs["sample"] == sample)
                labels[inside] = labels[rng.permutation(inside)]
            shuffled = adata.copy()
            shuffled.obs["cell_type"] = labels
            rows = by_molecule(shuffled, null="analytic", sample_key="sample", expr_prop=0.0)
            every.append(rows[["pvalue_within_raw", "pvalue_within", "pvalue"]])
        rows = pd.concat(every)
        print(name, {c: f"{(rows[c].dropna() <= 0.05).mean():.3f} of {rows[c].notna().sum():,}" for c in rows})


def level_of(adata: sc.AnnData) -> pd.DataFrame:
    """Level of every molecule that some cell type makes: molecules × cell types."""
    rows = by_molecule(adata, expr_prop=0.0)
    return rows.groupby(["ligand_complex", "source"], observed=True)["ligand_mean"].first().unstack()


def last_enzymes(means: pd.DataFrame) -> pd.DataFrame:
    """CellPhoneDB's proxies: the lowest gene of each enzyme, the highest enzyme of a molecule."""
    complexes = pd.read_csv(PRIORS / "cellphonedb_v5_complex_input.csv")
    genes = pd.read_csv(PRIORS / "cellphonedb_v5_gene_input.csv")
    symbol = dict(zip(genes["uniprot"], genes["hgnc_symbol"], strict=True))
    parts = [c for c in complexes.columns if c.startswith("uniprot")]
    proxies = {}
    for molecule, word in WORDS.items():
        own = complexes[complexes["complex_name"].str.startswith(f"{word}_by")]
        members = [[symbol.get(u) for u in row.dropna()] for _, row in own[parts].iterrows()]
        enzymes = [means[m].min(axis=1) for m in members if set(m) <= set(means.columns)]
        if enzymes:
            proxies[molecule] = pd.concat(enzymes, axis=1).max(axis=1)
    return pd.DataFrame(proxies).T


def others() -> None:
    """Spearman's correlation of the levels of cell types with proxies of other tools."""
    for name, file in DATA.items():
        adata = read(file)
        level = level_of(adata)
        means = adata.to_df().groupby(adata.obs["cell_type"], observed=True).mean()
        for tool, other in (("CellPhoneDB", last_enzymes(means)), ("LIANA", metalinks(adata))):
            both = level.index.intersection(other.index)
            pairs = [(level.loc[m, c], other.loc[m, c]) for m in both for c in level.columns]
            within = [spearmanr(level.loc[m], other.loc[m, level.columns])[0] for m in both]
            rho = spearmanr(*np.transpose(pairs))[0]
            within = [r for r in within if np.isfinite(r)]
            print(
                f"{name:<10} {tool:<12} {len(both):2d} molecules  all {rho:.2f}  median within {np.median(within):.2f}"
            )


def metalinks(adata: sc.AnnData) -> pd.DataFrame:
    """Metabolites as LIANA estimates them, from our producers (1) and consumers (-1): molecules × cell types."""
    import liana as li

    molecules = cs.rs.load().molecules
    net = molecules[molecules["role"].isin(("producer", "consumer"))].drop_duplicates(["molecule", "gene"])
    net = pd.DataFrame({"source": net["molecule"], "target": net["gene"], "weight": net["sign"].astype(float)})
    pairs = pd.DataFrame({"source": net["source"].unique()}).assign(receptor="CD44")
    mdata = li.mt.estimate_metalinks(adata, pairs, pd_net=net, use_raw=False, tmin=1, verbose=False)
    scores = mdata.mod["metabolite"].to_df()
    return scores.groupby(adata.obs["cell_type"], observed=True).mean().T


def supply() -> None:
    """Expectations that RNA cannot show, and how many of them a table of levels makes assessable."""
    frame = cs.rs.load().expectations
    no = frame[frame["rna"] == "no"]
    directed = no[no["change"].isin(("up", "down")) & (no["level"] != "pathway")]
    of_ligands = directed[directed["level"].isin(("ligand", "gene")) | directed["what"].str.startswith("met:")]
    bacteria = directed[directed["what"] == "microbiota"]
    print(f"rna=no {len(no)}: levels of molecules show {len(of_ligands)} of them, and of bacteria {len(bacteria)}")
    print(of_ligands[["expectation", "level", "what", "change"]].to_string(index=False))


PARTS = {"tested": tested, "truth": truth, "null": null, "others": others, "supply": supply}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for part in sys.argv[1:] or PARTS:
        print(f"== {part}", flush=True)
        PARTS[part]()
