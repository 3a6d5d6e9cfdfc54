"""Seeds: one 64-bit key from whatever the caller passed as ``rng``."""

from __future__ import annotations

import numbers
from typing import TypeAlias

import numpy as np

RNG: TypeAlias = "int | np.random.Generator | np.random.SeedSequence"


def key(rng: RNG) -> int:
    """Return a 64-bit key; permutation streams are pure functions of it and of their index.

    A :class:`numpy.random.Generator` is advanced by one draw, as any function that uses it would.
    """
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(0, 2**64, dtype=np.uint64))
    if isinstance(rng, np.random.SeedSequence):
        return int(rng.generate_state(1, np.uint64)[0])
    if isinstance(rng, bool) or not isinstance(rng, numbers.Integral) or rng < 0:
        msg = f"rng must be a non-negative integer, a numpy Generator or a SeedSequence, found {rng!r}"
        raise TypeError(msg)
    return int(np.random.SeedSequence(int(rng)).generate_state(1, np.uint64)[0])


def recorded(rng: RNG, seed: int) -> int | str:
    """Return what a result keeps of ``rng``: the caller's integer, else the key made from it, as text."""
    return int(rng) if isinstance(rng, numbers.Integral) else str(seed)
