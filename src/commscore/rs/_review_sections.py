"""How the reviews behind the resource are cited: by author and year, and by the heading that a line stands under.

Lines belong to texts that readers have not got; headings are in every printed copy.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_DYNAMIC = "Using dynamic cell communication improves treatment strategies of breast cancer"
_PROGRESSION = "Tumor Microenvironment in Breast Cancer Progression and Metastasis: Mechanistic Perspectives"
_STEM_CELLS = "Emerging candidates in breast cancer stem cell maintenance, therapy resistance and relapse"
_BONE = "Review of tumour–stroma interactions in osteolytic bone metastasis of breast cancer (the text prints no title)"
_RESISTANCE = (
    "Understanding drug resistance in ER-positive breast cancer: a review of fibroblast–cancer cell interactions"
)
HEADINGS: Mapping[str, tuple[tuple[int, str], ...]] = {
    _DYNAMIC: (
        (1, "Abstract"),
        (22, "Background"),
        (58, "Cell communication in the breast cancer microenvironment"),
        (67, "Direct cell communication in the breast cancer microenvironment"),
        (89, "Gap junction intercellular communication (GJIC)"),
        (142, "Adhesion molecule-mediated cell junction communication: adhesion belts and desmosomes"),
        (190, "Adhesion molecule-mediated non-cell junction communication"),
        (232, "Indirect cell communication in the breast cancer microenvironment"),
        (242, "Cell communications depending on paracrine and autocrine mechanisms"),
        (305, "Cell communication via extracellular vesicles (EVs)"),
        (359, "Extracellular matrix-mediated cell communication"),
        (414, "Cell communication between the local microenvironment and the internal and external environments"),
        (433, "Cell communications between primary tumors and metastases"),
        (486, "Cell communications between the breast cancer microenvironment and the internal environment"),
        (505, "Hormones"),
        (555, "Metabolites"),
        (595, "Cell communications between the breast cancer microenvironment and the external environment"),
        (610, "Smoking"),
        (632, "Light"),
        (653, "Table 1: Indirect cell communication mediated by metabolites"),
        (706, "Microbiota"),
        (773, "Surgery"),
        (800, "Chronic psychological stress"),
        (821, "Diet"),
        (855, "Exercise"),
        (875, "Dynamic cell communication in the breast cancer microenvironment"),
        (891, "Dynamic changes in the communicating cells in the breast cancer microenvironment"),
        (974, "Dynamic changes in communication molecules in the breast cancer microenvironment"),
        (1052, "Discussion"),
        (1211, "Conclusion"),
    ),
    _PROGRESSION: (
        (1, "Abstract"),
        (48, "Introduction"),
        (62, "Cellular Composition of the Breast Cancer Tumor Microenvironment"),
        (70, "Extracellular Matrix Remodeling and Mechanotransduction"),
        (78, "Immune Modulation and Immune Evasion Mechanisms"),
        (84, "Hypoxia, Metabolic Reprogramming, and Acidosis"),
        (94, "Angiogenesis and Vascular Heterogeneity"),
        (104, "Pre-Metastatic Niche Formation and Organotropism"),
        (109, "Tables"),
        (126, "Conclusion"),
    ),
    _STEM_CELLS: (
        (1, "Abstract"),
        (38, "Introduction"),
        (94, "Chemokine and breast cancer"),
        (175, "Role of chemokine in the maintenance of breast cancer stem cells"),
        (226, "Therapy resistance and cancer stem cells in breast cancer"),
        (259, "Chemokine and breast cancer therapy resistance"),
        (280, "RANK–RANKL signaling and breast cancer"),
        (313, "RANK–RANKL and breast cancer therapy resistance"),
        (363, "RANK–RANKL in mammary carcinogenesis and cancer stem cell maintenance"),
        (431, "The vicious cycle involving chemokine and RANK–RANKL signaling"),
        (485, "Conclusion"),
    ),
    _BONE: (
        (1, "Abstract"),
        (15, "Introduction"),
        (47, "Stromal cells in the bone microenvironment"),
        (128, "Tumor-stromal interactions in bone metastasis"),
        (284, "Perspectives"),
    ),
    _RESISTANCE: (
        (1, "Abstract"),
        (37, "Introduction"),
        (68, "Recent studies on endocrine resistance in estrogen receptor positive breast cancer"),
        (72, "Cancer-Associated Fibroblast and Mechanisms of CAF's Activation"),
        (80, "Thematic discussion"),
        (82, "Paracrine Survival Signalling"),
        (90, "Extracellular Matrix Remodeling"),
        (94, "Extracellular Matrix (ECM) Function, Components and Remodeling"),
        (104, "Metabolic Reprogramming"),
        (116, "Induction of Endocrine Resistance"),
        (126, "Summary Table of Key Mechanisms"),
        (134, "Drug resistance"),
        (138, "Drug Efflux"),
        (142, "Immune Evasion"),
        (146, "Anti-Apoptotic Signaling"),
        (151, "Genetic Mutations and Epigenetic Alterations"),
        (167, "Clinical Relevance of CAF-Targeted Therapy"),
        (181, "Emerging Pharmaceutical Strategies"),
        (185, "CAF-Targeted Therapeutics"),
        (189, "Targeting Tumor Metabolism"),
        (193, "ECM-Modulating Therapies"),
        (197, "Immunomodulatory Approaches"),
        (201, "Advanced Drug Screening Models"),
        (207, "Implications for Pharmaceutical Research"),
        (213, "Future Research Directions"),
        (229, "Limitations"),
        (235, "Conclusion"),
    ),
}
"""First lines and headings by the title of the review."""


def sections_of(evidence: pd.DataFrame, sources: pd.DataFrame) -> list[str]:
    """Return for each statement the heading under which its review says it; empty text where that is not known.

    Parameters
    ----------
    evidence
        Statements with ``source`` and ``lines`` (``"from-to"``).
    sources
        Sources with ``source`` and ``title``.
    """
    titles = dict(zip(sources["source"].astype(str), sources["title"].astype(str), strict=True))
    return [
        _heading(HEADINGS.get(titles.get(str(source), ""), ()), str(lines))
        for source, lines in zip(evidence["source"], evidence["lines"], strict=True)
    ]


def _heading(headings: tuple[tuple[int, str], ...], lines: str) -> str:
    first = lines.partition("-")[0]
    place = bisect_right(headings, int(first), key=lambda entry: entry[0]) if first.isdigit() else 0
    return headings[place - 1][1] if place else ""


def short_names(sources: pd.DataFrame) -> dict[str, str]:
    """Return author and year of each source, or what its title begins with where no author is known."""
    names = {}
    for row in sources.fillna("").itertuples():
        families = [author.strip().rsplit(" ", 1)[0] for author in str(row.authors).split(";") if author.strip()]
        if not families:
            names[str(row.source)] = " ".join(str(row.title).split()[:7]) or str(row.source)
            continue
        who = f"{families[0]} et al." if len(families) > 2 else " & ".join(families)
        names[str(row.source)] = f"{who} {row.year}".strip()
    return names
