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
# # 2. The microenvironment of a breast tumour
#
# **The question.** Who sends, who receives, and by which modes, in one triple-negative breast tumour?
#
# The data: patient CID4465 of the breast atlas of Wu et al. 2021
# ([doi:10.1038/s41588-021-00911-1](https://doi.org/10.1038/s41588-021-00911-1)), 1,564 cells with the authors' labels.
#
# **Download.** 1.2 MB, once (`breast_wu2021_CID4465`): from github.com/omnideconv/spacedeconv; GEO public data (GSE176078).

# %%
# %matplotlib inline
import scanpy as sc

import commscore as cs

adata = cs.ds.fetch("breast_wu2021_CID4465")
adata.layers["counts"] = adata.X.copy()
sc.pp.normalize_total(adata, target_sum=1e4)
sc.pp.log1p(adata)
adata.obs["cell_type"].value_counts()

# %% [markdown]
# ## Who talks to whom

# %%
cs.tl.score(adata, "cell_type", resource="breast+general", null="auto", rng=0)
table = cs.get.table(adata)
found = table[table["padj"] <= 0.05]
ax = cs.pl.heatmap(adata)

# %% [markdown]
# Sources in rows, targets in columns; the numbers count interactions with an adjusted p-value of at most 0.05. The resource
# is the curated one of breast tumours and the general one, merged; `null="auto"` also resolves p-values that 1,000
# permutations cannot.
#
# Careful with this matrix: fibroblasts (CAFs) seem to send to everyone, and they are the largest group; B cells seem
# silent, with 33 cells. A count of significant interactions depends on how many cells a group has, how deeply
# they were sequenced and which interactions are on the list; it ranks groups badly. It is a table of contents.

# %%
ax = cs.pl.dotplot(adata, top=20, max_pairs=25)

# %% [markdown]
# Fibroblasts to perivascular cells (PVL) by collagens and integrins, to endothelium by collagens and CD93, to epithelium
# by collagens and DDR1; MHC class II of myeloid cells to T cells: the matrix and antigen presentation dominate, as is
# often so in RNA, because these transcripts are abundant. In bold is what reviews tell of; the rest follows from a rule or
# stands on a list (column `basis`).
#
# ## Which interactions go together
#
# The same rows, sorted so that interactions with the same senders and receivers stand together. The strips above name
# the source and the target of every column, the strip at the left the mode; dots are adjusted p-values of at most 0.05.

# %%
grid = cs.pl.clustermap(adata, top=30, max_columns=40)

# %% [markdown]
# Blocks are groups of cells that express the same ligands or receptors, not pathways. The block of collagens with CD44 and
# DDR1 says that fibroblasts have the ones and epithelium has the others. What is white was not expressed in enough cells of
# that pair.
#
# ## By mode

# %%
ax = cs.pl.spectrum(adata, by="source")

# %% [markdown]
# Each row is a mode, each bar a sender; the numbers count interactions × targets. The mode of an interaction comes
# from what the reviews say of it, else from a rule about the family of its molecules, else it is `unknown`. There is not one row of mode `metabolite`,
# `hormone` or `extracellular_vesicle` here. Is there no such communication? That cannot be concluded:

# %%
untested = cs.get.untested(adata)
untested["reason"].value_counts()

# %%
resource = cs.rs.as_resource("breast+general")
interactions = resource.interactions.set_index("interaction")
not_measurable = untested.loc[untested["reason"] == "not measurable in RNA", "interaction"]
interactions.loc[not_measurable, "mode"].value_counts()

# %% [markdown]
# Pairs that are `indirect` (a protease and what it cuts) are no ligand and receptor: they are not scored.
#
# ## What do the reviews say of it?
#
# The curated resource knows, for each statement, whether it is for or against the tumour in that context.

# %%
told = found[found["basis"].isin(["stated", "inferred"])]
evidence = resource.filter(basis=["stated", "inferred"]).evidence
said = evidence[evidence["interaction"].isin(told["interaction"])]
said.groupby("interaction")["direction"].value_counts().unstack(fill_value=0).sort_values("pro", ascending=False).head(
    12
)

# %% [markdown]
# ## Several methods at once
#
# Methods of other tools can be asked for together. They share one pass over the data and one set of permutations. Not all of
# their p-values can be computed (of these, `mean` alone can), so that more permutations take the place of `null="auto"`; the
# warning says what even these cannot tell.

# %%
several = ["mean", "specificity", "hill"]
cs.tl.score(adata, "cell_type", resource=resource, method=several, n_perms=10_000, rng=0, key_added="methods")
methods = cs.get.table(adata, "methods")
agreement = methods[["score_mean", "score_specificity", "score_hill"]].corr(method="spearman")
agreement.round(2)

# %% [markdown]
# They do not agree well, because they do not measure the same thing: `mean` is about how much is expressed,
# `specificity` about where. `cs.tl.methods()` tells what each one measures. `method=` chooses one of them, in tables and
# in plots; without it the first is taken, and the figure says which.

# %%
one = cs.get.table(adata, "methods", method="hill", max_padj=0.05)
both = one.merge(cs.get.table(adata, "methods", method="mean", max_padj=0.05), on=["source", "target", "interaction"])
print(f"hill: {len(one)} rows with padj ≤ 0.05, {len(both)} of them also with mean")

# %% [markdown]
# **What it means.** A map of what is possible in this tumour by its transcripts, each entry with its statements.
#
# **What it does not mean.** It is one patient and a shallow library (median 664 UMIs per cell): absence is weak
# evidence, and nothing here says "in TNBC". For that, samples are needed, not more cells of this one; and not the cells of many
# samples in one file either, because the p-value of a score asks about one pool of cells (tutorial 4).
