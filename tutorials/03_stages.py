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
# # 3. Stages: from the primary tumour to the lymph node, and a cohort with known truth
#
# **The question.** Does communication change as a tumour spreads, and which shape does the change have?
#
# ## Real data, and what they can carry
#
# Chung et al. 2017 ([doi:10.1038/ncomms15081](https://doi.org/10.1038/ncomms15081)): 515 cells of 11 primary breast
# tumours and 2 lymph-node metastases. Before any test, look at the design.
#
# **Download.** 7.2 MB, once (`breast_chung2017`): from github.com/icbi-lab/scirpy; paper CC BY 4.0; GEO public data (GSE75688).

# %%
# %matplotlib inline
import warnings

import matplotlib.pyplot as plt
import pandas as pd

import commscore as cs

adata = cs.ds.fetch("breast_chung2017")
adata.obs.groupby(["stage", "sample", "cell_type"], observed=True).size().unstack(fill_value=0)

# %% [markdown]
# Two metastases. Only tumour and B cells have ten cells or more in both. Most pairs of cell types can therefore not
# be compared at all, and the tool says so instead of comparing cells.

# %%
cs.tl.compare(adata, "cell_type", condition_key="stage", sample_key="sample", reference="primary", min_cells=5)
unpaired = cs.get.table(adata, "commscore_compare")
print(cs.get.load(adata, "commscore_compare").counted())

# %%
columns = ["source", "target", "interaction", "effect", "ci_low", "ci_high", "pvalue", "padj", "exact_floor", "shift"]
unpaired.sort_values("pvalue")[columns].head(5)

# %% [markdown]
# Nothing has an adjusted p-value of at most 0.05. `inconclusive` is the honest word: neither was a change found nor
# was its absence shown.
#
# Two patients have both a primary tumour and a metastasis, nine a primary tumour alone. `patient_key` says whose samples
# they are: what samples of one patient share is estimated and taken out of the change, and the nine stay in.

# %%
options = {"condition_key": "stage", "sample_key": "sample", "reference": "primary", "min_cells": 5}
cs.tl.compare(adata, "cell_type", **options, patient_key="patient", key_added="patients")
print(cs.get.params(adata, "patients")["patient_design"])
patients = cs.get.table(adata, "patients")
patients.sort_values("pvalue")[columns].head(5)

# %% [markdown]
# Still nothing. Look at `exact_floor`, too: two patients can exchange their labels, so that relabelling can never give
# less than 0.25, and any small p-value would rest on the model's assumption about variance alone. And ask what these
# cells are: the registry says that some labels disagree with the markers. A lymph node is full of B cells, which express
# MHC class II highly.

# %%
cs.ds.list().set_index("name").loc["breast_chung2017", "good_for"]

# %%
strict = adata[adata.obs["marker_agrees"].astype(str) == "True"].copy()
result = cs.tl.compare(strict, "cell_type", **options, patient_key="patient", inplace=False)
mhc = {"source": "Tumor", "target": "Tumor", "interaction": "HLA-DRA_HLA-DRB1^CD4"}
before, kept = (t[(t[list(mhc)].astype(str) == list(mhc.values())).all(axis=1)] for t in (patients, result.table))
print(f"{adata.n_obs - strict.n_obs} cells were left out")
pd.concat({"all cells": before[columns], "strict": kept[columns]})

# %% [markdown]
# MHC class II in "tumour" cells seems up in the lymph node, with an interval that holds zero. Without the cells whose
# label and markers disagree, most of it is gone: how far it was up was a question of which cells are called tumour.
#
# **What the real data say:** little, and that is the result. A tool that takes cells as replicates would have printed
# a long list from the same table.
#
# ## A cohort in which the truth is known
#
# Four stages, four samples each, and two planted changes: CSF1 of the tumour grows from stage to stage; CXCR4 on the
# tumour peaks in the middle. Nothing else changes. (Simulated data hold the genes of 28 interactions and no others; the
# warning that says so is switched off.)

# %%
warnings.filterwarnings("ignore", message="only .* that RNA can show")
stages = ["in_situ", "primary", "lymph_node", "bone"]
shifts = [
    cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2, shape="growth"),
    cs.ds.Shift(interaction="CXCL12^CXCR4", source="CAF", target="tumour", driver="receptor", log2fc=2, shape="peak"),
]
cohort = cs.ds.simulate(n_samples=4, n_cells=400, conditions=stages, shifts=shifts, rng=0)
cs.tl.compare(cohort, "cell_type", condition_key="condition", sample_key="sample", order=stages)
compared = cs.get.table(cohort, "commscore_compare")
whole = compared[compared["contrast"] == "stages"]
hits = whole[whole["padj"] <= 0.05]
hits[["source", "target", "interaction", "padj", "shape", "driver", "sign_stable"]]

# %% [markdown]
# Five rows. Two are the planted edges, with the right shape and driver. The other three are not false: CSF1 of the
# tumour also reaches osteoclasts, which have the receptor; and CXCR4 of the tumour also hears the CXCL12 of other
# cells. A change of one gene changes every edge that uses it. The simulation lists these too:

# %%
truth = cohort.uns["truth_edges"]
known = set(zip(truth["source"], truth["target"], truth["interaction"]))
false = [edge for edge in zip(hits["source"], hits["target"], hits["interaction"]) if edge not in known]
print(f"{len(hits)} found, {len(false)} of them without a change in truth")

# %% [markdown]
# ## Samples as points
#
# `cs.tl.profile` gives samples × edges, an ordinary AnnData for any other tool.

# %%
samples = cs.tl.profile(cohort, "cell_type", sample_key="sample")
edges = [("tumour", "macrophage", "CSF1^CSF1R"), ("CAF", "tumour", "CXCL12^CXCR4")]
figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for ax, (source, target, interaction) in zip(axes, edges):
    cs.pl.trend(
        samples,
        interaction=interaction,
        source=source,
        target=target,
        stage_key="condition",
        order=stages,
        comparison=cohort,
        ax=ax,
    )

# %% [markdown]
# Every point is a sample; the diamonds are the estimates with their 95 % intervals. The figure to show is this one: a
# reader can count the samples and see their spread.
#
# ## Why not just compare the first stage with the last?

# %%
last = compared[compared["contrast"] == "bone vs in_situ"].set_index(["source", "target", "interaction"])
last.loc[edges, ["effect", "padj", "shift"]]

# %% [markdown]
# The peak returns to where it began, so that first against last sees nothing. The contrast `stages` tests a line, a
# hill and every step together, and names the course if all others are excluded; else the shape is `ambiguous`.
#
# **What it means.** With four samples per stage, changes of fourfold are found and named correctly.
#
# **What it does not mean.** Real cohorts differ in composition, depth, site and treatment at once; a stage that is
# confounded with any of them cannot be separated by statistics. `cs.tl.power` tells beforehand what a design can find.
