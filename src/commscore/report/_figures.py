"""Figures as data URIs: drawings where they are small, pixels where they are not."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING, Any

from ..kinds import kind_of
from ..pl._save import VECTOR_TEXT
from ..pl._table import NothingToDrawError
from ._blocks import Figure, Text

if TYPE_CHECKING:
    from ..kinds._base import Drawing, FigureRequest

_MOST_BYTES = 250_000
"""A larger drawing becomes pixels."""
_DPI = 130
_STYLE: Any = VECTOR_TEXT | {"svg.hashsalt": "commscore", "figure.facecolor": "white", "savefig.facecolor": "white"}


def of(request: FigureRequest) -> list[Figure | Text]:
    """Return the figures of a result; a sentence where there was nothing to draw."""
    if request.stored.table.empty:
        return []
    figures = kind_of(request.stored.kind).figures(request)
    return [Text(figure) if isinstance(figure, str) else _drawn(figure) for figure in figures]


def encode(figure: Any) -> str:
    """Return a matplotlib figure as a data URI; the same figure gives the same bytes."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None})
        kind, content = "svg+xml", drawn.getvalue()
        if len(content) > _MOST_BYTES:
            drawn = io.BytesIO()
            figure.savefig(drawn, format="png", bbox_inches="tight", dpi=_DPI, metadata={"Software": None})
            kind, content = "png", drawn.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _drawn(drawing: Drawing) -> Figure | Text:
    """Draw, or say why there is nothing to see."""
    from matplotlib import pyplot as plt

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        before = set(plt.get_fignums())
        try:
            uri = encode(drawing.draw().figure)
        except ValueError as error:
            why = error.why if isinstance(error, NothingToDrawError) else str(error)
            return Text(f"{drawing.title}: no figure, because {why}.")
        finally:  # a report has more figures than pyplot keeps without a warning
            for number in set(plt.get_fignums()) - before:
                plt.close(number)
    return Figure(drawing.title, uri, drawing.alt, drawing.caption)
