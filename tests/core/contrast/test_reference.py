"""The engine against the same formulas written with loops, one row at a time."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
from scipy import optimize, stats

from commscore.core.contrast import Settings, compare, design, fit
from commscore.stats.log_moments import log_moments

CASES = {
    "3v3": {"condition": [0, 0, 0, 1, 1, 1]},
    "3v5 depth": {"condition": [0, 0, 0, 1, 1, 1, 1, 1], "depth": [0.25] * 3 + [1.0] * 5},
    "three levels": {"condition": [0, 0, 0, 1, 1, 1, 2, 2, 2]},
    "covariate": {"condition": [0, 0, 0, 0, 1, 1, 1, 1], "covariate": [1.0, 0.0, 0.5, 0.2, 1.0, 0.0, 0.4, 0.9]},
    "paired": {"condition": [0, 0, 0, 0, 1, 1, 1, 1], "paired": True},
    "missing": {"condition": [0] * 4 + [1] * 4, "missing": [(0, 1), (5, 2)]},
    "few counts": {"condition": [0] * 4 + [1] * 4, "level": 0.03},
}
LN2 = np.log(2.0)


def prepared(case, cohort, tests, *, seed):
    c = cohort(**CASES[case], seed=seed)
    entities, rows = tests()
    contrast = design.pair("x", ref=0, alt=1, n_coefficients=c.design.shape[1])
    return c, entities, rows, contrast, fit(c, entities)


def there(cohort, group):
    return np.isfinite(cohort.logcpm[:, group, 0])


def limiting(cohort, model, *, entity, group):
    """Gene of every sample that has the group; which one it is has its own tests."""
    return model.rows.subunit[cohort.condition[there(cohort, group)], group, entity]


def of_gene(array, cohort, model, *, entity, group):
    samples = array[there(cohort, group), group]
    genes = limiting(cohort, model, entity=entity, group=group)
    return np.array([samples[s, gene] for s, gene in enumerate(genes)])


def slow_pvalue(t, tail):
    df, own, doubt = tail
    return 2 * ((1 - doubt) * stats.t.sf(t, df) + doubt * stats.t.sf(t, own))


def slow_quantile(alpha, tail):
    return optimize.brentq(lambda t: slow_pvalue(t, tail) - alpha, 0, 1e4)


def slow_noise(y, null, *, read, components, library, n_cells):
    """Variances of the observations: of donors, of counting where conditions make no difference, of cells."""
    unchanged = null @ np.linalg.lstsq(null, y, rcond=None)[0]
    depth = sum(2 ** unchanged[s] * library[s] for s in range(y.size))
    means, out = [], []
    for s in range(y.size):
        mean, share = 2 ** unchanged[s] * library[s] / depth * read, library[s] / sum(library)
        added = 0.5 * y.size * share
        added += mean * (1 - share) / (2 * (mean + added)) if mean > 0 else 0.0
        means.append(max(mean, 0.05))
        variance, shown = log_moments(np.array(means[-1:]), np.array([added]))  # sums in test_log_moments.py
        of_rate = components.donor + components.cells / n_cells[s]
        out.append(of_rate * shown[0] ** 2 + components.counting * variance[0])
    return np.array([max(v for v, m in zip(out, means, strict=True) if m >= mean) for mean in means])


def slow_weighted(y, x, noise, vector):
    """Contrast, its variance at scale 1, and what is left, by least squares of whitened rows."""
    root = np.diag(1 / np.sqrt(noise))
    beta = np.linalg.lstsq(root @ x, root @ y, rcond=None)[0]
    return vector @ beta, vector @ np.linalg.pinv(x.T @ root @ root @ x) @ vector, y - x @ beta


def slow_logs(cohort, model, *, entity, group, vector):
    """The log-linear side: estimate, standard error, p and quantile, of weighted rows and a moderated variance."""
    samples, of_group = there(cohort, group), model.groups[group]
    x, library = cohort.design[samples], cohort.library[samples, group]
    y = of_gene(cohort.logcpm, cohort, model, entity=entity, group=group)
    n_cells = cohort.n_cells[samples, group]
    null = np.column_stack([np.ones(y.size), x[:, 2:]]) if len(cohort.levels) == 2 else x
    read = of_gene(cohort.counts, cohort, model, entity=entity, group=group).sum()
    noise = slow_noise(y, null, read=read, components=of_group.components, library=library, n_cells=n_cells)
    estimate, unscaled, residual = slow_weighted(y, x, noise, vector)
    free = y.size - np.linalg.matrix_rank(x)
    variance = sum(residual**2 / noise) / free
    prior, d0 = model.prior[group, entity], model.prior_df[group, entity]
    d = free if of_gene(cohort.counts, cohort, model, entity=entity, group=group).sum() >= 5 else 0.0
    tail = of_group.tail.df[entity], of_group.tail.own[entity], of_group.tail.doubt
    excluded = d > 0 and stats.f.sf(variance / prior, d, d0) / tail[2] < 0.05
    moderated = variance if excluded else (d0 * prior + d * variance) / (d0 + d)
    se = np.sqrt(unscaled * moderated)
    return {
        "estimate": estimate, "se": se, "p": slow_pvalue(abs(estimate) / se, tail),
        "wide": slow_quantile(0.05, tail), "df": tail[0], "own": tail[1], "doubt": tail[2],
        "residual": residual, "noise": noise, "free": free,
        "y": y, "x": x, "samples": samples,
    }  # fmt: skip


def log_likelihood(y, mean, dispersion):
    return sum(
        stats.poisson.logpmf(k, m) if f == 0 else stats.nbinom.logpmf(k, 1 / f, 1 / (1 + f * m))
        for k, m, f in zip(y, mean, dispersion, strict=True)
    )


def slow_maximum(y, x, library, dispersion):
    """Means of the largest likelihood, and it."""

    def minus(beta):
        return -log_likelihood(y, np.exp(np.clip(x @ beta, -40, 10)) * library, dispersion)

    def slope(beta):
        mean = np.exp(np.clip(x @ beta, -40, 10)) * library
        return -x.T @ ((y - mean) / (1 + dispersion * mean))

    start = np.linalg.lstsq(x, np.log((y + 0.5) / library), rcond=None)[0]
    found = optimize.minimize(minus, start, jac=slope, method="BFGS", options={"gtol": 1e-7})
    assert np.abs(slope(found.x)).max() < 1e-3
    return np.exp(np.clip(x @ found.x, -40, 10)) * library, -found.fun


def slow_bias_reduced(y, x, library, dispersion):
    """Coefficients where the score adjusted for bias is zero, and the inverse of the information there."""

    def parts(beta):
        mean = np.exp(x @ beta) * library
        weight = mean / (1 + dispersion * mean)
        inverse = np.linalg.inv(x.T @ np.diag(weight) @ x)
        return mean, weight, inverse

    def score(beta):
        mean, weight, inverse = parts(beta)
        hat = np.array([weight[s] * x[s] @ inverse @ x[s] for s in range(y.size)])
        return x.T @ ((y - mean) / (1 + dispersion * mean) + hat / 2)

    start = np.linalg.lstsq(x, np.log((y + 0.5) / library), rcond=None)[0]
    found = optimize.root(score, start, tol=1e-10)
    assert found.success
    return found.x, parts(found.x)[2]


def slow_null_bias(y, x, library, level):
    """Expectation of the bias-reduced coefficients if all samples have the pooled rate, sums of levels binomial."""
    mean = y.sum() * library / library.sum()
    information = x.T @ np.diag(mean) @ x
    hat = np.array([mean[s] * x[s] @ np.linalg.inv(information) @ x[s] for s in range(y.size)])
    bias, counts = np.zeros(y.size), np.arange(y.sum() + 1)
    for one in np.unique(level):
        own, added = mean[level == one].sum(), hat[level == one].sum() / 2
        logs = stats.binom.pmf(counts, y.sum(), own / y.sum()) @ np.log(counts + added)
        bias[level == one] = logs - np.log(own + max(added - 0.5, 0.0)) - np.log1p(0.5 / y.sum())
    return np.linalg.solve(information, x.T @ (mean * bias))


def slow_counts(cohort, model, *, entity, group, vector):
    """The side by counts: likelihood ratio over the moderated scale, and an effect that is finite."""
    samples, by_counts = there(cohort, group), model.groups[group].count_fit
    place = int(np.flatnonzero(by_counts.rows == entity)[0])
    y, library = of_gene(cohort.counts, cohort, model, entity=entity, group=group), cohort.library[samples, group]
    design_matrix = cohort.design[samples]
    u, s, _ = np.linalg.svd(design_matrix, full_matrices=False)
    x = u[:, s > 1e-9 * s[0]]
    direction = vector @ np.linalg.pinv(design_matrix) @ x
    rest = x @ np.linalg.svd(direction[None])[2][1:].T
    dispersion, scale = by_counts.fitted.dispersion, by_counts.scale[place]
    mean, full = slow_maximum(y, x, library, dispersion)
    null_mean, null = slow_maximum(y, rest, library, dispersion)
    assert scale >= mean.sum() / sum(mean * (1 + dispersion * mean)) * (1 - 1e-4)
    beta, inverse = slow_bias_reduced(y, x, library, dispersion)
    level = cohort.condition[samples]
    if min(y.sum() * library[level == one].sum() / library.sum() for one in np.unique(level)) < 10:
        beta = beta - slow_null_bias(y, x, library, level)
    tail = by_counts.tail.df[place], by_counts.tail.own[place], by_counts.tail.doubt
    most_likely = np.linalg.lstsq(x, np.log(mean / library), rcond=None)[0]
    return {
        "estimate": direction @ beta / LN2, "sign": direction @ most_likely,
        "se": np.sqrt(direction @ inverse @ direction * scale) / LN2,
        "p": slow_pvalue(np.sqrt(max(2 * (full - null), 0.0) / scale), tail), "wide": slow_quantile(0.05, tail),
        "df": tail[0], "own": tail[1], "doubt": tail[2], "share": np.mean(1 / (1 + dispersion * mean)),
        "null_share": np.mean(1 / (1 + dispersion * null_mean)),
    }  # fmt: skip


def of_half_a_count(cohort, *, group, vector):
    """Standard error of a Poisson regression of half a count at one rate."""
    samples = there(cohort, group)
    x, library = cohort.design[samples], cohort.library[samples, group]
    information = x.T @ np.diag(0.5 * library / library.sum()) @ x
    return np.sqrt(vector @ np.linalg.inv(information) @ vector) / LN2


def slow_side(cohort, model, *, entity, group, vector):
    """Both fits, averaged by the share of counting in the variance and by what the cohort leans to.

    Evidence takes the third power of the share. Without a count, no standard error is below that of half a one.
    """
    logs = slow_logs(cohort, model, entity=entity, group=group, vector=vector)
    if of_gene(cohort.counts, cohort, model, entity=entity, group=group).sum() == 0:
        se = max(logs["se"], of_half_a_count(cohort, group=group, vector=vector))
        return logs | {"se": se, "half": logs["wide"] * se}
    counts = slow_counts(cohort, model, entity=entity, group=group, vector=vector)
    z = [np.sign(part.get("sign", part["estimate"])) * stats.norm.isf(part["p"] / 2) for part in (logs, counts)]
    lean = model.groups[group].lean
    share, null_share = (x + (1 - x) * lean for x in (counts["share"], counts["null_share"] ** 3))
    joined = {name: (1 - share) * logs[name] + share * counts[name] for name in ("estimate", "se", "df", "own")}
    joined["doubt"] = max(logs["doubt"], counts["doubt"])
    half = (1 - share) * logs["wide"] * logs["se"] + share * counts["wide"] * counts["se"]
    p = 2 * stats.norm.sf(abs((1 - null_share) * z[0] + null_share * z[1]))
    return logs | joined | {"half": half, "p": p, "share": share}


def slow_sides(cohort, model, rows, *, vector):
    """Every entity of every group that is in a row, once."""
    of = {(int(g), int(e)) for g, e in [*zip(rows.source, rows.ligand), *zip(rows.target, rows.receptor)]}
    return {(g, e): slow_side(cohort, model, entity=e, group=g, vector=vector) for g, e in of}


def acat(*p):
    return stats.cauchy.sf(np.mean(np.tan((0.5 - np.array(p)) * np.pi)))


@pytest.mark.parametrize("case", CASES)
def test_every_row_is_what_loops_give(case, cohort, tests):
    c, entities, rows, contrast, model = prepared(case, cohort, tests, seed=1)
    options = Settings(max_enumeration=0, expr_prop=0.0)
    out = compare(c, entities, rows, contrast=contrast, settings=options, model=model).columns
    assert (out["status"] == 0).all()
    sides = slow_sides(c, model, rows, vector=contrast.vectors[0])
    shares = [side.get("share", 0.0) for side in sides.values()]
    assert (max(shares) > 0.5) == (case == "few counts")
    for i in range(rows.n):
        ligand, receptor = sides[rows.source[i], rows.ligand[i]], sides[rows.target[i], rows.receptor[i]]
        for name, side in (("ligand", ligand), ("receptor", receptor)):
            assert out[f"{name}_effect"][i] == pytest.approx(side["estimate"], rel=1e-4, abs=1e-5)
            assert out[f"{name}_se"][i] == pytest.approx(side["se"], rel=1e-4)
            assert out[f"{name}_df"][i] == pytest.approx(side["df"], rel=1e-4)
            assert out[f"{name}_pvalue"][i] == pytest.approx(side["p"], rel=2e-3)
            assert out[f"{name}_ci_low"][i] == pytest.approx(side["estimate"] - side["half"], rel=1e-4, abs=1e-4)
            assert out[f"{name}_ci_high"][i] == pytest.approx(side["estimate"] + side["half"], rel=1e-4, abs=1e-4)
        assert out["pvalue"][i] == pytest.approx(acat(ligand["p"], receptor["p"]), rel=2e-3)
        assert out["both_pvalue"][i] == pytest.approx(max(ligand["p"], receptor["p"]), rel=2e-3)
        wide = max(ligand["half"] / ligand["se"], receptor["half"] / receptor["se"])
        assert out["ci_high"][i] - out["effect"][i] == pytest.approx(wide * out["se"][i], rel=1e-4)
        keep = ligand["samples"] & receptor["samples"]
        assert out["n_ref"][i] == (keep & (c.condition == 0)).sum()
        assert out["n_alt"][i] == (keep & (c.condition == 1)).sum()


def slow_correlations(pairs):
    """Correlation of the residuals of both sides of every row, and the same shrunken to their mean."""
    raw = []
    for left, right, _ in pairs:
        z = np.zeros((2, left["samples"].size))
        for row, side in zip(z, (left, right), strict=True):
            row[side["samples"]] = side["residual"] / np.sqrt(side["noise"])
        raw.append(z[0] @ z[1] / np.sqrt((z[0] @ z[0]) * (z[1] @ z[1])))
    others = np.array([r for r, (_, _, same) in zip(raw, pairs, strict=True) if not same])
    sampling = (1 - others.mean() ** 2) ** 2 / pairs[0][0]["free"]
    excess = max(others.var() - sampling, 0.0)
    return [
        1.0 if same else others.mean() + excess / (excess + sampling) * (r - others.mean())
        for r, (_, _, same) in zip(raw, pairs, strict=True)
    ]


@pytest.mark.parametrize("case", CASES)
def test_standard_error_of_the_sum_has_the_covariance(case, cohort, tests):
    c, entities, rows, contrast, model = prepared(case, cohort, tests, seed=2)
    sides = slow_sides(c, model, rows, vector=contrast.vectors[0])
    options = Settings(max_enumeration=0, expr_prop=0.0, combine="acat4")
    out = compare(c, entities, rows, contrast=contrast, settings=options, model=model).columns
    for source, target in product(range(3), range(3)):
        at = np.flatnonzero((rows.source == source) & (rows.target == target))
        pairs = [
            (
                sides[source, rows.ligand[i]],
                sides[target, rows.receptor[i]],
                source == target and rows.ligand[i] == rows.receptor[i],
            )
            for i in at
        ]
        for i, (left, right, same), r in zip(at, pairs, slow_correlations(pairs), strict=True):
            se = [
                np.sqrt(left["se"] ** 2 + right["se"] ** 2 + sign * 2 * r * left["se"] * right["se"])
                for sign in (1, -1)
            ]
            assert out["se"][i] == pytest.approx(se[0], rel=1e-4)
            assert out["effect"][i] == pytest.approx(left["estimate"] + right["estimate"], rel=1e-4, abs=1e-5)
            if same:
                assert out["se"][i] == pytest.approx(2 * left["se"], rel=1e-4)
                continue
            change = np.array([left["estimate"] + right["estimate"], left["estimate"] - right["estimate"]])
            tail = min(left["df"], right["df"]), min(left["own"], right["own"]), max(left["doubt"], right["doubt"])
            p = [slow_pvalue(abs(t), tail) for t in change / se]
            if out["status"][i] == 0:
                assert out["pvalue"][i] == pytest.approx(acat(left["p"], right["p"], *p), rel=2e-3)


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


def slow_evidence(side, x, *, model, entity, group, vector):
    """1/p of a moderated t under a relabelled design: least squares, with the variances of the observations."""
    y, noise = side["y"] - side["y"].mean(), side["noise"]
    inverse = np.linalg.pinv(x)
    influence, residual = vector @ inverse, y - x @ inverse @ y
    expected = sum(noise[s] * (1 - x[s] @ inverse[:, s]) for s in range(y.size))
    prior, d0, free = model.prior[group, entity], model.prior_df[group, entity], side["free"]
    moderated = (d0 * prior + free * residual @ residual / expected) / (d0 + free)
    t2 = (influence @ y) ** 2 / (sum(influence**2 * noise) * moderated)
    df = min(free + d0, model.largest_df[group])
    z = (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log1p(t2 / df))
    surprise = -(np.log(2) + stats.norm.logsf(z))
    assert surprise < 30  # beyond, the engine slows its growth
    return np.exp(surprise)


@pytest.mark.parametrize("case", ["3v3", "3v5 depth", "three levels", "paired", "covariate"])
@pytest.mark.parametrize("combine", ["acat", "fisher"])
def test_exact_pvalue_is_brute_force(case, combine, cohort, tests):
    options = dict(CASES[case])
    if case == "paired":
        options["condition"] = [0, 0, 0, 1, 1, 1]
    c = cohort(**options, seed=3)
    entities, rows = tests()
    contrast = design.pair("x", ref=0, alt=1, n_coefficients=c.design.shape[1])
    model = fit(c, entities)
    out = compare(c, entities, rows, contrast=contrast, settings=Settings(combine=combine), model=model).columns
    designs = [c.design, *slow_relabellings(c, np.isin(c.condition, (0, 1)))]
    vector = contrast.vectors[0]

    def evidence(entity, group):
        side = slow_logs(c, model, entity=entity, group=group, vector=vector)
        found = [slow_evidence(side, x, model=model, entity=entity, group=group, vector=vector) for x in designs]
        return np.array(found) if combine == "acat" else np.log(found)

    for i in range(0, rows.n, 5):
        both = evidence(rows.ligand[i], rows.source[i]) + evidence(rows.receptor[i], rows.target[i])
        assert out["exact_pvalue"][i] == pytest.approx(np.mean(both[1:] >= both[0] * (1 - 1e-6)))


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
    """The log-linear fit says what a sample does, its variances as they were."""
    c, entities, rows, contrast, model = prepared(case, cohort, tests, seed=4)
    options = Settings(max_enumeration=0, expr_prop=0.0)
    out = compare(c, entities, rows, contrast=contrast, settings=options).columns
    vector, changes = contrast.vectors[0], {}

    def change(group, entity):
        side = slow_logs(c, model, entity=entity, group=group, vector=vector)
        moved = np.zeros(c.n_samples)
        for j, sample in enumerate(np.flatnonzero(side["samples"])):
            rest = np.arange(side["y"].size) != j
            without = slow_weighted(side["y"][rest], side["x"][rest], side["noise"][rest], vector)[0]
            moved[sample] = without - side["estimate"]
        return moved

    for i in range(rows.n):
        keys = (rows.source[i], rows.ligand[i]), (rows.target[i], rows.receptor[i])
        changes |= {key: change(*key) for key in keys if key not in changes}
        effect = out["effect"][i]
        without = effect + changes[keys[0]] + changes[keys[1]]
        assert out["sign_stable"][i] == bool((np.sign(without) == np.sign(effect)).all())
    assert 0 < out["sign_stable"].sum() < rows.n
