"""What some scores take from beyond ligands and receptors: all genes' values, and cofactors of the resource."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Entities
from ..core.read.matrix import cell_sums
from ..core.scoring.problem import CellTotals, GeneSetsOfTests

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ..arrays import Ints
    from ..scores import Score
    from .interactions import TestableInteractions


def cell_totals(matrix: Any, cells: Ints) -> CellTotals:
    """Mean and mean square of all genes of these cells, in their order."""
    total, of_squares = cell_sums(matrix, cells)
    return CellTotals(total / matrix.shape[1], of_squares / matrix.shape[1])


def with_cofactors(
    interactions: TestableInteractions, scores: Sequence[Score], var_names: pd.Index
) -> tuple[TestableInteractions, dict[str, GeneSetsOfTests]]:
    """Add the genes of the sets that the scores use, and give each interaction's set by column.

    Genes are separated by ``;``. Columns that the resource lacks, or of which no gene is measured, are left
    out.
    """
    sets: dict[str, GeneSetsOfTests] = {}
    for column in dict.fromkeys(g.column for score in scores for g in score.sets):
        if column in interactions.frame:
            cells = ["" if cell is None else str(cell) for cell in interactions.frame[column].fillna("")]
            interactions, gene_sets = _sets(interactions, [_measured(cell, var_names) for cell in cells], var_names)
            if gene_sets.sets.n:
                sets[column] = gene_sets
    return interactions, sets


def _measured(cell: str, var_names: pd.Index) -> tuple[str, ...]:
    names = dict.fromkeys(name.strip() for name in cell.split(";"))
    return tuple(name for name in names if name in var_names)


def _sets(
    interactions: TestableInteractions, members: list[tuple[str, ...]], var_names: pd.Index
) -> tuple[TestableInteractions, GeneSetsOfTests]:
    number = {gene: i for i, gene in enumerate(interactions.genes)}
    new = sorted({gene for genes in members for gene in genes} - set(number))
    number |= {gene: len(number) + i for i, gene in enumerate(new)}
    columns = np.concatenate([interactions.columns, var_names.get_indexer(new)]).astype(np.int64)
    genes = np.concatenate([interactions.genes, np.asarray(new, object)])
    unique = sorted({m for m in members if m})
    at = {m: i for i, m in enumerate(unique)} | {(): len(unique)}
    sets = Entities.of([[number[gene] for gene in m] for m in unique])
    of_interaction = np.asarray([at[m] for m in members], np.int64)
    return replace(interactions, columns=columns, genes=genes), GeneSetsOfTests(sets, of_interaction)


def gene_sets_of_tests(sets: dict[str, GeneSetsOfTests], which: Ints) -> dict[str, GeneSetsOfTests]:
    """From the set of each interaction to that of each test."""
    return {name: replace(s, of_test=s.of_test[which]) for name, s in sets.items()}
