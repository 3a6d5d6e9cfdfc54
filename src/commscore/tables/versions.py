"""The version of every kind of stored result, and the tool that makes it.

A version goes up with any change of the tables or parameters of a result that is stored: columns, their names, or
what their values mean. What was stored with another version is not read: see :func:`commscore.get.load`.
"""

from __future__ import annotations

VERSIONS = {
    "score": 2,
    "compare": 4,
    "influence": 4,
    "circuits": 5,
    "loops": 2,
    "response": 3,
    "recessive": 1,
    "expectations": 3,
    "therapies": 3,
    "balance": 3,
}

TOOLS = {kind: f"cs.tl.{kind}" for kind in VERSIONS} | {"influence": "cs.tl.leave_one_out"}


def schema_of(kind: str) -> str:
    """Return what is stored with a result: the name of its kind and the version of its tables."""
    return f"commscore.{kind}/{VERSIONS[kind]}"


def parse_schema(schema: str) -> tuple[str, int] | None:
    """Return the kind and the version that a stored result names, or nothing if it names none."""
    kind, _, version = schema.removeprefix("commscore.").partition("/")
    is_valid = schema.startswith("commscore.") and kind and version.isdecimal()
    return (kind, int(version)) if is_valid else None
