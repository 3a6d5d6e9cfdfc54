"""Weak but specific interactions."""

from __future__ import annotations

from ._base import Column, StoredKind, Table

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

STORED = StoredKind(
    "recessive", key="commscore_recessive", version=1, tool="recessive", tables={"table": RECESSIVE}, is_ranking=True
)
