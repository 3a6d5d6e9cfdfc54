"""Three evidences for communication in a tissue: proximity, specificity and coupling, with decoys beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from scipy import sparse

from ... import rs
from ..._random import RNG, key, recorded
from ..._validate import listed, one_of, suggest
from ..._version import __version__
from ...check import MAY_BE_EMPTY, Count, CountOrZero, Positive, Proportion, Repeats, Threads, at_least, checked
from ...core.space.coupling import LEAST_SAMPLES
from ...core.space.neighbours import Reach
from ...core.summary import COMPLEX_RULES
from ...core.threads import team
from ...get import Result
from ...get._store import check_target, finish, identity
from ...study.expression import read_expression
from ...study.ranges import Refusal, reaches_of
from ...tables import spatial as schema
from ._calibration import calibration, warn_of_calibration
from ._interactions import (
    ExpressedGenes,
    SpatialTests,
    interactions_of,
    not_expressed,
    tests_of_scores,
    tests_of_spots,
    with_decoys,
)
from ._measure import ADJUST, SpatialSettings, WithinRange, within_range
from ._observations import SpatialKeys, read_observations
from ._tables import MeasuredTests, decoy_table, proximity_table, spatial_table

if TYPE_CHECKING:
    from anndata import AnnData

    from ...arrays import Floats, Ints
    from ...core.threads import Team
    from ...rs import Resource
    from ._observations import Observations

NULLS = ("blocks", "flips")
_MEMORY = 256 * 2**20


@checked
def spatial(
    adata: AnnData,
    groupby: str | None = None,
    *,
    um_per_unit: Positive | None = None,
    ranges: Positive | Annotated[Mapping[str, Positive], MAY_BE_EMPTY] | None = None,
    sample_key: str | None = None,
    region_key: str | None = None,
    spatial_key: str = "spatial",
    connectivity_key: str | None = None,
    composition_key: str | Sequence[str] | None = None,
    resource: str | Resource | pd.DataFrame = "breast",
    adjust: Annotated[Sequence[str], MAY_BE_EMPTY] = ADJUST,
    null: str = "blocks",
    blocks: Positive | None = None,
    min_blocks: Annotated[int, at_least(3)] = 6,
    decoys: CountOrZero = 1,
    n_perms: Repeats = 999,
    complex: str = "min",  # noqa: A002
    expr_prop: Proportion = 0.05,
    min_cells: Count = 20,
    min_contacts: CountOrZero = 50,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    rng: RNG = 0,
    n_jobs: Threads | None = None,
    memory: Count = _MEMORY,
    key_added: str = "commscore_spatial",
    inplace: bool = True,
) -> Result | None:
    """Ask of a tissue who meets whom, who expresses what, and whether the receptor follows the ligand that arrives.

    Three evidences stand side by side and are not multiplied:

    * **proximity**: do cells of source and target meet more than their numbers say? log2 of the weight of their
      contacts over the expected one, with an interval.
    * **specificity**: are ligand and receptor high in these groups? The permuted labels of
      :func:`commscore.tl.score`, within samples; positions play no part.
    * **coupling** (``pvalue``): given who sits where, is the receptor higher in those cells of the target that more
      of the ligand reaches? Within blocks of the tissue, what arrives is freed of position and of the number of
      source cells around, and blocks (samples, from three on) are the replicates. Tests that take cells as
      independent call nearly half (one-sided) to nine tenths (two-sided) of independent smooth pairs.

    **Decoys** are tested beside: each ligand with the receptor of another ligand, of a similar level, that
    ``resource`` does not list with it. The shares of known pairs and decoys with p ≤ 0.05 and 0.01, with 95 % intervals
    (as of independent tests), are in the stored parameters (``calibration``). A warning says where decoys are called
    too often (more than 8 %, and more than chance gives once in a hundred times), or, with 100 tests of each, known
    pairs no more often than decoys. The latter is what was found in two
    sets of breast tumours: once position and composition are taken out, known pairs couple no more often than decoys.
    A significant row is then a pair to look at, and no evidence of communication by itself.

    Parameters
    ----------
    adata
        Cells (or spots) × genes, log-normalised, with positions in ``adata.obsm[spatial_key]``. Never modified but for
        the result in ``adata.uns[key_added]``.
    groupby
        Column of ``adata.obs`` with the cell types. None for spots: a spot's label is not a cell type.
    um_per_unit
        How many µm one unit of the positions is; Visium's scale factors tell (spots lie 100 µm apart).
    ranges
        How far signals go, in µm, where not by the conventions below: mode -> µm, or one number for all (a Gaussian).
        Contact, checkpoint, antigen presentation and junctions: cells with centres within 25 µm, equally. Extracellular
        matrix: a Gaussian with standard deviation 30 µm. All else: a Gaussian of 50 µm, cut where its weight is 1 %
        (152 µm). Autocrine pairs and hormones are not tested (``not_local``). In spots a Gaussian is no narrower than
        the distance of spots, the own spot counts, matrix reaches the spots around, and contacts are not tested
        (``below_resolution``).
    sample_key
        Column of ``adata.obs`` with the samples (sections): there are no neighbours between them, and from three on the
        sample is the replicate: one partial correlation each, a t-test over them.
    region_key
        Column of ``adata.obs`` with regions (niches, a pathologist's labels): blocks are cut at their borders too, so
        that differences between regions are no coupling.
    spatial_key
        Key of ``adata.obsm`` with positions in two or three dimensions.
    connectivity_key
        Key of ``adata.obsp`` with weights of neighbours (row: sender), used for all modes in place of ``ranges``.
    composition_key
        For spots of many cells: key of ``adata.obsm``, or columns of ``adata.obs``, with the shares of cell types,
        which sum to 1. Rows are then interactions (source and target are ``spots``); proximity is of the cell types.
    resource
        As in :func:`commscore.tl.score`.
    adjust
        What is taken out of the arriving ligand: ``"position"`` (a plane in every block), ``"contacts"`` (the weight of
        the source's cells around: also what spills over from them), ``"composition"`` (of spots, with
        ``composition_key``). ``pvalue_unadjusted`` has none of it.
    null
        ``"blocks"``: Student's t over replicates. ``"flips"``: their signs are flipped ``n_perms`` times.
    blocks
        Side of the blocks in µm. By default a hundredth of a sample's area, and no less than six standard deviations of
        the range (of spots: four spots).
    min_blocks
        Tests over blocks need so many with at least 8 cells of the target.
    decoys
        Decoys per interaction; 0 leaves them out, and with them the only check of these p-values. A small ``resource``
        can make decoys of pairs that another one lists.
    n_perms
        Flips, and permutations of :func:`commscore.tl.score` where it has no analytic null.
    complex
        How subunits are joined in every cell: ``"min"``, ``"geometric"`` or ``"mean"``.
    expr_prop
        Fraction of cells (spots) that must express every subunit in its group.
    min_cells
        Smaller groups are left out; they are no neighbours either.
    min_contacts
        Pairs of neighbours that source and target need for a test of coupling.
    layer, use_raw, gene_symbols
        Where the expression is, and the names of genes, as in :func:`commscore.tl.score`.
    rng
        Seed, Generator or SeedSequence: of decoys, flips and permutations.
    n_jobs
        Threads; they do not change the result.
    memory
        As in :func:`commscore.tl.score`.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``, sorted by ``padj``, then ``score``. Columns are in
    :mod:`commscore.tables.spatial`; ``extra`` holds the tables ``proximity``, ``decoys`` and ``untested``.

    Notes
    -----
    For cell j of target t in block b, z_j is the weighted sum of the ligand over the cells of source s around, r_j the
    receptor, and z̃ the residual of z on 1, position and the weight of s around, over the cells of t in b. Where
    r does not follow z, u_b = Σ_j r_j z̃_j has mean zero; t is that of u over blocks, one-sided. Coupling through the
    *number* of source cells cannot be told from spill-over: it is in ``pvalue_unadjusted`` alone. Structure smaller
    than a block is not removed.

    Raises
    ------
    KeyError
        If a column, key or layer does not exist.
    TypeError
        If an argument has the wrong type, or a keyword is unknown.
    ValueError
        If ``um_per_unit`` is needed, positions are missing or shared, samples lie on top of each other without
        ``sample_key``, a graph joins samples, spots come with ``groupby``, or what :func:`commscore.tl.score` refuses.

    Warns
    -----
    UserWarning
        If decoys are called too often, or known pairs no more often than decoys; if distances are not those of
        tissues; if spots come without composition; and as :func:`commscore.tl.score`.

    Examples
    --------
    >>> import commscore as cs, scanpy as sc
    >>> adata = cs.ds.simulate_tissue(n_cells=1500, rng=1)
    >>> sc.pp.normalize_total(adata, target_sum=1e4)
    >>> sc.pp.log1p(adata)
    >>> result = cs.tl.spatial(adata, "cell_type", um_per_unit=1, decoys=0, inplace=False)
    >>> result.table["unit"].iloc[0]
    'blocks'
    """
    adjust = _check(adjust, null=null, rule=complex)
    check_target(adata, key_added, inplace=inplace)
    seed = key(rng)
    keys = SpatialKeys(groupby, sample_key, region_key, spatial_key, composition_key, um_per_unit)
    seen = read_observations(adata, keys, min_cells=int(min_cells))
    weights = None if connectivity_key is None else _graph(adata, connectivity_key, seen)
    expression = read_expression(adata, layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    resource = rs.as_resource(resource)
    scores = None
    if groupby is not None:
        scores = _scores(
            adata,
            groupby,
            sample_key=sample_key,
            resource=resource,
            n_perms=int(n_perms),
            complex=complex,
            expr_prop=expr_prop,
            min_cells=min_cells,
            layer=layer,
            use_raw=use_raw,
            gene_symbols=gene_symbols,
            rng=rng if not isinstance(rng, np.random.Generator) else np.random.SeedSequence(seed),
            n_jobs=n_jobs,
            memory=memory,
        )
    interactions = interactions_of(resource, expression, warned=scores is not None)
    genes = ExpressedGenes(expression, interactions, seen, complex)
    settings = SpatialSettings(
        adjust, blocks, int(min_blocks), int(n_perms) if null == "flips" else 0, seed, int(memory)
    )
    limits = RowLimits(float(expr_prop), int(min_cells), int(min_contacts), int(decoys))
    with team(n_jobs) as threads:
        measured = _measure(
            genes, scores, ranges=ranges, weights=weights, settings=settings, limits=limits, threads=threads
        )
    params = {
        "groupby": groupby,
        "um_per_unit": seen.positions.um_per_unit,
        "ranges": dict(ranges) if isinstance(ranges, Mapping) else ranges,
        "sample_key": sample_key,
        "region_key": region_key,
        "spatial_key": spatial_key,
        "connectivity_key": connectivity_key,
        "composition_key": composition_key if isinstance(composition_key, str | None) else np.array(seen.types, object),
        "adjust": np.asarray(adjust, object),
        "null": null,
        "blocks": blocks,
        "block_sides_um": np.array([m.side for m in measured.ranges]),
        "n_blocks": np.array([m.n_blocks for m in measured.ranges]),
        "min_blocks": int(min_blocks),
        "decoys": int(decoys),
        "n_perms": int(n_perms),
        "complex": complex,
        "expr_prop": float(expr_prop),
        "min_cells": int(min_cells),
        "min_contacts": int(min_contacts),
        "layer": layer,
        "use_raw": use_raw,
        "gene_symbols": gene_symbols,
        "rng": recorded(rng, seed),
        "aliases": interactions.aliases,
        **interactions.counted,
        "groups": np.asarray(seen.types, object),
        "n_cells": seen.cells.n,
        "n_samples": seen.n_samples,
        "unit": schema.UNITS[seen.n_samples >= LEAST_SAMPLES],
        "calibration": measured.calibration,
        "commscore": __version__,
    }
    warn_of_calibration(measured.calibration, region_key=region_key, mixed=seen.is_spots and composition_key is None)
    result = Result(measured.table, params, identity(resource), measured.extra, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


@dataclass(frozen=True)
class RowLimits:
    """What is enough for a row, and how many decoys stand beside it."""

    expr_prop: float
    min_cells: int
    min_contacts: int
    decoys: int


@dataclass(frozen=True)
class SpatialEvidence:
    """Tables, ranges, and how often known pairs and decoys are called."""

    table: pd.DataFrame
    extra: dict[str, pd.DataFrame]
    ranges: list[WithinRange]
    calibration: dict[str, float | int]


def _check(adjust: Sequence[str], *, null: str, rule: str) -> tuple[str, ...]:
    for name in adjust:
        one_of("adjust", name, ADJUST)
    one_of("null", null, NULLS)
    one_of("complex", rule, COMPLEX_RULES)
    return tuple(adjust)


def _scores(adata: AnnData, groupby: str, *, sample_key: str | None, **options: Any) -> Result:
    """Score the groups without positions; permuted labels within samples."""
    from ... import tl

    result = tl.score(adata, groupby, sample_key=sample_key, null="auto", inplace=False, **options)
    if result is None:
        msg = "cs.tl.score returned nothing"
        raise RuntimeError(msg)
    return result


def _graph(adata: AnnData, connectivity_key: str, seen: Observations) -> Any:
    """Return the weights of neighbours of the cells that take part, none negative, none between samples."""
    if connectivity_key not in adata.obsp:
        keys = f"{listed(adata.obsp) or 'it is empty'}){suggest(connectivity_key, adata.obsp)}"
        msg = f"connectivity_key={connectivity_key!r} is not in adata.obsp ({keys}"
        raise KeyError(msg)
    graph = sparse.csr_matrix(adata.obsp[connectivity_key])[seen.cells.index][:, seen.cells.index]
    if graph.nnz and not (np.isfinite(graph.data).all() and graph.data.min() >= 0):
        msg = f"adata.obsp[{connectivity_key!r}] must hold weights of at least 0, none missing"
        raise ValueError(msg)
    ends = sparse.coo_matrix(graph)
    joins = int((seen.sample[ends.row] != seen.sample[ends.col]).sum())
    if joins:
        msg = (
            f"adata.obsp[{connectivity_key!r}] joins cells of different samples ({joins:,} of {graph.nnz:,} edges); "
            "build it sample by sample (squidpy: library_key=)"
        )
        raise ValueError(msg)
    return graph


def _measure(
    genes: ExpressedGenes,
    scores: Result | None,
    *,
    ranges: Mapping[str, float] | float | None,
    weights: Any,
    settings: SpatialSettings,
    limits: RowLimits,
    threads: Team,
) -> SpatialEvidence:
    """Find the tests, measure them range by range, and make the tables."""
    seen, interactions = genes.observations, genes.interactions
    prop = genes.proportions(threads)
    if scores is None:
        known = tests_of_spots(interactions, prop, expr_prop=limits.expr_prop)
    else:
        known = tests_of_scores(scores.table, interactions, seen)
    untested = list(interactions.untested) + not_expressed(interactions, known, prop, expr_prop=limits.expr_prop)
    untested += [
        ("*", "too few cells", f"group {name}: {n} cells, min_cells {limits.min_cells}")
        for name, n in seen.cells.too_small.items()
    ]
    modes = interactions.frame["mode"].astype(str).to_numpy(object)
    reaches = reaches_of(modes.tolist(), ranges, spot_pitch=seen.positions.pitch if seen.is_spots else None)
    known, beside, refused = _local(known, _beside(scores, genes, known, threads=threads), reaches=reaches, modes=modes)
    names = interactions.frame["interaction"].to_numpy(object)
    untested += [(str(names[i]), r.reason, r.detail) for i, r in refused.items()]
    tests = with_decoys(known, interactions, prop, n=limits.decoys, expr_prop=limits.expr_prop, seed=settings.seed)
    parts = _by_range(genes, tests, reaches, weights=weights, settings=settings, threads=threads)
    measured = MeasuredTests.of(tests, parts, seen)
    status = measured.status(
        min_contacts=limits.min_contacts, min_blocks=settings.min_blocks, by_samples=seen.n_samples >= LEAST_SAMPLES
    )
    every = [m for _, m in parts]
    table = spatial_table(tests, measured, status, interactions=interactions, seen=seen, beside=beside)
    drawn = decoy_table(tests, measured, status, interactions=interactions, seen=seen)
    untested_frame = pd.DataFrame(untested, columns=list(schema.UNTESTED.names), dtype=object)
    untested_frame["interaction"] = untested_frame["interaction"].astype("category")
    untested_frame["reason"] = pd.Categorical(untested_frame["reason"], categories=list(schema.REASONS))
    extra = {
        "proximity": proximity_table(every, seen, is_graph=weights is not None),
        "decoys": drawn,
        "untested": untested_frame,
    }
    shares = calibration({"known": _pvalues(table), "decoy": _pvalues(drawn)})
    return SpatialEvidence(table, extra, every, shares)


def _pvalues(table: pd.DataFrame) -> tuple[Floats, Floats]:
    fine = table["pvalue"].notna().to_numpy()
    return table["pvalue"].to_numpy()[fine], table["pvalue_unadjusted"].to_numpy()[fine]


def _beside(scores: Result | None, genes: ExpressedGenes, known: SpatialTests, *, threads: Team) -> pd.DataFrame:
    """Return means and specificity of the known tests."""
    if scores is None:
        columns = genes.columns(np.arange(genes.observations.cells.n), threads)
        totals = np.add.reduceat(np.append(columns.data.astype(np.float64), 0.0), columns.indptr[:-1])
        mean = np.where(np.diff(columns.indptr) > 0, totals, 0.0) / columns.n_cells
        frame = pd.DataFrame({"ligand_mean": mean[known.tests.ligand], "receptor_mean": mean[known.tests.receptor]})
        return frame.assign(specificity_pvalue=np.nan, specificity_padj=np.nan)
    end = "_within" if "pvalue_within" in scores.table else ""
    kept = {
        "ligand_mean": "ligand_mean",
        "receptor_mean": "receptor_mean",
        "specificity_pvalue": f"pvalue{end}",
        "specificity_padj": f"padj{end}",
    }
    return pd.DataFrame({name: scores.table[column].to_numpy() for name, column in kept.items()})


def _local(
    known: SpatialTests, beside: pd.DataFrame, *, reaches: dict[str, Reach | Refusal], modes: Any
) -> tuple[SpatialTests, pd.DataFrame, dict[int, Refusal]]:
    """Leave out tests of modes that positions tell nothing of; return what was left out, by interaction."""
    refused = {i: reach for i in np.unique(known.which).tolist() if isinstance(reach := reaches[modes[i]], Refusal)}
    kept = np.flatnonzero(~np.isin(known.which, list(refused)))
    return SpatialTests(known.tests.take(kept), known.which[kept], kept.size), beside.iloc[kept], refused


def _by_range(
    genes: ExpressedGenes,
    tests: SpatialTests,
    reaches: dict[str, Reach | Refusal],
    *,
    weights: Any,
    settings: SpatialSettings,
    threads: Team,
) -> list[tuple[Ints, WithinRange]]:
    """Measure the tests of every range; with a graph there is one."""
    modes = genes.interactions.frame["mode"].astype(str).to_numpy(object)
    if weights is not None:
        one = Reach("flat", float("nan"))
        rows = {one: np.arange(tests.tests.n)}
    else:
        reach = np.array([reaches[m] for m in modes[tests.which]], object)
        every = dict.fromkeys(r for r in reaches.values() if isinstance(r, Reach))
        rows = {r: np.flatnonzero([x == r for x in reach]) for r in every}
    return [
        (own, within_range(genes, tests.tests.take(own), r, weights=weights, settings=settings, team=threads))
        for r, own in rows.items()
    ]
