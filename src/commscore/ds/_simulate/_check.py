"""Checks of the arguments of :func:`commscore.ds.simulate`."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

from commscore import _validate


def number(argument: str, found: Any, *, zero: bool = False) -> float:
    """Return ``found`` as a float if it is finite and positive (or zero, where that has a meaning)."""
    wanted = "a finite number >= 0" if zero else "a finite number > 0"
    if isinstance(found, bool) or not isinstance(found, numbers.Real):
        msg = f"{argument} must be {wanted}, found {found!r} ({type(found).__name__})"
        raise TypeError(msg)
    value = float(found)
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        msg = f"{argument} must be {wanted}, found {found!r}"
        raise ValueError(msg)
    return value


def count(argument: str, found: Any, *, low: int = 1) -> int:
    """Return ``found`` as an int if it is an integer not below ``low``."""
    _validate.in_range(argument, found, low=low, integer=True)
    return int(found)


def known(argument: str, found: Any, names: Iterable[str], *, what: str) -> None:
    """Raise ``ValueError`` if ``found`` is not among ``names``; long lists are shortened."""
    names = tuple(names)
    if found in names:
        return
    shown = ", ".join(repr(n) for n in names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
    msg = f"{argument}: {found!r} is not {what}{_validate.suggest(found, names)} (known: {shown})"
    raise ValueError(msg)


def names(argument: str, found: Any, *, low: int = 1) -> tuple[str, ...]:
    """Return ``found`` as a tuple of unique non-empty strings, at least ``low`` of them."""
    if isinstance(found, str) or not isinstance(found, Iterable):
        msg = f"{argument} must be a sequence of names, found {found!r}"
        raise TypeError(msg)
    values = tuple(found)
    if len(values) < low:
        msg = f"{argument} needs at least {low} name(s), found {len(values)}"
        raise ValueError(msg)
    for value in values:
        if not isinstance(value, str) or not value:
            msg = f"{argument} must hold non-empty strings, found {value!r}"
            raise TypeError(msg)
    if len(set(values)) < len(values):
        twice = sorted({v for v in values if values.count(v) > 1})
        msg = f"{argument} must be unique, found twice: {', '.join(map(repr, twice))}"
        raise ValueError(msg)
    return values


def proportions(found: Any) -> dict[str, float]:
    """Return group -> expected proportion (sum 1) from a mapping of weights or a sequence of names."""
    if not isinstance(found, Mapping):
        found = dict.fromkeys(names("groups", found), 1.0)
    weights = {g: number(f"groups[{g!r}]", found[g]) for g in names("groups", found)}
    total = sum(weights.values())
    return {g: w / total for g, w in weights.items()}
