"""The tables of every kind of stored result, by the names they are stored under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import balance, compare, expectations, influence, response, score, understand

if TYPE_CHECKING:
    from ._base import Table

KINDS: dict[str, dict[str, Table]] = {
    "score": {"table": score.SCORE, "untested": score.UNTESTED},
    "compare": {
        "table": compare.COMPARE,
        "untested": compare.UNTESTED,
        "totals": compare.TOTALS,
        "contrasts": compare.FITTED_CONTRASTS,
        "factors": compare.FACTORS,
        "ambient": compare.AMBIENT,
        "two_factors": compare.TWO_FACTORS,
    },
    "influence": {"table": influence.INFLUENCE, "stability": influence.STABILITY, "untested": compare.UNTESTED},
    "circuits": {
        "table": understand.CIRCUITS,
        "edges": understand.CIRCUIT_EDGES,
        "roles": understand.ROLES,
        "untested": score.UNTESTED,
        "changes": understand.CIRCUIT_CHANGES,
        "contrasts": compare.CONTRASTS,
        "factors": compare.FACTORS,
    },
    "loops": {"table": understand.LOOPS, "summary": understand.LOOP_SUMMARY},
    "response": {
        "table": response.RESPONSE,
        "activities": response.ACTIVITIES,
        "links": response.LINKS,
        "coupling": response.COUPLING,
        "switches": response.SWITCHES,
        "untested": response.UNTESTED,
        "factors": compare.FACTORS,
        "contrasts": compare.CONTRASTS,
    },
    "recessive": {"table": understand.RECESSIVE},
    "expectations": {
        "table": expectations.EXPECTATIONS,
        "summary": expectations.SUMMARY,
        "contexts": expectations.CONTEXTS,
        "roles": understand.ROLES,
        "factors": compare.FACTORS,
    },
    "therapies": {
        "table": understand.THERAPIES,
        "edges": understand.THERAPY_EDGES,
        "groups": understand.THERAPY_GROUPS,
        "combinations": understand.COMBINATIONS,
        "bypass": understand.BYPASS,
        "circuits": understand.THERAPY_CIRCUITS,
    },
    "balance": {
        "table": balance.BALANCE,
        "tests": balance.TESTS,
        "edges": balance.EDGES,
        "factors": compare.FACTORS,
    },
}
"""Kind of result → name in ``adata.uns[key]`` → what its columns are."""
