"""Tables that several kinds of result have."""

from __future__ import annotations

from ._base import View

EDGE = ("interaction", "source", "target")
BY_P = (("padj", "ascending"), ("pvalue", "ascending"))
UNTESTED = View("What was not tested, and why", filters=("reason",))
FACTORS = View("Composition factors of the samples", filters=("sample", "group"))
ROLES = View("Roles of the groups of cells", filters=("how",))
