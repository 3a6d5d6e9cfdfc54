"""Write the pages of circuits, loops, response, therapies and expectations on public data.

    python docs/results/make_understand.py

Data come through ``cs.ds.fetch``. Every page shows what was asked, what was found with the place of the claim in the
reviews, what could not be assessed and why, and what these data cannot show. All numbers come from this script.
"""
# ruff: noqa: E501 - the text of the pages

from __future__ import annotations

import json
import warnings

import pandas as pd
import scanpy as sc
from make import markdown, page

import commscore as cs
from commscore.get._frames import by_frequency

KNOWN = cs.rs.load("breast")
FOOT = (
    "Made by `python docs/results/make_understand.py`. `source` is the review and `lines` the lines of its text; the reviews "
    "are listed below. Columns are explained in [the columns](../columns.md)."
)
ALPHA = 0.05


def prepared(name):
    """Public data with counts in a layer and log-normalised expression in X."""
    a = cs.ds.fetch(name)
    a.layers["counts"] = a.X.copy()
    sc.pp.normalize_total(a, target_sum=1e4)
    sc.pp.log1p(a)
    return a


def in_words(cell):
    """Several names of one cell, which are a JSON list, with commas between them."""
    return ", ".join(json.loads(cell)) if cell.startswith('["') else cell


def plain(frame):
    """Categories as text, numbers as they are, missing ones empty."""
    frame = frame.copy()
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype) or frame[name].dtype == object:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
            frame[name] = [in_words(str(v)).replace("|", "\\|") for v in frame[name]]
    return frame


def table(frame, columns, *, most=12):
    """Rows of a result, the first ones."""
    if frame.empty:
        return "None."
    more = f"\n\n{len(frame) - most} more rows." if len(frame) > most else ""
    return markdown(plain(frame[list(columns)].head(most))) + more


def counted(values, *, most=8):
    """How often each value occurs, the most frequent first."""
    found = by_frequency(values.astype(str).str.replace(r"[0-9.]+% of", "x % of", regex=True))
    return markdown(found.head(most).rename_axis("what").reset_index(name="number"))


def cited(frame, *, by="circuit"):
    """Add what the review cites for a circuit."""
    first = KNOWN.circuits.drop_duplicates("circuit").set_index("circuit")["circuit_cited"]
    return frame.assign(cited=frame[by].astype(str).map(first).fillna(""))


def roles(a, groupby):
    """Who takes which role, and groups without one."""
    found = cs.tl.roles(a, groupby)
    taken = found[(found["role"] != "") & (found["how"] != "none")]
    absent = ", ".join(found.loc[(found["role"] != "") & (found["how"] == "none"), "role"])
    alone = ", ".join(found.loc[found["role"] == "", "groups"]) or "none"
    return (
        markdown(plain(taken[["role", "groups", "how", "reason"]]))
        + f"\n\nRoles without cells: {absent}.\n\nGroups without a role: {alone}."
    )


def circuits(a):
    """Circuits that are there, and why others are not."""
    found = cs.get.load(a, "commscore_circuits")
    t = cited(found.table)
    status = by_frequency(t["status"])
    words = ", ".join(f"{n} {s}" for s, n in status.items() if n)
    hits = t[t["pvalue"].notna()]  # complete ones first, then single steps, then partial ones
    lost = found.extra["edges"]
    lost = lost[lost["status"].isin(["role absent", "gene missing", "not measurable in RNA", "below expr_prop"])]
    return [
        f"{len(t)} circuits: {words}. Of {int(t['pvalue'].notna().sum())} with a p-value, "
        f"{int((t['padj'] <= ALPHA).sum())} have padj ≤ {ALPHA}; {int((t['all_pvalue'] <= ALPHA).sum())} have every step with "
        f"p ≤ {ALPHA} (`all_pvalue`). A broken one has none. Complete ones first, then single steps, then partial ones:",
        table(hits, ["circuit", "kind", "status", "n_steps", "n_assessed", "strength", "pvalue", "padj", "all_pvalue", "weakest_edge", "stand_ins",
                     "claim", "source", "lines", "cited"], most=20),
        "### Steps of the circuits that cannot be assessed", counted(lost["status"]),
        counted(lost["status"].astype(str) + ": " + lost["detail"].astype(str), most=10),
    ]  # fmt: skip


def circuit_steps(a, circuit):
    """All steps of one circuit."""
    edges = cs.get.load(a, "commscore_circuits").extra["edges"]
    own = edges[edges["circuit"] == circuit]
    return table(own, ["step", "edge", "source", "from", "to", "target", "gates", "status", "score", "pvalue", "detail",
                       "source_review", "lines", "statement"], most=12)  # fmt: skip


def loops(a):
    """Loops that close, with the steps inside cells that close them."""
    found = cs.get.load(a, "commscore_loops")
    t = found.table
    closed = t[t["kind"] == "loop"]
    lists = (("groups", " → "), ("interactions", " → "), ("links", " | "))
    closed = closed.assign(**{c: [sep.join(json.loads(cell)) for cell in closed[c]] for c, sep in lists})
    return [
        f"{len(closed)} loops (of them {int((closed['length'] == 1).sum())} within one group) and "
        f"{int((t['kind'] == 'relay').sum())} relays are listed.",
        "Who closes the loop? The strongest:",
        table(closed, ["length", "groups", "interactions", "links", "strength", "weakest", "in_rewired", "strength_pvalue"]),
        "All loops together against rewired networks:", markdown(plain(found.extra["summary"])),
    ]  # fmt: skip


def therapies(a):
    """Say what therapies cut, and what they leave open."""
    found = cs.get.load(a, "commscore_therapies")
    t = found.table[found.table["status"] == "cuts"]
    states = by_frequency(found.table["status"].astype(str))
    return [
        f"**{found.table['claim'].iloc[0].capitalize()}.** {len(found.table)} therapies of the reviews: "
        + ", ".join(f"{n} {s}" for s, n in states.items()) + ". The largest shares of the flow without antigen presentation:",
        table(t, ["therapy", "action", "targets", "reported", "n_edges", "share", "n_circuits", "sources"], most=10),
        "Pairs, by what they cut together:",
        table(found.extra["combinations"], ["therapies", "n_edges", "share", "gain", "overlap"], most=6),
        "What stays open beside a cut edge, the largest flows:",
        table(found.extra["bypass"].sort_values("remaining_flow", ascending=False, kind="stable").drop_duplicates(["therapy", "how"]),
              ["therapy", "cut", "target", "how", "remaining", "source", "cut_flow", "remaining_flow"], most=10),
        "Circuits of two measured steps or more that lose most of their score:",
        table(_lost(found.extra["circuits"]),
              ["therapy", "circuit", "n_cut", "n_steps", "share", "score_share", "steps"], most=8),
    ]  # fmt: skip


def _lost(frame):
    large = frame[(frame["n_steps"] > 1) & (frame["score_share"] > 0)]
    return large.sort_values(["score_share", "n_cut"], ascending=False, kind="stable")


def recessive(a):
    """Weak, specific, stable edges."""
    found = cs.get.load(a, "commscore_recessive").table
    own = found[found["recessive"]]
    return [
        f"{len(own)} of {len(found)} edges are weak (below the median flow), specific (at least twice an even share) and "
        f"stable (in at least 90 % of {int(found['n_resamples'].iloc[0])} resamples of {found['unit'].iloc[0]}):",
        table(
            own, ["source", "target", "interaction", "magnitude", "specificity", "stability", "padj", "rank"], most=10
        ),
    ]


def reviews():
    """Reviews with their numbers."""
    sources = KNOWN.sources[["source", "title", "year", "doi"]]
    return markdown(plain(sources.rename(columns={"source": "review"})))


def wu():
    """One triple-negative tumour."""
    a = prepared("breast_wu2021_CID4465")
    groups = "cell_type_minor"
    cs.tl.circuits(a, groups, n_perms=9999)
    cs.tl.score(a, groups)
    cs.tl.loops(a)
    cs.tl.therapies(a)
    cs.tl.recessive(a)
    cs.tl.response(a, groups)
    cs.tl.balance(a, groups, sample_key="sample")
    activity = cs.get.load(a, "commscore_response").extra["activities"]
    strongest = activity.reindex(activity["score"].abs().sort_values(ascending=False, kind="stable").index)
    weighed = cs.get.load(a, "commscore_balance").table
    numbers = [
        c for c in ("n_edges", "pro", "anti", "unsigned", "balance", "balance_low", "balance_high") if c in weighed
    ]
    page("wu_understand", [
        "# Circuits, loops and therapies in one triple-negative tumour",
        "Which circuits of the reviews are there in one breast tumour, who closes the loops, and what would a therapy leave "
        "open? Tumour CID4465 of Wu et al. 2021 (doi:10.1038/s41588-021-00911-1), 1,564 cells in 25 groups.",
        "```python\nadata = cs.ds.fetch(\"breast_wu2021_CID4465\")\nadata.layers[\"counts\"] = adata.X.copy()\n"
        "sc.pp.normalize_total(adata, target_sum=1e4)\nsc.pp.log1p(adata)\n"
        "cs.tl.circuits(adata, \"cell_type_minor\", n_perms=9999)\ncs.tl.score(adata, \"cell_type_minor\")\n"
        "cs.tl.loops(adata)\ncs.tl.therapies(adata)\ncs.tl.recessive(adata)\ncs.tl.response(adata, \"cell_type_minor\")\n"
        "cs.tl.balance(adata, \"cell_type_minor\", sample_key=\"sample\")\n```",
        "## Who takes which role", roles(a, groups),
        "## Circuits", *circuits(a),
        "### One of them, step by step", circuit_steps(a, "caf_immune_suppression"),
        "## Loops", *loops(a),
        "## Therapies", *therapies(a),
        "## Weak but specific", *recessive(a),
        "## Response of the receiving cells",
        "Activities of pathways (PROGENy, one sample, not centred), the highest t-values; with one sample there is nothing "
        "to compare them with:",
        table(strongest, ["target", "pathway", "n_cells", "activity", "score"], most=8),
        "## Balance", "One sample, one point; no test.", table(weighed, ["sample", *numbers]),
        "## Expected shifts",
        f"None of the {KNOWN.expectations['expectation'].nunique()} expectations can be assessed: each is a difference between "
        "two contexts, and this is one tumour in one condition. `cs.tl.expectations` asks for `condition_key` and for two "
        "samples of each side.",
        "## What these data cannot show",
        "* One patient: every p-value is about these cells, none about patients. A small p-value says that a circuit lies in "
        "these cell types rather than in randomly drawn cells; markers of cell types alone can do that.\n"
        "* No stage, no metastasis, no treatment: no change, no driver, no sign switch, no expected shift.\n"
        "* Triple-negative: circuits of oestrogen- and progesterone-receptor-positive cells are measured in tumour cells that "
        "stand in for them (`stand_ins`); a complete one is not evidence that the hormone acts.\n"
        "* No cell of bone, no adipocyte, no mesenchymal stem cell: circuits through them are `not_assessable` or "
        "`partial`, not absent. Neutrophils and myeloid-derived suppressor cells are not told apart here; other myeloid cells "
        "stand in for them, as all tumour cells do for stem-like ones.\n"
        "* `broken` says that a step is below `expr_prop=0.1` in these cells: in droplet data that is as often a matter of "
        "depth as of biology (`missing` has the fractions). A broken circuit has no p-value.\n"
        "* Steps inside a cell are checked by the expression of their gene; association across samples needs five samples.\n"
        "* Metabolites, hormones from the blood, microRNA, proteins and their activation are not in RNA.\n"
        "* A cut edge is a label on a table. It does not predict what a drug does, and flow weighs abundant molecules "
        "(matrix) most; antigen presentation, which would lead by its abundance, is left out of shares.",
        "## The reviews", reviews(), FOOT,
    ])  # fmt: skip


def chung():
    """Primary tumours and lymph-node metastases."""
    a = prepared("breast_chung2017")
    keys = {"sample_key": "sample", "condition_key": "stage", "reference": "primary"}
    contexts = {"primary": ["stage=invasive;site=primary", "stage=early;site=primary"],
                "lymph_node_metastasis": ["stage=metastatic;site=lymph_node", "stage=advanced;site=lymph_node"]}  # fmt: skip
    cs.tl.circuits(a, "cell_type", n_perms=9999, min_cells_sample=5, **keys)
    cs.tl.score(a, "cell_type")
    cs.tl.loops(a)
    cs.tl.therapies(a)
    cs.tl.recessive(a, sample_key="sample")
    cs.tl.response(a, "cell_type", min_cells=5, **keys)
    cs.tl.balance(a, "cell_type", min_cells=5, **keys)
    cs.tl.expectations(a, "cell_type", condition_key="stage", sample_key="sample", contexts=contexts, min_cells=5)
    changes = cs.get.load(a, "commscore_circuits").extra["changes"]
    whole = changes[(changes["step"] == 0) & (changes["status"] == "tested")].sort_values("pvalue", kind="stable")
    answer = cs.get.load(a, "commscore_response")
    moved = answer.table[answer.table["status"] == "tested"].sort_values("pvalue", kind="stable")
    switches = answer.extra["switches"]
    weighed = cs.get.load(a, "commscore_balance")
    told = cs.get.load(a, "commscore_expectations")
    judged = told.table[told.table["verdict"] != "not_assessable"].sort_values("pvalue", kind="stable")
    open_ones = told.table.loc[told.table["verdict"] == "not_assessable", "reason"].astype(str)
    absent = told.table[told.table["reason"].astype(str).str.startswith("no level")]
    page("chung_understand", [
        "# Circuits, response and expected shifts in breast cancer and its lymph-node metastases",
        "Which circuits of the reviews change from primary tumours to lymph-node metastases, and did what reviews expect "
        "happen? Chung et al. 2017 (GSE75688, doi:10.1038/ncomms15081): 11 primaries, metastases of two patients, 515 "
        "cells in five groups.",
        "```python\nadata = cs.ds.fetch(\"breast_chung2017\")\nadata.layers[\"counts\"] = adata.X.copy()\n"
        "sc.pp.normalize_total(adata, target_sum=1e4)\nsc.pp.log1p(adata)\n"
        "keys = dict(sample_key=\"sample\", condition_key=\"stage\", reference=\"primary\")\n"
        "cs.tl.circuits(adata, \"cell_type\", n_perms=9999, min_cells_sample=5, **keys)\n"
        "cs.tl.score(adata, \"cell_type\")\ncs.tl.loops(adata)\ncs.tl.therapies(adata)\n"
        "cs.tl.recessive(adata, sample_key=\"sample\")\n"
        "cs.tl.response(adata, \"cell_type\", min_cells=5, **keys)\ncs.tl.balance(adata, \"cell_type\", min_cells=5, **keys)\n"
        "contexts = {\n"
        "    \"primary\": [\"stage=invasive;site=primary\", \"stage=early;site=primary\"],\n"
        "    \"lymph_node_metastasis\": [\"stage=metastatic;site=lymph_node\", \"stage=advanced;site=lymph_node\"],\n}\n"
        "cs.tl.expectations(adata, \"cell_type\", condition_key=\"stage\", sample_key=\"sample\", contexts=contexts, "
        "min_cells=5)\n```",
        "## Who takes which role", roles(a, "cell_type"),
        "## Circuits", *circuits(a),
        "### Change from primary to metastasis",
        f"{len(whole)} of {int((changes['step'] == 0).sum())} circuits have samples enough on both sides "
        f"({', '.join(f'{n} {s}' for s, n in by_frequency(changes.loc[changes['step'] == 0, 'status'].astype(str)).items())}); "
        f"{int((whole['padj'] <= ALPHA).sum())} changed with padj ≤ {ALPHA}, in {int((whole['any_padj'] <= ALPHA).sum())} a step "
        "did:",
        table(whole, ["circuit", "n_ref", "n_alt", "effect", "ci_low", "ci_high", "pvalue", "padj", "any_padj", "driver",
                      "driver_molecule"]),
        "## Loops", *loops(a),
        "## Response of the receiving cells",
        f"{int((moved['padj'] <= ALPHA).sum())} of {len(moved)} pathway × group changes have padj ≤ {ALPHA}:",
        table(moved, ["target", "pathway", "n_ref", "n_alt", "effect", "ci_low", "ci_high", "pvalue", "padj"], most=8),
        f"Sign switches: {len(switches)} pairs of slopes could be compared; a slope needs four samples of each context, and "
        "there are two metastases.",
        "## Therapies", *therapies(a),
        "## Weak but specific", *recessive(a),
        "## Balance of pro- and anti-tumour flow",
        f"Samples differ in the groups that have cells enough: {weighed.table['n_edges'].min()} to "
        f"{weighed.table['n_edges'].max()} edges make up the balance of a sample, so a difference is partly one of the groups "
        "that were caught.",
        table(weighed.extra["tests"], weighed.extra["tests"].columns),
        "## Expected shifts",
        "A primary tumour is read as invasive and as early, a lymph-node metastasis as metastatic and as advanced: the widest "
        "reading of the reviews' words that these data allow.",
        markdown(plain(told.extra["summary"][["by", "text"]])),
        table(judged, ["expectation", "what", "role", "change", "n_ref", "n_alt", "effect", "ci_low", "ci_high", "padj",
                       "verdict", "source", "lines", "cited"], most=15),
        "### Why the others could not be assessed",
        counted(open_ones.str.replace(r"'.*", "…", regex=True).str.replace(r":.*", "", regex=True), most=10),
        "Contexts that are asked for most, and that nothing here stands for:",
        markdown(plain(absent.groupby(["from_context", "to_context"], observed=True).size()
                       .sort_values(ascending=False, kind="stable").head(6).reset_index(name="expectations"))),
        "## What these data cannot show",
        "* Two metastases carry every comparison; an effect must be several doublings large to be seen, and "
        "`inconclusive` is the rule. Nothing here contradicts a review.\n"
        "* The metastases hold no myeloid cell and one stromal cell: circuits through macrophages and fibroblasts cannot be "
        "compared, which is not the same as unchanged.\n"
        "* Five groups stand for more than thirty roles of the reviews (`Stromal` for fibroblasts, CAFs, pericytes and "
        "mesenchymal stem cells; nobody for the endothelium), so "
        "steps between kinds of stroma are not resolved; they are read within one group.\n"
        "* In a lymph node, B and T cells belong to the organ. What changed with the site is not what the tumour changed.\n"
        "* Four subtypes are put together; oestrogen-receptor circuits are read in tumours without the receptor, too.\n"
        "* No cell of bone, brain or lung: the reviews' best known circuits (PTHrP, RANKL, TGF-β in bone) have no cells here.\n"
        "* Full-length reads without molecular identifiers are no counts of molecules; the counting part of the variance is an "
        "estimate.\n"
        "* Therapies are cut in silico; nobody in these data was treated.",
        "## The reviews", reviews(), FOOT,
    ])  # fmt: skip


def main():
    """Write both pages."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wu()
        chung()


if __name__ == "__main__":
    main()
