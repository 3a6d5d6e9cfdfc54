"""Rows that were not tested: out of the table, counted, and made again on demand, in memory and from files."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.tables.compare import LEFT_OUT_ROWS

KEYS = {"condition_key": "condition", "sample_key": "sample"}
ROW = ["contrast", "source", "target", "interaction"]
KEPT = ("tested", "detection", "too_few_samples")


@pytest.fixture(scope="module")
def data():
    """Three stages; one sample has no T cells, and one group is in few samples."""
    adata = cs.ds.simulate(n_samples=3, n_cells=150, conditions=("a", "b", "c"), rng=3)
    samples = adata.obs["sample"].astype(str)
    few = (adata.obs["cell_type"] == "T cell") & ~samples.isin(samples.unique()[:4])
    return adata[~few.to_numpy()].copy()


@pytest.fixture(scope="module")
def compared(data):
    adata = data.copy()
    cs.tl.compare(adata, "cell_type", expr_prop=0.3, **KEYS)
    return adata


def left_out(adata, **kwargs):
    return cs.get.untested(adata, "commscore_compare", rows=True, **kwargs)


def test_table_and_rows_left_out_are_all_rows_once(compared):
    result = cs.get.load(compared, "commscore_compare")
    rows = left_out(compared)
    every = pd.concat([result.table[ROW], rows[ROW]]).astype(str)
    n_groups, n_contrasts = len(result.params["groups"]), len(result.extra["contrasts"])
    assert len(every) == n_contrasts * n_groups**2 * result.params["n_testable"]
    assert not every.duplicated().any()
    assert set(result.table["status"]) <= set(KEPT)
    assert set(rows["status"]) == {"not_expressed", "too_few_samples"}
    assert list(rows.columns) == list(LEFT_OUT_ROWS.names)
    assert len(rows) == result.extra["left_out"]["n_rows"].sum() > len(result.table)


def test_what_is_known_of_a_row_left_out(compared):
    rows = left_out(compared)
    counted = cs.get.load(compared, "commscore_compare").extra["left_out"]
    by = [*ROW[:3], "status"]
    again = rows.groupby(by, observed=True).size()
    assert again.to_dict() == counted.set_index(by)["n_rows"].to_dict()
    n = compared.obs.groupby(["cell_type", "sample"], observed=True).size()
    groups = compared.obs.drop_duplicates("sample").set_index("sample")["condition"]
    for row in rows.sample(20, random_state=0).itertuples():
        both = [s for s in groups.index if min(n.get((row.source, s), 0), n.get((row.target, s), 0)) >= 10]
        level, reference = row.contrast.split(" vs ")
        assert row.n_ref == sum(groups[s] == reference for s in both)
        assert row.n_alt == sum(groups[s] == level for s in both)
        assert row.interaction == f"{row.ligand_complex}^{row.receptor_complex}"
    assert rows.loc[rows["status"] == "not_expressed", "detail"].astype(str).str.contains("reach expr_prop").all()
    assert rows.loc[rows["status"] == "too_few_samples", "detail"].astype(str).str.contains("group|condition").all()


def test_rows_without_enough_samples_stay_where_both_sides_are_expressed(compared):
    table = cs.get.table(compared, "commscore_compare")
    few = table[table["status"] == "too_few_samples"]
    assert len(few) > 0
    for side in ("ligand", "receptor"):
        assert (few[[f"{side}_prop_ref", f"{side}_prop_alt"]].max(axis=1) >= 0.3).all()
    with_less = cs.tl.compare(compared, "cell_type", expr_prop=0.0, inplace=False, **KEYS)
    assert not with_less.extra["left_out"]["status"].eq("not_expressed").any()


def test_statistics_do_not_depend_on_the_rows_left_out(data, compared):
    result = cs.get.load(compared, "commscore_compare")
    table = result.table
    from commscore.stats.multiple import benjamini_hochberg

    for contrast, rows in table.groupby("contrast", observed=True):
        padj = benjamini_hochberg(rows["pvalue"].to_numpy())
        np.testing.assert_array_equal(padj, rows["padj"], err_msg=str(contrast))
    totals = cs.get.totals(compared, by="pair")
    assert len(totals) == len(result.extra["contrasts"]) * len(result.params["groups"]) ** 2
    assert totals["n_tested"].sum() == table["pvalue"].notna().sum()


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
@pytest.mark.filterwarnings("ignore:Writing zarr v2", "ignore::FutureWarning")
def test_files_give_the_same_rows(compared, tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    compared.write_h5ad(path) if ending == "h5ad" else compared.write_zarr(path)
    stored = ad.read_h5ad(path) if ending == "h5ad" else ad.read_zarr(path)
    pd.testing.assert_frame_equal(left_out(stored), left_out(compared), check_categorical=False)


def test_rows_of_one_interaction(compared):
    rows = left_out(compared, interaction="CXCL12^CXCR4")
    assert set(rows["interaction"]) == {"CXCL12^CXCR4"}
    every = left_out(compared)
    assert len(rows) == (every["interaction"] == "CXCL12^CXCR4").sum() > 0
    with pytest.raises(ValueError, match="interaction='CXCL12^CXCR' is not one that was tried".replace("^", r"\^")):
        left_out(compared, interaction="CXCL12^CXCR")


def test_the_result_counts_them(data):
    result = cs.tl.compare(data, "cell_type", expr_prop=0.3, inplace=False, **KEYS)
    n = len(result.table) + result.extra["left_out"]["n_rows"].sum()
    assert result.counted().startswith(f"{n:,} rows, ")
    few = (result.table["status"] == "too_few_samples").sum()
    apart = result.extra["left_out"].groupby("status", observed=True)["n_rows"].sum()
    assert f"{few + apart['too_few_samples']:,} too few samples" in repr(result)
    assert f"{apart['not_expressed']:,} not expressed" in repr(result)


def test_other_results_have_no_rows_apart(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=9, expr_prop=0)
    with pytest.raises(ValueError, match=r"rows=True: adata.uns\['commscore'\] is commscore.score/.* of comparisons"):
        cs.get.untested(small, rows=True)


@pytest.mark.filterwarnings("ignore:test='cells'")
def test_cells_and_stages_leave_rows_out_too(data):
    for kwargs in ({"test": "cells"}, {"order": ["a", "b", "c"]}):
        adata = data.copy()
        more = KEYS | kwargs
        if kwargs.get("test") == "cells":
            more.pop("sample_key")
        cs.tl.compare(adata, "cell_type", expr_prop=0.3, **more)
        result = cs.get.load(adata, "commscore_compare")
        every = pd.concat([result.table[ROW], left_out(adata)[ROW]]).astype(str)
        n_contrasts = len(result.extra["contrasts"])
        assert len(every) == n_contrasts * len(result.params["groups"]) ** 2 * result.params["n_testable"]
        assert not every.duplicated().any()


def test_a_table_in_which_nothing_is_left_is_empty(data):
    with pytest.warns(UserWarning, match="no row could be tested: .* not expressed"):
        result = cs.tl.compare(data, "cell_type", expr_prop=1.0, inplace=False, **KEYS)
    assert result.table["pvalue"].isna().all()
    adata = data.copy()
    cs.get.store(adata, "commscore_compare", result)
    assert len(left_out(adata)) == result.extra["left_out"]["n_rows"].sum()


def test_a_report_says_how_many_and_does_not_list_them(compared, tmp_path):
    cs.report.write(compared, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    n = cs.get.load(compared, "commscore_compare").extra["left_out"]["n_rows"].sum()
    assert f"{n:,} rows that are not in the table" in page
