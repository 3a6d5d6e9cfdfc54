"""Input that can be computed with and is hardly meant: one warning with the likely cause and the way out."""

from __future__ import annotations

import re
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import scipy.sparse as sp

import commscore as cs
from commscore.study.strata import SAMPLES_SAY

PAIRS = pd.DataFrame({"ligand": ["CXCL12", "CSF1"], "receptor": ["CXCR4", "CSF1R"]})
GENES = ["CXCL12", "CXCR4", "CSF1", "CSF1R", "MIF", "CD74"]
FEW = "that RNA can show"


def cells(x, genes=GENES):
    obs = pd.DataFrame({"ct": ["A", "B", "C"] * (len(x) // 3)}, index=[f"c{i}" for i in range(len(x))])
    return ad.AnnData(np.asarray(x, "f4"), obs=obs, var=pd.DataFrame(index=genes))


def lognorm(counts):
    return np.log1p(counts / np.maximum(counts.sum(1, keepdims=True), 1) * 1e4)


def said(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(w.message) for w in caught]


def score(adata, **more):
    options = {"resource": PAIRS, "null": None, "expr_prop": 0, "inplace": False} | more
    return said(lambda: cs.tl.score(adata, "ct", **options))


@pytest.fixture(scope="module")
def counts():
    return np.random.default_rng(0).poisson(3, (120, 6)).astype("f4")


@pytest.fixture(scope="module")
def curated():
    res = cs.rs.load("breast")
    genes = {g for side in ("ligand", "receptor") for n in res.interactions[side] for g in n.split("_")}
    return res, sorted(g for g in genes if not g.startswith("met:"))


def data_of(genes):
    return cells(lognorm(np.random.default_rng(0).poisson(1, (90, len(genes)))), genes)


# how many of the interactions can be tested


def test_the_result_says_how_many_interactions_can_be_tested(counts):
    adata = cells(lognorm(counts))
    result, warned = score(adata)
    assert warned == []
    assert (result.params["n_interactions"], result.params["n_testable"]) == (2, 2)
    assert repr(result).endswith("resource 'table', 2 of 2 interactions testable)")
    more = pd.concat([PAIRS, pd.DataFrame({"ligand": ["TNF", "met:lactate"], "receptor": ["TNFRSF1A", "HCAR1"]})])
    result, warned = score(adata, resource=more)
    assert warned == []
    assert (result.params["n_interactions"], result.params["n_testable"]) == (4, 2)


def test_mouse_genes_on_a_human_resource(curated):
    res, genes = curated
    mouse = [g if g[1:].isdigit() else g.capitalize() for g in genes] + ["CXCL12", "CXCR4"]  # spelled alike, say
    result, warned = score(data_of(mouse), resource=res)
    assert result.params["n_testable"] == 1
    (message,) = warned
    assert re.match(
        rf"only 1 of the \d+ interactions of resource 'breast' \(human\) {FEW} \(0\.4%; of all 327: 0\.3%\)", message
    )
    assert "look like mouse symbols" in message
    assert "to_species('mouse')" in message


def test_human_genes_on_a_mouse_resource(curated):
    res, genes = curated
    mouse = res.to_species("mouse")
    result, warned = score(data_of([*genes, "Cxcl12", "Cxcr4"]), resource=mouse)
    assert result.params["n_testable"] == 1
    (message,) = warned
    assert "(mouse)" in message
    assert "look like human symbols" in message


@pytest.mark.parametrize(
    ("others", "cause"),
    [
        ([f"ENSG{i:011d}" for i in range(3000)], "Ensembl ids, and those of hardly any .*gene_symbols="),
        (
            [f"ENSMUSG{i:011d}.{i % 9}" for i in range(3000)],
            "Ensembl ids, and those of hardly any .*gene_symbols=",
        ),
        ([str(i) for i in range(3000)], "are numbers, such as Entrez ids"),
        ([f"GENE{i}" for i in range(300)], r"302 genes only, as a panel .*use_raw=True"),
        ([f"GENE{i}" for i in range(9000)], r"not among the 9,002 var_names .*filtered away.*this tissue"),
    ],
)
def test_the_likely_cause_is_named(curated, others, cause):
    _, warned = score(data_of(["CXCL12", "CXCR4", *others]), resource=curated[0])
    (message,) = warned
    assert re.search(cause, message), message


def test_another_tissue_is_told_of_the_resource_for_every_one(curated):
    general = cs.rs.load("general")
    res, _ = curated
    own = {g for side in ("ligand", "receptor") for n in res.interactions[side] for g in n.split("_")}
    others = sorted(set(general.genes) - own)
    adata = data_of(["CXCL12", "CXCR4", *others])
    result, (message,) = score(adata, resource="breast")
    assert result.params["n_testable"] == 1
    pairs = general.interactions
    direct = pairs[pairs["directness"] == "direct"]
    sides = [direct[side].str.split("_") for side in ("ligand", "receptor")]
    n = sum({*a, *b} <= set(adata.var_names) for a, b in zip(*sides, strict=True))
    assert n > 1000
    assert message.endswith(f"the resource is about breast tumours; resource='general' has {n:,} of {len(pairs):,}")
    assert not [m for m in score(adata, resource="general")[1] if FEW in m]
    mouse = data_of(["Cxcl12", "Cxcr4", *(g for g in general.to_species("mouse").genes if g.upper() not in own)])
    (message,) = score(mouse, resource=res.to_species("mouse"))[1]
    assert "resource=cs.rs.load('general').to_species('mouse') has 1," in message


def test_pairs_that_do_not_bind_are_left_out_unless_asked_for(curated):
    res, genes = curated
    result, _ = score(data_of(genes), resource=res)
    pairs = res.interactions
    indirect = pairs.loc[pairs["directness"] == "indirect", "interaction"]
    untested = result.untested.set_index("interaction")
    assert len(indirect) == 19
    assert (untested.loc[indirect, "reason"] == "indirect").all()
    assert "resource.filter(directness='indirect') scores these" in untested.loc[indirect.iloc[0], "detail"]
    assert not set(result.table["interaction"]) & set(indirect)
    alone, _ = score(data_of(genes), resource=res.filter(directness="indirect"))
    protein = pairs.loc[indirect.index, "kind"] == "protein"  # of metabolites and RNA of vesicles no transcript tells
    assert set(alone.table["interaction"]) == set(indirect[protein])
    listed = cs.rs.from_table(pd.DataFrame({"ligand": ["MMP9"], "receptor": ["TGFB1"]}), name="list")
    both, _ = score(data_of(genes), resource=res.merge(listed))
    assert set(both.table["interaction"]) & set(indirect) == {"MMP9^TGFB1"}
    assert both.params["n_testable"] == result.params["n_testable"] + 1
    general = cs.rs.load("general")  # its rules say which of its pairs do not bind
    pairs = general.interactions.set_index("interaction")["directness"]
    whole, _ = score(data_of(general.genes), resource=general)
    assert (pairs == "indirect").sum() > 20
    assert set(whole.table["interaction"]) <= set(pairs.index[pairs == "direct"])


def test_an_empty_resource_does_not_blame_the_data(counts):
    empty = cs.rs.from_table(PAIRS).filter(mode="ecm")
    assert len(empty) == 0
    with pytest.raises(
        ValueError, match=r"resource 'table' \(human\) has no interactions; a filter may have left none"
    ):
        score(cells(lognorm(counts)), resource=empty)


def test_a_fifth_is_enough(curated):
    res, genes = curated
    table = res.interactions[["ligand", "receptor"]].iloc[:0]
    pairs = [(f"L{i}", f"R{i}") for i in range(10)]
    table = pd.DataFrame(pairs, columns=["ligand", "receptor"])
    measured = [g for pair in pairs[:2] for g in pair]
    assert score(data_of([*measured, *genes]), resource=table)[1] == []
    assert len(score(data_of([*measured[:2], *genes]), resource=table)[1]) == 1


@pytest.mark.parametrize("name", ["breast_wu2021_CID4465", "breast_chung2017", "skin_ctcl_gse128531"])
def test_transcriptomes_of_public_data_are_covered(public_data, name):
    adata = public_data(name)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    roles = {"tumour": str(adata.obs["cell_type"].iloc[0])}
    result, warned = said(lambda: cs.tl.score(adata, "cell_type", null=None, inplace=False))
    steps, more = said(lambda: cs.tl.circuits(adata, "cell_type", roles=roles, n_perms=2, inplace=False))
    assert [m for m in warned + more if FEW in m] == []
    assert result.params["n_testable"] > 0.45 * result.params["n_interactions"]
    assert steps.params["n_steps_testable"] > 0.5 * steps.params["n_steps_resource"]


def test_a_table_of_measured_genes_is_covered_in_every_tool():
    adata = cs.ds.simulate(n_samples=2, n_cells=150, rng=0)
    keys = {"sample_key": "sample", "resource": adata.uns["interactions"]}
    compared = {"condition_key": "condition", "reference": "control", "inplace": False}
    net = pd.DataFrame({"source": "P", "target": [f"BG{i:04d}" for i in range(1, 31)], "weight": 1.0})
    lognormal = adata.copy()
    lognormal.X = lognorm(adata.X.toarray())
    for call in (
        lambda: cs.tl.profile(adata, "cell_type", **keys),
        lambda: cs.tl.compare(adata, "cell_type", **keys, **compared),
        lambda: cs.tl.response(adata, "cell_type", net=net, **keys, **compared),
        lambda: cs.tl.score(lognormal, "cell_type", null=None, resource=keys["resource"], inplace=False),
    ):
        result, warned = said(call)
        assert [m for m in warned if FEW in m] == []
        assert result is not None


def test_other_tools_count_and_warn_too():
    adata = cs.ds.simulate(n_samples=2, n_cells=150, rng=0)
    keys = {"condition_key": "condition", "sample_key": "sample", "reference": "control"}
    result, warned = said(lambda: cs.tl.compare(adata, "cell_type", **keys, inplace=False))
    assert [m for m in warned if FEW in m] == [m for m in warned if m.startswith("only 22 of the 260 interactions")]
    assert len([m for m in warned if FEW in m]) == 1
    assert (result.params["n_interactions"], result.params["n_testable"]) == (327, 22)
    adata.X = lognorm(adata.X.toarray())
    result, warned = said(lambda: cs.tl.circuits(adata, "cell_type", n_perms=5, inplace=False))
    assert (
        0 < result.params["n_steps_testable"] < result.params["n_steps_resource"] == len(cs.rs.load("breast").circuits)
    )
    assert "n_interactions" not in result.params
    assert f"{result.params['n_steps_testable']} of 372 steps of circuits testable" in repr(result)
    warned = [m for m in warned if SAMPLES_SAY not in m]  # nobody named the samples of the simulated cohort
    assert len(warned) == len(set(warned)) <= 1


# the scale


@pytest.fixture(params=["dense", "csr", "csc", "backed", "dask"])
def contained(request, tmp_path):
    def put(adata):
        if request.param in ("csr", "csc", "backed"):
            adata.X = (sp.csc_matrix if request.param == "csc" else sp.csr_matrix)(adata.X)
        if request.param == "backed":
            adata.write_h5ad(tmp_path / "a.h5ad")
            return ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
        if request.param == "dask":
            array = pytest.importorskip("dask.array")
            adata.X = array.from_array(adata.X, chunks=(60, adata.n_vars))
        return adata

    return put


@pytest.mark.parametrize("log", [np.log1p, lambda x: np.log2(x + 1), lambda x: np.log10(x + 1)])
def test_logarithms_of_raw_counts(counts, contained, log):
    deep = counts * np.where(np.arange(120) % 3 == 0, 8, 1)[:, None]
    _, warned = score(contained(cells(log(deep))))
    (message,) = warned
    assert re.search(r"adata.X looks like log\S*( \+ 1\))? of raw counts .*normalize_total", message)
    assert score(contained(cells(lognorm(deep))))[1] == []


def test_counts_brought_to_one_total_by_drawing_are_normalised():
    rng = np.random.default_rng(0)
    even = rng.multinomial(60, np.full(6, 1 / 6), 120)
    assert score(cells(np.log1p(even)))[1] == []


SMOOTHED = {
    "means of neighbours": lambda x: lognorm(np.add.reduce([np.roll(x, 3 * i, axis=0) for i in range(7)]) / 7 + 0.01),
    "a constant": lambda x: lognorm(x) + 0.01,
    "a floor": lambda x: np.maximum(lognorm(x), 1e-3),
    "a prior": lambda x: lognorm(x + 0.1),
    "drawn": lambda x: np.random.default_rng(1).gamma(2, size=x.shape),
}


@pytest.mark.parametrize("how", SMOOTHED)
def test_denoised_values_have_no_zeros(counts, contained, how):
    _, warned = score(contained(cells(SMOOTHED[how](counts))))
    (message,) = warned
    assert re.search("adata.X has no zeros, as denoised.*expr_prop leaves nothing out", message)


@pytest.mark.parametrize("name", ["pbmc3k", "breast_chung2017", "breast_xenium10k", "breast_her2st_annotated8"])
def test_normalised_data_are_silent(public_data, name):
    import scanpy as sc

    adata = public_data(name)[:600].copy()
    adata.obs["ct"] = adata.obs["cell_type"].astype(str)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    _, warned = score(adata, resource="breast", expr_prop=0.1)
    assert [m for m in warned if FEW not in m] == []
    few = {"pbmc3k": "breast tumours; resource='general' has", "breast_xenium10k": "as a panel"}
    assert [few[name] in m for m in warned] == ([True] if name in few else [])


# the library


@pytest.fixture(scope="module")
def cohort():
    genes = [*GENES[:4], *(f"H{i}" for i in range(200))]
    sample = np.repeat(np.arange(6), 60)
    mean = np.full((360, 204), 2.0)
    mean[:, 2:4] *= np.where(sample >= 3, 6, 1)[:, None]  # CSF1 and CSF1R alone change
    obs = pd.DataFrame(
        {"ct": "T", "sample": [f"s{i}" for i in sample], "cond": np.where(sample < 3, "a", "b")},
        index=[f"c{i}" for i in range(360)],
    )
    return ad.AnnData(np.random.default_rng(0).poisson(mean).astype("f4"), var=pd.DataFrame(index=genes), obs=obs)


def compare(adata):
    return said(
        lambda: cs.tl.compare(
            adata, "ct", condition_key="cond", sample_key="sample", reference="a", resource=PAIRS, inplace=False
        )
    )


def test_the_library_of_a_few_genes_moves_the_others(cohort):
    whole, warned = compare(cohort)
    assert warned == []
    cut, warned = compare(cohort[:, GENES[:4]].copy())
    (message,) = warned
    assert re.search(r"100% of all counts in adata.X \(4 genes\) .*cut down to such genes.*all genes", message)
    same = [r.table.set_index("interaction").loc["CXCL12^CXCR4", "ligand_effect"] for r in (whole, cut)]
    assert abs(same[0]) < 0.2
    assert same[1] < -1.5


# names and matrices of other forms


@pytest.mark.parametrize("change", ["{} ", "sus_{}", "{}.1", "{}_ENSG00000107562", "mm10___{}"])
def test_symbols_inside_other_text_are_said_to_be(change, curated):
    resource, genes = curated
    with pytest.raises(ValueError, match="symbols stand inside other text in var_names") as error:
        cs.tl.score(data_of([change.format(g) for g in genes]), "ct", resource=resource, n_perms=10)
    assert repr(change.format("ADAMTS1")) in str(error.value)


def test_columns_of_dask_that_are_apart_are_looked_at_together(counts):
    da = pytest.importorskip("dask.array")
    adata = cells(np.log1p(counts))
    assert any("log1p of raw counts" in m for m in score(adata)[1])
    adata.X = da.from_array(adata.X, chunks=(40, 2))
    assert sum("log1p of raw counts" in m for m in score(adata)[1]) == 1


def test_expression_in_raw_alone_is_pointed_at(counts):
    adata = cells(lognorm(counts))
    adata.raw = adata.copy()
    adata.X = None
    with pytest.raises(ValueError, match=r"adata.X is None.*or use_raw=True: adata.raw has 6 genes"):
        cs.tl.score(adata, "ct", resource=PAIRS, n_perms=10)
    assert len(cs.tl.score(adata, "ct", resource=PAIRS, n_perms=10, expr_prop=0, use_raw=True, inplace=False).table)
