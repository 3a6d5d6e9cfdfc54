"""Tables of ``tl.compare``."""

from __future__ import annotations

from ._base import Column, StoredKind, Table
from .production import CLAIM, CONSUMED_IN_SAMPLES
from .vocabulary import DriverName, EffectPattern, ShapeName, ShiftName, Status, Unit

UNITS, STATUSES, SHIFTS = Unit.words(), Status.words(), ShiftName.words()
SHAPES, DRIVERS, CLASSES = ShapeName.words(), DriverName.words(), EffectPattern.words()
ONE_SIDED = (
    ShiftName.LIGAND_UP.value,
    ShiftName.LIGAND_DOWN.value,
    ShiftName.RECEPTOR_UP.value,
    ShiftName.RECEPTOR_DOWN.value,
)
SCALES = ("counts", "lognorm")
PARTS = ("d_source", "d_ligand", "d_target", "d_receptor")
REASONS = (
    "gene missing",
    "subunit missing",
    "not measurable in RNA",
    "not expressed",
    "too few cells",
    "too few samples",
    "patient without partner",
    "condition not compared",
    "cannot be compared",
)


def _numbers(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, "float", doc) for name, doc in pairs)


COMPARE = Table(
    "compare",
    "one contrast × source × target × interaction",
    (
        Column("contrast", "category", "what is compared: 'ALT vs REF', or 'stages' for ordered stages"),
        Column("source", "category", "group that expresses the ligand"),
        Column("target", "category", "group that expresses the receptor"),
        Column("interaction", "category", "interaction of the resource, LIGAND^RECEPTOR"),
        Column("ligand_complex", "category", "ligand, subunits joined by _"),
        Column("receptor_complex", "category", "receptor, subunits joined by _"),
        Column("mode", "category", "mode of communication"),
        Column("n_ref", "int", "samples of the reference with both groups"),
        Column("n_alt", "int", "samples of the other condition with both groups"),
        *_numbers(
            ("ligand_effect", "log2 fold change of the ligand in the source"),
            ("ligand_se", "standard error of it"),
            ("ligand_pvalue", "p-value of it"),
            ("receptor_effect", "log2 fold change of the receptor in the target"),
            ("receptor_se", "standard error of it"),
            ("receptor_pvalue", "p-value of it"),
            ("effect", "log2 fold change of ligand × receptor"),
            ("se", "standard error of effect"),
            ("ci_low", "lower end of its 95 % interval"),
            ("ci_high", "upper end of its 95 % interval"),
            ("pvalue", "combined evidence that either side moved"),
            ("padj", "Benjamini–Hochberg adjusted p-value over the tested rows of the contrast"),
            ("exact_pvalue", "p-value by enumerating the relabellings of the samples"),
            ("exact_floor", "smallest p-value that the enumeration can give"),
        ),
        Column(
            "sign_stable",
            "bool",
            "the sign of effect stays when any one sample is left out; False for circulation, where it is not computed",
        ),
        Column(
            "low_counts",
            "bool",
            "a side is expected to have less than one count per sample in a condition: p-values hold, effects may not",
        ),
        Column("unit", "category", "what was relabelled or replicated", UNITS),
        Column("scale", "category", "what was added up by sample: raw counts, or log-normalised values", SCALES),
        Column("status", "category", "whether the row was tested, or why not", STATUSES),
        Column("shift", "category", "what was shown; directions need padj ≤ alpha, stable the margin", SHIFTS),
        Column(
            "shape",
            "category",
            "course over ordered stages, ambiguous unless all others are excluded; missing in other contrasts",
            SHAPES,
        ),
        *_numbers(
            (
                "d_source",
                "change of log2 abundance of the source, relative to the groups in abundance_reference",
            ),
            ("d_ligand", "change of log2 ligand expression in the source"),
            ("d_target", "change of log2 abundance of the target, relative to the same groups"),
            ("d_receptor", "change of log2 receptor expression in the target"),
            ("d_flow", "sum of the four parts: change of log2 flow"),
        ),
        Column(
            "driver",
            "category",
            "the part that makes up more than half of the absolute change; missing unless padj ≤ alpha",
            DRIVERS,
        ),
        Column(
            "subunit_ref",
            "category",
            "limiting subunits, LIGAND^RECEPTOR, in the reference; one for all samples unless a switch is certain",
        ),
        Column("subunit_alt", "category", "limiting subunits, LIGAND^RECEPTOR, in the other condition"),
        *_numbers(
            ("ligand_prop_ref", "mean fraction of source cells that express the ligand, reference"),
            ("ligand_prop_alt", "the same in the other condition"),
            ("receptor_prop_ref", "mean fraction of target cells that express the receptor, reference"),
            ("receptor_prop_alt", "the same in the other condition"),
        ),
        Column(
            "rewired",
            "bool",
            "the group that sends (or receives) most of the interaction is another one in the other condition, ahead "
            "by more than the margin in both with an adjusted p-value up to alpha; the same for all rows of an "
            "interaction",
        ),
        CONSUMED_IN_SAMPLES,
        CLAIM,
    ),
)

UNTESTED = Table(
    "untested",
    "one interaction, group, sample or contrast that was not tested, or was tested in part",
    (
        Column("interaction", "category", "interaction of the resource; * where all are meant"),
        Column("reason", "category", "why it was not tested", REASONS),
        Column("detail", "string", "what exactly was found"),
    ),
)

_LEFT_OUT = (
    Column("contrast", "category", "what is compared"),
    Column("source", "category", "group that expresses the ligand"),
    Column("target", "category", "group that expresses the receptor"),
)
_WHY = (
    Column("n_ref", "int", "samples of the reference with both groups"),
    Column("n_alt", "int", "samples of the other condition with both groups"),
    Column("status", "category", "why they were not tested", STATUSES),
    Column("detail", "category", "what exactly was found"),
)
_OF_INTERACTION = (
    Column("interaction", "category", "interaction of the resource, LIGAND^RECEPTOR"),
    Column("ligand_complex", "category", "ligand, subunits joined by _"),
    Column("receptor_complex", "category", "receptor, subunits joined by _"),
    Column("mode", "category", "mode of communication"),
)

LEFT_OUT = Table(
    "left out",
    "one contrast × source → target pair with interactions that are not in the table, by status",
    (*_LEFT_OUT, Column("n_rows", "int", "how many"), *_WHY),
)

INTERACTIONS = Table("interactions", "one interaction whose genes are in the data", _OF_INTERACTION)

LEFT_OUT_ROWS = Table(
    "rows left out",
    "one contrast × source × target × interaction that was not tested and is not in the table",
    (*_LEFT_OUT, *_OF_INTERACTION, *_WHY),
)

FACTORS = Table(
    "factors",
    "one sample × group of cells (or role) with cells",
    (
        Column("sample", "category", "the sample"),
        Column("group", "category", "the group of cells"),
        Column("n_cells", "int", "its cells in the sample"),
        *_numbers(
            ("library", "their counts over all genes, as counted"),
            ("factor", "what the library is multiplied with: the composition factor, 1 where nothing is known"),
            ("unshrunk", "the factor as measured, before it is shrunk to the mean of the samples"),
        ),
    ),
)

AMBIENT = Table(
    "ambient",
    "one sample",
    (
        Column("sample", "category", "the sample"),
        Column("condition", "category", "its condition"),
        Column("share", "float", "estimated share of ambient counts, with what specific genes express elsewhere"),
        Column("n_genes", "int", "genes that tell it; without any there is no share"),
    ),
)

_COMPARED = (
    Column("contrast", "string", "its name"),
    Column("kind", "string", "pair of levels, stages in order, or interaction of two factors"),
    Column("reference", "string", "level that others are compared with"),
    Column("level", "string", "level that is compared with it; empty for stages"),
    Column("factor_level", "string", "level of the second factor within which levels are compared"),
    Column("factor_reference", "string", "level of the second factor that the change is compared with"),
)

CONTRASTS = Table("contrasts", "one contrast", _COMPARED)

FITTED_CONTRASTS = Table(
    "fitted contrasts",
    "one contrast",
    (
        *_COMPARED,
        Column("abundance_reference", "string", "groups that abundances are relative to, as a JSON list"),
        *_numbers(
            ("prior_df", "degrees of freedom of the prior of the residual variances"),
            ("n_tests", "rows of the contrast"),
            ("n_tested", "rows with a p-value"),
        ),
    ),
)

TOTALS = Table(
    "totals",
    "one contrast × source → target pair, or one contrast × mode",
    (
        Column("contrast", "category", "what is compared"),
        Column("by", "category", "what the row adds up", ("pair", "mode")),
        Column("source", "category", "sending group; missing in rows by mode"),
        Column("target", "category", "receiving group; missing in rows by mode"),
        Column("mode", "category", "mode of communication; missing in rows by pair"),
        Column("n_tested", "int", "tested rows"),
        Column("n_shifted", "int", "rows with padj ≤ alpha: the sum of the next four"),
        Column("n_up", "int", "of these, up or gained"),
        Column("n_down", "int", "of these, down or lost"),
        Column("n_compensated", "int", "of these, with ligand and receptor in opposite directions"),
        Column("n_one_sided", "int", "of these, a ligand or a receptor moved and the interval of the product holds 0"),
        Column("effect", "float", "mean log2 fold change of ligand × receptor over the tested rows"),
        Column("d_flow", "float", "mean change of log2 flow over the tested rows"),
        Column("strongest", "category", "interaction with the smallest p-value"),
        Column("pvalue", "float", "evidence that any row moved: Cauchy combination, valid under dependence"),
        Column("padj", "float", "Benjamini–Hochberg over the pairs, or over the modes, of a contrast"),
    ),
)

TWO_FACTORS = Table(
    "two_factors",
    "one difference in differences with both simple effects",
    (
        Column("contrast", "category", "the contrast of the second factor"),
        Column("source", "category", "group that expresses the ligand"),
        Column("target", "category", "group that expresses the receptor"),
        Column("interaction", "category", "interaction of the resource"),
        *_numbers(
            ("effect_first", "effect at the first level of the second factor"),
            ("ci_low_first", "lower end of its 95 % interval"),
            ("ci_high_first", "upper end"),
            ("effect_second", "effect at the other level"),
            ("ci_low_second", "lower end of its 95 % interval"),
            ("ci_high_second", "upper end"),
            ("difference", "effect_second − effect_first"),
            ("pvalue", "of the difference"),
            ("padj", "Benjamini–Hochberg over the tested rows of the contrast"),
        ),
        Column("class", "category", "how the two simple effects relate", CLASSES),
    ),
)

STORED = StoredKind(
    "compare",
    key="commscore_compare",
    version=6,
    tool="compare",
    tables={
        "table": COMPARE,
        "untested": UNTESTED,
        "left_out": LEFT_OUT,
        "interactions": INTERACTIONS,
        "totals": TOTALS,
        "contrasts": FITTED_CONTRASTS,
        "factors": FACTORS,
        "ambient": AMBIENT,
        "two_factors": TWO_FACTORS,
    },
)
