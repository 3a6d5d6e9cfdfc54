"""Measure every item: expression by the comparison's engine, abundances, pathways, slopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._names import contrast_name
from ...arrays import Tests
from ...core import contrast as engine
from ...core.contrast import LABELS, Settings
from ...core.contrast.design import pair
from ...core.log_rates import log_cpm
from ...stats import linear, log_ratios
from ...stats.sample_rows import fit_rows
from ...stats.slopes import LEAST_SAMPLES, Slopes, contrast_slopes, fit_slopes, join_slopes
from ...study.activities import measure_activities
from ...study.nets import receptor_links
from ...tables.vocabulary import ExpectationLevel, ExpectedChange, Status, UntestableReason
from ._items import GENES, pathway_of

if TYPE_CHECKING:
    import pandas as pd

    from ...arrays import Floats
    from ...study.activities import Activities, ActivityRule
    from ...study.comparison import ComparisonData
    from ...study.design import StudyDesign
    from ._items import ExpectedShift
    from ._pools import RolePools

_STATUS = LABELS["status"]
_WHY: dict[str, str] = {
    UntestableReason.GROUP_ABSENT: "the cells are absent from all samples of one side",
    UntestableReason.NOT_ESTIMABLE: "the design cannot tell it",
    UntestableReason.BELOW_MIN_CELLS: "too few cells in the samples of one side",
    UntestableReason.ONE_SAMPLE: "fewer than two samples on one side",
    UntestableReason.NOT_EXPRESSED: "not expressed by enough cells",
}


@dataclass(frozen=True)
class Setup:
    """What all measurements share; ``prepared`` has the user's groups, ``pools`` the roles."""

    prepared: ComparisonData
    pools: RolePools
    design: StudyDesign
    rule: ActivityRule
    net: pd.DataFrame
    links: Any
    settings: Settings

    def vector(self, ends: tuple[str, str]) -> Any:
        """Contrast of two levels."""
        ref, alt = (self.prepared.study.levels.index(e) for e in ends)
        return pair(contrast_name(ends[1], ends[0]), ref=ref, alt=alt, n_coefficients=self.design.matrix.shape[1])


def expression(items: list[ExpectedShift], setup: Setup) -> None:
    """Ligands, receptors, genes and interactions, by contrast."""
    open_items = [
        i
        for i in items
        if i.open
        and not i.supplied
        and i.level in (*GENES, ExpectationLevel.INTERACTION)
        and i.row["change"] != ExpectedChange.SWITCH
    ]
    interactions = setup.pools.prepared.interactions
    row_of = {name: i for i, name in enumerate(interactions.frame["interaction"])}
    missing = {name: f"{reason}: {detail}" for name, reason, detail in interactions.untested}
    usable = []
    for item in open_items:
        name = item.what if item.level == ExpectationLevel.INTERACTION else f"{item.what}^{item.what}"
        if name not in row_of:
            reason = missing.get(name, "not measured")
            item.reason = reason if item.level == ExpectationLevel.INTERACTION else reason.replace("ligand ", "", 1)
        elif setup.pools.of(item) is None:
            item.reason = "too few cells of the role in every sample"
        else:
            usable.append((item, row_of[name]))
    if not usable:
        return
    cohort = setup.pools.prepared.cohort(setup.design, min_cells=setup.rule.min_cells)
    model = engine.fit(cohort, interactions.entities)
    for ends in dict.fromkeys(i.ends for i, _ in usable if i.ends):
        mine = [(i, at) for i, at in usable if i.ends == ends]
        pools = np.asarray([(p[0], p[-1]) for p in (setup.pools.of(i) or [] for i, _ in mine)], np.int64)
        rows = np.asarray([at for _, at in mine], np.int64)
        tests = Tests(pools[:, 0], pools[:, 1], interactions.ligand[rows], interactions.receptor[rows])
        columns = engine.compare(
            cohort, interactions.entities, tests, contrast=setup.vector(ends), settings=setup.settings, model=model
        ).columns
        for n, (item, _) in enumerate(mine):
            _take(item, {k: v[n] for k, v in columns.items()})


def supplied_levels(items: list[ExpectedShift], setup: Setup) -> None:
    """Ligands, genes and others whose level is supplied, by contrast."""
    supply = setup.prepared.supply
    mine = [i for i in items if i.open and i.supplied and i.level != ExpectationLevel.INTERACTION]
    if supply is not None and mine:
        unit = np.zeros_like(supply.level)
        _fill(mine, setup, value=supply.level, unit=unit, column=lambda item: supply.number(item.what))


def supplied_interactions(items: list[ExpectedShift], setup: Setup) -> None:
    """Interactions whose ligand is supplied: its level, and the receptor in the cells that receive."""
    supply, prepared = setup.prepared.supply, setup.pools.prepared
    of_receptor, usable = prepared.interactions.receptors, []
    for item in (i for i in items if i.open and i.supplied and i.level == ExpectationLevel.INTERACTION):
        ligand, _, receptor = item.what.partition("^")
        if receptor not in of_receptor:
            item.reason = f"gene missing: receptor {receptor} not in var_names"
        elif item.roles[1] not in setup.pools.number:
            item.reason = "too few cells of the role in every sample"
        else:
            usable.append((item, ligand, receptor))
    if supply is None or not usable:
        return
    cohort = prepared.cohort(setup.design, min_cells=setup.rule.min_cells)
    model = engine.fit(cohort, prepared.interactions.entities)
    for item, ligand, receptor in usable:
        if item.ends is None:
            continue
        pool, entity = (np.asarray([n], np.int64) for n in (setup.pools.number[item.roles[1]], of_receptor[receptor]))
        columns = engine.compare_supplied(
            cohort,
            prepared.interactions.entities,
            Tests(pool, pool, entity, entity),
            ligands=engine.SuppliedLigands(supply.level, np.asarray([supply.number(ligand)], np.int64)),
            contrast=setup.vector(item.ends),
            settings=setup.settings,
            model=model,
        )
        _take(item, {k: v[0] for k, v in columns.items()})


def _take(item: ExpectedShift, row: dict[str, Any]) -> None:
    status = _STATUS[int(row["status"])]
    if status in (Status.TOO_FEW_SAMPLES, Status.NOT_EXPRESSED, Status.NOT_MEASURED):
        reason = int(row["reason"])
        item.reason = _WHY[LABELS["reason"][reason]] if reason >= 0 else status.replace("_", " ")
        item.outcome = {"n_ref": row["n_ref"], "n_alt": row["n_alt"]}
        return
    side = "" if item.level == ExpectationLevel.INTERACTION else "ligand_"
    outcome = {k: float(row[f"{side}{k}"]) for k in ("effect", "pvalue", "ci_low", "ci_high")}
    if status == Status.DETECTION:
        before, after = (row[f"ligand_prop_{e}"] * row[f"receptor_prop_{e}"] for e in ("ref", "alt"))
        outcome = {"effect": np.nan, "ci_low": np.nan, "ci_high": np.nan, "pvalue": float(row["pvalue"])}
        outcome["appears"] = 1.0 if after > before else -1.0
    item.outcome = outcome | {"n_ref": row["n_ref"], "n_alt": row["n_alt"]}


def composition(items: list[ExpectedShift], setup: Setup) -> None:
    """Log2 ratio of the role's cells to those of the other groups that change together, by contrast."""
    open_items = [i for i in items if i.open and not i.supplied and i.level == ExpectationLevel.COMPOSITION]
    open_items = [i for i in open_items if _has_cells(i, setup)]
    for ends in dict.fromkeys(i.ends for i in open_items if i.ends):
        of_ends = [i for i in open_items if i.ends == ends]
        pools = sorted({_pool(i, setup) for i in of_ends})
        value, unit = (np.column_stack(part) for part in zip(*(_log_ratio(setup, p, ends) for p in pools), strict=True))
        _fill(of_ends, setup, value=value, unit=unit, column=lambda i, pools=pools: pools.index(_pool(i, setup)))


def _log_ratio(setup: Setup, pool: int, ends: tuple[str, str]) -> tuple[Floats, Floats]:
    """Log2 ratio (n_samples,) of the cells of a role to other groups, and the variance of counting up to a factor.

    The others stand together by their geometric mean: more than half of them, those whose changes lie closest
    together, so that one of them that expands takes nothing from the role.
    """
    total = setup.prepared.total_cells.astype(float)
    inside = np.isin(np.arange(setup.prepared.bulk.n_cells.shape[1]), setup.pools.members[pool])
    n_cells = setup.prepared.bulk.n_cells[:, inside].sum(axis=1)
    others = log_ratios.log_cells(setup.prepared.bulk.n_cells[:, ~inside], total - n_cells)
    changes = linear.project(setup.design.matrix, setup.vector(ends).vectors).influence @ others
    reference = others[:, log_ratios.majority(changes)]
    expected = np.outer(total, np.exp2(reference).sum(axis=0) / total.sum())
    counting = 1.0 / (n_cells.sum() / total.sum() * total + 0.5)
    return np.log2(n_cells + 0.5) - reference.mean(axis=1), counting + (1.0 / expected).mean(axis=1) / expected.shape[1]


def _has_cells(item: ExpectedShift, setup: Setup) -> bool:
    if setup.pools.of(item) is None:
        item.reason = "too few cells of the role in every sample"
    elif len(setup.pools.members[_pool(item, setup)]) == len(setup.prepared.study.groups):
        item.reason = "all groups of cells have the role, so there is no proportion"
    return item.open


def _pool(item: ExpectedShift, setup: Setup) -> int:
    return setup.pools.number[item.roles[0]]


def pathways(items: list[ExpectedShift], setup: Setup) -> None:
    """Activities in the role's cells."""
    names = sorted(set(setup.net["source"]))
    open_items = []
    for item in (i for i in items if i.open and i.level == ExpectationLevel.PATHWAY):
        if pathway_of(item.what, names) is None:
            some = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
            item.reason = f"the net has no {item.what!r} (it has {some}); give net= with a source of this name"
        elif setup.pools.of(item) is None:
            item.reason = "too few cells of the role in every sample"
        else:
            open_items.append(item)
    if not open_items:
        return
    pools = sorted({_pool(i, setup) for i in open_items})
    acts = _activities(setup, pools)
    n, k, p = acts.activity.shape

    def column(item: ExpectedShift) -> int:
        name = pathway_of(item.what, names)
        return int(pools.index(_pool(item, setup)) * p + acts.pathways.index(str(name)))

    _fill(open_items, setup, value=acts.activity.reshape(n, k * p), unit=acts.unit.reshape(n, k * p), column=column)


def _activities(setup: Setup, pools: list[int]) -> Activities:
    members = [(str(i), setup.pools.members[i]) for i in pools]
    prepared = setup.prepared
    return measure_activities(prepared, members, net=setup.net, rule=setup.rule)


def _fill(items: list[ExpectedShift], setup: Setup, *, value: Any, unit: Any, column: Any) -> None:
    """Fit the columns of ``value`` and write what was found into the items."""
    study, ends = setup.prepared.study, list(dict.fromkeys(i.ends for i in items if i.ends))
    vectors = np.vstack([setup.vector(e).vectors for e in ends])
    fit = fit_rows(value, design=setup.design.matrix, vectors=vectors, unit=unit)
    for item in items:
        if item.ends is None:
            continue
        q, c = ends.index(item.ends), column(item)
        there = np.isfinite(value[:, c])
        n_ref, n_alt = (int((there & (study.condition == study.levels.index(e))).sum()) for e in item.ends)
        item.outcome = {"n_ref": n_ref, "n_alt": n_alt}
        if min(n_ref, n_alt) < 2 or not np.isfinite(fit.pvalue[q, c]):
            short = item.level == ExpectationLevel.PATHWAY and not there.any()
            item.reason = "too few target genes with enough counts" if short else _WHY["one_sample"]
            continue
        effect, reach = float(fit.estimate[q, c]), float(fit.reach[q, c])
        item.outcome |= {
            "effect": effect,
            "ci_low": effect - reach,
            "ci_high": effect + reach,
            "pvalue": float(fit.pvalue[q, c]),
        }


def switches(items: list[ExpectedShift], setup: Setup) -> list[ExpectedShift]:
    """Interactions whose function should switch: one item per pathway that the receptor feeds, by its slopes."""
    open_items = [
        i
        for i in items
        if i.open and i.level == ExpectationLevel.INTERACTION and i.row["change"] == ExpectedChange.SWITCH
    ]
    by_pathway, parts = [], []
    interactions = setup.pools.prepared.interactions
    row_of = {name: i for i, name in enumerate(interactions.frame["interaction"])}
    missing = {name: f"{reason}: {detail}" for name, reason, detail in interactions.untested}
    for item in open_items:
        pools = setup.pools.of(item)
        if item.what not in row_of or pools is None or item.ends is None:
            item.reason = missing.get(item.what, "too few cells of the role in every sample")
            continue
        fed = receptor_links(
            setup.links, interactions.frame.iloc[[row_of[item.what]]], sorted(set(setup.net["source"]))
        )
        if fed.empty:
            item.reason = "no pathway of the net is known to follow this receptor; give links="
            continue
        acts = _activities(setup, [pools[1]])
        for name in fed["pathway"]:
            slopes = _slope(
                item, setup, at=row_of[item.what], pools=pools, answer=acts.activity[:, 0, acts.pathways.index(name)]
            )
            if slopes is None or not np.isfinite(slopes.slope).all():
                item.reason = f"a slope needs {LEAST_SAMPLES} samples of each context in which the edge varies"
                continue
            parts.append(slopes)
            by_pathway.append(_copy(item, f"{item.what} ⇒ {name}"))
    _settle(by_pathway, parts)
    return by_pathway


def _copy(item: ExpectedShift, what: str) -> ExpectedShift:
    return type(item)(item.row, what, item.ends, item.roles, "", list(item.notes))


def _slope(item: ExpectedShift, setup: Setup, *, at: int, pools: list[int], answer: Any) -> Slopes | None:
    prepared = setup.pools.prepared
    interactions, study = prepared.interactions, prepared.study
    entities = interactions.entities
    value = log_cpm(prepared.bulk, min_cells=setup.rule.min_cells)
    sides = []
    for entity, group in ((interactions.ligand[at], pools[0]), (interactions.receptor[at], pools[1])):
        genes = entities.genes[entities.indptr[entity] : entities.indptr[entity + 1]]
        sides.append(value[:, group][:, genes].min(axis=1))
    edge = sides[0] + sides[1]
    codes = [study.levels.index(e) for e in item.ends or ()]
    keep = np.isfinite(edge) & np.isfinite(answer) & np.isin(study.condition, codes)
    if not keep.any():
        return None
    context = np.asarray([codes.index(c) for c in study.condition[keep]], np.int64)
    return fit_slopes(
        edge[None, keep], answer[None, keep], context=context, n_contexts=2, nuisance=setup.design.matrix[keep]
    )


def _settle(items: list[ExpectedShift], parts: list[Slopes]) -> None:
    """Opposite slopes are evidence for the switch; equal ones against it are not: donors give them without a signal."""
    if not items:
        return
    whole = join_slopes(parts)
    contrast = contrast_slopes(whole, 0, 1)
    for n, item in enumerate(items):
        opposite = whole.slope[n, 0] * whole.slope[n, 1] < 0
        item.outcome = {
            "effect": float(contrast["estimate"][n]),
            "ci_low": float(contrast["low"][n]),
            "ci_high": float(contrast["high"][n]),
            "pvalue": float(contrast["switch"][n]),
            "n_ref": int(whole.n[n, 0]),
            "n_alt": int(whole.n[n, 1]),
            "opposite": float(opposite),
        }
        slopes = f"slopes {whole.slope[n, 0]:.2g} and {whole.slope[n, 1]:.2g} per doubling of the edge"
        item.notes.append(slopes)
