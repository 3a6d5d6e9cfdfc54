"""Circuit: one of the reviews' circuits, cells as boxes, signed steps, missing ones dashed, change by colour."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import _labels
from .._names import read_names
from ..check import AxesOrNone, Label, checked
from ._bar import colour_bar
from ._boxes import Box, draw_box, draw_edge, outline, place
from ._colours import DARK, DIVERGING, symmetric
from ._fit import room, sized
from ._table import axes, claim_note, contrast_of, extra_of, names_of, need_columns, one_contrast, pick, table_of
from ._text import heading, legend, noted, shorten, title

if TYPE_CHECKING:
    from anndata import AnnData

_MISSING = "#9A9A9A"
_SHORT = re.compile(r"caf|mdsc|msc|hsc|nkt?|t|b|cd\d+|er|pr|her2|tnbc|car|[mn]\d")
_NAMED = re.compile(r"treg|th\d+")


@checked
@sized
def circuit(
    data: AnnData | pd.DataFrame,
    circuit: str | None = None,
    *,
    key: str = "commscore_circuits",
    contrast: Label | None = None,
    changes: pd.DataFrame | None = None,
    ax: AxesOrNone = None,
) -> Any:
    """Draw one circuit: cell roles as boxes, steps inside a cell as lines in its box, steps between cells as arrows.

    Parameters
    ----------
    data
        AnnData that :func:`commscore.tl.circuits` has written to, or its table ``edges``.
    circuit
        Id of the circuit; by default the first one of the table, a complete one where there is any.
    key
    contrast
        Contrast whose change colours the steps; by default no colour.
    changes
        Table of changes, where ``data`` is a bare table.
    ax

    Returns
    -------
    matplotlib.axes.Axes
        An arrow activates, a bar restrains. Dashed arrows and hollow squares are steps that are not expressed or
        cannot be measured, with the genes that the data lack; the status of the circuit stands in the title. Below the
        name of a role stand its groups; where the group of a wider role stands in, this is said.

    Raises
    ------
    ValueError
        If the circuit or the contrast is unknown, or the table lacks a column.
    """
    edges = extra_of(data, key, "edges")
    need_columns(edges, "circuit", "step", "edge", "source_role", "target_role", "from", "to", "sign", "status")
    circuit = circuit or _first(data, key, edges)
    edges = pick(edges, circuit=circuit).sort_values("step", kind="stable")
    steps = edges[(edges["edge"].astype(str) != "gate").to_numpy()]
    effects = _effects(data, key, circuit=circuit, contrast=contrast, changes=changes)
    look, high = _look(steps, effects)
    steps = steps.assign(_effect=[(effects or {}).get(int(s), np.nan) for s in steps["step"]])
    boxes = _boxes(steps, look)
    between = steps[_between(steps)]
    most = max((of for _, _, of in _parallel(between)), default=1)
    limits = place(boxes, max((len(_words(r)) for r in _records(between)), default=0), parallel=most)
    ax = axes(ax, width=max(limits[0], 5.0) + (1.3 if effects is not None else 0.3), height=limits[1] + 1.0)
    ax.set_aspect("equal")
    ax.set_xlim(-limits[0] / 2, limits[0] / 2)
    ax.set_ylim(-limits[1] / 2, limits[1] / 2)
    ax.axis("off")
    patches = {name: draw_box(ax, box) for name, box in boxes.items()}
    for row, index, of in _parallel(between):
        there, ends = look[row["step"]], (row["source_role"], row["target_role"])
        draw_edge(
            ax,
            (patches[ends[0]], patches[ends[1]]),
            (boxes[ends[0]], boxes[ends[1]]),
            index=(index, of),
            label=_words(row),
            colour=there[0],
            missing=there[1],
            restrains=row["sign"] < 0,
        )
    _legend(ax, {missing for _, missing in look.values()})
    _finish(ax, data, key, circuit=circuit, contrast=contrast, high=high)
    if room().limited:  # words stay in their boxes
        ax.figure.figure.draw_without_rendering()
        room().scale = min(room().scale, ax.get_window_extent().width / ax.figure.dpi / limits[0])
        for arrow in (p for p in ax.patches if p.get_path_effects()):
            outline(arrow, room().scale)
    return ax


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {c: frame[c].astype(str) for c in ("source_role", "target_role", "from", "to", "edge", "status")}
    records: list[dict[str, Any]] = frame.assign(**columns).to_dict("records")
    return records


def _first(data: Any, key: str, edges: pd.DataFrame) -> str:
    """Return the circuit that comes first in the table of circuits; of bare steps, the only one."""
    if not isinstance(data, pd.DataFrame):
        return str(table_of(data, key)["circuit"].iloc[0])
    names = names_of(edges["circuit"])
    if len(names) > 1:
        msg = f"circuit= must say which of the {len(names)} circuits to draw, where data is a bare table"
        raise ValueError(msg)
    return names[0]


def _between(steps: pd.DataFrame) -> Any:
    apart = steps["source_role"].astype(str) != steps["target_role"].astype(str)
    return apart.to_numpy()


def _words(row: dict[str, Any]) -> str:
    arrow = {("communication", True): "→", ("communication", False): "⊣"}.get(
        (row["edge"], row["sign"] > 0), "⇒" if row["sign"] > 0 else "⇒|"
    )
    gates = ", ".join(read_names(row.get("gate_molecules")))
    words = f"{row['step']}. {row['from']} {arrow} {row['to']}"
    if gates:
        words += f" [{shorten([gates], 28)[gates]}]"
    effect = row.get("_effect", np.nan)
    change = f" ({effect:+.1f})".replace("-", "−") if np.isfinite(effect) else ""
    return words + change + _absent(row)


def _absent(row: dict[str, Any]) -> str:
    """Name the genes that the data lack; in a small axes the dashes have to do."""
    absent = read_names(row.get("absent"))
    if not absent or room().limited:
        return ""
    if set(absent) >= {*row["from"].split("_"), *row["to"].split("_")}:
        return " (missing)" if len(absent) == 1 else " (all missing)"
    genes = ", ".join(absent)
    return f" ({shorten([genes], 28)[genes]} missing)"


def _effects(data: Any, key: str, *, circuit: str, contrast: Label | None, changes: pd.DataFrame | None) -> Any:
    """Return step -> change, or None where no contrast is asked for."""
    if changes is not None:
        need_columns(changes, "contrast", "circuit", "step", "effect")
    if contrast is None:
        return None
    table = changes
    if table is None:
        if isinstance(data, pd.DataFrame):
            msg = f"contrast={contrast!r} needs changes= where data is a bare table"
            raise ValueError(msg)
        table = extra_of(data, key, "changes")
    need_columns(table, "contrast", "circuit", "step", "effect")
    rows = one_contrast(table, contrast_of(data, key, contrast))[0]
    own = rows[(rows["circuit"].astype(str) == circuit).to_numpy() & (rows["step"] > 0).to_numpy()]
    return {int(s): float(e) for s, e in zip(own["step"], own["effect"], strict=True)}


def _look(steps: pd.DataFrame, effects: dict[int, float] | None) -> tuple[dict[int, tuple[Any, bool]], float]:
    """Return step -> (colour, missing), and the limit of the colour scale."""
    import matplotlib as mpl

    high = symmetric(list((effects or {}).values()))
    norm, cmap = mpl.colors.Normalize(-high, high), mpl.colormaps[DIVERGING]
    looks: dict[int, tuple[Any, bool]] = {}
    for step, status in zip(steps["step"], steps["status"].astype(str), strict=True):
        missing = status != "expressed"
        effect = (effects or {}).get(step, np.nan)
        colour = mpl.colors.to_hex(cmap(norm(effect))) if np.isfinite(effect) else _MISSING
        looks[int(step)] = (colour if effects is not None else _MISSING if missing else DARK, missing)
    return looks, high


def _boxes(steps: pd.DataFrame, look: dict[int, tuple[Any, bool]]) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    for row in _records(steps):
        for side in ("source", "target"):
            role = row[f"{side}_role"]
            box = boxes.setdefault(role, Box(role_in_words(role)))
            if not box.below or box.vacant:
                box.below, box.after, box.vacant = _who(row, side)
        if row["source_role"] == row["target_role"]:
            boxes[row["source_role"]].lines.append((_words(row), *look[row["step"]]))
    return boxes


def _who(row: dict[str, Any], side: str) -> tuple[str, str, bool]:
    """Return the groups that take the role of one end, what is said after them, and whether there is none."""
    groups, how, role = read_names(row.get(side)), str(row.get(f"{side}_how") or ""), row[f"{side}_role"]
    if groups:
        return ", ".join(groups), f" (stands in for {role_in_words(role)})" if how == "parent" else "", False
    if role == "any":
        return "any group", "", False
    return "too few cells" if how == "too small" else "no group", "", True


def role_in_words(role: str) -> str:
    """Write a role as people do: the short forms of the field in capitals.

    Examples
    --------
    >>> role_in_words("mdsc"), role_in_words("tumour_her2"), role_in_words("cd8_t"), role_in_words("treg")
    ('MDSC', 'tumour HER2', 'CD8 T', 'Treg')
    """
    words = [w.capitalize() if _NAMED.fullmatch(w) else w for w in role.split("_")]
    return " ".join(w.upper() if _SHORT.fullmatch(w) else w for w in words)


def _parallel(between: pd.DataFrame) -> Any:
    """Yield every row with its position among those of the same direction."""
    count: dict[tuple[str, str], int] = {}
    rows = _records(between)
    of = pd.Series([(r["source_role"], r["target_role"]) for r in rows]).value_counts(sort=False) if rows else {}
    for row in rows:
        pair = (row["source_role"], row["target_role"])
        count[pair] = count.get(pair, 0) + 1
        yield row, count[pair] - 1, int(of[pair])


def _legend(ax: Any, present: set[bool]) -> None:
    from matplotlib.lines import Line2D

    names = {False: "expressed", True: "not expressed, or not measured"}
    lines = [
        Line2D([], [], color=_MISSING if m else DARK, lw=1.8, ls="--" if m else "-", label=names[m])
        for m in sorted(present)
    ]
    legend(ax, lines, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2)


def _status(row: pd.Series) -> str:
    """Say the status of a circuit, or that it is a single step and whether this is expressed."""
    status = str(row["status"])
    if str(row["kind"]) == "step":
        status = {"step": "single step, expressed", "broken": "single step, not expressed"}.get(status, status)
    return status.replace("_", " ")


def _finish(ax: Any, data: Any, key: str, *, circuit: str, contrast: Label | None, high: float) -> None:
    import matplotlib as mpl

    text = circuit
    if not isinstance(data, pd.DataFrame):
        row = pick(table_of(data, key), circuit=circuit).iloc[0]
        p = f", padj = {row['padj']:.2g}" if np.isfinite(row["padj"]) else ""
        text = f"{row['name']}: {_status(row)}{p}"
    claim = claim_note(pick(extra_of(data, key, "edges"), circuit=circuit))
    title(ax, text, more=noted("" if contrast is None else heading(_labels.text(contrast)), claim))
    if contrast is not None:
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(-high, high), DIVERGING)
        colour_bar(ax, scale, "change of log2 flow", shrink=0.6, extend="both")
