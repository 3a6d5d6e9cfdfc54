"""From the circuits of the resource to steps that can be measured, and the reasons for those that cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Entities
from ...core.circuits import CORECEPTOR, DECOY, RELEASE, CircuitGraph, Gates
from ...rs._in_rna import acts_on, why_not_in_rna
from ...study.coverage import genes_in_data, nothing_found, warn_of_few
from ...study.production import Production
from ...study.role_names import FROM_BLOOD
from ...study.roles import ANY_ROLE, AssignedRoles
from ...tables.roles import CIRCULATION
from ...tables.vocabulary import StepStatus

if TYPE_CHECKING:
    import pandas as pd

    from ...arrays import Ints
    from ...rs import Resource


@dataclass(frozen=True)
class End:
    """Groups that are large enough to take the role of one end of a step, and how they were found."""

    groups: tuple[str, ...]
    how: str


@dataclass
class Step:
    """One row of the resource's circuits; ``number`` is its place among the measured steps, -1 without one."""

    row: pd.Series
    status: str
    detail: str
    ends: tuple[End, End]
    absent: list[str]
    gates: list[str] = field(default_factory=list)
    gate_molecules: list[str] = field(default_factory=list)
    acting: list[tuple[int, int]] = field(default_factory=list)
    number: int = -1
    nodes: tuple[int, int] = (-1, -1)

    @property
    def acts(self) -> bool:
        """Whether it is a gate on another step and no step of its own."""
        return self.status == StepStatus.ACTS_ON_ITS_EDGE


@dataclass(frozen=True)
class Genes:
    """Measured genes of the circuits: column in ``var_names`` of each, and the number of each symbol."""

    columns: Ints
    number: dict[str, int]
    aliases: dict[str, str]
    production: Production = field(default_factory=Production)

    def subunits(self, molecule: str) -> list[str]:
        """Return the genes of a molecule: of one that no gene encodes, the steps of its making."""
        return self.production.complexes.get(molecule, molecule).split("_")

    def counted(self, frame: pd.DataFrame) -> dict[str, int]:
        """How many steps the resource has, and how many have their genes in the data: for ``params``."""
        return {"n_steps_resource": len(frame), "n_steps_testable": self._reasons(frame).count("")}

    def warn_if_few(self, resource: Resource, frame: pd.DataFrame, var_names: pd.Index) -> None:
        """Warn where few steps have their genes in the data."""
        reasons = self._reasons(frame)
        n = reasons.count("")
        warn_of_few(resource, filter(None, reasons), var_names, n=n, what="steps of circuits")

    def _reasons(self, frame: pd.DataFrame) -> list[str]:
        """Why each step cannot be measured in any group; nothing where it can."""
        names = [[*self.subunits(a), *self.subunits(b)] for a, b in zip(frame["from"], frame["to"], strict=True)]
        return [
            StepStatus.NOT_MEASURABLE_IN_RNA
            if any(g.startswith("met:") for g in step)
            else ""
            if set(step) <= set(self.number)
            else StepStatus.GENE_MISSING
            for step in names
        ]


@dataclass(frozen=True)
class MeasuredSteps:
    """Steps in the order of the resource, circuits in order, and the graph of those that are measured."""

    steps: list[Step]
    circuits: list[str]
    graph: CircuitGraph
    roles: list[str]
    genes: Genes


def find_genes(resource: Resource, frame: pd.DataFrame, var_names: pd.Index, *, production: Production) -> Genes:
    """Look up every gene of the steps by symbol, then by its other names."""
    ends = {production.complexes.get(e, e) for c in ("from", "to") for e in frame[c]}
    symbols = sorted({g for end in ends if not end.startswith("met:") for g in end.split("_")})
    found_as = genes_in_data(resource, symbols, var_names)
    if not found_as:
        raise ValueError(nothing_found(resource, symbols, var_names, what="step of a circuit"))
    columns, first = np.unique(var_names.get_indexer(list(found_as.values())), return_inverse=True)
    number = {g: int(i) for g, i in zip(found_as, first, strict=True)}
    aliases = {g: name for g, name in found_as.items() if g != name}
    return Genes(columns.astype(np.int64), number, aliases, production)


def measure(
    resource: Resource,
    frame: pd.DataFrame,
    genes: Genes,
    *,
    assigned: AssignedRoles,
    groups: list[str],
    restraining: bool = False,
) -> MeasuredSteps:
    """Say of every step whether it can be measured, and number those that can.

    Parameters
    ----------
    resource
        For the modes of its interactions.
    frame
        Its circuits, one row per step.
    genes
        What the data measure.
    assigned
        Groups of every role.
    groups
        Groups that are large enough, in the numbering of the engine.
    restraining
        Whether steps with a negative sign count in the strength, too.
    """
    modes = dict(zip(resource.interactions["interaction"], resource.interactions["mode"], strict=True))
    steps = [_step(row, modes, genes, assigned=assigned, groups=groups) for _, row in frame.iterrows()]
    builder = _Builder(genes, assigned, groups)
    by_circuit: dict[str, list[Step]] = {}
    for step in steps:
        by_circuit.setdefault(step.row["circuit"], []).append(step)
    for c, members in enumerate(by_circuit.values()):
        builder.add(c, members, restraining=restraining)
    graph = builder.graph(n_circuits=len(by_circuit))
    return MeasuredSteps(steps, list(by_circuit), graph, builder.roles, genes)


def _step(row: pd.Series, modes: dict[str, str], genes: Genes, *, assigned: AssignedRoles, groups: list[str]) -> Step:
    mode = modes.get(row["interaction"], "")
    status, detail = (
        _beyond_rna(row, mode, genes.production)
        or _absent(row, assigned, groups)
        or _unmeasured(row, genes)
        or ("", "")
    )
    ends = _end(row["source_role"], assigned, groups), _end(row["target_role"], assigned, groups)
    return Step(row, status, detail, ends, _missing_genes(row, genes) if status == StepStatus.GENE_MISSING else [])


def _end(role: str, assigned: AssignedRoles, groups: list[str]) -> End:
    if role == ANY_ROLE:
        return End((), "exact")
    role_groups = assigned.of(role)
    large = tuple(g for g in role_groups if g in groups)
    return End(large, assigned.how.get(role, "none") if large or not role_groups else "too small")


def _beyond_rna(row: pd.Series, mode: str, production: Production) -> tuple[str, str] | None:
    met = [row[c] for c in ("from", "to") if row[c].startswith("met:") and row[c] not in production.complexes]
    if met:
        return StepStatus.NOT_MEASURABLE_IN_RNA, production.why_not(met)
    why = why_not_in_rna(row, mode, by_genes=production.complexes)
    return (StepStatus.NOT_MEASURABLE_IN_RNA, why) if why else None


def _absent(row: pd.Series, assigned: AssignedRoles, groups: list[str]) -> tuple[str, str] | None:
    for side in ("source_role", "target_role"):
        role_groups = assigned.of(row[side])
        if not any(g in groups for g in role_groups):
            why = (
                f"its groups ({', '.join(role_groups)}) have fewer than min_cells cells"
                if role_groups
                else FROM_BLOOD
                if assigned.how.get(row[side]) == CIRCULATION
                else "no group takes it"
            )
            return StepStatus.ROLE_ABSENT, f"{row[side]}: {why}"
    return None


def _unmeasured(row: pd.Series, genes: Genes) -> tuple[str, str] | None:
    missing = _missing_genes(row, genes)
    return (StepStatus.GENE_MISSING, f"{', '.join(missing)} not in var_names") if missing else None


def _missing_genes(row: pd.Series, genes: Genes) -> list[str]:
    return [g for side in ("from", "to") for g in genes.subunits(row[side]) if g not in genes.number]


class _Builder:
    """Numbers nodes and steps as they come."""

    def __init__(self, genes: Genes, assigned: AssignedRoles, groups: list[str]) -> None:
        self._genes, self._assigned, self._groups = genes, assigned, groups
        self._nodes: dict[tuple[str, str], int] = {}
        self.roles: list[str] = []
        self._ends: list[tuple[int, int]] = []
        self._circuit: list[int] = []
        self._counts: list[bool] = []
        self._gates: list[tuple[int, int, int]] = []

    def _node(self, molecule: str, role: str) -> int:
        if role not in self.roles:
            self.roles.append(role)
        return self._nodes.setdefault((molecule, role), len(self._nodes))

    def add(self, circuit: int, members: list[Step], *, restraining: bool) -> None:
        """Take in one circuit: number its measured steps and attach its gates."""
        steps = [s for s in members if s.row["edge"] != "gate"]
        gates = [s for s in members if s.row["edge"] == "gate"]
        for gate in gates:
            acted = [(s, side) for s in steps if (side := acts_on(gate.row, s.row)) is not None]
            if acted:
                self._attach(gate, acted)
        for step in members:
            if step.status:
                continue
            step.nodes = (
                self._node(step.row["from"], step.row["source_role"]),
                self._node(step.row["to"], step.row["target_role"]),
            )
            step.number = len(self._ends)
            self._ends.append(step.nodes)
            self._circuit.append(circuit)
            # a repressed gene is expected to be low, so that it says nothing as a strength
            represses = step.row["edge"] == "intracellular" and step.row["sign"] < 0
            self._counts.append(restraining or not represses)
            self._gates += [(step.number, node, kind) for node, kind in step.acting]

    def _attach(self, gate: Step, acted: list[tuple[Step, str]]) -> None:
        row, sign = gate.row, int(gate.row["sign"])
        name = f"{row['from']} ({row['source_role']}, step {row['step']})"
        own = all(g in self._genes.number for g in self._genes.subunits(row["from"]))
        if not own or not self._present(row["source_role"]):
            for step, _ in acted:
                step.detail = "; ".join(filter(None, (step.detail, f"gate {name} not measured: {gate.detail}")))
            return
        gate.status, gate.detail = (
            StepStatus.ACTS_ON_ITS_EDGE,
            f"step {', '.join(str(s.row['step']) for s, _ in acted)}",
        )
        node = self._node(row["from"], row["source_role"])
        gate.nodes = (node, -1)
        for step, side in acted:
            step.gates.append(name)
            step.gate_molecules.append(str(row["from"]))
            step.acting.append((node, DECOY if sign < 0 else RELEASE if side == "from" else CORECEPTOR))

    def _present(self, role: str) -> bool:
        return any(g in self._groups for g in self._assigned.of(role))

    def graph(self, *, n_circuits: int) -> CircuitGraph:
        """Return the arrays."""
        assigned, groups = self._assigned, self._groups
        molecules = [[self._genes.number[g] for g in self._genes.subunits(m)] for m, _ in self._nodes]
        ends = np.asarray(self._ends, np.int64).reshape(-1, 2)
        members = np.array([[g in assigned.of(r) for g in groups] for r in self.roles], bool)
        return CircuitGraph(
            Entities.of(molecules),
            np.asarray([self.roles.index(r) for _, r in self._nodes], np.int64),
            members.reshape(len(self.roles), len(groups)),
            np.array([r == ANY_ROLE for r in self.roles], bool),
            ends[:, 0].copy(),
            ends[:, 1].copy(),
            Gates.of(self._gates),
            np.asarray(self._circuit, np.int64),
            np.asarray(self._counts, bool),
            n_circuits,
        )
