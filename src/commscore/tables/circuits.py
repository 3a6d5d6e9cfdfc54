"""Circuits of the reviews: whole, their steps, and their changes between conditions."""

from __future__ import annotations

from . import compare, score
from ._base import Column, StoredKind, Table
from .compare import SHAPES
from .production import CLAIM_OF_STEP
from .resource import OUTCOMES
from .roles import HOW, ROLES
from .vocabulary import CircuitChangeStatus, CircuitStatus, StepStatus, Unit

END_HOW = (*HOW, "too small")
EDGE_KINDS = ("communication", "intracellular", "gate")
EDGE_STATUS, CIRCUIT_STATUS, CHANGE_STATUS = StepStatus.words(), CircuitStatus.words(), CircuitChangeStatus.words()

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
            "not_assessable: no step can be measured in these data; not_in_rna: RNA can show no step of it in any data",
            CIRCUIT_STATUS,
        ),
        Column(
            "measurable_steps",
            "int",
            "steps that RNA can show, whatever the data (molecules as asked for); 0: not_in_rna",
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
            "as high; among circuits that are not broken (pvalue_raw times candidates over these); missing for "
            "a broken one",
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
        Column("pvalue_raw", "float", "pvalue of a circuit that was named before looking: whether broken or not"),
        Column("pvalue_within_raw", "float", "sample_key only: pvalue_within likewise"),
        Column("unit", "category", "what pvalue, weakest_pvalue and all_pvalue take as replicates", Unit.words()),
        Column("weakest", "float", "lowest score of a measured activating step"),
        Column("weakest_edge", "string", "that step"),
        Column("weakest_pvalue", "float", "as pvalue, of the lowest score"),
        Column(
            "all_pvalue",
            "float",
            "largest pvalue_raw of any activating step, times the same: evidence that every one is specific, not "
            "adjusted; as pvalue",
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
        Column("sign", "int", "1 activates, -1 restrains: a communication step its receptor, others what they end at"),
        Column(
            "outcome", "category", "communication: what happens to the receiving cell, as the review says", OUTCOMES
        ),
        Column("outcome_of", "string", "what is promoted or suppressed there"),
        Column("protein_only", "bool", "it ends at a protein of which the mRNA says little: never scored"),
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
            "high; among steps that are expressed (pvalue_raw times candidates over these); missing for a step below "
            "expr_prop",
        ),
        Column("padj", "float", "adjusted over distinct steps that are measured, as of circuits"),
        Column("pvalue_within", "float", "sample_key only: permutations within samples with a score at least as high"),
        Column("padj_within", "float", "sample_key only: adjusted as padj"),
        Column("pvalue_raw", "float", "pvalue of a step that was named before looking: whether expressed or not"),
        Column("pvalue_within_raw", "float", "sample_key only: pvalue_within likewise"),
        Column("rho", "float", "intracellular steps: Spearman's correlation of both genes across samples, in the role"),
        Column("rho_pvalue", "float", "its p-value in the direction of the sign"),
        Column("rho_samples", "int", "samples it rests on"),
        Column("source_review", "string", "review"),
        Column("lines", "string", "lines of its text"),
        Column("statement", "string", "what the review says"),
        CLAIM_OF_STEP,
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

STORED = StoredKind(
    "circuits",
    key="commscore_circuits",
    version=8,
    tool="circuits",
    tables={
        "table": CIRCUITS,
        "edges": CIRCUIT_EDGES,
        "roles": ROLES,
        "untested": score.UNTESTED,
        "changes": CIRCUIT_CHANGES,
        "contrasts": compare.CONTRASTS,
        "factors": compare.FACTORS,
    },
)
