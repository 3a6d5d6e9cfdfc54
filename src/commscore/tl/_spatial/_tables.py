"""From what was measured to the tables that are stored."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...core.space.coupling import LEAST_SAMPLES, Coupling
from ...stats.multiple import benjamini_hochberg
from ...tables import spatial as schema

if TYPE_CHECKING:
    from ...arrays import Bools, Floats, Ints
    from ...study.interactions import TestableInteractions
    from ._interactions import SpatialTests
    from ._measure import WithinRange
    from ._observations import Observations


@dataclass(frozen=True)
class MeasuredTests:
    """All tests with what their range gave: coupling and contacts, one per test."""

    coupling: Coupling
    range_um: Floats
    meeting: dict[str, Any]

    @classmethod
    def of(cls, tests: SpatialTests, ranges: list[tuple[Ints, WithinRange]], seen: Observations) -> MeasuredTests:
        """Join the ranges."""
        n = tests.tests.n
        coupling, range_um = Coupling.empty(n), np.full(n, np.nan)
        meeting = {"contacts": np.zeros(n, np.int64)} | {c: np.full(n, np.nan) for c in _PROXIMITY}
        for rows, measured in ranges:
            coupling.put(rows, {f.name: getattr(measured.coupling, f.name) for f in fields(Coupling)})
            range_um[rows] = measured.reach.um
            source, target = tests.tests.source[rows], tests.tests.target[rows]
            meeting["contacts"][rows] = measured.contacts[source, target]
            if not seen.is_spots:
                for name, values in _proximity(measured).items():
                    meeting[name][rows] = values[source, target]
        return cls(coupling, range_um, meeting)

    def status(self, *, min_contacts: int, min_blocks: int, by_samples: bool) -> Ints:
        """Code of the status of every test; only a tested one has p-values."""
        few = self.coupling.n < (LEAST_SAMPLES if by_samples else min_blocks)
        why = schema.TOO_FEW_SAMPLES if by_samples else schema.TOO_FEW_BLOCKS
        code = schema.STATUSES.index
        status = np.where(few | np.isnan(self.coupling.pvalue), code(why), code(schema.TESTED))
        apart = self.meeting["contacts"] < min_contacts
        return np.where(apart, code(schema.TOO_FEW_CONTACTS), status)


_PROXIMITY = ("proximity", "proximity_low", "proximity_high")


def _proximity(measured: WithinRange) -> dict[str, Floats]:
    p = measured.proximity
    return dict(zip(_PROXIMITY, (p.log2, p.low, p.high), strict=True))


def spatial_table(
    tests: SpatialTests,
    measured: MeasuredTests,
    status: Ints,
    *,
    interactions: TestableInteractions,
    seen: Observations,
    beside: pd.DataFrame,
) -> pd.DataFrame:
    """One row per known test, the surest first; ``beside`` are its means and specificity."""
    known = tests.is_known
    c, tested = measured.coupling, status == schema.STATUSES.index(schema.TESTED)
    frame = interactions.frame.iloc[tests.which[known]].reset_index(drop=True)
    by_samples = seen.n_samples >= LEAST_SAMPLES
    pvalue = np.where(tested, c.pvalue, np.nan)[known]
    with np.errstate(invalid="ignore", divide="ignore"):
        coordination = np.where(
            c.ligand_near * c.receptor_near > 0, c.score / (c.ligand_near * c.receptor_near), np.nan
        )
    n_samples = np.where(tested, c.n if by_samples else seen.n_samples, 0)
    columns = _ends(tests, known, seen) | {
        "interaction": frame["interaction"].astype("category"),
        "ligand_complex": frame["ligand"].astype("category"),
        "receptor_complex": frame["receptor"].astype("category"),
        "mode": frame["mode"].astype("category"),
        "range_um": measured.range_um[known],
        "unit": _coded(np.full(known.sum(), int(by_samples)), schema.UNITS),
        "n_samples": n_samples[known],
        **{name: values[known] for name, values in measured.meeting.items()},
        "score": c.score[known],
        "ligand_mean": beside["ligand_mean"].to_numpy(),
        "receptor_mean": beside["receptor_mean"].to_numpy(),
        "ligand_near": c.ligand_near[known],
        "receptor_near": c.receptor_near[known],
        "coordination": coordination[known],
        "coupling": c.correlation[known],
        "coupling_t": np.where(tested, c.t, np.nan)[known],
        "n_blocks": c.n_blocks[known],
        "pvalue": pvalue,
        "padj": benjamini_hochberg(pvalue),
        "pvalue_unadjusted": np.where(tested, c.pvalue_unadjusted, np.nan)[known],
        "specificity_pvalue": beside["specificity_pvalue"].to_numpy(),
        "specificity_padj": beside["specificity_padj"].to_numpy(),
        "status": _coded(status[known], schema.STATUSES),
    }
    table = pd.DataFrame(columns)[list(schema.SPATIAL.names)]
    order = np.lexsort([-table["score"].to_numpy(), table["padj"].to_numpy()])
    return table.iloc[order].reset_index(drop=True)


def decoy_table(
    tests: SpatialTests,
    measured: MeasuredTests,
    status: Ints,
    *,
    interactions: TestableInteractions,
    seen: Observations,
) -> pd.DataFrame:
    """Return the decoys that were tested."""
    kept = ~tests.is_known & (status == schema.STATUSES.index(schema.TESTED))
    names = _entity_names(interactions)
    frame = interactions.frame.iloc[tests.which[kept]]
    columns = _ends(tests, kept, seen) | {
        "ligand_complex": pd.Categorical(frame["ligand"].to_numpy(object)),
        "receptor_complex": pd.Categorical([names[r] for r in tests.tests.receptor[kept].tolist()]),
        "decoy_of": pd.Categorical(frame["interaction"].to_numpy(object)),
        "coupling_t": measured.coupling.t[kept],
        "pvalue": measured.coupling.pvalue[kept],
        "pvalue_unadjusted": measured.coupling.pvalue_unadjusted[kept],
    }
    return pd.DataFrame(columns)[list(schema.DECOYS.names)]


def proximity_table(ranges: list[WithinRange], seen: Observations, *, is_graph: bool) -> pd.DataFrame:
    """Return proximity of every two types in every range; contacts of spots are those of all spots."""
    k = len(seen.types)
    if seen.shares is None:
        return pd.DataFrame({c.name: [] for c in schema.PROXIMITY.columns})
    source, target = np.divmod(np.arange(k * k), k)
    parts = []
    for measured in ranges:
        contacts = np.full((k, k), measured.contacts.sum()) if seen.is_spots else measured.contacts
        columns = {
            "source": pd.Categorical.from_codes(source, seen.types),
            "target": pd.Categorical.from_codes(target, seen.types),
            "kernel": pd.Categorical(["connectivity" if is_graph else measured.reach.shape] * (k * k)),
            "range_um": np.nan if is_graph else measured.reach.um,
            "contacts": contacts.ravel(),
        }
        parts.append(pd.DataFrame(columns | {n: v.ravel() for n, v in _proximity(measured).items()}))
    return pd.concat(parts, ignore_index=True).astype({"kernel": "category"})


def _ends(tests: SpatialTests, rows: Bools, seen: Observations) -> dict[str, Any]:
    names, display = seen.cells.names, seen.cells.display
    rank = np.empty(len(names), np.int64)
    rank[display] = np.arange(len(names))
    groups = [str(n) for n in names[display]]
    ends = {"source": tests.tests.source, "target": tests.tests.target}
    return {side: pd.Categorical.from_codes(rank[codes[rows]], groups) for side, codes in ends.items()}


def _coded(codes: Any, words: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical.from_codes(np.asarray(codes, np.int64), list(words))


def _entity_names(interactions: TestableInteractions) -> dict[int, str]:
    names: dict[int, str] = {}
    for side, entity in (("ligand", interactions.ligand), ("receptor", interactions.receptor)):
        names |= dict(zip(entity.tolist(), interactions.frame[side].astype(str), strict=True))
    return names
