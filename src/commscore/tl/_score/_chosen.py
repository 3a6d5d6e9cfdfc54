"""Scoring methods that a call of ``score`` asks for, resolved, and the ranks of a combination of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
import pandas as pd

from ... import scores as scoring
from ...check import Kind, is_list, is_text

if TYPE_CHECKING:
    from ...arrays import Floats

Methods: TypeAlias = Annotated[
    str | scoring.Method | Sequence[str | scoring.Method],
    Kind("the name of a method", is_text),
    Kind("what cs.tl.method returns", lambda v: hasattr(v, "name") and hasattr(v, "parameters")),
    Kind("a list of these", is_list),
]


@dataclass(frozen=True)
class ChosenMethods:
    """What is computed: ``scores``, those that were asked for or that a combination needs, each once."""

    names: list[str]
    scores: list[scoring.Score]
    combination: scoring.Combination | None

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Parameters by method, of those that have any."""
        every: list[scoring.Method] = [*self.scores, *([self.combination] if self.combination else [])]
        return {m.name: dict(m.parameters) for m in every if m.parameters}


def choose(methods: Methods, *, null: str | None) -> ChosenMethods:
    """Resolve names and methods; refuse what cannot be computed together."""
    listed = [methods] if isinstance(methods, str | scoring.Score | scoring.Combination) else list(methods)
    resolved = [scoring.get(m) if isinstance(m, str) else _checked(m) for m in listed]
    names = [m.name for m in resolved]
    if not names or len(set(names)) != len(names):
        msg = f"method must be a name or a list of different names, found {methods!r}"
        raise ValueError(msg)
    combinations = [m for m in resolved if isinstance(m, scoring.Combination)]
    if len(combinations) > 1:
        msg = f"method has more than one combination of methods: {', '.join(m.name for m in combinations)}"
        raise ValueError(msg)
    combination = combinations[0] if combinations else None
    scores = [m for m in resolved if isinstance(m, scoring.Score)]
    scores += _components(combination, {m.name for m in scores})
    lost = [m.name for m in scores if m.standardised]
    if lost and null != "permutation":
        msg = f"method={lost[0]!r} is a distance from the permuted scores and needs null='permutation', found {null!r}"
        raise ValueError(msg)
    return ChosenMethods(names, scores, combination)


def refuse_one_group(chosen: ChosenMethods, groupby: str) -> None:
    """Raise if a method sets a group against the others, of which there are none."""
    relative = [m.name for m in chosen.scores if any(s.relative == "rest" for s in m.needs)]
    if relative:
        by = f" ({chosen.combination.name!r} ranks it)" if chosen.combination else ""
        msg = (
            f"method={relative[0]!r}{by} sets a group against the cells of all other groups, and "
            f"adata.obs[{groupby!r}] has one group; choose another method, such as 'mean' (cs.tl.methods lists them)"
        )
        raise ValueError(msg)


def _checked(m: object) -> scoring.Method:
    if not isinstance(m, scoring.Score | scoring.Combination):
        msg = f"method must be a name or what cs.tl.method returns, or a list of these, found {type(m).__name__}"
        raise TypeError(msg)
    return m


def _components(combination: scoring.Combination | None, have: set[str]) -> list[scoring.Score]:
    components = [scoring.get(name) for name in (combination.components if combination else ()) if name not in have]
    for m in components:
        if not isinstance(m, scoring.Score):
            msg = f"{m.name!r} is itself a combination of methods and cannot be combined"
            raise ValueError(msg)  # noqa: TRY004
    return [m for m in components if isinstance(m, scoring.Score)]


def with_ranks(table: pd.DataFrame, chosen: ChosenMethods) -> pd.DataFrame:
    """Add ``magnitude_rank`` and ``specificity_rank``, if a combination was asked for."""
    combination = chosen.combination
    if combination is None:
        return table
    strong = {m.name: m.strong for m in chosen.scores}

    def column(kind: str, name: str) -> Floats:
        several = f"{kind}_{name}" in table
        values: Floats = table[f"{kind}_{name}" if several else kind].to_numpy(np.float64)
        return values

    def best_first(names: tuple[str, ...]) -> list[Floats]:
        return [-column("score", n) if strong[n] == "high" else column("score", n) for n in names]

    # those before the correction for the filter, which makes many of them one
    raw = "pvalue_within_raw" if any(str(c).startswith("pvalue_within_raw") for c in table) else "pvalue_raw"
    pvalues = [p for n in combination.pvalues if not np.isnan(p := column(raw, n)).any()]
    ranks = {
        "magnitude_rank": best_first(combination.magnitude),
        "specificity_rank": best_first(combination.specificity) + pvalues,
    }
    for name, lists in ranks.items():
        table.insert(table.columns.get_loc("null"), name, combination.rank(np.stack(lists)))
    return table
