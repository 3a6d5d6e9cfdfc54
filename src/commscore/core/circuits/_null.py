"""One joint null: the same permuted labels for every step of every circuit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import GeneColumns, Groups
from .. import schemes
from ..tables import close_gaps
from ._scores import node_values, step_scores, strengths

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from ..threads import Team
    from ._plan import Plan


TOLERANCE = 1e-12  # relative, for ties
_GENES_PER_CHUNK = 64


@dataclass(frozen=True)
class Tally:
    """Permutations that reach what was observed: of steps (n_steps) and of circuits (n_circuits)."""

    steps: Ints
    mean: Ints
    lowest: Ints


def permute(
    plan: Plan,
    columns: GeneColumns,
    groups: Groups,
    *,
    means: Floats,
    rule: str,
    scheme: str,
    n_perms: int,
    key: int,
    memory: int,
    team: Team,
    progress: Callable[[int], object] = lambda _: None,
) -> Tally:
    """Count, per step and circuit, the permutations at least as high as the observed labels.

    Parameters
    ----------
    plan
        The circuits; genes are numbered as the columns.
    columns, groups
        Expression and labels, in the scheme's order (:func:`commscore.core.schemes.order`); sums must be exact (see
        :func:`commscore.core.read.columns.snap`).
    means
        (n_genes, n_groups) observed means of these columns.
    rule
        How subunits are joined.
    scheme, n_perms, key
        Which labellings are drawn, see :mod:`commscore.core.schemes`.
    memory
        Bytes that the means of a block may take.
    team
        Threads; they do not change the result.
    progress
        Called with the number of permutations after each block.
    """

    def evaluate(table: Floats) -> tuple[Floats, Floats, Floats]:
        values = node_values(table, plan, sizes=groups.sizes, rule=rule)
        scores = step_scores(values, plan)
        return scores, *strengths(scores, plan)

    limits = [x * (1 - TOLERANCE) for x in evaluate(means[:, :, None])]
    counts = [np.zeros(x.shape[0], np.int64) for x in limits]
    n_rows = columns.n_genes * groups.n
    slots = np.arange(n_rows, dtype=np.int64).reshape(columns.n_genes, groups.n)
    drawn = schemes.make(scheme, groups=groups, n_perms=n_perms, key=key)
    unit = 2 * 8 * drawn.columns_per_unit() * max(n_rows, 1) + drawn.label_bytes(columns.n_cells)
    width = int(np.clip(memory // unit, 1, drawn.widest()))
    genes = np.arange(columns.n_genes)
    for block in drawn.blocks(columns, width, team):
        table = np.empty((n_rows, block.columns))
        team.run(lambda a, b: block.fill(genes[a:b], slots[a:b], table), genes.size, step=_GENES_PER_CHUNK)  # noqa: B023
        keep = close_gaps(table, block.drop)
        permuted = evaluate(table[:, :keep].reshape(columns.n_genes, groups.n, keep))
        for count, found, limit in zip(counts, permuted, limits, strict=True):
            count += (found >= limit).sum(axis=1)  # NaN is never reached
        progress(keep)
    return Tally(*counts)
