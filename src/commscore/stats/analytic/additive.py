"""p-values of (L + R) / 2 for single genes: the direct saddlepoint of a sum."""

from __future__ import annotations

import numpy as np

from commscore.kernels import saddle_tail

from ...arrays import Entities, Floats
from .marginals import NullInputs
from .problem import ScoreThresholds

_MOST = 0.95
_NEGLIGIBLE = 1e-6
_AT_ONCE = 1 << 14  # cases


def additive(setting: NullInputs, cases: ScoreThresholds, entities: Entities) -> Floats:
    """P((L + R) / 2 ≥ threshold and neither zero) for cases whose two sides are single genes.

    The two conditional means are added with their exact covariance: the shape comes from independent sides,
    the variance from the correlation of the genes, in disjoint groups or in the same one.
    """
    p = np.empty(len(cases))
    for start in range(0, len(cases), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        _additive(setting, cases.take(some), entities, p=p[some])
    return p


def _additive(setting: NullInputs, cases: ScoreThresholds, entities: Entities, *, p: Floats) -> None:
    genes = entities.first(cases.ligand), entities.first(cases.receptor)
    m = setting.marginals
    left, right = m.index[genes[0], cases.source], m.index[genes[1], cases.target]
    zeros = m.p_zero[left], m.p_zero[right]
    weight = (1.0 - zeros[0]) * (1.0 - zeros[1])
    centre = m.mean[left] + m.mean[right]
    a, b = m.sd[left], m.sd[right]
    groups = cases.source, cases.target
    cov = setting.between(genes, groups) * setting.correlation(*groups) * a * b
    at = np.nonzero((cases.source == cases.target) & (np.maximum(*zeros) > _NEGLIGIBLE))[0]
    if at.size:
        weight[at], centre[at], cov[at] = setting.same_group(
            (genes[0][at], genes[1][at]), cases.source[at], (zeros[0][at], zeros[1][at])
        )
    variance = a * a + b * b + 2.0 * np.clip(cov, -_MOST * a * b, _MOST * a * b)
    z = (2.0 * cases.threshold - centre) / np.sqrt(variance)
    share = a / np.sqrt(a * a + b * b)

    def kernel(start: int, stop: int) -> None:
        units, shares = np.empty(2), np.empty(2)
        saddle_tail.additive(m.tables, m.unit, left, right, share, z, weight, units, shares, start, stop, p)

    setting.run(kernel, len(cases))
