"""One name for each complex and each pair, however the statements write them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from commscore.tables.resource import BASES

from ._derive import statement_levels
from ._match import subunits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

Pair = tuple[str, str]
_OF_A_REVIEW = BASES.index("stated")
"""Rank of what reviews say of a pair; the next ones are rules and lists."""


def with_one_name(evidence: pd.DataFrame) -> pd.DataFrame:
    """Write the same complex, and the same pair, in the same way in every statement.

    A complex is the same in whatever order its subunits are; where statements differ, the best founded ones decide,
    or the alphabet. A pair is the same with its sides exchanged: where it is written both ways, the better founded
    way stays (of two lists, the one whose ligand is more often a ligand), and the others say how they had it in
    ``inferred_from``. Pairs that reviews tell both ways stay two.
    """
    ranks = [BASES.index(level) for level in statement_levels(evidence)]
    name_of = _complex_names(evidence, ranks)
    pairs = list(zip(*(evidence[side].map(name_of) for side in ("ligand", "receptor")), strict=True))
    exchanged = _exchanged(pairs, ranks)
    reasons = [
        f"{reason} as {'^'.join(pair)}" if pair in exchanged else reason
        for pair, reason in zip(pairs, evidence["inferred_from"], strict=True)
    ]
    pairs = [pair[::-1] if pair in exchanged else pair for pair in pairs]
    return evidence.assign(
        interaction=["^".join(pair) for pair in pairs],
        ligand=[ligand for ligand, _ in pairs],
        receptor=[receptor for _, receptor in pairs],
        inferred_from=reasons,
    )


def _complex_names(evidence: pd.DataFrame, ranks: list[int]) -> dict[str, str]:
    """Map every molecule as it is written to the one name of its subunits."""
    spellings: dict[frozenset[str], dict[str, int]] = defaultdict(dict)
    for side in ("ligand", "receptor"):
        for name, rank in zip(evidence[side], ranks, strict=True):
            ranks_of = spellings[_members(name)]
            ranks_of[name] = min(rank, ranks_of.get(name, rank))
    return {name: _one_spelling(members, names) for members, names in spellings.items() for name in names}


def _members(name: str) -> frozenset[str]:
    return frozenset(subunits(name) or [name])


def _one_spelling(members: frozenset[str], ranks_of: dict[str, int]) -> str:
    best = [name for name, rank in ranks_of.items() if rank == min(ranks_of.values())]
    return best[0] if len(best) == 1 else "_".join(sorted(members))


def _exchanged(pairs: list[Pair], ranks: list[int]) -> set[Pair]:
    """Return the pairs whose sides are to be exchanged, since they are better known the other way round."""
    best = dict.fromkeys(pairs, len(BASES))
    for pair, rank in zip(pairs, ranks, strict=True):
        best[pair] = min(best[pair], rank)
    surplus = _surplus_as_ligand(pairs)

    def preference(pair: Pair) -> tuple[int, int, Pair]:
        ligand, receptor = pair
        return best[pair], surplus[receptor] - surplus[ligand], pair

    both_ways = _written_both_ways(pairs)
    return {max(both, key=preference) for both in both_ways if max(best[pair] for pair in both) > _OF_A_REVIEW}


def _written_both_ways(pairs: Iterable[Pair]) -> Iterator[tuple[Pair, Pair]]:
    known = set(pairs)
    return ((pair, pair[::-1]) for pair in known if pair < pair[::-1] and pair[::-1] in known)


def _surplus_as_ligand(pairs: Iterable[Pair]) -> Counter[str]:
    """In how many more statements a molecule is a ligand than a receptor."""
    surplus: Counter[str] = Counter()
    for ligand, receptor in pairs:
        surplus[ligand] += 1
        surplus[receptor] -= 1
    return surplus
