"""Activities, their contrasts, links, slopes and sign switches."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import commscore as cs
import planted
from commscore.core.log_rates import log_rates
from commscore.stats.sample_rows import fit_rows
from commscore.stats.slopes import Slopes, contrast_slopes, fit_slopes
from commscore.study.activities import gene_influence, run_decoupler
from commscore.tables import response as schema
from slow_composition import pooled

KEYS = {"condition_key": "condition", "sample_key": "sample"}


@pytest.fixture(scope="module")
def switched():
    return planted.sign_switch(seed=0, slope=0.5)


@pytest.fixture(scope="module")
def result(switched):
    adata, net = switched
    return cs.tl.response(adata, "cell_type", net=net, inplace=False, **KEYS)


def test_tables_are_as_declared(result):
    for table, declared in (
        (result.table, schema.RESPONSE),
        (result.extra["activities"], schema.ACTIVITIES),
        (result.extra["links"], schema.LINKS),
        (result.extra["coupling"], schema.COUPLING),
        (result.extra["switches"], schema.SWITCHES),
        (result.extra["untested"], schema.UNTESTED),
    ):
        assert tuple(table.columns) == declared.names
    assert result.schema == schema.STORED.schema


def slow_activity(adata, net, *, sample, group):
    """Centred log CPM regressed on the scaled weights, with numpy alone."""
    samples = list(adata.obs["sample"].cat.categories)
    counts = np.zeros((len(samples), adata.n_vars))
    for i, s in enumerate(samples):
        inside = (adata.obs["sample"] == s) & (adata.obs["cell_type"] == group)
        counts[i] = adata.layers["counts"][inside.to_numpy()].toarray().sum(axis=0)
    library = counts.sum(axis=1) * 2.0 ** pooled(counts, counts.sum(axis=1))[0]
    value = log_rates(counts, library[:, None])
    least = adata.obs.groupby("condition", observed=True)["sample"].nunique().min()
    used = (counts >= 10).sum(axis=0) >= least
    y = (value - value.mean(axis=0))[samples.index(sample), used]
    inside = net[net["target"].isin(adata.var_names[used])]
    w = inside.set_index("target")["weight"].reindex(adata.var_names[used]).fillna(0.0).to_numpy()
    w = w / np.sqrt((w[w != 0] ** 2).mean())
    fitted = stats.linregress(w, y)
    return fitted.slope, fitted.slope / fitted.stderr


def test_activity_is_the_slope_of_centred_log_cpm_on_weights(switched, result):
    adata, net = switched
    table = result.extra["activities"].set_index(["sample", "target", "pathway"])
    for sample, group, pathway in (("early_1", "tumour", "TGFb"), ("late_3", "CAF", "EGFR")):
        slope, t = slow_activity(adata, net[net["source"] == pathway], sample=sample, group=group)
        row = table.loc[(sample, group, pathway)]
        assert row["activity"] == pytest.approx(slope, rel=1e-6)
        assert row["score"] == pytest.approx(t, rel=1e-6)


@pytest.mark.parametrize("method", ["ulm", pytest.param("mlm", marks=pytest.mark.slow)])  # mlm takes 10 s to compile
def test_influence_reproduces_what_decoupler_gives(method):
    rng = np.random.default_rng(0)
    genes = pd.Index([f"G{i}" for i in range(60)])
    value = rng.normal(size=(5, 60))
    edges = pd.DataFrame({"source": np.repeat(["A", "B"], 20), "target": list(genes[:20]) + list(genes[10:30])})
    edges["weight"] = rng.normal(size=40)
    estimate, _ = run_decoupler(value, genes, edges, method=method)
    influence = gene_influence(edges, genes, list(estimate.columns), method=method)
    np.testing.assert_allclose(value @ influence, estimate.to_numpy(), atol=1e-10)


def test_one_row_of_equal_precision_is_a_t_test():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(9, 1))
    design = np.eye(2)[[0] * 4 + [1] * 5]
    made = fit_rows(y, design=design, vectors=np.array([[-1.0, 1.0]]), unit=np.zeros((9, 1)))
    expected = stats.ttest_ind(y[4:, 0], y[:4, 0])
    assert made.pvalue[0, 0] == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval()
    assert made.estimate[0, 0] - made.reach[0, 0] == pytest.approx(low)
    assert made.estimate[0, 0] + made.reach[0, 0] == pytest.approx(high)


PAIRS = np.array([[1.0, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1]]), np.array([[0.0, 0, 1]])  # two patients, two visits
THREE = np.eye(2)[[0, 0, 0, 1, 1, 1]], np.array([[-1.0, 1]])


@pytest.mark.parametrize(("model", "low", "high"), [(PAIRS, 1e-4, 1e-2), (THREE, 1e-8, 1e-4)], ids=["2 pairs", "3 v 3"])
def test_a_few_samples_are_not_certain_of_a_large_change(model, low, high):
    """A normal tail gives below 1e-60 here, from one and from four degrees of freedom of the row itself."""
    design, vectors = model
    y = np.random.default_rng(1).normal(size=(len(design), 60))
    y[:, 0] += 40 * design[:, -1]
    made = fit_rows(y, design=design, vectors=vectors, unit=np.zeros(y.shape))
    t = made.estimate[0, 0] / made.se[0, 0]
    assert stats.norm.sf(abs(t)) < 1e-60
    assert low < made.pvalue[0, 0] < high


@pytest.mark.parametrize("df", [4, np.inf], ids=["rows of their own variance", "one variance"])
@pytest.mark.parametrize("model", [PAIRS, THREE], ids=["2 pairs", "3 v 3"])
def test_small_p_values_are_not_too_many(model, df):
    """Of rows without a change; 56 of 24,000 reach 1e-4 from two pairs where the prior alone makes the tail."""
    design, vectors = model
    rng = np.random.default_rng(0)
    p = []
    for _ in range(400):
        sd = np.ones(60) if np.isinf(df) else np.sqrt(df / rng.chisquare(df, 60))
        y = rng.normal(size=(len(design), 60)) * sd
        p.append(fit_rows(y, design=design, vectors=vectors, unit=np.zeros(y.shape)).pvalue[0])
    p = np.concatenate(p)
    assert (p <= 0.05).mean() <= 0.06
    assert (p <= 1e-3).mean() <= 2e-3
    assert (p <= 1e-4).sum() <= stats.binom.ppf(0.999, p.size, 1e-4)


def test_two_pairs_of_real_samples_find_interferon_without_certainty(public_data):
    """Normal tails gave 1.7e-15 to a change that two patients show; what is found is the same."""
    made = cs.tl.response(
        public_data("kang2018_muscat"), "cell_type", patient_key="patient", inplace=False, **KEYS
    ).table
    found = made[(made["padj"] <= 0.05) & (made["effect"] > 2)]
    assert found["pathway"].tolist() == ["JAK-STAT"] * 5
    assert 1e-4 < made["pvalue"].min() < 1e-2


def test_slopes_are_those_of_one_regression_per_context():
    rng = np.random.default_rng(2)
    context = np.repeat([0, 1], [6, 7])
    x, y = rng.normal(size=(2, 13)), rng.normal(size=(2, 13))
    age = rng.normal(size=13)
    nuisance = np.column_stack([np.eye(2)[context], age])
    made = fit_slopes(x, y, context=context, n_contexts=2, nuisance=nuisance)
    for i, c in np.ndindex(2, 2):
        inside = context == c
        design = np.column_stack([np.ones(inside.sum()), age[inside], x[i, inside]])
        beta, rss, *_ = np.linalg.lstsq(design, y[i, inside])
        variance = np.linalg.inv(design.T @ design)[2, 2] * rss[0] / (inside.sum() - 3)
        assert made.slope[i, c] == pytest.approx(beta[2])
        assert made.spread[i, c] * made.variance[i, c] == pytest.approx(variance)
        assert made.df[i, c] == inside.sum() - 3
        left, right = (a[i, inside] - design[:, :2] @ np.linalg.lstsq(design[:, :2], a[i, inside])[0] for a in (x, y))
        assert made.correlation[i, c] == pytest.approx(np.corrcoef(left, right)[0, 1])


def test_opposite_signs_need_evidence_on_both_sides():
    one = np.ones((1, 2))  # a row alone borrows nothing
    for slope, switch in (([3.0, -4.0], stats.t.sf(3, 4)), ([3.0, -0.1], stats.t.sf(0.1, 4)), ([3.0, 4.0], 1.0)):
        s = Slopes(np.array([slope]), one, one, 6 * one, one, one, 4.0 * one)
        made = contrast_slopes(s, 0, 1)
        assert made["switch"][0] == pytest.approx(switch)
        assert made["pvalue"][0] == pytest.approx(2 * stats.t.sf(abs(slope[1] - slope[0]) / np.sqrt(2), 8))


def shared_factor(seed, *, n_rows=30, n_samples=6, weight=0.5):
    """Slopes of two contexts whose samples share a factor in edge and response, without a signal between them."""
    rng = np.random.default_rng(seed)
    n = 2 * n_samples
    factor = rng.normal(size=n)
    edge, answer = (np.sqrt(weight) * factor + np.sqrt(1 - weight) * rng.normal(size=(n_rows, n)) for _ in range(2))
    context = np.repeat([0, 1], n_samples)
    return fit_slopes(edge, answer, context=context, n_contexts=2, nuisance=np.eye(2)[context])


def test_a_factor_of_the_donors_gives_slopes_and_no_switch():
    """That is why a slope has no p-value, and why the switch has one."""
    slopes, switch = [], []
    for seed in range(60):
        s = shared_factor(seed)
        t = s.slope / np.sqrt(s.spread * s.variance)
        slopes.append((2 * stats.t.sf(np.abs(t), s.df) <= 0.05).mean())
        switch.append((contrast_slopes(s, 0, 1)["switch"] <= 0.05).mean())
    assert np.mean(slopes) > 0.1
    assert np.mean(switch) < 0.02


def test_a_context_of_three_samples_has_no_slope():
    rng = np.random.default_rng(3)
    context = np.repeat([0, 1], [6, 3])
    made = fit_slopes(
        rng.normal(size=(2, 9)), rng.normal(size=(2, 9)), context=context, n_contexts=2, nuisance=np.eye(2)[context]
    )
    assert np.isfinite(made.slope[:, 0]).all()
    assert np.isnan(made.slope[:, 1]).all()


def test_alpha_is_the_level_of_decisions_and_not_of_intervals(switched, result):
    adata, net = switched
    loose = cs.tl.response(adata, "cell_type", net=net, alpha=0.97, inplace=False, **KEYS)
    for made, usual in ((loose.table, result.table), (loose.extra["switches"], result.extra["switches"])):
        np.testing.assert_array_equal(made[["ci_low", "ci_high"]], usual[["ci_low", "ci_high"]])
    switches = loose.extra["switches"]
    assert (
        switches["sign_switch"].sum()
        == (switches["padj"] <= 0.97).sum()
        > result.extra["switches"]["sign_switch"].sum()
    )


def test_what_was_asked_for_is_recorded(switched):
    adata, net = switched
    made = cs.tl.response(adata, "cell_type", net=net, order=["late", "early"], inplace=False, **KEYS)
    assert (list(made.params["order"]), made.params["contrast"]) == (["late", "early"], None)


def test_planted_sign_switch_is_found_and_nothing_else(result):
    table = result.extra["switches"]
    found = table[table["sign_switch"]]
    assert found[["source", "target", "interaction", "pathway"]].astype(str).to_numpy().tolist() == [
        ["CAF", "tumour", "TGFB1^TGFBR1_TGFBR2", "TGFb"]
    ]
    row = found.iloc[0]
    assert row["slope_first"] > 0 > row["slope_second"]
    assert row["ci_high"] < 0
    links = result.extra["links"]
    edge = links[(links["source"] == "CAF") & (links["target"] == "tumour") & (links["pathway"] == "TGFb")]
    assert not (edge["edge_padj"] <= 0.05).any()  # the edge itself is constant, only its meaning changes


def test_an_edge_that_works_in_one_context_only_is_no_switch():
    adata, net = planted.sign_switch(seed=1, slope=0.0)
    strength = planted.edge_strength(adata, source="CAF", target="tumour", interaction="TGFB1^TGFBR1_TGFBR2")
    centre = np.mean(list(strength.values()))
    activity = {s: 0.7 * (v - centre) if s.startswith("early") else 0.0 for s, v in strength.items()}
    planted.plant(adata, net[net["source"] == "TGFb"], group="tumour", activity=activity)
    extra = cs.tl.response(adata, "cell_type", net=net, inplace=False, **KEYS).extra
    coupled = extra["coupling"]
    assert not {"pvalue", "padj", "se", "ci_low", "ci_high"} & set(coupled)  # a description
    edge = coupled[(coupled["source"] == "CAF") & (coupled["target"] == "tumour") & (coupled["pathway"] == "TGFb")]
    edge = edge[edge["interaction"] == "TGFB1^TGFBR1_TGFBR2"].set_index("context")
    assert edge.loc["early", "correlation"] > 0.8
    assert edge.loc["early", "slope"] == pytest.approx(0.7, abs=0.25)
    assert not extra["switches"]["sign_switch"].any()


def test_switches_under_shuffled_labels_stay_below_the_level():
    hits, total = 0, 0
    adata, net = planted.sign_switch(seed=2, slope=0.0)
    rng = np.random.default_rng(0)
    for _ in range(12):
        names = adata.obs["sample"].cat.categories
        labels = dict(zip(names, rng.permutation(["early"] * 6 + ["late"] * 6), strict=True))
        adata.obs["condition"] = pd.Categorical(adata.obs["sample"].astype(str).map(labels))
        made = cs.tl.response(adata, "cell_type", net=net, reference="early", inplace=False, **KEYS)
        p = made.extra["switches"]["pvalue"].to_numpy()
        hits, total = hits + int((p <= 0.05).sum()), total + p.size
    assert total >= 50
    assert hits <= stats.binom.ppf(0.999, total, 0.05)


def test_planted_activity_is_found_linked_and_agrees():
    shift = cs.ds.Shift(interaction="TGFB1^TGFBR1_TGFBR2", source="CAF", target="tumour", log2fc=2)
    expressed = {"TGFB1": {"CAF": 2.0}, "TGFBR1": {"tumour": 2.0}, "TGFBR2": {"tumour": 2.0}}
    adata = cs.ds.simulate(
        n_samples=4, n_cells=300, groups=["tumour", "CAF", "macrophage"], shifts=[shift], expressed=expressed, rng=3
    )
    net = planted.rename_background(adata)
    up = {s: 0.5 for s in adata.obs["sample"].cat.categories if s.startswith("case")}
    planted.plant(adata, net[net["source"] == "TGFb"], group="tumour", activity=up)
    made = cs.tl.response(adata, "cell_type", net=net, inplace=False, **KEYS)
    table = made.table.set_index(["target", "pathway"])
    row = table.loc[("tumour", "TGFb")]
    assert row["padj"] < 0.01
    assert row["ci_low"] < row["effect"] < row["ci_high"]
    assert row["effect"] == pytest.approx(0.5, abs=0.2)
    assert row["effect"] == pytest.approx(row["activity_alt"] - row["activity_ref"])
    assert (table["padj"] <= 0.05).sum() <= 2
    links = made.extra["links"]
    mine = links[(links["source"] == "CAF") & (links["target"] == "tumour") & (links["pathway"] == "TGFb")]
    assert mine["agreement"].tolist() == ["agree"]
    assert mine["evidence"].tolist() == ["canonical"]
    against = pd.DataFrame({"receptor": ["TGFBR2"], "pathway": ["TGFb"], "sign": [-1], "evidence": ["mine"]})
    other = cs.tl.response(adata, "cell_type", net=net, links=against, inplace=False, **KEYS).extra["links"]
    other = other[(other["source"] == "CAF") & (other["target"] == "tumour")]
    assert other["agreement"].tolist() == ["oppose"]


@pytest.mark.parametrize("depth", [1.0, 0.3])
def test_no_activity_is_called_changed_by_depth_or_donors(depth):
    p = []
    for seed in range(6):
        adata = cs.ds.simulate(
            n_samples=5, n_cells=250, groups=["tumour", "CAF"], depth={"case": depth}, donor_sd=0.3, rng=seed
        )
        net = planted.rename_background(adata)
        p.append(cs.tl.response(adata, "cell_type", net=net, inplace=False, **KEYS).table["pvalue"].to_numpy())
    p = np.concatenate(p)
    assert (p <= 0.05).sum() <= stats.binom.ppf(0.999, p.size, 0.05)


def test_weights_of_another_unit_change_nothing(switched, result):
    adata, net = switched
    other = cs.tl.response(adata, "cell_type", net=net.assign(weight=net["weight"] * 7), inplace=False, **KEYS)
    np.testing.assert_allclose(other.table["effect"], result.table["effect"], atol=1e-9)


@pytest.mark.slow
def test_mlm_runs_and_finds_the_same(switched):
    adata, net = switched
    made = cs.tl.response(adata, "cell_type", net=net, method="mlm", inplace=False, **KEYS)
    found = made.extra["switches"]
    assert found.loc[found["sign_switch"], "pathway"].tolist() == ["TGFb"]


def test_without_conditions_and_samples(switched):
    adata, net = switched
    made = cs.tl.response(adata, "cell_type", net=net, inplace=False)
    assert set(made.table["status"]) == {"not_compared"}
    assert not made.extra["activities"]["centred"].any()
    assert made.table["activity_ref"].notna().all()
    by_sample = cs.tl.response(adata, "cell_type", net=net, sample_key="sample", inplace=False)
    assert by_sample.extra["activities"]["sample"].nunique() == 12
    assert set(by_sample.extra["coupling"]["context"]) == {"all"}
    assert len(by_sample.extra["switches"]) == 0


def test_conditions_without_replicates_are_not_tested(switched):
    adata, net = switched
    made = cs.tl.response(adata, "cell_type", net=net, condition_key="condition", inplace=False)
    assert set(made.table["status"]) == {"too_few_samples"}
    assert made.table["pvalue"].isna().all()
    assert made.table["effect"].notna().all()


def test_old_symbols_of_the_net_are_found():
    net = cs.rs.progeny()
    renamed = net[net["target"] != net["published"]]
    assert len(renamed) > 20
    from commscore.study.nets import read_net

    old, _ = read_net(None, pd.Index(net["published"].unique()))
    new, _ = read_net("progeny", pd.Index(net["target"].unique()))
    assert len(old) == len(new) == len(net) == 1100


def test_survives_h5ad(switched, tmp_path):
    adata, net = switched
    adata = adata.copy()
    assert cs.tl.response(adata, "cell_type", net=net, **KEYS) is None
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = ad.read_h5ad(tmp_path / "a.h5ad")
    for name in ("table", "activities", "links", "coupling", "switches", "untested"):
        pd.testing.assert_frame_equal(
            back.uns["commscore_response"][name], adata.uns["commscore_response"][name], check_dtype=False
        )
    assert len(cs.get.table(back, "commscore_response", target="tumour", max_padj=1.0)) == 3


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"net": "dorothea"}, ValueError, "net='dorothea' is not one of 'progeny'"),
        ({"net": 3}, TypeError, "net must be "),
        ({"net": pd.DataFrame({"a": [1]})}, ValueError, "net lacks the column source, target"),
        ({"net": pd.DataFrame({"source": ["P"] * 2, "target": ["X"] * 2})}, ValueError, "1 pairs twice"),
        ({"net": pd.DataFrame({"source": ["P"], "target": ["X"], "weight": [0.0]})}, ValueError, "not all zero"),
        ({"net": pd.DataFrame({"source": ["P"], "target": ["nowhere"]})}, ValueError, "net has no target among"),
        ({"method": "ora"}, ValueError, "method='ora' is not one of 'ulm', 'mlm'"),
        ({"links": "TGFBR2"}, TypeError, "links must be a pandas DataFrame"),
        ({"links": pd.DataFrame({"receptor": ["A"]})}, ValueError, "links lacks the column pathway"),
        (
            {"links": pd.DataFrame({"receptor": ["A"], "pathway": ["B"], "sign": [2]})},
            ValueError,
            "sign must be 1 or -1",
        ),
        ({"min_targets": 1}, ValueError, "min_targets must be"),
        ({"alpha": 2}, ValueError, "alpha must be"),
        ({"condition_key": "nothing"}, KeyError, "condition_key='nothing' is not a column"),
        ({"condition_key": None, "reference": "early"}, ValueError, "needs condition_key="),
        ({"samplekey": "sample"}, TypeError, "did you mean 'sample_key'"),
    ],
)
def test_bad_arguments(switched, keywords, error, match):
    adata, net = switched
    with pytest.raises(error, match=match):
        cs.tl.response(adata, "cell_type", **({"net": net} | KEYS | keywords))


def test_mlm_refuses_sources_that_are_the_same(switched):
    adata, net = switched
    twice = pd.concat([net, net.assign(source=net["source"] + "_again")])
    with pytest.raises(ValueError, match="cannot tell the 6 sources of net apart"):
        cs.tl.response(adata, "cell_type", net=twice, method="mlm", **KEYS)


@pytest.mark.parametrize("name", ["breast_chung2017", "skin_ctcl_gse128531"])
def test_real_data(public_data, name):
    adata = public_data(name)
    made = cs.tl.response(adata, "cell_type", inplace=False, min_cells=5, **KEYS)
    assert {"tested"} <= set(made.table["status"])
    assert made.table.loc[made.table["status"] == "tested", "pvalue"].between(0, 1).all()
    assert len(made.extra["links"]) > 0
