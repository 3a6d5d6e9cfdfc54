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
# # 6. Your own resource, other tools' resources, mouse
#
# **The question.** How much of a result is the data, and how much is the list of interactions that was asked about?
#
# **Download.** Two files, once. 1.2 MB (`breast_wu2021_CID4465`): from github.com/omnideconv/spacedeconv; GEO public data
# (GSE176078). 0.7 MB (`mouse_tms_liver_aging`): from github.com/CyrilLagger/scDiffCom; MIT (the package it comes with).
#
# ## What there is

# %%
import pandas as pd
import scanpy as sc

import commscore as cs

cs.rs.show()[["name", "call", "n_interactions", "licence"]].head(8)

# %%
breast = cs.rs.load("breast")
breast.interactions[["interaction", "mode", "directness", "effect", "basis", "n_evidence", "direction"]].head()

# %% [markdown]
# ## Parts of it
#
# `filter` keeps what you ask for; `basis="stated"` leaves out what was inferred from a statement about one partner only.

# %%
checkpoints = breast.filter(mode="checkpoint")
stated = breast.filter(basis="stated")
len(checkpoints), len(stated), len(breast)

# %% [markdown]
# ## Your own
#
# Any table with ligands and receptors is a resource. Subunits of a complex are joined by `_`.

# %%
mine = cs.rs.from_table(
    pd.DataFrame({"ligand": ["CXCL12", "TGFB1", "CSF1"], "receptor": ["CXCR4", "TGFBR1_TGFBR2", "CSF1R"]}),
    name="mine",
)
mine, mine.sha256[:12]

# %% [markdown]
# The hash goes into every result that is made with it, so that a table can be traced to exactly this list.
#
# ## Other tissues
#
# `general` comes with the package too: the pairs of ConnectomeDB2020, with what rules about families of molecules say of
# them. `resource=` takes such names, here and in the commands, and merges what `+` joins: every pair once, what reviews say
# before what a rule says, and that before a list.

# %%
general = cs.rs.load("general")
tumour = cs.rs.as_resource("breast+general")  # the same as breast.merge(general)
pd.Series({"breast": len(breast), "general": len(general), "merged": len(tumour)})

# %%
tumour.interactions["basis"].value_counts()

# %% [markdown]
# ## Other tools'
#
# `"liana:consensus"` (or `from_liana`) reads one of those that come with the package liana; `"cellphonedb:PATH"`,
# `"cellchatdb:PATH"`, `"omnipath:PATH"` and `"connectomedb:PATH"` (or `from_...`) read the files that you downloaded from their
# authors (mind their licences). A list that says no mode has `unknown` ones; merged, it gets those that are known.

# %%
consensus = cs.rs.from_liana("consensus")
both = breast.merge(consensus)
unknown = [int((r.interactions["mode"] == "unknown").sum()) for r in (breast, consensus, both)]
sizes = [len(breast), len(consensus), len(both)]
pd.DataFrame({"interactions": sizes, "mode unknown": unknown}, index=["breast", "consensus", "merged"])

# %% [markdown]
# ## The same data, two lists

# %%
adata = cs.ds.fetch("breast_wu2021_CID4465")
sc.pp.normalize_total(adata, target_sum=1e4)
sc.pp.log1p(adata)
cs.tl.score(adata, "cell_type", resource=breast, null="auto", rng=0)
cs.tl.score(adata, "cell_type", resource=consensus, key_added="consensus", null="auto", rng=0)
rows = {}
for name, key in (("breast", "commscore"), ("consensus", "consensus")):
    table = cs.get.table(adata, key)
    rows[name] = {"rows": len(table), "padj ≤ 0.05": int((table["padj"] <= 0.05).sum())}
pd.DataFrame(rows)

# %%
edge = ["source", "target", "interaction"]
shared = cs.get.table(adata).merge(cs.get.table(adata, "consensus"), on=edge, suffixes=("_breast", "_consensus"))
ax = shared.plot.scatter("padj_breast", "padj_consensus", figsize=(3.6, 3.6), alpha=0.6)
_ = ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)

# %%
pd.Series(
    {
        "rows in both": len(shared),
        "same score": bool((shared["score_breast"] - shared["score_consensus"]).abs().max() < 1e-12),
        "same p-value": bool((shared["pvalue_breast"] == shared["pvalue_consensus"]).all()),
        "same adjusted p-value": bool((shared["padj_breast"] == shared["padj_consensus"]).all()),
    }
)

# %% [markdown]
# The score and the p-value of an edge do not depend on what else is on the list: the labels are permuted, and with the
# same seed they are permuted in the same way. The *adjusted* p-value does depend on it, as it must: it says how often
# a list of this size is fooled.
#
# So a small list that was chosen beforehand for its relevance has more power than a large one, and a list chosen
# **after** looking at the data has no valid p-value at all.
#
# ## Mouse
#
# `to_species` takes one ortholog of each gene, or your table (`orthologs=`), and lists what was lost.

# %%
mouse = breast.to_species("mouse")
mouse.dropped.groupby(["table", "reason"]).size()

# %% [markdown]
# The data: ligand and receptor genes of liver cells of young and old mice (Tabula Muris Senis). Their authors say that
# it is a test set which holds no meaningful biology; it serves to show the mechanics.

# %%
liver = cs.ds.fetch("mouse_tms_liver_aging")
sc.pp.normalize_total(liver, target_sum=1e4)
sc.pp.log1p(liver)
cs.tl.score(liver, "cell_type", resource=mouse, null="auto", rng=0)
mouse_table = cs.get.table(liver)
mouse_table.sort_values("padj")[["source", "target", "interaction", "score", "padj"]].head()

# %% [markdown]
# Forgot to convert? Then you are told, instead of getting an empty table:

# %%
try:
    cs.tl.score(liver, "cell_type", resource="breast")
except ValueError as error:
    message = str(error)
print(message)

# %% [markdown]
# **What it means.** A result is a result *for this list*; state its name, version and hash (`cs.get.load(adata).resource`).
#
# **What it does not mean.** More interactions are not more truth. Of large databases, a good part is inferred from
# homology or from other databases, and an ortholog is not evidence that two mouse proteins bind.

# %%
cs.get.load(liver).resource
