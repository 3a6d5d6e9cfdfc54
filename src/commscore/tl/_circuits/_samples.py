"""Samples: counts added up by sample and role, and association inside cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._validate import warn
from ...core import circuits as core
from ...core.composition import Composition, compose
from ...core.log_rates import log_cpm
from ...core.read.pseudobulk import Pseudobulk, pseudobulk
from ...study.ambient import read_ambient
from ...study.cautions import cautions_of_counts
from ...study.cells import Cells
from ...study.comparison import read_study, refuse_without_conditions, stages_with_samples
from ...study.composition import composition_shifts, factors_table
from ...study.counts import cell_totals, check_count_sums, raw_counts, say_of_counts
from ...study.expression import Expression
from ...study.production import with_sums_of
from ...study.request import ComparisonRequest
from ...study.samples import Study, StudyKeys, study_of_samples

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from ...arrays import Bools, Floats, Ints
    from ...core.threads import Team
    from ._steps import MeasuredSteps


LEAST = 5  # samples for an association


@dataclass(frozen=True)
class RoleSamples:
    """What is known of the samples, n_samples × n_roles × n_genes.

    ``logs``: log2 CPM, ``expected``: counts expected from the rate of all samples, ``prop``: fraction of cells
    with a count. ``order``: the stages, if any. ``source``: where the counts were read.
    ``composition`` and ``n_cells``: n_samples × n_roles.
    """

    study: Study
    order: tuple[str, ...]
    logs: Floats
    expected: Floats
    prop: Floats
    source: Expression
    composition: Composition
    n_cells: Ints

    def factors(self, roles: list[str]) -> pd.DataFrame:
        """Return the table of composition factors."""
        return factors_table(self.study.samples, roles, n_cells=self.n_cells, composition=self.composition)

    @property
    def counts(self) -> dict[str, Any]:
        """Where the counts were read, for ``params`` (``use_raw`` there is that of the expression)."""
        return {"counts": self.source.name, "counts_layer": self.source.layer}


def check_keys(keys: StudyKeys, request: ComparisonRequest) -> None:
    """Conditions need samples, and what describes a comparison needs conditions."""
    if keys.condition and keys.sample is None:
        msg = (
            f"condition_key={keys.condition!r} needs sample_key=: samples are the replicates when conditions are "
            "compared, cells of one sample are not"
        )
        raise ValueError(msg)
    refuse_without_conditions(keys, request)
    if request.counts_layer is not None and keys.sample is None:
        msg = f"counts_layer={request.counts_layer!r} needs sample_key=: counts are added up by sample"
        raise ValueError(msg)
    if request.library_key is not None and keys.sample is None:
        msg = f"library_key={request.library_key!r} needs sample_key=: libraries are those of samples"
        raise ValueError(msg)


def cohort(
    adata: AnnData,
    cells: Cells,
    graph: core.CircuitGraph,
    *,
    keys: StudyKeys,
    request: ComparisonRequest,
    expression: Expression,
    columns: Ints,
    roles: list[str],
    team: Team,
) -> RoleSamples:
    """Add up raw counts by sample × role; roles may share groups."""
    study = _read(adata, keys, request)
    source = raw_counts(adata, counts_layer=request.counts_layer, use_raw=False, gene_symbols=request.gene_symbols)
    say_of_counts(source)
    source = with_sums_of(source, expression)
    columns = _columns(source, expression.names[columns])
    study = study.of_cells(source.usable)
    number = np.full(adata.n_obs, -1, np.int64)
    number[cells.index] = cells.groups.labels
    group = number[study.cells]
    large = group >= 0
    bulk = pseudobulk(
        source.reading,
        cells=study.cells[large],
        sample=study.sample[large],
        group=group[large],
        shape=(len(study.samples), cells.groups.n),
        columns=columns,
        team=team,
        totals=cell_totals(adata, request.library_key, fractional=source.fractional),
    )
    check_count_sums(bulk, source, columns)
    joined = bulk.joined([np.flatnonzero(member).tolist() for member in graph.members])
    joined = replace(joined, prop=np.nan_to_num(joined.prop))
    joined, composition = compose(joined, method=request.normalization, min_cells=request.min_cells)
    shifts = composition_shifts(study, roles, bulk=joined, composition=composition, names=source.var_names)
    ambient = read_ambient(study, bulk, source.var_names)
    for caution in cautions_of_counts(shifts, ambient, normalization=request.normalization):
        warn(caution)
    order = stages_with_samples(study, request)
    logs = log_cpm(joined, min_cells=request.min_cells)
    expected = _expected(joined, np.isfinite(logs))
    return RoleSamples(study, order, logs, expected, joined.prop, source, composition, joined.n_cells)


def _read(adata: AnnData, keys: StudyKeys, request: ComparisonRequest) -> Study:
    """Read the samples; those without a partner are left out of a paired study."""
    if not keys.condition:
        return study_of_samples(adata, keys.groupby, str(keys.sample), groups_were_read=True)
    return read_study(adata, keys, request, groups_were_read=True)


def _expected(roles: Pseudobulk, there: Bools) -> Floats:
    """Return the counts expected at the rate of all samples, so that noise does not depend on labels."""
    library = np.where(there.any(axis=2), roles.library, 0.0)
    counts = np.where(there, roles.counts, 0.0).sum(axis=0)
    rate = counts / np.maximum(library.sum(axis=0), 1.0)[:, None]
    return np.asarray(rate[None] * library[:, :, None], np.float64)


def _columns(source: Expression, names: pd.Index) -> Ints:
    """Positions of the genes in the matrix of counts, which may be ``raw`` with other variables."""
    at = source.names.get_indexer(names)
    if (at < 0).any():
        msg = f"{source.name}, which holds the raw counts, lacks {', '.join(names[at < 0][:3])}; give counts_layer="
        raise ValueError(msg)
    return np.asarray(at, np.int64)


def associations(samples: RoleSamples, measured: MeasuredSteps, *, seed: int) -> dict[int, tuple[float, float, int]]:
    """Spearman's correlation of both genes of every intracellular step across samples, by number of the step."""
    levels = core.node_levels(samples.logs, measured.graph)
    correlations = {}
    for step in measured.steps:
        if step.row["edge"] != "intracellular" or step.number < 0:
            continue
        x, y = levels[:, step.nodes[0]], levels[:, step.nodes[1]]
        if (np.isfinite(x) & np.isfinite(y)).sum() < LEAST:
            continue
        rng = np.random.default_rng([seed, step.number])
        sign = int(step.row["sign"])
        correlations[step.number] = core.spearman_within(x, y, strata=samples.study.condition, sign=sign, rng=rng)
    return correlations
