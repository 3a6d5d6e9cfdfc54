"""From arrays to the tables of circuits and their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._names import read_names, write_names
from ...get._frames import typed_frame
from ...stats.multiple import benjamini_hochberg
from ...study.production import claims
from ...tables import circuits as schema
from ...tables import score as score_schema
from ...tables.production import CLAIM_TEXT
from ...tables.vocabulary import CircuitStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...arrays import Bools, Floats, Ints
    from ...tables.vocabulary import Unit
    from ._evidence import RowEvidence
    from ._steps import MeasuredSteps, Step


@dataclass(frozen=True)
class CircuitValues:
    """What was computed: per node ``value``, ``prop`` and ``groups`` in words; per step and circuit the rest."""

    value: Floats
    prop: Floats
    groups: list[str]
    score: Floats
    steps: RowEvidence
    strength: Floats
    circuits: RowEvidence
    lowest: Floats
    lowest_pvalue: Floats
    association: dict[int, tuple[float, float, int]]
    unit: Unit


_RAW = {"pvalue": "pvalue_raw", "pvalue_within": "pvalue_within_raw"}
_ADJUSTED = {"padj": "pvalue_raw", "padj_within": "pvalue_within_raw"}
_DERIVED = {*_RAW, *_ADJUSTED}
_LEVEL_OF = {"from": "from_mean", "to": "to_mean"}


def in_words(step: Step) -> str:
    """Write a step as people do."""
    row = step.row
    arrow = {"communication": "→", "intracellular": "⇒", "gate": "⊣" if row["sign"] < 0 else "⟶"}[row["edge"]]
    return f"{row['source_role']} {row['from']} {arrow} {row['to']} {row['target_role']}"


def edge_table(measured: MeasuredSteps, observed: CircuitValues, *, expr_prop: float) -> pd.DataFrame:
    """One row per step, in the order of the resource."""
    for step in measured.steps:
        if not step.status:
            low = _below(step, observed, expr_prop=expr_prop)
            step.status = StepStatus.BELOW_EXPR_PROP if low else StepStatus.EXPRESSED
            step.detail = "; ".join(filter(None, (low, step.detail)))
    rows = [_edge_row(s, measured, observed) for s in measured.steps]
    frame = pd.DataFrame(rows, columns=[c for c in schema.CIRCUIT_EDGES.names if c not in {*_DERIVED, "claim"}])
    first, of_row = _distinct(frame)
    failed = (frame["status"] == StepStatus.BELOW_EXPR_PROP).to_numpy()[first]
    for name, raw in _RAW.items():
        frame[name] = _among_listed(frame[raw].to_numpy(np.float64)[first], failed=failed)[of_row]
    for adjusted, raw in _ADJUSTED.items():
        frame[adjusted] = _among_candidates(frame[raw].to_numpy(np.float64)[first], failed=failed)[of_row]
    level = [frame[mean].notna() & (claims(frame[end]) != "") for end, mean in _LEVEL_OF.items()]
    frame["claim"] = np.where(np.logical_or(*level), CLAIM_TEXT, "")
    return typed_frame(frame, schema.CIRCUIT_EDGES)


def _below(step: Step, observed: CircuitValues, *, expr_prop: float) -> str:
    row = step.row
    ends = [(row["from"], row["source_role"], step.nodes[0]), (row["to"], row["target_role"], step.nodes[1])]
    ends += [(name, "gate", node) for name, (node, kind) in zip(step.gates, step.acting, strict=True) if kind != 1]
    low = [(what, role, observed.prop[node]) for what, role, node in ends if observed.prop[node] < expr_prop]
    return "; ".join(f"{what} ({role}) in {prop:.1%} of cells, expr_prop {expr_prop:g}" for what, role, prop in low)


def _edge_row(step: Step, measured: MeasuredSteps, observed: CircuitValues) -> tuple[Any, ...]:
    row, number = step.row, step.number
    expressed = step.status == StepStatus.EXPRESSED
    own, other = step.nodes
    ends = [
        (observed.groups[node] if node >= 0 else write_names(end.groups), end.how)
        for node, end in zip(step.nodes, step.ends, strict=True)
    ]

    def of(values: Floats, at: int) -> float:
        return float(values[at]) if at >= 0 else np.nan

    rho, rho_pvalue, rho_samples = observed.association.get(number, (np.nan, np.nan, 0))
    return (
        row["circuit"],
        int(row["step"]),
        row["edge"],
        row["source_role"],
        row["target_role"],
        ends[0][0],
        ends[1][0],
        ends[0][1],
        ends[1][1],
        row["from"],
        row["to"],
        row["interaction"],
        int(row["sign"]),
        row["outcome"] or "unknown",
        row["outcome_of"],
        bool(row["protein_only"]),
        bool(number >= 0 and measured.graph.counts[number]),
        step.status,
        step.detail,
        write_names(step.absent),
        write_names(step.gates),
        write_names(step.gate_molecules),
        of(observed.value, own),
        of(observed.value, other),
        of(observed.prop, own),
        of(observed.prop, other),
        of(observed.score, number),
        *observed.steps.row(number, expressed=expressed),
        rho,
        rho_pvalue,
        rho_samples,
        row["source"],
        row["lines"],
        row["statement"],
    )


def _among_candidates(pvalue: Floats, *, failed: Bools) -> Floats:
    """Adjust p-values over all candidates: what failed has no p-value and counts as one that found nothing.

    Whether a circuit is complete depends on the labels as its strength does, so that those which passed are a choice
    from all: adjusted among themselves alone, more than 5 % of shuffled data sets would have one with padj <= 0.05.
    """
    adjusted = benjamini_hochberg(np.where(failed, 1.0, pvalue))
    return np.where(failed, np.nan, adjusted)


def _among_listed(pvalue: Floats, *, failed: Bools) -> Floats:
    """P-values that hold among the candidates that did not fail: times all candidates, over those that are left.

    A p-value is at most α in α·m of m candidates where labels mean nothing, and these may all be among the n that are
    left; in p·m/n they are α·n of these. Dividing by each candidate's own probability to be left would do it, too,
    and take the evidence from those that are rarely left by chance: from the most specific.
    """
    n, n_failed = int((~np.isnan(pvalue) & ~failed).sum()), int(failed.sum())
    return np.where(failed, np.nan, np.minimum(pvalue * (n + n_failed) / max(n, 1), 1.0))


def _distinct(frame: pd.DataFrame) -> tuple[Ints, Ints]:
    """First row of every distinct step, and which of them each row is: what several circuits share is one test."""
    same = frame.groupby(["source_role", "target_role", "from", "to", "gates", "edge"], sort=False).ngroup().to_numpy()
    _, first, of_row = np.unique(same, return_index=True, return_inverse=True)
    return first, of_row


def circuit_table(measured: MeasuredSteps, observed: CircuitValues, *, roles: pd.DataFrame) -> pd.DataFrame:
    """One row per circuit; steps must have their status. ``roles`` is the report of who takes which role."""
    borrowed = roles[roles["how"].isin(("parent", "children"))]
    words = {
        r: f"{r}: {', '.join(read_names(g))} ({h})"
        for r, g, h in zip(borrowed["role"], borrowed["groups"], borrowed["how"], strict=True)
    }
    by: dict[str, list[Step]] = {c: [] for c in measured.circuits}
    for step in measured.steps:
        by[step.row["circuit"]].append(step)
    rows = [
        _circuit_row(c, steps, measured=measured, observed=observed, words=words) for c, steps in enumerate(by.values())
    ]
    frame = pd.DataFrame(rows, columns=[c for c in schema.CIRCUITS.names if c not in _DERIVED])
    # a chain of which a link is missing transmits nothing, however specific its other steps are
    broken = (frame["status"] == CircuitStatus.BROKEN).to_numpy()
    for name, raw in (_RAW | {name: name for name in ("weakest_pvalue", "all_pvalue")}).items():
        frame[name] = _among_listed(frame[raw].to_numpy(np.float64), failed=broken)
    for adjusted, raw in _ADJUSTED.items():
        frame[adjusted] = _among_candidates(frame[raw].to_numpy(np.float64), failed=broken)
    frame.loc[broken, list(_RAW.values())] = np.nan
    frame = typed_frame(frame, schema.CIRCUITS)
    best_first = frame.sort_values(["status", "padj", "strength"], ascending=[True, True, False], kind="stable")
    return best_first.reset_index(drop=True)


def _circuit_row(
    c: int, steps: list[Step], *, measured: MeasuredSteps, observed: CircuitValues, words: dict[str, str]
) -> tuple[Any, ...]:
    first = steps[0].row
    own = [s for s in steps if not s.acts]
    inside = [s for s in own if s.number >= 0]
    counted = [s for s in inside if measured.graph.counts[s.number]]
    scores = np.array([observed.score[s.number] for s in counted])
    pvalues = [observed.steps.pvalue[s.number] for s in counted]
    expressed = sum(s.status == StepStatus.EXPRESSED for s in inside)
    played = dict.fromkeys(s.row[side] for s in own for side in ("source_role", "target_role"))
    missing = [
        f"{s.row['step']} {in_words(s)}: {s.status} ({s.detail})" for s in own if s.status != StepStatus.EXPRESSED
    ]
    return (
        first["circuit"],
        first["name"],
        "step" if len(own) == 1 else first["kind"],
        first["condition"],
        first["status"],
        _status(own, inside, counted),
        sum(s.status != StepStatus.NOT_MEASURABLE_IN_RNA for s in own),
        len(own),
        len(inside),
        expressed,
        observed.strength[c],
        *observed.circuits.row(c, expressed=True),
        observed.unit,
        observed.lowest[c],
        f"{counted[int(scores.argmin())].row['step']} {in_words(counted[int(scores.argmin())])}" if counted else "",
        observed.lowest_pvalue[c],
        float(np.max(pvalues)) if pvalues else np.nan,
        write_names(words[r] for r in played if r in words),
        "; ".join(missing),
        first["circuit_source"],
        first["circuit_lines"],
    )


def _status(own: list[Step], inside: list[Step], counted: list[Step]) -> str:
    if all(s.status == StepStatus.NOT_MEASURABLE_IN_RNA for s in own):
        return CircuitStatus.NOT_IN_RNA
    if not counted:
        return CircuitStatus.NOT_ASSESSABLE
    if any(s.status != StepStatus.EXPRESSED for s in counted):
        return CircuitStatus.BROKEN
    if len(own) == 1:
        return CircuitStatus.STEP
    return CircuitStatus.COMPLETE if len(inside) == len(own) else CircuitStatus.PARTIAL


def untested_table(edges: pd.DataFrame, notes: Iterable[tuple[str, str, str]] = ()) -> pd.DataFrame:
    """List steps that could not be measured and samples left out, as :func:`commscore.get.untested` reads them."""
    lost = edges[~edges["status"].isin([StepStatus.EXPRESSED, StepStatus.ACTS_ON_ITS_EDGE])]
    circuit, step = lost["circuit"].astype(str), lost["step"].astype(str)
    rows = {
        "interaction": [f"{a}^{b}" for a, b in zip(lost["from"], lost["to"], strict=True)],
        "reason": lost["status"].astype(str),
        "detail": circuit + " step " + step + ": " + lost["detail"].astype(str),
    }
    names = list(score_schema.UNTESTED.names)
    frame = pd.DataFrame(rows, columns=names).drop_duplicates()
    frame = pd.concat([pd.DataFrame(list(notes), columns=names, dtype=object), frame.astype(object)], ignore_index=True)
    return frame.astype({"interaction": "category", "reason": "category"})
