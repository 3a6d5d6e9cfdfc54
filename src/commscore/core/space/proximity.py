"""Who meets whom: weight of contacts over what the numbers of cells give, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...stats.blocks import jackknife

if TYPE_CHECKING:
    from ...arrays import Floats, Ints
    from .blocks import TissueBlocks

LEAST_SAMPLES = 3
"""From as many samples on, samples are the replicates."""


@dataclass(frozen=True)
class Proximity:
    """log2 of contacts over expected for each two groups, with an interval; (n_groups, n_groups)."""

    log2: Floats
    low: Floats
    high: Floats


def proximity_of(share: Floats, reached: Floats, blocks: TissueBlocks, *, own_spot: bool = False) -> Proximity:
    """Compare the weight of contacts of groups with what abundance alone gives, within samples.

    In a sample of N cells with n_s and n_t of two groups, expected is W n_s n_t / (N (N − 1)) of the weight W of all
    contacts, n_s (n_s − 1) for one group with itself (in spots, which reach themselves, W n_s n_t / N²). Contacts
    and expected are summed over samples. The interval is a jackknife over blocks, over samples where there are three or
    more: without each in turn, its cells neither counted nor reached.

    Parameters
    ----------
    share
        Share of every group in every cell (0 or 1) or spot, (n_cells, n_groups).
    reached
        Weight of each group's cells around every cell, (n_cells, n_groups).
    blocks
        Blocks of the cells.
    own_spot
        Whether spots reach themselves.
    """
    counts = _Counts.of(share, reached, blocks)
    n_samples = int(blocks.sample.max()) + 1
    by_sample = counts.summed(blocks.sample, n_samples)
    contacts, expected = by_sample.ratio_parts(own_spot=own_spot)
    whole = _log2(contacts.sum(axis=0), expected.sum(axis=0))
    if n_samples >= LEAST_SAMPLES:
        without = _log2(contacts.sum(axis=0) - contacts, expected.sum(axis=0) - expected)
    else:
        without = np.stack(
            [_without(counts, by_sample, b, sample=blocks.sample[b], own_spot=own_spot) for b in range(blocks.n)]
        )
    return Proximity(whole, *jackknife(whole, without))


@dataclass(frozen=True)
class _Counts:
    """Cells of every group (n, n_groups), contacts of each two (n, n_groups, n_groups), of n blocks or samples."""

    cells: Floats
    contacts: Floats

    @classmethod
    def of(cls, share: Floats, reached: Floats, blocks: TissueBlocks) -> _Counts:
        k, cell = share.shape[1], blocks.of_cell
        cells = np.stack([_sums(cell, share[:, t], blocks.n) for t in range(k)], axis=1)
        contacts = np.empty((blocks.n, k, k))
        for s in range(k):
            for t in range(k):
                contacts[:, s, t] = _sums(cell, reached[:, s] * share[:, t], blocks.n)
        return cls(cells, contacts)

    def summed(self, sample: Ints, n: int) -> _Counts:
        """Sum blocks to samples."""
        cells, contacts = np.zeros((n, *self.cells.shape[1:])), np.zeros((n, *self.contacts.shape[1:]))
        np.add.at(cells, sample, self.cells)
        np.add.at(contacts, sample, self.contacts)
        return _Counts(cells, contacts)

    def ratio_parts(self, *, own_spot: bool) -> tuple[Floats, Floats]:
        """Contacts and what is expected of them."""
        n = self.cells.sum(axis=1)[:, None, None]
        own = np.zeros(self.cells.shape[1]) if own_spot else np.ones(self.cells.shape[1])
        pairs = self.cells[:, :, None] * self.cells[:, None, :] - self.cells[:, :, None] * np.diag(own)
        weight = self.contacts.sum(axis=(1, 2))[:, None, None]
        return self.contacts, weight * pairs / np.maximum(n * (n - (not own_spot)), 1.0)


def _without(counts: _Counts, by_sample: _Counts, b: int, *, sample: int, own_spot: bool) -> Floats:
    """Return the ratio of all samples with the cells of one block left out."""
    cells, contacts = by_sample.cells.copy(), by_sample.contacts.copy()
    cells[sample] -= counts.cells[b]
    contacts[sample] -= counts.contacts[b]
    contacts, expected = _Counts(cells, contacts).ratio_parts(own_spot=own_spot)
    return _log2(contacts.sum(axis=0), expected.sum(axis=0))


def _log2(contacts: Floats, expected: Floats) -> Floats:
    """Return log2 of the ratio; missing where there is nothing on either side."""
    fine = (contacts > 0) & (expected > 0)
    ratio = np.divide(contacts, expected, out=np.ones(contacts.shape), where=fine)
    return np.where(fine, np.log2(ratio), np.nan)


def _sums(number: Ints, values: Floats, n: int) -> Floats:
    return np.bincount(number, values, n).astype(np.float64)
