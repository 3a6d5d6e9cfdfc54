"""Words of error messages and warnings, and the checks by hand that arrays code needs too.

:mod:`commscore.check` refuses what the annotations of a public function exclude; it knows AnnData, pandas and
Matplotlib, which kernels, statistics, scores and the engine must not import. What these check themselves
(:func:`in_range`, :func:`one_of`), and what every message is made of (:func:`shown`, :func:`listed`, :func:`suggest`,
:func:`warn`), is here: below everything, without an import of its own.
"""

from __future__ import annotations

import difflib
import math
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def suggest(name: object, options: Iterable[object]) -> str:
    """Return ``"; did you mean 'x'?"`` if a known name is close to the one found, else ``""``."""
    close = difflib.get_close_matches(str(name), [str(k) for k in options], n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def shown(value: object, *, most: int = 80) -> str:
    """Return what was found and its type, cut to a line; containers of data by their type alone."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool):
        return repr(value)
    if hasattr(value, "shape") and hasattr(value, "dtype" if getattr(value, "ndim", 0) else "obs"):
        return kind
    text = " ".join(repr(value).split()) if not hasattr(value, "columns") and not hasattr(value, "obs") else ""
    return f"{text[:most]}{'…' if len(text) > most else ''} ({kind})" if text else kind


def listed(items: Iterable[object], *, most: int = 10) -> str:
    """Return the first names, and how many there are in all if that is not all of them."""
    names = [as_written(str(k)) for k in items]
    return ", ".join(names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")


def as_written(name: str) -> str:
    """Return a name for a message, as ``repr`` shows it where white space or invisible characters would not be seen."""
    is_plain = name.isprintable() and name == name.strip() and "  " not in name
    return name if is_plain else repr(name)


def warn(message: str) -> None:
    """Warn at the line outside the package that called it."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == __package__:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)


def one_of(argument: str, value: object, options: Iterable[object]) -> None:
    """Raise ``ValueError`` unless ``value`` is one of ``options``."""
    options = list(options)
    if not any(value is k or (type(value) is type(k) and value == k) for k in options):
        listing = ", ".join(repr(k) for k in options)
        msg = f"{argument}={value!r} is not one of {listing}{suggest(value, options)}"
        raise ValueError(msg)


@dataclass(frozen=True)
class Limits:
    """Least and greatest value of a number, both allowed unless ``above`` excludes the least; never ``but``."""

    low: float
    high: float = math.inf
    above: bool = False
    but: float | None = None

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"{'>' if self.above else '>='} {self.low:g}"
        return f"between {self.low:g} and {self.high:g}" + ("" if self.but is None else f", not {self.but:g}")

    def hold(self, value: float) -> bool:
        """Whether a number lies within."""
        return self.low <= value <= self.high and value != self.but and not (self.above and value == self.low)


def in_range(
    argument: str, value: object, *, low: float, high: float = math.inf, integer: bool = False, above: bool = False
) -> None:
    """Raise unless ``value`` is a finite number (an integer if asked) with ``low <= value <= high``.

    ``above`` excludes ``low`` itself.
    """
    import numbers

    number_type = numbers.Integral if integer else numbers.Real
    limits = Limits(low, high, above)
    start = f"{argument} must be {'an integer' if integer else 'a number'} {limits}, found"
    if isinstance(value, bool) or not isinstance(value, number_type):
        msg = f"{start} {shown(value)}"
        raise TypeError(msg)
    if not (integer or math.isfinite(value)) or not limits.hold(value):  # type: ignore[arg-type]
        msg = f"{start} {value!r}"
        raise ValueError(msg)
