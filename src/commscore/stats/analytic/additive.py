"""p-values of (L + R) / 2 for single genes: the direct saddlepoint of a sum."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from commscore.kernels import saddle_tail

from ...arrays import Entities, Floats, Ints
from .marginals import NullInputs
from .problem import ScoreThresholds

_MOST = 0.95
_NEGLIGIBLE = 1e-6
_AT_ONCE = 1 << 14  # cases


def _avoided(n_cells: int, n_marked: Floats, n: Floats) -> Floats:
    """Probability that ``n`` of ``n_cells`` cells drawn without replacement avoid all ``n_marked`` ones."""
    rest = np.maximum(n_cells - n_marked - n, 0.0)
    log_p = gammaln(n_cells - n_marked + 1) - gammaln(rest + 1) - gammaln(n_cells + 1) + gammaln(n_cells - n + 1)
    return np.where(n_cells - n_marked < n, 0.0, np.exp(np.minimum(log_p, 0.0)))


def _same_group(
    setting: NullInputs, *, genes: tuple[Ints, Ints], n: Floats, zeros: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Moments given that neither side is zero, both sides being means of the same cells.

    Returns the probability of that event, the sum of the conditional means, and the conditional covariance,
    exact up to the sampling of the cells behind ``pairs``.
    """
    summary, pairs = setting.summary, setting.pairs
    size, at = summary.n_cells, pairs.find(*genes)
    mean, deviance, nonzero = summary.mean, summary.deviance, summary.n_nonzero
    finite = (size - n) / (n * max(size - 1.0, 1.0)) / size
    low = np.minimum(*genes)
    means = [mean[g] for g in genes]
    product = pairs.correlation[at] * np.sqrt(deviance[genes[0]] * deviance[genes[1]]) * finite
    product += means[0] * means[1]
    union = nonzero[genes[0]] + nonzero[genes[1]] - pairs.shared[at, 0] * size
    both = 1.0 - zeros[0] - zeros[1] + _avoided(size, union, n)
    both = np.clip(both, 1.0 - zeros[0] - zeros[1], 1.0 - np.maximum(*zeros))
    both = np.maximum(both, (1.0 - zeros[0]) * (1.0 - zeros[1]) * 1e-3)
    centre = []
    for side in range(2):
        common = np.where(genes[side] == low, pairs.shared[at, 1], pairs.shared[at, 2])
        other = genes[1 - side]
        alone = np.maximum(means[side] - common, 0.0) / np.maximum(1.0 - nonzero[other] / size, 1e-12)
        centre.append(np.maximum(means[side] - zeros[1 - side] * alone, 0.0) / both)
    return both, centre[0] + centre[1], product / both - centre[0] * centre[1]


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
    cov = setting.pairs.between(*genes) * setting.correlation(cases.source, cases.target) * a * b
    at = np.nonzero((cases.source == cases.target) & (np.maximum(*zeros) > _NEGLIGIBLE))[0]
    if at.size:
        weight[at], centre[at], cov[at] = _same_group(
            setting,
            genes=(genes[0][at], genes[1][at]),
            n=setting.sizes[cases.source[at]].astype(np.float64),
            zeros=(zeros[0][at], zeros[1][at]),
        )
    variance = a * a + b * b + 2.0 * np.clip(cov, -_MOST * a * b, _MOST * a * b)
    z = (2.0 * cases.threshold - centre) / np.sqrt(variance)
    share = a / np.sqrt(a * a + b * b)

    def kernel(start: int, stop: int) -> None:
        units, shares = np.empty(2), np.empty(2)
        saddle_tail.additive(m.tables, m.unit, left, right, share, z, weight, units, shares, start, stop, p)

    setting.run(kernel, len(cases))
