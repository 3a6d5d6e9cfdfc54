"""Scores: one file each, found by looking, never listed.

A module of this package that defines ``SCORE`` (a :class:`Score` or :class:`Combination`) is a scoring
method; :func:`register` adds one from elsewhere.
"""

from __future__ import annotations

import copyreg
import importlib
import inspect
import pkgutil
from functools import cache, partial
from typing import Any

from .._validate import one_of, suggest
from ._base import (
    LEVEL,
    LOGFC,
    MEAN,
    PROP,
    SHARE,
    SPREAD,
    TRIMEAN,
    ZSCORE,
    Background,
    Combination,
    Form,
    GeneSet,
    Method,
    Score,
    Side,
    Statistic,
    Stats,
    truncated,
)

__all__ = [
    "LEVEL",
    "LOGFC",
    "MEAN",
    "PROP",
    "SHARE",
    "SPREAD",
    "TRIMEAN",
    "ZSCORE",
    "Background",
    "Combination",
    "Form",
    "GeneSet",
    "Method",
    "Score",
    "Side",
    "Statistic",
    "Stats",
    "available",
    "configure",
    "get",
    "register",
    "truncated",
]


@cache
def _methods() -> dict[str, Method]:
    """All scores of this package by name."""
    scores = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            score: Method = importlib.import_module(f"{__name__}.{module.name}").SCORE
            scores[score.name] = score
    return scores


def register(score: Method) -> None:
    """Add a scoring method from outside; a second, different one of the same name is refused."""
    if not isinstance(score, Score | Combination):
        msg = f"a scoring method must be a Score or a Combination, found {type(score).__name__}"
        raise TypeError(msg)
    if _methods().setdefault(score.name, score) is not score:
        msg = f"a scoring method called {score.name!r} exists already"
        raise ValueError(msg)


def available() -> dict[str, Method]:
    """Every scoring method by name."""
    return dict(sorted(_methods().items()))


def get(name: str) -> Method:
    """Return the scoring method of this name; an unknown one is a ``ValueError`` with the closest name."""
    one_of("method", name, available())
    return _methods()[name]


def configure(name: str, **parameters: Any) -> Method:
    """Return the scoring method of this name with other parameters.

    Raises
    ------
    TypeError
        If it has no such parameter.
    ValueError
        If there is no such method, or a value is out of range.
    """
    method = get(name)
    names = list(inspect.signature(method.make).parameters) if method.make else []
    for parameter in parameters:
        if parameter not in names:
            has = ", ".join(names) or "none"
            msg = f"method {name!r} has no parameter {parameter!r} (it has {has}){suggest(parameter, names)}"
            raise TypeError(msg)
    return method.make(**parameters) if method.make else method


def _to_process(score: Score) -> tuple[Any, ...]:
    """Take a score to another process by name and parameters: functions made by functions cannot go there."""
    if score.make is None:
        return copyreg.__newobj__, (Score,), vars(score)  # type: ignore[attr-defined]
    return partial(configure, score.name, **score.parameters), ()


copyreg.pickle(Score, _to_process)
