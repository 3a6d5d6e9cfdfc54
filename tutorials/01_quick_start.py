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
# # 1. Quick start in a Scanpy workflow
#
# **The question.** You have clustered and labelled your cells. Which of them could talk to each other, and by what?
#
# The data are 700 blood cells that come with Scanpy, so nothing is downloaded. Their expression is log-normalised
# already; with raw counts you would first call `sc.pp.normalize_total(adata, target_sum=1e4)` and `sc.pp.log1p(adata)`.

# %%
# %matplotlib inline
import commscore as cs

adata = cs.ds.pbmc()
adata

# %% [markdown]
# ## Score
#
# One call looks at every ordered pair of cell types and every ligand–receptor interaction of the resource: here the
# curated pairs of breast tumours and the general ones, merged (without `resource=` only the former, of which blood shows
# few). It writes to `adata.uns["commscore"]` and to nothing else.

# %%
cs.tl.score(adata, "cell_type", resource="breast+general", null="auto", rng=0)
table = cs.get.table(adata)
columns = ["source", "target", "interaction", "basis", "ligand_prop", "receptor_prop", "score", "pvalue", "padj"]
table[columns].head(10)

# %% [markdown]
# The warning is right: these data hold 765 genes, so that few pairs can be asked about; what that leaves out is listed below.
#
# `score` is the mean of the ligand's expression in the source and the receptor's in the target. `pvalue` answers one
# question: *would groups of these sizes, drawn at random from these cells, score as high?* It is never zero. 1,000 permutations
# cannot tell less than 1/1001; `null="auto"` computes what is smaller, and permutes where that is not possible. How small it
# is says little: with enough cells, every difference is beyond chance. `basis` says what the pair rests on: `stated` or
# `inferred` from a review, by a rule about its `family`, or only `listed`. The p-value speaks of this pool of cells: with several
# samples in one file, groups differ already because samples do (tutorial 4).

# %%
print(f"{len(table)} rows were tested, {(table['padj'] <= 0.05).sum()} have an adjusted p-value of at most 0.05")
print("smallest p-value that permutations alone could give:", cs.get.params(adata)["pvalue_floor"])
print(table["null"].value_counts().to_dict())

# %% [markdown]
# ## A figure

# %%
senders = ["CD19+ B", "CD14+ Monocyte", "Dendritic", "CD56+ NK"]
ax = cs.pl.dotplot(cs.get.table(adata, source=senders, max_padj=0.05))

# %% [markdown]
# (Every plot returns the axes it drew on; `ax.figure.savefig("dots.pdf")` keeps the figure as vectors, and `ax=` draws into
# a figure of your own.)
#
# What four cell types send, where the adjusted p-value is at most 0.05. Every column is a pair of cell types, every row an
# interaction; colour is the score and size the adjusted p-value. `HLA-DRA_HLA-DRB1^CD4` comes from monocytes, B cells and
# dendritic cells: antigen presentation, which is what these cells do for a living. `MIF^CD74_CXCR4` goes to
# many kinds of cells: the ligand is everywhere in blood, and the p-value is small because of the
# receptor's side. The top of the table, `C1QA^CD33`, is one that a list has and no review of ours tells of: sure that both are
# expressed here, not sure that it matters.
#
# ## What was not tested
#
# An interaction that is missing from a table was either tested and weak, or could not be tested at all. These are
# two different things, and the second one is listed with its reason.

# %%
untested = cs.get.untested(adata)
untested["reason"].value_counts()

# %% [markdown]
# Scanpy's bundled data keep only 765 variable genes, so most interactions lack a gene. With your own data, keep all
# genes. Molecules that are no transcripts (metabolites, for example) are "not measurable in RNA" in any data set.
#
# ## Where does an interaction come from?
#
# Every interaction of the resource carries the statements that it rests on: review, lines, context, direction.

# %%
evidence = cs.rs.as_resource("breast+general").evidence
evidence.loc[evidence["interaction"] == "MIF^CD74_CXCR4", ["source", "lines", "statement", "stated", "direction"]]

# %% [markdown]
# ## Keep it
#
# The result is part of the AnnData object and is written and read with it. The parameters of the call are there too.

# %%
params = cs.get.params(adata)
{name: params[name] for name in ("groupby", "n_perms", "scheme", "expr_prop", "min_cells", "pvalue_floor")}

# %% [markdown]
# **What it means.** In these pairs, ligand and receptor are expressed more specifically than chance would have it.
#
# **What it does not mean.** Nobody has seen a protein, a contact or a response. Cells that never meet can score high.
# And these are cells of one donor: the p-value speaks of these cells, not of people (tutorial 4
# is about that).
