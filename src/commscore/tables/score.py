"""Tables of ``tl.score``."""

from __future__ import annotations

from ._base import Column, StoredKind, Table
from .production import CLAIM, CONSUMED
from .resource import BASES
from .vocabulary import Status, Unit

STATUSES = (Status.TESTED.value, Status.TOO_FEW_SAMPLES.value)
RAISED = ("both", "ligand", "receptor", "neither")
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
        Column("basis", "category", "what the interaction rests on: reviews, a rule on its family, or a list", BASES),
        Column("ligand_mean", "float", "mean expression of the ligand in the source (complex rule applied)"),
        Column("receptor_mean", "float", "mean expression of the receptor in the target"),
        Column("ligand_prop", "float", "fraction of source cells that express the ligand (least subunit), 0 to 1"),
        Column("receptor_prop", "float", "fraction of target cells that express the receptor, 0 to 1"),
        Column(
            "raised",
            "category",
            "which side has a higher mean in its group than permuted labels give on average: a high score, and a small "
            "p-value, can come from one side alone",
            RAISED,
        ),
        CONSUMED,
        CLAIM,
        Column("score", "float", "the score; score_<method> with several methods"),
        Column(
            "excess",
            "float",
            "sample_key only: mean over samples of the score above permuted labels of the sample, as far as both sides "
            "pass expr_prop there",
        ),
        Column("excess_se", "float", "sample_key only: standard error of it, from how it varies between samples"),
        Column(
            "n_positive",
            "int",
            "sample_key only: samples in which both sides pass expr_prop and the excess is positive",
        ),
        Column(
            "pvalue",
            "float",
            "p-value among the listed rows: that the excess recurs from sample to sample; without sample_key, of the "
            "score in this pool of cells; pvalue_<method> with several methods",
        ),
        Column("padj", "float", "Benjamini–Hochberg adjusted pvalue over all rows"),
        Column(
            "pvalue_within", "float", "sample_key only: p-value among the listed rows, labels permuted within samples"
        ),
        Column("padj_within", "float", "sample_key only: Benjamini–Hochberg adjusted pvalue_within"),
        Column(
            "pvalue_raw",
            "float",
            "p-value of all permuted labels, whether they would list the row or not; over samples, before the division",
        ),
        Column("pvalue_within_raw", "float", "sample_key only: pvalue_within before it is divided by pass_probability"),
        Column(
            "analytic_tail",
            "bool",
            "no permutation was as high, and the corrected p-value of permuted labels rests on the analytic tail "
            "instead; analytic_tail_<method> with several methods",
        ),
        Column("n_samples", "int", "sample_key only: samples with enough cells of both groups"),
        Column(
            "support", "float", "sample_key only: share of these samples in which both sides pass expr_prop, 0 to 1"
        ),
        Column(
            "top_sample_share",
            "float",
            "sample_key only: largest share of one sample in what the source expresses of the ligand, or the target of "
            "the receptor, 0 to 1",
        ),
        Column("pass_probability", "float", "probability that permuted labels would list the row, 0 to 1"),
        Column("null", "category", "what the raw p-value of permuted labels comes from", NULLS),
        Column("unit", "category", "sample_key only: what pvalue takes as replicates", Unit.words()),
        Column("status", "category", "sample_key only: whether pvalue could be computed, or why not", STATUSES),
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

STORED = StoredKind("score", key="commscore", version=4, tool="score", tables={"table": SCORE, "untested": UNTESTED})
