"""How much of the communication of a sample drives the tumour, how much restrains it, and how much nobody can sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import rs
from .._names import write_list
from .._validate import one_of
from .._version import __version__
from ..check import Columns, Count, Label, Levels, Proportion, checked
from ..get import Result
from ..get._frames import empty_frame, typed_frame
from ..get._store import check_target, finish, identity
from ..stats import exact, linear
from ..stats.sample_rows import fit_rows
from ..study.comparison import ComparisonData, contrasts_and_design, prepare_study
from ..study.design import StudyDesign
from ..study.domain import check_tumour, named_roles, require_roles, require_tumour
from ..study.request import ComparisonRequest
from ..study.roles import AssignedRoles, RoleGroups, assigned_roles, recorded_roles
from ..study.sample_edges import sample_sides
from ..study.samples import Study, StudyKeys, covariate_names
from ..tables import balance as schema
from ..tables.resource import DIRECTIONS

if TYPE_CHECKING:
    from anndata import AnnData

    from ..arrays import Bools, Floats
    from ..rs import Resource


SIGNS = ("reviews", "roles")
FLOWS = ("geometric", "product")
_LIMIT = 10_000
_TIES = 1e-9


@checked
def balance(
    adata: AnnData,
    groupby: str,
    *,
    sample_key: str,
    condition_key: str | None = None,
    reference: Label | None = None,
    order: Levels | None = None,
    contrast: Label | Levels | None = None,
    covariates: Columns = (),
    patient_key: str | None = None,
    sign: str = "reviews",
    roles: RoleGroups | None = None,
    flow: str = "geometric",
    abundance: bool = True,
    resource: str | Resource = "breast",
    counts_layer: str | None = None,
    normalization: str = "tmm",
    library_key: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    expr_prop: Proportion = 0.1,
    min_cells: Count = 10,
    key_added: str = "commscore_balance",
    inplace: bool = True,
) -> Result | None:
    """Weigh the flow of every sample by what the reviews say it does: pro- against anti-tumour.

    The flow of an edge in a sample is √(L·R), the geometric mean of the counts per million of ligand and receptor,
    times the proportions of source and target among the cells of the sample. Flows are added up by the direction of
    the evidence; the balance is log2(pro / anti), missing in a sample where one of the two has no flow. Most
    interactions of a tumour are written about because they drive it, so the level of the balance says little; its
    difference between conditions is what is tested, on samples. The share that is unsigned (dual or unclear) is
    shown, with the balance if all of it were pro or anti.

    Parameters
    ----------
    adata : counts
    groupby
    sample_key
        Column with the samples: the points, and the replicates of the tests.
    condition_key
        Column with the condition or stage, constant within a sample; None to measure without comparing.
    reference, order, contrast, covariates, patient_key
        As in :func:`commscore.tl.compare`; contrasts are pairwise. Beside patients with several conditions, those with
        one are left out.
    sign
        Whose ``direction`` (pro- or anti-tumour) is taken; neither the effect on the receptor nor the outcome for the
        receiving cell is read. ``"reviews"``: an interaction has the direction that all statements about it give,
        whoever sends and receives it. ``"roles"``: an edge has the direction of the statements about its sender and
        receiver only, and is unclear where there are none.
    roles
        Role → group or groups; what is not given is guessed (:func:`commscore.tl.roles`). Where the resource is about
        tumours, a group must take a tumour role: of tissue without a tumour it says nothing.
    flow
        ``"geometric"``: √(L·R), so that a few very high genes do not outweigh all others; ``"product"``: L·R, the flow
        whose change :func:`commscore.tl.compare` takes apart.
    abundance
        Multiply by the proportions of source and target.
    resource
        Name of a resource or a :class:`~commscore.rs.Resource` with signed evidence.
    counts_layer, use_raw
    gene_symbols
    normalization
    library_key
    expr_prop
        Fraction of cells, 0 to 1, that must express both sides of an edge in at least one sample.
    min_cells
        A sample × group with fewer cells is missing; its edges are left out of the sample (see ``n_edges``).
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. The table has one row per sample
    (:data:`commscore.tables.balance.BALANCE`). Beside it: ``tests`` (contrasts on samples, with exact p-values) and
    ``edges`` (mean share and direction of every edge by condition).

    Raises
    ------
    KeyError
        If a column or layer does not exist.
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, the resource has no direction that is pro or anti, it is
        about tumours and no group takes a tumour role, there are no raw counts, or the design cannot be tested.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=3, n_cells=300, rng=0)
    >>> cs.tl.balance(adata, "cell_type", sample_key="sample", condition_key="condition")
    >>> table = cs.get.table(adata, "commscore_balance")
    >>> len(table), bool(table["unsigned"].between(0, 1).all())
    (6, True)
    """
    one_of("sign", sign, SIGNS)
    one_of("flow", flow, FLOWS)
    if not isinstance(abundance, bool):
        msg = f"abundance must be True or False, found {abundance!r}"
        raise TypeError(msg)
    check_target(adata, key_added, inplace=inplace)
    resource = _signed(resource)
    keys = StudyKeys(groupby, condition_key or "", sample_key, patient_key, covariate_names(covariates))
    request = ComparisonRequest(
        resource,
        counts_layer,
        use_raw,
        int(min_cells),
        reference,
        order,
        contrast,
        normalization=normalization,
        library_key=library_key,
        gene_symbols=gene_symbols,
    )
    assigned = _who(adata, groupby, resource, roles=roles, sign=sign, use_raw=use_raw)
    prepared = prepare_study(adata, keys, request)
    sides = sample_sides(prepared, min_cells=int(min_cells), expr_prop=expr_prop, min_samples=1)
    flows = _flows(prepared, sides, power=0.5 if flow == "geometric" else 1.0, abundance=abundance)
    direction, n_statements = _directions(resource, sides["var"], assigned)
    table = _table(prepared, flows, sides["var"], direction=direction)
    extra = {
        "tests": _tests(prepared, table, keys=keys),
        "edges": _edge_table(prepared, flows, sides["var"], direction=direction, n_statements=n_statements),
        "factors": prepared.factors,
    }
    prepared.warn()
    study = prepared.study
    params = {
        "groupby": groupby,
        "condition_key": condition_key,
        "sample_key": sample_key,
        "patient_key": patient_key,
        "covariates": np.asarray(keys.covariates, object),
        "reference": study.reference,
        "reference_by": study.reference_by,
        **request.recorded(),
        "roles": recorded_roles(roles),
        "sign": sign,
        "sign_column": "direction",
        "flow": flow,
        "abundance": abundance,
        **prepared.source.counts,
        "expr_prop": float(expr_prop),
        "min_cells": int(min_cells),
        "levels": np.asarray(study.levels, object),
        "n_samples": study.replicates,
        "patient_design": study.patient_design,
        "groups": np.asarray(study.groups, object),
        "commscore": __version__,
    }
    result = Result(table, params, identity(resource), extra, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


def _signed(resource: str | Resource) -> Resource:
    resource = rs.as_resource(resource)
    frame = resource.interactions
    if "direction" not in frame or not frame["direction"].isin(["pro", "anti"]).any():
        msg = f"resource {resource.name!r} does not say which interactions are pro or anti; use resource='breast'"
        raise ValueError(msg)
    return resource


def _who(
    adata: AnnData, groupby: str, resource: Resource, *, roles: Any, sign: str, use_raw: bool
) -> AssignedRoles | None:
    """Read who takes which role; None where signs do not ask for it. Where it is about tumours there must be one."""
    role_names = named_roles(resource, "evidence")
    if sign != "roles":
        check_tumour(adata, groupby, role_names, role_groups=roles, resource=resource, what="signs")
        return None
    assigned = assigned_roles(adata, groupby, role_groups=roles, resource=resource, layer=None, use_raw=use_raw)
    require_roles(assigned, role_names, groupby, what="evidence")
    require_tumour(assigned, role_names, groupby, resource=resource, what="signs")
    return assigned


def _flows(prepared: ComparisonData, sides: dict[str, Any], *, power: float, abundance: bool) -> Floats:
    """Flow of every edge in every sample, (n_samples, n_edges); NaN where source or target is missing."""
    flows = np.exp2(power * (sides["ligand"] + sides["receptor"]))
    if abundance:
        share = prepared.bulk.n_cells / prepared.total_cells[:, None]
        var = sides["var"]
        flows = flows * share[:, var["source"].cat.codes] * share[:, var["target"].cat.codes]
    return np.asarray(flows, np.float64)


def _directions(resource: Resource, var: pd.DataFrame, assigned: Any) -> tuple[Any, Any]:
    """Direction of every edge and the number of statements that say so."""
    if assigned is None:
        frame = resource.interactions.set_index("interaction")
        names = var["interaction"].astype(str)
        n = frame["n_evidence"].reindex(names).to_numpy() if "n_evidence" in frame else np.ones(len(names))
        return _as_directions(frame["direction"].reindex(names).to_numpy()), n.astype(np.int64)
    evidence = {name: part.to_dict("records") for name, part in resource.evidence.groupby("interaction")}
    groups = {role: set(g) for role, g in assigned.groups.items()} | {
        "": {str(c) for c in var["source"].cat.categories}
    }
    direction, n = [], []
    for source, target, name in var[["source", "target", "interaction"]].astype(str).itertuples(index=False):
        directions = [
            e["direction"]
            for e in evidence.get(name, [])
            if source in groups.get(e["sender"], ()) and target in groups.get(e["receiver"], ())
        ]
        direction.append(_joint(directions))
        n.append(len(directions))
    return np.asarray(direction, object), np.asarray(n, np.int64)


def _as_directions(direction: Any) -> Any:
    return np.where(np.isin(direction.astype(str), DIRECTIONS), direction, "unclear").astype(object)


def _joint(directions: list[str]) -> str:
    """Direction of several statements, as the resource derives that of an interaction."""
    kinds = set(directions) - {"unclear"}
    if "dual" in kinds or {"pro", "anti"} <= kinds:
        return "dual"
    return kinds.pop() if kinds else "unclear"


def _table(prepared: ComparisonData, flows: Floats, var: pd.DataFrame, *, direction: Any) -> pd.DataFrame:
    study = prepared.study
    frame = pd.DataFrame(
        {
            "sample": pd.Categorical.from_codes(np.arange(len(study.samples)), list(study.samples)),
            "condition": pd.Categorical.from_codes(study.condition, list(study.levels)),
            "n_cells": prepared.total_cells,
            "n_edges": np.isfinite(flows).sum(axis=1),
        }
    )
    filled = np.nan_to_num(flows)
    total = filled.sum(axis=1)
    by = {d: filled[:, direction == d].sum(axis=1) for d in DIRECTIONS}
    unsigned = by["dual"] + by["unclear"]
    with np.errstate(divide="ignore", invalid="ignore"):
        for d in DIRECTIONS:
            frame[f"flow_{d}"], frame[f"share_{d}"] = by[d], by[d] / total
        frame["unsigned"] = unsigned / total
        # without flow of one sign there is no ratio: missing, never infinite
        frame["balance"] = _log_ratio(by["pro"], by["anti"])
        frame["balance_low"] = _log_ratio(by["pro"], by["anti"] + unsigned)
        frame["balance_high"] = _log_ratio(by["pro"] + unsigned, by["anti"])
        frame["largest_share"] = filled.max(axis=1) / total
    edges = var[["source", "target", "interaction"]].astype(str).iloc[filled.argmax(axis=1)].to_numpy()
    frame["largest"] = [write_list(e) if t > 0 else "" for e, t in zip(edges, total, strict=True)]
    return typed_frame(frame, schema.BALANCE)


def _log_ratio(above: Floats, below: Floats) -> Floats:
    both = (above > 0) & (below > 0)
    return np.where(both, np.log2(np.where(both, above, 1.0) / np.where(both, below, 1.0)), np.nan)


def _tests(prepared: ComparisonData, table: pd.DataFrame, *, keys: StudyKeys) -> pd.DataFrame:
    """Contrasts of both measures, each with a variance of its own."""
    contrasts, design = contrasts_and_design(prepared.study, keys)
    frames = []
    share = table["unsigned"].to_numpy().clip(1e-6, 1 - 1e-6)
    values = {"balance": table["balance"].to_numpy(), "unsigned": np.log2(share / (1.0 - share))}
    for one in contrasts:
        for measure, value in values.items():
            row = _one_test(value, prepared.study, design, vector=one.vectors[0], codes=(one.ref[0], one.alt[0]))
            identity = {"contrast": one.name, "reference": one.reference, "level": one.level, "measure": measure}
            frames.append(identity | row)
    if not frames:
        return empty_frame(schema.TESTS)
    return typed_frame(pd.DataFrame(frames), schema.TESTS)


def _one_test(
    value: Floats, study: Study, design: StudyDesign, *, vector: Floats, codes: tuple[int, int]
) -> dict[str, Any]:
    there = np.isfinite(value)
    inside = [there & (study.condition == c) for c in codes]
    fit = fit_rows(value[:, None], design=design.matrix, vectors=vector[None], unit=np.zeros((value.size, 1)))
    effect = float(fit.estimate[0, 0])
    enough = min(m.sum() for m in inside) >= 2
    se, reach, p = (float(a[0, 0]) if enough else np.nan for a in (fit.se, fit.reach, fit.pvalue))
    row: dict[str, Any] = {f"n_{e}": int(m.sum()) for e, m in zip(("ref", "alt"), inside, strict=True)}
    row |= {
        f"mean_{e}": float(value[m].mean()) if m.any() else np.nan for e, m in zip(("ref", "alt"), inside, strict=True)
    }
    row |= {"effect": effect, "se": se, "ci_low": effect - reach, "ci_high": effect + reach, "pvalue": p}
    row |= dict.fromkeys(("exact_pvalue", "exact_floor"), np.nan)
    if enough:
        row |= _exact(value, study, design, keep=inside[0] | inside[1], codes=codes)
    return row


def _exact(
    value: Floats, study: Study, design: StudyDesign, *, keep: Bools, codes: tuple[int, int]
) -> dict[str, float]:
    """Relabel the samples of the two conditions, within patients; the statistic is the adjusted difference of means."""
    labels = (study.condition[keep] == codes[1]).astype(np.int64)
    block = None if design.block is None else design.block[keep]
    drawn, everything = exact.relabellings(labels, block=block, limit=_LIMIT)
    if block is None and design.matrix.shape[1] > len(study.levels):
        # covariates: what they explain without the condition is taken out before relabelling
        others = np.column_stack([np.ones(labels.size), design.matrix[keep][:, len(study.levels) :]])
        rest = linear.project(others, np.eye(others.shape[1])[:1]).residual @ value[keep]
    else:
        rest = value[keep]
    sums = drawn @ rest
    statistic = np.abs(sums / labels.sum() - (rest.sum() - sums) / (labels.size - labels.sum()))
    reached = int((statistic >= statistic[0] - _TIES).sum())
    # swapping all labels is a relabelling too where both sides are as large, and has the same difference
    blocks = np.zeros(labels.size, np.int64) if block is None else block
    mirrored = all(2 * labels[blocks == b].sum() == (blocks == b).sum() for b in np.unique(blocks))
    floor = (2.0 if everything and mirrored else 1.0) / drawn.shape[0]
    return {"exact_pvalue": reached / drawn.shape[0], "exact_floor": floor}


def _edge_table(
    prepared: ComparisonData, flows: Floats, var: pd.DataFrame, *, direction: Any, n_statements: Any
) -> pd.DataFrame:
    study, filled = prepared.study, np.nan_to_num(flows)
    total = filled.sum(axis=1, keepdims=True)
    share = np.divide(filled, total, out=np.zeros_like(filled), where=total > 0)
    frames = []
    for c, level in enumerate(study.levels):
        frame = var[["source", "target", "interaction"]].reset_index(drop=True)
        frame["condition"], frame["direction"], frame["n_statements"] = level, direction, n_statements
        frames.append(frame.assign(share=share[study.condition == c].mean(axis=0)))
    return typed_frame(pd.concat(frames, ignore_index=True), schema.EDGES)
