"""Compare conditions and stages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._labels import choose
from ..._random import RNG, key, recorded
from ..._validate import one_of, warn
from ..._version import __version__
from ...check import Columns, Count, Label, Levels, NonNegative, Proportion, Repeats, checked
from ...core.contrast import COMBINE, Settings
from ...get import Result
from ...get._store import check_target, finish, identity
from ...study.comparison import no_replicates, prepare_comparison, require_replicates
from ...study.label_hashes import label_hashes
from ...study.request import ComparisonRequest
from ...study.samples import StudyKeys, covariate_names
from ...tables import compare as schema
from . import _engine, _frames, _totals, _two_factors

if TYPE_CHECKING:
    from anndata import AnnData

    from ...rs import Resource

TESTS = ("auto", "samples", "permutation", "cells")
_SIDES_ALONE = (
    "combine='acat4' adds the sum and the difference of both sides, which test={test!r} does not know; use 'acat' or "
    "'fisher' with it"
)
_CELLS_SAY = (
    "Cells of one sample are not independent, so a small p-value says that these samples differ, not that the "
    "conditions do (false positives 0.2 to 0.4 at 0.05 with ordinary variation between donors)"
)


@checked
def compare(
    adata: AnnData,
    groupby: str,
    *,
    condition_key: str,
    sample_key: str | None = None,
    reference: Label | None = None,
    order: Levels | None = None,
    contrast: Label | Levels | None = None,
    covariates: Columns = (),
    patient_key: str | None = None,
    factor_key: str | None = None,
    resource: str | Resource | pd.DataFrame = "breast",
    test: str = "auto",
    combine: str = "acat",
    abundance_reference: Label | Levels | None = None,
    counts_layer: str | None = None,
    normalization: str = "tmm",
    library_key: str | None = None,
    scale: str = "counts",
    molecules: str = "none",
    supply: pd.DataFrame | None = None,
    expr_prop: Proportion = 0.1,
    min_cells: Count = 10,
    margin: NonNegative = 0.5,
    alpha: Proportion = 0.05,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    n_perms: Repeats = 1000,
    rng: RNG = 0,
    key_added: str = "commscore_compare",
    inplace: bool = True,
) -> Result | None:
    """Compare communication between conditions or along stages: what shifted, how surely, and why.

    Samples are the replicates. Raw counts are added up per sample × group of cells. Each gene in each group is fitted
    on all samples that have the group, by weighted least squares of log2 counts per million (what donors, counting and
    cells add to the variance makes the weights) and by negative binomial quasi-likelihood
    (doi:10.1515/1544-6115.1826), with variances that genes and groups lend each other (doi:10.2202/1544-6115.1027); the
    two are averaged by the share of counting in the variance. The evidence of the ligand in the source and of the
    receptor in the target is combined for each interaction.

    Parameters
    ----------
    adata
        Cells × genes with raw counts. Never modified but for the result in ``adata.uns[key_added]``. A backed, lazily
        read or dask-backed matrix is read in blocks, on a cluster if there is a ``distributed.Client``.
    groupby
    condition_key
        Column of ``adata.obs`` with the condition or stage, constant within a sample.
    sample_key
        Column of ``adata.obs`` with the biological samples (one donor, one condition); needed unless
        ``test="cells"``.
    reference
        Baseline level. By default the first of ``order``; else of an ordered categorical; else the one level that is
        called control, ctrl, healthy, healthy_control, normal, untreated, unstimulated, vehicle, mock, baseline, pre,
        primary, wild-type, wt or 0, in any case; else the smallest where all levels are numbers, or one stem with a
        number (day2 before day10). Otherwise it is demanded. ``params["reference_by"]`` says which rule chose it.
    order
        Stages in order. Adds the contrast ``"stages"`` (linear, hill and steps; ``shape`` names the course if all
        others are excluded). Samples of conditions that it does not name are left out. Every stage needs two samples
        with both groups, as every condition does; name fewer stages where one has a single sample.
    contrast
        One level, or several, to set against the reference; by default all others. Samples of the levels
        that are not named still serve to estimate the variance. ``"pairwise"``: every two levels once, the earlier one
        the reference (that of ``reference``, if there is one, then ``order`` or the natural order).
    covariates
        Columns of ``adata.obs`` that are constant within a sample: numbers enter as a slope, text and categories as
        labels. Whole numbers that hardly differ and that several samples share get a warning.
    patient_key
        Column with the patient, donor or another block that several samples share. Samples of one patient and condition
        are added up and count once. ``params["patient_design"]`` says what follows: ``"between"``, the condition is
        constant within patients, who are the replicates; ``"within"``, all have several conditions and enter the design
        as fixed effects; ``"mixed"``, some have one condition, and what samples of a patient share is estimated.
    factor_key
        Column of ``adata.obs`` with a second factor, such as the subtype or the response to a therapy, whose
        *statistical* interaction with the condition is tested; not a ligand–receptor interaction. Gives contrasts
        within each of its levels (``"ALT vs REF | LEVEL"``) and their differences in differences
        (``"ALT vs REF | LEVEL vs FIRST"``), with both simple effects and their class in ``extra["two_factors"]`` of
        the result. Not with ``order``.
    resource
        Name of a resource, of several joined by ``+`` as in ``"breast+general"`` (:func:`commscore.rs.as_resource`
        says which there are), a :class:`~commscore.rs.Resource`, or a table with the columns ``ligand`` and
        ``receptor`` (subunits joined by ``_``).
    test
        ``"samples"``: moderated t. ``"permutation"``: p-values from relabelling the samples. ``"cells"``: cells as
        replicates; says only whether these samples differ, with a warning. ``"auto"``: samples, which must be at least
        two in the reference and in a level that is contrasted with it; never cells.
    combine
        ``"acat"`` (valid when both sides depend on each other), ``"acat4"`` (combines the sum and the difference of
        both sides with them: more power where both move, a little less where one does; with ``test="samples"`` only,
        and ``exact_pvalue`` is of both sides alone) or ``"fisher"`` (assumes independent sides).
    abundance_reference
        Group or groups of cells that did not change, which the abundances in ``d_source`` and ``d_target`` are relative
        to. By default, contrast by contrast, those more than half of all groups whose abundances change most alike:
        ``params["abundance_reference"]`` and ``extra["contrasts"]`` name them. Where half of the groups or more change,
        or there are two, cells counted by sequencing cannot tell which did: name those that you know to be stable.
    counts_layer
        Layer with the raw counts; else ``layers["counts"]``, else ``X`` or ``raw``, whichever holds whole numbers.
    normalization
    library_key
    molecules
    supply
    scale
        ``"counts"``: raw counts; where there are none, those behind the logarithms of scaled counts, if they come back
        whole (a warning says so). ``"lognorm"``: means over the cells of normalised values, before their logarithm, of
        ``counts_layer``, ``X`` or ``raw``, where no counts can be had. What counting adds to their noise is unknown,
        and depth may be taken for change (0.31 of unchanged rows with p ≤ 0.05 at half the depth and low counts): a
        warning says how much depth differs, and from a factor of 1.4 between conditions nothing is compared. The
        column ``scale`` says which it was.
    expr_prop
        Fraction of cells, 0 to 1, that must express both sides, in as many samples as the smaller condition
        has.
    min_cells : counts
    margin
        Half width, in log2, within which a change counts as none: ``stable`` where the 95 % interval of the effect lies
        within it, and neither side moved further.
    alpha
        Level of ``padj``, 0 to 1, from which a row has a direction in ``shift``, a ``driver`` and a ``shape``; the
        totals count by it too.
    use_raw
        Take the counts from ``adata.raw``.
    gene_symbols
    n_perms
        Most relabellings of samples that are enumerated or drawn for ``exact_pvalue``. Where cells are compared, the
        permutations of cells: the smallest p-value of one side is 1 / (n_perms + 1), so take more for many tests.
    rng
        Seed, Generator or SeedSequence of the relabellings.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. The table has one row per contrast × source ×
    target × interaction that was tested, or that lacks samples and is expressed; see
    :data:`commscore.tables.compare.COMPARE` for its columns, and :func:`commscore.get.untested` and
    :func:`commscore.get.totals` for the tables beside it. In most data most rows are not tested: too few samples
    express both sides, or have both groups. These are counted, also in the representation of the result, and
    ``cs.get.untested(adata, key, rows=True)`` lists them.

    Raises
    ------
    KeyError
        If a column or layer does not exist.
    TypeError
        If an argument has the wrong type, or a keyword is unknown.
    ValueError
        If an argument is out of range, labels are missing, there are no raw counts, or the design cannot be tested; the
        message names the problem and the way out.

    Warns
    -----
    UserWarning
        If fewer than a fifth of the interactions have their genes in the data (with the likely cause), these genes
        carry most of the counts, the composition of the counts or the share of ambient RNA differs between conditions,
        no row could be tested, or a column looks like patients with several samples of one condition and there is no
        ``patient_key``.

    Examples
    --------
    >>> import commscore as cs
    >>> shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    >>> adata = cs.ds.simulate(n_samples=4, n_cells=200, shifts=[shift], rng=0)
    >>> cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample")
    >>> found = cs.get.table(adata, "commscore_compare", source="tumour", target="macrophage", max_padj=0.05)
    >>> found[["interaction", "shift", "driver"]]
      interaction shift  driver
    0  CSF1^CSF1R    up  ligand
    """
    keys = StudyKeys(groupby, condition_key, sample_key, patient_key, covariate_names(covariates), factor_key)
    settings = _settings(
        test=test, combine=combine, margin=margin, alpha=alpha, expr_prop=expr_prop, n_perms=n_perms, rng=rng
    )
    check_target(adata, key_added, inplace=inplace)
    if factor_key is not None and order is not None:
        msg = (
            f"order and factor_key={factor_key!r} (a second factor) exclude each other; compare the "
            "stages within each level, or leave out order"
        )
        raise ValueError(msg)
    unit = _unit(test, keys, combine=combine)
    request = ComparisonRequest(
        resource,
        counts_layer,
        use_raw,
        int(min_cells),
        reference,
        order,
        contrast,
        by_cells=unit == "cells",
        normalization=normalization,
        library_key=library_key,
        gene_symbols=gene_symbols,
        scale=scale,
        molecules=molecules,
        supply=supply,
        sample_key=sample_key or "",
        keep_incomplete=True,
    )
    _refuse_supply(supply, by_cells=unit == "cells")
    _refuse_lognorm(scale, by_cells=unit == "cells", library_key=library_key)
    prepared = prepare_comparison(adata, keys, request)
    if unit == "samples":
        require_replicates(prepared, keys, test=test)
    settings = replace(settings, abundance_reference=_reference_groups(abundance_reference, prepared.study.groups))
    plan = _engine.ComparisonPlan(
        prepared, keys, settings, min_cells=int(min_cells), n_perms=int(n_perms), staged=order is not None
    )
    comparison = _engine.by_cells(plan, adata) if unit == "cells" else _engine.by_samples(plan, adata)
    table = _frames.compare_table(
        comparison.prepared, comparison.tests, comparison.which, parts=comparison.parts, unit=unit
    )
    stored = _frames.split_rows(table, parts=comparison.parts, expr_prop=settings.expr_prop)
    untested = _frames.untested_table(
        comparison.prepared, comparison.which, parts=comparison.parts, notes=comparison.notes
    )
    if comparison.supplied is not None:
        stored["table"] = comparison.supplied.joined(stored["table"])
        untested = comparison.supplied.beside(untested)
    extra = {
        "untested": untested,
        "left_out": stored["left_out"],
        "interactions": stored["interactions"],
        "totals": _totals.totals_table(table, alpha=settings.alpha),
        "contrasts": pd.DataFrame(comparison.info),
        "factors": prepared.factors,
        "ambient": prepared.ambient.table(prepared.study),
    }
    if factor_key is not None:
        extra["two_factors"] = _two_factors.two_factors_table(table, comparison.parts)
    study = comparison.prepared.study
    params = {
        "groupby": groupby,
        "condition_key": condition_key,
        "sample_key": sample_key,
        "patient_key": patient_key,
        "patient_design": study.patient_design,
        "factor_key": factor_key,
        "covariates": np.asarray(keys.covariates, object),
        "reference": study.reference,
        "reference_by": study.reference_by,
        **request.recorded(),
        "test": test,
        "unit": unit,
        "combine": combine,
        **_frames.abundance_references(comparison.info, chosen=abundance_reference is not None),
        **prepared.source.counts,
        **prepared.production.recorded,
        "supply": None if prepared.supply is None else np.asarray(prepared.supply.molecules, object),
        "expr_prop": float(expr_prop),
        "min_cells": int(min_cells),
        "margin": float(margin),
        "alpha": float(alpha),
        "n_perms": int(n_perms),
        "rng": recorded(rng, settings.seed),
        "groups": np.asarray(study.groups, object),
        "levels": np.asarray(study.levels, object),
        "samples": np.asarray(study.samples_of_obs, object),
        "n_samples": study.replicates,
        "cautions": np.asarray(prepared.cautions(), object),
        **label_hashes(adata, keys, order),
        **prepared.interactions.counted,
        "commscore": __version__,
    }
    result = Result(stored["table"], params, identity(comparison.prepared.resource), extra, schema.STORED.schema)
    prepared.warn()
    _warn_if_nothing(result)
    return finish(adata, key_added, result, inplace=inplace)


def _warn_if_nothing(result: Result) -> None:
    """Say so where no row could be tested; otherwise the representation of the result says how many were."""
    if not result.table["pvalue"].notna().any():
        warn(f"no row could be tested: {result.counted()}. cs.get.untested lists what was missing")


def _refuse_supply(supply: pd.DataFrame | None, *, by_cells: bool) -> None:
    """Raise where levels of samples are given and cells are compared."""
    if supply is not None and by_cells:
        msg = "supply has levels of samples, and test='cells' compares cells; give sample_key= and another test"
        raise ValueError(msg)


def _refuse_lognorm(scale: str, *, by_cells: bool, library_key: str | None) -> None:
    """Raise where normalised values are asked for with what needs counts."""
    if scale == "lognorm" and (by_cells or library_key is not None):
        other = "test='cells'" if by_cells else f"library_key={library_key!r}"
        msg = f"scale='lognorm' and {other} exclude each other: normalised values are compared by sample, as they are"
        raise ValueError(msg)


def _reference_groups(names: Any, groups: tuple[str, ...]) -> tuple[int, ...]:
    """Codes of the groups that abundances are relative to; none where they are to be found."""
    if names is None:
        return ()
    labels = choose("abundance_reference", names, options=groups, what="a group that takes part")
    return tuple(groups.index(name) for name in labels)


def _settings(
    *, test: Any, combine: Any, expr_prop: Any, n_perms: Any, rng: RNG, margin: Any = 0.5, alpha: Any = 0.05
) -> Settings:
    one_of("test", test, TESTS)
    one_of("combine", combine, COMBINE)
    return Settings(
        combine=combine,
        test="permutation" if test == "permutation" else "samples",
        margin=float(margin),
        alpha=float(alpha),
        expr_prop=float(expr_prop),
        max_enumeration=int(n_perms),
        seed=key(rng),
    )


def _unit(test: str, keys: StudyKeys, *, combine: str) -> str:
    """Return what is replicated: samples, or cells where they are asked for."""
    if test == "cells":
        _nothing_of_samples(keys)
        if combine == "acat4":
            raise ValueError(_SIDES_ALONE.format(test=test))
        warn(f"test='cells': {_CELLS_SAY}; the rows are marked unit='cells'. Use test='samples' to test conditions")
        return "cells"
    if test == "permutation" and combine == "acat4":
        raise ValueError(_SIDES_ALONE.format(test=test))
    if keys.sample is None:
        raise ValueError(no_replicates(test, "no sample_key was given"))
    return "samples"


def _nothing_of_samples(keys: StudyKeys) -> None:
    arguments = [
        name
        for name, value in (("covariates", keys.covariates), ("patient_key", keys.patient), ("factor_key", keys.factor))
        if value
    ]
    if arguments:
        msg = f"{' and '.join(arguments)} cannot be used when cells are compared; leave it out, or add samples"
        raise ValueError(msg)
