"""Decoys: each ligand with the receptor of another ligand, matched in expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...arrays import Entities, Floats, Ints

NEAREST = 10
"""A decoy is drawn from so many receptors of the most similar level."""


def decoy_receptors(
    pairs: tuple[Ints, Ints], known: tuple[Ints, Ints], level: Floats, *, entities: Entities, n: int, key: int
) -> tuple[Ints, Ints]:
    """Draw ``n`` decoys for every pair; return the pair and the receptor of each.

    Parameters
    ----------
    pairs
        Ligand and receptor of the pairs.
    known
        Ligand and receptor of all interactions that are known: none of them is a decoy, nor is a receptor that shares a
        gene with the ligand or with one of its receptors.
    level
        What is matched, for example the fraction of cells that express an entity, (n_entities,).
    entities
        Genes of the entities.
    n, key
        Number of decoys of a pair, and the seed. A pair with fewer candidates has fewer decoys.
    """
    genes = [frozenset(entities.genes[a:b].tolist()) for a, b in _bounds(entities)]
    candidates = np.unique(pairs[1])
    barred: dict[int, frozenset[int]] = {}
    for ligand, receptor in zip(known[0].tolist(), known[1].tolist(), strict=True):
        barred[ligand] = barred.get(ligand, genes[ligand]) | genes[receptor]
    pair, drawn = [], []
    for i, (ligand, receptor) in enumerate(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)):
        free = [c for c in candidates.tolist() if not genes[c] & barred[ligand]]
        near = np.argsort(np.abs(level[np.asarray(free, np.int64)] - level[receptor]), kind="stable")
        chosen = np.random.default_rng([key, i]).permutation(near[: max(NEAREST, n)])[:n]
        drawn += [free[c] for c in chosen.tolist()]
        pair += [i] * len(chosen)
    return np.asarray(pair, np.int64), np.asarray(drawn, np.int64)


def _bounds(entities: Entities) -> list[tuple[int, int]]:
    return list(zip(entities.indptr[:-1].tolist(), entities.indptr[1:].tolist(), strict=True))
