"""Errors and warnings that say what is probably wrong, and none where nothing is."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from commscore.study.scale import warn_of_scale


def normalised(counts, total):
    x = sparse.csr_matrix(counts, dtype=np.float32)
    sums = np.asarray(x.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(total / np.maximum(sums, 1)) @ x, dtype=np.float32)


def logged(x, log=np.log1p):
    return sparse.csr_matrix((log(x.data), x.indices, x.indptr), shape=x.shape)


def said_of(x):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warn_of_scale(x, "adata.X", highest=float(x.max()))
    return [str(w.message) for w in said]


def check_scales(counts):
    for total in (1e4, 1e6, float(np.median(np.asarray(counts.sum(axis=1))))):
        x = normalised(counts, total)
        assert said_of(logged(x)) == []
        assert said_of(logged(x, lambda v: np.log2(v + 1))) == []
        assert said_of(logged(x).toarray()) == []
        assert "not log-transformed" in said_of(x)[0]
        assert "log-transformed twice" in said_of(logged(logged(x)))[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", cs.ds.list()["name"])
def test_scales_of_real_data(public_data, name):
    adata = public_data(name)
    check_scales(sparse.csr_matrix(adata.X)[:: max(1, adata.n_obs // 400)])


def test_scales_of_simulated_and_of_bundled_data():
    check_scales(sparse.csr_matrix(cs.ds.simulate(n_samples=2, n_cells=100, rng=0).X))
    x = cs.ds.pbmc().X
    assert said_of(x) == []
    assert "not log-transformed" in said_of(logged(x, np.expm1))[0]
    assert "twice" in said_of(logged(x))[0]


def test_what_has_no_pattern_gives_no_warning(small):
    assert said_of(small.X) == []
    assert said_of(small.X.tocsc()) == []
    assert said_of(sparse.csr_matrix((5, 3))) == []
    assert "reach 3000" in said_of(small.X * (3000 / small.X.max()))[0]


@pytest.mark.parametrize("tool", ["score", "circuits"])
def test_tools_warn_of_the_scale_at_the_line_of_the_caller(tool):
    adata = cs.ds.simulate(n_samples=2, n_cells=150, rng=0)
    adata.X = normalised(adata.X, 1e4)
    with pytest.warns(UserWarning, match="adata.X looks normalised, but not log-transformed") as said:
        getattr(cs.tl, tool)(adata, "cell_type", n_perms=5)
    assert said[0].filename == __file__
    adata.X = logged(adata.X)
    getattr(cs.tl, tool)(adata, "cell_type", n_perms=5)


def test_species_that_names_look_like(small, interactions):
    small.var_names = [f"{v[0]}{v[1:].lower()}x{i}" for i, v in enumerate(["Tgfb", "Csf", "Il"] * 4 + ["Cxcl", "Ccl"])]
    mouse = [v.capitalize() for v in ("CSF1", "CSF1R", "TGFB1", "TGFBR1", "TGFBR2")]
    small.var_names = [*mouse, *small.var_names[5:]]
    human = cs.rs.from_table(pd.DataFrame({"ligand": ["CSF1"], "receptor": ["CSF1R"]}))
    with pytest.raises(ValueError, match=r"look like mouse symbols; use resource=cs.rs.load.*to_species\('mouse'\)"):
        cs.tl.score(small, "cell_type", resource=human)
    small.var_names = [v.upper() for v in small.var_names]
    with pytest.raises(ValueError, match=r"\(mouse\).*look like human symbols; use the human resource"):
        cs.tl.score(small, "cell_type", resource=human.to_species("mouse"))
    small.var_names = [v.lower() for v in small.var_names]
    with pytest.raises(ValueError, match=r"no interaction of resource .* \(human\)"):
        cs.tl.score(small, "cell_type", resource=human)


def test_genes_without_a_known_ortholog_are_told():
    table = pd.DataFrame({"ligand": ["CSF1", "NOTAGENE1"], "receptor": ["CSF1R", "NOTAGENE2"]})
    resource = cs.rs.from_table(table)
    with pytest.warns(UserWarning, match=r"1 of 2 interactions are left out .*give orthologs=") as said:
        assert len(resource.to_species("mouse")) == 1
    assert said[0].filename == __file__
    pairs = pd.DataFrame({"human": ["CSF1", "CSF1R"], "mouse": ["Csf1", "Csf1r"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(resource.to_species("mouse", orthologs=pairs)) == 1
        assert len(cs.rs.load().to_species("mouse")) > 100


def test_a_table_with_other_names_is_shown_the_way(small):
    table = pd.DataFrame({"from": ["G0"], "to": ["G1"]})
    with pytest.raises(ValueError, match=r"no column 'ligand' and no 'receptor' \(it has 'from', 'to'\).*from_table\("):
        cs.tl.score(small, "cell_type", resource=table)


def test_numbers_as_groups_are_not_listed_one_by_one(small, interactions):
    small.obs["depth"] = np.random.default_rng(0).random(97)
    with pytest.raises(ValueError, match=r"… \(97 in all\)") as found:
        cs.tl.score(small, "depth", resource=interactions)
    assert len(str(found.value)) < 600
    small.obs["depth"] = np.random.default_rng(0).permutation(np.r_[np.arange(96), 0])
    with pytest.raises(ValueError, match=r"groups has 'x', which is not a group .*\(.*… \(96 in all\)\)"):
        cs.tl.score(small, "depth", resource=interactions, groups=["x", "y"])


def test_minus_one_is_all_cores(small, interactions):
    one, every, but_one = (
        cs.tl.score(small, "cell_type", resource=interactions, n_perms=20, n_jobs=n, inplace=False).table
        for n in (1, -1, -2)
    )
    pd.testing.assert_frame_equal(one, every)
    pd.testing.assert_frame_equal(one, but_one)
    with pytest.raises(ValueError, match="n_jobs must be an integer between -1024 and 1024, not 0, found 0"):
        cs.tl.score(small, "cell_type", resource=interactions, n_jobs=0)


def test_a_file_that_is_broken_is_named(tmp_path, monkeypatch):
    name = cs.ds.list()["name"].iloc[0]
    (tmp_path / f"{name}.h5ad").write_bytes(b"no HDF5")
    monkeypatch.setenv("COMMSCORE_DATA", str(tmp_path))
    with pytest.raises(OSError, match=rf"{name}\.h5ad cannot be read"):
        cs.ds.fetch(name)


def test_what_the_call_names_and_the_data_do_not_have():
    adata = cs.ds.simulate(n_samples=2, n_cells=150, rng=0)
    mouse = cs.rs.load("breast").to_species("mouse")
    keys = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
    with pytest.warns(UserWarning, match=r"contexts\['case'\]: 'stage=invasiv' .*similar: stage=invasive.*nothing is"):
        cs.tl.expectations(adata, "cell_type", contexts={"control": "stage=normal", "case": "stage=invasiv"}, **keys)
    adata.X = logged(normalised(adata.X, 1e4))
    with pytest.raises(
        ValueError, match=r"no step of a circuit of resource 'breast' \(mouse\).*look like human symbols"
    ):
        cs.tl.circuits(adata, "cell_type", resource=mouse, n_perms=5)
    with pytest.raises(ValueError, match="counts_layer='cuonts' needs sample_key="):
        cs.tl.circuits(adata, "cell_type", counts_layer="cuonts", n_perms=5)
    cs.tl.score(adata, "cell_type", n_perms=5)
    with pytest.raises(
        ValueError, match=r"no gene of resource 'breast' \(mouse\) is in the stored scores.*look like human"
    ):
        cs.tl.therapies(adata, resource=mouse)
    assert "commscore_therapies" not in adata.uns
