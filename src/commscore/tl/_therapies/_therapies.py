"""Which edges each therapy of the resource cuts, in silico: shares, circuits, combinations, bypass."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd

from ... import get, rs
from ..._names import read_names
from ..._version import __version__
from ...check import Count, Proportion, between, checked
from ...get import Result
from ...get._frames import typed_frame
from ...get._sources import made_from
from ...get._store import check_target, finish, identity
from ...rs._in_rna import ANY_ROLE
from ...study.coverage import same_species
from ...study.domain import check_tumour, named_roles
from ...study.roles import RoleGroups, assigned_roles, recorded_roles
from ...study.stored_circuits import circuit_scores
from ...study.stored_edges import EVERYTHING, edge_flows, obs_labels, passing_edges, split_key
from ...tables import therapies as schema
from ...tables.vocabulary import StepStatus
from ._bypass import bypass_table
from ._combinations import combination_table
from ._cut import Cut, TherapyReach, agents_of, makers_of, presents_antigen
from ._tables import agent_table, circuit_table, edge_table, group_table

if TYPE_CHECKING:
    from anndata import AnnData

    from ...arrays import Floats
    from ...rs import Resource


_STEP_COLUMNS = (
    "circuit",
    "step",
    "source_role",
    "target_role",
    "from",
    "to",
    "gate_molecules",
    "score",
    "in_strength",
)


@checked
def therapies(
    adata: AnnData,
    *,
    key: str = "commscore",
    circuits_key: str | None = "commscore_circuits",
    roles: RoleGroups | None = None,
    condition_key: str | None = None,
    sample_key: str | None = None,
    max_padj: Proportion | None = None,
    padj: str = "padj",
    min_cells: Count = 5,
    n_together: Annotated[int, between(2, 5)] = 2,
    n_combinations: Count = 50,
    resource: str | Resource = "breast",
    key_added: str = "commscore_therapies",
    inplace: bool = True,
) -> Result | None:
    """Cut, in silico, the edges that each therapy of the reviews acts on: an inventory, not a prediction of response.

    An edge of the stored result is cut if a target of the therapy is a subunit of its ligand or receptor, or makes or
    exports its ligand (an inhibitor of MCT4, lactate), or if the therapy removes cells that send or receive it
    (bisphosphonates, osteoclasts); a step of a circuit also if a target is its gene or a gate on it, whether RNA shows
    the step or not. Activating therapies cut nothing. The flow of an edge is the
    product of ligand mean and receptor mean; a cut edge loses all of it. Shares are shares of the flow without antigen
    presentation (HLA to T-cell receptor, CD4, CD8): its molecules are so abundant that it would make up most of the
    flow of any tissue, and a share of it says nothing of how well a T cell sees its antigen.

    Parameters
    ----------
    adata : scores
    key : scores
    circuits_key
        Key of stored circuits (:func:`commscore.tl.circuits`); ``None``, or nothing stored there, leaves them out.
    roles
        Role → group or groups, to say which group is the tumour; by default as in the stored circuits, else guessed
        from the names (:func:`commscore.tl.roles`).
    condition_key, sample_key
        Column of ``adata.obs``, at most one of the two: means are taken in each condition, or each sample, on its own,
        for the edges of the stored result and the steps of the stored circuits.
    max_padj
        Only edges with an adjusted p-value of at most this; by default all edges of the result.
    padj
        Column of the adjusted p-value, where several methods are stored.
    min_cells
        In a condition or sample, a smaller group sends and receives nothing.
    n_together
        Most therapies in a combination; pairs are all tried, larger sets grow from the best pairs.
    n_combinations
        Combinations that are listed, per context.
    resource
        Resource with therapies.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. ``table``: one row per context × therapy. ``extra``:
    ``edges`` (every cut edge with its flow), ``groups`` (share of the outgoing and incoming flow of each group that
    falls), ``circuits`` (share of each circuit's steps, and of the scores of measured ones, that is cut),
    ``combinations`` (ranked by what they cut together; ``gain`` over the best member), ``bypass`` (what remains beside
    a cut edge in the receiving group: on the same receptor, from the same ligand or its family, in the same circuit).

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or a column does not exist.
    ValueError
        If both ``condition_key`` and ``sample_key`` are given, the resource has no therapies, it is about tumours and
        no group takes a tumour role, no edge passes, or an argument is out of range.

    Notes
    -----
    A ligand family is the symbol without its last numbers and letters (VEGFA, VEGFC: VEGF), a rough guess. Beside a cut
    edge of shedding, what the enzyme or its family does to other substrates is no bypass; another enzyme of the same
    substrate is.

    Examples
    --------
    >>> import commscore as cs
    >>> import scanpy as sc
    >>> adata = cs.ds.simulate(n_samples=1, n_cells=200, rng=0)
    >>> sc.pp.normalize_total(adata, target_sum=1e4)
    >>> sc.pp.log1p(adata)
    >>> cs.tl.score(adata, "cell_type", n_perms=50)
    >>> result = cs.tl.therapies(adata, inplace=False)
    >>> result.table["claim"].iloc[0]
    'in-silico cut of edges, not a prediction of response'
    """
    check_target(adata, key_added, inplace=inplace)
    resource, stored = rs.as_resource(resource), get.load(adata, key)
    agents = agents_of(resource)
    roles = _told_roles(adata, stored, roles=roles, circuits_key=circuits_key)
    _check_tumour(adata, stored, resource, roles=roles)
    table = passing_edges(stored.table, padj=padj, max_padj=max_padj)
    same_species(resource, itertools.chain.from_iterable(agents["targets"]), table)
    by, column = split_key(condition_key, sample_key)
    flows = edge_flows(adata, table, stored.params, by=by, column=column, min_cells=int(min_cells))
    reach = TherapyReach(makers_of(resource), _groups_of(adata, stored, resource, roles=roles))
    cut, counted = reach.edges(agents, table), ~presents_antigen(table)
    steps, in_contexts = _circuit_steps(adata, circuits_key, by=by, column=column, min_cells=int(min_cells))
    of_steps = reach.steps(agents, steps)
    parts: dict[str, list[pd.DataFrame]] = {}
    for context, flow in flows.items():
        one = Cut(agents, table, flow, cut, counted, steps, of_steps, in_contexts[context])
        for name, frame in _tables_of(one, n_together=int(n_together), n_listed=int(n_combinations)).items():
            parts.setdefault(name, []).append(frame.assign(context=context))
    extra = {
        name: typed_frame(pd.concat(frames, ignore_index=True), schema.STORED.tables[name])
        for name, frames in parts.items()
    }
    sources = {key: stored} | ({str(circuits_key): get.load(adata, str(circuits_key))} if len(steps) else {})
    params = {
        "key": key,
        "made_from": made_from(sources),
        "circuits_key": circuits_key,
        "roles": recorded_roles(roles),
        "condition_key": condition_key,
        "sample_key": sample_key,
        "max_padj": max_padj,
        "padj": padj,
        "min_cells": int(min_cells),
        "n_together": int(n_together),
        "n_combinations": int(n_combinations),
        "flow": "ligand mean × receptor mean",
        "shares": "of all flow without antigen presentation",
        "claim": schema.CAUTION,
        "circuits": "used" if len(steps) else "none stored",
        "commscore": __version__,
    }
    result = Result(extra.pop("table"), params, identity(resource), extra, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


def _tables_of(cut: Cut, *, n_together: int, n_listed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of one context by name."""
    return {
        "table": agent_table(cut),
        "edges": edge_table(cut),
        "groups": group_table(cut),
        "combinations": combination_table(cut, n_together=n_together, n_listed=n_listed),
        "bypass": bypass_table(cut),
        "circuits": circuit_table(cut),
    }


def _told_roles(
    adata: AnnData, stored: Result, *, roles: RoleGroups | None, circuits_key: str | None
) -> RoleGroups | None:
    """Return the roles that were given, or what the stored circuits were told."""
    if roles is None and circuits_key is not None and circuits_key in adata.uns:
        params = get.params(adata, circuits_key)
        if str(params.get("groupby")) == str(stored.params["groupby"]):
            return {role: list(groups) for role, groups in dict(params.get("roles") or {}).items()}
    return roles


def _check_tumour(adata: AnnData, stored: Result, resource: Resource, *, roles: RoleGroups | None) -> None:
    """Raise if the resource is about tumours and no group takes a tumour role."""
    named = named_roles(resource, "circuits", "expectations", "evidence")
    check_tumour(adata, str(stored.params["groupby"]), named, role_groups=roles, resource=resource, what="therapies")


def _groups_of(adata: AnnData, stored: Result, resource: Resource, *, roles: RoleGroups | None) -> dict[str, set[str]]:
    """Return the groups of the roles that some therapy depletes, where the group holds no other cells."""
    depleted = {role for role in resource.therapies["depletes"] if role}
    if not depleted:
        return {}
    assigned = assigned_roles(
        adata, str(stored.params["groupby"]), role_groups=roles, resource=resource, layer=None, use_raw=False
    )
    return {role: set(assigned.of(role)) for role in depleted if assigned.how.get(role) != "parent"}


def _circuit_steps(
    adata: AnnData, circuits_key: str | None, *, by: str, column: str | None, min_cells: int
) -> tuple[pd.DataFrame, dict[str, Floats]]:
    """Return steps of the stored circuits with the gates on them, and their scores in every context.

    A therapy acts on a step whether RNA shows it or not: those beyond RNA whose cells are there follow, with score 0.
    """
    if circuits_key is None or (circuits_key == "commscore_circuits" and circuits_key not in adata.uns):
        names = [EVERYTHING] if column is None else obs_labels(adata, by, column)[1]
        return pd.DataFrame(columns=[*_STEP_COLUMNS, "measured"]), {name: np.zeros(0) for name in names}
    stored = get.load(adata, circuits_key)
    edges = stored.extra["edges"]
    steps = edges[edges["score"].notna() & edges["in_strength"]].reset_index(drop=True)
    scores = circuit_scores(adata, stored, steps, by=by, column=column, min_cells=min_cells)
    there = np.array(
        [
            all(read_names(row[side]) or row[f"{side}_role"] == ANY_ROLE for side in ("source", "target"))
            for row in edges.to_dict("records")
        ],
        bool,
    )
    beyond = edges[(edges["status"] == StepStatus.NOT_MEASURABLE_IN_RNA) & there]
    together = pd.concat([steps.assign(measured=True), beyond.assign(measured=False)], ignore_index=True)
    return together, {name: np.append(score, np.zeros(len(beyond))) for name, score in scores.items()}
