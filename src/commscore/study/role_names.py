"""Words for roles that the resource does not hold: wider roles, names of clusters, and well known markers."""

from __future__ import annotations

PARENTS = {
    "caf": "fibroblast",
    "fibroblast": "stromal_cell",
    "msc": "stromal_cell",
    "pericyte": "stromal_cell",
    "car_cell": "stromal_cell",
    "m1_macrophage": "macrophage",
    "m2_macrophage": "macrophage",
    "macrophage": "myeloid",
    "monocyte": "myeloid",
    "mdsc": "myeloid",
    "neutrophil": "myeloid",
    "dendritic": "myeloid",
    "n1_neutrophil": "neutrophil",
    "n2_neutrophil": "neutrophil",
    "plasmacytoid_dendritic": "dendritic",
    "myeloid": "leukocyte",
    "lymphoid": "leukocyte",
    "immune_cell": "leukocyte",
    "antigen_presenting_cell": "leukocyte",
    "t_cell": "lymphoid",
    "b_cell": "lymphoid",
    "nk": "lymphoid",
    "nkt": "t_cell",
    "cd4_t": "t_cell",
    "cd8_t": "t_cell",
    "th1": "cd4_t",
    "th2": "cd4_t",
    "th17": "cd4_t",
    "treg": "cd4_t",
    "tumour_er_positive": "tumour",
    "tumour_er_negative": "tumour",
    "tumour_pr_positive": "tumour",
    "tumour_her2": "tumour",
    "tumour_tnbc": "tumour",
    "cancer_stem_cell": "tumour",
    "luminal_epithelium": "normal_epithelium",
    "myoepithelial": "normal_epithelium",
    "mammary_stem_cell": "normal_epithelium",
}
"""The wider role of a role. ``myeloid`` and ``lymphoid`` are no roles of the reviews but names of clusters. Roles that
are told apart by where the cells are (circulating, disseminated, in bone) have no wider role here."""

MORE_NAMES = {
    "myeloid": ("myeloid",),
    "lymphoid": ("lymphoid",),
    "pericyte": ("PVL", "perivascular", "perivascular like"),
    "luminal_epithelium": (
        "mature luminal",
        "luminal progenitor",
        "luminal hormone responsive",
        "luminal secretory",
        "LumHR",
        "LumSec",
    ),
    "normal_epithelium": ("normal epithelial",),
    "tumour": ("carcinoma", "cancer", "malignant", "neoplastic", "neoplasm", "adenocarcinoma", "DCIS"),
    "treg": ("T reg", "FOXP3"),
    "cd8_t": ("cytotoxic T",),
    "cd4_t": ("helper T",),
    "nk": ("natural killer",),
    "plasmacytoid_dendritic": ("plasmacytoid DC",),
    "dendritic": ("cDC1", "cDC2", "cDC"),
    "macrophage": ("mono mac",),
    "leukocyte": ("immune",),
    "stromal_cell": ("mesenchymal",),
}
"""Names of clusters in public atlases that the reviews do not use."""

TOO_WIDE = {"luminal", "hormone receptor positive", "stromal", "lymphocyte", "bone marrow", "hematopoietic", "nk t"}
"""Names that are synonyms only when they are the whole name of a group, or not at all (``luminal``: also normal)."""
NEVER_SYNONYMS = {"luminal", "dtc"}

SYSTEMIC = ("ovary", "pituitary", "adrenal")
"""Organs whose hormones reach the tissue with the blood: where no group of cells is one, circulation takes the role."""
FROM_BLOOD = "no group of cells is one, what it makes comes with the blood"

MARKERS = {
    "tumour": ("EPCAM", "KRT8", "KRT18", "KRT19"),
    "fibroblast": ("COL1A1", "DCN", "LUM", "COL1A2"),
    "endothelial": ("PECAM1", "VWF", "CDH5", "CLDN5"),
    "pericyte": ("RGS5", "NOTCH3", "MCAM", "ACTA2"),
    "t_cell": ("CD3D", "CD3E", "TRAC", "CD2"),
    "b_cell": ("MS4A1", "CD79A", "CD79B", "CD19"),
    "macrophage": ("CD68", "LYZ", "CD14", "AIF1", "CSF1R"),
    "nk": ("NKG7", "GNLY", "KLRD1", "NCAM1"),
    "dendritic": ("CLEC9A", "CD1C", "FCER1A", "LAMP3"),
    "adipocyte": ("ADIPOQ", "PLIN1", "LPL"),
    "osteoblast": ("BGLAP", "RUNX2", "SP7", "IBSP"),
    "osteoclast": ("ACP5", "CTSK", "MMP9", "DCSTAMP"),
}
"""Only for guesses that are shown, never used."""

ALSO_CALLED = {"tumour": "epithelium", "fibroblast": "caf", "macrophage": "monocyte"}
