"""The groups of cells that take the roles of the resource."""

from __future__ import annotations

from ._base import Column, Table

CIRCULATION = "circulation"
"""What takes the role of an organ whose hormones come with the blood, and the source of levels that are supplied."""
HOW = ("given", "exact", "synonym", "children", "parent", CIRCULATION, "none")

ROLES = Table(
    "roles",
    "one cell role of the resource, then one group of cells without a role",
    (
        Column("role", "string", "role of the resource; empty for a group that no role was found for"),
        Column(
            "groups",
            "string",
            "groups of cells that take it: one as it is, several as a JSON list; circulation for an organ elsewhere",
        ),
        Column("how", "category", "how they were found", HOW),
        Column("reason", "string", "what it rests on; where nothing was found, the nearest guesses"),
    ),
)
