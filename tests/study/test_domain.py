"""A resource about tumours says nothing of tissue without one."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc

import commscore as cs
from commscore.study.domain import named_roles, tumour_roles
from small_circuits import circuits_resource, cohort

CONTEXTS = {"a": "stage=normal", "b": "stage=invasive"}


def healthy_blood():
    """Healthy blood in six samples of two conditions, as counts and as log-normalised expression."""
    adata = cs.ds.pbmc()
    rng = np.random.default_rng(0)
    adata.obs["sample"] = pd.Categorical(rng.choice([f"s{i}" for i in range(6)], adata.n_obs))
    adata.obs["condition"] = np.where(adata.obs["sample"].isin(["s0", "s1", "s2"]), "a", "b")
    adata.layers["counts"] = rng.poisson(np.expm1(adata.X.toarray() if hasattr(adata.X, "toarray") else adata.X))
    return adata


def ask(tool, adata, groupby="cell_type", **more):
    keys = {"condition_key": "condition", "sample_key": "sample"}
    if tool == "circuits":
        return cs.tl.circuits(adata, groupby, n_perms=9, inplace=False, **more)
    if tool == "therapies":
        cs.tl.score(adata, groupby, n_perms=9)
        return cs.tl.therapies(adata, inplace=False, **more)
    if tool == "expectations":
        return cs.tl.expectations(adata, groupby, contexts=CONTEXTS, inplace=False, **keys, **more)
    return cs.tl.balance(adata, groupby, reference="a", inplace=False, **keys, **more)


TOOLS = ["circuits", "therapies", "expectations", "balance"]


@pytest.mark.parametrize("tool", TOOLS)
def test_healthy_blood_is_beyond_a_resource_about_tumours(tool):
    adata = healthy_blood()
    with pytest.raises(ValueError, match="about tumours, and no group of groupby='cell_type'") as caught:
        ask(tool, adata)
    text = str(caught.value)
    assert "\n" not in text
    assert "roles={'tumour': 'my tumour cells'}" in text
    assert "another resource=" in text
    assert not [k for k in adata.uns if str(k) in (f"commscore_{tool}",)]


def test_the_signs_of_roles_are_about_tumours_too():
    with pytest.raises(ValueError, match="signs of resource 'breast' are about tumours"):
        ask("balance", healthy_blood(), sign="roles")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_group_that_is_said_to_be_the_tumour_opens_the_way(tool):
    adata = cohort(n_samples=3, n_cells=150)
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.rename_categories({"tumour": "Epithelial"})
    with pytest.raises(ValueError, match=r"say so with roles=\{'tumour': 'Epithelial'\}"):
        ask(tool, adata)
    assert len(ask(tool, adata, roles={"tumour": "Epithelial"}).table)
    with pytest.raises(ValueError, match="about tumours"):  # said to be absent
        ask(tool, cohort(n_samples=3, n_cells=150), roles={"tumour": None})


def test_therapies_take_the_roles_that_circuits_were_told():
    adata = cohort()
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.rename_categories({"tumour": "Epithelial"})
    cs.tl.circuits(adata, "cell_type", roles={"tumour": ["Epithelial"]}, n_perms=9)
    assert len(ask("therapies", adata).table)


def test_what_a_resource_speaks_of_decides_and_not_its_name():
    steps = [("csf", 1, "communication", "t_cell", "macrophage", "CSF1", "CSF1R", 1)]
    adata = cohort()
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.rename_categories({"tumour": "Epithelial"})
    found = cs.tl.circuits(adata, "cell_type", resource=circuits_resource(steps), n_perms=9, inplace=False)
    assert found.table["status"].tolist() == ["step"]
    with_tumour = [*steps, ("egf", 1, "communication", "cancer_stem_cell", "osteoblast", "AREG", "EGFR", 1)]
    with pytest.raises(ValueError, match="the circuits of resource 'planted' are about tumours"):
        cs.tl.circuits(adata, "cell_type", resource=circuits_resource(with_tumour), n_perms=9, inplace=False)


def test_roles_that_are_a_tumour():
    roles = cs.rs.load().roles["role"]
    assert set(tumour_roles(roles)) == {
        "tumour", "tumour_er_positive", "tumour_er_negative", "tumour_pr_positive", "tumour_her2", "tumour_tnbc",
        "cancer_stem_cell", "circulating_tumour_cell", "disseminated_tumour_cell", "dormant_tumour_cell",
    }  # fmt: skip
    for table in ("circuits", "expectations", "evidence"):
        assert "tumour" in named_roles(cs.rs.load(), table)


@pytest.mark.parametrize(
    ("group", "tumour"),
    [
        ("Cancer Epithelial", True), ("Tumor epithelium", True), ("Epithelial (malignant)", True), ("DCIS_1", True),
        ("Adenocarcinoma", True), ("Invasive_Tumor", True), ("TNBC cells", True), ("epithelial tumour", True),
        ("Epithelial", False), ("Keratinocyte", False), ("Normal Epithelial", False), ("Luminal", False),
        ("Non-malignant epithelial", False), ("non-tumor", False), ("not tumour", False), ("cancer-free", False),
        ("Tumor-infiltrating lymphocytes", False), ("tumour-adjacent epithelium", False), ("pre-malignant", False),
        ("T cells (tumor)", False), ("tumor endothelial", False), ("Cancer-associated fibroblasts", False),
        ("hepatocyte", False), ("Sweat gland", False),
    ],
)  # fmt: skip
def test_names_that_say_that_cells_are_a_tumour(group, tumour):
    obs = pd.DataFrame({"g": pd.Categorical([group, "zzz"] * 4)}, index=[f"c{i}" for i in range(8)])
    table = cs.tl.roles(ad.AnnData(np.eye(8), obs=obs), "g").set_index("role")
    taken = [r for r in tumour_roles(table.index) if table.loc[r, "how"] != "none"]
    assert bool(taken) == tumour


@pytest.mark.parametrize(
    ("name", "tumour"),
    [
        ("breast_wu2021_CID4465", "Cancer Epithelial"), ("breast_chung2017", "Tumor"),
        ("breast_copykat_tnbc302", "Cancer Epithelial"), ("breast_xenium10k", "Breast cancer"),
        ("breast_her2st_annotated8", ""), ("kang2018_muscat", ""), ("kang2018_ifnb1k", ""), ("pbmc3k", ""),
        ("kang2018_harmony2k", ""), ("mouse_tms_liver_aging", ""),
        ("skin_ctcl_gse128531", ""),
    ],
)  # fmt: skip
def test_tumours_of_public_data(public_data, name, tumour):
    table = cs.tl.roles(public_data(name), "cell_type").set_index("role")
    assert table.loc["tumour", "groups"] == tumour
    assert set(table.loc[tumour_roles(table.index), "groups"]) <= {tumour, ""}


def test_healthy_skin_has_no_balance_of_a_tumour(public_data):
    adata = public_data("skin_ctcl_gse128531")
    keys = {"sample_key": "sample", "condition_key": "condition", "inplace": False}
    with pytest.raises(ValueError, match="takes a tumour role"):
        cs.tl.balance(adata, "cell_type", **keys)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    with pytest.raises(ValueError, match=r"takes a tumour role.*roles=\{'tumour': 'my tumour cells'\}"):
        cs.tl.circuits(adata, "cell_type", n_perms=9, inplace=False)  # and not the sweat gland, an epithelium
