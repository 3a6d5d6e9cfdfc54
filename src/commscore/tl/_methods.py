"""Scoring methods: the table of them, their parameters, and what a call of ``score`` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
import pandas as pd

from .. import scores as scoring
from ..check import Kind, checked, is_list, is_text

if TYPE_CHECKING:
    from ..arrays import Floats

Asked: TypeAlias = Annotated[
    str | scoring.Method | Sequence[str | scoring.Method],
    Kind("the name of a method", is_text),
    Kind("what cs.tl.method returns", lambda v: hasattr(v, "name") and hasattr(v, "parameters")),
    Kind("a list of these", is_list),
]


@checked
def methods() -> pd.DataFrame:
    """List the scoring methods.

    Returns
    -------
    DataFrame
        One row per method: ``method``, ``summary``, ``measures`` (``magnitude``, ``specificity`` or both),
        ``lowest`` and ``highest`` (its range), ``strong`` (whether ``high`` or ``low`` values are),
        ``parameters`` (with their defaults, see :func:`method`), ``analytic`` (whether the analytic null
        knows it; otherwise labels are permuted), ``doi``.

    Examples
    --------
    >>> import commscore as cs
    >>> table = cs.tl.methods().set_index("method")
    >>> table.loc["mean", "doi"]
    '10.1038/s41596-020-0292-x'
    """
    rows = [
        (m.name, m.summary, m.measures, m.lowest, m.highest, m.strong, _shown(m), analytic(m), m.doi)
        for m in scoring.available().values()
    ]
    names = ["method", "summary", "measures", "lowest", "highest", "strong", "parameters", "analytic", "doi"]
    return pd.DataFrame(rows, columns=names)


@checked
def method(name: str, **parameters: Any) -> scoring.Method:
    """Return a scoring method with other parameters than its own, for ``method=`` of :func:`score`.

    Parameters
    ----------
    name
        Name of a method, see :func:`methods`.
    **parameters
        Its parameters, for example ``K``, ``n``, ``trim``, ``scale``, ``population_size`` and ``cofactors``
        of ``hill``; ``mu`` of ``regularised``; ``of`` of ``zscore``; ``how``, ``ties``, ``magnitude``,
        ``specificity`` and ``pvalues`` of ``consensus``.

    Raises
    ------
    TypeError
        If the method has no such parameter.
    ValueError
        If there is no such method, or a value is out of range.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.tl.method("hill", K=0.3, trim=0.1).name
    'hill'
    """
    return scoring.configure(name, **parameters)


def analytic(m: scoring.Method) -> bool:
    """Whether a method orders labellings as the sum or product of means, which the analytic null knows."""
    return isinstance(m, scoring.Score) and m.of_means


def _shown(m: scoring.Method) -> str:
    return ", ".join(f"{k}={v}" for k, v in m.parameters.items())


@dataclass(frozen=True)
class Chosen:
    """What is computed: ``scores``, those that were asked for or that a combination needs, each once."""

    names: list[str]
    scores: list[scoring.Score]
    combination: scoring.Combination | None

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Parameters by method, of those that have any."""
        every: list[scoring.Method] = [*self.scores, *([self.combination] if self.combination else [])]
        return {m.name: dict(m.parameters) for m in every if m.parameters}


def choose(asked: Asked, *, null: str | None) -> Chosen:
    """Resolve names and methods; refuse what cannot be computed together."""
    listed = [asked] if isinstance(asked, str | scoring.Score | scoring.Combination) else list(asked)
    found = [scoring.get(m) if isinstance(m, str) else _checked(m) for m in listed]
    names = [m.name for m in found]
    if not names or len(set(names)) != len(names):
        msg = f"method must be a name or a list of different names, found {asked!r}"
        raise ValueError(msg)
    combinations = [m for m in found if isinstance(m, scoring.Combination)]
    if len(combinations) > 1:
        msg = f"method has more than one combination of methods: {', '.join(m.name for m in combinations)}"
        raise ValueError(msg)
    combination = combinations[0] if combinations else None
    scores = [m for m in found if isinstance(m, scoring.Score)]
    scores += _components(combination, {m.name for m in scores})
    lost = [m.name for m in scores if m.standardised]
    if lost and null != "permutation":
        msg = f"method={lost[0]!r} is a distance from the permuted scores and needs null='permutation', found {null!r}"
        raise ValueError(msg)
    return Chosen(names, scores, combination)


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


def with_ranks(table: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
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

    pvalues = [p for n in combination.pvalues if not np.isnan(p := column("pvalue", n)).any()]
    ranks = {
        "magnitude_rank": best_first(combination.magnitude),
        "specificity_rank": best_first(combination.specificity) + pvalues,
    }
    for name, lists in ranks.items():
        table.insert(table.columns.get_loc("null"), name, combination.rank(np.stack(lists)))
    return table
