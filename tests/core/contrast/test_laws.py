"""What must hold for every cohort: sums, invariances, states, classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from commscore.arrays import Entities
from commscore.arrays import Tests as Edges
from commscore.core.contrast import LABELS, Cohort, Contrast, Settings, compare, design, fit
from commscore.core.contrast._abundance import relative_to_reference
from commscore.core.log_rates import log_rates
from commscore.stats import linear

from .conftest import build_cohort, build_tests

QUICK = Settings(max_enumeration=0)


def pair(c, ref=0, alt=1):
    return design.pair("x", ref=ref, alt=alt, n_coefficients=c.design.shape[1])


def named(out, column):
    return np.array([LABELS[column][k] if k >= 0 else "" for k in out[column]])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), n=st.integers(2, 5), m=st.integers(2, 5), donor=st.floats(0, 1),
    lost=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=3), stages=st.booleans(),
)  # fmt: skip
def test_parts_add_up_on_every_row(seed, n, m, donor, lost, stages):
    condition = [0] * n + [1] * m + ([2] * 3 if stages else [])
    c = build_cohort(condition, seed=seed, donor=donor, missing=lost)
    entities, rows = build_tests()
    contrast = design.stages("s", order=(0, 1, 2), n_coefficients=3) if stages else pair(c)
    out = compare(c, entities, rows, contrast=contrast, settings=QUICK).columns
    known = np.isfinite(out["effect"])
    parts = out["d_source"] + out["d_ligand"] + out["d_target"] + out["d_receptor"]
    np.testing.assert_allclose(parts[known], out["d_flow"][known], atol=1e-9)
    np.testing.assert_allclose((out["ligand_effect"] + out["receptor_effect"])[known], out["effect"][known], atol=1e-9)
    assert np.isfinite(out["d_flow"][known]).all()
    p = out["pvalue"][np.isfinite(out["pvalue"])]
    assert ((p >= 0) & (p <= 1)).all()
    assert (np.isfinite(out["pvalue"]) == (out["status"] <= 1)).all()


def test_change_of_the_flow_is_the_change_of_its_mean_logarithm(cohort, tests):
    """Where all samples are worth the same; cells, depth and few counts give them weights."""
    c = cohort([0] * 4 + [1] * 5, seed=1, level=300.0, cells=np.full((9, 3), 100))
    entities, rows = tests()
    out = compare(c, entities, rows, contrast=pair(c), settings=QUICK).columns
    share = np.log2((c.n_cells + 0.5) / (c.n_cells.sum(axis=1) + 1)[:, None])
    for i in range(rows.n):
        s, t = rows.source[i], rows.target[i]
        flow = share[:, s] + share[:, t]
        assert out["d_source"][i] + out["d_target"][i] == pytest.approx(flow[4:].mean() - flow[:4].mean(), abs=1e-9)
        for side, k in (("ligand", s), ("receptor", t)):
            genes = np.repeat([out[f"{side}_subunit_{end}"][i] for end in ("ref", "alt")], [4, 5])
            flow = flow + c.logcpm[np.arange(9), k, genes]
        assert out["d_flow"][i] == pytest.approx(flow[4:].mean() - flow[:4].mean(), abs=2e-3)


def test_deep_samples_with_many_cells_weigh_more(cohort, tests):
    """Half of either condition has a hundredth of the cells: effects follow the other half."""
    cells = np.repeat([[2000], [20], [2000], [20]], 4, axis=0) * np.ones((1, 3), int)
    fold = np.zeros((16, 3, 16))
    fold[4:8], fold[12:] = -1.0, 1.0  # the small samples would say a rise of two more
    c = cohort([0] * 8 + [1] * 8, seed=1, level=0.05, donor=0.1, cells=cells, fold=fold)
    entities, rows = tests()
    out = compare(c, entities, rows, contrast=pair(c), settings=Settings(max_enumeration=0, expr_prop=0.0)).columns
    assert np.median(out["ligand_effect"]) < 0.3  # means of the logarithms would say 1
    assert np.median(out["ligand_effect"]) > -0.1


def test_order_of_samples_groups_and_rows_is_nothing(cohort, tests):
    c = cohort([0] * 3 + [1] * 4, seed=2, missing=[(1, 2)])
    entities, rows = tests()
    want = compare(c, entities, rows, contrast=pair(c)).columns
    order, groups = np.random.default_rng(0).permutation(7), np.array([2, 0, 1])
    shuffled = replace(
        c, logcpm=c.logcpm[order][:, groups], counts=c.counts[order][:, groups], prop=c.prop[order][:, groups],
        library=c.library[order][:, groups], n_cells=c.n_cells[order][:, groups], condition=c.condition[order],
        design=c.design[order],
    )  # fmt: skip
    back = np.argsort(groups)
    turned = np.random.default_rng(1).permutation(rows.n)
    moved = Edges(back[rows.source], back[rows.target], rows.ligand, rows.receptor).take(turned)
    found = compare(shuffled, entities, moved, contrast=pair(c)).columns
    for name, column in want.items():
        np.testing.assert_allclose(found[name].astype(float), column[turned].astype(float), rtol=1e-7, atol=1e-9)


def test_an_unrelated_group_changes_no_effect(cohort, tests):
    entities, rows = tests(3)
    c = cohort([0] * 4 + [1] * 4, seed=3, n_groups=4)
    total = c.n_cells.sum(axis=1)

    def take(k):
        return replace(
            c, logcpm=c.logcpm[:, :k], counts=c.counts[:, :k], prop=c.prop[:, :k], library=c.library[:, :k],
            n_cells=c.n_cells[:, :k], total_cells=total,
        )  # fmt: skip

    _, more = tests(4)
    without = compare(take(3), entities, rows, contrast=pair(c)).columns
    with_it = compare(take(4), entities, more, contrast=pair(c)).columns
    same = np.flatnonzero((more.source < 3) & (more.target < 3))
    for name in ("effect", "ligand_effect", "d_flow", "d_source", "exact_floor", "sign_stable", "n_ref"):
        np.testing.assert_allclose(with_it[name][same], without[name], atol=1e-12)
    # only the shared prior knows of it
    assert np.abs(np.log(with_it["pvalue"][same] / without["pvalue"])).max() < 0.5


def test_a_common_depth_is_nothing(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 4 + [1] * 4, seed=4, level=50.0, donor=0.4)
    thinned = cohort([0] * 4 + [1] * 4, seed=4, level=50.0, donor=0.4, depth=[1.0] * 4 + [0.25] * 4)
    a, b = (compare(x, entities, rows, contrast=pair(c), settings=QUICK).columns for x in (c, thinned))
    assert np.abs(a["effect"] - b["effect"]).max() < 0.25
    assert np.corrcoef(a["effect"], b["effect"])[0, 1] > 0.99


def test_swapping_the_conditions_swaps_the_sign(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 3 + [1] * 4, seed=5)
    there = compare(c, entities, rows, contrast=pair(c)).columns
    back = compare(c, entities, rows, contrast=pair(c, 1, 0)).columns
    for name in ("effect", "ligand_effect", "d_flow", "d_target"):
        np.testing.assert_allclose(there[name], -back[name], atol=1e-9)
    for name in ("pvalue", "se", "exact_pvalue", "sign_stable"):
        np.testing.assert_allclose(there[name], back[name], rtol=1e-7)


def test_sides_that_move_apart_are_compensated(cohort):
    condition = np.repeat([0, 1], 5)
    fold = np.zeros((10, 2, 16))
    fold[5:, 0, 0], fold[5:, 1, 1] = 3.0, -3.0  # ligand up in its source, receptor down in its target
    fold[5:, 0, 2] = 3.0
    c = cohort(condition, n_groups=2, fold=fold, donor=0.1, cells=np.full((10, 2), 400))
    rows = Edges(*np.array([[0, 1, 0, 1], [0, 1, 2, 3], [0, 1, 4, 5], [0, 1, 0, 3], [0, 1, 6, 1]]).T.copy())
    out = compare(c, Entities.of([[i] for i in range(16)]), rows, contrast=pair(c)).columns
    assert named(out, "shift").tolist() == ["compensated", "up", "stable", "up", "down"]
    assert named(out, "driver")[[1, 3, 4]].tolist() == ["ligand", "ligand", "receptor"]
    assert abs(out["effect"][0]) < 1.0


def test_few_samples_are_inconclusive_not_stable(cohort, tests):
    entities, rows = tests()
    c = cohort([0, 0, 0, 1, 1, 1], donor=0.8, seed=6)
    out = compare(c, entities, rows, contrast=pair(c), settings=QUICK).columns
    assert "stable" not in named(out, "shift")
    assert (named(out, "shift") == "inconclusive").mean() > 0.8


@pytest.mark.parametrize(
    ("n", "words", "p"), [(4, ("detected_only_alt", "detected_only_ref"), 2 / 70), (6, ("gained", "lost"), 2 / 924)]
)
def test_what_appears_is_gained_by_a_detection_test(n, words, p, cohort, tests):
    """Four against four samples cannot reach an adjusted p of 0.05 in 54 rows: what was seen is only described."""
    condition = np.repeat([0, 1], n)
    c = cohort(condition, seed=7, donor=0.1)
    c.counts[:n, 0, 0], c.prop[:n, 0, 0] = 0.0, 0.0
    c.counts[n:, 1, 2], c.prop[n:, 1, 2] = 0.0, 0.0
    logcpm = np.log2((c.counts + 0.5) / (c.library + 1)[:, :, None] * 1e6)
    c = replace(c, logcpm=logcpm)
    entities, rows = tests()
    out = compare(c, entities, rows, contrast=pair(c)).columns
    gained, lost = (rows.source == 0) & (rows.ligand == 0), (rows.source == 1) & (rows.ligand == 2)
    assert (named(out, "status")[gained | lost] == "detection").all()
    assert (named(out, "shift")[gained] == words[0]).all()
    assert (named(out, "shift")[lost] == words[1]).all()
    np.testing.assert_allclose(out["pvalue"][gained | lost], p)
    assert np.isfinite(out["effect"]).all()
    assert (named(out, "status")[~(gained | lost)] == "tested").all()


def test_states_name_what_is_missing(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 3 + [1] * 3, seed=8, missing=[(3, 1), (4, 1), (5, 1)], absent=[(0, 2), (1, 2)])
    out = compare(c, entities, rows, contrast=pair(c)).columns
    with_one, with_two = (rows.source == 1) | (rows.target == 1), (rows.source == 2) | (rows.target == 2)
    status, reason, shift = (named(out, x) for x in ("status", "reason", "shift"))
    assert (status[with_one | with_two] == "too_few_samples").all()
    assert (reason[with_one & ~with_two] == "below_min_cells").all()
    assert (reason[with_two & ~with_one] == "one_sample").all()
    assert (shift[with_one | with_two] == "not_assessable").all()
    assert np.isnan(out["pvalue"][with_one | with_two]).all()
    # one sample against three: no test, but the effect
    assert np.isfinite(out["effect"][with_two & ~with_one]).all()
    assert np.isnan(out["effect"][with_one]).all()
    rest = ~(with_one | with_two)
    assert (status[rest] == "tested").all()
    gone = cohort([0] * 3 + [1] * 3, seed=8, absent=[(3, 1), (4, 1), (5, 1)])
    out = compare(gone, entities, rows, contrast=pair(c)).columns
    assert (named(out, "reason")[with_one] == "group_absent").all()


def test_rows_that_nobody_expresses_are_not_tested(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 3 + [1] * 3, seed=9)
    c.prop[:, 0, 0] = 0.05
    c.prop[:2, 1, 0] = 0.01  # still expressed in four of six
    out = compare(c, entities, rows, contrast=pair(c)).columns
    low = (rows.source == 0) & (rows.ligand == 0)
    assert (named(out, "status")[low] == "not_expressed").all()
    assert (named(out, "shift")[low] == "not_assessable").all()
    assert np.isnan(out["padj"][low]).all()
    assert (named(out, "status")[~low] == "tested").all()
    for name in ("se", "ci_low", "ci_high"):
        assert np.isnan(out[name][low]).all()
        assert np.isfinite(out[name][~low]).all()


def test_a_gene_lost_by_depth_alone_is_not_lost(cohort, tests):
    """Six samples of about three counts each, six read at a twentieth that show none: no evidence of a change."""
    condition = np.repeat([0, 1], 6)
    c = cohort(condition, seed=3, donor=0.1, depth=np.where(condition == 0, 1.0, 0.05), cells=np.full((12, 3), 200))
    c.counts[:, 0, 0] = [2, 4, 3, 1, 5, 3, 0, 0, 0, 0, 0, 0]
    c = replace(c, logcpm=log_rates(c.counts, c.library[:, :, None]), prop=np.full(c.prop.shape, 0.5))
    entities, rows = tests()
    out = compare(c, entities, rows, contrast=pair(c)).columns
    gone = (rows.source == 0) & (rows.ligand == 0)
    assert (named(out, "status")[gone] == "detection").all()
    assert (out["pvalue"][gone] > 0.05).all()  # samples alone would say 2 / 924
    assert (named(out, "shift")[gone] == "detected_only_ref").all()


def test_every_stage_needs_two_samples(cohort, tests):
    """As every condition does."""
    entities, rows = tests()
    c = cohort([0, 0, 0, 1, 2, 2, 2], seed=4)
    out = compare(c, entities, rows, contrast=design.stages("s", order=[0, 1, 2], n_coefficients=3)).columns
    assert set(named(out, "status")) == {"too_few_samples"}
    assert set(named(out, "reason")) == {"one_sample"}
    assert np.isfinite(out["effect"]).all()


def test_complexes_follow_their_limiting_subunit(cohort):
    fold = np.zeros((8, 1, 16))
    fold[:, 0, 1] = -2.0
    fold[4:, 0, 1], fold[4:, 0, 2] = 2.0, -2.0  # the second subunit limits before, the third after
    c = cohort(np.repeat([0, 1], 4), n_groups=1, fold=fold, donor=0.05, cells=np.full((8, 1), 500), seed=10)
    c = replace(c, logcpm=c.logcpm - c.logcpm[:, :, 1:3].mean(axis=(0, 1)).mean())
    zero = np.zeros(1, np.int64)
    out = compare(c, Entities.of([[0], [1, 2, 3]]), Edges(zero, zero, zero, zero + 1), contrast=pair(c)).columns
    mean = [c.logcpm[half, 0, 1:4].mean(axis=0).argmin() + 1 for half in (slice(0, 4), slice(4, 8))]
    assert [out["receptor_subunit_ref"][0], out["receptor_subunit_alt"][0]] == mean == [1, 2]
    assert out["ligand_subunit_ref"][0] == out["ligand_subunit_alt"][0] == 0


def test_the_main_sender_moves(cohort):
    fold = np.zeros((8, 2, 16))
    fold[:4, 0, 0], fold[4:, 1, 0] = 3.0, 3.0
    c = cohort(np.repeat([0, 1], 4), n_groups=2, fold=fold, donor=0.1, seed=11, cells=np.full((8, 2), 300))
    rows = Edges(*np.array([(s, t, a, a + 1) for s in (0, 1) for t in (0, 1) for a in (0, 2)]).T.copy())
    out = compare(c, Entities.of([[i] for i in range(16)]), rows, contrast=pair(c)).columns
    assert out["rewired"][rows.ligand == 0].all()
    assert not out["rewired"][rows.ligand == 2].any()


def test_leaders_of_similar_groups_do_not_change_by_chance():
    """Three groups that are alike: their order at each end is luck."""
    entities, rows = build_tests()
    named_so, by_means = 0, 0
    for seed in range(60):
        c = build_cohort([0] * 3 + [1] * 3, seed=seed, donor=0.5)
        rate = np.exp(0.5 * np.random.default_rng(seed).normal(size=c.counts.shape))
        c = replace(c, logcpm=10.0 + np.log2(rate), prop=np.full(c.prop.shape, 0.9))
        named_so += compare(c, entities, rows, contrast=pair(c), settings=QUICK).columns["rewired"].any()
        flow = c.logcpm + np.log2((c.n_cells + 0.5) / (c.n_cells.sum(axis=1) + 1)[:, None])[:, :, None]
        lead = [flow[half].mean(axis=0).argmax(axis=0) for half in (slice(0, 3), slice(3, 6))]
        by_means += (lead[0] != lead[1])[:4].any()
    assert by_means > 50
    assert named_so <= 6


def test_the_lead_is_tested_in_pairs_at_both_ends(cohort):
    """One interaction, two groups: the larger p of both ends, one variance, twice for the two sides."""
    fold = np.zeros((8, 2, 16))
    fold[:4, 0, 0], fold[4:, 1, 0] = 1.5, 1.2
    rows = Edges(*np.array([(s, t, 0, 1) for s in (0, 1) for t in (0, 1)]).T.copy())
    entities = Entities.of([[i] for i in range(16)])
    tried = 0
    for seed in range(20):
        c = cohort(np.repeat([0, 1], 4), n_groups=2, fold=fold, donor=0.4, seed=seed, cells=np.full((8, 2), 300))
        p = 2 * min(against_leads(c, gene) for gene in (0, 1))
        if p > 0.4:
            continue
        tried += 1
        for alpha in (0.5 * p, 2.0 * p):
            settings = Settings(max_enumeration=0, alpha=alpha, margin=0.0)
            said = compare(c, entities, rows, contrast=pair(c), settings=settings).columns["rewired"]
            assert said.tolist() == [alpha > p] * 4
    assert tried > 4


def against_leads(c, gene):
    """P-value that not one group leads the first four samples and the other the last four; 1 where one leads both."""
    share = np.log2((c.n_cells + 0.5) / (c.n_cells.sum(axis=1) + 1)[:, None])
    d = np.subtract(*(c.logcpm[:, :, gene] + share).T)
    leads = np.array([d[:4].mean(), d[4:].mean()])
    se = np.sqrt((d[:4].var() * 4 + d[4:].var() * 4) / 6 / 4)
    return 1.0 if leads.prod() > 0 else 2 * stats.t.sf(np.abs(leads).min() / se, 6)


def test_abundance_can_be_the_driver(cohort):
    abundance = np.zeros((12, 3))
    abundance[6:, 0] = 3.0
    rng = np.random.default_rng(12)
    c = cohort(np.repeat([0, 1], 6), donor=0.1, abundance=abundance, cells=rng.integers(90, 110, (12, 3)), seed=12)
    entities, rows = build_tests()
    out = compare(c, entities, rows, contrast=pair(c)).columns
    # without a change of expression there is no change to explain; all rows with one, at a level that all rows reach
    assert (named(out, "driver") == "").all()
    explained = compare(c, entities, rows, contrast=pair(c), settings=Settings(alpha=1.0)).columns
    driver = named(explained, "driver")
    assert (driver[(rows.source == 0) & (rows.target == 0)] == "source_abundance").all()
    ratio = np.log2((c.n_cells + 0.5) / np.sqrt((c.n_cells[:, 1:] + 0.5).prod(axis=1))[:, None])
    want = ratio[6:].mean(axis=0) - ratio[:6].mean(axis=0)
    assert want[0] == pytest.approx(3.0, abs=0.15)
    np.testing.assert_allclose(out["d_source"], want[rows.source])
    np.testing.assert_allclose(out["d_target"], want[rows.target])
    assert (out["source_pvalue"][rows.source == 0] < 1e-3).all()
    assert (out["source_pvalue"][rows.source > 0] > 0.2).all()  # as shares, they would fall by two thirds


@pytest.mark.parametrize(("moved", "log2fc"), [(0, 0.0), (1, 2.0), (1, -2.0), (2, 2.0)])
def test_abundances_hold_their_level_beside_groups_that_change(moved, log2fc):
    """3 against 3 samples of 8 groups that vary by a factor of 1.5; lending each other variance beats a t-test."""
    rng, false, found, own = np.random.default_rng(9), [], [], []
    condition = np.repeat([0, 1], 3)
    for seed in range(120):
        log2_cells = 8.0 + rng.standard_normal(8) + 0.6 * rng.standard_normal((6, 8))
        log2_cells[3:, :moved] += log2fc
        c = build_cohort(condition, n_groups=8, cells=rng.poisson(np.exp2(log2_cells)) + 10, seed=seed)
        vectors, keep = pair(c).vectors, np.ones(6, bool)
        ratio = relative_to_reference(c, vectors, settings=QUICK)
        fits = [ratio.fit(g, keep=keep, projection=linear.project(c.design, vectors)) for g in range(8)]
        p = np.array([fit.pvalue[0] for fit in fits])
        t_test = stats.ttest_ind(ratio.log_ratio[3:], ratio.log_ratio[:3], axis=0)
        change = ratio.log_ratio[3:].mean(axis=0) - ratio.log_ratio[:3].mean(axis=0)
        np.testing.assert_allclose([fit.estimate[0] for fit in fits], change, atol=1e-12)
        false.append((p[moved:] <= 0.05).mean())
        found.append((p[:moved] <= 0.05).sum())
        own.append((t_test.pvalue[:moved] <= 0.05).sum())
    assert np.mean(false) <= 0.05 + 2 * np.std(false) / np.sqrt(len(false))
    if moved:
        assert np.mean(found) > max(1.05 * np.mean(own), 0.75 * moved)


def test_the_users_reference_is_taken(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 4 + [1] * 4, seed=6)
    made = compare(c, entities, rows, contrast=pair(c), settings=Settings(max_enumeration=0, abundance_reference=(2,)))
    logs = np.log2(c.n_cells + 0.5)
    ratio = logs - logs[:, 2:]
    want = ratio[4:].mean(axis=0) - ratio[:4].mean(axis=0)
    np.testing.assert_allclose(made.columns["d_source"], want[rows.source], atol=1e-12)
    assert made.abundance_reference.tolist() == [2]


def test_abundances_have_one_reference_whatever_samples_a_pair_has_in_common(cohort, tests):
    """Groups that lack a sample are fitted without it; the reference is that of all samples, and holds its cells."""
    entities, rows = tests()
    abundance = np.zeros((8, 3))
    abundance[4:, 0] = 2.0
    c = cohort([0] * 4 + [1] * 4, seed=7, abundance=abundance, missing=[(1, 1)])
    made = compare(c, entities, rows, contrast=pair(c), settings=QUICK)
    assert made.abundance_reference.tolist() == [1, 2]
    logs = np.log2(c.n_cells + 0.5)
    y = logs[:, 0] - logs[:, 1:].mean(axis=1)
    of = {t: made.columns["d_source"][(rows.source == 0) & (rows.target == t)] for t in (0, 1)}
    np.testing.assert_allclose(of[0], y[4:].mean() - y[:4].mean(), atol=1e-12)
    np.testing.assert_allclose(of[1], y[4:].mean() - y[[0, 2, 3]].mean(), atol=1e-12)


def test_covariates_and_stages_adjust_the_abundances(cohort, tests):
    """A group that follows the batch, and one that rises over three stages; the others are the reference."""
    entities, rows = tests(4)
    stage, batch = np.repeat([0, 1, 2], 6), np.tile([0.0, 1.0], 9)
    abundance = np.zeros((18, 4))
    abundance[:, 0], abundance[:, 1] = 2.0 * batch, stage
    cells = np.random.default_rng(3).integers(190, 210, (18, 4))
    c = cohort(stage, n_groups=4, covariate=batch, abundance=abundance, cells=cells, seed=8)
    made = compare(c, entities, rows, contrast=design.stages("s", order=(0, 1, 2), n_coefficients=4), settings=QUICK)
    out = made.columns
    assert made.abundance_reference.tolist() == [0, 2, 3]
    assert np.abs(out["d_source"][rows.source == 0]).max() < 0.15
    rises, p = out["d_source"][rows.source == 1], out["source_pvalue"][rows.source == 1]
    along = np.array([2.0, 1.5, 0.0])  # a line, a step, a hill: each row's own course
    assert np.abs(rises[:, None] - along).min(axis=1).max() < 0.15
    assert (p[rises > 1.0] < 1e-6).all()
    assert (p[rises < 1.0] > 0.05).all()
    assert (rises > 1.0).any()


@pytest.mark.parametrize(
    ("shape", "weights"),
    [("growth", [0, 1, 2, 3]), ("recession", [3, 2, 1, 0]), ("peak", [0, 3, 3, 0]), ("trough", [3, 0, 0, 3]),
     ("early_switch", [0, 3, 3, 3]), ("late_switch", [0, 0, 0, 3])],
)  # fmt: skip
def test_shapes_are_named(shape, weights, cohort):
    condition = np.repeat(np.arange(4), 4)
    fold = np.zeros((16, 2, 16))
    fold[:, 0, 0] = np.asarray(weights)[condition]
    c = cohort(condition, n_groups=2, fold=fold, donor=0.1, seed=13, cells=np.full((16, 2), 400))
    rows = Edges(*np.array([[0, 1, 0, 1], [0, 1, 2, 3]]).T.copy())
    stages = design.stages("stages", order=range(4), n_coefficients=4)
    out = compare(c, Entities.of([[i] for i in range(16)]), rows, contrast=stages).columns
    assert named(out, "shape").tolist() == [shape, "flat"]
    assert abs(out["effect"][0]) == pytest.approx(3.0, abs=0.4)
    assert out["pvalue"][0] < 1e-4


@pytest.mark.parametrize(
    ("arms", "pattern"),
    [([0, 0, 0, 3], "one_sided"), ([0, 2, 0, -2], "divergent"), ([0, 3, 0, 3], "parallel"), ([0, 3, 3, 3], "one_sided"),
     ([0, 1.5, 5, 3], "convergent")],
)  # fmt: skip
def test_two_factors_are_named_by_their_simple_effects(arms, pattern, cohort):
    condition = np.repeat(np.arange(4), 6)  # arm a before, after; arm b before, after
    fold = np.zeros((24, 2, 16))
    fold[:, 0, 0] = np.asarray(arms)[condition]
    c = cohort(condition, n_groups=2, fold=fold, donor=0.05, seed=21, cells=np.full((24, 2), 600), level=20.0)
    rows = Edges(*np.array([[0, 1, 0, 1]]).T.copy())
    both = design.interaction("i", ref=(0, 2), alt=(1, 3), n_coefficients=4)
    out = compare(c, Entities.of([[i] for i in range(16)]), rows, contrast=both).columns
    assert named(out, "pattern").tolist() == [pattern]
    simple = arms[1] - arms[0], arms[3] - arms[2]
    assert out["simple_first"][0] == pytest.approx(simple[0], abs=0.4)
    assert out["simple_second"][0] == pytest.approx(simple[1], abs=0.4)
    assert out["effect"][0] == pytest.approx(out["simple_second"][0] - out["simple_first"][0])
    assert out["simple_first_low"][0] < out["simple_first"][0] < out["simple_first_high"][0]


def test_two_factors_with_patients_in_one_arm_each(cohort):
    patient = np.tile(np.arange(8), 2)
    condition = 2 * (patient >= 4) + np.repeat([0, 1], 8)  # arm a before, after; arm b before, after
    fold = np.zeros((16, 2, 16))
    fold[condition == 3, 0, 0] = 3.0
    c = cohort(condition, n_groups=2, fold=fold, donor=0.1, seed=22, cells=np.full((16, 2), 400))
    dummies = (patient[:, None] == np.arange(1, 8)).astype(float)
    c = replace(c, design=np.column_stack([c.design, dummies - dummies.mean(axis=0)]), block=patient)
    rows = Edges(*np.array([[0, 1, 0, 1], [0, 1, 2, 3]]).T.copy())
    both = design.interaction("i", ref=(0, 2), alt=(1, 3), n_coefficients=c.design.shape[1])
    out = compare(c, Entities.of([[i] for i in range(16)]), rows, contrast=both).columns
    assert named(out, "status").tolist() == ["tested", "tested"]
    change = c.logcpm[8:, 0, 0] - c.logcpm[:8, 0, 0]
    assert out["ligand_effect"][0] == pytest.approx(change[4:].mean() - change[:4].mean(), abs=0.02)
    assert out["arms_after"][0] - out["arms_before"][0] == pytest.approx(out["effect"][0], abs=0.05)
    np.testing.assert_allclose(out["exact_floor"], 2 / 70)
    assert out["exact_pvalue"][0] == pytest.approx(2 / 70)
    assert out["exact_pvalue"][1] > 0.1
    assert named(out, "pattern")[0] == "one_sided"


def test_permutation_test_takes_the_exact_pvalue(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 5 + [1] * 5, seed=15)
    out = compare(c, entities, rows, contrast=pair(c), settings=Settings(test="permutation")).columns
    np.testing.assert_array_equal(out["pvalue"], out["exact_pvalue"])


def test_model_is_shared_and_results_repeat(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 8 + [1] * 8, seed=16)
    model = fit(c, entities)
    a = compare(c, entities, rows, contrast=pair(c), settings=Settings(max_enumeration=50), model=model).columns
    b = compare(c, entities, rows, contrast=pair(c), settings=Settings(max_enumeration=50)).columns
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])
    np.testing.assert_allclose(a["exact_floor"], 1 / 51)


def test_the_variance_model_finds_donors_and_counting(cohort):
    """In every group; counting adds once the variance of the logarithm of a Poisson count."""
    c = cohort([0] * 15 + [1] * 15, donor=0.3, n_groups=6, level=0.5, seed=17)
    model = fit(c, Entities.of([[i] for i in range(16)]))
    components = [model.groups[k].components for k in range(6)]
    assert np.mean([a.donor for a in components]) == pytest.approx((0.3 / np.log(2)) ** 2, rel=0.15)
    assert np.mean([a.counting for a in components]) == pytest.approx(1.0, rel=0.1)
    assert np.mean([a.cells for a in components]) < 3.0  # of a hundred: less than a tenth of what donors are
    dispersion = [model.groups[k].count_fit.fitted.dispersion for k in range(6)]
    assert np.mean(dispersion) == pytest.approx(0.3**2, rel=0.15)


def test_one_row_alone_still_gets_its_own_variance(cohort):
    c = cohort([0] * 4 + [1] * 4, n_groups=1, seed=18)
    zero = np.zeros(1, np.int64)
    out = compare(c, Entities.of([[0]]), Edges(zero, zero, zero, zero), contrast=pair(c)).columns
    assert 0 < out["pvalue"][0] <= 1
    none = np.zeros(0, np.int64)
    empty = compare(c, Entities.of([[0]]), Edges(none, none, none, none), contrast=pair(c)).columns
    assert all(column.size == 0 for column in empty.values())


def test_contrasts_that_do_not_fit_are_refused(cohort, tests):
    entities, rows = tests()
    c = cohort([0] * 3 + [1] * 3)
    with pytest.raises(ValueError, match="the design has 2 coefficients"):
        compare(c, entities, rows, contrast=design.pair("x", ref=0, alt=1, n_coefficients=3))
    with pytest.raises(ValueError, match="kind="):
        Contrast("x", np.zeros((1, 2)), "pairs", (0,), (1,))
    with pytest.raises(ValueError, match="combine="):
        Settings(combine="stouffer")
    with pytest.raises(ValueError, match="min_samples"):
        Settings(min_samples=1)
    with pytest.raises(ValueError, match="prop has shape"):
        replace(c, prop=c.prop[:, :1])
    with pytest.raises(ValueError, match="design has shape"):
        replace(c, design=c.design[:, :1])


def test_a_condition_that_is_not_compared_lends_the_others_no_counts():
    """Genes thirtyfold in a third condition: of those rows 0.10 had p up to 0.05 with one count for all conditions."""
    n_genes, n = 1200, 12
    condition, shares = np.repeat([0, 1, 2], 4), []
    high = np.arange(n_genes) < 400
    for seed in range(4):
        rng = np.random.default_rng(seed)
        mean = np.where((condition[:, None] == 2) & high, 150.0, 5.0)
        counts = rng.poisson(mean * rng.gamma(10.0, 0.1, (n, n_genes))).astype(float)[:, None]
        library = np.full((n, 1), 1e5)
        c = Cohort(
            logcpm=log_rates(counts, library[:, :, None]),
            counts=counts,
            library=library,
            n_cells=np.full((n, 1), 100),
            prop=np.ones_like(counts),
            condition=condition,
            levels=("a", "b", "c"),
            design=np.eye(3)[condition],
        )
        group, gene = np.zeros(n_genes, np.int64), np.arange(n_genes)
        genes = Entities.of([[g] for g in range(n_genes)])
        contrast = design.pair("b vs a", ref=0, alt=1, n_coefficients=3)
        options = Settings(expr_prop=0.0, max_enumeration=0)
        out = compare(c, genes, Edges(group, group, gene, gene), contrast=contrast, settings=options)
        p = out.columns["ligand_pvalue"]
        shares.append([(p[high] <= 0.05).mean(), (p[~high] <= 0.05).mean()])
    assert (np.mean(shares, axis=0) < 0.062).all()  # 1,600 rows: three standard errors above .045
