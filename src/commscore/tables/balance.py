"""Tables of ``tl.balance``."""

from __future__ import annotations

from . import compare
from ._base import Column, StoredKind, Table
from .resource import DIRECTIONS

MEASURES = ("balance", "unsigned")


def _numbers(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, "float", doc) for name, doc in pairs)


BALANCE = Table(
    "balance",
    "one sample",
    (
        Column("sample", "category", "sample"),
        Column("condition", "category", "condition of the sample; 'all' without conditions"),
        Column("n_cells", "int", "cells of the sample"),
        Column("n_edges", "int", "edges measured in the sample"),
        *_numbers(
            *((f"flow_{d}", f"summed flow of the edges whose direction is {d}") for d in DIRECTIONS),
            *((f"share_{d}", "their share of all flow of the sample, 0 to 1") for d in DIRECTIONS),
            ("unsigned", "share of the flow that is neither pro nor anti: dual and unclear, 0 to 1"),
            ("balance", "log2 of pro over anti flow; 0 is even"),
            ("balance_low", "log2 of pro over (anti + unsigned): the balance if all unsigned flow were anti"),
            ("balance_high", "log2 of (pro + unsigned) over anti: the balance if all unsigned flow were pro"),
            ("largest_share", "share of the largest single edge in all flow"),
        ),
        Column("largest", "string", "the largest single edge: JSON list of source, target, interaction"),
    ),
)

TESTS = Table(
    "tests",
    "one contrast × measure",
    (
        Column("contrast", "category", "what is compared: 'ALT vs REF'"),
        Column("reference", "category", "the level that is the reference"),
        Column("level", "category", "the level that is set against it"),
        Column(
            "measure", "category", "balance (log2 pro/anti) or unsigned (log2 odds of the unsigned share)", MEASURES
        ),
        Column("n_ref", "int", "samples of the reference"),
        Column("n_alt", "int", "samples of the other condition"),
        *_numbers(
            ("mean_ref", "mean over the samples of the reference"),
            ("mean_alt", "mean over the samples of the other condition"),
            ("effect", "difference, adjusted for covariates and pairs"),
            ("se", "standard error"),
            ("ci_low", "lower end of the 95 % interval"),
            ("ci_high", "upper end of it"),
            ("pvalue", "t-test on samples"),
            ("exact_pvalue", "p-value over relabellings of the samples (within patients)"),
            ("exact_floor", "smallest p-value that these relabellings can give"),
        ),
    ),
)

EDGES = Table(
    "edges",
    "one condition × edge",
    (
        Column("condition", "category", "condition; 'all' without conditions"),
        Column("source", "category", "group that expresses the ligand"),
        Column("target", "category", "group that expresses the receptor"),
        Column("interaction", "category", "interaction of the resource"),
        Column("direction", "category", "what the evidence says of it", DIRECTIONS),
        Column("n_statements", "int", "statements that the direction rests on"),
        Column("share", "float", "mean share of the flow of a sample, 0 where it is missing"),
    ),
)

STORED = StoredKind(
    "balance",
    key="commscore_balance",
    version=3,
    tool="balance",
    tables={"table": BALANCE, "tests": TESTS, "edges": EDGES, "factors": compare.FACTORS},
)
