"""Labels of cells, samples and conditions: their text, their order, their equality, and which one is the reference.

One rule for every type of column, so that nothing changes when data are saved and read again: h5ad turns text into
categories in alphabetical order. Labels are compared and shown as text; a whole number reads the same whether it is
stored as ``0``, ``0.0`` or ``"0"``.
"""

from __future__ import annotations

import math
import numbers
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from ._validate import listed, suggest, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Label = str | int | float | bool
"""What names a label in an argument; see :func:`text` and :func:`find`."""

PAIRWISE = "pairwise"
"""``contrast="pairwise"``: every two levels once."""

OWN_REFERENCE = "every pair has its own"
"""How the reference of such pairs is chosen."""

CONTROLS = (
    "control",
    "ctrl",
    "healthy",
    "healthy_control",
    "normal",
    "untreated",
    "unstimulated",
    "vehicle",
    "mock",
    "baseline",
    "pre",
    "primary",
    "wild-type",
    "wt",
    "0",
    "0.0",
)
"""Whole labels that name a reference, in any case."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INSIDE = re.compile(r"((?:(?<!\S)-)?\d+(?:\.\d+)?)")  # a minus counts after a blank: "day -2", not "day-2"
_STEM = re.compile(r"(\D*?)((?:(?<!\S)-)?\d+(?:\.\d+)?)(\D*)")
_MOST = 1e15  # whole numbers beyond are written as Python does

Key = tuple[tuple[int, float, str], ...]


def text(label: object) -> str:
    """Return a label as text; a whole number without its decimals.

    Examples
    --------
    >>> [text(label) for label in ("day 2", 24.0, 0.5, True)]
    ['day 2', '24', '0.5', 'True']
    """
    if isinstance(label, numbers.Real) and not isinstance(label, numbers.Integral):
        value = float(label)
        if value.is_integer() and abs(value) < _MOST:
            return str(int(value))
    return str(label)


def number(label: str) -> float | None:
    """Return the number that a label is, or ``None``."""
    match = _NUMBER.fullmatch(label)
    value = float(match.group()) if match else math.nan
    return value if math.isfinite(value) else None


def natural_key(label: str) -> Key:
    """Return a key to sort by: numbers by value and first, text with numbers inside naturally."""
    value = number(label)
    if value is not None:
        return (0, value, ""), (0, 0.0, label)
    parts = _INSIDE.split(label)
    return (*((0, float(p), "") if i % 2 else (1, 0.0, p) for i, p in enumerate(parts)), (2, 0.0, label))


def natural_order(labels: Iterable[str]) -> list[str]:
    """Return labels in natural order.

    Examples
    --------
    >>> natural_order(["day10", "day2", "day1.5"]), natural_order(["10", "-1", "2.5"])
    (['day1.5', 'day2', 'day10'], ['-1', '2.5', '10'])
    """
    return sorted(labels, key=natural_key)


def find(label: object, labels: Sequence[str]) -> str | None:
    """Return the one of ``labels`` that a label names, or ``None``.

    The same text, else the same number, where exactly one has it. True and False are labels of their own: they read
    ``"True"`` and ``"False"``, and are 1 and 0 only where all labels are numbers.

    Examples
    --------
    >>> find(0, ["0", "24"]), find("24.0", ["0", "24"]), find(True, ["False", "True"]), find(3, ["0", "24"])
    ('0', '24', 'True', None)
    """
    name = text(label)
    if name in labels:
        return name
    values = [number(k) for k in labels]
    if name in ("True", "False") and not isinstance(label, str) and None not in values:
        name = str(int(name == "True"))
    value = number(name)
    equal = [k for k, v in zip(labels, values, strict=True) if value is not None and v == value]
    return equal[0] if len(equal) == 1 else None


def as_list(names: Any) -> list[Any]:
    """Return one label, or several, as a list."""
    return [names] if isinstance(names, str) or not hasattr(names, "__iter__") else list(names)


def choose(argument: str, names: Any, *, options: Sequence[str], what: str) -> list[str]:
    """Return the labels that an argument names, one or several, as they are known.

    Raises
    ------
    ValueError
        If one is not among ``options`` (``what`` says what these are), or is named twice.
    """
    entries = as_list(names)
    labels = [find(name, options) for name in entries]
    for name, label in zip(entries, labels, strict=True):
        if label is None:
            quoted = repr(name) if isinstance(name, str) else text(name)
            is_one = isinstance(names, str) or not hasattr(names, "__iter__")
            start = f"{argument}={quoted} is" if is_one else f"{argument} has {quoted}, which is"
            msg = f"{start} not {what} (there are {listed(options)}){suggest(name, options)}"
            raise ValueError(msg)
    chosen = [label for label in labels if label is not None]
    if len(set(chosen)) < len(chosen) or not chosen:
        msg = f"{argument} must name different labels, at least one, found {names!r}"
        raise ValueError(msg)
    return chosen


def contrasts_named(contrast: object, names: Sequence[str], levels: Sequence[str]) -> list[str]:
    """Return the contrasts that a name, or the level of them, names; ``levels`` are those of ``names``.

    Raises
    ------
    ValueError
        If it is the name of one contrast and the level of another.

    Examples
    --------
    >>> contrasts_named("b", ["b vs a", "c vs a"], ["b", "c"]), contrasts_named("c vs a", ["c vs a"], ["c"])
    (['b vs a'], ['c vs a'])
    """
    name, level = find(contrast, names), find(contrast, list(dict.fromkeys(levels)))
    of_level = [n for n, own in zip(names, levels, strict=True) if level is not None and own == level]
    others = [n for n in of_level if n != name]
    if name is not None and others:
        msg = (
            f"contrast={contrast!r} is the name of one contrast and the level of {listed(map(repr, others))}; give the "
            "whole name of the latter or the level of the former, or rename a level"
        )
        raise ValueError(msg)
    return of_level if name is None else [name]


def visible(label: str) -> str:
    """Return a label with its white space made plain: single blanks inside, none outside, nothing without width."""
    printable = "".join(" " if c.isspace() else c for c in label if c.isspace() or unicodedata.category(c) != "Cf")
    return " ".join(printable.split())


def warn_of_white_space(labels: Sequence[str], *, where: str) -> None:
    """Warn of labels that look the same, or that begin or end with a blank."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(visible(label), []).append(label)
    twins = [group for group in alike.values() if len(group) > 1]
    padded = [label for label in labels if label != label.strip() and not any(label in group for group in twins)]
    flaws = []
    if twins:
        some = "; ".join(" and ".join(map(repr, group)) for group in twins[:3])
        flaws.append(f"labels that differ only in white space or invisible characters ({some})")
    if padded:
        flaws.append(f"labels that begin or end with a blank ({', '.join(map(repr, padded[:5]))})")
    if flaws:
        warn(
            f"{where} has {' and '.join(flaws)}; they are different labels. If they are meant to be one, or the blanks "
            "are slips, clean the column, for example with .astype(str).str.split().str.join(' ')"
        )


def reference(levels: Sequence[str], *, what: str, first_of: str = "") -> tuple[str, str]:
    """Return the level that serves as the reference where none is named, and the rule that chose it.

    Parameters
    ----------
    levels
        All levels, in the user's order where there is one.
    what
        What they are levels of, for the message.
    first_of
        What gave the order: ``"order"`` or ``"an ordered categorical"``; empty where nothing did.

    Raises
    ------
    ValueError
        If no rule names one level.

    Examples
    --------
    >>> reference(["Control", "treated"], what="adata.obs['arm']")
    ('Control', 'named as a control')
    >>> reference(["day2", "day10"], what="adata.obs['day']")
    ('day2', 'smallest number')
    """
    if first_of:
        return levels[0], f"first of {first_of}"
    controls = [level for level in levels if level.casefold() in CONTROLS]
    if len(controls) == 1:
        return controls[0], "named as a control"
    smallest = _smallest(levels)
    if smallest is not None:
        return smallest, "smallest number"
    several = f" ({listed(controls)} all name a control)" if controls else ""
    msg = (
        f"reference is needed: nothing says which level of {what} the others are set against{several}; give "
        f"reference= one of {', '.join(map(repr, levels[:12]))}{', …' if len(levels) > 12 else ''}, or order= with "
        "the levels in order"
    )
    raise ValueError(msg)


def _smallest(levels: Sequence[str]) -> str | None:
    """Return the smallest level where all are numbers, or one stem with a number; a hyphen before it may be a minus."""
    values = [number(level) for level in levels]
    if None in values:
        parts = [_STEM.fullmatch(level) for level in levels]
        stems = {(p.group(1), p.group(3)) for p in parts if p is not None}
        if None in parts or len(stems) != 1:
            return None
        if next(iter(stems))[0].endswith("-"):  # day-14 and day-7: days before, or names with a hyphen?
            return None
        values = [float(p.group(2)) for p in parts if p is not None]
    least = min(v for v in values if v is not None)
    return levels[values.index(least)] if values.count(least) == 1 else None
