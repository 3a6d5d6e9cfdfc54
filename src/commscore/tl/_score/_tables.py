"""From arrays to the tables that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...get._frames import coded_categories, taken_categories
from ...study.production import claims
from ...tables import score as schema
from ...tables.resource import BASES
from ._samples import columns_of_tests

if TYPE_CHECKING:
    from ...arrays import Floats, Groups, Ints, Tests
    from ...core.scoring.nulls import ScoredTests
    from ...core.scoring.sampled import OverSamples
    from ...core.summary import EntitySummary
    from ...study.cells import Cells
    from ...study.interactions import TestableInteractions
    from ._chosen import ChosenMethods

_BITS = 1e-9


@dataclass(frozen=True)
class ScoredRows:
    """All that is known of the rows, in the order of the tests; ``which`` is each row's interaction."""

    interactions: TestableInteractions
    summary: EntitySummary
    tests: Tests
    which: Ints
    chosen: ChosenMethods
    null: str | None
    scored: ScoredTests
    probability: Floats
    expected: Floats
    consumed: Floats | None = None
    over_samples: OverSamples | None = None
    strata: Groups | None = None
    cells: Cells | None = None

    @property
    def of_cells(self) -> Cells:
        """The cells and their groups."""
        if self.cells is None:
            msg = "the rows have no cells"
            raise RuntimeError(msg)
        return self.cells


def score_table(rows: ScoredRows) -> pd.DataFrame:
    """One row per test, in the user's order of groups, then of interactions."""
    interactions, cells, summary, tests = rows.interactions, rows.of_cells, rows.summary, rows.tests
    rank = np.empty(cells.groups.n, np.int64)
    rank[cells.display] = np.arange(cells.groups.n)
    order = np.argsort(
        (rank[tests.source] * cells.groups.n + rank[tests.target]) * len(interactions.frame) + rows.which, kind="stable"
    )
    t, which = tests.take(order), rows.which[order]
    groups = [str(n) for n in cells.names[cells.display]]
    sides = (("ligand", t.ligand, t.source), ("receptor", t.receptor, t.target))
    frame: dict[str, object] = {
        "source": pd.Categorical.from_codes(rank[t.source], groups),
        "target": pd.Categorical.from_codes(rank[t.target], groups),
        "interaction": taken_categories(interactions.frame["interaction"], which),
    }
    frame |= {f"{side}_complex": taken_categories(interactions.frame[side], which) for side, _, _ in sides}
    for side, entity, group in sides:
        frame[side] = coded_categories(interactions.genes, summary.limiting[entity, group])
    frame["mode"] = taken_categories(interactions.frame["mode"], which)
    frame["basis"] = pd.Categorical(interactions.frame["basis"].to_numpy(object)[which], categories=list(BASES))
    frame |= {f"{side}_mean": summary.mean[e, g] for side, e, g in sides}
    frame |= {f"{side}_prop": summary.prop[e, g] for side, e, g in sides}
    frame["raised"] = _raised(rows, t)
    if rows.consumed is not None:
        frame["consumed"] = rows.consumed[order]
        frame["claim"] = claims(interactions.frame["ligand"].iloc[which])
    table = pd.DataFrame(frame)
    columns = pd.DataFrame(columns_of_tests(rows)).take(order).reset_index(drop=True)
    return pd.concat([table, columns], axis=1)


def _raised(rows: ScoredRows, tests: Tests) -> pd.Categorical:
    """Return which side is above what permuted labels give on average; the last bits do not decide."""
    above = rows.summary.mean > rows.expected * (1 + _BITS)
    ligand, receptor = above[tests.ligand, tests.source], above[tests.receptor, tests.target]
    return pd.Categorical.from_codes(
        np.where(ligand, np.where(receptor, 0, 1), np.where(receptor, 2, 3)), list(schema.RAISED)
    )


def untested_table(scored: ScoredRows, *, expr_prop: float, min_cells: int, is_paired: bool = False) -> pd.DataFrame:
    """Interactions and groups that were not tested, with the reason and what was found."""
    interactions, cells, summary, which = scored.interactions, scored.of_cells, scored.summary, scored.which
    rows = list(interactions.untested)
    tested = np.zeros(len(interactions.frame), bool)
    tested[which] = True
    never, names = np.flatnonzero(~tested), interactions.frame["interaction"].to_numpy()
    best = [f"{most:.3g}" for most in summary.prop.max(axis=1).tolist()]
    start, end = "largest fraction in any group: ligand", f"; expr_prop {expr_prop:g}"
    end += "; both sides in no pair of group_pairs" if is_paired else ""
    rows += [
        (name, "below expr_prop", f"{start} {best[ligand]}, receptor {best[receptor]}{end}")
        for name, ligand, receptor in zip(
            names[never], interactions.ligand[never], interactions.receptor[never], strict=True
        )
    ]
    rows += [
        ("*", "too few cells", f"group {name}: {n} cells, min_cells {min_cells}") for name, n in cells.too_small.items()
    ]
    frame = pd.DataFrame(rows, columns=list(schema.UNTESTED.names), dtype=object)
    frame["interaction"] = frame["interaction"].astype("category")
    frame["reason"] = pd.Categorical(frame["reason"], categories=list(schema.REASONS))
    return frame
