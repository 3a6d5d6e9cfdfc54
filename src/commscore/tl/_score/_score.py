"""Score ligand–receptor interactions between groups of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ... import rs
from ..._random import RNG, key, recorded
from ..._validate import one_of, warn
from ..._version import __version__
from ...check import Count, GroupNames, Proportion, Repeats, Threads, checked
from ...core.permute import Draws, schemes
from ...core.progress import progress_bar
from ...core.read.cells import CellReader
from ...core.scoring import nulls
from ...core.scoring.moments import SampleStatistics
from ...core.scoring.problem import Problem, tables_of
from ...core.scoring.sampled import chance_of_listing, over_samples
from ...core.summary import COMPLEX_RULES, entity_summary, expected_means, join
from ...core.threads import team
from ...get import Result
from ...get._store import check_target, finish, identity
from ...stats.selection import ExpressionFilter
from ...study.background import cell_totals, gene_sets_of_tests, with_cofactors
from ...study.cells import Cells, read_cells
from ...study.expression import Expression, read_expression, refuse_unsuitable
from ...study.group_pairs import GroupPairs, MeetingGroups, read_group_pairs
from ...study.interactions import TestableInteractions, testable_interactions, with_consumers
from ...study.production import consumed_share, read_production
from ...study.strata import samples_of_cells, warn_if_few, warn_of_patients, warn_of_samples
from . import _samples
from ._chosen import ChosenMethods, Methods, choose, refuse_one_group, with_ranks
from ._tables import ScoredRows, score_table, untested_table

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from ... import scores as scoring
    from ...arrays import Floats, Ints, Tests
    from ...core.scoring.problem import GeneSetsOfTests
    from ...core.summary import EntitySummary
    from ...core.threads import Team
    from ...rs import Resource

NULLS = (*nulls.NAMES, None)
_MEMORY = 256 * 2**20
_SELDOM = 0.5  # chance of being listed below which the floor of the permutations is not enough
_PROP_FILTERS = (">=", ">")


@checked
def score(
    adata: AnnData,
    groupby: str,
    *,
    sample_key: str | None = None,
    resource: str | Resource | pd.DataFrame = "breast",
    method: Methods = "mean",
    null: str | None = "permutation",
    n_perms: Repeats = 1000,
    scheme: str = "rotation",
    complex: str = "min",  # noqa: A002
    missing_subunits: str = "drop",
    molecules: str = "none",
    expr_prop: Proportion = 0.1,
    min_cells: Count = 5,
    groups: GroupNames | None = None,
    group_pairs: GroupPairs | None = None,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    rng: RNG = 0,
    n_jobs: Threads | None = None,
    ties: str = "ge",
    plus_one: bool = True,
    prop_filter: str = ">=",
    memory: Count = _MEMORY,
    key_added: str = "commscore",
    inplace: bool = True,
) -> Result | None:
    """Score every interaction between every ordered pair of groups, and test it.

    Give ``sample_key`` where the cells come from several samples. Two questions are then answered. ``pvalue_within``:
    do the group's cells express the pair, *in these samples*, more than other cells of the same sample do by chance?
    Differences between samples cannot produce it, but one donor's peculiarity can. ``pvalue``: does the excess recur
    *from sample to sample*, so that it can be expected in the next donor? Without ``sample_key`` all cells are one
    sample: differences between donors count as evidence (labels shuffled within the samples of public cohorts:
    p ≤ 0.05 in a fifth to two fifths of the rows), and a warning says so where a column looks like samples.

    Rows are listed because they pass ``expr_prop``, and permuted labels seldom pass it where expression is specific.
    ``pvalue`` and ``pvalue_within`` hold among the listed rows: min(1, p / ``pass_probability``), with the probability
    that labels permuted within samples would list the row. Where no permutation scores as high and few would list the
    row, p is the analytic tail, if the method has one, but never below 1 / (n_perms + 1); ``null="auto"`` shows smaller
    ones.

    A score joins two sides, and one of them alone can make it high: ``raised`` says which sides are above permuted
    labels.

    Parameters
    ----------
    adata
        Cells × genes, log-normalised (log1p of counts scaled to the same total). Never modified but for the
        result in ``adata.uns[key_added]``. A backed, lazily read or dask-backed matrix is read in blocks, on a
        cluster if there is a ``distributed.Client``.
    groupby
    sample_key
        Column of ``adata.obs`` with the biological samples (or donors: what the next one of could differ). Labels are
        permuted within samples, and ``pvalue`` is a moderated t-test over samples, of every row whose two groups have
        at least 3 cells each in 3 samples or more; other rows have none (``status`` is ``too_few_samples``). With one
        or two samples in the data it is ``pvalue_within``, as the column ``unit`` says.
    resource
        Name of a resource, of several joined by ``+`` as in ``"breast+general"`` (:func:`commscore.rs.as_resource`
        says which there are), a :class:`~commscore.rs.Resource`, or a table with the columns ``ligand`` and
        ``receptor`` (subunits joined by ``_``). Pairs of which one changes the other without binding it (protease
        and substrate; ``directness`` is ``indirect``) are left out and listed as untested, unless a list
        other than the shipped one has them, or all are such, as in ``resource.filter(directness="indirect")``.
    method
        A scoring method or a list of them: a name (:func:`commscore.tl.methods` lists them all), or what
        :func:`commscore.tl.method` returns for other parameters. All of them share one pass over the data and
        one set of permutations. ``"consensus"`` computes the methods that it ranks and adds
        ``magnitude_rank`` and ``specificity_rank`` (0 to 1, small is strong).
    null
        ``"permutation"`` shuffles the labels of all cells jointly for all genes. ``"analytic"`` computes the
        same p-values without shuffling, by a saddlepoint approximation from one pass over the data, also very
        small ones; tests outside its domain are permuted, as the column ``null`` says row by row. ``"auto"``
        is that where a method has an analytic null, and permutations where it has none. ``None`` gives scores
        only, and takes no ``sample_key``. For data larger than memory use ``"analytic"``: permutations keep the
        values of all genes of the resource, beyond 1 GiB in a temporary file.
    n_perms
        Number of permutations; the smallest permuted p-value is 1 / (n_perms + 1) (``pvalue_floor`` in the stored
        parameters), before it is divided by ``pass_probability``.
    scheme
        ``"rotation"`` (fast; each labelling is uniformly random), ``"ring"`` (finite-sample exact) or
        ``"independent"``.
    complex
        How the subunits of a complex are joined in each group and each permutation: ``"min"``,
        ``"geometric"`` or ``"mean"``.
    missing_subunits
        ``"drop"`` leaves out interactions with an unmeasured subunit (with the reason, see
        :func:`commscore.get.untested`); ``"ignore"`` uses the subunits that are measured. The
        steps of a molecule are not subunits: without one of them it is not made.
    molecules
    expr_prop
        Fraction of cells, 0 to 1, that must express every subunit in its group (at least; see
        ``prop_filter``). Expressed means a value above zero.
    min_cells
        Smaller groups are left out, of the permutations too, and listed as untested.
    groups
        Use only these groups' cells.
    group_pairs
        Pairs of groups that can meet, if not all can: a list of (source, target), a table with the columns ``source``
        and ``target``, or CellPhoneDB's table of microenvironments (``cell_type`` and ``microenvironment``: groups of
        one meet, each with itself too). Labels are permuted among all cells as without it; only rows of these pairs
        are tested, and ``padj`` is over them. (A, B) does not imply (B, A).
    layer, use_raw
        Where the expression is, if not in ``adata.X``; not both.
    gene_symbols
    rng
        Seed, Generator or SeedSequence. The same seed gives the same bytes whatever ``n_jobs`` and ``memory``.
    n_jobs
    ties, plus_one, prop_filter
        To reproduce other tools: ``ties="gt"`` does not count permutations that equal the observed score,
        ``plus_one=False`` divides by the number of permutations, ``prop_filter=">"`` asks for more than
        ``expr_prop``.
    memory
        Bytes that a block of permutations may take; changes speed, not results.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. Its table has one row per source × target ×
    interaction that passes the filters. ``pvalue_raw`` is (1 + permutations at least as high) / (n_perms + 1), or
    analytic; ``pvalue`` that among the listed rows, adjusted by Benjamini and Hochberg over all rows to ``padj``. With
    ``sample_key`` further columns, see :mod:`commscore.tables.score`.

    Notes
    -----
    In every sample a row has an excess over the mean of permuted labels, with the variance that they give it. For
    ``"mean"`` of single genes both have a closed form; for complexes and all other methods they come from
    permutations within the sample, a fifth of ``n_perms`` and no fewer than 200. One side alone is no excess: where
    the ligand, or the receptor, is in fewer than ``expr_prop`` of the sample's cells, what is above zero counts in
    proportion (half of ``expr_prop``: half). The excesses are averaged with weights 1 / (variance + variance between
    samples), the latter a trend of the level over all rows; the residual variance is moderated (``excess``,
    ``excess_se``).
    ``pvalue_within`` is analytic for the methods that have an analytic null, and permuted for the others.

    Raises
    ------
    KeyError
        If a column or layer does not exist.
    TypeError
        If an argument has the wrong type, or a keyword is unknown.
    ValueError
        If an argument is out of range, labels are missing, fewer than two groups are large enough, the
        expression is raw, scaled or not finite, or no interaction is measured.

    Warns
    -----
    UserWarning
        If a column looks like samples and ``sample_key`` is not given, ``sample_key`` has fewer than three samples,
        many rows would need more permutations to be significant, fewer than a fifth of the interactions have their
        genes in the data (with the likely cause), the expression seems to be not normalised, not log-transformed, or
        denoised, or no row could be tested.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> result = cs.tl.score(adata, "cell_type", n_perms=100, inplace=False)
    >>> bool((result.table["pvalue_raw"] >= 1 / 101).all())
    True
    """
    _check(null=null, scheme=scheme, rule=complex, ties=ties, prop_filter=prop_filter)
    _samples.refuse_without_null(sample_key, null)
    check_target(adata, key_added, inplace=inplace)
    seed, chosen = key(rng), choose(method, null=null)
    expression = read_expression(adata, layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    cells = read_cells(adata, groupby, groups=groups, min_cells=int(min_cells), is_permuted=null is not None)
    if cells.groups.n == 1:
        refuse_one_group(chosen, groupby)
    meeting = read_group_pairs(group_pairs, cells, groupby=groupby)
    resource = rs.as_resource(resource)
    expression, production = read_production(expression, resource, molecules, is_log=True)
    interactions = testable_interactions(
        resource, expression.names, missing_subunits=missing_subunits, indirect=False, production=production
    )
    interactions, sets = with_cofactors(interactions, chosen.scores, expression.var_names)
    interactions = with_consumers(interactions, production, expression.names)
    _refuse_unknown(null, chosen.scores, sets)
    settings = ScoreSettings(
        null, Draws(n=int(n_perms), scheme=scheme, key=seed, memory=int(memory)), complex, ties == "gt", plus_one
    )
    samples = None
    if sample_key is not None:
        samples = samples_of_cells(adata, sample_key, cells, groupby=groupby)
        settings = replace(settings, draws=replace(settings.draws, strata=samples.strata))
        warn_if_few(samples.n, sample_key)
        warn_of_patients(adata, samples, cells, sample_key=sample_key)
    elif null is not None:
        warn_of_samples(adata, cells, groupby=groupby, instead=_samples.INSTEAD)

    filters = RowFilters(ExpressionFilter(float(expr_prop), more=prop_filter == ">"), meeting)

    with team(n_jobs) as threads:
        problem = _problem(
            expression, cells, interactions, scores=chosen.scores, sets=sets, settings=settings, threads=threads
        )
        rows = _score_rows(problem, interactions, chosen, sets=sets, settings=settings, filters=filters)
    rows = replace(rows, cells=cells)
    table = with_ranks(score_table(rows), chosen)
    untested = untested_table(rows, expr_prop=expr_prop, min_cells=min_cells, is_paired=meeting is not None)
    params = {
        "groupby": groupby,
        "method": np.asarray(chosen.names, object),
        "parameters": chosen.parameters,
        "null": null or "none",
        "n_perms": int(n_perms),
        "scheme": scheme,
        "complex": complex,
        "missing_subunits": missing_subunits,
        **production.recorded,
        "expr_prop": float(expr_prop),
        "min_cells": int(min_cells),
        "layer": layer,
        "use_raw": use_raw,
        "gene_symbols": gene_symbols,
        "rng": recorded(rng, seed),
        "ties": ties,
        "plus_one": plus_one,
        "prop_filter": prop_filter,
        "pvalue_floor": 1 / (n_perms + 1) if null else None,
        "aliases": interactions.aliases | dict(production.aliases),
        **interactions.counted,
        "groups": cells.names[cells.display],
        "group_pairs": None if meeting is None else meeting.recorded,
        "n_cells": cells.n,
        "commscore": __version__,
        **_samples.recorded(samples, sample_key, rows, n_perms=int(n_perms)),
    }
    result = Result(table, params, identity(resource), {"untested": untested})
    _warn_if_nothing(result)
    _samples.warn_of_floor(rows, n_perms=int(n_perms))
    _samples.warn_if_apart(rows, sample_key)
    return finish(adata, key_added, result, inplace=inplace)


def _check(*, null: object, scheme: object, rule: object, ties: object, prop_filter: object) -> None:
    one_of("null", null, NULLS)
    one_of("scheme", scheme, schemes.NAMES)
    one_of("complex", rule, COMPLEX_RULES)
    one_of("ties", ties, ("ge", "gt"))
    one_of("prop_filter", prop_filter, _PROP_FILTERS)


def _warn_if_nothing(result: Result) -> None:
    if result.table.empty:
        p = result.params
        warn(
            f"nothing could be tested: no pair of groups expresses both sides of any of {p['n_testable']} interactions "
            f"in expr_prop={p['expr_prop']:g} of the cells; lower expr_prop, or see cs.get.untested"
        )


def _refuse_unknown(null: str | None, scores: Sequence[scoring.Score], sets: dict[str, GeneSetsOfTests]) -> None:
    unknown = [score.name for score in scores if not nulls.has_analytic(score, sets)]
    if null == "analytic" and unknown:
        msg = (
            f"null='analytic' does not know method {', '.join(map(repr, unknown))}; "
            "use null='auto' or null='permutation' (cs.tl.methods() lists which have an analytic null)"
        )
        raise ValueError(msg)


@dataclass(frozen=True)
class ScoreSettings:
    """What null, which labellings, how subunits are joined, and what counts."""

    null: str | None
    draws: Draws
    rule: str
    strict: bool
    plus_one: bool


@dataclass(frozen=True)
class RowFilters:
    """Which rows are tested: whether a fraction of cells is enough, and which groups can meet."""

    passes: ExpressionFilter
    meeting: MeetingGroups | None = None


def _score_rows(
    problem: Problem,
    interactions: TestableInteractions,
    chosen: ChosenMethods,
    *,
    sets: dict[str, GeneSetsOfTests],
    settings: ScoreSettings,
    filters: RowFilters,
) -> ScoredRows:
    """Find the rows that pass, score and test them."""
    draws, null, passes = settings.draws, settings.null, filters.passes
    summary = entity_summary(problem.genes, interactions.entities, settings.rule)
    tests, which = nulls.expressed_tests(summary, interactions.ligand, interactions.receptor, passes=passes)
    if filters.meeting is not None:
        kept = np.flatnonzero(filters.meeting.keep(tests.source, tests.target))
        tests, which = tests.take(kept), which[kept]
    probability = chance_of_listing(problem, tests, passes)
    problem = replace(problem, sets=gene_sets_of_tests(sets, which))
    with progress_bar(draws.n if null else 0, "permutations") as progress:
        scored = nulls.score_tests(
            problem,
            tests,
            chosen.scores,
            null=null,
            draws=draws,
            strict=settings.strict,
            plus_one=settings.plus_one,
            rare=probability < _SELDOM,
            progress=progress,
        )
    tested = None
    if problem.samples is not None:
        tested = over_samples(problem, tests, chosen.scores, summary=summary, passes=passes, draws=draws)
    expected = join(_expected(problem), interactions.entities, settings.rule)
    consumed = _consumed(interactions, summary, tests, which=which, mean=problem.genes.mean)
    return ScoredRows(
        interactions, summary, tests, which, chosen, null, scored, probability, expected, consumed, tested, draws.strata
    )


def _consumed(
    interactions: TestableInteractions, summary: EntitySummary, tests: Tests, *, which: Ints, mean: Floats
) -> Floats | None:
    """Share of the source's consumers in its producers and consumers, test by test."""
    if interactions.consumers is None:
        return None
    consumer = interactions.consumers[which]
    broken_down = np.where(consumer >= 0, mean[consumer, tests.source], np.nan)
    return consumed_share(summary.mean[tests.ligand, tests.source], broken_down)


def _expected(problem: Problem) -> Floats:
    """Gene × group means under permuted labels, on average."""
    samples = problem.samples
    strata = None if samples is None else (samples.total, samples.cells)
    return expected_means(problem.genes, problem.sizes, strata=strata)


def _problem(
    expression: Expression,
    cells: Cells,
    interactions: TestableInteractions,
    *,
    scores: Sequence[scoring.Score],
    sets: dict[str, GeneSetsOfTests],
    settings: ScoreSettings,
    threads: Team,
) -> Problem:
    """Read the data: once, block by block, or gene-major where all tests will be permuted."""
    null, draws = settings.null, settings.draws
    background = any(m.background for m in scores)
    reader = CellReader(
        expression.reading,
        cells.chosen,
        cells.groups,
        interactions.columns,
        threads,
        order=None if null is None else partial(draws.order, cells.n),
        linear=any(s.values == "linear" for s in tables_of(scores)),
        background=background,
        strata=None if null is None else draws.strata,
    )
    problem = partial(
        Problem,
        sizes=cells.groups.sizes,
        entities=interactions.entities,
        rule=settings.rule,
        team=threads,
        totals=(lambda: cell_totals(expression.matrix, reader.placed)) if background else None,
    )
    if null is None or (null != "permutation" and all(nulls.has_analytic(score, sets) for score in scores)):
        statistics = reader.statistics
        refuse_unsuitable(statistics, expression)
        samples = _sample_statistics(reader)
        return problem(
            reader.read_again, genes=statistics.genes, statistics=statistics, pairs=reader.pairs, samples=samples
        )
    labelled = reader.read()
    refuse_unsuitable(labelled.columns, expression)
    return problem(
        lambda _: labelled,
        genes=labelled.observe(),
        samples=_sample_statistics(reader),
        pairs=reader.pairs,
        described=lambda: reader.statistics,
    )


def _sample_statistics(reader: CellReader) -> SampleStatistics | None:
    if reader.strata is None:
        return None
    return SampleStatistics.of(reader.by_stratum, reader.stratified.pairs)
