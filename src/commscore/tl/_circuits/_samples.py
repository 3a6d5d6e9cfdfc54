"""Samples: counts added up by sample and role, change of circuits between conditions, association inside cells."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._schema import understand as schema
from ...core import circuits as core
from ...core.pseudobulk import Pseudobulk, log_cpm, pseudobulk
from ...stats.combine import acat
from ...stats.multiple import benjamini_hochberg
from .. import _edge
from .._compare import _counts
from ._tables import in_words

if TYPE_CHECKING:
    import numpy.typing as npt
    from anndata import AnnData

    from ...core.threads import Team
    from ._steps import Measured, Step

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

LEAST = 5  # samples for an association


@dataclass(frozen=True)
class Cohort:
    """Log2 CPM (n_samples × n_roles × n_genes), the condition of each sample and the levels, reference first."""

    logs: Floats
    condition: Ints
    levels: tuple[str, ...]
    samples: tuple[str, ...]


def check_keys(sample_key: str | None, condition_key: str | None, groupby: str) -> None:
    """Conditions need samples; no column plays two parts."""
    if condition_key is not None and sample_key is None:
        msg = (
            f"condition_key={condition_key!r} needs sample_key=: samples are the replicates when conditions are "
            "compared, cells of one sample are not"
        )
        raise ValueError(msg)
    used = [k for k in (groupby, sample_key, condition_key) if k is not None]
    if len(set(used)) < len(used):
        msg = f"groupby={groupby!r}, sample_key={sample_key!r} and condition_key={condition_key!r} must be different"
        raise ValueError(msg)


def cohort(
    adata: AnnData, cells: _edge.Cells, plan: core.Plan, *, sample_key: str, condition_key: str | None,
    reference: str | None, counts_layer: str | None, names: pd.Index, min_cells: int, team: Team,
) -> Cohort:  # fmt: skip
    """Add up raw counts by sample × role; roles may share groups."""
    source = _counts.raw_counts(adata, counts_layer=counts_layer, use_raw=False)
    sample, samples = _codes(adata, "sample_key", sample_key, index=cells.index)
    if condition_key is None:
        condition = np.zeros(len(samples), np.int64)
        levels: tuple[str, ...] = ("all",)
    else:
        condition, levels = _conditions(adata, condition_key, cells.index, sample=sample, samples=samples,
                                        reference=reference)  # fmt: skip
    columns = _columns(source, names)
    bulk = pseudobulk(source.matrix, cells=cells.index, sample=sample, group=cells.groups.labels.astype(np.int64),
                      shape=(len(samples), cells.groups.n), columns=columns, team=team)  # fmt: skip
    weights = plan.members.astype(np.float64)
    roles = Pseudobulk(
        np.einsum("rk,skg->srg", weights, bulk.counts), bulk.library @ weights.T,
        (bulk.n_cells @ weights.T).astype(np.int64), np.zeros((0,)), bulk.seen,
    )  # fmt: skip
    return Cohort(log_cpm(roles, min_cells=min_cells), condition, levels, tuple(samples))


def _columns(source: _edge.Source, names: pd.Index) -> Ints:
    """Positions of the genes in the matrix of counts, which may be ``raw`` with other variables."""
    at = source.var_names.get_indexer(names)
    if (at < 0).any():
        msg = f"{source.name}, which holds the raw counts, lacks {', '.join(names[at < 0][:3])}; give counts_layer="
        raise ValueError(msg)
    return np.asarray(at, np.int64)


def _codes(adata: AnnData, argument: str, key: str, *, index: Ints) -> tuple[Ints, list[str]]:
    column = _edge.obs_column(adata, argument, key).iloc[index]
    if column.isna().any():
        msg = f"adata.obs[{key!r}] ({argument}) has {int(column.isna().sum())} missing labels; leave these cells out"
        raise ValueError(msg)
    codes, names = pd.factorize(column.astype(str), sort=True)
    return np.asarray(codes, np.int64), [str(n) for n in names]


def _conditions(
    adata: AnnData, key: str, index: Ints, *, sample: Ints, samples: list[str], reference: str | None
) -> tuple[Ints, tuple[str, ...]]:
    column = _edge.obs_column(adata, "condition_key", key).iloc[index]
    if column.isna().any():
        msg = f"adata.obs[{key!r}] (condition_key) has {int(column.isna().sum())} missing labels; leave these cells out"
        raise ValueError(msg)
    categories = column.astype("category").cat.remove_unused_categories().cat.categories
    levels = [str(c) for c in categories]
    if len(levels) < 2:
        msg = f"condition_key={key!r} has one level ({levels[0]}); two are needed, or leave it out"
        raise ValueError(msg)
    if reference is not None:
        if str(reference) not in levels:
            msg = f"reference={reference!r} is not a level of condition_key={key!r} ({', '.join(levels)})"
            raise ValueError(msg)
        levels = [str(reference), *(x for x in levels if x != str(reference))]
    code = column.astype(str).map({x: i for i, x in enumerate(levels)}).to_numpy(np.int64)
    lowest, highest = np.full(len(samples), len(levels)), np.full(len(samples), -1)
    np.minimum.at(lowest, sample, code)
    np.maximum.at(highest, sample, code)
    mixed = np.flatnonzero(lowest != highest)
    if mixed.size:
        msg = (
            f"sample {samples[mixed[0]]!r} has cells of more than one level of condition_key={key!r}; a sample has one"
        )
        raise ValueError(msg)
    return lowest.astype(np.int64), tuple(levels)


def associations(study: Cohort, measured: Measured, *, seed: int) -> dict[int, tuple[float, float, int]]:
    """Spearman's correlation of both genes of every intracellular step across samples, by number of the step."""
    levels = core.node_levels(study.logs, measured.plan)
    found = {}
    for step in measured.steps:
        if step.row["edge"] != "intracellular" or step.number < 0:
            continue
        x, y = levels[:, step.nodes[0]], levels[:, step.nodes[1]]
        if (np.isfinite(x) & np.isfinite(y)).sum() < LEAST:
            continue
        rng = np.random.default_rng([seed, step.number])
        found[step.number] = core.spearman_within(x, y, strata=study.condition, sign=int(step.row["sign"]), rng=rng)
    return found


def change_table(study: Cohort, measured: Measured) -> pd.DataFrame:
    """Change of every measured step and of every circuit with a step that counts."""
    plan = measured.plan
    flows = core.step_flows(core.node_levels(study.logs, plan), plan)
    whole = [c for c, steps in enumerate(plan.steps_of) if steps.size]
    circuits = np.column_stack([flows[:, plan.steps_of[c]].mean(axis=1) for c in whole]) if whole else flows[:, :0]
    # circuits are means of steps and vary less: each kind lends strength to its own
    both = [core.contrast_samples(v, study.condition, n_levels=len(study.levels)) for v in (circuits, flows)]
    change = core.Change(*(np.hstack(parts) for parts in zip(*map(_fields, both), strict=True)))
    words = {s.number: s for s in measured.steps if s.number >= 0}
    parts = []
    for j, level in enumerate(study.levels[1:]):
        frame = _rows(change, j, whole=whole, measured=measured, words=words)
        frame.insert(0, "contrast", f"{level} vs {study.levels[0]}")
        parts.append(frame)
    done = pd.concat(parts, ignore_index=True)[list(schema.CIRCUIT_CHANGES.names)]
    done["contrast"] = done["contrast"].astype("category")
    done["status"] = pd.Categorical(done["status"], categories=list(schema.CHANGE_STATUS))
    return done


def _fields(change: core.Change) -> list[Any]:
    return [getattr(change, f.name) for f in fields(change)]


def _rows(change: core.Change, j: int, *, whole: list[int], measured: Measured, words: dict[int, Step]) -> pd.DataFrame:
    n = len(whole)
    steps = [words[i] for i in range(measured.plan.n_steps)]
    effect = change.effect[j]
    status = np.where(change.tested[j], "tested", np.where(np.isfinite(effect), "too_few_samples", "not_assessable"))
    frame: dict[str, Any] = {
        "circuit": [measured.circuits[c] for c in whole] + [s.row["circuit"] for s in steps],
        "step": [0] * n + [int(s.row["step"]) for s in steps],
        "edge": [""] * n + [in_words(s) for s in steps],
        "n_ref": change.n_ref[j], "n_alt": change.n_alt[j], "effect": effect, "se": change.se[j],
        "ci_low": change.low[j], "ci_high": change.high[j], "pvalue": change.pvalue[j],
        "padj": np.concatenate([benjamini_hochberg(p) for p in (change.pvalue[j, :n], change.pvalue[j, n:])]),
        "status": status,
    }  # fmt: skip
    moved = np.array([acat(change.pvalue[j, n + measured.plan.steps_of[c]]) for c in whole])
    for name, values in (("any_pvalue", moved), ("any_padj", benjamini_hochberg(moved))):
        frame[name] = np.concatenate([values, np.full(len(steps), np.nan)])
    drivers = [_driver(change, j, n + measured.plan.steps_of[c], steps=steps, at=n) for c in whole]
    for name, i in (("driver", 0), ("largest_edge", 1), ("largest_share", 2)):
        frame[name] = [d[i] for d in drivers] + ["" if i < 2 else np.nan] * len(steps)
    return pd.DataFrame(frame)


def _driver(change: core.Change, j: int, rows: Ints, *, steps: list[Step], at: int) -> tuple[str, str, float]:
    """Name the step that moves a circuit: the mean of flows is additive, so parts are shares of absolute change."""
    size = np.abs(change.effect[j, rows])
    if not np.isfinite(size).all() or size.sum() == 0:
        return "", "", np.nan
    top = int(size.argmax())
    share, row = float(size[top] / size.sum()), rows[top]
    words = f"{steps[row - at].row['step']} {in_words(steps[row - at])}"
    if not change.tested[j, row]:
        return "", words, share
    sure = change.low[j, row] > 0 or change.high[j, row] < 0
    return words if share > 0.5 and sure else "mixed", words, share
