"""The counts follow the stated model, and what was planted is found again."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs
from commscore.ds._simulate import _model

PAIRS = [("L", "R"), ("C1_C2", "R"), ("L", "S1_S2")]
GROUPS = {"A": 0.4, "B": 0.4, "C": 0.2}
LEVELS = {g: {"A": 4.0, "B": 4.0} for g in ("L", "R", "C1", "C2", "S1", "S2")}
EXACT = {
    "groups": GROUPS,
    "interactions": PAIRS,
    "expressed": LEVELS,
    "donor_sd": 0.0,
    "concentration": None,
    "n_background": 30,
    "size_sd": 0.0,
}


def cells_of(adata, **where):
    keep = np.ones(adata.n_obs, dtype=bool)
    for column, value in where.items():
        keep &= (adata.obs[column] == value).to_numpy()
    return keep


def mean_of(adata, gene, **where):
    return float(adata[cells_of(adata, **where), gene].X.mean())


@pytest.mark.parametrize(("dispersion", "size_sd"), [(0.0, 0.0), (0.5, 0.0), (0.2, 0.3)])
def test_mean_and_variance_are_those_of_the_model(dispersion, size_sd):
    n = 20_000
    settings = EXACT | {"dispersion": dispersion, "size_sd": size_sd, "groups": ["A"], "expressed": {"L": {"A": 4.0}}}
    adata = cs.ds.simulate(n_samples=1, n_cells=n, conditions=["only"], **settings)
    counts = adata[:, "L"].X.toarray().ravel().astype(np.float64)
    # law of total variance over a log-normal size s: E[s] = 1, E[s²] = exp(size_sd²)
    variance = 4 + 16 * ((1 + dispersion) * np.exp(size_sd**2) - 1)
    assert counts.mean() == pytest.approx(4, abs=4 * np.sqrt(variance / n))
    assert counts.var() == pytest.approx(variance, rel=0.06)


def test_counts_are_negative_binomial():
    from scipy import stats

    settings = EXACT | {"groups": ["A"], "expressed": {"L": {"A": 2.0}}}
    adata = cs.ds.simulate(n_samples=1, n_cells=20_000, conditions=["only"], dispersion=0.5, **settings)
    counts = adata[:, "L"].X.toarray().ravel()
    law = stats.nbinom(n=1 / 0.5, p=1 / (1 + 0.5 * 2.0))
    observed = np.array([(counts == k).sum() for k in range(10)] + [(counts >= 10).sum()])
    expected = 20_000 * np.append(law.pmf(np.arange(10)), law.sf(9))
    assert stats.chisquare(observed, expected).pvalue > 1e-3


def test_library_sizes_vary_within_a_sample_and_follow_the_depth():
    adata = cs.ds.simulate(
        n_samples=1, n_cells=4000, depth={"case": 0.5}, **(EXACT | {"size_sd": 0.4, "n_background": 300})
    )
    total = np.asarray(adata.X.sum(axis=1)).ravel()
    control, case = (total[cells_of(adata, condition=c)] for c in ("control", "case"))
    assert case.mean() / control.mean() == pytest.approx(0.5, rel=0.03)
    assert np.log(control).std() == pytest.approx(0.4, rel=0.1)
    assert control.mean() == pytest.approx(1000 + 6 * 4 * 0.8, rel=0.03)


def test_expected_levels_high_and_low():
    adata = cs.ds.simulate(n_samples=1, n_cells=30_000, conditions=["only"], n_counts=500.0, **EXACT)
    for group, level in {"A": 2.0, "B": 2.0, "C": 2.0 * _model.LOW}.items():
        assert mean_of(adata, "L", cell_type=group) == pytest.approx(level, rel=0.12 if group == "C" else 0.04)


def test_drawn_levels_have_one_or_two_expressing_groups():
    pairs = [(f"L{i}", f"R{i}") for i in range(200)]
    high, level = _model._draw_levels(5, 400, np.random.default_rng(0))
    assert set(high.sum(axis=0)) == {1, 2}
    assert level.min() >= _model.LEVELS[0]
    assert level.max() <= _model.LEVELS[1]
    assert (level == level[0]).all()
    assert high.mean(axis=1) == pytest.approx(np.full(5, 0.3), abs=0.08)
    adata = cs.ds.simulate(n_samples=1, n_cells=10, groups=list("ABCDE"), interactions=pairs)
    assert adata.n_vars == 700


def test_default_genes_are_where_they_are_known_to_be():
    adata = cs.ds.simulate(n_samples=1, n_cells=3000, conditions=["only"], donor_sd=0.0)
    means = {g: mean_of(adata, "TNFSF11", cell_type=g) for g in adata.obs["cell_type"].cat.categories}
    assert max(means, key=means.get) == "osteoblast"
    assert means["osteoblast"] > 10 * means["tumour"]


def pseudobulk_log2fc(adata, gene, group, *, condition, reference):
    """The slow way: log2 ratio of counts per million of all the group's cells."""
    values = []
    for c in (condition, reference):
        cells = adata.layers["counts"][cells_of(adata, condition=c, cell_type=group)]
        values.append(cells[:, adata.var_names.get_loc(gene)].sum() / cells.sum())
    return np.log2(values[0] / values[1])


def abundance_log2fc(adata, group, *, condition, reference, others):
    """The slow way: log2 change of the ratio of a group's cells to those of other groups."""
    ratio = []
    for c in (condition, reference):
        label = adata.obs["cell_type"][cells_of(adata, condition=c)]
        ratio.append((label == group).sum() / label.isin(others).sum())
    return np.log2(ratio[0] / ratio[1])


@pytest.mark.parametrize("depth", [1.0, {"case": 0.5}])
@pytest.mark.parametrize(
    ("driver", "genes", "group"),
    [("ligand", ("C1", "C2"), "A"), ("receptor", ("R",), "B")],
)
@pytest.mark.parametrize("log2fc", [1.5, -1.0])
def test_planted_expression_is_found_by_pseudobulk(driver, genes, group, log2fc, depth):
    shift = cs.ds.Shift(interaction=("C1_C2", "R"), source="A", target="B", driver=driver, log2fc=log2fc)
    adata = cs.ds.simulate(n_samples=1, n_cells=10_000, shifts=[shift], depth=depth, **(EXACT | {"n_counts": 2000.0}))
    kinds = {"condition": "case", "reference": "control"}
    for gene in genes:
        # the shift of one gene dilutes the others of its group a little
        assert pseudobulk_log2fc(adata, gene, group, **kinds) == pytest.approx(log2fc, abs=0.1)
        other = "B" if group == "A" else "A"
        assert pseudobulk_log2fc(adata, gene, other, **kinds) == pytest.approx(0, abs=0.1)
    assert pseudobulk_log2fc(adata, "S1", group, **kinds) == pytest.approx(0, abs=0.1)
    row = adata.uns["truth"].iloc[0]
    assert row["d_ligand"] == pytest.approx(log2fc if driver == "ligand" else 0)
    assert row["d_receptor"] == pytest.approx(log2fc if driver == "receptor" else 0)
    assert row["d_flow"] == pytest.approx(log2fc)


@pytest.mark.parametrize(("driver", "group"), [("source_abundance", "A"), ("target_abundance", "C")])
def test_planted_abundance_is_found(driver, group):
    shift = {"interaction": "L^R", "source": "A", "target": "C", "driver": driver, "log2fc": 1.0}
    adata = cs.ds.simulate(n_samples=2, n_cells=20_000, shifts=[shift], **(EXACT | {"n_background": 1}))
    row = adata.uns["truth"].iloc[0]
    kinds = {"condition": "case", "reference": "control"}
    unshifted = [name for name in GROUPS if name != group]
    for column, which in (("d_source", "A"), ("d_target", "C")):
        assert abundance_log2fc(adata, which, others=unshifted, **kinds) == pytest.approx(row[column], abs=0.06)
    # log2fc is the change of the log2 odds of the group
    p = [(adata.obs["cell_type"][cells_of(adata, condition=c)] == group).mean() for c in ("control", "case")]
    assert np.log2(p[1] / (1 - p[1])) - np.log2(p[0] / (1 - p[0])) == pytest.approx(1.0, abs=0.08)
    assert row[["d_source", "d_target"]].tolist() == pytest.approx([1.0, 0.0] if group == "A" else [0.0, 1.0])
    assert pseudobulk_log2fc(adata, "L", "A", **kinds) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("shape", ["growth", "recession", "peak", "trough", "early_switch", "late_switch"])
@pytest.mark.parametrize("driver", ["ligand", "target_abundance"])
def test_planted_shape_is_found_at_every_stage(shape, driver):
    stages = ["s0", "s1", "s2", "s3"]
    expected = {
        "growth": [0, 1 / 3, 2 / 3, 1],
        "recession": [0, -1 / 3, -2 / 3, -1],
        "peak": [0, 1, 1, 0],
        "trough": [0, -1, -1, 0],
        "early_switch": [0, 1, 1, 1],
        "late_switch": [0, 0, 0, 1],
    }[shape]
    shift = cs.ds.Shift(interaction="L^R", source="A", target="B", driver=driver, log2fc=1.5, shape=shape)
    adata = cs.ds.simulate(n_samples=1, n_cells=6000, conditions=stages, shifts=[shift], **EXACT)
    truth = adata.uns["truth"].set_index("condition")
    assert list(truth.index) == stages[1:]
    np.testing.assert_allclose(truth["log2fc"], 1.5 * np.array(expected[1:]), atol=1e-12)
    for stage in stages[1:]:
        if driver == "ligand":
            found = pseudobulk_log2fc(adata, "L", "A", condition=stage, reference="s0")
            assert found == pytest.approx(truth.loc[stage, "log2fc"], abs=0.12)
        else:
            found = abundance_log2fc(adata, "B", condition=stage, reference="s0", others=["A", "C"])
            assert found == pytest.approx(truth.loc[stage, "d_target"], abs=0.12)


def sample_effects(adata, *, genes, group):
    """Natural log of the mean count, samples × genes, for many genes of one group."""
    keep = cells_of(adata, cell_type=group)
    columns = adata.var_names.get_indexer(genes)
    samples = adata.obs["sample"].cat.categories
    return np.log(
        [np.asarray(adata.X[keep & cells_of(adata, sample=s)][:, columns].mean(axis=0)).ravel() for s in samples]
    )


NAMES = [f"G{i}" for i in range(60)]
MANY = {
    "groups": ["A"],
    "interactions": [(f"G{2 * i}", f"G{2 * i + 1}") for i in range(30)],
    "expressed": {g: {"A": 20.0} for g in NAMES},
    "n_background": 0,
    "dispersion": 0.1,
    "size_sd": 0.0,
}


@pytest.mark.parametrize("donor_sd", [0.0, 0.25, 0.5])
def test_donor_sd_is_found(donor_sd):
    adata = cs.ds.simulate(n_samples=20, n_cells=400, conditions=["only"], donor_sd=donor_sd, **MANY)
    effects = sample_effects(adata, genes=NAMES, group="A")
    noise = (1 / 20 + 0.1) / 400  # delta method: variance of the log of a mean of 400 counts
    found = effects.var(axis=0, ddof=1).mean()
    assert found == pytest.approx(donor_sd**2 + noise, rel=0.12)
    # effects are independent between genes
    if donor_sd:
        correlation = np.corrcoef(effects.T)[np.triu_indices(60, 1)]
        assert abs(correlation.mean()) < 0.05


def test_patient_effects_are_shared_within_pairs_only():
    adata = cs.ds.simulate(n_samples=20, n_cells=300, paired=True, donor_sd=0.2, patient_sd=0.6, **MANY)
    effects = sample_effects(adata, genes=NAMES, group="A")
    control, case = effects[:20], effects[20:]
    noise = (1 / 20 + 0.1) / 300
    difference = (case - control).var(axis=0, ddof=1).mean()
    assert difference == pytest.approx(2 * (0.2**2 + noise), rel=0.15)
    assert control.var(axis=0, ddof=1).mean() == pytest.approx(0.2**2 + 0.6**2 + noise, rel=0.15)


def test_unpaired_samples_have_no_patient_effect():
    adata = cs.ds.simulate(n_samples=3, n_cells=300, donor_sd=0.0, patient_sd=2.0, **MANY)
    assert sample_effects(adata, genes=NAMES, group="A").std(axis=0).max() < 0.15


def proportions(adata):
    counts = adata.obs.groupby(["sample", "cell_type"], observed=False).size().unstack()
    return counts.div(counts.sum(axis=1), axis=0).to_numpy()


def test_group_proportions_follow_dirichlet_then_multinomial():
    small = EXACT | {"n_background": 0, "interactions": [("L", "R")], "expressed": None}
    p = np.array(list(GROUPS.values()))
    for concentration in (None, 20.0):
        adata = cs.ds.simulate(
            n_samples=400, n_cells=100, conditions=["only"], **(small | {"concentration": concentration})
        )
        between = 0 if concentration is None else 1 / (concentration + 1)
        variance = p * (1 - p) * (between + (1 - between) / 100)
        found = proportions(adata)
        np.testing.assert_allclose(found.mean(axis=0), p, atol=0.03)
        np.testing.assert_allclose(found.var(axis=0, ddof=1), variance, rtol=0.25)


def test_truth_counts_every_edge_that_shares_a_moved_gene():
    shift = {"interaction": "L^R", "source": "A", "target": "B", "log2fc": 1.0}
    adata = cs.ds.simulate(n_samples=1, n_cells=10, shifts=[shift], **EXACT)
    edges = adata.uns["truth_edges"]
    # L is the ligand of two interactions, and reaches three targets from A
    assert sorted(zip(edges["interaction"], edges["source"], edges["target"], strict=True)) == sorted(
        (i, "A", t) for i in ("L^R", "L^S1_S2") for t in "ABC"
    )
    np.testing.assert_allclose(edges["d_ligand"], 1.0)
    np.testing.assert_allclose(edges[["d_source", "d_target", "d_receptor"]], 0.0, atol=1e-12)
    assert edges.set_index(["interaction", "target"])["expressed"].to_dict() == {
        (i, t): t != "C" for i in ("L^R", "L^S1_S2") for t in "ABC"
    }


def test_truth_of_a_complex_is_that_of_its_least_subunit():
    levels = LEVELS | {"S1": {"B": 4.0}, "S2": {"B": 1.0}}
    shifts = [
        # S1 alone moves, through another interaction, and is not the least subunit until it has fallen by 4
        {"interaction": "L^S1", "source": "A", "target": "B", "driver": "receptor", "log2fc": -3.0},
    ]
    settings = EXACT | {"interactions": [*PAIRS, ("L", "S1")], "expressed": levels}
    edges = cs.ds.simulate(n_samples=1, n_cells=10, shifts=shifts, **settings).uns["truth_edges"]
    found = edges[(edges["source"] == "A") & (edges["target"] == "B")].set_index("interaction")["d_receptor"]
    assert found.to_dict() == pytest.approx({"L^S1": -3.0, "L^S1_S2": -1.0})


def test_shifts_add_up_and_parts_sum_to_the_flow():
    edge = {"interaction": "L^R", "source": "A", "target": "B"}
    shifts = [
        edge | {"log2fc": 1.0},
        edge | {"log2fc": 0.5},
        edge | {"driver": "receptor", "log2fc": -1.0},
        edge | {"driver": "target_abundance", "log2fc": 1.0},
        edge | {"log2fc": 0.7, "condition": "control"},
    ]
    truth = cs.ds.simulate(n_samples=1, n_cells=10, shifts=shifts, **EXACT).uns["truth"]
    assert len(truth) == 5
    np.testing.assert_allclose(truth["log2fc"], [1.0, 0.5, -1.0, 1.0, -0.7])
    np.testing.assert_allclose(truth["d_ligand"], 1.0 + 0.5 - 0.7)
    np.testing.assert_allclose(truth["d_receptor"], -1.0)
    np.testing.assert_allclose(truth["d_target"], 1.0)
    np.testing.assert_allclose(truth["d_source"], 0.0)
    parts = truth[["d_source", "d_ligand", "d_target", "d_receptor"]].sum(axis=1)
    np.testing.assert_allclose(truth["d_flow"], parts)


def test_a_planted_molecule_is_expressed_where_it_is_planted():
    shift = {"interaction": "PTHLH^PTH1R", "source": "B cell", "target": "endothelial", "log2fc": 0.1}
    plain, planted = (
        cs.ds.simulate(n_samples=1, n_cells=3000, conditions=["a", "b"], donor_sd=0.0, shifts=s) for s in ([], [shift])
    )
    assert mean_of(planted, "PTHLH", cell_type="B cell") > 10 * mean_of(plain, "PTHLH", cell_type="B cell")
    assert planted.uns["truth_edges"].query("source == 'B cell' and target == 'endothelial'")["expressed"].all()
