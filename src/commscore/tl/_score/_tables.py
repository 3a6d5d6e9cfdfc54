"""From arrays to the tables that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...arrays import Tests
from ...get._frames import coded_categories, taken_categories
from ...stats.multiple import benjamini_hochberg
from ...tables import score as schema

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays import Floats, Ints
    from ...core.summary import EntitySummary
    from ...study.cells import Cells
    from ...study.interactions import TestableInteractions


def score_table(
    interactions: TestableInteractions,
    cells: Cells,
    *,
    summary: EntitySummary,
    tests: Tests,
    which: Ints,
    names: list[str],
    scores: Floats,
    pvalues: Floats,
    null: npt.NDArray[np.int8],
) -> pd.DataFrame:
    """One row per test, in the user's order of groups, then of interactions; ``null`` are positions in NULLS."""
    rank = np.empty(cells.groups.n, np.int64)
    rank[cells.display] = np.arange(cells.groups.n)
    order = np.argsort(
        (rank[tests.source] * cells.groups.n + rank[tests.target]) * len(interactions.frame) + which, kind="stable"
    )
    t, which = tests.take(order), which[order]
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
    frame |= {f"{side}_mean": summary.mean[e, g] for side, e, g in sides}
    frame |= {f"{side}_prop": summary.prop[e, g] for side, e, g in sides}
    for m, name in enumerate(names):
        end = f"_{name}" if len(names) > 1 else ""
        frame[f"score{end}"] = scores[m, order]
        frame[f"pvalue{end}"] = pvalues[m, order]
        frame[f"padj{end}"] = benjamini_hochberg(pvalues[m, order])
    frame["null"] = pd.Categorical.from_codes(null[order], list(schema.NULLS))
    return pd.DataFrame(frame)


def untested_table(
    interactions: TestableInteractions,
    cells: Cells,
    *,
    summary: EntitySummary,
    which: Ints,
    expr_prop: float,
    min_cells: int,
) -> pd.DataFrame:
    """Interactions and groups that were not tested, with the reason and what was found."""
    rows = list(interactions.untested)
    tested = np.zeros(len(interactions.frame), bool)
    tested[which] = True
    never, names = np.flatnonzero(~tested), interactions.frame["interaction"].to_numpy()
    best = [f"{most:.3g}" for most in summary.prop.max(axis=1).tolist()]
    start, end = "largest fraction in any group: ligand", f"; expr_prop {expr_prop:g}"
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
