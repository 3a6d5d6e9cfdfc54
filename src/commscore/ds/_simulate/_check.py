"""Checks of the arguments of :func:`commscore.ds.simulate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from commscore import _validate


def member(argument: str, value: Any, names: Iterable[str], *, what: str) -> None:
    """Raise ``ValueError`` if ``value`` is not among ``names``; long lists are shortened."""
    names = tuple(names)
    if value in names:
        return
    shown = ", ".join(repr(n) for n in names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
    msg = f"{argument}: {value!r} is not {what}{_validate.suggest(value, names)} (known: {shown})"
    raise ValueError(msg)


def names(argument: str, value: Any, *, low: int = 1) -> tuple[str, ...]:
    """Return ``value`` as a tuple of unique non-empty strings, at least ``low`` of them."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        msg = f"{argument} must be a sequence of names, found {value!r}"
        raise TypeError(msg)
    values = tuple(value)
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


def proportions(groups: Any) -> dict[str, float]:
    """Return group -> expected proportion (sum 1) from a mapping of weights or a sequence of names."""
    if not isinstance(groups, Mapping):
        groups = dict.fromkeys(names("groups", groups), 1.0)
    weights = {g: float(groups[g]) for g in names("groups", groups)}
    total = sum(weights.values())
    return {g: w / total for g, w in weights.items()}
