"""Tables of ``tl.score``."""

from __future__ import annotations

from ._base import Column, Table

NULLS = ("permutation", "analytic", "none")
REASONS = ("gene missing", "subunit missing", "below expr_prop", "too few cells", "not measurable in RNA", "indirect")

SCORE = Table(
    "score",
    "one source × target × interaction that passes the filters",
    (
        Column("source", "category", "group that expresses the ligand"),
        Column("target", "category", "group that expresses the receptor"),
        Column("interaction", "category", "interaction of the resource, LIGAND^RECEPTOR"),
        Column("ligand_complex", "category", "ligand, subunits joined by _"),
        Column("receptor_complex", "category", "receptor, subunits joined by _"),
        Column("ligand", "category", "limiting subunit of the ligand: the one with the lowest mean in the source"),
        Column("receptor", "category", "limiting subunit of the receptor in the target"),
        Column("mode", "category", "mode of communication"),
        Column("ligand_mean", "float", "mean expression of the ligand in the source (complex rule applied)"),
        Column("receptor_mean", "float", "mean expression of the receptor in the target"),
        Column("ligand_prop", "float", "fraction of source cells that express the ligand (least subunit), 0 to 1"),
        Column("receptor_prop", "float", "fraction of target cells that express the receptor, 0 to 1"),
        Column("score", "float", "the score; score_<method> with several methods"),
        Column(
            "pvalue", "float", "p-value of the score, within this pool of cells; pvalue_<method> with several methods"
        ),
        Column("padj", "float", "Benjamini–Hochberg adjusted p-value over all rows"),
        Column("null", "category", "what the p-value comes from", NULLS),
        Column("magnitude_rank", "float", "consensus only: aggregated rank of magnitude, 0 to 1, low is strong"),
        Column("specificity_rank", "float", "consensus only: aggregated rank of specificity, 0 to 1, low is strong"),
    ),
)

UNTESTED = Table(
    "untested",
    "one interaction, or one group of cells, that was not tested",
    (
        Column("interaction", "category", "interaction of the resource; * where a group of cells was left out"),
        Column("reason", "category", "why it was not tested", REASONS),
        Column("detail", "string", "what exactly was found"),
    ),
)
