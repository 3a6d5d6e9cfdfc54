"""Composition of the counts: a dominant gene moves no other; factors are stored, read, and told of."""

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

import commscore as cs
from commscore.tables.compare import AMBIENT, FACTORS
from slow_composition import pooled

KEYS = {"condition_key": "condition", "sample_key": "sample"}
PAIRS = pd.DataFrame({"ligand": [f"G{i}" for i in range(60)], "receptor": [f"G{i}" for i in range(60, 120)]})


def dominated(seed, *, n, low, high, n_genes=800, cells=12):
    """``n`` against ``n`` samples of two groups; in group A one gene makes up ``low``, then ``high`` of the counts.

    No other gene changes. Ligands and receptors are among the well expressed genes.
    """
    rng = np.random.default_rng(seed)
    share = np.sort(rng.lognormal(0, 1.4, n_genes))[::-1]
    share = rng.permutation(share[:300] / share.sum()).tolist() + (share[300:] / share.sum()).tolist()
    rows, obs = [], []
    for condition, dominance in (("control", low), ("case", high)):
        for i in range(n):
            for group in ("A", "B"):
                own = (dominance if group == "A" else low) * np.exp(rng.normal(0, 0.1))
                mean = np.array(share) * np.exp(rng.normal(0, 0.15, n_genes))
                depth = rng.uniform(2e4, 6e4) / cells
                rate = depth * np.append((1 - own) * mean / mean.sum(), own)
                rows.append(rng.poisson(rate, (cells, n_genes + 1)))
                obs += [(f"{condition}_{i}", condition, group)] * cells
    frame = pd.DataFrame(obs, columns=["sample", "condition", "cell_type"], index=[str(i) for i in range(len(obs))])
    adata = ad.AnnData(sparse.csr_matrix(np.vstack(rows).astype(np.float32)), obs=frame.astype("category"))
    adata.var_names = [*(f"G{i}" for i in range(n_genes)), "DOMINANT"]
    return adata


def run(adata, **options):
    options = KEYS | {"reference": "control", "resource": PAIRS, "n_perms": 1, "inplace": False} | options
    return cs.tl.compare(adata, "cell_type", **options)


def ligands(result):
    """One row per ligand that was tested in group A."""
    table = result.table
    return table[(table["source"] == "A") & (table["status"] == "tested")].drop_duplicates("ligand_complex")


SHIFTED = r"differs between conditions in A \(case against control: -0\.\d\d log2, DOMINANT {} to {} of the counts\)"


@pytest.mark.parametrize(("low", "high", "old"), [(0.05, 0.30, 0.3), (0.10, 0.50, 0.9)])
def test_a_dominant_gene_moves_no_other(low, high, old):
    found = {"tmm": [], "library": []}
    for seed in range(3):
        adata = dominated(seed, n=10, low=low, high=high)
        for normalization, shares in found.items():
            words = SHIFTED.format(*(r"\d+%" for _ in range(2)))
            with pytest.warns(UserWarning, match=words):
                rows = ligands(run(adata, normalization=normalization))
            shares.extend(rows["ligand_pvalue"] <= 0.05)
    assert len(found["tmm"]) > 100
    assert np.mean(found["tmm"]) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / len(found["tmm"]))
    assert np.mean(found["library"]) > old


def test_the_warning_names_the_way_out():
    adata = dominated(0, n=4, low=0.05, high=0.3)
    with pytest.warns(UserWarning, match=r"libraries are multiplied with the factors.*cs\.get\.factors lists them"):
        run(adata)
    with pytest.warns(UserWarning, match=r"seems to change by as much the other way; use normalization='tmm'"):
        run(adata, normalization="library")


def test_without_a_difference_nothing_is_said():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(5):
            result = run(dominated(seed, n=4, low=0.05, high=0.05))
            assert result.extra["factors"]["factor"].between(0.8, 1.25).all()


def test_factors_are_those_of_every_group_alone(tmp_path):
    adata = dominated(1, n=3, low=0.05, high=0.3)
    with pytest.warns(UserWarning, match="composition"):
        run(adata, inplace=True)
    adata.write_h5ad(tmp_path / "a.h5ad")
    table = cs.get.factors(ad.read_h5ad(tmp_path / "a.h5ad"))
    assert tuple(table.columns) == FACTORS.names
    pd.testing.assert_frame_equal(table, cs.get.factors(adata))
    for group in ("A", "B"):
        rows = table[table["group"] == group].set_index("sample")
        samples = list(adata.obs["sample"].cat.categories)
        inside = [((adata.obs["sample"] == s) & (adata.obs["cell_type"] == group)).to_numpy() for s in samples]
        counts = np.stack([adata.X[i].astype(float).sum(axis=0).A1 for i in inside])
        shrunk, unshrunk, _ = pooled(counts, counts.sum(axis=1))
        np.testing.assert_allclose(rows.loc[samples, "factor"], 2.0**shrunk, rtol=1e-10)
        np.testing.assert_allclose(rows.loc[samples, "unshrunk"], 2.0**unshrunk, rtol=1e-10)
        np.testing.assert_array_equal(rows.loc[samples, "library"], counts.sum(axis=1))
        np.testing.assert_array_equal(rows.loc[samples, "n_cells"], 12)


def test_a_panel_with_the_totals_of_its_cells_is_the_whole():
    """With libraries as counted, genes that are left out change nothing if the totals are given."""
    adata = dominated(2, n=3, low=0.05, high=0.05)
    adata.obs["total"] = adata.X.sum(axis=1).A1
    panel = adata[:, [*PAIRS["ligand"], *PAIRS["receptor"]]].copy()
    options = {"sample_key": "sample", "resource": PAIRS, "normalization": "library", "expr_prop": 0.0}
    whole = cs.tl.profile(adata, "cell_type", **options)
    part = cs.tl.profile(panel, "cell_type", **options, library_key="total")
    np.testing.assert_allclose(part[:, whole.var_names].X, whole.X, rtol=1e-12)
    result = run(panel, library_key="total")
    assert result.params["library_key"] == "total"
    factors = result.extra["factors"]
    assert (factors["unshrunk"] != 1).all()
    np.testing.assert_array_equal(factors["library"], whole.uns["commscore_profile"]["factors"]["library"])
    with pytest.warns(UserWarning, match=r"100% of all counts .* library_key="):
        run(panel)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda t: t / 2 + 0.25, r"has \d+ values among \d+ that are no counts \(missing, negative or not whole\)"),
        (lambda t: np.where(t > 0, np.nan, t), "that are no counts"),
        (lambda t: t.astype(str).astype(object) + "x", "that are no counts"),
        (lambda t: np.ones_like(t), r"in \d+ of 12 samples × groups the totals are less than the counts in"),
    ],
)
def test_totals_that_cannot_be_are_refused(values, words):
    adata = dominated(2, n=3, low=0.05, high=0.05)
    adata.obs["total"] = values(adata.X.sum(axis=1).A1)
    with pytest.raises(ValueError, match=f"library_key.*{words}"):
        run(adata, library_key="total")


def test_totals_of_whole_samples_are_noticed():
    adata = dominated(2, n=3, low=0.05, high=0.05)
    adata.obs["total"] = 10_000_000.0
    run(adata, library_key="total")  # as much as one cell might have
    adata.obs["total"] = 30_000_000.0
    with pytest.warns(UserWarning, match=r"library_key='total': half of the cells have more than 3e\+07 counts"):
        run(adata, library_key="total")


def test_other_words_are_refused():
    adata = dominated(2, n=2, low=0.05, high=0.05)
    with pytest.raises(ValueError, match="normalization='TMM' is not one of 'tmm', 'library'"):
        run(adata, normalization="TMM")
    with pytest.raises(KeyError, match=r"library_key='totals' is not a column of adata\.obs"):
        run(adata, library_key="totals")


def test_cells_carry_the_factor_of_their_sample():
    """A cell's library is that of its sample × group, whatever label it is given: a dominant gene moves no other."""
    adata = dominated(3, n=2, low=0.1, high=0.5, cells=40)
    adata.obs["total"] = adata.X.astype(float).sum(axis=1).A1
    found = {}
    for normalization in ("tmm", "library"):
        for key in (None, "total"):
            with pytest.warns(UserWarning, match="test='cells'|composition"):
                result = run(adata, test="cells", n_perms=300, normalization=normalization, library_key=key)
            found[normalization, key] = ligands(result)
        pd.testing.assert_frame_equal(found[normalization, None], found[normalization, "total"])
    assert abs(found["tmm", None]["ligand_effect"].mean()) < 0.1
    assert found["library", None]["ligand_effect"].mean() == pytest.approx(np.log2(0.5 / 0.9), abs=0.1)


def test_every_tool_that_adds_up_by_sample_takes_it():
    adata = cs.ds.simulate(n_samples=3, n_cells=150, rng=0)
    adata.obs["total"] = adata.layers["counts"].sum(axis=1).A1
    options = {"normalization": "library", "library_key": "total"}
    net = pd.DataFrame({"source": "P", "target": [f"BG{i:04d}" for i in range(1, 31)], "weight": 1.0})
    cs.tl.compare(adata, "cell_type", **KEYS, **options)
    cs.tl.balance(adata, "cell_type", **KEYS, **options)
    cs.tl.response(adata, "cell_type", net=net, **KEYS, **options)
    for key in ("compare", "balance", "response"):
        params = cs.get.params(adata, f"commscore_{key}")
        assert (params["normalization"], params["library_key"]) == ("library", "total")
        assert (cs.get.factors(adata, f"commscore_{key}")["factor"] == 1).all()
    made = cs.tl.profile(adata, "cell_type", sample_key="sample", **options)
    assert made.uns["commscore_profile"]["library_key"] == "total"
    assert (cs.get.factors(made, "commscore_profile")["factor"] == 1).all()
    plain = cs.tl.profile(adata, "cell_type", sample_key="sample")
    assert not np.array_equal(made.X, plain.X, equal_nan=True)
    adata.obs["total"] *= 2.0  # half of the genes were left out: all rates fall by one
    again = cs.tl.profile(adata, "cell_type", sample_key="sample", **options)
    fall = made.layers["ligand"] - again.layers["ligand"]
    np.testing.assert_allclose(fall[~made.layers["missing"]], 1.0, atol=1e-9)
    counted, doubled = (x.uns["commscore_profile"]["factors"]["library"] for x in (made, again))
    np.testing.assert_array_equal(doubled, 2.0 * counted)
    del adata.uns["commscore_compare"]["factors"]
    with pytest.raises(KeyError, match=r"is commscore\.compare/\d+ without composition factors"):
        cs.get.factors(adata)


def with_ambient(adata, shares, seed):
    """Exchange this share of the counts of every sample (by condition) for counts of the whole sample."""
    rng = np.random.default_rng(seed)
    counts = adata.layers["counts"].toarray().astype(np.int64)
    for sample, cells in adata.obs.groupby("sample", observed=True).indices.items():
        del sample
        share = shares[adata.obs["condition"].iloc[cells[0]]] * np.exp(rng.normal(0, 0.2))
        whole = counts[cells].sum(axis=0) / counts[cells].sum()
        kept = rng.binomial(counts[cells], 1 - share)
        lost = counts[cells].sum(axis=1) - kept.sum(axis=1)
        counts[cells] = kept + np.stack([rng.multinomial(n, whole) for n in lost])
    made = adata.copy()
    made.X = made.layers["counts"] = sparse.csr_matrix(counts.astype(np.float32))
    return made


def test_ambient_rna_that_differs_is_told():
    adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=0)
    much = with_ambient(adata, {"control": 0.02, "case": 0.2}, seed=1)
    with pytest.warns(UserWarning, match=r"ambient RNA .* differs between conditions: control \d+% and case \d+% of"):
        cs.tl.compare(much, "cell_type", resource=adata.uns["interactions"], **KEYS, n_perms=1)
    assert "ambient RNA" in cs.get.params(much, "commscore_compare")["cautions"][0]
    table = cs.get.load(much, "commscore_compare").extra["ambient"]
    assert tuple(table.columns) == AMBIENT.names
    means = table.groupby("condition", observed=True)["share"].mean()
    assert means["case"] - means["control"] == pytest.approx(0.18, abs=0.04)
    assert (table["n_genes"] >= 10).all()


def test_every_tool_that_compares_samples_tells_it():
    adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=0)
    much = with_ambient(adata, {"control": 0.02, "case": 0.2}, seed=1)
    sc.pp.normalize_total(much, target_sum=1e4)
    sc.pp.log1p(much)
    net = pd.DataFrame({"source": "P", "target": [f"BG{i:04d}" for i in range(1, 31)], "weight": 1.0})
    contexts = {"control": "stage=normal", "case": "stage=invasive"}
    tools = {
        "circuits": {"n_perms": 5},
        "response": {"net": net},
        "expectations": {"contexts": contexts},
        "balance": {},
    }
    for name, options in tools.items():
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            getattr(cs.tl, name)(much, "cell_type", **KEYS, **options, inplace=False)
        assert sum("ambient RNA" in str(w.message) for w in said) == 1, name


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_ambient_rna_that_does_not_differ_is_not_told(share):
    for seed in range(3):
        adata = cs.ds.simulate(n_samples=4, n_cells=200, rng=seed)
        same = with_ambient(adata, {"control": share, "case": share}, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            cs.tl.compare(same, "cell_type", resource=adata.uns["interactions"], **KEYS, n_perms=1)
        assert len(cs.get.params(same, "commscore_compare")["cautions"]) == 0
