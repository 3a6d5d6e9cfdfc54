"""Columns about molecules that are measured by the genes that make them."""

from __future__ import annotations

from ._base import Column

CLAIM_TEXT = "production capacity in RNA, not a concentration"
"""What the level of such a molecule says."""

CONSUMED = Column(
    "consumed",
    "float",
    "molecules='production' only: consumers / (producers + consumers) of the ligand in the source, 0 to 1: the sum of "
    "consumers beside the lowest step; missing where no consumer is known",
)
CONSUMED_IN_SAMPLES = Column(
    "consumed",
    "float",
    "molecules='production' only: consumers / (producers + consumers) of the ligand in the source, 0 to 1, mean of all "
    "samples; missing where no consumer is known",
)
CLAIM_OF_STEP = Column(
    "claim", "category", "what the level of an end that is no transcript says, where it is measured", ("", CLAIM_TEXT)
)
CLAIM = Column(
    "claim",
    "category",
    "molecules='production' only: what the level of a ligand that is no transcript says",
    ("", CLAIM_TEXT),
)
