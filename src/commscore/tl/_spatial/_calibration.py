"""How often known pairs and decoys are called: shares with intervals, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._validate import warn
from ...stats.binomial import upper_tail, wilson_interval

if TYPE_CHECKING:
    from ...arrays import Floats

_CHANCE, _TOO_MANY = 0.05, 0.08
"""Share of decoys at 0.05 by chance, and the one beyond which the tests do not hold in these data."""
_BY_CHANCE = 0.01
"""More decoys than chance gives so seldom are too many."""
_ENOUGH = 100
"""So many tests of known pairs and of decoys are needed to say that the ones are called no more often."""


def calibration(tested: dict[str, tuple[Floats, Floats]]) -> dict[str, float | int]:
    """Return numbers of tests and shares of p ≤ 0.05 and 0.01 with their 95 % intervals, adjusted and not."""
    out: dict[str, float | int] = {}
    for name, (adjusted, unadjusted) in tested.items():
        out[f"n_{name}"] = int(adjusted.size)
        for end, values in (("", adjusted), ("_unadjusted", unadjusted)):
            for alpha in (0.05, 0.01):
                at, called = f"{name}_{alpha:g}{end}", int((values <= alpha).sum())
                out[at] = called / values.size if values.size else float("nan")
                out[f"{at}_low"], out[f"{at}_high"] = wilson_interval(called, values.size)
    return out


def warn_of_calibration(shares: dict[str, float | int], *, region_key: str | None, mixed: bool) -> None:
    """Warn where decoys are called too often, or known pairs no more often than they.

    Parameters
    ----------
    shares
        What :func:`calibration` returns.
    region_key
        Column with regions, if it was given.
    mixed
        Whether these are spots without their composition.
    """
    n_known, n_decoy = int(shares["n_known"]), int(shares["n_decoy"])
    if not n_decoy or not n_known:
        return
    known, decoy = shares["known_0.05"], shares["decoy_0.05"]
    counts = f"p ≤ 0.05 in {_share(shares, 'known')} of {n_known:,} tests of known pairs and {_share(shares, 'decoy')} "
    counts += f"of {n_decoy:,} of decoys (a ligand with the receptor of another ligand; in brackets 95 % intervals)"
    if decoy > _TOO_MANY and upper_tail(round(decoy * n_decoy), n_decoy, _CHANCE) <= _BY_CHANCE:
        warn(
            f"{counts}: in these data the test of coupling calls too many pairs that are not listed to bind. "
            f"{_advice(region_key=region_key, mixed=mixed)}; do not take p-values at their word"
        )
    elif min(n_known, n_decoy) >= _ENOUGH and known <= decoy:
        warn(
            f"{counts}: known pairs couple no more often than decoys, so that coupling in these data is no evidence of "
            "communication; what is left are proximity, specificity, and single pairs to look at"
        )


def _share(shares: dict[str, float | int], kind: str) -> str:
    """Write a share with its interval."""
    value, low, high = (100 * shares[f"{kind}_0.05{end}"] for end in ("", "_low", "_high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _advice(*, region_key: str | None, mixed: bool) -> str:
    """Name what was not given and may help."""
    ways = ["composition_key"] if mixed else []
    ways += [] if region_key else ["region_key"]
    return f"Give {' or '.join([*ways, 'other blocks'])}, and look at the decoys again"
