"""p-values of products, and of any score with complexes: normal scores, a copula and one integral."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from commscore.kernels import saddle, saddle_joint
from commscore.kernels.permute import PRODUCT

from ...arrays import Bools, Entities, Floats, Ints
from .marginals import NullInputs
from .problem import ScoreThresholds, crossed, gather

_MOST = 0.95


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """Value against normal score of every gene × group and complex × group that is needed.

    ``index`` (n_entities × n_groups) numbers the entries; ``table`` is the place of each in ``tables`` and
    ``shapes``, ``group`` its group; ``indptr``, ``genes`` and ``pull`` list its subunits and how far each moves it.
    """

    index: Ints
    table: Ints
    tables: Floats
    shapes: Floats
    indptr: Ints
    genes: Ints
    group: Ints
    pull: Floats


def _matrices(setting: NullInputs, genes: Ints, indptr: Ints, *, group: Ints) -> tuple[Floats, Ints]:
    """Correlation matrices of the subunits of each complex, one after the other, and where each begins."""
    size = np.diff(indptr)
    offsets = np.zeros(size.size + 1, np.int64)
    np.cumsum(size * size, out=offsets[1:])
    every = np.arange(size.size)
    i, j, owner = crossed(indptr, every, every)
    r = setting.between((genes[i], genes[j]), (group[owner], group[owner]))
    return np.where(i == j, 1.0, np.clip(r, -_MOST, _MOST)), offsets


def _pulls(shapes: Floats, members: Ints, indptr: Ints, *, matrices: Floats, complexes: Floats) -> Floats:
    """How far a minimum's normal score moves per unit of each subunit's: P(subunit is the least) · sd / sd.

    The covariance of the minimum with any other variable is the sum of these times the subunits' covariances.
    The probability is the product, over the other subunits, of that of being below it, made to sum to one.
    """
    every = np.arange(indptr.size - 1)
    i, j, owner = crossed(indptr, every, every)
    a, b = shapes[members[i]], shapes[members[j]]
    width, median = saddle_joint.WIDTH, saddle_joint.MEDIAN
    variance = a[:, width] ** 2 + b[:, width] ** 2 - 2.0 * matrices * a[:, width] * b[:, width]
    below = log_ndtr((b[:, median] - a[:, median]) / np.sqrt(np.maximum(variance, 1e-300)))
    least = np.exp(np.bincount(i, np.where(i == j, 0.0, below), minlength=members.size))
    owner = np.repeat(every, np.diff(indptr))
    total = np.bincount(owner, least, minlength=every.size)
    share = least / np.maximum(total, 1e-12)[owner]
    return np.asarray(share * shapes[members, width] / complexes[owner, width])


def profile(setting: NullInputs, entities: Entities, needed: Bools) -> Profiles:
    """Profiles of the entity × group entries marked in ``needed`` (bool, n_entities × n_groups).

    Rows of ``tables``: single genes first, subunits of complexes among them, then the complexes.
    """
    entity, group = np.nonzero(needed)
    order = np.argsort(entities.n_subunits[entity] > 1, kind="stable")
    entity, group = entity[order], group[order]
    at, indptr = gather(entities.indptr, entity)
    genes = entities.genes[at]
    picks, members = np.unique(setting.marginals.index[genes, np.repeat(group, np.diff(indptr))], return_inverse=True)
    n_single = int((entities.n_subunits[entity] == 1).sum())
    n_complex = entity.size - n_single
    tables = np.empty((picks.size + n_complex, 2, 5, saddle.N_NODES))
    shapes = np.empty((picks.size + n_complex, 3))
    m = setting.marginals
    setting.run(
        lambda a, b: saddle_joint.marginal(m.tables, m.unit, m.mean, m.sd, m.p_zero, picks, a, b, tables, shapes),
        picks.size,
    )
    first = indptr[n_single]
    own, ends = members[first:], indptr[n_single:] - first
    matrices, offsets = _matrices(setting, genes[first:], ends, group=group[n_single:])
    most = int(entities.n_subunits.max())

    def kernel(start: int, stop: int) -> None:
        scratch = np.empty((3, most))
        saddle_joint.minima(tables, shapes, ends, own, matrices, offsets, picks.size, scratch, start, stop)

    setting.run(kernel, n_complex)
    pull = np.concatenate(
        [np.ones(first), _pulls(shapes, own, ends, matrices=matrices, complexes=shapes[picks.size :])]
    )
    index = np.full(needed.shape, -1, np.int64)
    index[entity, group] = np.arange(entity.size)
    table = np.concatenate([members[:n_single], picks.size + np.arange(n_complex)])
    places = {"index": index, "table": table, "indptr": indptr}
    return Profiles(**places, tables=tables, shapes=shapes, genes=genes, group=group, pull=pull)


def correlations(profiles: Profiles, setting: NullInputs, *, left: Ints, right: Ints) -> Floats:
    """Correlation of the normal scores of two entities over the same cells, from that of their subunits."""
    i, j, owner = crossed(profiles.indptr, left, right)
    genes, groups = (profiles.genes[i], profiles.genes[j]), (profiles.group[left[owner]], profiles.group[right[owner]])
    r = setting.between(genes, groups)
    return np.bincount(owner, profiles.pull[i] * profiles.pull[j] * r, minlength=left.size).astype(np.float64)


def joint(setting: NullInputs, cases: ScoreThresholds, entities: Entities) -> Floats:
    """P(score ≥ threshold) for any form, single genes or complexes (minimum of the subunits)."""
    needed = np.zeros((entities.n, setting.sizes.size), bool)
    needed[cases.ligand, cases.source] = True
    needed[cases.receptor, cases.target] = True
    profiles = profile(setting, entities, needed)
    left, right = profiles.index[cases.ligand, cases.source], profiles.index[cases.receptor, cases.target]
    rho = correlations(profiles, setting, left=left, right=right)
    rho = np.clip(rho * setting.correlation(cases.source, cases.target), -_MOST, _MOST)
    narrow, wide = _by_width(profiles.shapes, profiles.table[left], profiles.table[right], form=cases.form)
    p = np.empty(len(cases))

    def kernel(start: int, stop: int) -> None:
        cells = np.zeros(2, np.int64)
        saddle_joint.joint(
            profiles.tables, profiles.shapes, narrow, wide, cases.form, cases.threshold, rho, cells, start, stop, p
        )

    setting.run(kernel, len(cases))
    return p


def _by_width(shapes: Floats, left: Ints, right: Ints, *, form: int) -> tuple[Ints, Ints]:
    """Return the two sides of each case, first the one that moves the score less."""
    median, width = shapes[:, saddle_joint.MEDIAN], shapes[:, saddle_joint.WIDTH]
    moves = width / (median + width) if form == PRODUCT else width
    swap = moves[left] > moves[right]
    return np.where(swap, right, left), np.where(swap, left, right)
