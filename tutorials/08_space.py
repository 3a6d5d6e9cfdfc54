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
# # 8. Space: who meets, and does the receptor follow the ligand?
#
# **The question.** Positions seem to promise what single cells cannot: that a ligand and its receptor are *where* they
# could meet. In two sets of breast tumours, do pairs that are known to bind go together in space, and more often than
# pairs that are not listed to bind?
#
# The data: a section of a breast tumour, cell by cell with 379 genes (Xenium), and sections of eight HER2-positive
# tumours in spots of many cells with the whole transcriptome (Andersson et al. 2021,
# [doi:10.1038/s41467-021-26271-2](https://doi.org/10.1038/s41467-021-26271-2)).
#
# **Download.** 0.8 MB, once (`breast_xenium10k`): from github.com/ChenLaboratory/scider; CC BY 4.0.
# 9.2 MB (`breast_her2st_annotated8`): from github.com/almaan/her2st; not stated in the authors' code repository; see
# the Zenodo record.

# %%
# %matplotlib inline
import warnings

import pandas as pd
import scanpy as sc

import commscore as cs

cells = cs.ds.fetch("breast_xenium10k")
sc.pp.normalize_total(cells, target_sum=1e4)
sc.pp.log1p(cells)
cells.obs["cell_type"].value_counts()

# %% [markdown]
# ## Cells: three evidences side by side
#
# Positions of Xenium are in µm, so `um_per_unit=1`; they must be told, since nothing in a file says whether a 1 is a µm, a pixel
# or a spot. Ranges go by the mode of each interaction. These 10,000 cells are a sample of the section: the nearest cell is
# 34 µm away, so contact between neighbours (25 µm) cannot be seen, and a range of 50 µm for all is what they carry. Ten
# decoys for each pair: the ligand with the receptor of another ligand.

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # how few of the pairs a panel of 379 genes has
    cs.tl.spatial(cells, "cell_type", um_per_unit=1, ranges=50, resource="general", decoys=10)
table = cs.get.table(cells, "commscore_spatial")
columns = ["source", "target", "interaction", "proximity", "specificity_padj", "coupling", "pvalue", "padj"]
table[columns].head(8)

# %% [markdown]
# * **proximity**: do cells of source and target meet more often than their numbers say (log2, 0 is chance)?
# * **specificity**: are ligand and receptor high in these cell types? Positions play no part in it.
# * **coupling**: given who sits where, do target cells that more of the ligand reaches have more of the receptor?
#
# They answer different questions, and are not multiplied into one number.
#
# ### Who meets whom

# %%
ax = cs.pl.proximity(cells)

# %% [markdown]
# B and T cells meet more than twice as often as chance would have it, and B cells keep away from cancer cells: immune cells
# lie in aggregates. The intervals come from blocks of the tissue, not from cells.
#
# ### Where an interaction is received

# %%
ax = cs.pl.spatial(cells, "CXCL9^CXCR3", source="T cells", target="T cells", value="both")

# %% [markdown]
# This pair is specific of its cell types (`specificity_padj`), and has one of the smallest p-values of coupling; yet no row of the table has
# `padj` ≤ 0.05 (the smallest is 0.56). A picture like this looks like communication. It would look the same if both genes were merely those of cell types
# that live together.
#
# ### Decoys: pairs that are not listed to bind

# %%
ax = cs.pl.calibration(cells)
shares = {"cells (Xenium)": cs.get.params(cells, "commscore_spatial")["calibration"]}
decoys = cells.uns["commscore_spatial"]["decoys"]
decoys[["source", "target", "ligand_complex", "receptor_complex", "pvalue"]].head(3)

# %% [markdown]
# ## Spots: eight patients
#
# A spot has many cells, and its label is no cell type. What a deconvolution says is in columns `prop_…`, which sum to 1.
# Positions are steps of a grid of 200 µm. With eight patients the patient is the replicate: one partial correlation each,
# and a t-test over them.

# %%
spots = cs.ds.fetch("breast_her2st_annotated8")
sc.pp.normalize_total(spots, target_sum=1e4)
sc.pp.log1p(spots)
mixed = [c for c in spots.obs if c.startswith("prop_")]
call = {"um_per_unit": 200, "sample_key": "patient", "composition_key": mixed, "resource": "general"}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    cs.tl.spatial(spots, **call)
print(*(w.message for w in said if "decoys" in str(w.message)), sep="\n")
shares["spots, composition out"] = cs.get.params(spots, "commscore_spatial")["calibration"]
found = cs.get.table(spots, "commscore_spatial")
found[["interaction", "coupling", "coupling_t", "unit", "pvalue", "pvalue_unadjusted", "padj"]].head(8)

# %% [markdown]
# The warning is about these data: known pairs couple no more often than decoys, and decoys in 8.5 % of the tests (interval 5.7 to 12.6 %), where
# chance gives 5. Read no single p-value here as evidence of communication; after adjustment for the number of tests no row is left either (the
# smallest `padj` is 0.64).
#
# What if composition were left in? Only the position is taken out here:

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    cs.tl.spatial(spots, **call, adjust=["position"], key_added="position_only")
shares["spots, composition left in"] = cs.get.params(spots, "position_only")["calibration"]
columns = {
    "known, unadjusted": "known_0.05_unadjusted",
    "decoys, unadjusted": "decoy_0.05_unadjusted",
    "known": "known_0.05",
    "decoys": "decoy_0.05",
}
summary = pd.DataFrame({name: {c: s[key] for c, key in columns.items()} for name, s in shares.items()}).T
summary.round(3)

# %% [markdown]
# Shares of tests with p ≤ 0.05. Chance alone gives 5 %.
#
# * **Left unadjusted, "significant" pairs abound**, in the spots three times as many as chance gives. But they abound
#   *among pairs that are not listed to bind, too*.
# * **Once position, contacts and composition are taken out, known pairs go together no more often than decoys.** More than half of the
#   excess over chance in these tumours is which cells lie where.
#
# That is what the adjusted test can see: of receptors planted to follow what source cells express it finds 3 to 20 %, so no excess over
# decoys is no evidence of no coupling.
#
# Is the test blind? Genes of one programme, which must go together, are found by the same test, less surely than with composition left in:

# %%
together = [("COL1A1", "COL3A1"), ("ERBB2", "GRB7"), ("IGHG1", "IGKC"), ("CD74", "HLA-DRA")]
sure = call | {"resource": pd.DataFrame(together, columns=["ligand", "receptor"]), "decoys": 0, "inplace": False}
control = cs.tl.spatial(spots, **sure).table.set_index("interaction")
left_in = cs.tl.spatial(spots, **sure, adjust=["position"]).table.set_index("interaction")
control = control.assign(composition_left_in=left_in["pvalue"])
control[["coupling", "coupling_t", "n_samples", "pvalue", "composition_left_in"]]

# %% [markdown]
# ### On the tissue

# %%
best = str(found.iloc[0]["interaction"])
ax = cs.pl.spatial(spots, best, sample=list(spots.obs["patient"].cat.categories[:4]))

# %% [markdown]
# **What it means.** In these two data sets positions tell well *who meets whom*, and that is worth having: it says which of
# the pairs of cell types that `cs.tl.score` lists are neighbours at all. They also tell that a significant coupling is, by itself, no evidence
# of communication here: unlisted pairs do as well.
#
# **What it does not mean.** It does not mean that these cells do not communicate, nor that no tissue shows it: the adjusted test finds few
# of the couplings that were planted as cells would have them. It
# cannot see a receptor that follows the *number* of source cells, since counts that spill over from a neighbour look the same
# (`pvalue_unadjusted` stands beside it for that reason); spots blur everything below 200 µm; and 379 genes hold few pairs. It rests on two
# breast data sets. Look at the decoys of your own data before believing any of its p-values: with `decoys=` they are always there.
#
# The page *Space* of the documentation has the method, what was measured of it, and ranges and units of other platforms.
