"""Change of circuits and of their steps between conditions or along stages, samples as replicates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...core import circuits as core
from ...get._frames import typed_frame
from ...stats import shapes
from ...stats.combine import acat
from ...stats.courses import Courses, choose
from ...stats.multiple import benjamini_hochberg
from ...stats.sample_rows import fit_rows
from ...stats.variance import OUTSIDE
from ...study.comparison import contrasts_and_design
from ...study.contrasts import pairs_and_stages, table_of_contrasts
from ...tables import circuits as schema
from ...tables.compare import SHAPES
from ...tables.vocabulary import CircuitChangeStatus, DriverName, ShapeName
from ._tables import in_words

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Floats, Ints
    from ...core.contrast import Contrast
    from ...study.design import StudyDesign
    from ...study.samples import Study, StudyKeys
    from ._samples import RoleSamples
    from ._steps import MeasuredSteps, Step


ALPHA = 0.05


@dataclass(frozen=True)
class _FlowRows:
    """Flows of the samples (n_samples × m), their counting variance up to a factor, and what is expressed.

    ``first`` numbers rows that are the same (a step that several circuits share) alike; it is fitted and adjusted once.
    ``whole`` (n_levels × m): levels in which no step of a circuit is missing; None for what has no steps.
    """

    value: Floats
    unit: Floats
    expressed: Bools
    first: Ints
    whole: Bools | None = None


@dataclass(frozen=True)
class _Ends:
    """Ends of steps, what each is called, and the number of its step."""

    rows: _FlowRows
    names: list[str]
    step: Ints


@dataclass(frozen=True)
class _FlowContrast:
    """One contrast: estimates along each of its q vectors (q × m), and per row (m) the best of them and the test.

    ``certain``: the samples exclude every course over stages with another name than the best.
    """

    estimate: Floats
    low: Floats
    high: Floats
    best: Ints
    certain: Bools
    se: Floats
    pvalue: Floats
    n_ref: Ints
    n_alt: Ints
    status: npt.NDArray[np.object_]

    def along(self, values: Floats) -> Floats:
        """Choose the best vector of every row."""
        return np.asarray(values[self.best, np.arange(self.best.size)], np.float64)


def change_table(samples: RoleSamples, measured: MeasuredSteps, *, keys: StudyKeys, expr_prop: float) -> pd.DataFrame:
    """Change of every measured step and of every circuit with a step that counts."""
    graph = measured.graph
    levels = _levels(samples, graph, expr_prop=expr_prop)
    steps, ends = _steps(levels, measured), _ends(levels, measured)
    whole = [c for c, inside in enumerate(graph.steps_of) if inside.size]
    parts = [graph.steps_of[c] for c in whole]
    complete = _whole(levels, graph, parts, condition=samples.study.condition)
    circuits = replace(_circuits(steps, ends, parts), whole=complete)
    contrasts, design = contrasts_and_design(samples.study, keys, order=samples.order)
    frames = []
    for contrast in contrasts:
        # circuits are means of steps and vary less: each kind lends strength to its own
        changes = [_test(rows, samples.study, contrast, design=design) for rows in (circuits, steps, ends.rows)]
        frame = _frame(
            changes[0],
            changes[1],
            _CircuitDriver(changes[1], changes[2], ends, _numbered(measured)),
            whole=whole,
            measured=measured,
        )
        columns = [_columns(m, rows, contrast) for m, rows in zip(changes, (circuits, steps), strict=False)]
        frame = pd.concat([frame, pd.concat(columns, ignore_index=True)], axis=1)
        frames.append(frame.assign(contrast=contrast.name))
    return typed_frame(pd.concat(frames, ignore_index=True), schema.CIRCUIT_CHANGES)


@dataclass(frozen=True)
class _MoleculeLevels:
    """Molecules of the samples (n_samples × n_nodes): log2 level, counting variance, fraction of expressing cells."""

    log: Floats
    unit: Floats
    prop: Floats
    least: int
    expr_prop: float

    def expressed(self, prop: Floats) -> Bools:
        """Decide whether the mean of as many samples as the smallest level has, the highest, reaches the threshold."""
        return np.asarray(np.sort(prop, axis=0)[-self.least :].mean(axis=0) >= self.expr_prop, np.bool_)


def _levels(samples: RoleSamples, graph: core.CircuitGraph, *, expr_prop: float) -> _MoleculeLevels:
    log, expected, prop = (core.node_levels(x, graph) for x in (samples.logs, samples.expected, samples.prop))
    least = int(samples.study.replicates[samples.study.replicates > 0].min())
    return _MoleculeLevels(log, 1.0 / (expected + 0.5), prop, least, expr_prop)


def _steps(levels: _MoleculeLevels, measured: MeasuredSteps) -> _FlowRows:
    graph = measured.graph
    acting = [tuple(sorted(s.acting)) for s in _numbered(measured)]
    first = _codes(list(zip(graph.source, graph.target, acting, strict=True)))
    prop = np.minimum(*core.step_sides(levels.prop, graph))
    return _FlowRows(
        core.step_flows(levels.log, graph), core.step_units(levels.unit, graph), levels.expressed(prop), first
    )


def _ends(levels: _MoleculeLevels, measured: MeasuredSteps) -> _Ends:
    """First ends of all steps, then second ends, then what decoys leave, where there are decoys."""
    graph, steps = measured.graph, _numbered(measured)
    value = np.hstack([*core.step_sides(levels.log, graph), core.decoy_terms(levels.log, graph)])
    sides = core.step_sides(levels.unit, graph, limit=np.maximum)
    unit = np.hstack([*sides, np.maximum(core.step_units(levels.unit, graph) - sides[0] - sides[1], 0.0)])
    props = core.step_sides(levels.prop, graph)
    expressed = levels.expressed(np.hstack([*props, np.minimum(*props)]))
    names = [_end_in_words(s, place) for place in range(3) for s in steps]
    there = np.flatnonzero([bool(name) for name in names])
    names = [names[i] for i in there]
    rows = _FlowRows(value[:, there], unit[:, there], expressed[there], _codes(names))
    return _Ends(rows, names, there % max(len(steps), 1))


def _end_in_words(step: Step, place: int) -> str:
    """Name an end of a step, with the gates that act on it; ``place`` 2 are decoys, empty without."""
    kind = (core.RELEASE, core.CORECEPTOR, core.DECOY)[place]
    gates = ", ".join(g for g, (_, k) in zip(step.gate_molecules, step.acting, strict=True) if k == kind)
    if place == 2:
        return f"decoy {gates} ({step.row['source_role']})" if gates else ""
    what = step.row[("from", "to")[place]] + (f" with {gates}" if gates else "")
    return f"{what} ({step.row[('source_role', 'target_role')[place]]})"


def _numbered(measured: MeasuredSteps) -> list[Step]:
    """Return the steps that are measured, by number."""
    return sorted((s for s in measured.steps if s.number >= 0), key=lambda s: s.number)


def _codes(names: list[Any]) -> Ints:
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.asarray([number[n] for n in names], np.int64)


def _circuits(steps: _FlowRows, ends: _Ends, parts: list[Ints]) -> _FlowRows:
    """Means over the steps that count; a molecule that is an end of several of them adds its noise to all."""
    shape = (steps.value.shape[0], len(parts))
    value, unit, expressed = np.empty(shape), np.empty(shape), np.zeros(len(parts), bool)
    for c, inside in enumerate(parts):
        value[:, c] = steps.value[:, inside].mean(axis=1)
        at = np.flatnonzero(np.isin(ends.step, inside))
        _, first, times = np.unique(ends.rows.first[at], return_index=True, return_counts=True)
        unit[:, c] = ends.rows.unit[:, at[first]] @ (times / inside.size) ** 2
        expressed[c] = steps.expressed[inside].any()
    return _FlowRows(value, unit, expressed, np.arange(len(parts)))


def _whole(levels: _MoleculeLevels, graph: core.CircuitGraph, parts: list[Ints], *, condition: Ints) -> Bools:
    """Decide in which levels every step of a circuit reaches the threshold, on average over the samples (n_levels × m).

    A sample without the cells of a step does not count for it.
    """
    flows = core.step_flows(levels.log, graph)
    prop = np.where(np.isfinite(flows), np.minimum(*core.step_sides(levels.prop, graph)), 0.0)
    complete = np.zeros((int(condition.max()) + 1, len(parts)), bool)
    for level in range(complete.shape[0]):
        inside = condition == level
        n = np.isfinite(flows[inside]).sum(axis=0)
        reached = (n > 0) & (prop[inside].sum(axis=0) >= levels.expr_prop * n)
        complete[level] = [bool(reached[steps].all()) for steps in parts]
    return complete


def contrast_table(samples: RoleSamples) -> pd.DataFrame:
    """One row per contrast: its name, reference and level."""
    return table_of_contrasts(pairs_and_stages(samples.study, samples.order, len(samples.study.levels)))


def _test(rows: _FlowRows, study: Study, contrast: Contrast, *, design: StudyDesign) -> _FlowContrast:
    """Moderated t along every vector of the contrast, combined; rows that are not expressed only get their effect."""
    unique, first = np.unique(rows.first, return_index=True)
    q = contrast.vectors.shape[0]
    n_stages = 1 + len(contrast.alt) if contrast.kind == "stages" else 0
    courses = Courses.unknown(n_stages, unique.size) if n_stages > 2 else None
    out = [np.full((q, unique.size), np.nan) for _ in range(4)]
    broken = _broken(rows, contrast)
    able = rows.expressed & ~broken
    for there in (able[first], ~able[first]):
        if there.any():
            fitted = fit_rows(
                rows.value[:, first[there]],
                design=design.matrix,
                vectors=contrast.vectors,
                unit=rows.unit[:, first[there]],
                outside=OUTSIDE / q,
                n_stages=n_stages,
            )
            if courses is not None and fitted.courses is not None:
                courses.put(np.flatnonzero(there), fitted.courses)
            for array, values in zip(out, (fitted.estimate, fitted.se, fitted.pvalue, fitted.reach), strict=True):
                array[:, there] = values
    estimate, se, pvalue, reach = (a[:, rows.first] for a in out)
    ends = contrast.ref, contrast.alt[-1:]
    n = [np.isfinite(rows.value[np.isin(study.condition, e)]).sum(axis=0) for e in ends]
    enough = np.minimum(*n) >= (1 if contrast.kind == "stages" else 2)
    enough &= np.isfinite(pvalue).all(axis=0)
    finite = np.isfinite(estimate).all(axis=0)
    status = np.select(
        [~finite, ~enough, ~rows.expressed, broken],
        [
            CircuitChangeStatus.NOT_ASSESSABLE,
            CircuitChangeStatus.TOO_FEW_SAMPLES,
            CircuitChangeStatus.NOT_EXPRESSED,
            CircuitChangeStatus.BROKEN,
        ],
        CircuitChangeStatus.TESTED,
    )
    tested = status == CircuitChangeStatus.TESTED
    se, reach, pvalue = (np.where(tested, a, np.nan) for a in (se, reach, pvalue))
    best, certain = np.nan_to_num(pvalue, nan=1.0).argmin(axis=0), np.ones(pvalue.shape[1], bool)
    if courses is not None:
        best, certain = choose(-pvalue, [(courses, rows.first)], n_stages=n_stages, alpha=ALPHA)
    return _FlowContrast(
        estimate,
        estimate - reach,
        estimate + reach,
        best,
        certain,
        se,
        np.asarray(acat(pvalue, axis=0) if q > 1 else pvalue[0], np.float64),
        n[0],
        n[1],
        status,
    )


def _broken(rows: _FlowRows, contrast: Contrast) -> Bools:
    """Find the circuits that lack a step in every level of the contrast."""
    if rows.whole is None:
        return np.zeros(rows.first.size, bool)
    return np.asarray(~rows.whole[[*contrast.ref, *contrast.alt]].any(axis=0), np.bool_)


def _columns(change: _FlowContrast, rows: _FlowRows, contrast: Contrast) -> pd.DataFrame:
    """Columns that circuits and steps have in common."""
    _, first = np.unique(rows.first, return_index=True)
    padj = benjamini_hochberg(change.pvalue[first])[rows.first] if first.size else change.pvalue
    effect = change.along(change.estimate)
    shape = np.full(effect.size, None, object)
    if contrast.kind == "stages":
        codes = shapes.name_codes(len(contrast.alt) + 1)[change.best, (effect > 0).astype(np.int64)]
        significant = padj <= ALPHA
        shape[significant] = np.asarray(SHAPES, object)[codes[significant]]
        shape[significant & ~change.certain] = ShapeName.AMBIGUOUS.value
    return pd.DataFrame(
        {
            "n_ref": change.n_ref,
            "n_alt": change.n_alt,
            "effect": effect,
            "se": change.along(change.se),
            "ci_low": change.along(change.low),
            "ci_high": change.along(change.high),
            "pvalue": change.pvalue,
            "padj": padj,
            "status": change.status,
            "shape": shape,
        }
    )


def _frame(
    circuits: _FlowContrast, steps: _FlowContrast, driver: _CircuitDriver, *, whole: list[int], measured: MeasuredSteps
) -> pd.DataFrame:
    """Columns that tell circuits from steps, and what only circuits have."""
    graph, words = measured.graph, driver.steps
    moved = np.array([acat(steps.pvalue[graph.steps_of[c]]) for c in whole], np.float64)
    broken = circuits.status == CircuitChangeStatus.BROKEN
    moved[broken] = np.nan
    drivers = [driver.of(graph.steps_of[c], int(circuits.best[i]), tested=not broken[i]) for i, c in enumerate(whole)]
    n = len(words)
    frame: dict[str, Any] = {
        "circuit": [measured.circuits[c] for c in whole] + [s.row["circuit"] for s in words],
        "step": [0] * len(whole) + [int(s.row["step"]) for s in words],
        "edge": [""] * len(whole) + [in_words(s) for s in words],
        "any_pvalue": np.concatenate([moved, np.full(n, np.nan)]),
        "any_padj": np.concatenate([benjamini_hochberg(moved), np.full(n, np.nan)]),
    }
    for i, name in enumerate(("driver", "driver_molecule", "largest_edge", "largest_share")):
        frame[name] = [d[i] for d in drivers] + ["" if i < 3 else np.nan] * n
    return pd.DataFrame(frame)


@dataclass(frozen=True)
class _CircuitDriver:
    """Names what moves a circuit; the mean of flows is additive in steps and in the ends of steps.

    A ligand that a circuit makes, by a step inside a cell, and sends, by one between cells, moves both. So the
    molecule is asked for first, and its step between cells is the driver; then the step.
    """

    changes: _FlowContrast
    moved: _FlowContrast
    ends: _Ends
    steps: list[Step]

    def of(self, rows: Ints, c: int, *, tested: bool) -> tuple[str, str, str, float]:
        """Driver, its molecule, and the step that changes most with its share, along vector ``c`` of the contrast."""
        size = np.abs(self.changes.estimate[c, rows])
        if not np.isfinite(size).all() or size.sum() == 0:
            return "", "", "", np.nan
        top = int(rows[size.argmax()])
        largest = self._words(top), float(size.max() / size.sum())
        if not tested or (self.changes.status[rows] != CircuitChangeStatus.TESTED).all():
            return "", "", *largest
        molecule, share, sure = self._molecule(rows, c)
        if share > 0.5 and sure:
            is_end = np.asarray([name == molecule for name in self.ends.names])
            at = self.ends.step[is_end & np.isin(self.ends.step, rows)].tolist()
            between = [r for r in at if self.steps[r].row["edge"] == "communication"]
            return self._words((between or at)[0]), molecule, *largest
        sure = self.changes.status[top] == CircuitChangeStatus.TESTED and self._beside_zero(self.changes, c, top)
        return self._words(top) if largest[1] > 0.5 and sure else DriverName.MIXED.value, "", *largest

    def _molecule(self, rows: Ints, c: int) -> tuple[str, float, bool]:
        """Molecule with the largest part in the change, its share, and whether its change is beside zero."""
        total: dict[str, float] = {}
        for at in np.flatnonzero(np.isin(self.ends.step, rows)):
            name = self.ends.names[at]
            total[name] = total.get(name, 0.0) + float(np.nan_to_num(self.moved.estimate[c, at]))
        whole = sum(map(abs, total.values()))
        name = max(total, key=lambda k: abs(total[k]))
        sure = self._beside_zero(self.moved, c, self.ends.names.index(name))
        return name, abs(total[name]) / whole if whole else 0.0, sure

    @staticmethod
    def _beside_zero(change: _FlowContrast, c: int, at: int) -> bool:
        return bool(change.low[c, at] > 0 or change.high[c, at] < 0)

    def _words(self, row: int) -> str:
        return f"{self.steps[row].row['step']} {in_words(self.steps[row])}"
