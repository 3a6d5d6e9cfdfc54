"""Circuits on arrays: steps between cells and inside them, their gates, one joint null, change between samples."""

from __future__ import annotations

from ._by_sample import circuit_excess
from ._graph import CORECEPTOR, DECOY, RELEASE, CircuitGraph, Gates
from ._loops import LoopNull, Loops, Network, autocrine, relays, rewired, search
from ._loops import strengths as loop_strengths
from ._null import CircuitCounter
from ._samples import decoy_terms, node_levels, spearman_within, step_flows, step_sides, step_units
from ._scores import node_values, step_scores, strengths

__all__ = [
    "CORECEPTOR",
    "DECOY",
    "RELEASE",
    "CircuitCounter",
    "CircuitGraph",
    "Gates",
    "LoopNull",
    "Loops",
    "Network",
    "autocrine",
    "circuit_excess",
    "decoy_terms",
    "loop_strengths",
    "node_levels",
    "node_values",
    "relays",
    "rewired",
    "search",
    "spearman_within",
    "step_flows",
    "step_scores",
    "step_sides",
    "step_units",
    "strengths",
]
