"""Tables of ``tl.expectations``."""

from __future__ import annotations

from . import compare
from ._base import Column, StoredKind, Table
from .resource import EXPECTATIONS as REVIEWS
from .roles import ROLES
from .vocabulary import Verdict

VERDICTS = Verdict.words()


def _numbers(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, "float", doc) for name, doc in pairs)


EXPECTATIONS = Table(
    "expectations",
    "one expected shift × molecule, role or pathway × contrast in which it was looked for",
    (
        Column("expectation", "category", "id of the expectation in the resource"),
        REVIEWS["level"],
        Column("what", "string", "the one gene, interaction, role or pathway of this row"),
        Column("role", "category", "role of the cell in which it is measured; empty is any"),
        Column("sender", "category", "role of the sending cell"),
        Column("receiver", "category", "role of the receiving cell"),
        Column(
            "groups",
            "string",
            "groups of cells in which it was measured (several: JSON list), of an interaction a JSON list of senders "
            "and of receivers; all cells for the role any",
        ),
        Column("from_context", "string", "context compared with, as the review gives it"),
        REVIEWS["comparator_stated"],
        Column("to_context", "string", "context in which it should have changed"),
        Column("contrast", "category", "levels that stand for them, 'TO vs FROM'; empty if there are none"),
        REVIEWS["change"],
        REVIEWS["rna"],
        Column("verdict", "category", "what the data say of it", VERDICTS),
        *_numbers(
            (
                "effect",
                "log2 fold change (composition: of the ratio to other groups; pathway: of a target gene; "
                "switch: of the slope)",
            ),
            ("ci_low", "lower end of its 95 % interval"),
            ("ci_high", "upper end of it"),
            ("pvalue", "p-value of the test"),
            ("padj", "Benjamini–Hochberg adjusted over all rows of the contrast"),
        ),
        Column("n_ref", "int", "samples of the level compared with"),
        Column("n_alt", "int", "samples of the other level"),
        Column("reason", "string", "why the verdict is what it is"),
        Column("source", "category", "review that says so"),
        Column("lines", "string", "lines of its text"),
        Column("cited", "string", "references that it gives"),
        Column("statement", "string", "what it says, in our own words"),
    ),
)

SUMMARY = Table(
    "summary",
    "one review, or one contrast, or all",
    (
        Column("by", "category", "what the row sums up", ("all", "source", "contrast")),
        Column("value", "string", "review or contrast; empty contrast: contexts that no level stands for"),
        Column("n", "int", "rows"),
        *(Column(v, "int", f"rows that are {v}") for v in VERDICTS),
        Column("text", "string", "the same in a sentence"),
    ),
)

CONTEXTS = Table(
    "contexts",
    "one level of the condition and one word of its context",
    (
        Column("level", "category", "level of the condition"),
        Column("word", "string", "key=value"),
        Column("n_expectations", "int", "expectations of the resource that use the word"),
        Column("note", "string", "similar words, if none uses it"),
    ),
)

STORED = StoredKind(
    "expectations",
    key="commscore_expectations",
    version=4,
    tool="expectations",
    tables={
        "table": EXPECTATIONS,
        "summary": SUMMARY,
        "contexts": CONTEXTS,
        "roles": ROLES,
        "factors": compare.FACTORS,
    },
)
