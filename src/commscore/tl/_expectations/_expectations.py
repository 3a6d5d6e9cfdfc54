"""The expected shifts of the reviews, tested on the user's samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd

from ... import rs
from ..._labels import PAIRWISE
from ..._random import RNG, key, recorded
from ..._validate import one_of
from ..._version import __version__
from ...check import Columns, Count, NonNegative, Proportion, at_least, checked
from ...core.contrast import Settings
from ...get import Result
from ...get._frames import typed_frame
from ...get._store import check_target, finish, identity
from ...study.activities import ACTIVITY_METHODS, ActivityRule
from ...study.comparison import ComparisonData, prepare_comparison, require_replicates
from ...study.design import build_design
from ...study.domain import named_roles, require_roles, require_tumour
from ...study.nets import checked_links, read_net
from ...study.request import ComparisonRequest
from ...study.roles import RoleGroups, assigned_roles
from ...study.samples import StudyKeys, covariate_names, label_column
from ...study.supply import supplied_molecules
from ...tables import expectations as schema
from ...tables.roles import ROLES
from ...tables.vocabulary import ExpectationLevel, ExpectedChange
from . import _contexts, _items, _measure, _pools, _verdicts

if TYPE_CHECKING:
    from anndata import AnnData

    from ...rs import Resource


@checked
def expectations(
    adata: AnnData,
    groupby: str,
    *,
    condition_key: str,
    sample_key: str,
    contexts: Mapping[str, str | Sequence[str]],
    roles: RoleGroups | None = None,
    net: str | pd.DataFrame | None = None,
    method: str = "ulm",
    links: pd.DataFrame | None = None,
    covariates: Columns = (),
    patient_key: str | None = None,
    resource: str | Resource = "breast",
    counts_layer: str | None = None,
    normalization: str = "tmm",
    library_key: str | None = None,
    supply: pd.DataFrame | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    expr_prop: Proportion = 0.1,
    min_cells: Count = 10,
    min_targets: Annotated[int, at_least(2)] = 5,
    margin: NonNegative = 0.5,
    alpha: Proportion = 0.05,
    rng: RNG = 0,
    key_added: str = "commscore_expectations",
    inplace: bool = True,
) -> Result | None:
    """Test the shifts that the reviews expect: confirmed, contradicted, inconclusive, or not assessable and why.

    Each expectation names two contexts, a change and what changes. It is looked for between the levels of
    ``condition_key`` that stand for its contexts, in the cells that have its roles, with samples as replicates:
    ligands, receptors, genes and interactions by the engine of :func:`commscore.tl.compare` on the pseudobulk of all
    cells of the role, proportions as log2 ratios to the other groups that change together, pathways as in
    :func:`commscore.tl.response`, and a switch of an interaction's function by the sign switch of the response.
    P-values are adjusted over everything looked for in one contrast; a verdict for or against needs an adjusted p of at
    most ``alpha`` and an interval beside zero.

    Parameters
    ----------
    adata : counts
    groupby
    condition_key
        Column with the condition or stage, constant within a sample.
    sample_key
        Column with the samples; two of each level that is compared, at least.
    contexts
        Level of the condition → the words of the reviews that hold for it, for example ``{"primary":
        "stage=invasive;site=primary", "LN": "stage=metastatic;site=lymph_node"}``. A level stands for a context of
        an expectation if it has all its words. Keys: ``stage, site, subtype, treatment, factor, condition``; the words
        are in the columns ``from_context`` and ``to_context`` of ``cs.rs.load().expectations``.
    roles
        Role of the reviews → group or groups; what is not given is guessed from names
        (:func:`commscore.tl.roles`) and reported in ``extra["roles"]``.
    net, method, links
        As in :func:`commscore.tl.response`. Pathways of the reviews are found in the net by name.
    covariates, patient_key
        As in :func:`commscore.tl.compare`.
    resource
        Name of a resource or a :class:`~commscore.rs.Resource` with expectations.
    counts_layer, use_raw
    gene_symbols
    normalization
    library_key
    supply
    expr_prop, min_cells, min_targets
        As in :func:`commscore.tl.compare` and :func:`commscore.tl.response`, for all cells of a role together.
    margin
        Changes smaller than this, in log2, are told as such.
    alpha
        Level of ``padj``, 0 to 1, of the verdicts; intervals hold 95 % whatever it is.
    rng
        Seed, Generator or SeedSequence; kept for the record, nothing is drawn.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. The table has one row per expectation × molecule,
    role or pathway × contrast (:data:`commscore.tables.expectations.EXPECTATIONS`). Beside it: ``summary`` (counts and
    a sentence for all, by review and by contrast), ``contexts`` (the words given) and ``roles``.

    Raises
    ------
    KeyError
        If a column or layer does not exist.
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, a level, role or key of a context does not exist, the
        resource has no expectations, they are about tumours and no group takes a tumour role, or there are no
        replicates.

    Examples
    --------
    >>> import commscore as cs
    >>> shift = cs.ds.Shift(interaction="TGFB1^TGFBR1_TGFBR2", source="CAF", target="tumour", log2fc=2)
    >>> adata = cs.ds.simulate(n_samples=4, n_cells=300, shifts=[shift], rng=0)
    >>> contexts = {"control": "stage=normal", "case": "stage=invasive"}
    >>> cs.tl.expectations(
    ...     adata, "cell_type", condition_key="condition", sample_key="sample", contexts=contexts
    ... )  # doctest: +SKIP
    >>> cs.get.table(adata, "commscore_expectations")["verdict"].value_counts()  # doctest: +SKIP
    """
    settings = _settings(method=method, expr_prop=expr_prop, margin=margin, alpha=alpha, rng=rng)
    check_target(adata, key_added, inplace=inplace)
    if links is not None:
        checked_links(links)
    resource = rs.as_resource(resource)
    if resource.expectations.empty:
        msg = f"resource {resource.name!r} has no expectations; use resource='breast'"
        raise ValueError(msg)
    keys = StudyKeys(groupby, condition_key, sample_key, patient_key, covariate_names(covariates))
    conditions = label_column(adata, "condition_key", condition_key, is_quiet=True)[1]
    levels = _contexts.read(contexts, conditions, condition_key)
    supplied = supplied_molecules(supply, resource, sample_key=sample_key)
    items = _items.items(resource.expectations, levels, supplied=supplied)
    assigned = assigned_roles(adata, groupby, role_groups=roles, resource=resource, layer=None, use_raw=use_raw)
    role_names = named_roles(resource, "expectations")
    require_roles(assigned, role_names, groupby, what="expectations")
    require_tumour(assigned, role_names, groupby, resource=resource, what="expectations")
    for item in items:
        _items.settle_roles(item, assigned, supplied=supplied)
    request = ComparisonRequest(
        _pools.with_genes(resource, items),
        counts_layer,
        use_raw,
        int(min_cells),
        contrast=PAIRWISE,
        normalization=normalization,
        library_key=library_key,
        gene_symbols=gene_symbols,
        supply=supply,
        supply_of_expectations=True,
        sample_key=sample_key,
        keep_profile=True,
    )
    prepared = prepare_comparison(adata, keys, request)
    _replicated(prepared, keys, levels)
    rule = ActivityRule(method, int(min_cells), int(min_targets), 10)
    edges, net_name = read_net(net, prepared.source.var_names)
    pools = _pools.pool(prepared, assigned, items)
    design = build_design(prepared.study, keys)
    setup = _measure.Setup(prepared, pools, design, rule, edges, links, settings)
    items = _run(items, setup)
    frame = _verdicts.table(items, pools, prepared.study.groups, alpha=settings.alpha, margin=settings.margin)
    extra = {
        "summary": typed_frame(_verdicts.summary(frame, resource.sources), schema.SUMMARY),
        "contexts": typed_frame(_contexts.table(levels, resource.expectations), schema.CONTEXTS),
        "roles": typed_frame(assigned.report, ROLES),
        "factors": pools.factors(prepared.study.groups),
    }
    prepared.warn()
    params = {
        "groupby": groupby,
        "condition_key": condition_key,
        "sample_key": sample_key,
        "patient_key": patient_key,
        "covariates": np.asarray(keys.covariates, object),
        "net": net_name,
        "method": method,
        **prepared.source.counts,
        "normalization": normalization,
        "library_key": library_key,
        "supply": None if prepared.supply is None else np.asarray(prepared.supply.molecules, object),
        "expr_prop": float(expr_prop),
        "min_cells": int(min_cells),
        "min_targets": int(min_targets),
        "margin": float(margin),
        "alpha": float(alpha),
        "rng": recorded(rng, settings.seed),
        "levels": np.asarray(prepared.study.levels, object),
        "n_samples": prepared.study.replicates,
        "patient_design": prepared.study.patient_design,
        "groups": np.asarray(prepared.study.groups, object),
        "commscore": __version__,
    }
    result = Result(typed_frame(frame, schema.EXPECTATIONS), params, identity(resource), extra, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


def _settings(*, method: Any, expr_prop: Any, margin: Any, alpha: Any, rng: RNG) -> Settings:
    one_of("method", method, ACTIVITY_METHODS)
    return Settings(
        expr_prop=float(expr_prop), margin=float(margin), alpha=float(alpha), max_enumeration=0, seed=key(rng)
    )


def _replicated(prepared: ComparisonData, keys: StudyKeys, levels: Mapping[str, Any]) -> None:
    """Raise unless two levels that have a context have two samples."""
    n = dict(zip(prepared.study.levels, prepared.study.replicates, strict=True))
    if sum(n.get(level, 0) >= 2 for level in levels) < 2 and len(levels) > 1:
        counts = ", ".join(f"{v} of {k}" for k, v in n.items())
        msg = (
            f"sample_key={keys.sample!r} gives {counts}; expected shifts are tested on samples: at least two of each "
            "level that is compared are needed"
        )
        raise ValueError(msg)
    if len(levels) < 2:
        require_replicates(prepared, keys, test="samples")


def _run(items: list[_items.ExpectedShift], setup: _measure.Setup) -> list[_items.ExpectedShift]:
    _measure.supplied_levels(items, setup)
    _measure.supplied_interactions(items, setup)
    _measure.expression(items, setup)
    _measure.composition(items, setup)
    _measure.pathways(items, setup)
    switched = _measure.switches(items, setup)
    # an interaction whose slopes were found is told by pathway; without any it keeps its own row and reason
    resolved = {(i.row["expectation"], i.ends) for i in switched}
    waiting = [i for i in items if i.level == ExpectationLevel.INTERACTION and i.row["change"] == ExpectedChange.SWITCH]
    gone = {id(i) for i in waiting if (i.row["expectation"], i.ends) in resolved}
    items = [i for i in items if id(i) not in gone] + switched
    _verdicts.adjust(items)
    return items
