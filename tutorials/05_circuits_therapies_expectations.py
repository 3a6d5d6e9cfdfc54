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
# # 5. Circuits, therapies, expectations, response
#
# **The question.** Single edges are not yet a story. Reviews tell of circuits (the tumour attracts a cell, which
# feeds it back), of therapies that cut edges, and of what is expected to change. How much of that do data show? And
# does the cell that receives a signal answer it?
#
# **Download.** Three files, once, 9.5 MB together. 1.2 MB (`breast_wu2021_CID4465`): from github.com/omnideconv/spacedeconv;
# GEO public data (GSE176078). 7.2 MB (`breast_chung2017`): from github.com/icbi-lab/scirpy; paper CC BY 4.0; GEO public data
# (GSE75688). 1.0 MB (`kang2018_muscat`): from github.com/HelenaLC/muscat; GEO public data (GSE96583).
#
# ## Circuits of the reviews, on one tumour

# %%
# %matplotlib inline
import warnings

import scanpy as sc

import commscore as cs

adata = cs.ds.fetch("breast_wu2021_CID4465")
adata.layers["counts"] = adata.X.copy()
sc.pp.normalize_total(adata, target_sum=1e4)
sc.pp.log1p(adata)
cs.tl.score(adata, "cell_type", null="auto", rng=0)
cs.tl.circuits(adata, "cell_type", rng=0)
circuits = cs.get.load(adata, "commscore_circuits")
circuits.table["status"].value_counts()

# %% [markdown]
# A circuit is a chain of steps: ligand to receptor between cells, receptor to induced gene within one. `complete`: all
# steps can be measured and are expressed. `partial`: all that can be measured are. `step`: a "circuit" of a single
# step, which is expressed. `broken`: a step that can be measured is not expressed. `not_assessable`: the cells or genes
# are not there (no osteoclasts in a breast).
#
# First of all, who plays which role? Names are matched, and what was guessed is said:

# %%
roles = circuits.extra["roles"]
roles.loc[roles["groups"] != "", ["role", "groups", "how"]].head(14)

# %% [markdown]
# `parent` means that a wider group stands in: here "Myeloid" plays macrophage, neutrophil, dendritic cell and MDSC.
# A circuit between macrophages and dendritic cells is then a circuit of myeloid cells with themselves. Give `roles=`
# if you know better.

# %%
shown = circuits.table[circuits.table["n_assessed"] > 0].head(8)
shown[["name", "kind", "status", "n_steps", "n_assessed", "n_expressed", "strength", "padj"]]

# %%
ax = cs.pl.circuit(adata)  # the first of the table

# %%
ax = cs.pl.circuit(adata, "hypoxia_angiogenesis")

# %% [markdown]
# Boxes are cells that play a role, arrows between them ligands to receptors, lines inside a box what is induced in the
# cell; what is dashed is not expressed in enough cells, or cannot be measured. Where a wider group stands in for a role,
# the box says so.
#
# Status and p-value answer different questions. The p-value says that the steps lie in these groups rather than in
# random cells; the status, that each step is seen in enough cells. A broken circuit has no p-value: a chain without one
# of its links transmits nothing, however specific the rest is. At 664 UMIs per cell, `broken` mostly means "too shallow
# to see", and no circuit of this tumour is complete. `not_in_rna` has steps that RNA never shows, such as the activity of a
# kinase. Read the weakest step before believing any:

# %%
shown[["name", "weakest_edge", "stand_ins", "source", "lines"]].head(5)

# %% [markdown]
# ## Feedback loops found in the data

# %%
cs.tl.loops(adata, n_perms=200, rng=0)
loops = cs.get.load(adata, "commscore_loops")
loops.table.head()[["kind", "length", "groups", "interactions", "links", "strength"]]

# %%
loops.extra["summary"]

# %% [markdown]
# The table is empty: no loop closes. The steps inside cells come from the reviews' circuits and are few;
# `net=` takes a larger network.
#
# ## What a therapy would cut
#
# An inventory: which of the scored edges have a target of the therapy as a subunit.

# %%
cs.tl.therapies(adata)
therapies = cs.get.load(adata, "commscore_therapies")
cuts = therapies.table[therapies.table["n_edges"] > 0].sort_values("share", ascending=False)
cuts[["therapy", "action", "targets", "reported", "n_edges", "share", "n_circuits"]]

# %%
ax = cs.pl.therapies(adata)

# %%
therapies.extra["bypass"].head(8)[["therapy", "cut", "target", "how", "remaining", "source"]]

# %% [markdown]
# `share` is the fraction of the flow on cut edges; `bypass` what remains in the same cell by the same receptor or
# a ligand of the same family. Antigen presentation (HLA to T-cell receptor) is left out of shares: it would lead here
# because MHC class I is the most abundant ligand in the resource; a "TCR mimic", which cuts nothing else, has no share.
# **This is no prediction of response**, and every row says so: matrix is abundant, too.

# %%
print(*therapies.table["claim"].unique())

# %% [markdown]
# ## Expectations: what reviews say will change
#
# For this, samples and conditions are needed. Here is a simulated cohort of primary tumours and bone metastases,
# in which the tumour's CXCR4 was raised (a review expects that) and its JAG1 lowered (a review expects the
# contrary). `contexts` tells what the levels of the condition stand for, in the words of the resource.

# %%
warnings.filterwarnings("ignore", message="only .* that RNA can show")  # few interactions are simulated
shifts = [
    cs.ds.Shift(interaction="CXCL12^CXCR4", source="CAF", target="tumour", driver="receptor", log2fc=2),
    cs.ds.Shift(interaction="JAG1^NOTCH1", source="tumour", target="endothelial", log2fc=-2),
]
cohort = cs.ds.simulate(n_samples=5, n_cells=400, conditions=["primary", "bone"], shifts=shifts, rng=0)
cs.tl.expectations(
    cohort,
    "cell_type",
    condition_key="condition",
    sample_key="sample",
    contexts={
        # a review compares bone metastases with a line that hardly makes any: here the primary tumours stand for it
        "primary": ["stage=invasive;site=primary", "condition=weakly bone-metastatic subline"],
        "bone": "stage=metastatic;site=bone",
    },
)
expectations = cs.get.load(cohort, "commscore_expectations")
verdicts = expectations.table
verdicts["verdict"].value_counts()

# %%
assessed = verdicts[verdicts["verdict"] != "not_assessable"]
assessed[["expectation", "what", "role", "change", "effect", "ci_low", "ci_high", "padj", "verdict", "source", "lines"]]

# %%
ax = cs.pl.expectations(cohort)

# %% [markdown]
# The great majority is `not_assessable`, each row with its reason: a review speaks of many contexts, and a cohort has
# two. A tool that only lists what fits would not show this denominator.

# %%
reasons = verdicts.loc[verdicts["verdict"] == "not_assessable", "reason"]
reasons.str.replace(r"'.*", "…", regex=True).value_counts().head(6)

# %%
print(expectations.extra["summary"]["text"].iloc[0])

# %% [markdown]
# ## The balance
#
# Every interaction has a direction in the reviews, for or against the tumour. Adding up the flow of both in every sample
# gives a balance, whose *difference* between conditions is tested on samples. Its level says little: what is
# written about tumours is mostly what drives them. Here are the primary tumours and lymph-node metastases of tutorial 3.

# %%
chung = cs.ds.fetch("breast_chung2017")
cs.tl.balance(chung, "cell_type", sample_key="sample", condition_key="stage", reference="primary", min_cells=5)
balance = cs.get.load(chung, "commscore_balance")
ax = cs.pl.balance(chung)

# %%
balance.extra["tests"]

# %% [markdown]
# Every point is a tumour; the grey line through it shows where the balance could lie if all interactions without a
# clear direction were against or for the tumour. Two metastases cannot show a difference, and the interval says so.

# %% [markdown]
# ## Does the receiver answer?
#
# Ligand and receptor are half of the story. The other half is what the receiving cell does, and that can be seen in the
# genes that a pathway turns on. A control in which the answer is known: blood cells of two donors, each with and without
# interferon-β in the dish (Kang et al. 2018, [doi:10.1038/nbt.4042](https://doi.org/10.1038/nbt.4042)). Interferon
# works through JAK and STAT, in every cell.

# %%
blood = cs.ds.fetch("kang2018_muscat")
pairs = {"condition_key": "condition", "sample_key": "sample", "patient_key": "patient"}
cs.tl.response(blood, "cell_type", **pairs)
response = cs.get.table(blood, "commscore_response")
ax = cs.pl.response(blood)

# %% [markdown]
# The column JAK-STAT stands out in all five cell types: the right pathway, everywhere, with two donors. (NFkB goes along
# in some; interferon genes are in both sets.) Grey pathways have too few of their genes among the 1,267 of this file.
#
# And what do ligands and receptors say of the same cells?

# %%
cs.tl.compare(blood, "cell_type", **pairs)
edges = cs.get.table(blood, "commscore_compare")
edges["status"].value_counts()

# %% [markdown]
# Nearly nothing could be tested, and no row changed. That is no failure of the cells: the interferon came from a
# pipette, and nobody in the dish made it. **A response without a ligand is possible** (a drug, serum, a cell that was
# not sampled), and so is a ligand without a response. Where both are there, `links` of the result sets them side by side.

# %%
print(f"smallest adjusted p-value of an edge: {edges['padj'].min():.2g}, of a response: {response['padj'].min():.1e}")

# %% [markdown]
# **What it means.** Statements of reviews become tests with a verdict, an interval and the place where it is written.
# A pathway's activity shows that receivers changed, in the samples where the signal is.
#
# **What it does not mean.** A confirmed expectation is not a causal proof; one that is contradicted in one cohort
# does not make the review wrong. And several expectations may rest on the same gene. An activity that rises does not
# name the ligand that raised it: many ligands feed one pathway.
