"""What stands beside compare: cells as replicates, profile, power, calibration card, command."""

from __future__ import annotations

import json
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import app
from commscore.tables import compare as schema
from slow_composition import pooled

from ..words import assert_words

CLAIMS = ["up", "down", "compensated", "gained", "lost", *schema.ONE_SIDED]
KEYS = {"condition_key": "condition", "sample_key": "sample"}
EDGE = {"interaction": "CSF1^CSF1R", "source": "tumour", "target": "macrophage"}
WITHOUT_PRODUCTION = tuple(c for c in schema.COMPARE.names if c not in {"consumed", "claim"})


def run(adata, **kwargs):
    return cs.tl.compare(adata, "cell_type", **({"resource": adata.uns["interactions"]} | KEYS | kwargs), inplace=False)


def row_of(table, **where):
    mask = np.ones(len(table), bool)
    for name, value in (EDGE | where).items():
        mask &= (table[name] == value).to_numpy()
    assert mask.sum() == 1
    return table[mask].iloc[0]


@pytest.fixture(scope="module")
def alone():
    """One sample per condition, no variation between donors."""
    return cs.ds.simulate(n_samples=1, n_cells=500, donor_sd=0.0, shifts=[EDGE | {"log2fc": 1.5}], rng=1)


def cells_meant(adata, **kwargs):
    with pytest.warns(UserWarning, match=r"test='cells': Cells of one sample are not independent.*Use test='samples'"):
        return run(adata, test="cells", **kwargs)


def test_without_replicates_cells_are_compared_where_they_are_asked_for(alone):
    for sample_key in ("sample", None):
        with pytest.raises(ValueError, match="test='auto' needs at least two samples"):
            run(alone, sample_key=sample_key)
    result = cells_meant(alone, n_perms=5000)
    table = result.table
    assert tuple(table.columns) == WITHOUT_PRODUCTION
    assert (table["unit"] == "cells").all()
    assert result.params["unit"] == "cells"
    row = row_of(table)
    assert (row["shift"], row["driver"], row["status"]) == ("up", "ligand", "tested")
    assert row["ci_low"] < 1.5 < row["ci_high"]
    np.testing.assert_allclose(table[list(schema.PARTS)].sum(axis=1, skipna=False), table["d_flow"], atol=1e-12)
    pd.testing.assert_frame_equal(cells_meant(alone, sample_key=None, n_perms=5000).table, table)


def test_cells_against_a_slow_permutation(alone):
    """P-values of both sides of one edge by shuffling labels with NumPy, and the combination of the two."""
    table = cells_meant(alone, n_perms=2000).table
    where = {"interaction": "IL6^IL6R_IL6ST", "source": "CAF", "target": "macrophage"}
    row, rng = row_of(table, **where), np.random.default_rng(5)
    pvalues = {}
    for side, group, genes in (("ligand", "CAF", ["IL6"]), ("receptor", "macrophage", ["IL6R", "IL6ST"])):
        part = alone[alone.obs["cell_type"] == group]
        x = part[:, genes].layers["counts"].toarray().astype(float)
        library = part.layers["counts"].sum(axis=1).A1
        case = (part.obs["condition"] == "case").to_numpy()
        observed = change(x, library, case)
        assert row[f"{side}_effect"] == pytest.approx(observed, abs=1e-9)
        hits = sum(abs(change(x, library, rng.permutation(case))) >= abs(observed) - 1e-9 for _ in range(2000))
        pvalues[side] = (1 + hits) / 2001
        error = 4 * np.sqrt(2 * pvalues[side] * (1 - pvalues[side]) / 2000) + 2e-3
        assert row[f"{side}_pvalue"] == pytest.approx(pvalues[side], abs=error)
    sides = row[["ligand_pvalue", "receptor_pvalue"]].to_numpy(float)
    assert row["pvalue"] == pytest.approx(stats.cauchy.sf(np.tan((0.5 - sides) * np.pi).mean()))


def change(x, library, case):
    """Change of log2 CPM of the lowest gene."""
    total = np.stack([x[~case].sum(axis=0), x[case].sum(axis=0)])
    size = np.array([library[~case].sum(), library[case].sum()])[:, None]
    prior = 0.5 * size / size.mean()
    m = total.sum(axis=0) / size.sum() * size
    bias = m * (1 - size / size.sum()) / (2 * (m + prior))
    low = np.log2((total + prior + bias) / size * 1e6).min(axis=1)
    return low[1] - low[0]


def test_cells_say_what_samples_would_say():
    """Compensated, stable and missing groups have one meaning, whatever the unit."""
    shifts = [EDGE | {"log2fc": 1.5}, EDGE | {"driver": "receptor", "log2fc": -1.0}]
    a = cs.ds.simulate(n_samples=1, n_cells=500, donor_sd=0.0, shifts=shifts, rng=1)
    a = a[~((a.obs["cell_type"] == "B cell") & (a.obs["condition"] == "case"))]
    table = cells_meant(a, n_perms=5000, margin=1.0).table
    numbers = table.select_dtypes("number").to_numpy(float)
    assert not np.isinf(numbers).any()
    gone = table[table["source"] == "B cell"]
    assert (gone["status"] == "too_few_samples").all()
    untested = ~table["status"].isin(["tested", "detection"])
    for name in ("se", "ci_low", "ci_high"):
        assert (table[name].isna() == untested).all()
    assert gone[["d_source", "d_flow"]].isna().all(axis=None)
    assert np.isfinite(table.loc[table["source"] == "CAF", "d_source"]).all()
    tested = table[table["status"] == "tested"]
    assert (tested["shift"] == "compensated").any()
    assert_words(table, alpha=0.05, margin=1.0)
    stable = tested[tested["shift"] == "stable"]
    assert (stable[["ligand_effect", "receptor_effect", "effect"]].abs() < 1.0).all(axis=None)


def test_cells_tell_who_sends(alone):
    """CSF1 of CAF in the control, of the tumour in the case; nothing is rewired where no one takes over."""
    a = alone.copy()
    counts = a.layers["counts"].tolil()
    gene = a.var_names.get_loc("CSF1")
    tumour, case = (a.obs["cell_type"] == "tumour").to_numpy(), (a.obs["condition"] == "case").to_numpy()
    caf = (a.obs["cell_type"] == "CAF").to_numpy()
    counts[:, gene] = 0
    counts[np.flatnonzero((caf & ~case) | (tumour & case)), gene] = 20
    a.layers["counts"] = counts.tocsr()
    rewired = cells_meant(a, n_perms=20).table.groupby("interaction", observed=True)["rewired"].agg(["any", "all"])
    assert rewired.loc["CSF1^CSF1R", "all"]
    assert not rewired.loc[rewired.index != "CSF1^CSF1R", "any"].any()


def test_cells_are_calibrated_only_without_variation_between_donors():
    """What the warning says: with ordinary donors the cell-level test finds far too much; samples do not."""
    rates = {}
    for unit, test in (("cells", cells_meant), ("samples", run)):
        found = []
        for seed in range(4):
            a = cs.ds.simulate(n_samples=4, n_cells=300, donor_sd=0.5, rng=50 + seed)
            table = test(a, n_perms=200).table
            found.append((table["pvalue"].dropna() <= 0.05).mean())
        rates[unit] = np.mean(found)
    assert rates["cells"] > 0.25
    assert rates["samples"] < 0.1


def test_stages_need_samples():
    a = cs.ds.simulate(n_samples=1, n_cells=150, conditions=["a", "b", "c"], n_background=40, rng=0)
    result = cells_meant(a, order=["a", "b", "c"], n_perms=50)
    assert result.table["contrast"].cat.categories.tolist() == ["b vs a", "c vs a"]
    assert result.untested["detail"].str.startswith("stages: ").any()
    assert result.table["shape"].isna().all()


# profile


@pytest.fixture(scope="module")
def cohort():
    a = cs.ds.simulate(n_samples=4, n_cells=220, shifts=[EDGE | {"log2fc": 2}], rng=12)
    a.obs["age"] = a.obs["sample"].cat.codes.astype(float) * 3
    a.obs["per_cell"] = np.arange(a.n_obs)
    return a


def test_profile_is_log_ligand_plus_log_receptor(cohort):
    made = cs.tl.profile(cohort, "cell_type", sample_key="sample", resource=cohort.uns["interactions"])
    assert made.obs_names.tolist() == [f"{c}_{i}" for c in ("case", "control") for i in range(1, made.n_obs // 2 + 1)]
    assert made.obs.columns.tolist() == ["sample", "condition", "patient", "age", "n_cells"]
    assert (made.obs["n_cells"] == 220).all()
    values = made["case_2", "tumour|macrophage|CSF1^CSF1R"]
    logs = []
    for gene, group in (("CSF1", "tumour"), ("CSF1R", "macrophage")):
        part = cohort[cohort.obs["cell_type"] == group]
        enough = part.obs["sample"].value_counts() >= 10
        count = pd.Series(part[:, gene].layers["counts"].toarray().ravel()).groupby(part.obs["sample"].to_numpy()).sum()
        library = pd.Series(part.layers["counts"].sum(axis=1).A1).groupby(part.obs["sample"].to_numpy()).sum()
        count, library = count[enough], library[enough]
        samples = part.obs["sample"].to_numpy()
        whole = np.stack([part.layers["counts"][samples == s].sum(axis=0).A1 for s in library.index])
        library *= 2.0 ** pooled(whole, library.to_numpy())[0]
        prior, m = 0.5 * library / library.mean(), count.sum() / library.sum() * library
        assert m["case_2"] > 16  # below, more is taken off
        bias = m * (1 - library / library.sum()) / (2 * (m + prior))
        logs.append(np.log2((count + prior + bias) / library * 1e6)["case_2"])
    assert values.X[0, 0] == pytest.approx(sum(logs), rel=1e-6)
    assert values.layers["ligand"][0, 0] == pytest.approx(logs[0], rel=1e-6)
    np.testing.assert_array_equal(made.X, made.layers["ligand"] + made.layers["receptor"])
    case = made.obs["condition"] == "case"
    edge = made[:, "tumour|macrophage|CSF1^CSF1R"].X.ravel()
    assert edge[case].mean() - edge[~case].mean() == pytest.approx(2, abs=1)


def test_profile_marks_what_is_missing(cohort, tmp_path):
    a = cohort[~((cohort.obs["sample"] == "case_1") & (cohort.obs["cell_type"] == "T cell")).to_numpy()].copy()
    made = cs.tl.profile(a, "cell_type", sample_key="sample", resource=a.uns["interactions"])
    touched = ((made.var["source"] == "T cell") | (made.var["target"] == "T cell")).to_numpy()
    assert touched.any()
    assert np.isnan(made["case_1"].X[0, touched]).all()
    np.testing.assert_array_equal(made.layers["missing"], np.isnan(made.X))
    assert (made.var["n_samples"] == (~made.layers["missing"]).sum(axis=0)).all()
    made.write_h5ad(tmp_path / "profile.h5ad")
    back = ad.read_h5ad(tmp_path / "profile.h5ad")
    np.testing.assert_array_equal(back.X, made.X)
    some = cs.tl.profile(a, "cell_type", sample_key="sample", resource=a.uns["interactions"], min_samples=8)
    assert 0 < some.n_vars < made.n_vars
    with pytest.raises(ValueError, match=r"no edge has both sides expressed by expr_prop=1 .* in 8 samples"):
        cs.tl.profile(a, "cell_type", sample_key="sample", expr_prop=1.0, min_samples=8)
    with pytest.raises(ValueError, match="sample_key='cell_type' is the same column as groupby"):
        cs.tl.profile(a, "cell_type", sample_key="cell_type")


# power and calibration


def again(tool, adata, *, compared=KEYS, **options):
    """Compare, and ask a tool about that comparison."""
    resource = options.pop("resource", adata.uns["interactions"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cs.tl.compare(adata, "cell_type", **compared, resource=resource)
    return tool(adata, resource=resource, **options)


def test_power_grows_with_samples():
    options = {"groups": {"A": 1.0, "B": 1.0}, "interactions": [("L1", "R1"), ("L2", "R2"), ("L3", "R3"), ("L4", "R4")],
               "expressed": {f"{s}{i}": {g: 2.0} for i in range(1, 5) for s, g in (("L", "A"), ("R", "B"))},
               "donor_sd": 0.3, "n_cells": 160}  # fmt: skip
    a = cs.ds.simulate(n_samples=4, **options, rng=0)
    answer = again(cs.tl.power, a, n_samples=[4, 8, 16], effect=1.0)
    mine = answer[(answer["source"] == "A") & (answer["target"] == "B")]
    medians = mine.groupby("n_samples")["ligand_smallest"].median()
    assert medians.loc[[4, 8, 16]].is_monotonic_decreasing
    assert medians[0] == pytest.approx(medians[4], rel=1e-6)
    assert mine[["ligand_power", "receptor_power"]].to_numpy().max() <= 1


MEANS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


def few_counts(seed, *, each=30, n_samples=4, n_background=200):
    """Pseudobulks of 40 cells whose ligands have these mean counts; a third doubles, a third halves."""
    rng = np.random.default_rng(seed)
    n_ligands = each * len(MEANS)
    level = np.concatenate([np.repeat(MEANS, each) / 40, [2.0], rng.lognormal(0.0, 1.0, n_background)])
    change = np.concatenate([np.resize([1.0, -1.0, 0.0], n_ligands), np.zeros(1 + n_background)])
    blocks, obs = [], []
    for i in range(2 * n_samples):
        for group in ("sender", "receiver"):
            factor = np.exp(0.3 * rng.standard_normal(level.size)) * rng.lognormal(0.0, 0.2)
            rate = level * factor * 2.0 ** (change * (i >= n_samples) * (group == "sender"))
            blocks.append(rng.poisson(rate * rng.gamma(2.0, 0.5, (40, level.size))))
            obs += [(group, "after" if i >= n_samples else "before", f"s{i}")] * 40
    genes = [f"L{i}" for i in range(n_ligands)] + ["REC"] + [f"B{i}" for i in range(n_background)]
    obs = pd.DataFrame(obs, columns=["cell_type", "condition", "sample"]).rename(index=str)
    pairs = pd.DataFrame({"ligand": genes[:n_ligands], "receptor": "REC"})
    adata = ad.AnnData(np.vstack(blocks).astype(np.float32), obs=obs, var=pd.DataFrame(index=genes))
    adata.uns["interactions"] = pairs
    return adata, change[:n_ligands]


def test_power_is_what_happens_also_where_counts_are_few():
    foretold, happened = [], []
    for seed in range(6):
        a, change = few_counts(seed)
        compared = KEYS | {"reference": "before", "expr_prop": 0.0}
        answer = again(cs.tl.power, a, compared=compared, n_samples=[4], effect=1.0, alpha=0.1)
        answer = answer[(answer["n_samples"] == 0) & (answer["source"] == "sender") & (answer["target"] == "receiver")]
        of = answer.set_index(answer["interaction"].astype(str))["ligand_power"]
        table = run(a, reference="before", expr_prop=0.0).table
        rows = table[(table["source"] == "sender") & (table["target"] == "receiver")]
        p = rows.set_index(rows["ligand_complex"].astype(str))["ligand_pvalue"]
        order = [f"L{i}" for i in range(change.size)]
        kept = of.reindex([f"{g}^REC" for g in order]).to_numpy(), p.reindex(order).to_numpy() <= 0.05
        still = change == 0
        for values, which, out in ((kept[0], still, foretold), (kept[1], ~still, happened)):
            # ligands without a count in a condition are not tested, and have no power
            out.append(
                [np.nanmean(values[block & which]) for block in np.eye(len(MEANS), dtype=bool).repeat(30, axis=1)]
            )
    np.testing.assert_allclose(np.mean(foretold, axis=0), np.mean(happened, axis=0), atol=0.1)
    assert np.mean(foretold, axis=0)[0] < 0.1 < 0.5 < np.mean(foretold, axis=0)[-1]


def test_rows_with_hardly_a_count_have_wide_intervals():
    a, _ = few_counts(0)
    result = run(a, reference="before", expr_prop=0.0, margin=1.0)
    rows = result.table[(result.table["source"] == "sender") & (result.table["target"] == "receiver")]
    rows = rows.set_index(rows["ligand_complex"].astype(str))
    few = rows.loc[[f"L{i}" for i in range(30) if f"L{i}" in rows.index]]
    assert len(few) > 10
    # two Poisson variables of n / 2 counts each leave 2 / √n; none of these ligands has more than five
    assert few["ligand_se"].min() > 2.0 / np.sqrt(5.0) / np.log(2.0)
    assert (few["ci_high"] - few["ci_low"] > 4.0).all()
    assert (few["shift"].astype(str) != "stable").all()


def test_power_knows_the_design():
    """Asked for the samples that there are, it answers for the present design, with pairs and covariates too."""
    a = cs.ds.simulate(n_samples=5, n_cells=300, paired=True, rng=3)
    a.obs["age"] = a.obs["sample"].cat.codes.astype(float) ** 2
    for more in ({"patient_key": "patient"}, {"covariates": ["age"]}):
        answer = again(cs.tl.power, a, compared=KEYS | more | {"min_cells": 1}, n_samples=[2, 5])
        values = {n: part.select_dtypes(float).to_numpy() for n, part in answer.groupby("n_samples")}
        np.testing.assert_allclose(values[5], values[0], rtol=1e-6)
        assert (values[2][:, 0] > values[5][:, 0]).all()
    answer = again(cs.tl.power, a, compared=KEYS | {"patient_key": "patient", "covariates": ["age"]}, n_samples=[2, 3])
    assert answer.loc[answer["n_samples"] == 2, "ligand_power"].isna().all()  # two pairs and a covariate leave nothing
    assert answer.loc[answer["n_samples"] != 2, "ligand_power"].between(0, 1).all()


def test_power_of_a_group_that_some_samples_lack():
    """The ligand's variance is known from all samples that have its cells, whatever cells the receptor needs."""
    a = cs.ds.simulate(n_samples=10, n_cells=240, n_background=40, rng=3)
    rare = (a.obs["cell_type"] == "macrophage") & (a.obs["sample"].cat.codes % 10 >= 4)
    a = a[~rare].copy()
    answer = again(cs.tl.power, a, compared=KEYS | {"min_cells": 1}, n_samples=[4, 10])
    answer = answer[(answer["source"] == "tumour") & (answer["target"] == "macrophage")].set_index("n_samples")
    assert len(answer.loc[0]) > 3
    np.testing.assert_allclose(answer.loc[10, "ligand_smallest"], answer.loc[0, "ligand_smallest"], rtol=1e-6)
    np.testing.assert_allclose(answer.loc[4, "receptor_smallest"], answer.loc[0, "receptor_smallest"], rtol=1e-6)
    assert (answer.loc[4, "ligand_smallest"].to_numpy() > 1.5 * answer.loc[10, "ligand_smallest"].to_numpy()).all()


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"n_samples": [1]}, r"n_samples\[0\] must be an integer >= 2"),
        ({"effect": 0}, "effect must be a number"),
        ({"power": 1.0}, "power must be a number between"),
        ({"power": 0.05}, "power=0.05 is not above alpha=0.05"),
        ({"contrast": "cases"}, r"contrast='cases' is not a level that was compared \(there are case\)"),
    ],
)
def test_power_refuses(cohort, kwargs, match):
    with pytest.raises(ValueError, match=match):
        again(cs.tl.power, cohort.copy(), **kwargs)
    with pytest.raises(TypeError, match="n_samples must be a list"):
        cs.tl.power(cohort, n_samples=5)


def test_power_of_a_comparison_whose_alpha_no_test_can_have(cohort):
    adata = cohort.copy()
    with pytest.raises(ValueError, match=r"alpha=0 of the comparison key='commscore_compare' is not between"):
        again(cs.tl.power, adata, compared=KEYS | {"alpha": 0})
    assert len(cs.tl.power(adata, alpha=0.05, resource=adata.uns["interactions"]))


@pytest.mark.slow
def test_card_of_calibration(cohort):
    card = again(cs.tl.calibrate, cohort.copy(), n_shuffles=30)
    assert card["alpha"].tolist() == [0.1, 0.05, 0.01, 0.001]
    assert (card["n_shuffles"] == 30).all()
    often = card[card["alpha"] >= 0.01]  # at 0.001 most shuffles have no row: their mean is above their 95th percentile
    assert (often["observed"].between(often["low"] - 0.1, often["high"])).all()
    assert card["observed"].is_monotonic_decreasing
    assert card.loc[1, "observed"] < 0.12
    assert card.loc[2, "true_labels"] > 0
    pd.testing.assert_frame_equal(card, again(cs.tl.calibrate, cohort.copy(), n_shuffles=30))


def test_card_uses_every_relabelling_there_is():
    a = cs.ds.simulate(n_samples=3, n_cells=150, paired=True, rng=1)
    card = again(cs.tl.calibrate, a, compared=KEYS | {"patient_key": "patient"})
    assert (card["n_shuffles"] == 2**3 - 2).all()
    two = cs.ds.simulate(n_samples=2, n_cells=150, paired=True, rng=1)
    cells = {"condition_key": "condition", "test": "cells"}
    with pytest.raises(ValueError, match=r"cells were compared, not samples; run cs.tl.compare with sample_key="):
        again(cs.tl.calibrate, two, compared=cells)


# the command


def invoke(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def test_command_writes_what_the_library_gives(cohort, tmp_path):
    path, out = tmp_path / "cohort.h5ad", tmp_path / "table.csv"
    cohort.write_h5ad(path)
    totals, untested = tmp_path / "totals.csv", tmp_path / "untested.tsv"
    done = invoke("compare", path, "--groupby", "cell_type", "--condition-key", "condition", "--sample-key", "sample",
                  "--order", "control", "--order", "case", "--out", out, "--totals", totals,
                  "--untested", untested)  # fmt: skip
    assert done.exit_code == 0, done.output
    want = cs.tl.compare(cohort, "cell_type", **KEYS, order=["control", "case"], inplace=False)
    got = pd.read_csv(out)
    assert tuple(got.columns) == WITHOUT_PRODUCTION
    np.testing.assert_allclose(got["pvalue"], want.surest_first["pvalue"], rtol=1e-9)
    assert len(pd.read_csv(totals)) == len(want.extra["totals"])
    assert len(pd.read_csv(untested, sep="\t")) == len(want.untested)
    assert "CSF1^CSF1R" in done.output
    assert "ligand" in done.output


def test_command_takes_libraries(cohort, tmp_path):
    path, out = tmp_path / "cohort.h5ad", tmp_path / "table.csv"
    cohort = cohort.copy()  # the fixture stays as it is
    cohort.obs["total"] = cohort.layers["counts"].sum(axis=1).A1
    cohort.write_h5ad(path)
    done = invoke("compare", path, "--groupby", "cell_type", "--condition-key", "condition", "--sample-key", "sample",
                  "--normalization", "library", "--library-key", "total", "--out", out, "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    params = json.loads(done.stdout)["parameters"]
    assert (params["normalization"], params["library_key"]) == ("library", "total")
    want = cs.tl.compare(cohort, "cell_type", **KEYS, normalization="library", inplace=False)
    np.testing.assert_allclose(pd.read_csv(out)["pvalue"], want.surest_first["pvalue"], rtol=1e-9)


def test_command_takes_the_level(cohort, tmp_path):
    path, out = tmp_path / "cohort.h5ad", tmp_path / "table.csv"
    cohort.write_h5ad(path)
    base = ["compare", path, "--groupby", "cell_type", "--condition-key", "condition", "--sample-key", "sample"]
    done = invoke(*base, "--alpha", 0.4, "--out", out, "--json")
    summary, got = json.loads(done.stdout), pd.read_csv(out)
    assert (summary["alpha"], summary["significant"]) == (0.4, (got["padj"] <= 0.4).sum())
    assert ((got["padj"] <= 0.4) == got["shift"].isin(CLAIMS)).all()
    refused = invoke(*base, "--alpha", 2)
    assert refused.exit_code == 2
    assert "alpha" in refused.output


def test_command_writes_the_data(cohort, tmp_path):
    path, out = tmp_path / "cohort.h5ad", tmp_path / "out.h5ad"
    cohort.write_h5ad(path)
    base = ["compare", path, "--groupby", "cell_type", "--condition-key", "condition", "--sample-key", "sample"]
    assert invoke(*base, "--out", out, "--contrast", "case").exit_code == 0
    assert len(cs.get.table(ad.read_h5ad(out), "commscore_compare")) > 0
    bad = invoke(*base, "--covariates", "condition")
    assert bad.exit_code == 2
    assert "covariates has 'condition'" in bad.output
    same = invoke(*base, "--out", path)
    assert same.exit_code == 2
    assert "is the input file" in same.output
