"""A cohort with planted truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import anndata as ad
import numpy as np
import pandas as pd

from commscore._random import RNG, key, recorded

from ...check import MAY_BE_EMPTY, Count, CountOrZero, NonNegative, Positive, checked
from . import _check, _cohort, _counts, _model, _truth
from ._effects import TissueEffect
from ._shifts import Shift
from ._tissue import simulate_tissue

if TYPE_CHECKING:
    from ._cohort import SimulatedCohort
    from ._model import ExpressionModel

__all__ = ["Shift", "TissueEffect", "_check", "simulate", "simulate_tissue"]


@checked
def simulate(  # noqa: PLR0913 - a simulator has many knobs; all by keyword, all with a default
    *,
    n_samples: Count | Mapping[str, Count] = 4,
    n_cells: Count | Mapping[str, Count | Sequence[Count]] = 500,
    conditions: Sequence[str] = ("control", "case"),
    groups: Sequence[str] | Mapping[str, Positive] | None = None,
    interactions: Any = None,
    expressed: Annotated[Mapping[str, Sequence[str] | Mapping[str, Positive]], MAY_BE_EMPTY] | None = None,
    shifts: Annotated[Sequence[Shift | Mapping[str, Any]], MAY_BE_EMPTY] = (),
    paired: bool = False,
    donor_sd: NonNegative = 0.25,
    patient_sd: NonNegative = 0.5,
    concentration: Positive | None = 100.0,
    depth: Positive | Annotated[Mapping[str, Positive], MAY_BE_EMPTY] = 1.0,
    n_background: CountOrZero = 300,
    n_counts: Positive = 1000.0,
    size_sd: NonNegative = 0.3,
    dispersion: NonNegative = 0.2,
    rng: RNG = 0,
) -> Any:
    """Simulate a single-cell cohort in which every change of communication is known.

    Counts are negative binomial. The mean count of gene g in a cell of group k of sample s is

    ``level[g, k] · 2^shift · depth[condition] · patient[g, k] · donor[g, k, s] · size[cell]``.

    Everything is a pure function of the arguments: the same ``rng`` gives the same bytes (with the same
    version of NumPy), and adding shifts changes nothing but what they shift and the counts drawn from it.

    Parameters
    ----------
    n_samples
        Samples per condition, >= 1, or condition -> number.
    n_cells
        Cells per sample, >= 1; or condition -> number (or one number per sample); or sample -> number.
        Samples are called ``CONDITION_1``, ``CONDITION_2``, …
    conditions
        Conditions or stages in order; the first is the reference of the truth.
    groups
        Groups (cell types) with equal proportions, or group -> weight > 0. Default: eight groups of a
        breast tumour and its bone metastasis.
    interactions
        ``(ligand, receptor)`` pairs or ``"LIGAND^RECEPTOR"``, subunits joined by ``_``; or a table with
        columns ``ligand`` and ``receptor``. Default: 28 well known pairs.
    expressed
        Gene -> groups that express it, or gene -> {group: mean count per cell at ``n_counts=1000``}. A gene
        not named here is expressed in one or two groups drawn from ``rng`` (the default genes, in the default
        groups: where they are known to be), and also in the source or target of the shifts that use it. Its
        level is drawn log-uniformly from 0.5 to 4 counts per cell at ``n_counts=1000``; in all other groups
        the mean is 1/50 of its highest one.
    shifts
        :class:`Shift` objects, or dicts of their fields.
    paired
        The same patients in every condition; otherwise every sample is its own patient.
    donor_sd
        Standard deviation, on the natural log, of the effect of the sample on each gene × group, >= 0.
    patient_sd
        The same for the patient; used with ``paired=True`` and two conditions or more.
    concentration
        Concentration of the Dirichlet distribution of a sample's group proportions (a proportion p varies
        with variance p(1−p)/(concentration + 1)); ``None`` for none of it. The numbers of cells are a
        multinomial draw from the proportions.
    depth
        Factor on all means, > 0, or condition -> factor (1 where not named).
    n_background
        Genes beside those of the interactions (``BG0001`` …), log-normal levels between genes and groups;
        they hold the sum of the counts steady. 0 leaves them out, and then a shift of one gene moves the
        normalised values of all.
    n_counts
        Expected background counts per cell at depth 1; the levels of the other genes are proportional to it.
    size_sd
        Standard deviation, on the natural log, of the library size factor of a cell (mean 1).
    dispersion
        Of the negative binomial: variance = m + dispersion·m²; 0 for Poisson.
    rng
        Non-negative integer, :class:`numpy.random.Generator` (advanced by one draw) or ``SeedSequence``.

    Returns
    -------
    anndata.AnnData
        ``X`` and ``layers["counts"]``: integer counts, float32 CSR; normalise ``X`` before scoring. Cells are
        ordered by sample, then by group. ``obs``: ``sample``, ``condition`` (ordered), ``patient``,
        ``cell_type``, all categorical. ``var``: ``role`` (``ligand | receptor | both | background``).
        ``uns["truth"]``: one row per shift × condition after the first, all against the first:
        ``interaction, ligand, receptor, source, target, driver, shape`` (``none`` without one),
        ``condition``, ``reference``, ``log2fc`` (planted), and the expected log2 changes ``d_source,
        d_ligand, d_target, d_receptor`` (abundances relative to the groups that were not shifted, complexes by their
        least subunit, all shifts together) with their sum ``d_flow``. ``uns["truth_edges"]``: the same parts for
        every edge whose ligand or receptor moved, planted or through a shared gene; ``expressed`` says whether both
        sides are expressed there. Edges that are not in it have no change of expression.
        ``uns["interactions"]``: the pairs. ``uns["simulation"]``: the parameters.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind or out of range, or a shift names an unknown interaction, group,
        driver, condition or shape.

    Examples
    --------
    >>> import commscore as cs
    >>> shift = cs.ds.Shift(interaction=("CSF1", "CSF1R"), source="tumour", target="macrophage", log2fc=2)
    >>> adata = cs.ds.simulate(n_samples=3, n_cells=100, shifts=[shift], rng=0)
    >>> adata.shape
    (600, 358)
    >>> adata.uns["truth"][["interaction", "source", "target", "driver", "log2fc"]]
      interaction  source      target  driver  log2fc
    0  CSF1^CSF1R  tumour  macrophage  ligand     2.0
    """
    spread = {
        "donor_sd": float(donor_sd),
        "patient_sd": float(patient_sd),
        "size_sd": float(size_sd),
        "dispersion": float(dispersion),
        "n_counts": float(n_counts),
        "n_background": int(n_background),
        # no variation between samples is an infinite concentration
        "concentration": np.inf if concentration is None else float(concentration),
    }
    cohort = _cohort.build(conditions=conditions, n_samples=n_samples, n_cells=n_cells, depth=depth, paired=paired)
    seed = key(rng)
    # one stream per ingredient, so that changing one of them leaves the others as they were
    streams = np.random.SeedSequence(seed).spawn(6)
    draws = [np.random.default_rng(s) for s in streams[:5]]
    model = _model.build(
        conditions=cohort.conditions,
        groups=groups,
        interactions=interactions,
        shifts=shifts,
        expressed=expressed,
        n_background=n_background,
        n_counts=n_counts,
        seeds=(draws[0], draws[1]),
    )
    cells = _cohort.compose(cohort, model.proportion, concentration=concentration, generator=draws[2])
    rates = _counts.sample_rates(
        model.rate, cohort, donor_sd=donor_sd, patient_sd=patient_sd, generators=(draws[3], draws[4])
    )
    counts = _counts.draw(rates, cells, size_sd=size_sd, dispersion=dispersion, seed=streams[5])
    return _assemble(counts, cells=cells, cohort=cohort, model=model, params={**spread, "seed": recorded(rng, seed)})


def _assemble(
    counts: Any, *, cells: Any, cohort: SimulatedCohort, model: ExpressionModel, params: dict[str, Any]
) -> Any:
    adata = ad.AnnData(X=counts, obs=_obs(cells, cohort=cohort, groups=model.groups), var=_var(model))
    adata.layers["counts"] = counts.copy()
    pairs = pd.DataFrame(model.interactions, columns=["ligand", "receptor"])
    pairs.insert(0, "interaction", pairs["ligand"] + "^" + pairs["receptor"])
    pairs.index = pairs.index.astype(str)
    adata.uns["interactions"] = pairs
    adata.uns["truth"] = _truth.planted(model)
    adata.uns["truth_edges"] = _truth.edges(model)
    adata.uns["simulation"] = params | {
        "samples": np.array(cohort.samples, dtype=object),
        "conditions": np.array(cohort.conditions, dtype=object),
        "depth": cohort.depth,
        "paired": len(cohort.patients) < len(cohort.samples),
    }
    return adata


def _obs(cells: Any, *, cohort: SimulatedCohort, groups: tuple[str, ...]) -> Any:
    n_samples, n_groups = cells.shape
    sample = np.repeat(np.repeat(np.arange(n_samples), n_groups), cells.ravel())
    group = np.repeat(np.tile(np.arange(n_groups), n_samples), cells.ravel())
    columns = {
        "sample": pd.Categorical.from_codes(sample, pd.Index(cohort.samples)),
        "condition": pd.Categorical.from_codes(cohort.condition[sample], pd.Index(cohort.conditions), ordered=True),
        "patient": pd.Categorical.from_codes(cohort.patient[sample], pd.Index(cohort.patients)),
        "cell_type": pd.Categorical.from_codes(group, pd.Index(groups)),
    }
    return pd.DataFrame(columns, index=pd.Index([f"cell_{i}" for i in range(len(sample))]))


def _var(model: ExpressionModel) -> Any:
    sides = [{g for pair in model.interactions for g in _model.members(pair[side])} for side in (0, 1)]
    role = {
        (True, False): "ligand",
        (False, True): "receptor",
        (True, True): "both",
        (False, False): "background",
    }
    roles = [role[g in sides[0], g in sides[1]] for g in model.genes]
    return pd.DataFrame({"role": pd.Categorical(roles, categories=list(role.values()))}, index=list(model.genes))
