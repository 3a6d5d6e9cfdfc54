"""How each kind of result is shown: its words, the columns that are seen first, filters and order.

A kind that is not listed here is shown all the same, with every column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..tables import balance, compare, expectations, influence, response, score, understand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..tables import Table

_EDGE = ("interaction", "source", "target")


@dataclass(frozen=True)
class View:
    """One table: its title, its declaration, what is seen first, what can be chosen, the order at first."""

    title: str
    schema: Table | None = None
    columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    sort: tuple[tuple[str, str], ...] = ()

    @property
    def docs(self) -> dict[str, str]:
        """Meaning of the columns."""
        return {c.name: c.doc for c in self.schema.columns} if self.schema else {}


@dataclass(frozen=True)
class ResultKind:
    """One kind of result: its title, a sentence about it, its tables by name."""

    title: str
    about: str
    views: Mapping[str, View] = field(default_factory=dict)


_UNTESTED = View("What was not tested, and why", score.UNTESTED, filters=("reason",))
_FACTORS = View("Composition factors of the samples", compare.FACTORS, filters=("sample", "group"))
_ROLES = View("Roles of the groups of cells", understand.ROLES, filters=("how",))
_BY_P = (("padj", "ascending"), ("pvalue", "ascending"))

KINDS: dict[str, ResultKind] = {
    "score": ResultKind(
        "Interactions",
        "Every interaction between every ordered pair of groups that passed the filters. A row opens to what the "
        "resource says of the interaction.",
        {
            "table": View(
                "Scored interactions",
                score.SCORE,
                (
                    *_EDGE,
                    "mode",
                    "direction",
                    "score",
                    "excess",
                    "n_samples",
                    "n_positive",
                    "pvalue",
                    "padj",
                    "padj_within",
                    "magnitude_rank",
                    "specificity_rank",
                    "ligand_prop",
                    "receptor_prop",
                    "evidence",
                ),
                ("source", "target", "mode", "direction"),
                (("padj", "ascending"), ("score", "descending")),
            ),
            "untested": _UNTESTED,
        },
    ),
    "compare": ResultKind(
        "Comparison",
        "What changed between conditions, how surely, and which part moved. Effects are log2 fold changes of "
        "ligand × receptor.",
        {
            "table": View(
                "Compared interactions",
                compare.COMPARE,
                (
                    *_EDGE,
                    "contrast",
                    "mode",
                    "direction",
                    "effect",
                    "pvalue",
                    "padj",
                    "shift",
                    "shape",
                    "driver",
                    "status",
                    "evidence",
                ),
                ("contrast", "source", "target", "mode", "direction", "shift", "shape", "driver", "status"),
                _BY_P,
            ),
            "totals": View(
                "Totals by pair of groups and by mode", compare.TOTALS, filters=("contrast", "by"), sort=_BY_P
            ),
            "two_factors": View(
                "Differences of differences", compare.TWO_FACTORS, filters=("contrast", "class"), sort=_BY_P
            ),
            "contrasts": View("Contrasts"),
            "factors": _FACTORS,
            "ambient": View("Ambient RNA in the samples", compare.AMBIENT, filters=("condition",)),
            "untested": View("What was not tested, and why", compare.UNTESTED, filters=("reason",)),
        },
    ),
    "influence": ResultKind(
        "Influence of single samples",
        "The comparison made again without each sample (or each patient): would a finding stand without it, and which "
        "one carries it.",
        {
            "stability": View(
                "Findings without any one sample",
                influence.STABILITY,
                (
                    *_EDGE,
                    "contrast",
                    "effect",
                    "padj",
                    "effect_low",
                    "effect_high",
                    "max_padj",
                    "most_influential",
                    "sign_stable",
                    "n_left_out",
                ),
                ("contrast", "source", "target", "sign_stable", "most_influential"),
                (("max_padj", "ascending"),),
            ),
            "table": View(
                "Effects without each sample",
                influence.INFLUENCE,
                filters=("left_out", "contrast", "source", "target"),
                sort=_BY_P,
            ),
            "untested": View("Samples that cannot be left out", compare.UNTESTED),
        },
    ),
    "circuits": ResultKind(
        "Circuits",
        "Loops, cascades and single steps that the reviews describe, measured step by step, complete ones first. "
        "Complete: every step is measured and expressed. Broken: a step is not expressed; it has no p-value.",
        {
            "table": View(
                "Circuits",
                understand.CIRCUITS,
                (
                    "name",
                    "kind",
                    "status",
                    "claim",
                    "n_steps",
                    "n_expressed",
                    "strength",
                    "n_samples",
                    "pvalue",
                    "padj",
                    "padj_within",
                    "weakest_edge",
                    "missing",
                    "source",
                    "lines",
                ),
                ("kind", "status", "claim", "source"),
            ),
            "edges": View(
                "Steps of the circuits",
                understand.CIRCUIT_EDGES,
                (
                    "circuit",
                    "step",
                    "edge",
                    "source_role",
                    "target_role",
                    "from",
                    "to",
                    "sign",
                    "status",
                    "score",
                    "n_samples",
                    "padj",
                    "padj_within",
                    "source_review",
                    "lines",
                ),
                ("edge", "source_role", "target_role", "status"),
            ),
            "changes": View(
                "Changes of the circuits between conditions",
                understand.CIRCUIT_CHANGES,
                ("circuit", "contrast", "step", "edge", "effect", "pvalue", "padj", "status", "driver"),
                ("contrast", "status"),
                _BY_P,
            ),
            "roles": _ROLES,
            "factors": _FACTORS,
            "untested": _UNTESTED,
        },
    ),
    "loops": ResultKind(
        "Loops",
        "Feedback loops found in the scored interactions, against networks rewired at random.",
        {
            "table": View("Loops and relays", understand.LOOPS, filters=("kind",), sort=(("strength", "descending"),)),
            "summary": View("All loops together", understand.LOOP_SUMMARY),
        },
    ),
    "expectations": ResultKind(
        "Expectations",
        "Shifts that the reviews expect between these contexts, and what the data say of each.",
        {
            "table": View(
                "Expected shifts",
                expectations.EXPECTATIONS,
                (
                    "what",
                    "level",
                    "groups",
                    "contrast",
                    "change",
                    "verdict",
                    "effect",
                    "ci_low",
                    "ci_high",
                    "padj",
                    "reason",
                    "source",
                    "lines",
                ),
                ("verdict", "level", "change", "contrast", "source"),
                _BY_P,
            ),
            "summary": View("Verdicts by review and contrast", expectations.SUMMARY),
            "contexts": View("Contexts of the levels", expectations.CONTEXTS),
            "roles": _ROLES,
            "factors": _FACTORS,
        },
    ),
    "balance": ResultKind(
        "Balance",
        "Flow that drives the tumour (pro) against flow that restrains it (anti), sample by sample.",
        {
            "table": View(
                "Balance of the samples",
                balance.BALANCE,
                (
                    "sample",
                    "condition",
                    "n_cells",
                    "balance",
                    "balance_low",
                    "balance_high",
                    "unsigned",
                    "share_pro",
                    "share_anti",
                ),
                ("condition",),
            ),
            "tests": View("Tests between conditions", balance.TESTS),
            "edges": View(
                "Interactions behind it",
                balance.EDGES,
                filters=("condition", "source", "target", "direction"),
                sort=(("share", "descending"),),
            ),
            "factors": _FACTORS,
        },
    ),
    "therapies": ResultKind(
        "Therapies",
        "Which interactions the therapies of the resource would cut: an in-silico cut of edges, not a prediction of "
        "response.",
        {
            "table": View(
                "Therapies",
                understand.THERAPIES,
                (
                    "therapy",
                    "context",
                    "class",
                    "action",
                    "targets",
                    "status",
                    "n_edges",
                    "share",
                    "n_circuits",
                    "reported",
                ),
                ("context", "class", "status"),
                (("share", "descending"),),
            ),
            "edges": View(
                "Interactions that are cut", understand.THERAPY_EDGES, filters=("context", "source", "target")
            ),
            "groups": View(
                "Flow of the groups that falls", understand.THERAPY_GROUPS, filters=("context", "direction")
            ),
            "combinations": View("Combinations", understand.COMBINATIONS, filters=("context",)),
            "bypass": View("What remains beside a cut interaction", understand.BYPASS, filters=("context", "how")),
            "circuits": View("Circuits that are cut", understand.THERAPY_CIRCUITS),
        },
    ),
    "response": ResultKind(
        "Response",
        "Activity of pathways in the receiving cells, and how far it goes with the interactions upstream.",
        {
            "table": View(
                "Activities compared",
                response.RESPONSE,
                ("pathway", "target", "contrast", "effect", "ci_low", "ci_high", "pvalue", "padj", "status"),
                ("contrast", "target", "pathway", "status"),
                _BY_P,
            ),
            "activities": View(
                "Activities of the samples", response.ACTIVITIES, filters=("condition", "target", "pathway")
            ),
            "links": View(
                "Interactions upstream",
                response.LINKS,
                filters=("contrast", "source", "target", "pathway", "agreement"),
            ),
            "coupling": View(
                "Response against interaction, across samples",
                response.COUPLING,
                filters=("context", "target", "pathway"),
                sort=(("correlation", "descending"),),
            ),
            "switches": View(
                "Changes of sign between contexts", response.SWITCHES, filters=("target", "pathway"), sort=_BY_P
            ),
            "factors": _FACTORS,
            "untested": View("What was left out, and why", response.UNTESTED, filters=("reason",)),
        },
    ),
    "recessive": ResultKind(
        "Recessive interactions",
        "Weak interactions that are specific to their pair of groups and stable under resampling.",
        {
            "table": View(
                "Weak but specific interactions",
                understand.RECESSIVE,
                (
                    *_EDGE,
                    "direction",
                    "score",
                    "specificity",
                    "excess",
                    "stability",
                    "recessive_score",
                    "recessive",
                    "rank",
                    "evidence",
                ),
                ("source", "target", "direction"),
                (("rank", "ascending"),),
            ),
        },
    ),
}

EVIDENCE = View(
    "Statements about the interactions of this report",
    None,
    ("interaction", "statement", "source", "section", "cited", "direction", "sender", "receiver", "context"),
    ("source", "direction", "stated"),
)


def kind_of(name: str) -> ResultKind:
    """Return how results of this kind are shown."""
    return KINDS.get(name) or ResultKind(name.capitalize(), f"Tables of {name!r}, as they are stored.")


def view_of(kind: str, table: str) -> View:
    """Return how one table of this kind is shown."""
    return kind_of(kind).views.get(table) or View(table.replace("_", " ").capitalize())
