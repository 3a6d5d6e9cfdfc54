"""Works that several kinds of result are built on; one that a single kind needs stands in its file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A publication: its DOI, and how it is cited."""

    doi: str
    text: str


BENJAMINI_HOCHBERG = Work(
    "10.1111/j.2517-6161.1995.tb02031.x",
    "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate: a practical and powerful approach to "
    "multiple testing. J R Stat Soc B 57:289–300",
)
PERMUTATIONS = Work(
    "10.2202/1544-6115.1585",
    "Phipson B, Smyth GK (2010). Permutation p-values should never be zero: calculating exact p-values when "
    "permutations are randomly drawn. Stat Appl Genet Mol Biol 9:39",
)
MODERATION = Work(
    "10.2202/1544-6115.1027",
    "Smyth GK (2004). Linear models and empirical Bayes methods for assessing differential expression in microarray "
    "experiments. Stat Appl Genet Mol Biol 3:3",
)
