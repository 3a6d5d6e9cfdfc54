"""Ways of communication in the order of the first review, mapped to the values of ``mode``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commscore.tables.resource import MODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

# heading of the review -> modes; an empty tuple is a heading above others
WAYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Direct communication (cells touch)", ()),
    ("— gap junction", ("gap_junction",)),
    ("— adhesion molecules of cell junctions: adhesion belts, desmosomes", ("junctional_adhesion",)),
    ("— adhesion molecules outside junctions", ("contact", "checkpoint", "antigen_presentation")),
    ("Indirect communication (through the space between cells)", ()),
    ("— soluble factors: paracrine and autocrine", ("paracrine", "autocrine", "shedding")),
    ("— extracellular vesicles: microvesicles, exosomes", ("extracellular_vesicle",)),
    ("— extracellular matrix", ("ecm",)),
    ("Communication with the internal environment", ()),
    ("— hormones", ("hormone",)),
    ("— metabolites", ("metabolite",)),
    ("Not said", ("unknown",)),
)


def rows(tables: Mapping[str, pd.DataFrame], *, n_examples: int = 3) -> list[list[str]]:
    """Return heading, mode, interactions, statements and examples.

    Raises
    ------
    ValueError
        If a mode has no place, or more than one.
    """
    placed = [mode for _, modes in WAYS for mode in modes]
    if sorted(placed) != sorted(MODES):
        msg = f"docs/_ext/taxonomy.py must place every mode once; the modes are {MODES}, it places {placed}"
        raise ValueError(msg)
    result = []
    for heading, modes in WAYS:
        for i, mode in enumerate(modes or [""]):
            result.append([heading if i == 0 else "", *(_of(tables, mode, n_examples) if mode else [""] * 4)])
    return result


def _of(tables: Mapping[str, pd.DataFrame], mode: str, n_examples: int) -> list[str]:
    """Interactions of which any statement has this mode: those with the most such statements are the examples."""
    evidence = tables["evidence"]
    counts = evidence.loc[evidence["mode"] == mode, "interaction"].value_counts(sort=False)
    examples = counts.sort_index().sort_values(ascending=False, kind="stable").index[:n_examples]
    return [f"`{mode}`", str(len(counts)), str(counts.sum()), ", ".join(f"`{e}`" for e in examples)]
