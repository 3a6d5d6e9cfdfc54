from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import hypergeom

from commscore.arrays import Entities
from commscore.kernels import saddle, saddle_joint, saddle_tail
from commscore.kernels.permute import PRODUCT, SUM
from commscore.stats.analytic import AnalyticNull, ScoreThresholds
from commscore.stats.analytic import additive as additive_module
from commscore.stats.analytic import joint as joint_module
from commscore.stats.analytic import marginals as marginals_module
from commscore.stats.analytic.domain import MIN_NONZERO

SINGLE = 6
MEMBERS = [[g] for g in range(SINGLE)] + [[0, 1], [2, 3], [1, 3, 5], [4, 5]]
ENTITIES = Entities(indptr=np.cumsum([0] + [len(m) for m in MEMBERS]), genes=np.concatenate(MEMBERS).astype(np.int64))


def fit(x, sizes, **kwargs):
    rows = [np.nonzero(column)[0] for column in x.T]
    data = np.concatenate([x[r, g] for g, r in enumerate(rows)]).astype(np.float32)
    indptr = np.concatenate([[0], np.cumsum([r.size for r in rows])])
    return AnalyticNull.fit(
        data, np.concatenate(rows).astype(np.uint32), indptr, n_cells=len(x), group_sizes=np.array(sizes), **kwargs
    )


def make_cases(rows, *, form):
    """Cases from tuples source, target, ligand, receptor, threshold."""
    source, target, ligand, receptor, threshold = (np.array(c) for c in zip(*rows, strict=True))
    return ScoreThresholds(
        source=source, target=target, ligand=ligand, receptor=receptor, threshold=threshold.astype(float), form=form
    )  # fmt: skip


def cells(n, *, seed=0):
    """Six genes expressed in 5 % to 90 % of the cells, some correlated."""
    rng = np.random.default_rng(seed)
    factor = rng.lognormal(0, 0.6, (n, 2))[:, [0, 0, 1, 1, 0, 1]]
    counts = rng.poisson(factor * [2.0, 0.3, 0.05, 0.8, 0.12, 0.4])
    return np.log1p(counts * rng.lognormal(0, 0.4, (n, 1))).astype(np.float32).astype(float)


def score(left, right, form):
    if form == PRODUCT:
        return left * right
    return np.where((left > 0) & (right > 0), (left + right) / 2, 0.0)


# ---- exact references -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("marked", "n"), [(300, 200), (300, 1200), (1500, 60), (1500, 1000), (60, 500)])
def test_tail_of_a_marginal_is_the_hypergeometric(marked, n):
    """0/1 values: a continuous approximation of a lattice is its mid-p: 10 % down to 1e-3, 30 % to 1e-6."""
    x = np.zeros((2000, 1))
    x[:marked] = 1.0
    null = fit(x, [n, 2000 - n])
    profile, zero = marginal_profile(null)
    exact = hypergeom(2000, marked, n)
    k = np.arange(1, min(marked, n))
    mid = exact.sf(k) + 0.5 * exact.pmf(k)
    p = np.array([saddle_tail.upper(saddle_joint.score_at(profile, zero, v / n, 0)[0]) for v in k])
    for low, tolerance in ((1e-3, 0.1), (1e-6, 0.3)):
        inside = (mid > low) & (mid < 0.9)
        np.testing.assert_allclose(p[inside], mid[inside], rtol=tolerance)


def marginal_profile(null):
    marginals = marginals_module.tabulate(null.summary, null.sizes, np.array([[True, False]]))
    profiles, shapes = np.empty((1, 2, 5, saddle.N_NODES)), np.empty((1, 3))
    saddle_joint.marginal(
        marginals.tables, marginals.unit, marginals.mean, marginals.sd, marginals.p_zero,
        np.array([0]), 0, 1, profiles, shapes,
    )  # fmt: skip
    return profiles[0], shapes[0, saddle_joint.ZERO]


def test_mean_variance_and_atom_of_a_marginal_are_exact():
    x = cells(300)
    n = 40
    null = fit(x, [n, 260])
    marginals = marginals_module.tabulate(null.summary, null.sizes, np.tile([True, False], (SINGLE, 1)))
    p_zero = hypergeom(300, (x > 0).sum(axis=0), n).pmf(0)
    np.testing.assert_allclose(marginals.p_zero, np.where(p_zero < 1e-8, 0, p_zero), rtol=0.04)
    mean, variance = x.mean(axis=0), x.var(axis=0, ddof=1) * (300 - n) / (300 * n)
    np.testing.assert_allclose(marginals.mean * (1 - p_zero), mean, rtol=1e-3)
    second = (marginals.sd**2 + marginals.mean**2) * (1 - p_zero)
    np.testing.assert_allclose(second, variance + mean**2, rtol=2e-3)


@pytest.mark.parametrize("form", [SUM, PRODUCT])
@pytest.mark.parametrize("same", [False, True])
def test_all_labellings_of_few_cells(form, same):
    """Every labelling enumerated: 20 cells with a group of 6, or 18 cells with two of 4.

    Within 12 % for p from 0.1 to 0.6, and within 35 % at 0.005, where few labellings are left.
    """
    n, sizes = (20, [6, 14]) if same else (18, [4, 4, 10])
    rng = np.random.default_rng(5)
    x = np.zeros((n, 2))
    x[rng.permutation(n)[: n - 5], 0] = rng.gamma(3, 1, n - 5)
    x[rng.permutation(n)[: n - 4], 1] = rng.gamma(2, 1, n - 4)
    chosen = np.array(list(combinations(range(n), sizes[0])))
    left, right = (x[chosen, g].mean(axis=1) for g in range(2))
    if same:
        truth = score(left, right, form)
    else:
        bits = (1 << chosen).sum(axis=1)
        a, b = np.nonzero((bits[:, None] & bits) == 0)
        truth = score(left[a], right[b], form)
    thresholds = np.quantile(truth, 1 - np.array([0.005, 0.01, 0.03, 0.1, 0.3, 0.6]))
    null = fit(x, sizes)
    ents = Entities(indptr=np.array([0, 1, 2]), genes=np.array([0, 1]))
    target = 0 if same else 1
    cases = make_cases([(0, target, 0, 1, t) for t in thresholds], form=form)
    setting = null.prepare(cases, ents)
    p = (additive_module.additive if form == SUM else joint_module.joint)(setting, cases, ents)
    true = np.array([(truth >= t * (1 - 1e-12)).mean() for t in thresholds])
    np.testing.assert_allclose(p[3:], true[3:], rtol=0.12)
    np.testing.assert_allclose(p[:3], true[:3], rtol=0.35)


# ---- permutations -----------------------------------------------------------------------------------------

N_PERMS, SIZES = 200_000, [12, 40, 120, 228]


@pytest.fixture(scope="module")
def permuted():
    """Group means in 200,000 permutations, entity × group × permutation."""
    x = cells(400)
    rng = np.random.default_rng(11)
    labels = np.repeat(np.arange(4, dtype=np.uint8), SIZES)
    out = np.empty((len(MEMBERS), 4, N_PERMS), np.float32)
    for first in range(0, N_PERMS, 20_000):
        shuffled = rng.permuted(np.tile(labels, (20_000, 1)), axis=1)
        for k in range(4):
            means = ((shuffled == k).astype(np.float32) @ x.astype(np.float32)) / SIZES[k]
            for e, genes in enumerate(MEMBERS):
                out[e, k, first : first + 20_000] = means[:, genes].min(axis=1)
    return x, out


@pytest.mark.parametrize("form", [SUM, PRODUCT])
@pytest.mark.parametrize("kind", ["single", "complex"])
def test_tails_against_permutations(permuted, form, kind):
    """Within 4.5 Monte-Carlo standard errors and 8 % of the approximation, at p from 0.5 to 2e-4."""
    x, means = permuted
    rng = np.random.default_rng(3)
    rows, true = [], []
    receptors = range(SINGLE) if kind == "single" else range(SINGLE, len(MEMBERS))
    for ligand in range(SINGLE):
        for receptor in receptors:
            if ligand in MEMBERS[receptor]:
                continue
            s, t = rng.integers(0, 4, 2)
            null_scores = score(means[ligand, s], means[receptor, t], form)
            for q in (0.5, 0.1, 0.01, 1e-3, 2e-4):
                threshold = np.quantile(null_scores, 1 - q)
                rows.append((s, t, ligand, receptor, threshold * (1 - 1e-6)))
                true.append((null_scores >= threshold * (1 - 1e-6)).mean())
    cases, true = make_cases(rows, form=form), np.array(true)
    p, valid = fit(x, SIZES).pvalues(cases, ENTITIES)
    use = valid & (cases.threshold > 0)
    assert use.sum() > 50
    error = np.sqrt(true * (1 - true) / N_PERMS) * 4.5 + 0.08 * true
    assert (np.abs(p - true)[use] <= error[use]).all()


# ---- laws -------------------------------------------------------------------------------------------------


def spread_of_cases(form, *, n=400, seed=0):
    """Random valid-looking cases with thresholds from far below to far above the mean."""
    rng = np.random.default_rng(seed)
    ligand, receptor = rng.integers(0, len(MEMBERS), (2, n))
    means = np.array([cells(400)[:, m].mean(axis=0).min() for m in MEMBERS])
    level = score(means[ligand], means[receptor], form) * rng.uniform(0.3, 6, n)
    return ScoreThresholds(
        source=rng.integers(0, 4, n), target=rng.integers(0, 4, n), ligand=ligand, receptor=receptor,
        threshold=level, form=form,
    )  # fmt: skip


@pytest.mark.parametrize("form", [SUM, PRODUCT])
def test_p_falls_with_the_threshold_and_is_never_zero(form):
    null = fit(cells(400), SIZES)
    cases = spread_of_cases(form, n=120)
    last = np.ones(len(cases))
    for scale in (0.0, 0.05, 0.3, 0.8, 1.0, 1.3, 2.0, 5.0, 20.0, 1e3):
        p, valid = null.pvalues(ScoreThresholds(**{**cases.__dict__, "threshold": cases.threshold * scale}), ENTITIES)
        assert valid.any()
        assert np.isnan(p[~valid]).all()
        assert ((p >= 1e-300) & (p <= 1))[valid].all()
        assert (p <= last * (1 + 1e-3))[valid].all()
        last = p
    assert (last[valid] < 1e-10).all()


@pytest.mark.parametrize("form", [SUM, PRODUCT])
def test_unit_of_expression_does_not_matter(form):
    cases = spread_of_cases(form)
    p, valid = fit(cells(400), SIZES).pvalues(cases, ENTITIES)
    for factor, tolerance in ((2.0**-20, 1e-6), (1000.0, 0.03)):
        power = factor**2 if form == PRODUCT else factor
        scaled = ScoreThresholds(**{**cases.__dict__, "threshold": cases.threshold * power})
        q, same = fit(cells(400) * factor, SIZES).pvalues(scaled, ENTITIES)
        np.testing.assert_array_equal(valid, same)
        keep = valid & (p > 1e-8)
        np.testing.assert_allclose(q[keep], p[keep], rtol=tolerance)


@pytest.mark.parametrize("form", [SUM, PRODUCT])
def test_sides_can_be_exchanged(form):
    null, cases = fit(cells(400), SIZES), spread_of_cases(form)
    other = ScoreThresholds(
        source=cases.target, target=cases.source, ligand=cases.receptor, receptor=cases.ligand,
        threshold=cases.threshold, form=form,
    )  # fmt: skip
    (p, valid), (q, same) = null.pvalues(cases, ENTITIES), null.pvalues(other, ENTITIES)
    np.testing.assert_array_equal(valid, same)
    np.testing.assert_allclose(q[valid], p[valid], rtol=1e-5)


@pytest.mark.parametrize("form", [SUM, PRODUCT])
def test_order_of_cells_and_groups_does_not_matter(form):
    cases = spread_of_cases(form)
    x = cells(400)
    p, valid = fit(x, SIZES).pvalues(cases, ENTITIES)
    other = ScoreThresholds(**{**cases.__dict__, "source": 3 - cases.source, "target": 3 - cases.target})
    q, _ = fit(x[np.random.default_rng(1).permutation(400)], SIZES[::-1]).pvalues(other, ENTITIES)
    np.testing.assert_allclose(q[valid], p[valid], rtol=1e-9)


@pytest.mark.parametrize("form", [SUM, PRODUCT])
def test_ranges_change_no_bit(form):
    def backwards(work, n):
        for start in reversed(range(0, n, 13)):
            work(start, min(n, start + 13))

    cases = spread_of_cases(form)
    p, _ = fit(cells(400), SIZES).pvalues(cases, ENTITIES)
    q, _ = fit(cells(400), SIZES, run=backwards).pvalues(cases, ENTITIES, run=backwards)
    assert p.tobytes() == q.tobytes()


@pytest.mark.parametrize("form", [SUM, PRODUCT])
def test_compiled_kernels_are_their_source(form, monkeypatch):
    null, cases = fit(cells(400), SIZES), spread_of_cases(form, n=60)
    p, valid = null.pvalues(cases, ENTITIES)
    for module, name in (
        (saddle, "build"), (saddle, "walk"), (saddle, "settle"), (saddle, "truncate"), (saddle_tail, "additive"),
        (saddle_tail, "solve"), (saddle_tail, "near_mean"), (saddle_joint, "marginal"), (saddle_joint, "finish"),
        (saddle_joint, "minima"), (saddle_joint, "joint"), (saddle_joint, "integrate"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, getattr(module, name).py_func)
    q, _ = null.pvalues(cases, ENTITIES)
    np.testing.assert_allclose(q[valid], p[valid], rtol=1e-7)


# ---- domain -----------------------------------------------------------------------------------------------


def valid_of(null, rows, *, form=PRODUCT, ents=ENTITIES):
    return null.pvalues(make_cases(rows, form=form), ents)[1]


def test_a_gene_on_both_sides_is_outside_the_domain():
    null = fit(cells(400), SIZES)
    assert not valid_of(null, [(1, 2, 0, 0, 1.0), (1, 2, 0, 6, 1.0), (1, 2, 6, 8, 1.0)]).any()
    assert valid_of(null, [(1, 2, 0, 3, 1.0)]).all()


def test_genes_of_few_cells_are_outside_the_domain():
    x = cells(400)
    x[:, 2] = 0
    x[: MIN_NONZERO - 1, 2] = np.linspace(0.8, 1.2, MIN_NONZERO - 1)
    assert not valid_of(fit(x, SIZES), [(1, 2, 2, 0, 1.0)])[0]
    x[MIN_NONZERO - 1, 2] = 1.3
    assert valid_of(fit(x, SIZES), [(1, 2, 2, 0, 1.0)])[0]


def test_a_rare_subunit_in_a_small_group_is_outside_the_domain():
    x = cells(400)
    x[:, 2] = 0
    x[::20, 2] = np.linspace(0.5, 2, 20)
    null = fit(x, SIZES)
    assert not valid_of(null, [(0, 2, 7, 0, 1.0)])[0]  # 12 cells · 5 % < 1
    assert valid_of(null, [(1, 2, 7, 0, 1.0)])[0]  # 40 cells · 5 %
    assert valid_of(null, [(0, 2, 2, 0, 1.0)])[0]  # alone it may be rare


def test_genes_of_the_same_few_cells_in_one_group_are_outside_the_domain():
    x = cells(400)
    x[:, 2:4] = 0
    x[::20, 2:4] = np.random.default_rng(0).uniform(0.5, 2, (20, 2))
    null = fit(x, SIZES)
    assert not valid_of(null, [(1, 1, 2, 3, 1.0)])[0]
    assert valid_of(null, [(1, 2, 2, 3, 1.0)])[0]
    assert not valid_of(null, [(1, 2, 7, 0, 1.0)])[0]


def test_a_group_of_all_cells_and_a_constant_gene_are_outside_the_domain():
    x = cells(400)
    assert not valid_of(fit(x, [400]), [(0, 0, 0, 3, 1.0)])[0]
    x[:, 0] = 1.0
    assert not valid_of(fit(x, SIZES), [(0, 1, 0, 3, 1.0)])[0]


def test_a_gene_of_all_cells_is_in_the_domain():
    x = cells(400)
    x[:, 0] += 0.5
    null = fit(x, SIZES)
    p, valid = null.pvalues(make_cases([(0, 1, 0, 3, x[:, 0].mean() / 2), (3, 3, 0, 8, 0.1)], form=SUM), ENTITIES)
    assert valid.all()
    assert ((p > 0) & (p < 1)).all()


def test_a_score_of_zero_has_p_one():
    p, valid = fit(cells(400), SIZES).pvalues(make_cases([(0, 1, 0, 3, 0.0)], form=SUM), ENTITIES)
    assert valid[0]
    assert p[0] == 1.0


def test_no_cases_and_an_unknown_form():
    none = np.zeros(0, np.int64)
    p, valid = fit(cells(400), SIZES).pvalues(
        ScoreThresholds(source=none, target=none, ligand=none, receptor=none, threshold=np.zeros(0), form=SUM), ENTITIES
    )
    assert p.size == valid.size == 0
    with pytest.raises(ValueError, match="form must be SUM"):
        ScoreThresholds(source=none, target=none, ligand=none, receptor=none, threshold=np.zeros(0), form=7)
