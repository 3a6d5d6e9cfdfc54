"""Without replicates: the labels of the cells of two conditions are permuted within each group of cells.

The samples of a condition are put together. In each group the condition labels of the cells are permuted
jointly for all genes and for the library, through the kernels of the permutation test of scores; the statistic is
the change of pseudobulk log2 CPM. It says whether the cells differ. It does not say whether the conditions
do: two samples of one condition differ too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from ...arrays import Entities, Groups, Tests
from ...core.contrast import LABELS, leaders_changed, name_shifts, significant
from ...core.log_rates import log_rates
from ...core.permute import Draws, group_means, permute
from ...core.read.cells import LabelledCells
from ...core.read.matrix import cell_sums, gene_major
from ...core.read.tiles import Blocks
from ...stats.combine import acat, fisher
from ...stats.decompose import driver
from ...stats.multiple import benjamini_hochberg, permutation_pvalue

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Bools, Floats, GeneColumns, Ints
    from ...core.contrast import Settings
    from ...core.permute.schemes import Block
    from ...core.threads import Team
    from ._prepare import Prepared


_BLOCK = 128
_TIES = 1e-9
_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Pools:
    """Both conditions of one contrast, samples put together; arrays start with (2, n_groups)."""

    logcpm: Floats
    prop: Floats
    n_cells: Ints
    total_cells: Ints


@dataclass(frozen=True)
class Changes:
    """Per entity × group: change of log2 CPM, two-sided p-value, standard deviation under permutation."""

    effect: Floats
    pvalue: Floats
    sd: Floats


def compare(
    prepared: Prepared,
    tests: Tests,
    levels: tuple[int, int],
    *,
    settings: Settings,
    min_cells: int,
    n_perms: int,
    team: Team,
) -> dict[str, npt.NDArray[Any]]:
    """Compare two conditions by their cells; return the columns of the table, as the engine does.

    ``levels`` are the codes of the reference and of the other condition. Intervals are normal, with the standard
    deviation of the permuted statistic; the two sides of one group are taken as fully correlated, which makes
    the interval wider, never narrower.
    """
    pools = _pool(prepared, levels)
    changes = _changes(
        prepared, levels, pools=pools, min_cells=min_cells, n_perms=n_perms, seed=settings.seed, team=team
    )
    large = pools.n_cells >= min_cells
    return _columns(changes, pools, prepared=prepared, tests=tests, settings=settings, large=large, n_perms=n_perms)


def _pool(prepared: Prepared, levels: tuple[int, int]) -> Pools:
    bulk, condition = prepared.bulk, prepared.study.condition
    members = [condition == level for level in levels]
    counts = np.stack([bulk.counts[m].sum(axis=0) for m in members])
    library = np.stack([bulk.library[m].sum(axis=0) for m in members])
    n_cells = np.stack([bulk.n_cells[m].sum(axis=0) for m in members])
    expressed = np.stack([np.nansum(bulk.prop[m] * bulk.n_cells[m][:, :, None], axis=0) for m in members])
    with np.errstate(invalid="ignore"):
        prop = expressed / n_cells[:, :, None]
    total = np.asarray([prepared.total_cells[m].sum() for m in members])
    return Pools(log_rates(counts, library[:, :, None], exact=False), prop, n_cells, total)


def _changes(
    prepared: Prepared, levels: tuple[int, int], *, pools: Pools, min_cells: int, n_perms: int, seed: int, team: Team
) -> Changes:
    entities, n_groups = prepared.found.entities, len(prepared.study.groups)
    shape = (entities.n, n_groups)
    changes = Changes(np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan))
    level_of = prepared.study.condition[prepared.study.sample]
    draws = Draws(n=n_perms, scheme="rotation", key=seed, memory=1 << 40)
    for k in range(n_groups):
        if (pools.n_cells[:, k] < min_cells).any():
            continue
        changes.effect[:, k] = _difference(pools.logcpm[:, k], entities)
        inside = (prepared.study.group == k) & np.isin(level_of, levels)
        order = np.argsort(level_of[inside] == levels[1], kind="stable")
        order = order[draws.order(order.size)]
        columns = _with_library(prepared, prepared.study.cells[inside][order], team=team)
        groups = Groups((level_of[inside][order] == levels[1]).astype(np.uint16), pools.n_cells[:, k])
        labelled = LabelledCells(columns, groups, team)
        counter = ChangeCounter(labelled, entities, observed=changes.effect[:, k])
        permute(labelled, counter, draws, widest=_BLOCK)
        changes.pvalue[:, k], changes.sd[:, k] = counter.result(n_perms)
    return changes


def _with_library(prepared: Prepared, cells: Ints, *, team: Team) -> GeneColumns:
    """Return the genes' columns of these cells, and the library of each cell as one more."""
    matrix = prepared.source.matrix
    columns = gene_major(matrix, cells=cells, columns=prepared.found.columns, team=team)
    if isinstance(matrix, Blocks):
        library = cell_sums(matrix, cells)[0]
    else:
        library = np.asarray(matrix[cells].sum(axis=1), np.float64).ravel()
    filled = np.flatnonzero(library)
    return replace(
        columns,
        data=np.concatenate([columns.data.astype(np.float64), library[filled]]),
        rows=np.concatenate([columns.rows, filled.astype(columns.rows.dtype)]),
        indptr=np.append(columns.indptr, columns.indptr[-1] + filled.size),
    )


def _difference(logcpm: Floats, entities: Entities) -> Floats:
    """Change of each entity: its lowest subunit in either condition; ``logcpm`` is (2, n_genes, …)."""
    low = np.minimum.reduceat(logcpm[:, entities.genes], entities.indptr[:-1], axis=1)
    return np.asarray(low[1] - low[0], np.float64)


class ChangeCounter:
    """The visitor of two conditions: counts, per entity, the permuted changes as large as the observed one.

    Parameters
    ----------
    cells
        Cells of one group, labelled by condition; the last column is the library.
    entities
        Genes are numbered as the other columns.
    observed
        Change of each entity, (n_entities,).
    """

    bytes_per_labelling = 1  # blocks are as wide as ``_BLOCK`` says

    def __init__(self, cells: LabelledCells, entities: Entities, *, observed: Floats) -> None:
        self._cells, self._entities, self._limit = cells, entities, np.abs(observed) - _TIES
        self._counts, self._squares = np.zeros(entities.n, np.int64), np.zeros(entities.n)

    def visit(self, block: Block) -> None:
        """Turn the means of a block into changes of log2 CPM."""
        sums = group_means(block, self._cells).transpose(1, 0, 2) * self._cells.groups.sizes[:, None, None]
        permuted = _difference(log_rates(sums[:, :-1], sums[:, -1:], exact=False), self._entities)
        self._counts += (np.abs(permuted) >= self._limit[:, None]).sum(axis=1)
        self._squares += (permuted**2).sum(axis=1)

    def result(self, n_perms: int) -> tuple[Floats, Floats]:
        """Two-sided p-values and standard deviations of the permuted changes."""
        return permutation_pvalue(self._counts, n_perms), np.sqrt(self._squares / n_perms)


def _columns(
    changes: Changes,
    pools: Pools,
    *,
    prepared: Prepared,
    tests: Tests,
    settings: Settings,
    large: Bools,
    n_perms: int,
) -> dict[str, npt.NDArray[Any]]:
    c: dict[str, npt.NDArray[Any]] = {}
    entities = prepared.found.entities
    prop = np.stack([np.minimum.reduceat(p[:, entities.genes], entities.indptr[:-1], axis=1) for p in pools.prop])
    sides = {"ligand": (tests.ligand, tests.source), "receptor": (tests.receptor, tests.target)}
    sd: dict[str, Floats] = {}
    for side, (entity, group) in sides.items():
        c[f"{side}_effect"] = c[f"d_{side}"] = changes.effect[entity, group]
        c[f"{side}_pvalue"], sd[side] = changes.pvalue[entity, group], changes.sd[entity, group]
        c[f"{side}_prop_ref"], c[f"{side}_prop_alt"] = prop[0, group, entity], prop[1, group, entity]
    enough = np.isfinite(c["ligand_effect"]) & np.isfinite(c["receptor_effect"])
    reach = settings.expr_prop
    expressed = [(c[f"ligand_prop_{e}"] >= reach) & (c[f"receptor_prop_{e}"] >= reach) for e in ("ref", "alt")]
    tested = enough & (expressed[0] | expressed[1])
    for name in ("ligand_pvalue", "receptor_pvalue"):
        c[name] = np.where(tested, c[name], np.nan)
    c["effect"] = c["ligand_effect"] + c["receptor_effect"]
    same = tests.source == tests.target
    c["se"] = np.where(same, sd["ligand"] + sd["receptor"], np.hypot(sd["ligand"], sd["receptor"]))
    c["ci_low"], c["ci_high"] = c["effect"] - _Z * c["se"], c["effect"] + _Z * c["se"]
    combine = fisher if settings.combine == "fisher" else acat
    # p = 1 would be infinite evidence against a change; it stands for all from 1 − 1/(n + 1) on
    most = 1.0 - 0.5 / (n_perms + 1)
    c["pvalue"] = combine(np.minimum(np.stack([c["ligand_pvalue"], c["receptor_pvalue"]], axis=1), most))
    c["padj"] = benjamini_hochberg(c["pvalue"])
    c["exact_pvalue"] = c["exact_floor"] = np.full(tests.n, np.nan)
    c["sign_stable"] = np.zeros(tests.n, bool)
    c["n_ref"], c["n_alt"] = (_n_samples(tests, pools.n_cells[i]) for i in (0, 1))
    absent = [(c[f"ligand_prop_{e}"] == 0) | (c[f"receptor_prop_{e}"] == 0) for e in ("ref", "alt")]
    shown = np.where(absent[0] != absent[1], "detection", "tested")
    c["status"] = _codes("status", np.where(enough, np.where(tested, shown, "not_expressed"), "too_few_samples"))
    sides = np.maximum(np.abs(c["ligand_effect"]), np.abs(c["receptor_effect"]))
    within = (np.abs(c["effect"]) + _Z * c["se"] <= settings.margin) & (sides <= settings.margin)
    c["shift"] = name_shifts(c | {"gaining": absent[0], "within_margin": within}, alpha=settings.alpha)
    for name in ("se", "ci_low", "ci_high"):  # as where samples are compared
        c[name] = np.where(tested, c[name], np.nan)
    _decompose(c, sd, pools=pools, tests=tests, reached=tested & significant(c, alpha=settings.alpha))
    c["shape"] = np.full(tests.n, -1, np.int8)
    for i, end in enumerate(("ref", "alt")):
        c[f"ligand_subunit_{end}"] = _limiting(pools.logcpm[i], entities)[tests.source, tests.ligand]
        c[f"receptor_subunit_{end}"] = _limiting(pools.logcpm[i], entities)[tests.target, tests.receptor]
    c["rewired"] = _rewired(changes, pools, tests, prop=prop, large=large, entities=entities, settings=settings)
    return c


def _limiting(logcpm: Floats, entities: Entities) -> Ints:
    """Gene with the lowest log2 CPM of each entity in each group, n_groups × n_entities; first of ties."""
    out = np.empty((logcpm.shape[0], entities.n), np.int64)
    for e in range(entities.n):
        members = entities.genes[entities.indptr[e] : entities.indptr[e + 1]]
        out[:, e] = members[np.argmin(logcpm[:, members], axis=1)]
    return out


def _rewired(
    changes: Changes,
    pools: Pools,
    tests: Tests,
    *,
    prop: Floats,
    large: Bools,
    entities: Entities,
    settings: Settings,
) -> Bools:
    """Whether the main source or target of the interaction differs between the conditions, as where samples are.

    The spread of a change, which is that of both ends together, stands for the spread at either end.
    """
    low = np.minimum.reduceat(pools.logcpm[:, :, entities.genes], entities.indptr[:-1], axis=2)
    share = np.log2((pools.n_cells + 0.5) / (pools.total_cells[:, None] + 1.0))
    counts = large[:, :, None] & (prop >= settings.expr_prop)
    flows = np.where(counts, low + share[:, :, None], -np.inf)
    values, spread = low + share[:, :, None], np.hypot(changes.sd.T, _share_error(pools)[:, None])

    def lead(first: Any, second: Any, entity: Any) -> Floats:
        ahead = np.stack(
            [values[0, first, entity] - values[0, second, entity], values[1, second, entity] - values[1, first, entity]]
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            z = ahead.min(axis=0) / np.hypot(spread[first, entity], spread[second, entity])
        return np.where(ahead.min(axis=0) > settings.margin, 2.0 * ndtr(-np.abs(z)), 1.0)

    return leaders_changed(list(flows), tests, lead, alpha=settings.alpha)


def _share_error(pools: Pools) -> Floats:
    """Return the standard error of every group's change of log2 abundance (delta method, binomial share)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = 1 - pools.n_cells / pools.total_cells[:, None]
        return np.asarray(np.sqrt((rest / pools.n_cells).sum(axis=0)) / np.log(2), np.float64)


def _codes(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Codes into the labels of a column; an empty text is missing."""
    codes = np.full(values.size, -1, np.int8)
    for i, label in enumerate(LABELS[name]):
        codes[values == label] = i
    return codes


def _n_samples(tests: Tests, n_cells: Ints) -> Ints:
    """Pools count as one sample each, where both groups have cells."""
    there = n_cells > 0
    return (there[tests.source] & there[tests.target]).astype(np.int64)


def _decompose(
    c: dict[str, npt.NDArray[Any]],
    sd: dict[str, Floats],
    *,
    pools: Pools,
    tests: Tests,
    reached: Bools,
) -> None:
    """Add the four parts, their sum, and the driver (more than half of the change, interval without zero)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.log2(pools.n_cells / pools.total_cells[:, None])
        change = np.where((pools.n_cells > 0).all(axis=0), share[1] - share[0], np.nan)
    c["d_source"], c["d_target"] = change[tests.source], change[tests.target]
    spread = _share_error(pools)
    names = ("d_ligand", "d_receptor", "d_source", "d_target")
    parts = np.stack([c[n] for n in names])
    error = np.stack([sd["ligand"], sd["receptor"], spread[tests.source], spread[tests.target]])
    c["d_flow"] = parts.sum(axis=0)
    clear = (np.abs(parts) > _Z * error) & reached
    c["driver"] = driver(parts, clear, same_group=tests.source == tests.target)
