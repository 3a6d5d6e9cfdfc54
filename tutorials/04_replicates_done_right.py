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
# # 4. Replicates done right
#
# **The question.** Three patients with cutaneous T-cell lymphoma and three healthy donors: which communication differs?
# And how many "findings" does one get by counting cells instead of people?
#
# The data: GSE128531, 300 cells of each of six people.
#
# **Download.** 5.7 MB, once (`skin_ctcl_gse128531`): from github.com/xmc811/Scillus; GEO public data (GSE128531). 1.0 MB
# (`kang2018_muscat`): from github.com/HelenaLC/muscat; GEO public data (GSE96583).

# %%
# %matplotlib inline
import itertools
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scanpy as sc

import commscore as cs

adata = cs.ds.fetch("skin_ctcl_gse128531")
adata.obs.groupby(["condition", "sample", "cell_type"], observed=True).size().unstack(fill_value=0)

# %% [markdown]
# Look at the table before testing. Fibroblasts and endothelium nearly vanish in the patients, whose samples are full
# of T cells. What is not there in at least two samples on each side cannot be compared.
#
# ## Right: samples are the replicates

# %%
design = {"condition_key": "condition", "sample_key": "sample", "reference": "healthy_control", "min_cells": 5}
cs.tl.compare(adata, "cell_type", **design)
right = cs.get.table(adata, "commscore_compare")
columns = ["source", "target", "interaction", "effect", "ci_low", "ci_high", "pvalue", "padj", "exact_pvalue", "shift"]
right.sort_values("pvalue")[columns].head(8)

# %%
ax = cs.pl.quadrant(adata, top=6)

# %% [markdown]
# Change of the ligand in the source against change of the receptor in the target. Several rows moved a lot: gap
# junctions of keratinocytes (GJB2), MHC class I and MIF onto fibroblasts; 12 of 761 pass the adjustment. But look at the intervals in the table,
# and at `exact_pvalue`: among the 20 ways to split six people into three and three, even the most extreme one cannot do
# better than 0.1.
#
# ## Does it hang on one person?
#
# With three against three, a single person can make a result. `leave_one_out` makes the whole comparison again
# without each of them.

# %%
cs.tl.leave_one_out(adata)
ax = cs.pl.influence(adata, top=12)

# %% [markdown]
# Every tick is the effect without one person; the one whose absence moves it most is named, and a tick is orange where
# it turns the sign. GJB2 between keratinocytes stays between 8.5 and 11.7 whoever is left out; MIF onto fibroblasts falls from
# 5 to less than 2 without HC-3. Between keratinocytes and endothelium, of which the patients have one to nine cells, there is
# nothing left to compare without CTCL-8.
# Effects that stay where they are deserve the next experiment.

# %%
stability = cs.get.load(adata, "commscore_influence").extra["stability"]
moved = stability.head(30)
print(f"of the 30 surest rows, {int(moved['sign_stable'].sum())} keep their sign whoever is left out")
moved["most_influential"].value_counts()

# %% [markdown]
# `min_cells` is 5 here, so that more pairs can be looked at. With the default of 10 only keratinocytes are left, 27 rows
# instead of hundreds, and each of them needs less evidence after adjustment: the more one asks, the more evidence each answer
# needs. Choose before looking, not after.
#
# ## Wrong: cells are the replicates
#
# The same data. This must be asked for, and the column `unit` says `cells` so that nobody can forget it.

# %%
cs.tl.compare(adata, "cell_type", **design, test="cells", key_added="wrong")
wrong = cs.get.table(adata, "wrong")


def found(table):
    """Count tested rows, and those with an adjusted p-value of at most 0.05."""
    return {"tested": int(table["pvalue"].notna().sum()), "padj ≤ 0.05": int((table["padj"] <= 0.05).sum())}


pd.DataFrame({"samples": found(right), "cells": found(wrong)})

# %% [markdown]
# Hundreds of findings against a few. Are the many simply more powerful? That can be tested: give the six people
# labels **that mean nothing**. There are nine ways to split six people three and three other than the true one. A test
# that works finds p ≤ 0.05 in about 5 % of its rows.

# %%
people = list(adata.obs["sample"].cat.categories)
patients = set(adata.obs.loc[adata.obs["condition"] == "CTCL", "sample"])
rows = []
for others in itertools.combinations(people[1:], 2):
    first = {people[0], *others}
    if first in (patients, set(people) - patients):
        continue  # the true labels
    adata.obs["split"] = np.where(adata.obs["sample"].isin(first), "A", "B")
    split = {"condition_key": "split", "sample_key": "sample", "reference": "A", "min_cells": 5, "inplace": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        by_cells = cs.tl.compare(adata, "cell_type", **split, test="cells", n_perms=500).table
    by_samples = cs.tl.compare(adata, "cell_type", **split).table
    rows.append(
        {
            "A": ", ".join(sorted(first)),
            "cells: p ≤ 0.05": (by_cells["pvalue"].dropna() <= 0.05).mean(),
            "samples: p ≤ 0.05": (by_samples["pvalue"].dropna() <= 0.05).mean(),
        }
    )
nonsense = pd.DataFrame(rows).set_index("A")
nonsense.round(3)

# %%
figure, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
for height, (name, colour) in enumerate(zip(nonsense.columns, ["#D55E00", "#0072B2"])):
    ax.plot(nonsense[name], np.full(len(nonsense), height), "o", color=colour, alpha=0.7)
ax.axvline(0.05, color="grey", linestyle="--", label="5 %")
ax.set_yticks([0, 1], ["cells as replicates", "samples as replicates"])
ax.set(ylim=(-0.5, 1.5), xlim=(0, None), xlabel="fraction of rows with p ≤ 0.05 under labels that mean nothing")
_ = ax.legend()

# %% [markdown]
# With cells as replicates a third of everything is "significant" for labels that were made up. People differ, the
# cells of one person resemble each other, and three hundred cells of one person are not three hundred people.
#
# With samples as replicates it is 3 to 12 % of the rows in single splits, and 7 % on average. These few rows share their genes, so
# that the share scatters (of thousands of pairs of random genes in the same cells it is 4 %); with groups of five cells and six
# people nobody should read more into a p-value of 0.05.
#
# ## Scores ask about one pool of cells, too
#
# `cs.tl.score` permutes the labels of all cells of the call. Put the six people into one call, and shuffle the cell types **within
# each person**: no cell type is specific to anything in anybody. What do the p-values say?

# %%
pool = adata.copy()
sc.pp.normalize_total(pool, target_sum=1e4)
sc.pp.log1p(pool)
rng = np.random.default_rng(0)
pool.obs["shuffled"] = pool.obs.groupby("sample", observed=True)["cell_type"].transform(rng.permutation)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # one says that `patient` looks like samples: that is what this is about
    cs.tl.score(pool, "shuffled", null="auto", rng=0)
pooled = cs.get.table(pool)
cs.tl.score(pool, "shuffled", sample_key="sample", null="auto", rng=0)
by_sample = cs.get.table(pool)
columns = {
    "one pool": pooled["pvalue"],
    "within samples": by_sample["pvalue_within"],
    "over samples": by_sample["pvalue"],
}
for name, p in columns.items():
    print(f"{name}: p ≤ 0.05 in {(p.dropna() <= 0.05).mean():.0%} of {p.notna().sum()} rows")

# %% [markdown]
# People differ in their cells and in their expression, so the pools of cells with one label differ, too. The p-value is right about
# this pool and silent about people. With `sample_key` labels are permuted within each sample (`pvalue_within`), and `pvalue` asks
# whether the excess recurs from sample to sample, as it should in the next person. With the true cell types both are worth reading:

# %%
cs.tl.score(pool, "cell_type", sample_key="sample", null="auto", rng=0)
true = cs.get.table(pool)
print(f"padj ≤ 0.05: {(true['padj'] <= 0.05).sum()} over samples, {(true['padj_within'] <= 0.05).sum()} within them")
columns = [
    "source",
    "target",
    "interaction",
    "excess",
    "excess_se",
    "n_positive",
    "n_samples",
    "support",
    "top_sample_share",
    "padj",
]
true.sort_values("pvalue")[columns].head(5)

# %% [markdown]
# `excess` is how much more the score is than that of shuffled cells of the same sample, `n_positive` in how many samples (with both
# sides expressed), `support` the share of samples in which both sides are, and `top_sample_share` how much of the ligand (or
# receptor) one person contributes.
#
# ### Samples are not always people
#
# Blood cells of two donors, each with and without interferon-β in the dish (Kang et al. 2018,
# [doi:10.1038/nbt.4042](https://doi.org/10.1038/nbt.4042)): four samples of two people. What recurs in all four may still be of
# these two. Give the column of people, and read what is said where they are too few.

# %%
blood = cs.ds.fetch("kang2018_muscat")
sc.pp.normalize_total(blood, target_sum=1e4)
sc.pp.log1p(blood)
for column in ("sample", "patient"):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        cs.tl.score(blood, "cell_type", sample_key=column, resource="general", null="auto", rng=0)
    table = cs.get.table(blood)
    print(
        f"{column}: unit {table['unit'].iloc[0]}, {(table['padj'] <= 0.05).sum()} of {len(table)} rows with padj ≤ 0.05"
    )
    for words in (str(w.message) for w in said):
        if "patient" in words:
            print("   ", words.split(". ")[0])

# %% [markdown]
# Over four samples `pvalue` looks like a statement about the next donor, and is none: a warning names the column of patients. With that
# column two donors are too few for a test over them; `unit` is then `cells`, and `pvalue` is `pvalue_within`: these cells of these
# people, and nothing beyond.
#
# ## The calibration card of your own data
#
# The same exercise is one call. It shows what `cs.tl.compare` finds when labels are shuffled.

# %%
card = cs.tl.calibrate(adata, n_shuffles=9)
card

# %% [markdown]
# ## The same where the truth is known
#
# A simulated cohort of three against three in which nothing differs between the conditions, only between people.

# %%
warnings.filterwarnings("ignore", message="only .* that RNA can show")  # 28 interactions are all that is simulated
null = cs.ds.simulate(n_samples=3, n_cells=400, donor_sd=0.5, rng=2)
simulated = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    null_cells = cs.tl.compare(null, "cell_type", **simulated, test="cells").table
null_samples = cs.tl.compare(null, "cell_type", **simulated).table
pd.DataFrame({"samples": found(null_samples), "cells": found(null_cells)})

# %% [markdown]
# Every one of the findings by cells is false, and there are dozens. (Samples are right as often as they say: of 24 cohorts drawn
# like this one, one has any row with an adjusted p-value of at most 0.05.)
#
# **What it means.** With three against three, the most that the skin carries is effects with wide intervals; only a dozen
# rows of gap junctions, MHC class I, PDGFD and MIF survive the adjustment, and `exact_pvalue` cannot fall below 0.1 whatever the data are.
# That is a property of the design, not of the tool.
#
# **What it does not mean.** It does not mean that lymphoma changes nothing. `inconclusive` is not `stable`: for the
# latter, the change would have to be *shown* to lie within ± `margin`.

# %%
right["shift"].value_counts()

# %% [markdown]
# `detected_only_ref` and `detected_only_alt` describe what was seen: not one sample of one side expresses it. With three
# against three the best p-value of such a pattern is 0.1; `gained` and `lost` would need an adjusted p-value of at most 0.05.
