"""The tables of integers that say what a circuit is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities

if TYPE_CHECKING:
    from ...arrays import Bools, Ints


RELEASE, DECOY, CORECEPTOR = 0, 1, 2


@dataclass(frozen=True)
class Gates:
    """What acts on a step: ``node`` acts on step ``step`` as ``kind`` (RELEASE, DECOY or CORECEPTOR)."""

    step: Ints
    node: Ints
    kind: Ints

    @classmethod
    def of(cls, rows: list[tuple[int, int, int]]) -> Gates:
        """Build from rows (step, node, kind)."""
        table = np.asarray(rows, np.int64).reshape(-1, 3)
        return cls(table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy())

    def nodes_of(self, step: int, kind: int) -> Ints:
        """Nodes that act on a step in this way."""
        return np.asarray(self.node[(self.step == step) & (self.kind == kind)], np.int64)


@dataclass(frozen=True)
class CircuitGraph:
    """Molecules of all circuits (nodes) and the measured steps between them, with the gates that act on these.

    Attributes
    ----------
    entities
        The molecule of every node (n_nodes), as genes.
    role
        (n_nodes,) in which role it is measured.
    members
        (n_roles, n_groups): the groups of each role.
    strongest
        (n_roles,): whether the strongest group speaks for the role, rather than all its cells.
    source, target
        (n_steps,) nodes of each step.
    gates
        What acts on the steps.
    circuit
        (n_steps,) circuit of each step.
    counts
        (n_steps,) whether the step counts in the strength of its circuit.
    n_circuits
        Number of circuits.
    """

    entities: Entities
    role: Ints
    members: Bools
    strongest: Bools
    source: Ints
    target: Ints
    gates: Gates
    circuit: Ints
    counts: Bools
    n_circuits: int

    @cached_property
    def by_role(self) -> list[tuple[int, Ints, Entities]]:
        """Roles that have nodes, with these nodes and their molecules."""
        roles = []
        for r in np.unique(self.role):
            nodes = np.flatnonzero(self.role == r)
            genes = [self.entities.genes[self.entities.indptr[n] : self.entities.indptr[n + 1]].tolist() for n in nodes]
            roles.append((int(r), nodes, Entities.of(genes)))
        return roles

    @cached_property
    def steps_of(self) -> list[Ints]:
        """Steps that count, of each circuit."""
        return [np.flatnonzero((self.circuit == c) & self.counts) for c in range(self.n_circuits)]
