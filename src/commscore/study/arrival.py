"""One interaction cell by cell: what every cell expresses of it, sends and receives, as `tl.spatial` was told."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from .. import rs
from .._labels import choose
from ..core.read.matrix import gene_major
from ..core.space.entities import entity_columns
from ..core.space.neighbours import Neighbours, neighbours_of
from ..core.threads import team
from ..get._columns import as_categorical, label_texts
from .cells import obs_column, read_cells
from .expression import read_expression
from .interactions import testable_interactions
from .positions import read_positions
from .ranges import reaches_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from .._labels import Label
    from ..arrays import Bools, Floats, Ints
    from ..get import Result


@dataclass(frozen=True)
class ArrivingSignal:
    """One interaction in every cell or spot that takes part.

    ``received`` is receptor · Σ w · ligand of the sources around, ``sent`` is ligand · Σ w · receptor of the targets
    around; both are 0 in cells of other groups. Positions are in µm; ``samples`` are names, in order.
    """

    points: Floats
    sample: Ints
    samples: list[str]
    is_source: Bools
    is_target: Bools
    ligand: Floats
    receptor: Floats
    received: Floats
    sent: Floats
    pitch: float
    is_spots: bool


def arriving_signal(
    adata: AnnData,
    result: Result,
    interaction: str,
    *,
    source: Label | Sequence[Label] | None,
    target: Label | Sequence[Label] | None,
) -> ArrivingSignal:
    """Compute what is sent and received of one interaction between these groups, with the parameters of the result."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tool said what is to be said of these data
        return _read(adata, result, interaction, source=source, target=target)


def _read(adata: AnnData, result: Result, interaction: str, *, source: Any, target: Any) -> ArrivingSignal:
    table, params = result.table, result.params
    names = [str(name) for name in pd.unique(table["interaction"])]
    name = choose("interaction", interaction, options=names, what="in the table")[0]
    row = table[(table["interaction"].astype(str) == name).to_numpy()].iloc[0]
    cells, groups, codes = _groups(adata, params)
    own = [_members(groups, codes, source=source), _members(groups, codes, target=target)]
    sample, samples = _samples(adata, params["sample_key"], cells)
    every = np.zeros(adata.n_obs, np.int64)
    every[cells] = sample + 1
    keys = {"spatial_key": params["spatial_key"], "sample_key": params["sample_key"]}
    positions = read_positions(adata, um_per_unit=float(params["um_per_unit"]), sample=every, **keys)
    points = positions.take(cells)
    order = np.argsort(sample, kind="stable")
    is_spots = params["groupby"] is None
    with team(1) as threads:
        levels = _levels(adata, params, row, cells=cells[order])
        if params["connectivity_key"] is None:
            pitch = positions.pitch if is_spots else None
            reach: Any = reaches_of([str(row["mode"])], params["ranges"], spot_pitch=pitch)[str(row["mode"])]
            near = neighbours_of(points[order], sample[order], reach, team=threads)
            onward = back = near.with_themselves() if is_spots else near
        else:
            graph = sparse.csr_matrix(adata.obsp[params["connectivity_key"]])[cells[order]][:, cells[order]]
            onward, back = Neighbours.of_graph(graph), Neighbours.of_graph(graph.T)
    ligand, receptor = levels[0] * own[0][order], levels[1] * own[1][order]
    received, sent = receptor * _around(onward, ligand), ligand * _around(back, receptor)
    values = {"ligand": levels[0], "receptor": levels[1], "received": received, "sent": sent}
    at = np.argsort(order, kind="stable")
    return ArrivingSignal(
        points,
        sample,
        samples,
        own[0],
        own[1],
        pitch=positions.pitch,
        is_spots=is_spots,
        **{n: v[at] for n, v in values.items()},
    )


def _groups(adata: AnnData, params: dict[str, Any]) -> tuple[Ints, list[str], Ints]:
    """Return the cells that take part, the names of groups, and the group of each; spots are of none."""
    if params["groupby"] is None:
        return np.arange(adata.n_obs), [], np.zeros(adata.n_obs, np.int64)
    cells = read_cells(adata, params["groupby"], groups=None, min_cells=int(params["min_cells"]))
    return cells.index, [str(name) for name in cells.names], cells.groups.labels.astype(np.int64)


def _members(groups: list[str], codes: Ints, **named: Label | Sequence[Label] | None) -> Bools:
    """Tell the cells of the groups that an argument names, or all."""
    (argument, names), *_ = named.items()
    if names is None:
        return np.ones(codes.size, bool)
    chosen = choose(argument, names, options=groups, what="a group of these cells")
    return np.isin(codes, [groups.index(name) for name in chosen])


def _samples(adata: AnnData, sample_key: str | None, cells: Ints) -> tuple[Ints, list[str]]:
    if sample_key is None:
        return np.zeros(cells.size, np.int64), [""]
    column = as_categorical(obs_column(adata, "sample_key", sample_key).iloc[cells]).cat.remove_unused_categories()
    return column.cat.codes.to_numpy().astype(np.int64), label_texts(column, column.cat.categories)


def _levels(adata: AnnData, params: dict[str, Any], row: pd.Series, *, cells: Ints) -> tuple[Floats, Floats]:
    """Return ligand and receptor of these cells, complexes joined as the tool did."""
    expression = read_expression(
        adata, layer=params["layer"], use_raw=bool(params["use_raw"]), gene_symbols=params["gene_symbols"]
    )
    pair = pd.DataFrame({"ligand": [str(row["ligand_complex"])], "receptor": [str(row["receptor_complex"])]})
    measurable = testable_interactions(
        rs.from_table(pair), expression.var_names, missing_subunits="drop", indirect=False, production=None
    )
    if measurable.frame.empty:
        msg = f"{pair['ligand'][0]} or {pair['receptor'][0]} is not in {expression.name}, where cs.tl.spatial found it"
        raise KeyError(msg)
    with team(1) as threads:
        genes = gene_major(expression.matrix, cells=cells, columns=measurable.columns, team=threads)
    columns = entity_columns(genes, measurable.entities, str(params["complex"]))
    return _dense(columns, int(measurable.ligand[0])), _dense(columns, int(measurable.receptor[0]))


def _dense(columns: Any, number: int) -> Floats:
    out = np.zeros(columns.n_cells)
    some = slice(columns.indptr[number], columns.indptr[number + 1])
    out[columns.rows[some]] = columns.data[some]
    return out


def _around(neighbours: Neighbours, values: Floats) -> Floats:
    """Sum what the cells around have, by the weight of their distance."""
    rows = np.flatnonzero(values).astype(np.uint32)
    everyone = np.zeros(values.size, np.int64)
    return neighbours.arriving(values[rows], rows, group=everyone, n_groups=1)[:, 0]
