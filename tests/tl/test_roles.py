"""Cell roles by the names of groups."""

from __future__ import annotations

import re

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.study.role_names import PARENTS
from commscore.study.roles import ancestors, role_words


def cells(groups, genes=("A", "B"), x=None, each=4):
    n = len(groups) * each
    labels = pd.Categorical(np.repeat(groups, each), categories=list(groups))
    obs = pd.DataFrame({"g": labels}, index=[f"c{i}" for i in range(n)])
    x = np.random.default_rng(0).random((n, len(genes))) if x is None else x
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=list(genes)))


def role_of(group):
    table = cs.tl.roles(cells([group, "zzz"]), "g")
    found = table[table["how"].isin(["exact", "synonym"])]
    return ";".join(found["role"])


@pytest.mark.parametrize(
    ("group", "role"),
    [
        ("Cancer Epithelial", "tumour"), ("CAFs", "caf"), ("T-cells", "t_cell"), ("CD14+ Monocytes", "monocyte"),
        ("Tcell", "t_cell"), ("Bcell", "b_cell"), ("PVL", "pericyte"), ("Tumor", "tumour"), ("Stromal", "stromal_cell"),
        ("CD8+ T cells", "cd8_t"), ("T cells CD8+", "cd8_t"), ("CD4 T cells", "cd4_t"), ("Tregs", "treg"),
        ("CD4+/CD25 T Reg", "treg"), ("Normal Epithelial", "normal_epithelium"),
        ("Luminal Progenitors", "luminal_epithelium"),
        ("tumour endothelial", "endothelial"), ("Tumor-associated macrophages", "macrophage"), ("TAMs", "macrophage"),
        ("M2 macrophages", "m2_macrophage"), ("pDC", "plasmacytoid_dendritic"), ("Dendritic cells", "dendritic"),
        ("NK cells", "nk"), ("NKT cells", "nkt"), ("T_cells_c9_NK_cells_AREG", "nk"), ("Cancer LumB SC", "tumour"),
        ("CAFs MSC iCAF-like", "caf"), ("ER+ breast cancer cells", "tumour_er_positive"), ("fibroblasts", "fibroblast"),
        ("ER-negative tumor", "tumour_er_negative"), ("cancer-associated fibroblasts", "caf"),
        ("Osteoclasts", "osteoclast"),
        ("Myeloid_c12_Monocyte_1_IL1B", "monocyte"), ("natural killer", "nk"), ("CD19+ B", "b_cell"),
    ],
)  # fmt: skip
def test_names_of_groups(group, role):
    assert role_of(group) == role


@pytest.mark.parametrize("group", ["0", "12", "a", "B", "T", "Plasmablasts", "Keratinocyte", "Mast", "cluster 3", "?"])
def test_names_that_say_nothing(group):
    table = cs.tl.roles(cells([group, "zzz"]), "g")
    assert set(table.loc[~table["role"].isin(("ovary", "pituitary", "adrenal")), "how"]) == {"none"}
    last = table[table["role"] == ""].set_index("groups")
    assert set(last.index) == {group, "zzz"}


def test_wider_and_narrower_groups_stand_in():
    table = cs.tl.roles(cells(["T cells", "CAFs", "Pericytes", "Myeloid", "Cancer cells"]), "g").set_index("role")
    assert table.loc["cd8_t", ["groups", "how"]].tolist() == ["T cells", "parent"]
    assert table.loc["treg", ["groups", "how"]].tolist() == ["T cells", "parent"]
    assert table.loc["macrophage", ["groups", "how"]].tolist() == ["Myeloid", "parent"]
    assert table.loc["stromal_cell", ["groups", "how"]].tolist() == ['["CAFs", "Pericytes"]', "children"]
    assert table.loc["tumour_tnbc", ["groups", "how"]].tolist() == ["Cancer cells", "parent"]
    assert "wider" in table.loc["cd8_t", "reason"]
    # where the cells are is part of these roles: nothing stands in
    assert set(table.loc[["circulating_tumour_cell", "osteoclast", "hsc"], "how"]) == {"none"}


def test_several_groups_of_one_role_are_taken_together():
    table = cs.tl.roles(cells(["CAFs 1", "CAFs 2", "B cells"]), "g").set_index("role")
    assert table.loc["caf", "groups"] == '["CAFs 1", "CAFs 2"]'
    assert "CAFs 2" in table.loc["caf", "reason"]


def test_what_is_given_wins():
    adata = cells(["T cells", "CAFs", "c7"])
    table = cs.tl.roles(adata, "g", roles={"tumour": "c7", "caf": ["T cells", "c7"], "nk": None}).set_index("role")
    assert table.loc["tumour", ["groups", "how"]].tolist() == ["c7", "given"]
    assert table.loc["tumour_her2", ["groups", "how"]].tolist() == ["c7", "parent"]
    assert table.loc["caf", "groups"] == '["T cells", "c7"]'
    assert table.loc["nk", ["groups", "how"]].tolist() == ["", "none"]
    assert table.loc["t_cell", "how"] == "exact"
    assert "" not in table.index  # c7 has a role now


@pytest.mark.parametrize(
    ("roles", "error", "match"),
    [
        ({"tumor_cell": "CAFs"}, ValueError, "roles has 'tumor_cell', which is not a role"),
        ({"tumour": "CAF"}, ValueError, "roles\\['tumour'\\]='CAF' is not a group .*did you mean 'CAFs'"),
        (["tumour"], TypeError, "roles must be a dict or None"),
    ],
)
def test_bad_roles(roles, error, match):
    with pytest.raises(error, match=match):
        cs.tl.roles(cells(["CAFs", "b"]), "g", roles=roles)


def test_missing_column():
    with pytest.raises(KeyError, match="groupby='cell_typ'"):
        cs.tl.roles(cells(["CAFs", "b"]), "cell_typ")


def test_guesses_come_with_their_reason():
    x = np.zeros((8, 3))
    x[:4, :2] = 2.0
    x[4:, 2] = 2.0
    adata = cells(["0", "osteoblst"], genes=("CD3D", "CD3E", "PECAM1"), x=x)
    table = cs.tl.roles(adata, "g").set_index("groups")
    assert "t_cell (markers CD3D, CD3E in 100% of its cells" in table.loc["0", "reason"]
    assert "osteoblast (its name 'osteoblast' is similar)" in table.loc["osteoblst", "reason"]
    assert not table.loc["0", "role"]  # a guess is shown and never used


def test_no_match_is_an_error_that_says_what_to_do():
    adata = cells(["0", "1"], each=6)
    with pytest.raises(ValueError, match=r"no group of groupby='g'.*roles=\{'tumour': '0'") as error:
        cs.tl.circuits(adata, "g")
    text = str(error.value)
    assert "'1': no name of a role" in text
    assert "osteoblast" in text.split("Roles:")[1]


def test_words():
    assert role_words("T-cells") == role_words("T lymphocytes") == ("t",)
    assert role_words("Tumor epithelium") == ("tumour", "epithelial")
    assert role_words("ER+ cancer cells") == role_words("ER-positive cancer cell") == ("erpositive", "cancer")
    assert role_words("natural killer (NK) cells") == ("natural", "killer")


def test_the_tree_of_roles_has_no_circle():
    known = set(cs.rs.load().roles["role"]) | {"myeloid", "lymphoid"}
    assert set(PARENTS) | set(PARENTS.values()) <= known
    assert all(role not in ancestors(role) for role in PARENTS)


@pytest.mark.parametrize("name", ["breast_wu2021_CID4465", "breast_chung2017"])
def test_real_annotations(public_data, name):
    table = cs.tl.roles(public_data(name), "cell_type").set_index("role")
    assert table.loc["tumour", "groups"] in ("Cancer Epithelial", "Tumor")
    assert table.loc["cd8_t", "how"] == "parent"
    assert table.loc["osteoclast", "how"] == "none"


def nameless():
    adata = cs.ds.simulate(n_samples=3, n_cells=200, rng=0)
    numbers = adata.obs["cell_type"].cat.codes.astype(str)
    adata.obs["k"] = pd.Categorical("cluster " + numbers)
    return adata


CONTEXTS = {"control": "stage=normal", "case": "stage=invasive"}
NEED_ROLES = {
    "circuits": {},
    "expectations": {"condition_key": "condition", "sample_key": "sample", "contexts": CONTEXTS},
    "balance": {"sample_key": "sample", "sign": "roles"},
}


@pytest.mark.parametrize("tool", NEED_ROLES)
def test_names_that_match_nothing_get_roles_guesses_and_the_way_out(tool):
    adata = nameless()
    if tool == "circuits":
        counts = adata.X.toarray()
        adata.X = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    with pytest.raises(ValueError, match="takes a role of the") as caught:
        getattr(cs.tl, tool)(adata, "k", **NEED_ROLES[tool])
    text = str(caught.value)
    example = re.search(r"roles=\{'(\w+)': '(cluster \d)', \.\.\.\} \(role -> group or list of groups\)", text)
    assert f"'{example[2]}': no name of a role; perhaps {example[1]} " in text  # as guessed, not any group
    assert all(f"'cluster {i}': no name of a role" in text for i in range(8))
    assert "markers COL1A1" in text  # a guess with its reason
    assert {"tumour", "caf", "macrophage"} <= set(text.split("Roles: ")[1].split(", "))
    found = getattr(cs.tl, tool)(adata, "k", roles={"tumour": "cluster 0", "caf": ["cluster 1"]}, inplace=False,
                                 **NEED_ROLES[tool])  # fmt: skip
    assert len(found.table)


def test_names_like_cluster_are_no_hint():
    table = cs.tl.roles(cells(["cluster 1", "fibroblst"]), "g")
    guess = table[table["role"] == ""].set_index("groups")["reason"]
    assert guess["cluster 1"] == "no name of a role; nothing similar"
    assert "fibroblast (its name 'fibroblast' is similar)" in guess["fibroblst"]
