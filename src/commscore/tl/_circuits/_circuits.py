"""The circuits of the reviews, tested on the user's groups of cells."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import rs
from ..._names import write_names
from ..._random import RNG, key, recorded
from ..._validate import one_of, warn
from ..._version import __version__
from ...check import Columns, Count, Label, Levels, Proportion, Repeats, Threads, checked
from ...core import circuits as core
from ...core.permute import Draws, schemes
from ...core.read.cells import LabelledCells
from ...core.summary import COMPLEX_RULES
from ...core.threads import team
from ...get import Result
from ...get._store import check_target, finish, identity
from ...study.cells import Cells, read_cells
from ...study.domain import named_roles, require_roles, require_tumour
from ...study.expression import read_expression, refuse_unsuitable
from ...study.production import read_production
from ...study.request import ComparisonRequest
from ...study.roles import RoleGroups, assigned_roles, recorded_roles
from ...study.samples import Note, StudyKeys, covariate_names
from ...study.strata import samples_of_cells, warn_if_few, warn_of_patients, warn_of_samples
from ...tables import circuits as schema
from ...tables.vocabulary import CircuitStatus, Unit
from . import _changes, _samples, _steps, _tables
from ._evidence import CircuitEvidence, circuit_evidence

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from ...core.read.totals import GeneSummary
    from ...rs import Resource

_MEMORY = 256 * 2**20
_INSTEAD = (
    "Give sample_key={}, which asks both whether circuits lie in their groups within samples and whether that recurs"
)


@checked
def circuits(
    adata: AnnData,
    groupby: str,
    *,
    roles: RoleGroups | None = None,
    condition_key: str | None = None,
    sample_key: str | None = None,
    reference: Label | None = None,
    order: Levels | None = None,
    contrast: Label | Levels | None = None,
    covariates: Columns = (),
    patient_key: str | None = None,
    resource: str | Resource = "breast",
    n_perms: Repeats = 1000,
    scheme: str = "rotation",
    complex: str = "min",  # noqa: A002
    molecules: str = "none",
    expr_prop: Proportion = 0.1,
    min_cells: Count = 5,
    min_cells_sample: Count = 5,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    counts_layer: str | None = None,
    normalization: str = "tmm",
    library_key: str | None = None,
    rng: RNG = 0,
    n_jobs: Threads | None = None,
    memory: Count = _MEMORY,
    key_added: str = "commscore_circuits",
    inplace: bool = True,
) -> Result | None:
    """Test the circuits of the reviews: chains and loops of signals between, and inside, the cells that take part.

    Every step is scored by √(L·R), with L and R the means of its two ends in the groups that take its roles:
    ligand and receptor; for a step inside a cell, receptor (or factor) and induced gene in the same role. Gates
    of the circuit act on its steps: what releases a ligand (protease, carrier) limits it, L = min(L, G); a decoy G
    competes for it, L·R/(R + G); a co-receptor limits the receptor, R = min(R, G). A gate on a molecule that is no
    ligand or receptor of the circuit is a step of its own. The strength of a circuit is the geometric mean of the
    scores of its measured activating steps; what cannot be measured is left out and listed, what is measured and
    low stays in. All p-values come from one joint null: the same permuted labels for every step and circuit.

    Parameters
    ----------
    adata
        Cells × genes, log-normalised. Never modified but for the result in ``adata.uns[key_added]``.
    groupby
    roles
        Role of the reviews → group or groups; what is not given is guessed from the names (see
        :func:`commscore.tl.roles`).
    condition_key
        Column with the condition or stage, constant within a sample: adds ``extra["changes"]``, the change of every
        step and circuit against the reference, samples as replicates, by a moderated t on log2 counts per million
        added up by sample × role. Needs ``sample_key`` and raw counts.
    sample_key
        Column with the biological samples, as in :func:`commscore.tl.score`: labels are permuted within samples
        (``pvalue_within``), and from three samples on ``pvalue`` asks whether the excess of a step, or of a circuit's
        strength, recurs from sample to sample (``unit`` is ``samples``). Adds, from five samples on, Spearman's
        correlation of both genes of every step inside a cell across samples (within conditions). Needs raw counts, for
        that correlation.
    reference, order, contrast, covariates, patient_key
        As in :func:`commscore.tl.compare`: the baseline, the stages in order (which add the contrast ``"stages"``), the
        levels to set against the baseline, columns that describe samples, and the patient that several samples share.
    resource
        Name of a resource with circuits, or a :class:`~commscore.rs.Resource`.
    n_perms, scheme, complex
        As in :func:`commscore.tl.score`.
    molecules
    expr_prop
        Fraction of the cells of a role, 0 to 1, that must express every gene of a step (at least).
    min_cells
        Smaller groups take no role.
    min_cells_sample
        A sample × role with fewer cells is missing.
    layer, use_raw
        Where the log-normalised expression is, if not in ``X``.
    gene_symbols
    counts_layer
        Layer with raw counts; else ``layers["counts"]``, else ``X`` or ``raw``, whichever holds whole numbers.
    normalization, library_key
        Of the samples' counts, as in :func:`commscore.tl.compare`; a role has factors of its own.
    rng
        Seed, Generator or SeedSequence. The same seed gives the same bytes, whatever ``n_jobs`` and ``memory``.
    n_jobs
    memory
        Bytes that a block of permutations may take.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. ``table``: one row per circuit; ``extra``:
    ``edges`` (one row per step), ``roles`` (who takes which role, and why), ``untested`` (what could not be
    measured) and, with ``condition_key``, ``changes``. :func:`commscore.get.load` reads it back; the columns are in
    :mod:`commscore.tables.circuits`.

    Notes
    -----
    A circuit of which a measured step is below ``expr_prop`` is broken: it has a strength and no p-value, because a
    chain without one of its links transmits nothing, however specific the rest is. It still counts as a candidate that
    failed: which circuits are complete depends on the labels, too, and those that are have small ``pvalue_raw`` more
    often than they should. All other p-values are multiplied by candidates / circuits that are not broken, and
    ``padj`` is over all candidates; steps below ``expr_prop`` likewise. Rows come complete first, then circuits of a
    single step that is expressed (kind and status ``step``), then partial ones.

    The smallest ``pvalue_raw`` is 1 / (n_perms + 1). Where a circuit has it and ``padj`` is above 0.05 all the same,
    because so many others are adjusted for, a warning says how many permutations suffice: 20 for each circuit that is
    complete or broken.

    The role ``any`` is spoken for by its strongest group, in every permutation anew; in samples, by all cells, so that
    over samples only the other end of such a step can be in excess (the strongest of several groups is high in every
    donor whose groups differ, and would recur without a meaning). The null says that groups do not matter: a small
    p-value means that the circuit lies in these groups rather than in random cells, not that it is causal.
    ``all_pvalue`` asks for every step at once.

    Raises
    ------
    KeyError
        If a column or layer does not exist.
    ValueError
        If no group takes any role (the message lists roles, guesses and how to give them), the circuits are about
        tumours and no group takes a tumour role, an argument is out of range, the expression is raw, scaled or not
        finite, or raw counts are needed and not found.

    Examples
    --------
    >>> import commscore as cs
    >>> import scanpy as sc
    >>> adata = cs.ds.simulate(n_samples=1, n_cells=200, rng=0)
    >>> sc.pp.normalize_total(adata, target_sum=1e4)
    >>> sc.pp.log1p(adata)
    >>> cs.tl.circuits(adata, "cell_type", n_perms=50)
    >>> result = cs.get.load(adata, "commscore_circuits")
    >>> sorted(result.extra)
    ['edges', 'roles', 'untested']
    """
    one_of("scheme", scheme, schemes.NAMES)
    one_of("complex", complex, COMPLEX_RULES)
    check_target(adata, key_added, inplace=inplace)
    settings = CircuitSettings(int(n_perms), scheme, complex, float(expr_prop), int(min_cells), int(min_cells_sample))
    keys = StudyKeys(groupby, condition_key or "", sample_key, patient_key, covariate_names(covariates))
    request = ComparisonRequest(
        resource,
        counts_layer,
        use_raw,
        settings.min_cells_sample,
        reference,
        order,
        contrast,
        normalization=normalization,
        library_key=library_key,
        gene_symbols=gene_symbols,
    )
    _samples.check_keys(keys, request)
    seed, resource = key(rng), rs.as_resource(resource)
    frame = _with_circuits(resource)
    expression = read_expression(adata, layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    cells = read_cells(adata, groupby, groups=None, min_cells=settings.min_cells)
    assigned = assigned_roles(adata, groupby, role_groups=roles, resource=resource, layer=layer, use_raw=use_raw)
    role_names = named_roles(resource, "circuits")
    require_roles(assigned, role_names, groupby)
    require_tumour(assigned, role_names, groupby, resource=resource, what="circuits")
    expression, production = read_production(expression, resource, molecules, is_log=True)
    genes = _steps.find_genes(resource, frame, expression.names, production=production)
    genes.warn_if_few(resource, frame, expression.var_names)
    names = [str(n) for n in cells.names]
    measured = _steps.measure(resource, frame, genes, assigned=assigned, groups=names)
    draws = _within_samples(Draws(n=int(n_perms), scheme=scheme, key=seed, memory=int(memory)), adata, cells, keys=keys)
    extra: dict[str, pd.DataFrame] = {}
    association: dict[int, tuple[float, float, int]] = {}
    notes: list[Note] = []
    compared: dict[str, Any] = {}
    with team(n_jobs) as threads:
        if sample_key is not None:
            samples = _samples.cohort(
                adata,
                cells,
                measured.graph,
                keys=keys,
                request=request,
                expression=expression,
                columns=genes.columns,
                roles=measured.roles,
                team=threads,
            )
            extra["factors"] = samples.factors(measured.roles)
            association = _samples.associations(samples, measured, seed=seed)
            notes, compared = samples.study.notes, samples.counts
            if condition_key is not None:
                extra["changes"] = _changes.change_table(samples, measured, keys=keys, expr_prop=settings.expr_prop)
                extra["contrasts"] = _changes.contrast_table(samples)
                compared |= samples.study.recorded()
        labelled = LabelledCells.read(
            expression.reading,
            cells=cells.index,
            groups=cells.groups,
            columns=genes.columns,
            order=draws.order(cells.n),
            team=threads,
        )
        refuse_unsuitable(labelled.columns, expression)
        labelled = labelled.with_exact_sums()
        summary = labelled.observe()
        evidence = circuit_evidence(measured.graph, labelled, means=summary.mean, draws=draws, rule=complex)
    observed = _observe(measured, summary, evidence, names=names, settings=settings, associations=association)
    edges = _tables.edge_table(measured, observed, expr_prop=settings.expr_prop)
    table = _tables.circuit_table(measured, observed, roles=assigned.report)
    _warn_of_floor(table, n_perms=settings.n_perms)
    _warn_of_few_samples(draws, sample_key)
    extra |= {"edges": edges, "roles": assigned.report, "untested": _tables.untested_table(edges, notes)}
    params = (
        settings.recorded()
        | _from_call(keys, request, cells=cells, layer=layer)
        | compared
        | {
            "rng": recorded(rng, seed),
            "roles": recorded_roles(roles),
            "aliases": genes.aliases | dict(production.aliases),
            **production.recorded,
            **genes.counted(frame),
            "sign_column": "effect",  # of steps between cells, as the resource has it
            "change_test": "moderated t on samples, log2 CPM",
            "commscore": __version__,
        }
    )
    result = Result(table, params, identity(resource), extra, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


@dataclass(frozen=True)
class CircuitSettings:
    """Numbers and rules of one call."""

    n_perms: int
    scheme: str
    complex: str
    expr_prop: float
    min_cells: int
    min_cells_sample: int

    def recorded(self) -> dict[str, Any]:
        """Return what goes into ``params``."""
        return asdict(self) | {"pvalue_floor": 1 / (self.n_perms + 1)}


def _within_samples(draws: Draws, adata: AnnData, cells: Cells, *, keys: StudyKeys) -> Draws:
    """Permute labels within the samples, or say that nobody named them."""
    if keys.sample is None:
        warn_of_samples(adata, cells, groupby=keys.groupby, instead=_INSTEAD)
        return draws
    samples = samples_of_cells(adata, keys.sample, cells, groupby=keys.groupby)
    if keys.patient is None:
        warn_of_patients(adata, samples, cells, sample_key=keys.sample)
    return replace(draws, strata=samples.strata)


def _warn_of_few_samples(draws: Draws, sample_key: str | None) -> None:
    if draws.strata is not None and sample_key is not None:
        warn_if_few(draws.strata.n, sample_key)


def _warn_of_floor(table: pd.DataFrame, *, n_perms: int) -> None:
    """Warn where a circuit reached the smallest p-value there can be, and that is too large for all that are tested."""
    if (table["unit"] == Unit.SAMPLES).any():
        return
    floor, n = 1 / (n_perms + 1), int((table["pvalue"].notna() | (table["status"] == CircuitStatus.BROKEN)).sum())
    stuck = np.isclose(table["pvalue_raw"], floor) & (table["padj"] > _changes.ALPHA)
    if stuck.any():
        warn(
            f"{int(stuck.sum())} of {n} circuits that are adjusted for have the smallest p-value that "
            f"n_perms={n_perms:,} can give ({floor:.2g}), which is too large for padj <= {_changes.ALPHA}; give "
            f"n_perms={round(n / _changes.ALPHA)} or more, which lets a single circuit reach it"
        )


def _with_circuits(resource: Resource) -> pd.DataFrame:
    frame = resource.circuits
    if frame.empty:
        msg = f"resource {resource.name!r} has no circuits; use resource='breast' or one made from it"
        raise ValueError(msg)
    return frame


def _observe(
    measured: _steps.MeasuredSteps,
    summary: GeneSummary,
    evidence: CircuitEvidence,
    *,
    names: list[str],
    settings: CircuitSettings,
    associations: dict[int, tuple[float, float, int]],
) -> _tables.CircuitValues:
    graph, rule = measured.graph, settings.complex
    values = core.node_values(summary.mean[:, :, None], graph, sizes=summary.sizes, rule=rule)
    scores = core.step_scores(values, graph)
    strength, lowest = (x[:, 0] for x in core.strengths(scores, graph))
    prop, groups = _who(graph, summary, names=names, rule=rule)
    there = ~np.isnan(strength)  # circuits of which no step counts have no p-value
    return _tables.CircuitValues(
        values[:, 0],
        prop,
        groups,
        scores[:, 0],
        evidence.steps,
        strength,
        evidence.circuits.where(there),
        lowest,
        np.where(there, evidence.lowest.pvalue, np.nan),
        associations,
        evidence.unit,
    )


def _who(graph: core.CircuitGraph, summary: GeneSummary, *, names: list[str], rule: str) -> tuple[Any, list[str]]:
    """Smallest fraction of expressing cells of every molecule in its role, and the groups that speak for it."""
    prop, groups = np.empty(graph.role.size), [""] * graph.role.size
    for node, role in enumerate(graph.role):
        inside = np.flatnonzero(graph.members[role])
        genes = graph.entities.genes[graph.entities.indptr[node] : graph.entities.indptr[node + 1]]
        if graph.strongest[role]:
            level = summary.mean[np.ix_(genes, inside)]
            joined = level.min(axis=0) if rule == "min" else level.mean(axis=0)
            inside = inside[[int(joined.argmax())]]
        cells = summary.sizes[inside].sum()
        prop[node] = (summary.expressed[np.ix_(genes, inside)].sum(axis=1) / cells).min()
        groups[node] = write_names(names[k] for k in inside)
    return prop, groups


def _from_call(keys: StudyKeys, request: ComparisonRequest, *, cells: Cells, layer: str | None) -> dict[str, Any]:
    """Return what describes data and design, for ``params``."""
    return {
        "groupby": keys.groupby,
        "condition_key": keys.condition or None,
        "sample_key": keys.sample,
        "patient_key": keys.patient,
        "covariates": np.asarray(keys.covariates, object),
        "reference": None,
        **request.recorded(),
        "layer": layer,
        "use_raw": request.use_raw,
        "gene_symbols": request.gene_symbols,
        "counts_layer": request.counts_layer,
        "groups": cells.names[cells.display],
        "n_cells": int(cells.index.size),
    }
