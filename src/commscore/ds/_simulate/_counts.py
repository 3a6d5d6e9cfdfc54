"""Negative-binomial counts, drawn block by block so that memory stays that of the sparse result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...arrays import Floats, Ints
    from ._cohort import SimulatedCohort


BLOCK = 1 << 21
"""Dense entries drawn at a time."""


def sample_rates(
    rate: Floats,
    cohort: SimulatedCohort,
    *,
    donor_sd: float,
    patient_sd: float,
    generators: Sequence[np.random.Generator],
) -> Floats:
    """Return the mean count per cell, samples × groups × genes: model × depth × patient × donor.

    Patient and donor effects are log-normal with median 1 (standard deviations on the natural log),
    independent over genes and groups; the patient's are shared by all the samples of the patient.
    """
    shape = rate.shape[1:]
    donor = generators[0].standard_normal((len(cohort.samples), *shape))
    rates = rate[cohort.condition] * cohort.depth[cohort.condition][:, None, None] * np.exp(donor_sd * donor)
    if len(cohort.patients) < len(cohort.samples):
        patient = generators[1].standard_normal((len(cohort.patients), *shape))
        rates *= np.exp(patient_sd * patient)[cohort.patient]
    return np.asarray(rates)


def draw(rates: Floats, cells: Ints, *, size_sd: float, dispersion: float, seed: np.random.SeedSequence) -> Any:
    """Return counts as float32 CSR, cells ordered by sample, then by group.

    A count is Poisson with mean ``rate · size · gamma``: ``size`` of the cell log-normal with mean 1,
    ``gamma`` with mean 1 and variance ``dispersion``. Given the size it is negative binomial with mean m and
    variance m + dispersion·m².
    """
    n_genes = rates.shape[2]
    data, indices, lengths = [], [], []
    rows = max(1, BLOCK // n_genes)
    for sample, stream in enumerate(seed.spawn(len(rates))):
        generator = np.random.default_rng(stream)
        for group, n in enumerate(cells[sample]):
            for start in range(0, int(n), rows):
                block = _block(
                    rates[sample, group],
                    min(rows, int(n) - start),
                    size_sd=size_sd,
                    dispersion=dispersion,
                    generator=generator,
                )
                flat = np.flatnonzero(block)
                data.append(block.ravel()[flat].astype(np.float32))
                indices.append((flat % n_genes).astype(np.int32))
                lengths.append(np.count_nonzero(block, axis=1))
    return _join(data, indices, lengths, n_genes=n_genes)


def _block(rate: Floats, n: int, *, size_sd: float, dispersion: float, generator: np.random.Generator) -> Ints:
    size = np.exp(size_sd * generator.standard_normal(n) - size_sd**2 / 2)
    mean = size[:, None] * rate[None, :]
    if dispersion > 0:
        mean *= generator.standard_gamma(1.0 / dispersion, size=mean.shape) * dispersion
    try:
        return np.asarray(generator.poisson(mean))
    except ValueError as error:
        msg = (
            f"counts with a mean of {mean.max():.2g} cannot be drawn; lower n_counts, depth, log2fc of the shifts, or "
            "one of donor_sd, patient_sd, size_sd, dispersion"
        )
        raise ValueError(msg) from error


def _join(data: list[Any], indices: list[Any], lengths: list[Any], *, n_genes: int) -> Any:
    per_cell = np.concatenate(lengths)
    total = int(per_cell.sum())
    width = np.int32 if total <= np.iinfo(np.int32).max else np.int64
    indptr = np.zeros(len(per_cell) + 1, dtype=width)
    np.cumsum(per_cell, out=indptr[1:])
    columns = np.concatenate(indices).astype(width, copy=False)
    return sparse.csr_matrix((np.concatenate(data), columns, indptr), shape=(len(per_cell), n_genes))
