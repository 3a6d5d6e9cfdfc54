"""Groups of cells joined by role: pseudobulk of every role, and the tests on it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._names import write_names
from ...study.composition import factors_table
from ...tables.roles import CIRCULATION
from ...tables.vocabulary import ExpectationLevel
from ._items import ANY, GENES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...rs import Resource
    from ...study.comparison import ComparisonData
    from ...study.roles import AssignedRoles
    from ._items import ExpectedShift

_KINDS = {"interaction": "", "ligand": "", "receptor": "", "kind": "protein", "mode": ""}


@dataclass(frozen=True)
class RolePools:
    """Role → number of its pool; ``members`` are the codes of the groups in each pool; roles of equal groups share."""

    number: dict[str, int]
    members: tuple[tuple[int, ...], ...]
    prepared: ComparisonData

    def factors(self, groups: Sequence[str]) -> pd.DataFrame:
        """Return the composition factors of the pools, each named by its groups."""
        names, own = [write_names(groups[c] for c in m) for m in self.members], self.prepared
        return factors_table(own.study.samples, names, n_cells=own.bulk.n_cells, composition=own.composition)

    def of(self, item: ExpectedShift) -> list[int] | None:
        """Pools of an item's roles, or None if a role has no cells."""
        return None if any(r not in self.number for r in item.roles) else [self.number[r] for r in item.roles]

    def names(self, item: ExpectedShift, groups: Sequence[str]) -> str:
        """Name the groups in which an item was measured."""
        if item.supplied:
            return self._supplied(item, groups)
        pools = self.of(item)
        if pools is None:
            return ""
        ends = [
            ["all cells"] if r == ANY else [groups[c] for c in self.members[p]]
            for r, p in zip(item.roles, pools, strict=True)
        ]
        return write_names(ends[0]) if len(ends) == 1 else json.dumps(ends, ensure_ascii=False)

    def _supplied(self, item: ExpectedShift, groups: Sequence[str]) -> str:
        """Name the source of a supplied level, and the groups that receive it."""
        if item.level != ExpectationLevel.INTERACTION:
            return CIRCULATION
        pool = self.number.get(item.roles[1])
        receives = [] if pool is None else [groups[c] for c in self.members[pool]]
        return json.dumps([[CIRCULATION], receives], ensure_ascii=False)


def with_genes(resource: Resource, items: list[ExpectedShift]) -> Resource:
    """Return the resource with every gene of the items as a pair with itself, beside its interactions."""
    rows = []
    for item in items:
        if item.level == ExpectationLevel.INTERACTION:
            ligand, _, receptor = item.what.partition("^")
            rows.append((item.what, ligand, receptor))
        elif item.level in GENES:
            rows.append((f"{item.what}^{item.what}", item.what, item.what))
    more = pd.DataFrame(rows, columns=["interaction", "ligand", "receptor"]).drop_duplicates("interaction")
    interactions = resource.interactions
    more = more[~more["interaction"].isin(interactions["interaction"])]
    for column in interactions.columns.difference(more.columns):
        more[column] = _KINDS.get(column, interactions[column].iloc[0])
    more["kind"] = np.where(more["ligand"].str.match(r"MIR\d|MIRLET"), "rna", "protein")
    joined = pd.concat([interactions, more[interactions.columns]], ignore_index=True)
    return replace(resource, sha256=resource.sha256, _tables={**resource.tables, "interactions": joined})


def pool(prepared: ComparisonData, assigned: AssignedRoles, items: list[ExpectedShift]) -> RolePools:
    """Join the groups of every role that an item needs."""
    codes = {g: i for i, g in enumerate(prepared.study.groups)}
    number: dict[str, int] = {}
    members: list[tuple[int, ...]] = []
    for role in sorted({r for item in items for r in item.roles} | {ANY}):
        chosen = tuple(codes[g] for g in assigned.of(role) if g in codes)
        if not chosen:
            continue
        if chosen not in members:
            members.append(chosen)
        number[role] = members.index(chosen)
    return RolePools(number, tuple(members), _joined(prepared, members))


def _joined(prepared: ComparisonData, members: list[tuple[int, ...]]) -> ComparisonData:
    study = replace(prepared.study, groups=tuple(str(i) for i in range(len(members))))
    return replace(prepared.pooled(members), study=study)
