"""Which genes make a molecule that no gene encodes: steps that are needed together, each of alternative genes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Steps: TypeAlias = tuple[tuple[str, ...], ...]
"""Alternatives of every step, in order."""


def steps_of(molecules: pd.DataFrame) -> dict[str, Steps]:
    """Return the steps of every molecule that has some, in their order; alternatives are sorted.

    A table without the column ``step`` has none.
    """
    if "step" not in molecules:
        return {}
    with_steps = molecules[molecules["step"] != ""]
    genes: dict[str, dict[str, set[str]]] = {}
    for molecule, step, gene in zip(with_steps["molecule"], with_steps["step"], with_steps["gene"], strict=True):
        genes.setdefault(molecule, {}).setdefault(step, set()).add(gene)
    return {m: tuple(tuple(sorted(genes[m][s])) for s in sorted(genes[m], key=_in_order)) for m in sorted(genes)}


def _in_order(step: str) -> tuple[int, str]:
    number = step.split(" ", 1)[0]
    return (int(number) if number.isdigit() else 0, step)


def consumers_of(molecules: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the sorted genes that break a molecule down, of every molecule that has some."""
    broken = molecules[molecules["role"] == "consumer"]
    return {m: tuple(sorted(set(genes))) for m, genes in broken.groupby("molecule")["gene"]}


def origin_of(molecules: pd.DataFrame) -> dict[str, str]:
    """Return where every molecule is made: ``local``, ``systemic`` or ``external``."""
    if "origin" not in molecules:
        return {}
    return dict(zip(molecules["molecule"], molecules["origin"], strict=True))
