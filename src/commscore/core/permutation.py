"""How often permuted labels reach what was observed.

A block of permutations fills a table (gene or complex in a group) × permutations of only those rows that a
surviving test needs; every score is then counted on it, and the table is used again for the next block. No
table permutations × groups × genes exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from ..kernels import permute
from ..scores import Form, Score, Side, Stats
from .summary import COMPLEX_RULES

if TYPE_CHECKING:
    import numpy.typing as npt

    from .columns import Columns
    from .problem import Entities, Tests
    from .schemes import Block, Scheme
    from .threads import Team

TOLERANCE = 1e-12  # relative, for ties
_GENES_PER_CHUNK = 64
_GENERAL_CELLS = 2_000_000  # tests × permutations evaluated at once by a score's own function


@dataclass(frozen=True)
class Rows:
    """Which rows a block's table has: genes in groups first, then complexes in groups.

    ``slots`` (n_genes × n_groups) and ``entity`` (n_entities × n_groups) hold rows, or -1 if not needed;
    complex ``c`` is row ``first + c`` and joins the rows ``members[indptr[c]:indptr[c + 1]]``.
    """

    slots: npt.NDArray[np.int64]
    entity: npt.NDArray[np.int64]
    first: int
    indptr: npt.NDArray[np.int64]
    members: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.first + self.indptr.size - 1

    @property
    def genes(self) -> npt.NDArray[np.int64]:
        """Genes of which any row is needed."""
        return np.flatnonzero((self.slots >= 0).any(axis=1))


def plan(entities: Entities, tests: Tests, *, n_genes: int, n_groups: int) -> Rows:
    """Find the rows that the tests need."""
    need = np.zeros((entities.n, n_groups), bool)
    need[tests.ligand, tests.source] = True
    need[tests.receptor, tests.target] = True
    gene_need = np.zeros((n_genes, n_groups), bool)
    member_of = np.repeat(np.arange(entities.n), entities.n_subunits)
    np.logical_or.at(gene_need, entities.genes, need[member_of])
    slots = np.full(gene_need.shape, -1, np.int64)
    slots[gene_need] = np.arange(gene_need.sum())
    first = int(gene_need.sum())

    rows = np.full(need.shape, -1, np.int64)
    single = entities.n_subunits == 1
    rows[single] = np.where(need[single], slots[entities.genes[entities.indptr[:-1][single]]], -1)
    which, group = np.nonzero(need & ~single[:, None])
    rows[which, group] = first + np.arange(which.size)
    sizes = entities.n_subunits[which]
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    inner = np.arange(indptr[-1]) - np.repeat(indptr[:-1], sizes)
    genes = entities.genes[np.repeat(entities.indptr[which], sizes) + inner]
    return Rows(slots, rows, first, indptr, slots[genes, np.repeat(group, sizes)])


@dataclass(frozen=True)
class Counter:
    """Counts exceedances of some scores over blocks; holds no state but the counts it is given."""

    scores: Sequence[Score]
    ligand: npt.NDArray[np.int64]
    receptor: npt.NDArray[np.int64]
    limits: npt.NDArray[np.float64]
    strict: bool

    def add(self, values: npt.NDArray[np.float64], *, keep: int, counts: npt.NDArray[np.int64], team: Team) -> None:
        """Add the exceedances in the first ``keep`` columns of ``values`` to ``counts`` (n_scores × n_tests)."""
        done: dict[Form, int] = {}
        for s, score in enumerate(self.scores):
            if score.form is None:
                work, step = self._general(s, values[:, :keep], counts), max(1, _GENERAL_CELLS // keep)
                team.run(work, self.ligand.size, step=step)
            elif score.form not in done:
                done[score.form] = s
                team.run(self._formed(s, values, keep=keep, counts=counts), self.ligand.size)
            else:  # the same order of labellings, hence the same counts
                counts[s] = counts[done[score.form]]

    def _formed(
        self, s: int, values: npt.NDArray[np.float64], *, keep: int, counts: npt.NDArray[np.int64]
    ) -> Callable[[int, int], None]:
        form, limit = int(cast("Form", self.scores[s].form)), self.limits[s]

        def work(a: int, b: int) -> None:
            permute.count_exceeding(
                values, keep, self.ligand, self.receptor, limit, form, self.strict, a, b, counts[s]
            )  # fmt: skip

        return work

    def _general(
        self, s: int, values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
    ) -> Callable[[int, int], None]:
        def work(a: int, b: int) -> None:
            stats = Stats(Side(values[self.ligand[a:b]]), Side(values[self.receptor[a:b]]))
            permuted, limit = self.scores[s].function(stats), self.limits[s, a:b, None]
            hits = permuted > limit if self.strict else permuted >= limit
            counts[s, a:b] += hits.sum(axis=1)

        return work


def _limits(
    scores: Sequence[Score], left: npt.NDArray[np.float64], right: npt.NDArray[np.float64], *, strict: bool
) -> npt.NDArray[np.float64]:
    """Observed statistics (of the kernel, where a score has a form), moved by the tolerance for ties."""
    limits = np.empty((len(scores), left.size))
    for s, score in enumerate(scores):
        form = score.form
        observed = score.function(Stats(Side(left), Side(right))) if form is None else form.of(left, right)
        slack = TOLERANCE * np.abs(observed)
        limits[s] = observed + slack if strict else observed - slack
    return limits


def exceedances(
    columns: Columns,
    observed: npt.NDArray[np.float64],
    *,
    entities: Entities,
    tests: Tests,
    scores: Sequence[Score],
    scheme: Scheme,
    rule: str,
    strict: bool,
    memory: int,
    team: Team,
    progress: Callable[[int], object],
) -> npt.NDArray[np.int64]:
    """Count, per score and test, the permutations whose score is at least (``strict``: above) the observed one.

    Parameters
    ----------
    columns
        Snapped gene-major expression (:func:`commscore.core.columns.snap`).
    observed
        Entity × group statistic of the true labels, from the same columns.
    memory
        Bytes that the table of permuted means and the labels may take together; blocks shrink to fit.
    progress
        Called with the number of permutations after each block.

    Returns
    -------
    n_scores × n_tests, int64.
    """
    counts = np.zeros((len(scores), tests.n), np.int64)
    rows = plan(entities, tests, n_genes=columns.n_genes, n_groups=observed.shape[1])
    left, right = observed[tests.ligand, tests.source], observed[tests.receptor, tests.target]
    counter = Counter(
        scores,
        rows.entity[tests.ligand, tests.source],
        rows.entity[tests.receptor, tests.target],
        _limits(scores, left, right, strict=strict),
        strict,
    )
    per = scheme.columns_per_unit()
    unit = 8 * per * max(rows.n, 1) + 2 * columns.n_cells
    width = int(np.clip(memory // unit, 1, scheme.widest()))
    for block in scheme.blocks(columns, width, team):
        values = np.empty((rows.n, block.columns))
        _fill(block, rows, rule=rule, values=values, team=team)
        keep = _close_gaps(values, block.drop)
        counter.add(values, keep=keep, counts=counts, team=team)
        progress(keep)
    return counts


def _fill(block: Block, rows: Rows, *, rule: str, values: npt.NDArray[np.float64], team: Team) -> None:
    genes = rows.genes
    chunk = max(1, min(_GENES_PER_CHUNK, -(-genes.size // team.workers)))
    team.run(lambda a, b: block.fill(genes[a:b], rows.slots[genes[a:b]], values), genes.size, step=chunk)
    code = COMPLEX_RULES.index(rule)
    team.run(
        lambda a, b: permute.join_subunits(values, rows.indptr, rows.members, code, rows.first, a, b),
        rows.n - rows.first,
    )


def _close_gaps(values: npt.NDArray[np.float64], drop: tuple[int, ...]) -> int:
    """Overwrite dropped columns by the last ones; return how many columns count."""
    keep = int(values.shape[1])
    for column in sorted(drop, reverse=True):
        keep -= 1
        if column != keep:
            values[:, column] = values[:, keep]
    return keep
