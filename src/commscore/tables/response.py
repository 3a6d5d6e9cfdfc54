"""Tables of ``tl.response``."""

from __future__ import annotations

from . import compare
from ._base import Column, StoredKind, Table
from .vocabulary import Agreement

STATUSES = ("tested", "too_few_samples", "not_compared")
AGREEMENTS = Agreement.words()
REASONS = ("too few targets", "too few cells", "too few samples", "no link")


def _numbers(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, "float", doc) for name, doc in pairs)


_TARGET = Column("target", "category", "receiving group")
_PATHWAY = Column("pathway", "category", "source of the net: a pathway, a factor, a programme")
_EDGE = (
    Column("source", "category", "group that expresses the ligand"),
    _TARGET,
    Column("interaction", "category", "interaction of the resource, LIGAND^RECEPTOR"),
    _PATHWAY,
)

RESPONSE = Table(
    "response",
    "one contrast × receiving group × pathway",
    (
        Column("contrast", "category", "what is compared: 'ALT vs REF'; 'all' without conditions"),
        _TARGET,
        _PATHWAY,
        Column("n_ref", "int", "samples of the reference with the group"),
        Column("n_alt", "int", "samples of the other condition with the group"),
        Column("n_targets", "int", "genes of the pathway that are used in this group"),
        *_numbers(
            ("activity_ref", "mean activity in the reference, log2 units around the mean of all samples"),
            ("activity_alt", "mean activity in the other condition"),
            ("effect", "difference: log2 fold change of a target gene of average weight"),
            ("se", "standard error, moderated"),
            ("ci_low", "lower end of the 95 % interval"),
            ("ci_high", "upper end of it"),
            ("pvalue", "moderated t"),
            ("padj", "Benjamini–Hochberg adjusted p-value over the tested rows of the contrast"),
        ),
        Column("status", "category", "whether it was tested", STATUSES),
    ),
)

ACTIVITIES = Table(
    "activities",
    "one sample × receiving group × pathway",
    (
        Column("sample", "category", "sample"),
        Column("condition", "category", "condition of the sample; 'all' without conditions"),
        _TARGET,
        _PATHWAY,
        Column("n_cells", "int", "cells of the group in the sample"),
        *_numbers(
            ("activity", "coefficient of the net's weights (root mean square 1), log2 units"),
            ("score", "t-value of it across genes, decoupler's score"),
        ),
        Column("centred", "bool", "genes were centred over the samples; not where the group has one sample only"),
    ),
)

LINKS = Table(
    "links",
    "one contrast × source × target × interaction × pathway that its receptor feeds",
    (
        Column("contrast", "category", "what is compared"),
        *_EDGE,
        Column("sign", "int", "1: the receptor activates the pathway, -1: restrains it"),
        Column("evidence", "category", "what the link rests on: canonical, or what links= says"),
        *_numbers(
            ("edge_effect", "log2 fold change of ligand × receptor"),
            ("edge_pvalue", "combined evidence that ligand or receptor moved"),
            ("edge_padj", "adjusted over the linked edges of the contrast"),
            ("response_effect", "effect of the pathway in the target"),
            ("response_pvalue", "p-value of it"),
            ("response_padj", "adjusted p-value of it"),
        ),
        Column("agreement", "category", "whether both moved, and the same way (through the sign)", AGREEMENTS),
        Column("circular", "bool", "ligand (in an edge of a group with itself) or receptor is a target of the pathway"),
    ),
)

COUPLING = Table(
    "coupling",
    "one context × source × target × interaction × pathway: how far response and edge go together across samples",
    (
        Column("context", "category", "condition within which samples are compared; 'all' without conditions"),
        *_EDGE,
        Column("n", "int", "samples of the context with both groups"),
        *_numbers(
            ("edge", "mean log2(ligand CPM × receptor CPM) in the context"),
            ("slope", "change of the activity per doubling of ligand × receptor, a description: no test"),
            ("correlation", "of the activity with ligand × receptor over the samples, −1 to 1; covariates taken out"),
        ),
    ),
)

SWITCHES = Table(
    "switches",
    "one pair of contexts × source × target × interaction × pathway",
    (
        Column("first", "category", "first context"),
        Column("second", "category", "second context"),
        *_EDGE,
        *_numbers(
            ("slope_first", "slope in the first context"),
            ("slope_second", "slope in the second"),
            ("difference", "slope_second − slope_first: interaction of edge and context"),
            ("se", "standard error of it"),
            ("ci_low", "lower end of its 95 % interval"),
            ("ci_high", "upper end of it"),
            ("difference_pvalue", "p-value of the difference"),
            ("pvalue", "that the slopes have opposite signs: the larger of two one-sided p-values; 1 if they agree"),
            ("padj", "Benjamini–Hochberg over the rows of the pair of contexts"),
            ("edge_change", "mean log2(ligand × receptor), second − first context"),
        ),
        Column("sign_switch", "bool", "padj is at most alpha"),
        Column("circular", "bool", "ligand (in an edge of a group with itself) or receptor is a target of the pathway"),
    ),
)

UNTESTED = Table(
    "untested",
    "one group, pathway or sample that was left out",
    (
        Column("what", "category", "group, pathway or interaction; * where all are meant"),
        Column("reason", "category", "why", REASONS),
        Column("detail", "string", "what exactly was found"),
    ),
)

STORED = StoredKind(
    "response",
    key="commscore_response",
    version=3,
    tool="response",
    tables={
        "table": RESPONSE,
        "activities": ACTIVITIES,
        "links": LINKS,
        "coupling": COUPLING,
        "switches": SWITCHES,
        "untested": UNTESTED,
        "factors": compare.FACTORS,
        "contrasts": compare.CONTRASTS,
    },
)
