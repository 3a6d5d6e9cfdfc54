"""Feedback loops and relays found in scored interactions."""

from __future__ import annotations

from ._base import Column, StoredKind, Table

LOOPS = Table(
    "loops",
    "one loop (closed) or relay (two linked edges, open)",
    (
        Column("kind", "category", "loop or relay", ("loop", "relay")),
        Column("length", "int", "number of edges between cells"),
        Column("groups", "string", "groups in order, as a JSON list; a loop ends where it begins"),
        Column("interactions", "string", "interactions in order, as a JSON list"),
        Column("links", "string", "how each receptor leads to the next ligand inside the cell, as a JSON list"),
        Column(
            "sign",
            "int",
            "product of the signs of the links and of the effects on the receptors: 1 reinforces, -1 restrains",
        ),
        Column("n_unknown_effects", "int", "edges of unknown effect on the receptor, counted as activating"),
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

STORED = StoredKind(
    "loops",
    key="commscore_loops",
    version=3,
    tool="loops",
    tables={"table": LOOPS, "summary": LOOP_SUMMARY},
    is_ranking=True,
)
