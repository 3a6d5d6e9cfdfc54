"""Text that fits: shortened names, titles that say what was left out, labels that make room for each other."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _names
from ._fit import room

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Names = tuple[str, ...]
"""Of a label: one name, source and target, or interaction, source and target."""
INCH_PER_LETTER = 0.068
"""Of 8 pt sans serif, a little more than the average."""
_ARROW = " → "
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_WORDS = re.compile("([^\\w]+|_)")
_HEADING = 80
"""Most letters of a name in a title."""
_LEAST = 8
"""Letters of a group name from which on the gene names give way, too."""


def shorten(names: Iterable[str], longest: int = 34) -> dict[str, str]:
    """Return a short form of every name, its longest words abbreviated; different names stay different."""
    short: dict[str, str] = {}
    labels: set[str] = set()
    for name in dict.fromkeys(map(str, names)):
        label, count = _cut(name, longest), 1
        if label in labels:  # the ends differ
            label = _middle(name, longest)
        while label in labels:
            count += 1
            mark = f" ({count})"
            label = _cut(name, max(longest - len(mark), 3)) + mark
        labels.add(label)
        short[name] = label
    return short


def heading(name: str) -> str:
    """Return a name as a title holds it."""
    return _cut(name, _HEADING)


def _cut(name: str, longest: int) -> str:
    """Return a name, its longest words cut to a full stop; what has no words, or too many, is cut in the middle."""
    name = _BREAKS.sub(" ", name)  # in a name they would tear the rows apart
    if len(name) <= longest or "^" in name:
        return _middle(name, longest)
    words = _WORDS.split(name)
    for most in range(max(map(len, words)) - 1, 2, -1):
        short = "".join(w if len(w) <= most or not w.isalpha() else f"{w[: most - 1]}." for w in words)
        if len(short) <= longest:
            return short
    return _middle(name, longest)


def _middle(name: str, longest: int) -> str:
    name = _BREAKS.sub(" ", name)
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 2
    return f"{name[: longest - 1 - tail]}…{name[len(name) - tail :]}"


def edge_labels(frame: Any, longest: int = 34) -> list[Names]:
    """Return interaction, source and target of every row, each name shortened by itself."""
    short = [shorten(frame[c].astype(str), longest) for c in ("interaction", "source", "target")]
    columns = [frame[c].astype(str).map(m) for c, m in zip(("interaction", "source", "target"), short, strict=True)]
    return list(zip(*columns, strict=True))


def short_labels(labels: Iterable[Names], longest: int = 20) -> list[str]:
    """Return labels with each name shortened by itself, such as ``source → target``; different ones stay different."""
    whole = list(labels)
    short = shorten([name for label in whole for name in label], longest)
    return [written(tuple(short[name] for name in label)) for label in whole]


def written(names: Names) -> str:
    """Return a name, ``source → target`` of two, or ``interaction  source → target`` of three."""
    *interaction, source, target = names if len(names) > 1 else ("", *names)
    return "  ".join([*interaction, f"{source}{_ARROW}{target}" if len(names) > 1 else target])


def fitted(label: Names, most: int) -> str:
    """Return names in at most ``most`` letters together: groups give way before genes, the longest first."""
    left = most - len(written(("",) * len(label)))
    groups = label[-2:]
    for_groups = left - sum(map(len, label[:-2]))
    if len(label) > 2 and for_groups >= sum(min(len(n), _LEAST) for n in groups):
        return written((*label[:-2], *_capped(groups, for_groups)))
    return written(_capped(label, left))


def _capped(names: Names, letters: int) -> Names:
    """Return names in so many letters together, the longest shortened."""
    cap = max((c for c in range(3, letters + 1) if sum(min(len(n), c) for n in names) <= letters), default=3)
    return tuple(_cut(n, cap) for n in names)


def beside(labels: Iterable[Names]) -> list[str]:
    """Return labels of rows, cut where the axes are the caller's and narrow."""
    return [fitted(label, room().across(200, 0.42)) for label in labels]


def two_lines(label: Names, most: int) -> str:
    """Return the interaction, and below it ``source → target``, in at most ``most`` letters each."""
    above = _cut(label[0], most)
    return above + (f"\n{fitted(label[1:], most)}" if len(label) > 1 else "")


def distinct(labels: Iterable[Names]) -> dict[Names, str]:
    """Return every label in one line, whole; a number tells apart those that read the same."""
    unique = list(dict.fromkeys(labels))
    return dict(zip(unique, _names.distinct(map(written, unique)), strict=True))


def inches(labels: Iterable[str]) -> float:
    """Return the room that the longest label needs."""
    return INCH_PER_LETTER * max((len(label) for label in labels), default=0)


def counted(n: int, what: str) -> str:
    """Return ``"1 pair"``, ``"3 pairs"``, or nothing for none."""
    return "" if n <= 0 else f"{n} {what}" + ("" if n == 1 else "s")


def title(ax: Any, text: str, *left_out: str, pad: float = 6.0, more: str = "", wide: float | None = None) -> None:
    """Write the title, and below it what is not shown; long lines are broken to the width there is.

    With ``wide``, inches, the title begins at the left end of the axes and is as wide.
    """
    notes = [part for part in left_out if part]
    lines = [text, *([more] if more else []), *([f"not shown: {', '.join(notes)}"] if notes else [])]
    # "padj ≤ 0.05" stays in one piece
    lines = [re.sub("([•▲▼]) ", "\\1\u00a0", re.sub(" ([≤=]) ", "\u00a0\\1\u00a0", line)) for line in lines]
    _write_title(ax, lines, pad, wide=wide)
    if room().limited:  # again, when the names beside the axes have taken what they need
        room().later.append(lambda: _write_title(ax, lines, pad))


def noted(*parts: str) -> str:
    """Return the parts of a line below a title that say something."""
    return ", ".join(filter(None, parts))


def _write_title(ax: Any, lines: list[str], pad: float, *, wide: float | None = None) -> None:
    letters = _room(ax, max(map(len, lines))) if wide is None else int(12 * wide)
    broken = [piece for line in lines for part in _parts(line, letters) for piece in textwrap.wrap(part, letters)]
    heading = ax.set_title("\n".join(broken), fontsize=10 * room().scale, pad=pad)
    if wide is not None:
        heading.set(x=0.0, horizontalalignment="left")


def _parts(line: str, letters: int) -> list[str]:
    """Return a line, or what stands before and after the interaction of an edge where it is too long."""
    return [line] if len(line) <= letters else [part.strip() for part in line.split("  ")]


def note(ax: Any, text: str) -> None:
    """Add a line below the title."""
    ax.title.set_text(f"{ax.get_title()}\n{text}")


def _room(ax: Any, n_letters: int) -> int:
    """Return how many letters of the title fit above the axes, centred (the layout is worked out only if in doubt)."""
    figure, per_inch = ax.figure, 12.0 / room().scale
    width = figure.get_window_extent().width / figure.dpi
    alone = len(figure.axes) < 4
    if alone and n_letters < 0.45 * width * per_inch and not room().limited:
        return n_letters
    figure.figure.draw_without_rendering()
    whole, box = figure.get_window_extent(), ax.get_window_extent()
    middle = (box.x0 + box.x1) / 2
    left, right = room().sides if room().limited else (whole.x0, whole.x1)
    half = min(middle - left, right - middle) if alone or room().limited else 0.55 * box.width
    return max(int(2 * half / figure.dpi * per_inch), 24)


def bare(ax: Any, *sides: str) -> None:
    """Take away the right and upper frame, or those named."""
    for side in sides or ("top", "right"):
        ax.spines[side].set_visible(False)


def legend(ax: Any, handles: Sequence[Any], heading: str | None = None, **more: Any) -> Any:
    """Write a legend to the right of the axes, below them where they are narrow."""
    where: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
    below = room().narrow and "loc" not in more
    if below:
        longest = inches(str(h.get_label()) for h in handles) + 0.5
        columns = max(1, min(len(handles), int(room().width / longest)))
        where = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "ncols": columns, "columnspacing": 1.0}
    artist = ax.legend(handles=handles, title=heading, frameon=False, fontsize=7.5, title_fontsize=8, **(where | more))
    if below:
        room().later.append(lambda: _lower(ax, artist))
    return artist


def _lower(ax: Any, artist: Any) -> None:
    """Move a legend below what stands under the axes, in the middle of their room."""
    from matplotlib.transforms import ScaledTranslation

    artist.set_in_layout(False)
    ax.figure.figure.draw_without_rendering()
    box, labels = ax.get_window_extent(), ax.xaxis.get_tightbbox()
    down = (box.y0 - min(box.y0, labels.y0 if labels else box.y0)) / ax.figure.dpi
    under = ax.transAxes + ScaledTranslation(0, -down, ax.figure.dpi_scale_trans)
    artist.set_bbox_to_anchor(((sum(room().sides) / 2 - box.x0) / box.width, 0.0), under)
    artist.set_in_layout(True)


def patches(colours: dict[str, Any], labels: dict[str, str] | None = None) -> list[Any]:
    """Return legend entries, one coloured square per name."""
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=c, edgecolor="0.3", linewidth=0.4, label=(labels or {}).get(n, n)) for n, c in colours.items()
    ]


def spread(values: Any, gap: float, *, low: float, high: float) -> Any:
    """Return places as near to ``values`` (ascending) as can be that are ``gap`` apart, from ``low`` to ``high``."""
    from scipy.optimize import isotonic_regression

    targets = np.asarray(values, np.float64)
    if len(targets) < 2:
        return targets
    gap = min(gap, (high - low) / (len(targets) - 1))
    steps = gap * np.arange(len(targets))
    near = isotonic_regression(targets - steps).x
    return np.clip(near, low, high - steps[-1]) + steps
