"""Text that is drawn as it is written: a ``$`` in the name of a group is a dollar, not the start of a formula."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_AS_WRITTEN: dict[Any, Any] = {"text.parse_math": False, "text.usetex": False, "axes.formatter.use_mathtext": False}


@contextmanager
def literal() -> Iterator[None]:
    """Let every text that is made inside be drawn letter by letter, whatever the settings of the user."""
    import matplotlib as mpl

    with mpl.rc_context(_AS_WRITTEN):
        yield


def make_literal(ax: Any) -> None:
    """Do the same to what a plot writes into of axes that were there before: ticks, labels of the axes, title."""
    for axis in (ax.xaxis, ax.yaxis):
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        for text in (axis.label, *(label for tick in ticks for label in (tick.label1, tick.label2))):
            _as_written(text)
    _as_written(ax.title)


def _as_written(text: Any) -> None:
    text.set_parse_math(False)
    text.set_usetex(False)
