"""Figures in which every sample is a point or a column: made from the cells, if the data still hold their counts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import get, pl, tl
from ._base import Drawing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anndata import AnnData

    from ._base import FigureRequest, StoredResult

_TRENDS = 3
_EDGE = ["source", "target", "interaction"]
_STUDY = ("groupby", "condition_key", "sample_key")


def of_samples(request: FigureRequest) -> list[Drawing | str]:
    """Return figures of what the samples behind the surest changes look like."""
    samples = samples_of(request)
    if samples is None:
        return []
    return [*trends(request, samples), beside_response(request, samples, response_key=_response_key(request))]


def _response_key(request: FigureRequest) -> str | None:
    """Return the key of the first response that was made from the same groups, conditions and samples."""
    columns = _columns(request.stored)
    return next((s.key for s in request.beside if s.kind == "response" and _columns(s) == columns), None)


def _columns(stored: StoredResult) -> Sequence[Any]:
    return [stored.params.get(name) for name in _STUDY]


def samples_of(request: FigureRequest) -> AnnData | None:
    """Return samples × the surest edges of a comparison of samples; ``None`` where the data do not allow it."""
    params = request.stored.params
    keys = [str(params.get(name)) for name in ("groupby", "condition_key", "sample_key")]
    if params.get("unit") != "samples" or any(k not in request.adata.obs for k in keys):
        return None
    surest = _surest(request.stored.table, request.max_padj)
    if surest.empty:
        return None
    pairs = surest[["ligand_complex", "receptor_complex"]].astype(str).drop_duplicates().head(4 * request.top)
    layer = None if params["counts_layer"] is None else str(params["counts_layer"])
    try:
        profile = tl.profile(
            request.adata,
            keys[0],
            sample_key=keys[2],
            resource=pairs.set_axis(["ligand", "receptor"], axis=1),
            counts_layer=layer,
            normalization=str(params["normalization"]),
            library_key=None if params["library_key"] is None else str(params["library_key"]),
            use_raw=bool(params["use_raw"]),
            expr_prop=float(params["expr_prop"]),
            min_cells=int(params["min_cells"]),
        )
    except (KeyError, TypeError, ValueError):  # the counts are gone, or other cells are here now: no such figure
        return None
    read = profile.uns["commscore_profile"]
    return profile if (read["counts_layer"], read["use_raw"]) == (layer, bool(params["use_raw"])) else None


def _surest(table: pd.DataFrame, max_padj: float) -> pd.DataFrame:
    significant = table[(table["padj"] <= max_padj).to_numpy()]
    # metabolites have no single gene
    significant = significant[~significant["ligand_complex"].astype(str).str.startswith("met:").to_numpy()]
    return significant.sort_values("padj", kind="stable")


def _order(params: Mapping[str, Any]) -> list[str]:
    """Return the conditions as they were asked for, else the reference first."""
    if params.get("order") is not None:
        return [str(level) for level in params["order"]]
    return [str(level) for level in params["levels"]]  # the reference comes first


def trends(request: FigureRequest, samples: AnnData) -> list[Drawing]:
    """Return figures of the surest interactions, one edge of each."""
    params, order = request.stored.params, _order(request.stored.params)
    edges = _surest(request.stored.table, request.max_padj).drop_duplicates(["interaction"])
    measured = set(zip(*(samples.var[c].astype(str) for c in _EDGE), strict=True))
    edges = edges[[tuple(row) in measured for row in edges[_EDGE].astype(str).to_numpy()]]
    figures = []
    for row in edges.head(_TRENDS).itertuples():
        edge = {"interaction": str(row.interaction), "source": str(row.source), "target": str(row.target)}
        name = f"{row.interaction} from {row.source} to {row.target}"
        figures.append(
            Drawing(
                f"{name}, by sample",
                partial(
                    pl.trend,
                    samples,
                    **edge,
                    stage_key=params["condition_key"],
                    order=order,
                    comparison=request.adata,
                    key=request.stored.key,
                ),
                f"Ligand × receptor of {name} in every sample, by {params['condition_key']}. "
                f"{row.contrast}: effect {row.effect:.2g}, padj {row.padj:.2g}, {row.shift}.",
                "Points are samples; diamonds are the estimates of the comparison with the 95 % interval of the "
                "difference from the first condition.",
            )
        )
    return figures


def _receiver(adata: AnnData, edges: pd.DataFrame, response_key: str | None) -> str | None:
    """Return the group that most of the edges reach, of those whose response is stored."""
    activities = None if response_key is None else get.load(adata, response_key).extra.get("activities")
    if activities is None or activities.empty:
        return None
    reached = edges["target"].astype(str)
    reached = reached[reached.isin(set(activities["target"].astype(str))).to_numpy()]
    return None if reached.empty else str(reached.mode().iloc[0])


def beside_response(request: FigureRequest, samples: AnnData, *, response_key: str | None) -> Drawing:
    """Return the figure of interactions × samples, with the response if stored."""
    table = request.stored.table
    best = _surest(table, request.max_padj)
    contrast = str(best["contrast"].iloc[0])
    own = best[(best["contrast"] == contrast).to_numpy()]
    target = _receiver(request.adata, own, response_key)
    response_key = response_key if target else None
    answer = {"response": request.adata, "response_key": response_key} if response_key else {}
    drawing = partial(
        pl.by_sample,
        samples,
        condition_key=request.stored.params["condition_key"],
        comparison=request.adata,
        contrast=contrast,
        key=request.stored.key,
        target=target,
        order=_order(request.stored.params),
        top=request.top,
        **answer,
    )
    where = f" received by {target}" if target else ""
    below = f", and below them the activity of pathways in {target}" if target else ""
    return Drawing(
        f"Interactions{where}, by sample",
        drawing,
        f"Heat map of the surest interactions of {contrast}{where} in every sample{below}. Samples are sorted by "
        f"{request.stored.params['condition_key']}.",
        f"Surest interactions of {contrast}{where}: difference of each sample from the row's mean{below}.",
    )
