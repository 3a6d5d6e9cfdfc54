"""Bad input to tl.score: one clear error each, and the data stay as they were."""

from __future__ import annotations

import copy

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs


def fingerprint(adata):
    """Everything an AnnData holds, deep."""
    return copy.deepcopy(
        {
            "X": adata.X.toarray() if hasattr(adata.X, "toarray") else np.asarray(adata.X),
            "obs": adata.obs,
            "var": adata.var,
            "uns": dict(adata.uns),
            "layers": {k: v.toarray() for k, v in adata.layers.items() if k is not None},
            "obsm": dict(adata.obsm),
            "format": type(adata.X).__name__,
            "sorted": getattr(adata.X, "has_sorted_indices", None),
        }
    )


def assert_untouched(before, adata):
    after = fingerprint(adata)
    np.testing.assert_array_equal(before["X"], after["X"])
    for frame in ("obs", "var"):
        pd.testing.assert_frame_equal(before[frame], after[frame])
    assert before["uns"].keys() == after["uns"].keys()
    assert before["layers"].keys() == after["layers"].keys()
    assert before["format"] == after["format"]
    assert before["sorted"] == after["sorted"]


def scaled(a):
    a.X = a.X.toarray() - 1.0


def counts(a):
    a.X.data = np.ceil(a.X.data)


def with_value(value):
    def change(a):
        a.X.data[5] = value

    return change


def nan_labels(a):
    a.obs["cell_type"] = a.obs["cell_type"].where(np.arange(a.n_obs) > 3)


def one_group(a):
    a.obs["cell_type"] = "same"


def twice(a):
    a.var_names = ["G0", *a.var_names[:-1]]


def ensembl(a):
    a.var_names = [f"ENSG{i:011d}" for i in range(a.n_vars)]


def mouse(a):
    a.var_names = [v.capitalize() if v != "G0" else "g0" for v in a.var_names.str.lower()]


def layer(a):
    a.layers["log"] = a.X.copy()


def nothing(a):
    pass


BAD = {
    "missing column": (nothing, {"groupby": "cel_type"}, KeyError, "did you mean 'cell_type'"),
    "NaN labels": (nan_labels, {}, ValueError, "4 missing labels"),
    "one group": (one_group, {}, ValueError, "at least two groups"),
    "all below min_cells": (nothing, {"min_cells": 1000}, ValueError, "min_cells=1000"),
    "raw counts": (counts, {}, ValueError, "raw counts.*normalize_total"),
    "scaled": (scaled, {}, ValueError, "negative values"),
    "NaN": (with_value(np.nan), {}, ValueError, "NaN or infinite"),
    "infinite": (with_value(np.inf), {}, ValueError, "NaN or infinite"),
    "duplicate genes": (twice, {}, ValueError, "var_names_make_unique"),
    "Ensembl ids": (ensembl, {}, ValueError, "Ensembl ids"),
    "other genes": (lambda a: setattr(a, "var_names", [f"X{i}" for i in range(14)]), {}, ValueError, "no interaction of resource"),  # noqa: E501
    "method": (nothing, {"method": "meen"}, ValueError, "did you mean 'mean'"),
    "two equal methods": (nothing, {"method": ["mean", "mean"]}, ValueError, "different names"),
    "keyword": (nothing, {"nperms": 5}, TypeError, "no keyword 'nperms'; did you mean 'n_perms'"),
    "layer and raw": (layer, {"layer": "log", "use_raw": True}, ValueError, "exclude each other"),
    "layer": (layer, {"layer": "lgo"}, KeyError, "did you mean 'log'"),
    "no raw": (nothing, {"use_raw": True}, ValueError, "adata.raw is None"),
    "use_raw": (nothing, {"use_raw": "yes"}, TypeError, "True or False"),
    "n_perms 0": (nothing, {"n_perms": 0}, ValueError, "n_perms must be an integer between 1 and .*, found 0"),
    "n_perms float": (nothing, {"n_perms": 10.5}, TypeError, "n_perms must be an integer"),
    "null": (nothing, {"null": "permutations"}, ValueError, "did you mean 'permutation'"),
    "scheme": (nothing, {"scheme": "rotate"}, ValueError, "did you mean 'rotation'"),
    "complex": (nothing, {"complex": "max"}, ValueError, "complex='max'"),
    "ties": (nothing, {"ties": ">="}, ValueError, "ties='>='"),
    "prop_filter": (nothing, {"prop_filter": "<"}, ValueError, "prop_filter='<'"),
    "expr_prop": (nothing, {"expr_prop": 10}, ValueError, "between 0 and 1"),
    "min_cells": (nothing, {"min_cells": 0}, ValueError, "min_cells"),
    "groups": (nothing, {"groups": ["a", "bb"]}, ValueError, "'bb', which is not a group"),
    "groups as string": (nothing, {"groups": "a"}, TypeError, r"list of different group names.*write \['a'\]"),
    "one group asked": (nothing, {"groups": ["a"]}, ValueError, "at least two groups"),
    "n_jobs": (nothing, {"n_jobs": 0}, ValueError, "n_jobs"),
    "memory": (nothing, {"memory": 0}, ValueError, "memory"),
    "rng": (nothing, {"rng": -1}, TypeError, "rng must be"),
    "key": (nothing, {"key_added": "a/b"}, ValueError, "key_added='a/b'"),
    "empty key": (nothing, {"key_added": ""}, ValueError, "key_added is empty"),
    "missing_subunits": (nothing, {"missing_subunits": "keep"}, ValueError, "missing_subunits='keep'"),
    "resource": (nothing, {"resource": 5}, TypeError, "resource must be"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error(small, interactions, case):
    change, kwargs, error, message = BAD[case]
    change(small)
    before = fingerprint(small)
    groupby = kwargs.pop("groupby", "cell_type") if "groupby" in kwargs else "cell_type"
    with pytest.raises(error, match=message):
        cs.tl.score(small, groupby, **({"resource": interactions, "n_perms": 5} | kwargs))
    assert_untouched(before, small)


@pytest.mark.parametrize("shape", [(0, 14), (97, 0)])
def test_empty_data(small, interactions, shape):
    part = small[: shape[0], : shape[1]].copy()
    with pytest.raises(ValueError, match="adata is empty"):
        cs.tl.score(part, "cell_type", resource=interactions)


def test_not_inplace_changes_nothing(small, interactions):
    small.layers["log"] = small.X.copy()
    before = fingerprint(small)
    result = cs.tl.score(small, "cell_type", resource=interactions, n_perms=20, inplace=False)
    assert_untouched(before, small)
    assert isinstance(result, cs.get.Result)
    assert cs.tl.score(small, "cell_type", resource=interactions, n_perms=20) is None
    assert set(small.uns) == {"commscore"}
    pd.testing.assert_frame_equal(small.uns["commscore"]["table"], result.table)


def test_untested_rows_have_reasons(small, interactions):
    extra = pd.concat([interactions, pd.DataFrame({"ligand": ["met:lactate"], "receptor": ["G1"]})])
    small.X.data[small.X.indices == 11] = 0
    cs.tl.score(small, "cell_type", resource=extra, n_perms=5, min_cells=12)
    untested = cs.get.untested(small).set_index("interaction")
    assert untested.loc["G3^ABSENT", "reason"] == "gene missing"
    assert untested.loc["G4^G5_ABSENT", "reason"] == "subunit missing"
    assert "ABSENT" in untested.loc["G4^G5_ABSENT", "detail"]
    assert untested.loc["G9_G10^G9_G11", "reason"] == "below expr_prop"
    assert untested.loc["met:lactate^G1", "reason"] == "not measurable in RNA"
    assert untested.loc["*", "reason"] == "too few cells"
    assert "group a: 11 cells" in untested.loc["*", "detail"]
    table = cs.get.table(small)
    assert not set(table["interaction"]) & set(untested.index)
    assert "a" not in set(table["source"])


def test_missing_subunits_can_be_ignored(small, interactions):
    result = cs.tl.score(small, "cell_type", resource=interactions, n_perms=5, missing_subunits="ignore", inplace=False)
    assert (result.table["interaction"] == "G4^G5_ABSENT").any()
    assert list(result.untested["interaction"]) == ["G3^ABSENT"]


def test_groups_restrict_the_cells(small, interactions):
    part = small[small.obs["cell_type"].isin(["a", "b"])].copy()
    one = cs.tl.score(small, "cell_type", resource=interactions, n_perms=30, groups=["a", "b"], inplace=False)
    two = cs.tl.score(part, "cell_type", resource=interactions, n_perms=30, inplace=False)
    pd.testing.assert_frame_equal(one.table, two.table)


def test_nothing_expressed_gives_an_empty_table(small, interactions):
    small.X = small.X * 0
    with pytest.warns(UserWarning, match="nothing could be tested"):
        result = cs.tl.score(small, "cell_type", resource=interactions, n_perms=5, inplace=False)
    assert len(result.table) == 0
    assert set(result.untested["reason"]) == {"below expr_prop", "gene missing", "subunit missing"}


@pytest.mark.filterwarnings("ignore:Writing zarr v2")
@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_result_survives_writing(small, interactions, tmp_path, suffix):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=20)
    path = tmp_path / f"x{suffix}"
    (small.write_h5ad if suffix == ".h5ad" else small.write_zarr)(path)
    back = ad.read_h5ad(path) if suffix == ".h5ad" else ad.read_zarr(path)
    pd.testing.assert_frame_equal(cs.get.table(back), cs.get.table(small), check_categorical=False)
    pd.testing.assert_frame_equal(
        cs.get.untested(back), cs.get.untested(small), check_categorical=False, check_dtype=False
    )
    assert cs.get.params(back)["n_perms"] == 20
    assert cs.get.params(back)["groupby"] == "cell_type"
    assert back.uns["commscore"]["schema"] == "commscore.score/4"


def test_old_symbols_are_found_and_reported():
    adata = cs.ds.simulate(n_samples=1, n_cells=120, rng=0)
    adata.X = adata.X.multiply(1e4 / np.asarray(adata.X.sum(axis=1)).ravel()[:, None]).tocsr().log1p()
    adata.uns.clear()
    expected = cs.tl.score(adata, "cell_type", n_perms=10, inplace=False)
    assert expected.params["aliases"] == {}
    adata.var_names = [{"CD274": "PDL1", "CXCR4": "LESTR"}.get(v, v) for v in adata.var_names]
    result = cs.tl.score(adata, "cell_type", n_perms=10, inplace=False)
    assert result.params["aliases"] == {"CD274": "PDL1", "CXCR4": "LESTR"}
    pd.testing.assert_frame_equal(result.table, expected.table)
