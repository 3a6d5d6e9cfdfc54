# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7. Large data
#
# **The question.** What changes with a hundred thousand cells and more: time, memory, and the meaning of a p-value?
#
# So that nothing must be downloaded, the cells are simulated: 50,000 of them, of ten samples. Two warnings are switched off
# that would come with every call: few of the resource's interactions are simulated, and ten samples are taken for one pool of
# cells, which serves to show time and memory and is no way to do biology (tutorial 4).

# %%
import tempfile
import warnings
from pathlib import Path

import anndata as ad
import h5py
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scanpy as sc

import commscore as cs

warnings.filterwarnings("ignore", message="only .* that RNA can show|.* looks like samples")
shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=1)
adata = cs.ds.simulate(n_samples=5, n_cells=5_000, shifts=[shift], rng=0)
sc.pp.normalize_total(adata, target_sum=1e4)
sc.pp.log1p(adata)
adata

# %% [markdown]
# ## The analytic null
#
# Permutation p-values stop at 1 / (n_perms + 1), and with many cells most rows stop there. The distribution under
# permutation can also be computed: `null="analytic"` needs one pass over the data, whatever the number of cells.

# %%
tables = {
    null: cs.tl.score(adata, "cell_type", null=null, rng=0, inplace=False).table for null in ("permutation", "analytic")
}

# %% [markdown]
# Write `%time` before a call to see how long it takes on your machine. Measured on two cores, with 4,620 interactions and 20
# groups: 1,000 permutations of 50,000 cells take 0.5 s of one core and computing takes 0.4 s; with a million cells it is 5.5 s and
# 1.2 s (`benchmarks/README.md`).

# %%
permuted, analytic = tables["permutation"], tables["analytic"]
pd.DataFrame({name: table["pvalue_raw"].describe(percentiles=[0.5]) for name, table in tables.items()})

# %% [markdown]
# With 50,000 cells every permutation p-value is at its floor. The computed ones say how far below they are: further
# than a number of this kind is written (1e-300).
#
# These are the p-values before they are divided by `pass_probability`, the probability that permuted labels list the row at
# all. `pvalue` is the quotient. Where only specific expression can be listed, the floor of permutations is too high to be
# divided, so that the tail is computed there, and `pvalue` put at the floor if it is below.
#
# Do the two agree where permutations can resolve anything? Here on 2,000 of the cells, with more permutations, and with
# rarely expressed genes too.

# %%
some = adata[np.random.default_rng(0).choice(adata.n_obs, 2_000, replace=False)].copy()
n_perms = 10_000
few = cs.tl.score(some, "cell_type", n_perms=n_perms, expr_prop=0, rng=0, inplace=False).table
computed = cs.tl.score(some, "cell_type", null="analytic", expr_prop=0, rng=0, inplace=False).table
pair = few.merge(computed, on=["source", "target", "interaction"], suffixes=("_permuted", "_analytic"))
pair = pair[pair["null_analytic"] == "analytic"]
figure, ax = plt.subplots(figsize=(4, 4), layout="constrained")
ax.loglog(pair["pvalue_permuted"], np.maximum(pair["pvalue_analytic"], 1e-8), "o", markersize=3, alpha=0.5)
ax.axline((1e-3, 1e-3), (1, 1), color="grey", linewidth=0.8)
ax.axvline(1 / (n_perms + 1), color="#D55E00", linestyle="--", label="floor of 10,000 permutations")
ax.set(xlabel="permuted p", ylabel="analytic p (drawn not below 1e-8)")
_ = ax.legend(fontsize=8)

# %% [markdown]
# Permutation p-values carry the error of counting. In units of this error, how far is the computed from the permuted
# value?

# %%
resolved = pair[pair["pvalue_permuted"].between(1e-3, 0.999)]
error = np.sqrt(resolved["pvalue_analytic"] * (1 - resolved["pvalue_analytic"]) / n_perms)
deviation = ((resolved["pvalue_permuted"] - resolved["pvalue_analytic"]) / error).abs()
ratio = np.log10(resolved["pvalue_analytic"] / resolved["pvalue_permuted"]).abs()
print(f"{len(resolved)} rows with 0.001 ≤ p ≤ 0.999; {(deviation <= 3).mean():.1%} within three standard errors")
print(f"median difference of log10 p: {ratio.median():.4f}; largest: {ratio.max():.2f}")

# %% [markdown]
# The column `null` says, row by row, what a p-value comes from. Rows that the approximation does not describe well
# (very rare genes) are permuted, never guessed.

# %%
computed["null"].value_counts()

# %% [markdown]
# ## What a tiny p-value means
#
# Nothing biological. With enough cells, *every* difference from a random group is significant, also one of 2 %.
# With large data sort by `score`, or compare samples; the p-value has done its work once it is small.

# %%
analytic.sort_values("score", ascending=False)[
    ["source", "target", "interaction", "ligand_prop", "receptor_prop", "score", "pvalue"]
].head()

# %% [markdown]
# ## Threads and memory
#
# `n_jobs` sets the threads, `memory` the bytes that a block of permutations may take. Neither changes a byte of the
# result: each permutation has its own stream of random numbers.

# %%
one = cs.tl.score(some, "cell_type", n_jobs=1, rng=0, inplace=False).table
tight = cs.tl.score(some, "cell_type", memory=2**20, rng=0, inplace=False).table
whole = cs.tl.score(some, "cell_type", rng=0, inplace=False).table
pd.Series({"one thread": one.equals(whole), "1 MB per block": tight.equals(whole)})

# %% [markdown]
# ## Files that stay on disk
#
# The matrix need not be in memory. A backed h5ad file, a zarr store, a lazily read object and a dask array are read in
# blocks of cells, once for the statistics of groups, and never loaded whole. What comes out is what memory gives.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "cells.h5ad"
    adata.write_h5ad(path)

    on_disk = ad.read_h5ad(path, backed="r")
    from_disk = cs.tl.score(on_disk, "cell_type", null="analytic", rng=0, inplace=False).table
    late = on_disk[on_disk.obs["condition"] == on_disk.obs["condition"].cat.categories[-1]]  # a view stays on disk, too
    of_late = cs.tl.score(late, "cell_type", null="analytic", rng=0, inplace=False).table
    on_disk.file.close()

    with h5py.File(path) as file:
        chunks = ad.AnnData(
            ad.experimental.read_elem_lazy(file["X"], chunks=(10_000, adata.n_vars)), obs=adata.obs, var=adata.var
        )
        print(chunks.X)
        by_dask = cs.tl.score(chunks, "cell_type", null="analytic", rng=0, inplace=False).table

columns = ["score", "pvalue"]
pd.Series(
    {
        "from disk": np.abs(from_disk[columns] - analytic[columns]).to_numpy().max(),
        "by dask": np.abs(by_dask[columns] - analytic[columns]).to_numpy().max(),
    },
    name="largest difference from memory",
)

# %% [markdown]
# With a `distributed.Client` the same call runs on its cluster: every worker reduces the chunks it reads, and only
# small sums travel. A worker that dies changes nothing but the time.
#
# ```python
# from distributed import Client, LocalCluster
#
# with LocalCluster(n_workers=4, threads_per_worker=1) as cluster, Client(cluster):  # or Client("tcp://scheduler:8786")
#     cs.tl.score(ad.experimental.read_lazy("cells.zarr"), "cell_type", null="analytic")
# ```
#
# Use `null="analytic"` beyond memory: permutations need the values of the ligands' and receptors' genes again and
# again, and keep them, beyond 1 GiB in a temporary file. The documentation's page on large data says which files are good
# to read.

# %% [markdown]
# ## Comparing conditions
#
# `cs.tl.compare` adds up counts per sample and cell type, so that its tests have as many points as there are samples,
# and cost next to nothing.

# %%
cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample")
compared = cs.get.table(adata, "commscore_compare", max_padj=0.05)
compared[["source", "target", "interaction", "effect", "padj", "shift", "driver"]]

# %% [markdown]
# **What it means.** Cells cost time and memory linearly, and little of both.
#
# **What it does not mean.** More cells of the same ten people are not more people: the comparison above has ten
# samples, with fifty thousand cells as with five thousand.
