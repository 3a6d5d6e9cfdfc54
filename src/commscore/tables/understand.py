"""Tables of the tools that explain: roles, circuits, loops, therapies, weak but specific interactions."""

from __future__ import annotations

from ._base import Column, Table
from .compare import SHAPES
from .vocabulary import CircuitChangeStatus, CircuitStatus, StepStatus, TherapyStatus, Unit

HOW = ("given", "exact", "synonym", "children", "parent", "none")
END_HOW = (*HOW, "too small")
EDGE_KINDS = ("communication", "intracellular", "gate")
EDGE_STATUS, CIRCUIT_STATUS, CHANGE_STATUS = StepStatus.words(), CircuitStatus.words(), CircuitChangeStatus.words()
THERAPY_STATUS = TherapyStatus.words()
CAUTION = "in-silico cut of edges, not a prediction of response"

ROLES = Table(
    "roles",
    "one cell role of the resource, then one group of cells without a role",
    (
        Column("role", "string", "role of the resource; empty for a group that no role was found for"),
        Column("groups", "string", "groups of cells that take the role: one as it is, several as a JSON list"),
        Column("how", "category", "how they were found", HOW),
        Column("reason", "string", "what it rests on; where nothing was found, the nearest guesses"),
    ),
)

CIRCUITS = Table(
    "circuits",
    "one circuit of the resource",
    (
        Column("circuit", "string", "id in the resource"),
        Column("name", "string", "name in words"),
        Column("kind", "category", "loop (it closes), cascade, or a single step", ("loop", "cascade", "step")),
        Column("context", "string", "context in which the reviews see it"),
        Column("claim", "category", "stated by a review, or a hypothesis", ("stated", "hypothesis")),
        Column(
            "status",
            "category",
            "complete: every step is measured and expressed; partial: all measured steps are expressed, others cannot "
            "be measured; step: its only step is expressed; broken: a measured step is below expr_prop; "
            "not_assessable: no step can be measured",
            CIRCUIT_STATUS,
        ),
        Column("n_steps", "int", "steps of the circuit, without gates that act on an edge"),
        Column("n_assessed", "int", "steps that are measured"),
        Column("n_expressed", "int", "steps that are expressed"),
        Column("strength", "float", "geometric mean of the scores of the measured activating steps; >= 0"),
        Column(
            "excess", "float", "sample_key only: mean over samples of the strength above permuted labels of the sample"
        ),
        Column("excess_se", "float", "sample_key only: standard error of it, from how it varies between samples"),
        Column("n_samples", "int", "sample_key only: samples with at least 3 cells of every role"),
        Column("n_positive", "int", "sample_key only: samples in which it is above zero"),
        Column(
            "pvalue",
            "float",
            "that the excess recurs from sample to sample; without sample_key, permutations with a strength at least "
            "as high; missing for a broken circuit",
        ),
        Column(
            "padj",
            "float",
            "Benjamini–Hochberg adjusted over the circuits that can be assessed; a broken one has none "
            "and counts as a candidate that failed",
        ),
        Column(
            "pvalue_within", "float", "sample_key only: permutations within samples with a strength at least as high"
        ),
        Column("padj_within", "float", "sample_key only: adjusted as padj"),
        Column("unit", "category", "what pvalue, weakest_pvalue and all_pvalue take as replicates", Unit.words()),
        Column("weakest", "float", "lowest score of a measured activating step"),
        Column("weakest_edge", "string", "that step"),
        Column("weakest_pvalue", "float", "as pvalue, of the lowest score"),
        Column(
            "all_pvalue",
            "float",
            "largest p-value of any activating step: evidence that every one is specific, not adjusted; as pvalue",
        ),
        Column(
            "stand_ins", "string", "roles that a group of another name takes, narrower or wider (several: JSON list)"
        ),
        Column("missing", "string", "steps that are not there or cannot be measured, with the reason"),
        Column("source", "string", "review"),
        Column("lines", "string", "lines of its text"),
    ),
)

CIRCUIT_EDGES = Table(
    "edges",
    "one step of one circuit",
    (
        Column("circuit", "string", "id of the circuit"),
        Column("step", "int", "position, from 1"),
        Column("edge", "category", "what the step is", EDGE_KINDS),
        Column("source_role", "string", "role of the cell it leaves"),
        Column("target_role", "string", "role of the cell it reaches"),
        Column("source", "string", "groups of that role (several: JSON list); for the role any, the strongest group"),
        Column("target", "string", "groups of that role"),
        Column(
            "source_how",
            "category",
            "how the groups of source_role were found; parent: the group of a wider role stands in",
            END_HOW,
        ),
        Column("target_how", "category", "how the groups of target_role were found", END_HOW),
        Column("from", "string", "ligand, receptor, gene or gate"),
        Column("to", "string", "receptor, gene or molecule acted on"),
        Column("interaction", "string", "of a communication step"),
        Column("sign", "int", "1 activates, -1 restrains"),
        Column("in_strength", "bool", "whether it counts in the strength of its circuit"),
        Column("status", "category", "whether and why it could not be measured", EDGE_STATUS),
        Column("detail", "string", "what exactly was found"),
        Column("absent", "string", "genes of the step that the data lack (several: JSON list)"),
        Column("gates", "string", "gates of this circuit that act on the step (several: JSON list)"),
        Column("gate_molecules", "string", "molecules of these gates, in their order (several: JSON list)"),
        Column("from_mean", "float", "mean of the first partner in its role"),
        Column("to_mean", "float", "mean of the second partner"),
        Column("from_prop", "float", "fraction of cells that express it"),
        Column("to_prop", "float", "fraction of cells that express it"),
        Column("score", "float", "geometric mean of both sides after the gates; >= 0"),
        Column(
            "excess", "float", "sample_key only: mean over samples of the score above permuted labels of the sample"
        ),
        Column("excess_se", "float", "sample_key only: standard error of it, from how it varies between samples"),
        Column("n_samples", "int", "sample_key only: samples with at least 3 cells of both roles"),
        Column("n_positive", "int", "sample_key only: samples in which it is above zero"),
        Column(
            "pvalue",
            "float",
            "that the excess recurs from sample to sample; without sample_key, permutations with a score at least as "
            "high; missing for a step below expr_prop",
        ),
        Column("padj", "float", "adjusted over distinct steps that are measured, as of circuits"),
        Column("pvalue_within", "float", "sample_key only: permutations within samples with a score at least as high"),
        Column("padj_within", "float", "sample_key only: adjusted as padj"),
        Column("rho", "float", "intracellular steps: Spearman's correlation of both genes across samples, in the role"),
        Column("rho_pvalue", "float", "its p-value in the direction of the sign"),
        Column("rho_samples", "int", "samples it rests on"),
        Column("source_review", "string", "review"),
        Column("lines", "string", "lines of its text"),
        Column("statement", "string", "what the review says"),
    ),
)

CIRCUIT_CHANGES = Table(
    "changes",
    "one circuit, or one step of it, in one contrast of conditions",
    (
        Column("contrast", "category", "level against the reference; 'stages' for ordered stages"),
        Column("circuit", "string", "id of the circuit"),
        Column("step", "int", "position; 0 for the circuit as a whole"),
        Column("edge", "string", "the step in words; empty for the circuit"),
        Column("n_ref", "int", "samples of the reference (of the first stage) with all cells that are needed"),
        Column("n_alt", "int", "samples of the level (of the last stage)"),
        Column("effect", "float", "change of log2 flow (of the circuit: mean over its steps); stages: along the shape"),
        Column("se", "float", "standard error"),
        Column("ci_low", "float", "95 % interval"),
        Column("ci_high", "float", "95 % interval"),
        Column("pvalue", "float", "moderated t, samples as replicates; stages: all shapes together"),
        Column("padj", "float", "adjusted within the contrast, circuits and distinct steps apart"),
        Column(
            "any_pvalue",
            "float",
            "of a circuit: evidence that any of its steps moved (ACAT of their p-values); missing for a broken one",
        ),
        Column("any_padj", "float", "adjusted within the contrast, over the circuits that have any_pvalue"),
        Column(
            "status",
            "category",
            "whether it was tested; not_expressed: in too few cells of all stages; broken: a "
            "circuit that lacks a step in every level that is compared",
            CHANGE_STATUS,
        ),
        Column(
            "shape",
            "category",
            "course over ordered stages where padj <= 0.05; ambiguous unless all others are excluded",
            SHAPES,
        ),
        Column(
            "driver",
            "string",
            "of a circuit: the step whose molecule, or which itself, makes up more than half of the absolute change, "
            "with an interval without zero; mixed otherwise; empty where nothing was tested",
        ),
        Column("driver_molecule", "string", "the molecule that drives it (and its role); empty where both ends do"),
        Column("largest_edge", "string", "of a circuit: the step that changes most"),
        Column("largest_share", "float", "its share of the absolute change, 0 to 1"),
    ),
)

LOOPS = Table(
    "loops",
    "one loop (closed) or relay (two linked edges, open)",
    (
        Column("kind", "category", "loop or relay", ("loop", "relay")),
        Column("length", "int", "number of edges between cells"),
        Column("groups", "string", "groups in order, as a JSON list; a loop ends where it begins"),
        Column("interactions", "string", "interactions in order, as a JSON list"),
        Column("links", "string", "how each receptor leads to the next ligand inside the cell, as a JSON list"),
        Column("sign", "int", "product of the signs of the links: 1 reinforces, -1 restrains"),
        Column("strength", "float", "geometric mean of the scores of its edges"),
        Column("weakest", "float", "lowest score of its edges"),
        Column("max_padj", "float", "largest adjusted p-value of its edges"),
        Column(
            "in_rewired",
            "float",
            "share of rewired networks that hold it too: no p-value, as a loop is listed because it was found; missing "
            "for relays and autocrine loops",
        ),
        Column("strength_pvalue", "float", "rewired networks with any loop at least as strong (holds family-wise)"),
    ),
)

LOOP_SUMMARY = Table(
    "summary",
    "one statistic of all loops together",
    (
        Column("statistic", "category", "what is counted", ("n_loops", "total_strength", "largest_strength")),
        Column("observed", "float", "in the data"),
        Column("expected", "float", "mean of rewired networks"),
        Column("pvalue", "float", "rewired networks that reach it"),
    ),
)

THERAPIES = Table(
    "therapies",
    "one therapy of the resource in one context of the data",
    (
        Column("context", "category", "condition or sample of the cells; all where none was asked for"),
        Column("therapy", "string", "generic name"),
        Column("class", "string", "what it is (several: JSON list)"),
        Column("action", "string", "what it does to its targets (several: JSON list)"),
        Column("targets", "string", "symbols (several: JSON list)"),
        Column("reported", "string", "what the reviews report (several: JSON list)"),
        Column("status", "category", "whether it cuts an edge, or why not", THERAPY_STATUS),
        Column("reason", "string", "why it cuts nothing, or has no share"),
        Column("n_edges", "int", "edges cut"),
        Column(
            "share",
            "float",
            "share of the flow, without antigen presentation, that falls, 0 to 1; missing where it "
            "cuts antigen presentation alone",
        ),
        Column("n_circuits", "int", "circuits of which a measured step is cut"),
        Column("sources", "string", "reviews (several: JSON list)"),
        Column("claim", "category", "what this table is", (CAUTION,)),
    ),
)

THERAPY_EDGES = Table(
    "therapy_edges",
    "one edge that a therapy cuts, in one context",
    (
        Column("context", "category", "condition or sample of the cells; all where none was asked for"),
        Column("therapy", "string", "generic name"),
        Column("source", "category", "group that expresses the ligand"),
        Column("target", "category", "group that expresses the receptor"),
        Column("interaction", "category", "interaction of the resource"),
        Column("flow", "float", "ligand mean × receptor mean"),
        Column("share", "float", "of all flow, 0 to 1; missing for antigen presentation, which is left out of shares"),
        Column("side", "category", "whether a target is a subunit of the ligand, of the receptor, or of both"),
    ),
)

THERAPY_GROUPS = Table(
    "therapy_groups",
    "one group of cells that loses edges to a therapy, in one direction and context",
    (
        Column("context", "category", "condition or sample of the cells; all where none was asked for"),
        Column("therapy", "string", "generic name"),
        Column("group", "category", "group of cells"),
        Column("direction", "category", "outgoing: it expresses the ligand; incoming: it expresses the receptor"),
        Column("flow", "float", "all flow of the group in this direction, without antigen presentation"),
        Column("share", "float", "share of it that falls, 0 to 1"),
    ),
)

THERAPY_CIRCUITS = Table(
    "therapy_circuits",
    "one circuit of which a therapy cuts a measured step, in one context",
    (
        Column("context", "category", "condition or sample of the cells; all where none was asked for"),
        Column("therapy", "string", "generic name"),
        Column("circuit", "string", "id of the circuit"),
        Column("n_steps", "int", "steps that count and are measured in this context"),
        Column("n_cut", "int", "of these, steps that are cut"),
        Column("share", "float", "share of the steps that is cut, 0 to 1"),
        Column("score_share", "float", "share of the sum of their scores that is cut, 0 to 1"),
        Column("steps", "string", "steps that are cut, with their position (several: JSON list)"),
    ),
)

COMBINATIONS = Table(
    "combinations",
    "one set of therapies in one context, those that cut most first",
    (
        Column("context", "category", "condition or sample of the cells; all where none was asked for"),
        Column("therapies", "string", "generic names, as a JSON list"),
        Column("n", "int", "therapies in the set"),
        Column("n_edges", "int", "edges that they cut together"),
        Column("share", "float", "share of the flow that they cut together, 0 to 1"),
        Column("best_single", "float", "share that the best of them cuts alone"),
        Column("gain", "float", "share beyond that of the best"),
        Column("overlap", "float", "share that each of them cuts"),
    ),
)

BYPASS = Table(
    "bypass",
    "one edge that remains beside one that a therapy cuts, in one context",
    (
        Column("context", "category", "condition or sample of the cells; all where none was asked for"),
        Column("therapy", "string", "generic name"),
        Column("cut", "string", "interaction that is cut"),
        Column("target", "category", "group that receives both"),
        Column("how", "category", "same receptor, same ligand, same ligand family or same circuit"),
        Column("remaining", "string", "interaction that remains"),
        Column("source", "category", "group that sends it"),
        Column("cut_flow", "float", "flow of the cut interaction to the group, from all sources"),
        Column("remaining_flow", "float", "flow of the edge that remains"),
    ),
)

RECESSIVE = Table(
    "recessive",
    "one edge: source × target × interaction",
    (
        Column("source", "category", "group that expresses the ligand"),
        Column("target", "category", "group that expresses the receptor"),
        Column("interaction", "category", "interaction of the resource"),
        Column("score", "float", "score in the stored result"),
        Column("padj", "float", "adjusted p-value in the stored result"),
        Column("flow", "float", "ligand mean × receptor mean"),
        Column("magnitude", "float", "fraction of edges whose flow is lower, 0 (weakest) to 1"),
        Column(
            "specificity", "float", "share of the flow of this interaction that this pair of groups carries, 0 to 1"
        ),
        Column("excess", "float", "specificity against an even share among all pairs of groups; 1 is even"),
        Column("stability", "float", "fraction of resamples in which it stays expressed and specific, 0 to 1"),
        Column("n_resamples", "int", "number of resamples"),
        Column("unit", "category", "what was resampled", ("samples", "cells")),
        Column("recessive_score", "float", "(1 − magnitude) × rank of specificity × stability, 0 to 1"),
        Column("recessive", "bool", "weak, specific and stable by the thresholds of the call"),
        Column("rank", "int", "1 is the most recessive"),
    ),
)
