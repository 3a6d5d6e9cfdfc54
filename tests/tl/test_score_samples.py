"""tl.score over samples: against permutations and t-tests by hand, and what it promises."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

import cohort_of_samples as slow
import commscore as cs
from commscore.core.permute import moments

OPTIONS = {"resource": slow.PAIRS, "expr_prop": 0.1, "n_perms": 60, "rng": 3, "inplace": False}


def run(adata, **kwargs):
    return cs.tl.score(adata, "cell_type", **(OPTIONS | {"sample_key": "sample"} | kwargs)).table


@pytest.fixture
def cohort():
    return slow.cohort()


def dense(adata):
    return np.asarray(adata.X.todense(), np.float64)


def rows_of(table, adata):
    at = {g: i for i, g in enumerate(adata.var_names)}
    for row in table.itertuples():
        left, right = ([at[g] for g in e.split("_")] for e in row.interaction.split("^"))
        yield row, (left, row.source, right, row.target)


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
def test_within_p_values_are_those_of_labels_shuffled_within_samples(cohort, scheme):
    table = run(cohort, scheme=scheme, n_perms=4000)
    x, labels, strata = dense(cohort), cohort.obs["cell_type"].to_numpy(), cohort.obs["sample"].to_numpy()
    rng, n = np.random.default_rng(0), 2500
    hits, rows = np.zeros(len(table)), list(rows_of(table, cohort))
    for _ in range(n):
        permuted = slow.shuffled_within(labels, strata, rng)
        hits += [slow.score(x, permuted, row) >= own.score - 1e-9 for own, row in rows]
    p = (1 + hits) / (n + 1)
    error = np.sqrt(p * (1 - p) * (1 / n + 1 / 4000)) + 1 / n
    assert len(table) > 40
    assert (np.abs(table["pvalue_within_raw"] - p) < 4.5 * error).all()


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
@pytest.mark.parametrize("null", ["permutation", "analytic"])
def test_one_sample_gives_the_p_values_of_one_pool(cohort, scheme, null):
    cohort.obs["sample"] = "only"
    with pytest.warns(UserWarning, match=r"has 1 sample among these cells.*unit='cells'"):
        one = run(cohort, scheme=scheme, null=null)
    pool = run(cohort, sample_key=None, scheme=scheme, null=null)
    for ours, theirs in (("pvalue_within_raw", "pvalue_raw"), ("pvalue_raw", "pvalue_raw"), ("pvalue", "pvalue")):
        assert one[ours].to_numpy().tobytes() == pool[theirs].to_numpy().tobytes()
    assert one["padj"].to_numpy().tobytes() == pool["padj"].to_numpy().tobytes()
    assert (one["unit"] == "cells").all()
    assert (one["n_samples"] == 1).all()


def test_two_samples_have_p_values_within_them(cohort):
    two = cohort[cohort.obs["sample"].isin(["s0", "s1"])].copy()
    with pytest.warns(UserWarning, match="has 2 samples among these cells"):
        table = run(two)
    np.testing.assert_array_equal(table["pvalue"], table["pvalue_within"])
    assert (table["unit"] == "cells").all()
    assert (table["status"] == "tested").all()


def test_p_values_are_divided_by_the_probability_to_be_listed(cohort):
    for table in (run(cohort, expr_prop=0.55), run(cohort, sample_key=None, expr_prop=0.55)):
        assert table["pass_probability"].between(1e-6, 0.9).sum() > 5
        for end in ("", "_within")[: 1 + ("pvalue_within" in table)]:
            raw, p = table[f"pvalue{end}_raw"], table[f"pvalue{end}"]
            np.testing.assert_allclose(p, np.minimum(1, raw / table["pass_probability"]), rtol=1e-12)
            np.testing.assert_allclose(table[f"padj{end}"], stats.false_discovery_control(p), rtol=1e-12)


def test_counts_of_samples(cohort):
    """n_samples, n_positive, support and top_sample_share by hand."""
    small = cohort[~((cohort.obs["sample"] == "s2") & (cohort.obs["cell_type"] == "k1"))].copy()
    table = run(small)
    frame, obs = small.to_df(), small.obs
    for row, (left, source, right, target) in rows_of(table, small):
        n = positive = passing = 0
        totals = []
        for s in obs["sample"].unique():
            inside = (obs["sample"] == s).to_numpy()
            a, b = (inside & (obs["cell_type"] == k).to_numpy() for k in (source, target))
            ligand, receptor = small.var_names.get_loc(row.ligand), small.var_names.get_loc(row.receptor)
            totals.append([frame.iloc[a, ligand].sum(), frame.iloc[b, receptor].sum()])
            if min(a.sum(), b.sum()) < 3:
                continue
            n += 1
            passing += min((frame.iloc[c, g] > 0).mean() for c, genes in ((a, left), (b, right)) for g in genes) >= 0.1
            if len(left) == len(right) == 1:
                here = frame.iloc[a, left[0]].mean() + frame.iloc[b, right[0]].mean()
                both = min((frame.iloc[c, g[0]] > 0).mean() for c, g in ((a, left), (b, right))) >= 0.1
                positive += both & (here > frame.iloc[inside, left[0]].mean() + frame.iloc[inside, right[0]].mean())
        assert row.n_samples == n
        assert row.support == pytest.approx(passing / n)
        if len(left) == len(right) == 1:
            assert row.n_positive == positive
        shares = np.array(totals).max(axis=0) / np.array(totals).sum(axis=0)
        assert row.top_sample_share == pytest.approx(shares.max(), rel=1e-6)
    assert set(table["n_samples"]) == {4, 5}


@pytest.mark.parametrize("null", ["permutation", "analytic"])
def test_groups_that_meet_in_too_few_samples_have_no_p_value_over_samples(cohort, null):
    few = cohort[~(cohort.obs["sample"].isin(["s0", "s1", "s2"]) & (cohort.obs["cell_type"] == "k0"))].copy()
    table = run(few, null=null)
    short = (table["source"] == "k0") | (table["target"] == "k0")
    assert short.any()
    assert not short.all()
    assert (table.loc[short, "status"] == "too_few_samples").all()
    assert table.loc[short, ["pvalue", "padj"]].isna().all(axis=None)
    assert table.loc[short, ["pvalue_within", "padj_within"]].notna().all(axis=None)
    assert (table.loc[~short, "status"] == "tested").all()
    assert table.loc[~short, "pvalue"].notna().all()
    assert (table["unit"] == "samples").all()


def excess_of(adata, table, **kwargs):
    """Excess, variance and use of every row and sample, as the engine has them."""
    kept = []

    def keep(rows):
        kept.append(rows)
        return original(rows)

    from commscore.core.scoring import sampled

    original, sampled.test_excess = sampled.test_excess, keep
    try:
        again = run(adata, **kwargs)
    finally:
        sampled.test_excess = original
    keys = ["source", "target", "interaction"]
    assert again[keys].equals(table[keys])
    return kept[0]


def test_excess_of_single_genes_is_exact():
    """All orders of seven cells: mean and variance of (L + R) / 2, different groups and one."""
    rng = np.random.default_rng(2)
    labels = np.array(["k0"] * 3 + ["k1"] * 4)
    x = rng.gamma(1, 1, (21, 10)) * (rng.random((21, 10)) < 0.8)
    obs = pd.DataFrame({"cell_type": np.tile(labels, 3), "sample": np.repeat(["s0", "s1", "s2"], 7)})
    adata = ad.AnnData(sparse.csr_matrix(x), obs=obs.set_index(obs.index.astype(str)),
                       var=pd.DataFrame(index=[f"G{i}" for i in range(10)]))  # fmt: skip
    pairs = slow.PAIRS.iloc[:3]
    table = run(adata, resource=pairs, expr_prop=0.0, min_cells=1)
    orders = slow.every_labelling(labels)
    assert len(orders) == 35
    rows = excess_of(adata, table, resource=pairs, expr_prop=0.0, min_cells=1)
    assert len(table) == 12
    for own, row in rows_of(table, adata):
        for s in range(3):
            here = x[7 * s : 7 * s + 7]
            permuted = np.array([slow.score(here, o, row, zero_rule=False) for o in orders])
            d = slow.score(here, labels, row, zero_rule=False) - permuted.mean()
            match = np.isclose(rows.excess, d, atol=1e-12) & np.isclose(rows.variance, permuted.var(), rtol=1e-9)
            assert match.any(), (own.source, own.target, own.interaction, s)


FORMS = {
    "mean": lambda left, right: (left[0] + right[0]) / 2,
    "product": lambda left, right: left[0] * right[0],
    "specificity": lambda left, right: left[0] / left[1] * right[0] / right[1],
}


@pytest.mark.parametrize("method", FORMS)
def test_excess_is_that_over_labels_shuffled_in_each_sample(cohort, method, monkeypatch):
    """Complexes and all methods but the mean: each sample scored on its own; least subunit, and sum over groups."""
    monkeypatch.setattr(moments, "_LEAST", 2000)
    table = run(cohort, method=method)
    rows = excess_of(cohort, table, method=method)
    rng, x = np.random.default_rng(1), dense(cohort)
    for s in ("s0", "s4"):
        inside = (cohort.obs["sample"] == s).to_numpy()
        labels, here = cohort.obs["cell_type"].to_numpy()[inside], x[inside]
        for own, (left, source, right, target) in list(rows_of(table, cohort))[::7]:

            def value(of, ends=((left, source), (right, target)), here=here):
                means = [{k: here[of == k][:, genes].mean(axis=0).min() for k in np.unique(of)} for genes, _ in ends]
                return FORMS[method](*((m[k], sum(m.values())) for m, (_, k) in zip(means, ends, strict=True)))

            permuted = np.array([value(rng.permutation(labels)) for _ in range(1500)])
            d, error = value(labels) - permuted.mean(), 4 * permuted.std() * np.sqrt(1 / 1500 + 1 / 2000)
            close = (np.abs(rows.excess - d) < error) & (np.abs(rows.variance / permuted.var() - 1) < 0.25)
            assert close.any(), (own.interaction, s)


def test_p_over_samples_is_the_moderated_t_of_the_excesses(cohort):
    from commscore.stats.over_samples import test_excess as fitted

    table = run(cohort)
    rows = excess_of(cohort, table)
    fit = fitted(rows)
    np.testing.assert_allclose(np.sort(table["pvalue_raw"]), np.sort(fit.pvalue))
    np.testing.assert_allclose(np.sort(table["excess"]), np.sort(fit.mean))


def test_no_group_specific_for_anything_is_seldom_significant():
    """Samples that differ, labels without meaning: one pool is misled, both p-values with samples are not."""
    rates = {"pool": [], "within": [], "over": []}
    for seed in range(12):
        adata = slow.cohort(n_samples=6, per_group=(60, 20, 40), rng=seed, between=1.0)
        share = np.where(adata.obs["cell_type"] == "k0", (adata.obs["sample"].cat.codes / 5) ** 2, 1)
        keep = np.random.default_rng(seed).random(adata.n_obs) < share
        adata = adata[keep].copy()
        pool, table = run(adata, sample_key=None, n_perms=200), run(adata, n_perms=200)
        rates["pool"].append((pool["pvalue_raw"] <= 0.05).mean())
        rates["within"].append((table["pvalue_within"] <= 0.05).mean())
        rates["over"].append((table["pvalue"] <= 0.05).mean())
    mean = {name: np.mean(r) for name, r in rates.items()}
    error = {name: np.std(r, ddof=1) / np.sqrt(12) for name, r in rates.items()}
    assert mean["pool"] > 0.12
    assert mean["within"] <= 0.05 + 2 * error["within"]
    assert mean["over"] <= 0.05 + 2 * error["over"]


def test_a_donor_of_its_own_is_no_cohort():
    """One sample in which a group is high: within samples that is significant, over samples it is not."""
    adata = slow.cohort(n_samples=5, per_group=(30, 30, 30), rng=1, between=0.2)
    x = dense(adata)
    peculiar = ((adata.obs["sample"] == "s4") & (adata.obs["cell_type"] == "k0")).to_numpy()
    x[np.ix_(peculiar, [0])] += 2.5
    adata.X = sparse.csr_matrix(x.astype(np.float32))
    table = run(adata, n_perms=400)
    row = table[(table["source"] == "k0") & (table["interaction"] == "G0^G1")].iloc[0]
    assert row["pvalue_within"] < 0.01
    assert row["pvalue"] > 0.05
    assert row["top_sample_share"] > 0.3


@pytest.mark.parametrize("method", ["mean", "product"])
def test_a_receptor_of_one_donor_makes_no_excess_in_the_others(method):
    """The ligand is high in every sample; the receptor is in one of them only."""
    adata = slow.cohort(n_samples=6, per_group=(50, 50, 50), rng=1, between=0.2)
    x, last = dense(adata), (adata.obs["sample"] == "s5").to_numpy()
    source, target = ((adata.obs["cell_type"] == k).to_numpy() for k in ("k0", "k1"))
    x[source, 0] += 2.0
    x[~last, 1] = 0.0
    x[target & last, 1] += 1.0
    adata.X = sparse.csr_matrix(x.astype(np.float32))
    several = run(adata, method=method).set_index(["source", "target", "interaction"])
    row = several.loc[("k0", "k1", "G0^G1")]
    assert row["support"] == pytest.approx(1 / 6)
    assert row["n_positive"] == 1
    assert row["top_sample_share"] == 1.0
    assert row["pvalue"] > 0.05
    either = run(adata, method=method, expr_prop=0.0).set_index(["source", "target", "interaction"])
    if method == "mean":  # a ligand alone makes the mean of two sides
        assert either.loc[("k0", "k1", "G0^G1"), "pvalue"] < 0.01


def test_permutations_of_moments_follow_n_perms(cohort):
    tables = [run(cohort, method="product", n_perms=n) for n in (60, 1000, 4000)]
    excess = [t["excess"].to_numpy() for t in tables]
    assert excess[0].tobytes() == excess[1].tobytes()  # 200 each
    assert not np.array_equal(excess[1], excess[2])  # 800


def test_samples_without_a_null_are_refused(cohort):
    with pytest.raises(ValueError, match=r"sample_key='sample' has no use with null=None.*Leave it out"):
        run(cohort, null=None)


@pytest.mark.parametrize("null", ["permutation", "analytic"])
def test_names_and_order_of_samples_groups_genes_and_interactions_change_nothing(cohort, null):
    expected = run(cohort, null=null)
    other = cohort[:, ::-1].copy()
    names = {"s0": "z", "s1": "b|", "s2": "a_", "s3": "ü", "s4": "9"}
    other.obs["sample"] = pd.Categorical(cohort.obs["sample"].map(names), categories=["9", "a_", "z", "ü", "b|"])
    other.obs["cell_type"] = cohort.obs["cell_type"].cat.rename_categories({"k0": "y", "k1": "x", "k2": "w"})
    table = run(other, null=null)
    table[["source", "target"]] = table[["source", "target"]].astype(str).replace({"y": "k0", "x": "k1", "w": "k2"})
    by = ["source", "target", "interaction"]
    numbers = [c for c in expected if expected[c].dtype.kind in "fi"]
    left, right = (t.astype(dict.fromkeys(by, str)).sort_values(by, ignore_index=True) for t in (table, expected))
    pd.testing.assert_frame_equal(left[by + numbers], right[by + numbers], rtol=1e-9)


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
@pytest.mark.parametrize("method", ["mean", ["product", "specificity"]])
def test_threads_blocks_and_seeds(cohort, scheme, method):
    tables = [
        run(cohort, scheme=scheme, method=method, n_perms=150, n_jobs=n, memory=m)
        for n, m in ((1, 2**28), (2, 2**28), (1, 1), (2, 50_000))
    ]
    numbers = [c for c in tables[0] if tables[0][c].dtype.kind in "fi"]
    for table in tables[1:]:
        for column in numbers:
            assert table[column].to_numpy().tobytes() == tables[0][column].to_numpy().tobytes(), column
    other = run(cohort, scheme=scheme, method=method, n_perms=150, rng=4)
    within = next(c for c in numbers if c.startswith("pvalue_within_raw"))
    assert not other[within].equals(tables[0][within])


def test_analytic_p_values_within_samples_are_those_of_permutations():
    adata = slow.cohort(n_samples=6, per_group=(25, 30, 20), rng=3)
    analytic, permuted = (run(adata, null=null, n_perms=40_000) for null in ("analytic", "permutation"))
    inside = (analytic["null"] == "analytic").to_numpy()
    assert inside.mean() > 0.7
    a, p = (t["pvalue_within_raw"].to_numpy()[inside] for t in (analytic, permuted))
    middle = (p > 0.002) & (p < 0.9)
    assert middle.sum() > 15
    assert np.abs(np.log(a[middle] / p[middle])).max() < 0.25
    np.testing.assert_allclose(analytic["pvalue_raw"], permuted["pvalue_raw"], rtol=1e-9)


def test_missing_samples_and_a_column_that_is_none(cohort):
    with pytest.raises(KeyError, match=r"sample_key='samples' is not a column of adata.obs.*did you mean 'sample'"):
        run(cohort, sample_key="samples")
    with pytest.raises(ValueError, match="sample_key='cell_type' is the same column as groupby"):
        run(cohort, sample_key="cell_type")
    cohort.obs.loc[cohort.obs_names[:3], "sample"] = np.nan
    with pytest.raises(ValueError, match=r"adata.obs\['sample'\] has 3 missing labels"):
        run(cohort)


@pytest.mark.filterwarnings("error:.* looks like samples")
@pytest.mark.parametrize(
    "name", ["sample", "donor_id", "Patient", "orig.ident", "batch", "ind", "case_id", "HTO_maxID", "hash.ID", "mouse"]
)
def test_a_column_that_looks_like_samples_is_named(cohort, name):
    cohort.obs = cohort.obs.rename(columns={"sample": name})
    with pytest.warns(UserWarning, match=rf"adata.obs\['{name}'\] looks like samples: 5 values.*sample_key='{name}'"):
        run(cohort, sample_key=None)
    run(cohort, sample_key=name)
    run(cohort, sample_key=None, null=None)


@pytest.mark.filterwarnings("error:.* looks like samples")
def test_columns_that_are_no_samples_are_not_named(cohort):
    cohort.obs = cohort.obs.rename(columns={"sample": "letters"})
    cohort.obs["patient"] = cohort.obs["cell_type"].astype(str) + "!"  # every value has one group
    cohort.obs["sample"] = "only"
    cohort.obs["donor"] = [f"d{i}" for i in range(cohort.n_obs)]
    for name in ("sample_age", "case", "bad_ind", "nCount_HTO", "mouse_strain"):
        cohort.obs[name] = cohort.obs["letters"].cat.codes
    run(cohort, sample_key=None)


@pytest.mark.filterwarnings("error:.* permuted labels list so rarely")
def specific(n_samples=3, rng=5):
    """Cells of which one group expresses all genes and others a few: rows that permuted labels never list."""
    adata = slow.cohort(n_samples=n_samples, per_group=(30, 30, 30), rng=rng)
    x = dense(adata)
    others = (adata.obs["cell_type"] != "k0").to_numpy()
    x[others] *= np.random.default_rng(0).random((others.sum(), 10)) < 0.2
    adata.X = sparse.csr_matrix(x.astype(np.float32))
    return adata


@pytest.mark.parametrize("sample_key", [None, "sample"])
def test_where_no_permutation_is_as_high_the_tail_is_analytic(sample_key):
    """Not the floor over a tiny chance of being listed, which is 1 for what is most specific."""
    adata, n_perms = specific(), 200
    options = {"sample_key": sample_key, "expr_prop": 0.4, "n_perms": n_perms, "resource": slow.PAIRS.iloc[:6]}
    permuted, auto = run(adata, **options), run(adata, **options, null="auto")
    p, raw = ("pvalue_within", "pvalue_within_raw") if sample_key else ("pvalue", "pvalue_raw")
    floor, chance = 1 / (n_perms + 1), permuted["pass_probability"]
    never = np.isclose(permuted[raw], floor) & (auto["null"] == "analytic") & (chance < 0.5)
    assert (never & (floor / chance > 0.05)).sum() >= 3  # they would have been lost
    tail = np.minimum(auto[raw], floor) / chance
    np.testing.assert_allclose(permuted.loc[never, p], np.clip(tail, floor, 1)[never], rtol=1e-12)
    rest = ~never
    np.testing.assert_allclose(permuted.loc[rest, p], np.minimum(permuted[raw] / chance, 1)[rest], rtol=1e-12)
    assert (permuted[p] >= floor).all()
    assert permuted["analytic_tail"].tolist() == (never & (auto[raw] < floor)).tolist()
    assert not auto["analytic_tail"].any()
    assert (permuted["null"] == "permutation").all()  # what pvalue_raw comes from


def test_few_permutations_of_specific_rows_are_said_to_be_too_few():
    """Of a method without an analytic null."""
    options = {"sample_key": None, "expr_prop": 0.5, "n_perms": 100, "resource": slow.PAIRS.iloc[:3]}
    says = r"in \d+ of \d+ rows none of n_perms=100 permutations scored as high, and pvalue is above 0\.05 all the same"
    with pytest.warns(UserWarning, match=says):
        run(specific(), **options, method="specificity")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".* looks like samples")
        run(specific(), **options, method="mean")


def test_stored_results_come_back(cohort, tmp_path):
    cs.tl.score(cohort, "cell_type", sample_key="sample", **{k: v for k, v in OPTIONS.items() if k != "inplace"},
                method=["mean", "product"])  # fmt: skip
    cohort.write_h5ad(tmp_path / "a.h5ad")
    again = ad.read_h5ad(tmp_path / "a.h5ad")
    pd.testing.assert_frame_equal(cs.get.table(again), cs.get.table(cohort))
    one = cs.get.table(again, method="product")
    assert {"excess", "excess_se", "pvalue_within", "padj_within", "n_positive", "pvalue_raw"} <= set(one)
    params = cs.get.params(again)
    assert params["sample_key"] == "sample"
    assert params["n_samples"] == 5
    assert params["min_samples"] == params["min_cells_sample"] == 3


@pytest.mark.parametrize("values", ["binary", "coarse", "one dominates", "nearly constant"])
def test_genes_whose_sums_are_not_smooth_are_permuted(values):
    """Cut to 0 and 1, rounded to halves, one value above all, the same in 98 % of the cells: no analytic tail."""
    adata = slow.cohort(n_samples=4, per_group=(30, 30, 30), rng=6)
    x, rng = dense(adata), np.random.default_rng(0)
    n = len(x)
    x[:, 0] = {
        "binary": (x[:, 0] > 0.5) * 0.7,
        "coarse": np.round(x[:, 0]) / 1.3,
        "one dominates": np.where(np.arange(n) == 5, 9.0, 0.01 * x[:, 0]),
        "nearly constant": np.where(rng.random(n) < 0.02, 0.0, 1.7),
    }[values]
    adata.X = sparse.csr_matrix(x.astype(np.float32))
    for options in ({}, {"sample_key": None}):
        table = run(adata, null="analytic", expr_prop=0.0, **options)
        touched = table["interaction"].isin(["G0^G1"])
        assert (table.loc[touched, "null"] == "permutation").all()
        assert (table.loc[~touched, "null"] == "analytic").any()


def test_samples_of_fewer_patients_are_noticed():
    adata = slow.cohort(n_samples=4)
    adata.obs["patient"] = adata.obs["sample"].map({"s0": "p0", "s1": "p0", "s2": "p1", "s3": "p1"}).astype("category")
    says = r"adata\.obs\['patient'\] looks like patients: 2 values for the 4 samples .* Give sample_key='patient'"
    with pytest.warns(UserWarning, match=says):
        cs.tl.score(adata, "cell_type", resource=slow.PAIRS, sample_key="sample", n_perms=20)
    adata.obs["patient"] = adata.obs["sample"].astype(str)  # one sample each: nothing to say
    cs.tl.score(adata, "cell_type", resource=slow.PAIRS, sample_key="sample", n_perms=20)
    adata.obs["patient"] = np.where(np.arange(adata.n_obs) % 2, "p0", "p1")  # no owner of samples
    cs.tl.score(adata, "cell_type", resource=slow.PAIRS, sample_key="sample", n_perms=20)


def test_a_column_that_is_no_sample_is_said():
    adata = slow.cohort(n_samples=4)
    adata.obs["measured"] = np.linspace(0.0, 1.0, adata.n_obs)
    with pytest.raises(ValueError, match=r"adata\.obs\['measured'\] has fractions, as measured values do"):
        cs.tl.score(adata, "cell_type", resource=slow.PAIRS, sample_key="measured", n_perms=20)
    adata.obs["nested"] = adata.obs["cell_type"].astype(str) + adata.obs["sample"].astype(str)
    says = r"sample_key='nested': the two groups of a row meet in at most \d samples.*pvalue is missing in all rows"
    adata = adata[:, :].copy()
    del adata.obs["sample"]  # of which these would be pieces
    with pytest.warns(UserWarning, match=says):
        result = cs.tl.score(
            adata, "cell_type", resource=slow.PAIRS.iloc[:1], sample_key="nested", n_perms=20, groups=["k0", "k1"],
            inplace=False,
        )  # fmt: skip
    assert result.table.loc[result.table["source"] != result.table["target"], "pvalue"].isna().all()


@pytest.mark.parametrize("null", ["analytic", "auto"])
def test_groups_that_samples_lack_cause_no_warning(null):
    adata = slow.cohort(n_samples=6, per_group=(30, 40, 25))
    gone = (adata.obs["sample"] == "s1") & (adata.obs["cell_type"] == "k0")
    alone = (adata.obs["sample"] == "s2") & (adata.obs["cell_type"] != "k1")
    kept = adata[~(gone | alone)].copy()
    result = cs.tl.score(
        kept, "cell_type", resource=slow.PAIRS, sample_key="sample", null=null, n_perms=50, inplace=False
    )
    assert result.table["pvalue_within"].notna().all()
    assert (result.table["null"] == "analytic").any()
