"""The engine against the same formulas written with loops, one row at a time."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
from scipy import optimize, stats

from commscore.core.contrast import Settings, compare, design, fit

CASES = {
    "3v3": {"condition": [0, 0, 0, 1, 1, 1]},
    "3v5 depth": {"condition": [0, 0, 0, 1, 1, 1, 1, 1], "depth": [0.25] * 3 + [1.0] * 5},
    "three levels": {"condition": [0, 0, 0, 1, 1, 1, 2, 2, 2]},
    "covariate": {"condition": [0, 0, 0, 0, 1, 1, 1, 1], "covariate": [1.0, 0.0, 0.5, 0.2, 1.0, 0.0, 0.4, 0.9]},
    "paired": {"condition": [0, 0, 0, 0, 1, 1, 1, 1], "paired": True},
    "missing": {"condition": [0] * 4 + [1] * 4, "missing": [(0, 1), (5, 2)]},
}


def limiting(cohort, model, entity, group, samples):
    """Gene of every sample; which one it is has its own tests."""
    return model.rows.subunit[cohort.condition[samples], group, entity]


def value_of(cohort, model, entity, group, samples):
    return cohort.logcpm[samples, group][np.arange(np.sum(samples)), limiting(cohort, model, entity, group, samples)]


def rate_of(cohort, model, entity, group, samples):
    there = np.isfinite(cohort.logcpm[:, group, 0])
    rate = cohort.counts[there][:, group].sum(axis=0) / cohort.library[there, group].sum()
    return rate[limiting(cohort, model, entity, group, samples)]


def slow_pvalue(t, df, own, doubt):
    return 2 * ((1 - doubt) * stats.t.sf(t, df) + doubt * stats.t.sf(t, own))


def slow_quantile(alpha, side):
    return optimize.brentq(lambda t: slow_pvalue(t, side["df"], side["own"], side["doubt"]) - alpha, 0, 20)


def slow_outlying(variance, df, *, prior, model):
    """Whether the variance is too large for the prior, Bonferroni at 0.05."""
    d0, ratio = model.prior_df, variance / prior
    p = stats.chi2.sf(df * ratio, df) if np.isinf(d0) else stats.f.sf(ratio, df, d0)
    return p * model.n_rows < 0.05


def slow_side(cohort, model, *, entity, group, samples, vector, relabelled=None):
    """Estimate, standard error, degrees of freedom, residuals and noise of one side, with numpy's lstsq."""
    x = (cohort.design if relabelled is None else relabelled)[samples]
    y = value_of(cohort, model, entity, group, samples)
    expected = rate_of(cohort, model, entity, group, samples) * cohort.library[samples, group]
    noise = model.donor + model.technical / (expected + 0.5)
    beta, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    hat = x @ np.linalg.pinv(x)
    residual, free = y - hat @ y, np.eye(y.size) - hat
    influence = vector @ np.linalg.pinv(x)
    variance = residual @ residual / (np.diag(free) @ noise)
    mv = free @ np.diag(noise)
    df = np.trace(mv) ** 2 / np.trace(mv @ mv)
    prior = model.prior[group, entity]
    d0 = model.prior_df
    moderated = prior if np.isinf(d0) else (d0 * prior + df * variance) / (d0 + df)
    alone = slow_outlying(variance, df, prior=prior, model=model)
    moderated = variance if alone else moderated
    se = np.sqrt(influence**2 @ noise * moderated)
    total = df if alone else min(df + d0, model.largest_df)
    t = abs(vector @ beta) / se
    return {
        "estimate": float(vector @ beta), "se": float(se), "df": float(total),
        "own": float(min(df, total)), "doubt": 1 / model.n_rows,
        "residual": residual, "noise": noise,
        "sigma": float(np.sqrt(moderated)), "influence": influence, "free": y.size - rank, "variance": variance,
        "p": slow_pvalue(t, total, min(df, total), 1 / model.n_rows), "prior": prior,
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_row_is_what_loops_give(case, cohort, tests):
    c = cohort(**CASES[case], seed=1)
    entities, rows = tests()
    contrast = design.pair("x", ref=0, alt=1, n_coefficients=c.design.shape[1])
    settings = Settings(max_enumeration=0)
    model = fit(c, entities, rows, settings=settings)
    out = compare(c, entities, rows, contrast=contrast, settings=settings, model=model).columns
    assert (out["status"] == 0).all()
    present = np.isfinite(c.logcpm[:, :, 0])
    for i in range(rows.n):
        keep = present[:, rows.source[i]] & present[:, rows.target[i]]
        ligand, receptor = (
            slow_side(c, model, entity=e, group=g, samples=keep, vector=contrast.vectors[0])
            for e, g in ((rows.ligand[i], rows.source[i]), (rows.receptor[i], rows.target[i]))
        )
        assert out["ligand_effect"][i] == pytest.approx(ligand["estimate"])
        assert out["receptor_effect"][i] == pytest.approx(receptor["estimate"])
        assert out["ligand_pvalue"][i] == pytest.approx(ligand["p"], rel=1e-7)
        assert out["receptor_pvalue"][i] == pytest.approx(receptor["p"], rel=1e-7)
        cauchy = np.mean(np.tan((0.5 - np.array([ligand["p"], receptor["p"]])) * np.pi))
        assert out["pvalue"][i] == pytest.approx(stats.cauchy.sf(cauchy), rel=1e-6)
        assert out["both_pvalue"][i] == pytest.approx(max(ligand["p"], receptor["p"]), rel=1e-6)
        reach = slow_quantile(0.05, ligand) * ligand["se"]
        assert out["ligand_ci_low"][i] == pytest.approx(ligand["estimate"] - reach)
        assert out["ligand_ci_high"][i] == pytest.approx(ligand["estimate"] + reach)
        assert out["n_ref"][i] == (keep & (c.condition == 0)).sum()
        assert out["n_alt"][i] == (keep & (c.condition == 1)).sum()


@pytest.mark.parametrize("case", CASES)
def test_standard_error_of_the_sum_has_the_covariance(case, cohort, tests):
    c = cohort(**CASES[case], seed=2)
    entities, rows = tests()
    contrast = design.pair("x", ref=0, alt=1, n_coefficients=c.design.shape[1])
    model = fit(c, entities, rows)
    out = compare(c, entities, rows, contrast=contrast, settings=Settings(max_enumeration=0), model=model).columns
    present = np.isfinite(c.logcpm[:, :, 0])
    for source, target in product(range(3), range(3)):
        keep = present[:, source] & present[:, target]
        at = np.flatnonzero((rows.source == source) & (rows.target == target))
        pairs, raw = [], []
        for i in at:
            sides = [
                slow_side(c, model, entity=e, group=g, samples=keep, vector=contrast.vectors[0])
                for e, g in ((rows.ligand[i], source), (rows.receptor[i], target))
            ]
            z = [s["residual"] / np.sqrt(s["noise"]) for s in sides]
            pairs.append(sides)
            raw.append(z[0] @ z[1] / np.sqrt((z[0] @ z[0]) * (z[1] @ z[1])))
        itself = (rows.ligand[at] == rows.receptor[at]) & (source == target)
        others = np.array(raw)[~itself]
        sampling = (1 - others.mean() ** 2) ** 2 / pairs[0][0]["free"]
        excess = max(others.var() - sampling, 0.0)
        for i, (left, right), r, same in zip(at, pairs, raw, itself, strict=True):
            shrunk = others.mean() + excess / (excess + sampling) * (r - others.mean())
            shared = (left["influence"] ** 2 * np.sqrt(left["noise"] * right["noise"])).sum()
            covariance = (1.0 if same else shrunk) * left["sigma"] * right["sigma"] * shared
            want = np.sqrt(left["se"] ** 2 + right["se"] ** 2 + 2 * covariance)
            assert out["se"][i] == pytest.approx(want, rel=1e-7)
            assert out["effect"][i] == pytest.approx(left["estimate"] + right["estimate"])
            if same:
                assert out["se"][i] == pytest.approx(2 * left["se"])


def slow_relabellings(c, involved):
    """Designs of every relabelling of the first two levels within blocks, by brute force."""
    n = c.condition.size
    block = np.zeros(n, int) if c.block is None else c.block
    seen = {}
    if c.block is None:
        members = np.flatnonzero(involved)
        for chosen in combinations(members, int((c.condition[members] == 1).sum())):
            labels = c.condition.copy()
            labels[members] = 0
            labels[list(chosen)] = 1
            seen[tuple(labels)] = labels
    else:
        for order in permutations(range(n)):
            if (block[list(order)] == block).all():
                labels = c.condition[list(order)]
                seen[tuple(labels)] = labels
    designs = []
    for labels in seen.values():
        x = c.design.copy()
        x[:, : len(c.levels)] = np.eye(len(c.levels))[labels]
        designs.append(x)
    return designs


@pytest.mark.parametrize("case", ["3v3", "3v5 depth", "three levels", "paired", "covariate"])
@pytest.mark.parametrize("combine", ["acat", "fisher"])
def test_exact_pvalue_is_brute_force(case, combine, cohort, tests):
    options = dict(CASES[case])
    if case == "paired":
        options["condition"] = [0, 0, 0, 1, 1, 1]
    c = cohort(**options, seed=3)
    entities, rows = tests()
    contrast = design.pair("x", ref=0, alt=1, n_coefficients=c.design.shape[1])
    settings = Settings(combine=combine)
    model = fit(c, entities, rows, settings=settings)
    out = compare(c, entities, rows, contrast=contrast, settings=settings, model=model).columns
    designs = slow_relabellings(c, np.isin(c.condition, (0, 1)))
    every = np.ones(c.condition.size, bool)

    def evidence(entity, group, x):
        s = slow_side(c, model, entity=entity, group=group, samples=every, vector=contrast.vectors[0], relabelled=x)
        free, d0 = s["free"], model.prior_df
        moderated = s["prior"] if np.isinf(d0) else (d0 * s["prior"] + free * s["variance"]) / (d0 + free)
        t2 = s["estimate"] ** 2 / (s["influence"] ** 2 @ s["noise"] * moderated)
        df = min(free + d0, model.largest_df)
        z = (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log1p(t2 / df))
        surprise = -(np.log(2) + stats.norm.logsf(z))
        assert surprise < 30  # beyond, the engine slows its growth
        return np.exp(surprise) if combine == "acat" else surprise

    for i in range(0, rows.n, 5):
        observed = evidence(rows.ligand[i], rows.source[i], c.design) + evidence(
            rows.receptor[i], rows.target[i], c.design
        )
        reached = [
            evidence(rows.ligand[i], rows.source[i], x) + evidence(rows.receptor[i], rows.target[i], x)
            >= observed * (1 - 1e-6)
            for x in designs
        ]
        assert out["exact_pvalue"][i] == pytest.approx(np.mean(reached))


@pytest.mark.parametrize(
    ("condition", "paired", "floor"),
    [([0] * 3 + [1] * 3, False, 0.1), ([0] * 4 + [1] * 4, False, 2 / 70), ([0] * 5 + [1] * 5, False, 2 / 252),
     ([0] * 3 + [1] * 7, False, 1 / 120), ([0] * 4 + [1] * 4, True, 2 / 16)],
)  # fmt: skip
def test_floor_of_the_exact_pvalue_is_reached_and_not_passed(condition, paired, floor, cohort, tests):
    fold = np.zeros((len(condition), 3, 16))
    fold[np.asarray(condition) == 1] = 6.0
    c = cohort(condition, fold=fold, paired=paired, donor=0.05)
    entities, rows = tests()
    contrast = design.pair("x", ref=0, alt=1, n_coefficients=c.design.shape[1])
    out = compare(c, entities, rows, contrast=contrast).columns
    np.testing.assert_allclose(out["exact_floor"], floor)
    np.testing.assert_allclose(out["exact_pvalue"], floor)


@pytest.mark.parametrize("case", CASES)
def test_sign_stability_is_fitting_again_without_each_sample(case, cohort, tests):
    c = cohort(**CASES[case], seed=4)
    entities, rows = tests()
    vector = design.pair("x", ref=0, alt=1, n_coefficients=c.design.shape[1])
    model = fit(c, entities, rows)
    out = compare(c, entities, rows, contrast=vector, settings=Settings(max_enumeration=0)).columns
    present = np.isfinite(c.logcpm[:, :, 0])
    assert 0 < out["sign_stable"].sum() < rows.n
    for i in range(rows.n):
        there = present[:, rows.source[i]] & present[:, rows.target[i]]
        keep = np.flatnonzero(there)
        y = sum(
            value_of(c, model, e, g, there)
            for e, g in ((rows.ligand[i], rows.source[i]), (rows.receptor[i], rows.target[i]))
        )
        x = c.design[keep]
        effects = []
        for j in range(-1, keep.size):
            rest = np.arange(keep.size) != j
            effects.append(vector.vectors[0] @ np.linalg.lstsq(x[rest], y[rest], rcond=None)[0])
        assert out["sign_stable"][i] == (len({bool(e > 0) for e in effects}) == 1)
