"""Which therapies cut most together."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._names import write_names

if TYPE_CHECKING:
    from ._cut import Cut


def combination_table(cut: Cut, *, n_together: int, n_listed: int) -> pd.DataFrame:
    """Rank sets of therapies by the flow they cut together; therapies that cut the same edges count once."""
    single = {int(a): cut.lost(cut.edges[a]) for a in np.flatnonzero((cut.edges & cut.counted).any(axis=1))}
    patterns: dict[bytes, int] = {}
    for a in single:
        patterns.setdefault(cut.edges[a].tobytes(), a)
    usable, rows = sorted(patterns.values()), []
    level = [tuple(pair) for pair in itertools.combinations(usable, 2)]
    for size in range(2, n_together + 1):
        ranked = sorted(((cut.lost(cut.edges[list(s)].any(axis=0)), s) for s in level), key=lambda r: (-r[0], r[1]))
        rows += ranked[:n_listed]
        if size < n_together:
            level = sorted({tuple(sorted({*s, a})) for _, s in ranked[:n_listed] for a in usable if a not in s})
    names = cut.agents["therapy"].to_numpy()
    table = [
        (
            write_names(names[list(s)]),
            len(s),
            int(cut.edges[list(s)].any(axis=0).sum()),
            share,
            best,
            share - best,
            cut.lost(cut.edges[list(s)].all(axis=0)),
        )
        for share, s in sorted(rows, key=lambda r: (-r[0], len(r[1]), r[1]))[:n_listed]
        for best in [max(single[a] for a in s)]
    ]
    return pd.DataFrame(table, columns=["therapies", "n", "n_edges", "share", "best_single", "gain", "overlap"])
