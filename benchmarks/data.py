"""Synthetic cohorts and the pairs that every tool of the benchmark is given; made once, kept in ``.cache``.

    python benchmarks/data.py --cells 10000 50000

The pairs are liana's "consensus" resource, read at run time from the environment of the peers and never part of
this repository. Without liana, random pairs with the same numbers of genes, pairs and complexes take their place.
Cells are Poisson counts with a log-normal depth, log1p of counts scaled to the same total, float32 CSR; genes
are expressed in 0.05 % to 80 % of the cells (8.8 % of the entries on average) with effects of the group.
"""

from __future__ import annotations

import argparse
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import peers
from scipy import sparse

CACHE = Path(__file__).parent / ".cache"
N_GROUPS, DENSITY, SPREAD, BLOCK, SMALLEST = 20, 0.0895, 0.45, 10_000, 10
TINY = 2000
_N_RANDOM_GENES, _N_RANDOM_PAIRS, _N_RANDOM_COMPLEX = 1876, 4620, 1091


def group_sizes(n_cells, n_groups=N_GROUPS):
    """Sizes that fall by a fifth from group to group: with 20 groups from 20 % to 0.3 % of the cells."""
    weights = 0.8 ** np.minimum(np.arange(n_groups), 19)
    sizes = np.maximum((weights / weights.sum() * n_cells).astype(int), SMALLEST)
    sizes[0] += n_cells - sizes.sum()
    return sizes


def _rates(n_genes, sizes, rng):
    """Expected count per gene × group of a cell of average depth, scaled to the density."""
    base = rng.normal(0.0, 1.7, (n_genes, 1))
    effect = rng.normal(0.0, 1.3, (n_genes, sizes.size)) * (rng.random((n_genes, 1)) < 0.85)
    weights, low, high = sizes / sizes.sum(), -12.0, 3.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        expressed = ((1 - np.exp(-np.exp(middle + base + effect))) @ weights).mean()
        low, high = (middle, high) if expressed < DENSITY else (low, middle)
    return np.exp(low + base + effect)


def _block(rates, labels, rng):
    depth = rng.lognormal(-0.5 * SPREAD**2, SPREAD, labels.size)
    counts = rng.poisson(rates[:, labels].T * depth[:, None])
    block = sparse.csr_matrix(counts, dtype=np.float32)
    block.data = np.log1p(2.0 * block.data / np.repeat(depth, np.diff(block.indptr))).astype(np.float32)
    return block


def cohort(n_cells, *, n_groups=N_GROUPS, extra=0):
    """Path of the h5ad with ``n_cells`` cells in ``obs["group"]``; ``extra`` genes are in no pair."""
    path = CACHE / f"cohort_{n_cells}_{n_groups}_{extra}.h5ad"
    if path.exists():
        return path
    import anndata as ad
    import h5py

    table, _ = pairs()
    rng = np.random.default_rng(0)
    genes = genes_of(table) + [f"EXTRA{i:05d}" for i in range(extra)]
    sizes = group_sizes(n_cells, n_groups)
    rates = _rates(len(genes), sizes, rng)
    labels = np.repeat(np.arange(n_groups), sizes)
    rng.shuffle(labels)
    names = [f"cell{i:07d}" for i in range(n_cells)]
    groups = pd.Categorical.from_codes(labels, [f"g{k:02d}" for k in range(n_groups)])
    whole = ad.AnnData(
        X=sparse.csr_matrix((0, len(genes)), dtype=np.float32),
        obs=pd.DataFrame(index=pd.Index([], dtype=str)),
        var=pd.DataFrame(index=genes),
    )
    part = path.with_suffix(".part")
    whole.write_h5ad(part)
    with h5py.File(part, "r+") as f:
        matrix = ad.io.sparse_dataset(f["X"])
        for start in range(0, n_cells, BLOCK):
            matrix.append(_block(rates, labels[start : start + BLOCK], rng))
        ad.io.write_elem(f, "obs", pd.DataFrame({"group": groups}, index=names))
    part.rename(path)
    return path


def genes_of(table):
    """Subunits of all ligands and receptors, sorted."""
    return sorted({g for side in ("ligand", "receptor") for name in table[side] for g in name.split("_")})


def pairs():
    """Table of ``ligand`` and ``receptor`` (subunits joined by ``_``), and what it is."""
    CACHE.mkdir(exist_ok=True)
    for kind in ("consensus", "random"):
        if (CACHE / f"pairs_{kind}.tsv").exists():
            return pd.read_csv(CACHE / f"pairs_{kind}.tsv", sep="\t"), _described(kind)
    kind = "consensus"
    code = "import sys, liana; liana.rs.select_resource('consensus').to_csv(sys.argv[1], sep='\\t', index=False)"
    try:
        target = CACHE / "pairs_consensus.tsv"
        subprocess.run([peers.python("liana"), "-c", code, target], check=True, capture_output=True)
    except (subprocess.CalledProcessError, OSError):
        kind = "random"
        _random_pairs().to_csv(CACHE / "pairs_random.tsv", sep="\t", index=False)
    return pd.read_csv(CACHE / f"pairs_{kind}.tsv", sep="\t"), _described(kind)


def pairs_path():
    """The file of :func:`pairs`."""
    pairs()
    return next(p for p in (CACHE / f"pairs_{kind}.tsv" for kind in ("consensus", "random")) if p.exists())


def _described(kind):
    return {"consensus": f"liana {peers.PINNED['liana']} 'consensus'", "random": "random pairs (liana missing)"}[kind]


def _random_pairs():
    rng = np.random.default_rng(1)
    names = np.array([f"GENE{i:04d}" for i in range(_N_RANDOM_GENES)])
    found = {}
    while len(found) < _N_RANDOM_PAIRS:
        n = int(rng.integers(2, 4)) if len(found) < _N_RANDOM_COMPLEX else 1
        ligand, *receptor = rng.choice(names, n + 1, replace=False)
        found[ligand, "_".join(receptor)] = None
    return pd.DataFrame(list(found), columns=["ligand", "receptor"])


def database():
    """Folder with the pairs as tables of a CellPhoneDB database, and the same as a zip file beside them."""
    folder = CACHE / "database"
    archive = folder / "database.zip"
    if archive.exists():
        return folder, archive
    folder.mkdir(parents=True, exist_ok=True)
    tables = _tables(pairs()[0])
    with zipfile.ZipFile(archive, "w") as z:
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
            z.write(folder / f"{name}.csv", f"{name}.csv")
    return folder, archive


def _tables(table):
    genes = genes_of(table)
    complexes = sorted({n for side in ("ligand", "receptor") for n in table[side] if "_" in n})
    number = {name: i for i, name in enumerate(genes + complexes)}
    ids, n = np.arange(len(genes)), len(genes)
    composition = [(number[c], number[g], c.count("_") + 1) for c in complexes for g in c.split("_")]
    multidata = pd.DataFrame({"id_multidata": np.arange(len(number)), "name": genes + complexes})
    receptors = set(table["receptor"])
    flags = ("other", "secreted_highlight", "transmembrane", "secreted", "peripheral", "integrin")
    multidata["receptor"] = [int(name in receptors) for name in multidata["name"]]
    multidata = multidata.assign(**dict.fromkeys(flags, 0), receptor_desc="", other_desc="", secreted_desc="")
    multidata["is_complex"] = [int("_" in name) for name in multidata["name"]]
    return {
        "protein_table": pd.DataFrame(
            {"id_protein": ids, "protein_name": genes, "tags": "", "tags_reason": "", "tags_description": "",
             "protein_multidata_id": ids}
        ),
        "gene_table": pd.DataFrame(
            {"id_gene": ids, "ensembl": genes, "gene_name": genes, "hgnc_symbol": genes, "protein_id": ids}
        ),
        "complex_table": pd.DataFrame(
            {"id_complex": np.arange(len(complexes)), "complex_multidata_id": np.arange(n, n + len(complexes)),
             "pdb_structure": "", "pdb_id": "", "stoichiometry": "", "comments_complex": ""}
        ),
        "complex_composition_table": pd.DataFrame(
            composition, columns=["complex_multidata_id", "protein_multidata_id", "total_protein"]
        ).rename_axis("id_complex_composition").reset_index(),
        "multidata_table": multidata,
        "interaction_table": pd.DataFrame(
            {"id_interaction": np.arange(len(table)), "id_cp_interaction": [f"CPI-{i:06d}" for i in range(len(table))],
             "multidata_1_id": table["ligand"].map(number), "multidata_2_id": table["receptor"].map(number),
             "source": "", "annotation_strategy": "curated", "is_ppi": True, "curator": "",
             "directionality": "Ligand-Receptor", "classification": ""}
        ),
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    for n in parser.parse_args().cells:
        print(cohort(n))
    print(pairs()[1])


if __name__ == "__main__":
    main()
