"""Write the pages of results on public data.

    python docs/results/make.py

Every page holds the question, the command, what was found, what was not assessable and why, what the comparison finds
under shuffled labels of the samples, and what the result does not mean. All numbers come from this script.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import commscore as cs

HERE = Path(__file__).parent
INDUCED = [
    ("CXCL10", "CXCR3"), ("CXCL11", "CXCR3"), ("CXCL9", "CXCR3"), ("CCL2", "CCR2"), ("CCL8", "CCR2"), ("CCL7", "CCR2"),
    ("CCL8", "CCR5"), ("CCL8", "CCR1"), ("TNFSF10", "TNFRSF10B"), ("TNFSF13B", "TNFRSF13B"), ("IL15", "IL2RB_IL2RG"),
    ("CXCL10", "B2M"), ("TNFSF10", "B2M"),
]  # fmt: skip
COLUMNS = ["source", "target", "interaction", "ligand_effect", "receptor_effect", "ci_low", "ci_high", "pvalue",
           "padj", "exact_pvalue", "shift", "driver"]  # fmt: skip
ALPHA = 0.05


def markdown(frame):
    """Table of text; numbers to three digits."""

    def text(value):
        if isinstance(value, float):
            return "" if np.isnan(value) else (f"{value:.1e}" if 0 < abs(value) < 0.001 else f"{value:.3g}")
        return str(value)

    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|" + "---|" * frame.shape[1]]
    return "\n".join(lines + ["| " + " | ".join(map(text, row)) + " |" for row in frame.itertuples(index=False)])


def read(name):
    """Public data by name."""
    return cs.ds.fetch(name)


def compare(a, **options):
    """Table of the comparison with plain text columns, and what was not tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = cs.tl.compare(a, "cell_type", inplace=False, **options)
    table = result.table
    for name in table.select_dtypes("category"):
        table[name] = table[name].astype(object)
    return table, result


def found(table, *, most=12):
    """How many rows were tested and found, and the strongest of them."""
    tested = table[table["pvalue"].notna()]
    hits = tested["padj"] <= ALPHA
    head = (
        f"{len(table):,} rows, {len(tested)} assessable, {int(hits.sum())} with padj ≤ {ALPHA}, "
        f"{int((tested['pvalue'] <= ALPHA).sum())} with p ≤ {ALPHA}. The {min(most, len(tested))} strongest:\n\n"
    )
    top = tested.sort_values("pvalue", kind="stable").head(most)[COLUMNS].dropna(axis=1, how="all")
    return head + markdown(top)


def missing(result):
    """Why rows and interactions were not assessable."""
    table, untested = result.table, result.untested
    states = table.loc[table["pvalue"].isna(), ["contrast", "status"]].astype(str).value_counts(sort=False)
    apart = result.extra["left_out"].astype({"contrast": str, "status": str})
    states = states.add(apart.groupby(["contrast", "status"])["n_rows"].sum(), fill_value=0).astype(int)
    states = states.sort_values(ascending=False, kind="stable").reset_index(name="rows")
    reasons = (
        untested.groupby("reason", observed=True)["detail"]
        .agg(number="size", example=lambda d: str(d.iloc[0])).reset_index()
        .sort_values("number", ascending=False, kind="stable")
    )  # fmt: skip
    return markdown(states) + "\n\n" + markdown(reasons)


def card(a, **options):
    """Fraction of small p-values when the labels of the samples are shuffled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs.tl.compare(a, "cell_type", **options)
        made = cs.tl.calibrate(a, resource=options.get("resource"))
    return markdown(made.drop(columns=["relabelled", "confounded"]))


def page(name, parts):
    """Write one page."""
    (HERE / f"{name}.md").write_text("\n\n".join(parts).rstrip() + "\n", encoding="utf-8")


UNIFORM = (
    "Uniform p-values have `observed` equal to `alpha`. Rows share samples, so a single shuffle strays widely (`low` "
    "and `high` are its 5th and 95th percentile); below 0.01 few shuffles say little. Over "
    "random pairs of all expressed genes, many more rows, see `benchmarks/README_compare.md`."
)
FOOT = (
    "Made by `python docs/results/make.py`. `ligand_effect`, `receptor_effect` and the interval of their sum are log2 "
    "fold changes of pseudobulk counts per million; see [the columns](../columns.md). Made again on 2026-11-30: a gene "
    "that some donors have and others lack keeps its own variance instead of that of other genes, and the table no "
    "longer holds rows of molecules that are not expressed; the strongest rows are those of before."
)


def kang():
    """Interferon in blood."""
    a, one = read("kang2018_muscat"), read("kang2018_harmony2k")
    pairs = pd.DataFrame(INDUCED, columns=["ligand", "receptor"])
    keys = {"condition_key": "condition", "sample_key": "sample", "resource": pairs}
    table, whole = compare(a, **keys, patient_key="patient")
    measured = [
        {"interaction": f"{left}^{right}",
         **{n: "yes" if all(g in x.var_names for g in f"{left}_{right}".split("_")) else
            "no: " + ", ".join(g for g in f"{left}_{right}".split("_") if g not in x.var_names)
            for n, x in (("two donors", a), ("one sample each", one))}}
        for left, right in INDUCED
    ]  # fmt: skip
    cells, cells_whole = compare(one, **keys, n_perms=5000, test="cells")
    rows = cells[cells["pvalue"].notna()]
    induced = rows[~rows["interaction"].str.endswith("B2M")]
    ligands = [x for x, _ in INDUCED]
    tested = table[table["pvalue"].notna() & table["ligand_complex"].isin(ligands)]
    page("kang", [
        "# Interferon-β in blood: are the induced chemokines found?",
        "Blood cells of the same donors with and without interferon-β (doi:10.1038/nbt.4042). The answer is known: "
        "CXCL10, CCL8, CCL2 and TNFSF10 rise, foremost in monocytes. Two public subsets: two donors in both conditions "
        "(1,267 genes), and one sample per condition (9,015 genes). B2M stands for a receptor that all cells "
        "express, so that a ligand can be followed where its own receptor was not kept.",
        "```python\ncs.tl.compare(adata, \"cell_type\", condition_key=\"condition\", sample_key=\"sample\", "
        "patient_key=\"patient\", resource=pairs)\n```",
        "## Which pairs are measurable", markdown(pd.DataFrame(measured)),
        "## Two donors, paired",
        f"The ligand rises in {(tested['ligand_effect'] > 0).mean():.0%} of the assessable rows "
        f"(median log2 change {tested['ligand_effect'].median():.1f}).",
        found(table), "### Not assessable", missing(whole),
        "### Shuffled labels of the samples, unpaired",
        card(a, **keys) + "\n\nWithin patients two labellings would be left, unpaired four, besides the true one and "
        "its mirror image; each mixes stimulated and unstimulated samples, so the card is far below 5 %. It cannot "
        "show more with two donors.",
        "## One sample per condition: cells as replicates",
        f"{len(induced)} rows of true pairs are assessable; of the rows with padj ≤ {ALPHA} the ligand rises in "
        f"{_rising(induced)}.",
        found(cells[~cells["interaction"].str.endswith("B2M")]), "### Not assessable", missing(cells_whole),
        "## What it does not mean",
        "Two donors say little about other donors: `exact_floor` of two pairs is 0.5, so the small p-values rest on "
        "the variance shared by all genes. With one sample per condition (`unit=\"cells\"`) p-values say that these "
        "two samples differ, nothing about interferon in general. A risen ligand is not a received signal.",
        FOOT,
    ])  # fmt: skip


def _rising(rows):
    hits = rows[rows["padj"] <= ALPHA]
    return f"{int((hits['ligand_effect'] > 0).sum())} of {len(hits)}"


def ctcl():
    """Lymphoma of the skin."""
    a = read("skin_ctcl_gse128531")
    keys = {"condition_key": "condition", "sample_key": "sample", "reference": "healthy_control"}
    table, whole = compare(a, **keys)
    page("ctcl", [
        "# Cutaneous T-cell lymphoma against healthy skin, three against three",
        "Which communication differs between skin lesions of three patients and skin of three healthy donors "
        "(GSE128531; 300 cells per sample here)?",
        "```python\ncs.tl.compare(adata, \"cell_type\", condition_key=\"condition\", sample_key=\"sample\", "
        "reference=\"healthy_control\")\n```",
        "## Found", found(table),
        "## Not assessable", missing(whole),
        "## Shuffled labels of the samples", card(a, **keys),
        UNIFORM,
        "## What it does not mean",
        "The T cells of the lymphoma are too rare in healthy skin, so their communication is not assessable, which "
        "is not the same as unchanged. Three against three have 20 labellings: no exact p-value lies below 0.1. The "
        "one finding, between keratinocytes, is a change of the epidermis; whether the lymphoma causes it is not "
        "asked. "
        "With 300 cells per sample most pairs of groups are too small: the page shows what these few cells can carry.",
        FOOT,
    ])  # fmt: skip


def strict(a, table, **options):
    """Test the rows with small p-values again, without the cells whose markers disagree with their label."""
    again, _ = compare(a[a.obs["marker_agrees"]], **options)
    edge = ["source", "target", "interaction"]
    small = table[table["pvalue"] <= ALPHA].sort_values("pvalue", kind="stable")
    both = small.merge(again, on=edge, suffixes=("", " without them"), how="left")
    shown = [n for c in ("receptor_effect", "pvalue") for n in (c, f"{c} without them")]
    other = ~a.obs["marker_agrees"]
    return (
        f"Of {len(both)} rows with p ≤ {ALPHA} {int((both['pvalue without them'] <= ALPHA).sum())} keep it when the "
        f"{int(other.sum())} cells are left out whose markers disagree with their published label (`marker_agrees`; "
        f"{int((other & (a.obs['cell_type'] == 'Tumor')).sum())} of them are labelled Tumor and look like stroma, T, B "
        "or myeloid cells):\n\n" + markdown(both[edge + shown])
    )


def chung():
    """Metastasis of breast cancer."""
    a = read("breast_chung2017")
    keys = {"condition_key": "stage", "sample_key": "sample", "reference": "primary", "min_cells": 5}
    patients, patients_whole = compare(a, **keys, patient_key="patient")
    alone, whole = compare(a, **keys)
    page("chung", [
        "# Breast cancer, primary tumour to lymph-node metastasis",
        "Does communication differ between primary tumours and lymph-node metastases (GSE75688, "
        "doi:10.1038/ncomms15081; 11 primaries, metastases of two of the patients, 515 cells)?",
        "```python\ncs.tl.compare(\n    adata, \"cell_type\", condition_key=\"stage\", sample_key=\"sample\", "
        "reference=\"primary\", min_cells=5, patient_key=\"patient\"\n)\n```",
        "## Found, two patients with both and nine with one", found(patients),
        "### Not assessable", missing(patients_whole),
        "## Found without patients", found(alone), "### Not assessable", missing(whole),
        "### Are they what their label says?", strict(a, alone, **keys),
        "## Shuffled labels of the samples, without patients", card(a, **keys), UNIFORM,
        "## What it does not mean",
        "Receptors of T cells (`ICOS`, `CD28`, `CTLA4`) rise in cells labelled Tumor or Bcell, no longer without the "
        "cells whose markers disagree: in a lymph node, T cells with another label are the likely reason. Two "
        "metastases carry every p-value. The metastases hold no myeloid cell and one stromal cell, so nothing is "
        "known of them there. In lymph nodes, B and T cells belong to the organ, not to the tumour. Reads are "
        "full-length without molecular identifiers: counting noise is larger than Poisson, and detection higher. "
        "Primary tumours of four subtypes are put together; both metastases come from two of them.",
        FOOT,
    ])  # fmt: skip


def main():
    """Write all pages."""
    for make in (kang, ctcl, chung):
        make()


if __name__ == "__main__":
    main()
