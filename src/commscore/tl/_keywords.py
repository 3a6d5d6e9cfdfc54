"""A misspelt keyword gets the closest one in its error."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .._validate import suggest

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def known_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Raise ``TypeError`` with a suggestion where a keyword is not one of ``function``'s."""
    names = list(inspect.signature(function).parameters)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in names:
                msg = f"{function.__name__}() has no keyword {name!r}{suggest(name, names)}"
                raise TypeError(msg)
        return function(*args, **kwargs)

    return checked
