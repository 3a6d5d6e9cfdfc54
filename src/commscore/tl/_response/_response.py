"""Activity of the receivers, its change, and the interactions upstream of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd

from ..._validate import one_of
from ..._version import __version__
from ...check import Columns, Count, Label, Levels, Proportion, at_least, checked
from ...get import Result
from ...get._frames import empty_frame, typed_frame
from ...get._store import check_target, finish, identity
from ...stats.multiple import benjamini_hochberg
from ...stats.sample_rows import fit_rows
from ...study.activities import ACTIVITY_METHODS, ActivityRule, measure_activities
from ...study.comparison import ALL, ComparisonData, contrasts_and_design, prepare_study
from ...study.contrasts import table_of_contrasts
from ...study.design import StudyDesign
from ...study.nets import read_net, receptor_links
from ...study.request import ComparisonRequest
from ...study.samples import StudyKeys, covariate_names
from ...tables import response as schema
from ...tables.vocabulary import Status
from . import _edges

if TYPE_CHECKING:
    from anndata import AnnData

    from ...core.contrast import Contrast
    from ...rs import Resource
    from ...study.activities import Activities


@checked
def response(
    adata: AnnData,
    groupby: str,
    *,
    net: str | pd.DataFrame | None = None,
    condition_key: str | None = None,
    sample_key: str | None = None,
    method: str = "ulm",
    reference: Label | None = None,
    order: Levels | None = None,
    contrast: Label | Levels | None = None,
    covariates: Columns = (),
    patient_key: str | None = None,
    links: pd.DataFrame | None = None,
    resource: str | Resource | pd.DataFrame = "breast",
    counts_layer: str | None = None,
    normalization: str = "tmm",
    library_key: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    expr_prop: Proportion = 0.1,
    min_cells: Count = 10,
    min_targets: Annotated[int, at_least(2)] = 5,
    min_counts: Count = 10,
    alpha: Proportion = 0.05,
    key_added: str = "commscore_response",
    inplace: bool = True,
) -> Result | None:
    """Measure what receiving cells do, test how it changes, and link it to the interactions upstream of it.

    The activity of a pathway in a group of a sample is the coefficient of the pathway's weights on the pseudobulk
    log2 CPM of all genes (decoupler's ``ulm`` or ``mlm``, doi:10.1093/bioadv/vbac016), genes centred over the
    samples of the group and weights scaled to a mean square of 1: it is the log2 change of a target gene of average
    weight. The t-value that decoupler calls score is kept beside it; contrasts are made on the coefficient, because a
    t-value shrinks where fewer cells were read. Samples are the replicates, variances are moderated.

    A **sign switch** is the same edge with opposite response in two contexts, as TGF-β early and late: within each
    condition the activity is regressed on log2(ligand × receptor) across samples, and the slopes of two conditions must
    have opposite signs, both with evidence. A slope of one condition (``coupling``) is a description without a
    p-value: whatever samples share, from an age to a depth, makes edge and response go together without any signal
    between them. That does not turn the sign of a slope from one condition to the other, so the switch is tested.

    Parameters
    ----------
    adata : counts
    groupby
    net
        ``"progeny"`` (default; see :func:`commscore.rs.progeny`) or a table in decoupler's format: ``source``,
        ``target``, ``weight`` (1 if there is no such column).
    condition_key
        Column with the condition or stage, constant within a sample; without it activities are measured and not
        compared.
    sample_key
        Column with the samples. Without it each condition, or all cells, is one sample and nothing is tested.
    method
        ``"ulm"`` (one pathway at a time) or ``"mlm"`` (all together, which tells overlapping pathways apart).
    reference, order, contrast, covariates, patient_key
        As in :func:`commscore.tl.compare`; ``order`` gives the order of the contexts, contrasts stay pairwise.
    links
        Table ``receptor, pathway`` (and ``sign``, 1 or −1, ``evidence``): which receptor feeds which source of the
        net. Default: :func:`commscore.rs.receptor_pathways`.
    resource
        Name of a resource, a :class:`~commscore.rs.Resource`, or a table with ``ligand`` and ``receptor``.
    counts_layer, use_raw
    gene_symbols
    normalization
    library_key
    expr_prop
        Fraction of cells, 0 to 1, that must express both sides of an edge in as many samples as the smallest
        condition has.
    min_cells : counts
    min_targets
        Fewest target genes of a pathway in a group.
    min_counts
        Counts that a gene needs in as many samples as the smallest condition has, to be used in a group.
    alpha
        Level of ``padj``, 0 to 1, up to which there is a change or a switch; intervals hold 95 % whatever it is.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. The table has one row per contrast × target ×
    pathway (:data:`commscore.tables.response.RESPONSE`). Beside it: ``activities`` (samples), ``links`` (change of
    every edge upstream beside the change of the response), ``coupling`` (slopes within a context, described),
    ``switches`` (pairs of contexts, ``sign_switch``) and ``untested``.

    Raises
    ------
    KeyError
        If a column or layer does not exist.
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, no target of the net is measured, there are no raw counts,
        or the design cannot be tested.

    Examples
    --------
    >>> import commscore as cs
    >>> import numpy as np
    >>> import pandas as pd
    >>> adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=0)
    >>> net = pd.DataFrame({"source": "P", "target": [f"BG{i:04d}" for i in range(1, 31)], "weight": 1.0})
    >>> cs.tl.response(adata, "cell_type", net=net, condition_key="condition", sample_key="sample")
    >>> cs.get.table(adata, "commscore_response", target="tumour")[["contrast", "pathway", "status"]]
              contrast pathway  status
    0  case vs control       P  tested
    """
    one_of("method", method, ACTIVITY_METHODS)
    check_target(adata, key_added, inplace=inplace)
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
        keep_profile=True,
    )
    prepared = prepare_study(adata, keys, request)
    study = prepared.study
    edges, net_name = read_net(net, prepared.source.var_names)
    rule = ActivityRule(method, int(min_cells), int(min_targets), int(min_counts))
    members = [(g, [i]) for i, g in enumerate(study.groups)]
    acts = measure_activities(prepared, members, net=edges, rule=rule)
    contrasts, design = contrasts_and_design(prepared.study, keys)
    table = response_table(acts, prepared, contrasts=contrasts, design=design)
    linked = receptor_links(links, prepared.interactions.frame, list(acts.pathways))
    up = _edges.upstream(prepared, acts, linked, net=edges, min_cells=int(min_cells), expr_prop=expr_prop)
    slopes = _edges.coupling(up, nuisance=design.matrix, min_cells=int(min_cells))
    extra = {
        "activities": activities_table(acts, prepared),
        "links": _edges.change_table(
            up, table, design=design, contrasts=contrasts, min_cells=int(min_cells), expr_prop=expr_prop, alpha=alpha
        ),
        "coupling": _edges.coupling_table(up, slopes),
        "switches": _edges.switch_table(up, slopes, alpha=alpha),
        "untested": _untested(acts, prepared, up, min_targets=int(min_targets)),
        "factors": prepared.factors,
    }
    prepared.warn()
    if contrasts:
        extra["contrasts"] = table_of_contrasts(contrasts)
    params = {
        "groupby": groupby,
        "condition_key": condition_key,
        "sample_key": sample_key,
        "patient_key": patient_key,
        "covariates": np.asarray(keys.covariates, object),
        **request.recorded(),
        "net": net_name,
        "method": method,
        **prepared.source.counts,
        "expr_prop": float(expr_prop),
        "min_cells": int(min_cells),
        "min_targets": int(min_targets),
        "min_counts": int(min_counts),
        "alpha": float(alpha),
        "groups": np.asarray(study.groups, object),
        "pathways": np.asarray(acts.pathways, object),
        "samples": np.asarray(study.samples_of_obs, object),
        **prepared.interactions.counted,
        "commscore": __version__,
    } | study.recorded()
    result = Result(table, params, identity(prepared.resource), extra, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


def response_table(
    acts: Activities, prepared: ComparisonData, *, contrasts: list[Contrast], design: StudyDesign
) -> pd.DataFrame:
    """One row per contrast × group × pathway that has an activity."""
    study = prepared.study
    n, k, p = acts.activity.shape
    value = acts.activity.reshape(n, k * p)
    rows = np.flatnonzero(np.isfinite(value).any(axis=0))
    value, unit = value[:, rows], acts.unit.reshape(n, k * p)[:, rows]
    names: dict[str, Any] = {
        "target": pd.Categorical.from_codes(rows // p, list(acts.groups)),
        "pathway": pd.Categorical.from_codes(rows % p, list(acts.pathways)),
        "n_targets": acts.n_targets.reshape(-1)[rows],
    }
    if not contrasts:
        level = _level(value, np.ones(n, bool))
        frame = pd.DataFrame({"contrast": ALL} | names)
        frame["n_ref"], frame["n_alt"], frame["activity_ref"] = level[0], 0, level[1]
        for name in ("activity_alt", "effect", "se", "ci_low", "ci_high", "pvalue", "padj"):
            frame[name] = np.nan
        return typed_frame(frame.assign(status="not_compared"), schema.RESPONSE)
    vectors = np.vstack([c.vectors[:1] for c in contrasts])
    fit = fit_rows(value, design=design.matrix, vectors=vectors, unit=unit)
    frames = []
    for q, one in enumerate(contrasts):
        ref, alt = (_level(value, np.isin(study.condition, codes)) for codes in (one.ref, one.alt))
        tested = (ref[0] >= 2) & (alt[0] >= 2) & np.isfinite(fit.pvalue[q])
        frame = pd.DataFrame({"contrast": one.name} | names)
        frame["n_ref"], frame["n_alt"], frame["activity_ref"], frame["activity_alt"] = ref[0], alt[0], ref[1], alt[1]
        frame["effect"] = fit.estimate[q]
        frame["se"], reach = np.where(tested, fit.se[q], np.nan), np.where(tested, fit.reach[q], np.nan)
        frame["ci_low"], frame["ci_high"] = fit.estimate[q] - reach, fit.estimate[q] + reach
        frame["pvalue"] = np.where(tested, fit.pvalue[q], np.nan)
        frame["padj"] = benjamini_hochberg(frame["pvalue"].to_numpy())
        frames.append(frame.assign(status=np.where(tested, Status.TESTED, Status.TOO_FEW_SAMPLES)))
    return typed_frame(pd.concat(frames, ignore_index=True), schema.RESPONSE)


def _level(value: Any, inside: Any) -> tuple[Any, Any]:
    there = np.isfinite(value[inside])
    n = there.sum(axis=0)
    total = np.where(there, value[inside], 0.0).sum(axis=0)
    return n, np.divide(total, n, out=np.full(n.size, np.nan), where=n > 0)


def activities_table(acts: Activities, prepared: ComparisonData) -> pd.DataFrame:
    """One row per sample × group × pathway that has an activity."""
    study = prepared.study
    s, g, p = np.nonzero(np.isfinite(acts.activity))
    frame = pd.DataFrame(
        {
            "sample": pd.Categorical.from_codes(s, list(study.samples)),
            "condition": pd.Categorical.from_codes(study.condition[s], list(study.levels)),
            "target": pd.Categorical.from_codes(g, list(acts.groups)),
            "pathway": pd.Categorical.from_codes(p, list(acts.pathways)),
            "n_cells": acts.n_cells[s, g],
            "activity": acts.activity[s, g, p],
            "score": acts.score[s, g, p],
            "centred": acts.centred[g],
        }
    )
    return typed_frame(frame, schema.ACTIVITIES)


def _untested(acts: Activities, prepared: ComparisonData, up: Any, *, min_targets: int) -> pd.DataFrame:
    study = prepared.study
    rows = [(w, r, d) if r in schema.REASONS else (w, "too few samples", d) for w, r, d in study.notes]
    for g, p in zip(*np.nonzero(~np.isfinite(acts.activity).any(axis=0)), strict=True):
        detail = f"group {acts.groups[g]}: fewer than min_targets={min_targets} targets with enough counts"
        rows.append((acts.pathways[p], "too few targets", detail))
    fed = set(up.links["pathway"])
    rows += [
        (p, "no link", "no receptor of the resource is known to feed it; give links=")
        for p in acts.pathways
        if p not in fed
    ]
    frame = pd.DataFrame(rows, columns=list(schema.UNTESTED.names), dtype=object)
    return typed_frame(frame, schema.UNTESTED) if rows else empty_frame(schema.UNTESTED)
