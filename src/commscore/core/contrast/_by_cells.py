"""The comparison of one contrast with cells as the replicates: no more than the permutation is its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from ...arrays import Entities, Tests
from ...stats import combine
from ...tables.vocabulary import Status
from . import _abundance, _columns, _finish, _rewired, _rows, _subunits
from ._cells import permuted_changes
from ._change import Change
from ._context import log_abundance
from ._types import OUTSIDE, Comparison

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ..threads import Team
    from ._cells import CellCohort, GroupChanges
    from ._columns import Columns
    from ._rows import EntityValues
    from ._types import Cohort, Contrast, Settings

_WIDE = float(-ndtri(OUTSIDE / 2.0))
_WIDE_OF_TWO = float(-ndtri(OUTSIDE / 4.0))
"""Of the abundances of two groups, either of which may be the driver."""
_ENDS = np.eye(2, dtype=bool)


def compare_cells(
    cohort: CellCohort,
    entities: Entities,
    tests: Tests,
    *,
    contrast: Contrast,
    settings: Settings,
    n_perms: int,
    team: Team,
) -> Comparison:
    """Test every interaction for the contrast of two conditions, whose cells' labels are permuted.

    Parameters
    ----------
    cohort
        The cells and their sums by sample.
    entities, tests, contrast
        As in :func:`commscore.core.contrast.compare`; ``contrast`` is a pair.
    settings
        Of these, how evidence is combined, margin, expr_prop, alpha and seed.
    n_perms
        Permutations of the labels of the cells.
    team
        Threads; they do not change the result.

    Returns
    -------
    Comparison
        Columns as those of :func:`commscore.core.contrast.compare`; a condition counts as one sample. Intervals are
        normal, with the standard deviation of the permuted statistic; the two sides of one group are taken as
        fully correlated, which makes the interval wider, never narrower.
    """
    pools = cohort.pool(contrast)
    changes = permuted_changes(
        cohort, pools, entities, contrast=contrast, n_perms=n_perms, seed=settings.seed, team=team
    )
    rows = _rows.build(pools, entities, subunit=_subunits.lowest(pools.logcpm, entities))
    compared = _Compared(pools, rows, changes, tests, settings)
    out = _columns.allocate(tests.n, interaction=False)
    compared.describe(out)
    compared.evidence(out, n_perms=n_perms)
    compared.change(out)
    out["rewired"] = compared.rewired(pools.n_cells >= cohort.min_cells)
    _finish.finish(out, contrast=contrast, settings=settings)
    return Comparison(contrast, _columns.shown(out), abundance_reference=compared.abundance[2])


@dataclass(frozen=True)
class _Compared:
    """Both pools, with the permuted changes of their groups."""

    pools: Cohort
    rows: EntityValues
    changes: GroupChanges
    tests: Tests
    settings: Settings

    @cached_property
    def abundance(self) -> tuple[Floats, Floats, Ints]:
        """Change of every group's abundance, its standard error, and the groups that it is relative to."""
        return _abundance.change_of_pools(self.pools, settings=self.settings)

    def sides(self, values: Floats) -> tuple[Floats, Floats]:
        """Values of the ligand in the source and of the receptor in the target; (n_groups, n_entities) to rows."""
        tests = self.tests
        return values[tests.source, tests.ligand], values[tests.target, tests.receptor]

    def describe(self, out: Columns) -> None:
        """Write samples, fractions expressing, limiting subunits and the status."""
        there = self.pools.n_cells > 0
        for end, name in enumerate(("ref", "alt")):
            out[f"n_{name}"][:] = there[end, self.tests.source] & there[end, self.tests.target]
            out[f"ligand_prop_{name}"][:], out[f"receptor_prop_{name}"][:] = self.sides(self.rows.prop[:, end])
            out[f"ligand_subunit_{name}"][:], out[f"receptor_subunit_{name}"][:] = self.sides(self.rows.subunit[end])
        prop = np.stack([np.minimum(*self.sides(self.rows.prop[:, end])) for end in (0, 1)])
        enough = np.isfinite(self.sides(self.changes.effect)).all(axis=0)
        expressed = (prop >= self.settings.expr_prop).any(axis=0)
        out["gaining"][:] = prop[0] == 0
        shown = np.where((prop[0] == 0) != (prop[1] == 0), Status.DETECTION.code, Status.TESTED.code)
        out["status"][:] = np.where(
            enough, np.where(expressed, shown, Status.NOT_EXPRESSED.code), Status.TOO_FEW_SAMPLES.code
        )

    def evidence(self, out: Columns, *, n_perms: int) -> None:
        """Write the p-values of both sides and of either having moved."""
        shown = (out["status"] == Status.TESTED.code) | (out["status"] == Status.DETECTION.code)
        sides = np.where(shown, np.stack(self.sides(self.changes.pvalue)), np.nan)
        out["ligand_pvalue"][:], out["receptor_pvalue"][:] = sides
        out["both_pvalue"][:] = np.where(out["status"] == Status.TESTED.code, sides.max(axis=0), np.nan)
        # p = 1 would be infinite evidence against a change; it stands for all from 1 − 1/(n + 1) on
        most = 1.0 - 0.5 / (n_perms + 1)
        either = combine.fisher if self.settings.combine == "fisher" else combine.acat
        out["pvalue"][:] = either(np.minimum(sides, most), axis=0)

    def change(self, out: Columns) -> None:
        """Write effects, intervals, parts and their driver."""
        tests, (ligand, receptor) = self.tests, self.sides(self.changes.sd)
        same = tests.source == tests.target
        abundance, spread, _ = self.abundance
        parts = np.stack([*self.sides(self.changes.effect), abundance[tests.source], abundance[tests.target]])
        error = np.stack([ligand, receptor, spread[tests.source], spread[tests.target]])
        wide = np.where([[False], [False], [True], [True]] & ~same, _WIDE_OF_TWO, _WIDE)
        change = Change(parts, np.where(same, ligand + receptor, np.hypot(ligand, receptor)), _WIDE)
        change.write(out, at=slice(None))
        change.write_intervals(out, at=slice(None), reach=wide * error, same_group=same)
        out["within_margin"][:] = change.within(self.settings.margin)

    def rewired(self, large: Bools) -> Bools:
        """Mark rows of interactions with another main source or target, as where samples are the replicates.

        The spread of a change, which is that of both ends together, stands for the spread at either end. ``large``
        (2, n_groups) are the pools that have enough cells.
        """
        flow = self.rows.value + log_abundance(self.pools).T[:, :, None]
        spread = np.hypot(self.changes.sd, self.abundance[1][:, None])
        least = self.settings.expr_prop
        ends = [_rewired.mean_flows(flow, self.rows.prop, large.T & end, least=least) for end in _ENDS]

        def lead(first: Ints, second: Ints, entity: Ints) -> Floats:
            difference = flow[first, :, entity] - flow[second, :, entity]
            ahead = np.minimum(difference[:, 0], -difference[:, 1])
            with np.errstate(divide="ignore", invalid="ignore"):
                z = ahead / np.hypot(spread[first, entity], spread[second, entity])
            return np.where(ahead > self.settings.margin, 2.0 * ndtr(-np.abs(z)), 1.0)

        return _rewired.leaders_changed(ends, self.tests, lead, alpha=self.settings.alpha)
