"""Scores: one file each, found by looking, never listed.

A module of this package that defines ``SCORE`` (a :class:`Score`) is a scoring method; :func:`register` adds
one from elsewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from .._validate import one_of
from ._base import Form, Score, Side, Stats

__all__ = ["Form", "Score", "Side", "Stats", "available", "get", "register"]


@cache
def _found() -> dict[str, Score]:
    """All scores of this package by name."""
    scores = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            score: Score = importlib.import_module(f"{__name__}.{module.name}").SCORE
            scores[score.name] = score
    return scores


def register(score: Score) -> None:
    """Add a scoring method from outside; a second, different one of the same name is refused."""
    if _found().setdefault(score.name, score) is not score:
        msg = f"a scoring method called {score.name!r} exists already"
        raise ValueError(msg)


def available() -> dict[str, Score]:
    """Every scoring method by name."""
    return dict(sorted(_found().items()))


def get(name: str) -> Score:
    """Return the scoring method of this name; an unknown one is a ``ValueError`` with the closest name."""
    one_of("method", name, available())
    return _found()[name]
