"""Therapies of the reviews and the interactions they would cut."""

from __future__ import annotations

from ._base import Column, StoredKind, Table
from .vocabulary import TherapyStatus

THERAPY_STATUS = TherapyStatus.words()
CAUTION = "in-silico cut of edges, not a prediction of response"

THERAPIES = Table(
    "therapies",
    "one therapy of the resource in one context of the data",
    (
        Column("context", "category", "condition or sample of the cells; all where none was asked for"),
        Column("therapy", "string", "generic name"),
        Column("class", "string", "what it is (several: JSON list)"),
        Column("action", "string", "what it does to its targets (several: JSON list)"),
        Column("targets", "string", "symbols (several: JSON list)"),
        Column("depletes", "string", "role of the cells that it removes (several: JSON list)"),
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
        Column(
            "side",
            "category",
            "ligand or receptor, of which a target is a subunit (or makes or exports the ligand), both; cells: those "
            "that send or receive are removed",
        ),
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
        Column("n_steps", "int", "steps that count and whose cells are there: measured ones, and those beyond RNA"),
        Column("n_measured", "int", "of these, steps that are measured in this context"),
        Column("n_cut", "int", "of these, steps that are cut"),
        Column("share", "float", "share of the steps that is cut, 0 to 1"),
        Column("score_share", "float", "share of the sum of the scores of the measured ones that is cut, 0 to 1"),
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

STORED = StoredKind(
    "therapies",
    key="commscore_therapies",
    version=4,
    tool="therapies",
    tables={
        "table": THERAPIES,
        "edges": THERAPY_EDGES,
        "groups": THERAPY_GROUPS,
        "combinations": COMBINATIONS,
        "bypass": BYPASS,
        "circuits": THERAPY_CIRCUITS,
    },
    is_ranking=True,
)
