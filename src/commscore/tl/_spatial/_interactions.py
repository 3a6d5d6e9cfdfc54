"""Which source, target, ligand and receptor are tested: the known ones, and decoys beside them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...arrays import Tests
from ...core.read.matrix import gene_major
from ...core.space.decoys import decoy_receptors
from ...core.space.entities import entity_columns
from ...study.expression import refuse_unsuitable
from ...study.interactions import testable_interactions
from ...tables.spatial import NOT_EXPRESSED

if TYPE_CHECKING:
    from ...arrays import Floats, GeneColumns, Ints
    from ...core.threads import Team
    from ...rs import Resource
    from ...study.expression import Expression
    from ...study.interactions import TestableInteractions
    from ._observations import Observations


@dataclass(frozen=True)
class SpatialTests:
    """Tests of known interactions, then of decoys; ``which`` is the interaction of a test, of a decoy its neighbour."""

    tests: Tests
    which: Ints
    n_known: int

    @property
    def is_known(self) -> Any:
        """Tell known interactions from decoys."""
        return np.arange(self.tests.n) < self.n_known


@dataclass(frozen=True)
class ExpressedGenes:
    """The genes of the resource: how they are laid out, and what they are in each group."""

    expression: Expression
    interactions: TestableInteractions
    observations: Observations
    rule: str

    def columns(self, order: Ints, team: Team) -> GeneColumns:
        """Lay out ligands and receptors, observations in this order."""
        cells, at = self.observations.cells, self.interactions.columns
        genes = gene_major(self.expression.matrix, cells=cells.index[order], columns=at, team=team)
        return entity_columns(genes, self.interactions.entities, self.rule)

    def proportions(self, team: Team) -> Floats:
        """Fraction of each group that expresses the least subunit, (n_entities, n_groups)."""
        cells = self.observations.cells
        genes = gene_major(self.expression.matrix, cells=cells.index, columns=self.interactions.columns, team=team)
        refuse_unsuitable(genes, self.expression)
        entities, k = self.interactions.entities, cells.groups.n
        gene = np.repeat(np.arange(genes.n_genes), np.diff(genes.indptr))
        number = gene * k + self.observations.group[genes.rows]
        expressed = np.bincount(number, minlength=genes.n_genes * k).reshape(-1, k) / cells.groups.sizes
        return np.minimum.reduceat(expressed[entities.genes], entities.indptr[:-1], axis=0)


def interactions_of(resource: Resource, expression: Expression, *, warned: bool) -> TestableInteractions:
    """Read the interactions whose genes are measured; ``warned`` where it was said before how few they are."""
    with warnings.catch_warnings():
        if warned:
            warnings.simplefilter("ignore")
        return testable_interactions(
            resource, expression.var_names, missing_subunits="drop", indirect=False, production=None
        )


def tests_of_scores(
    table: pd.DataFrame, interactions: TestableInteractions, observations: Observations
) -> SpatialTests:
    """Return the rows that were scored as tests."""
    number = {str(name): k for k, name in enumerate(observations.cells.names)}
    at = {name: i for i, name in enumerate(interactions.frame["interaction"].astype(str))}
    which = table["interaction"].astype(str).map(at).to_numpy(np.int64)
    source, target = (table[side].astype(str).map(number).to_numpy(np.int64) for side in ("source", "target"))
    tests = Tests(source, target, interactions.ligand[which], interactions.receptor[which])
    return SpatialTests(tests, which, which.size)


def tests_of_spots(interactions: TestableInteractions, prop: Floats, *, expr_prop: float) -> SpatialTests:
    """Return one test for each interaction that enough spots express."""
    both = np.minimum(prop[interactions.ligand, 0], prop[interactions.receptor, 0])
    which = np.flatnonzero((both >= expr_prop) & (both > 0))
    none = np.zeros(which.size, np.int64)
    return SpatialTests(Tests(none, none, interactions.ligand[which], interactions.receptor[which]), which, which.size)


def not_expressed(
    interactions: TestableInteractions, known: SpatialTests, prop: Floats, *, expr_prop: float
) -> list[tuple[str, str, str]]:
    """List the interactions that no row has."""
    never = np.setdiff1d(np.arange(len(interactions.frame)), known.which)
    names, most = interactions.frame["interaction"].to_numpy(object), prop.max(axis=1)
    return [
        (
            str(names[i]),
            NOT_EXPRESSED,
            f"largest fraction in any group: ligand {most[interactions.ligand[i]]:.3g}, receptor "
            f"{most[interactions.receptor[i]]:.3g}; expr_prop {expr_prop:g}",
        )
        for i in never.tolist()
    ]


def with_decoys(
    known: SpatialTests,
    interactions: TestableInteractions,
    prop: Floats,
    *,
    n: int,
    expr_prop: float,
    seed: int,
) -> SpatialTests:
    """Add tests of decoys: in every source and target where the known pair is tested and the decoy expressed."""
    pairs = np.unique(known.which)
    if n == 0 or not pairs.size:
        return known
    of_pair = interactions.ligand[pairs], interactions.receptor[pairs]
    every = interactions.ligand, interactions.receptor
    pair, receptor = decoy_receptors(of_pair, every, prop.max(axis=1), entities=interactions.entities, n=n, key=seed)
    rows = pd.DataFrame({"which": known.which, "source": known.tests.source, "target": known.tests.target})
    drawn = pd.DataFrame({"which": pairs[pair], "receptor": receptor})
    decoys = rows.merge(drawn, on="which")
    decoys = decoys[prop[decoys["receptor"], decoys["target"]] >= expr_prop]
    columns = {c: decoys[c].to_numpy(np.int64) for c in decoys}
    source, target = (np.concatenate([getattr(known.tests, c), columns[c]]) for c in ("source", "target"))
    ligand = np.concatenate([known.tests.ligand, interactions.ligand[columns["which"]]])
    tests = Tests(source, target, ligand, np.concatenate([known.tests.receptor, columns["receptor"]]))
    return SpatialTests(tests, np.concatenate([known.which, columns["which"]]), known.n_known)
