"""Checks of the parameters of scores."""

from __future__ import annotations

from .._validate import in_range


def positive(name: str, found: object) -> None:
    """Raise unless ``found`` is a finite number above 0."""
    in_range(name, found, low=0)
    if not 0 < float(found) < float("inf"):  # type: ignore[arg-type]
        msg = f"{name} must be above 0 and finite, found {found!r}"
        raise ValueError(msg)
