"""Trend: one edge over stages, every sample a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._validate import one_of, suggest
from ..check import AxesOrNone, Label, Levels, checked
from ..get._columns import label_codes, labels_of
from ._colours import obs_colours
from ._fit import sized
from ._stages import estimate, explain_marks, name_stages, stage_points
from ._table import axes, contrast_between, ordered, pick, reference_first, table_of
from ._text import bare, counted, edge_labels, title, written

if TYPE_CHECKING:
    from anndata import AnnData

_PARTS = {"both": None, "ligand": "ligand", "receptor": "receptor"}
_AXIS = {
    "both": "log2(CPM ligand · CPM receptor)",
    "ligand": "log2 CPM of the ligand",
    "receptor": "log2 CPM of the receptor",
}
_COLUMNS = {
    "both": ("effect", "padj"),
    "ligand": ("ligand_effect", "ligand_pvalue"),
    "receptor": ("receptor_effect", "receptor_pvalue"),
}


@checked
@sized
def trend(
    samples: AnnData,
    *,
    interaction: str,
    source: Label,
    target: Label,
    stage_key: str,
    order: Levels | None = None,
    comparison: AnnData | pd.DataFrame | None = None,
    key: str = "commscore_compare",
    part: str = "both",
    ax: AxesOrNone = None,
) -> Any:
    """Draw one interaction of one pair over stages: samples as points, the estimates with their intervals.

    Parameters
    ----------
    samples
    interaction, source, target
        The edge.
    stage_key
        Column of ``samples.obs`` with the stage.
    order
        Stages in order; by default that of ``comparison``, its reference first, else that of an ordered categorical or
        the natural one (day2 before day10).
    comparison
        What :func:`commscore.tl.compare` found with ``order`` (an AnnData that it has written to, or its table):
        gives the estimates, their 95 % intervals, the shape and its p-value. Without it, only points and the
        mean of each stage are drawn.
    key
        Key in ``comparison.uns``.
    part
        ``"both"`` for ligand × receptor, or one side: ``"ligand"``, ``"receptor"`` (no intervals stored).
    ax

    Returns
    -------
    matplotlib.axes.Axes
        Diamonds are the estimates of the comparison, which weigh samples: reference mean plus effect, with the
        interval of the difference from the reference. Samples without the source or the target are counted
        below the title, never drawn as zero.

    Raises
    ------
    KeyError
        If ``stage_key`` is not a column.
    ValueError
        If the edge is not in ``samples``, a stage does not occur, or no sample has a value.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=3, n_cells=150, rng=0)
    >>> samples = cs.tl.profile(adata, "cell_type", sample_key="sample")
    >>> edge = samples.var.iloc[0][["interaction", "source", "target"]]
    >>> cs.pl.trend(samples, **edge, stage_key="condition").get_ylabel()
    'log2(CPM ligand · CPM receptor)'
    """
    one_of("part", part, list(_PARTS))
    values = _values(samples, (interaction, source, target), part)
    stage, stages = _stage(samples, stage_key)
    chosen = reference_first(comparison, key, stages) if order is None else ordered(order, stages)
    used = np.isin(stage, chosen)
    there = used & np.isfinite(values)
    if not there.any():
        msg = f"no sample has a value for {interaction}  {source} → {target}: both groups must be in the same sample"
        raise ValueError(msg)
    ax = axes(ax, width=max(4.4, 1.1 * len(chosen) + 1.6), height=3.8)
    colours = obs_colours(samples, stage_key, chosen)
    means = stage_points(ax, [values[there & (stage == s)] for s in chosen], [colours[s] for s in chosen])
    summary = _estimates(
        ax, comparison, key, edge=(interaction, source, target), order=chosen, part=part, base=means[0]
    )
    name_stages(ax, chosen, [int((there & (stage == s)).sum()) for s in chosen])
    ax.set_xlim(-0.6, len(chosen) - 0.4)
    ax.set_ylabel(_AXIS[part])
    bare(ax)
    edge = pd.DataFrame([{"interaction": interaction, "source": source, "target": target}])
    what = written(edge_labels(edge, 26)[0]) + (f": {summary}" if summary else "")
    hidden = int(used.sum() - there.sum())
    explain_marks(ax, bool(summary))
    left_out = counted(hidden, "sample") + (" without the source or the target" if hidden else "")
    title(ax, what, left_out)
    return ax


def _values(samples: AnnData, edge: tuple[str, Label, Label], part: str) -> Any:
    interaction, source, target = edge
    rows = pick(samples.var, interaction=interaction, source=source, target=target)
    layer = _PARTS[part]
    view = samples[:, rows.index[:1]]
    matrix = view.X if layer is None else view.layers[layer]
    return np.asarray(matrix, np.float64).ravel()


def _stage(samples: AnnData, stage_key: str) -> tuple[Any, list[str]]:
    """Return the stage of every sample, and the stages in order."""
    if stage_key not in samples.obs:
        has = ", ".join(samples.obs.columns)
        msg = f"stage_key={stage_key!r} is not a column of samples.obs (it has {has}){suggest(stage_key, samples.obs)}"
        raise KeyError(msg)
    return labels_of(samples.obs[stage_key]), label_codes(samples.obs[stage_key])[1]


def _estimates(
    ax: Any, comparison: Any, key: str, *, edge: tuple[str, Label, Label], order: list[str], part: str, base: float
) -> str:
    """Draw reference mean + effect with its interval, and return shape and p-value in words."""
    if comparison is None:
        return ""
    interaction, source, target = edge
    rows = pick(table_of(comparison, key), interaction=interaction, source=source, target=target)
    by_contrast = rows.assign(_c=rows["contrast"].astype(str)).set_index("_c")
    effect, pvalue = _COLUMNS[part]
    contrasts = contrast_between(comparison, key, order)
    for i, stage in enumerate(order[1:], start=1):
        name = contrasts.get(stage)
        if name not in by_contrast.index or not np.isfinite(by_contrast.at[name, effect]):
            continue
        row = by_contrast.loc[name]
        y = base + float(row[effect])
        ends = (base + float(row["ci_low"]), base + float(row["ci_high"])) if part == "both" else None
        estimate(ax, i, y, ends=ends)
    ax.axhline(base, color="0.75", lw=0.8, ls=":", zorder=0)
    last = "stages" if "stages" in by_contrast.index else by_contrast.index[0]
    row = by_contrast.loc[last]
    shape = str(row["shape"]) if last == "stages" and pd.notna(row.get("shape")) else str(row["shift"])
    value = row[pvalue]
    return {"ambiguous": "changed, shape ambiguous"}.get(shape, shape.replace("_", " ")) + (
        f" ({'padj' if pvalue == 'padj' else 'p'} = {value:.2g})" if pd.notna(value) else ""
    )
