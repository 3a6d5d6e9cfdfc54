"""Genes under the names that data give them: the result is that of symbols."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs

SYMBOLS = ["CXCL12", "CXCR4", "CSF1", "CSF1R", "MIF", "CD74", "TGFB1", "TGFBR1", "TGFBR2"]
PAIRS = pd.DataFrame({"ligand": ["CXCL12", "CSF1", "TGFB1"], "receptor": ["CXCR4", "CSF1R", "TGFBR1_TGFBR2"]})
IDS = {
    "CXCL12": "ENSG00000107562",
    "CXCR4": "ENSG00000121966",
    "CSF1": "ENSG00000184371",
    "CSF1R": "ENSG00000182578",
    "MIF": "ENSG00000240972",
    "CD74": "ENSG00000019582",
    "TGFB1": "ENSG00000105329",
    "TGFBR1": "ENSG00000106799",
    "TGFBR2": "ENSG00000163513",
}


@pytest.fixture
def data(small):
    small.var_names = [*SYMBOLS, *small.var_names[len(SYMBOLS) :]]
    return small


def renamed(data, names):
    other = data.copy()
    other.var_names = [names(v) for v in data.var_names]
    return other


def score(adata, resource=PAIRS, **kwargs):
    return cs.tl.score(adata, "cell_type", resource=resource, n_perms=19, expr_prop=0, inplace=False, **kwargs)


NAMES = {
    "Ensembl": lambda v: IDS.get(v, v),
    "Ensembl with version": lambda v: f"{IDS[v]}.{len(v)}" if v in IDS else v,
    "genome": lambda v: f"GRCh38_{v}",
    "genome and Ensembl": lambda v: f"GRCh38_{IDS.get(v, v)}",
    "padded genome": lambda v: f"hg19____{v}",
}


@pytest.mark.parametrize("names", NAMES)
def test_known_names_give_the_result_of_symbols(data, names):
    other = renamed(data, NAMES[names])
    expected, result = score(data), score(other)
    pd.testing.assert_frame_equal(result.table, expected.table)
    assert result.params["aliases"]["CXCR4"] == NAMES[names]("CXCR4")
    breast = cs.rs.load("breast").filter(basis="stated")
    with pytest.warns(UserWarning, match=r"only .* have their genes in var_names"):
        assert len(score(other, breast).table) == len(score(data, breast).table) > 0


def test_stored_scores_are_read_again_under_the_names_of_the_data(data):
    data.obs["sample"] = np.arange(data.n_obs) % 4
    ids = renamed(data, NAMES["Ensembl with version"])
    for adata in (data, ids):
        cs.tl.score(adata, "cell_type", resource=PAIRS, n_perms=19, expr_prop=0)
        cs.tl.recessive(adata, sample_key="sample")
    one, two = (cs.get.table(a, "commscore_recessive") for a in (data, ids))
    pd.testing.assert_frame_equal(one, two)


def test_a_column_of_symbols_stands_for_the_names(data):
    other = renamed(data, lambda v: f"gene {v}")
    other.var["symbol"] = pd.Categorical(data.var_names)
    pd.testing.assert_frame_equal(score(other, gene_symbols="symbol").table, score(data).table)
    other.raw = other.copy()
    part = other[:, :2].copy()
    pd.testing.assert_frame_equal(score(part, use_raw=True, gene_symbols="symbol").table, score(data).table)
    assert score(other, gene_symbols="symbol").params["gene_symbols"] == "symbol"


def test_a_symbol_of_several_variables_or_of_none_is_not_used(data):
    data.var["symbol"] = [None if v == "CSF1" else "CXCR4" if v == "MIF" else v for v in data.var_names]
    renamed_data = renamed(data, lambda v: f"gene {v}")
    with pytest.warns(UserWarning, match=r"adata\.var\['symbol'\]: several variables share CXCR4, and none is known"):
        result = score(renamed_data, gene_symbols="symbol")
    assert set(result.table["interaction"]) == {"TGFB1^TGFBR1_TGFBR2"}
    assert dict(zip(result.untested["interaction"], result.untested["reason"], strict=True)) == {
        "CXCL12^CXCR4": "gene missing",
        "CSF1^CSF1R": "gene missing",
    }


def test_a_wrong_column_is_one_clear_error(data):
    data.var["symbol"] = data.var_names
    data.var["empty"] = None
    with pytest.raises(KeyError, match=r"gene_symbols='symbl' is not a column of adata.var \(symbol, empty\); did you"):
        score(data, gene_symbols="symbl")
    with pytest.raises(ValueError, match=r"gene_symbols='empty': adata.var\['empty'\] has no symbol"):
        score(data, gene_symbols="empty")


@pytest.mark.parametrize("missing", ["drop", "ignore"])
@pytest.mark.parametrize("sep", ["_", "&"])
def test_genes_with_underscores_are_no_complexes(data, sep, missing):
    own = {"CXCL12": "LOC_Os01g01010", "CXCR4": "mm10___Cxcr4", "TGFBR1": "LOC_Os02", "TGFBR2": "B_2_x"}
    other = renamed(data, lambda v: own.get(v, v))
    pairs = pd.DataFrame(
        {"ligand": [own["CXCL12"], "TGFB1"], "receptor": [own["CXCR4"], f"{own['TGFBR1']}{sep}{own['TGFBR2']}"]}
    )
    result = score(other, cs.rs.from_table(pairs, sep=sep), missing_subunits=missing)
    expected = score(data).table
    expected = expected[expected["interaction"] != "CSF1^CSF1R"].reset_index(drop=True)
    np.testing.assert_array_equal(result.table["score"], expected["score"])
    assert set(result.table["interaction"]) == {"LOC-Os01g01010^mm10---Cxcr4", "TGFB1^LOC-Os02_B-2-x"}
    assert result.params["aliases"]["LOC-Os01g01010"] == "LOC_Os01g01010"


def test_a_complex_whose_subunits_are_measured_stays_one(data):
    other = renamed(data, lambda v: "TGFBR1_TGFBR2" if v == "MIF" else v)
    pd.testing.assert_frame_equal(score(other).table, score(data).table)


def test_conditions_are_compared_under_the_names_of_the_data():
    adata = cs.ds.simulate(n_samples=3, n_cells=60, rng=0)
    keys = {"condition_key": "condition", "sample_key": "sample", "inplace": False}
    expected = cs.tl.compare(adata, "cell_type", **keys).table
    symbols = cs.rs.load("breast").symbols.set_index("symbol")["ensembl"].to_dict()
    ids = adata.copy()
    ids.var["symbol"] = adata.var_names
    ids.var_names = [symbols.get(v, "").split("|")[0] or v for v in adata.var_names]
    assert (ids.var_names != adata.var_names).sum() > 40
    pd.testing.assert_frame_equal(cs.tl.compare(ids, "cell_type", **keys).table, expected)
    ids.var_names = [f"x{i}" for i in range(ids.n_vars)]
    pd.testing.assert_frame_equal(cs.tl.compare(ids, "cell_type", gene_symbols="symbol", **keys).table, expected)
    cs.tl.compare(ids, "cell_type", gene_symbols="symbol", **keys | {"inplace": True})
    assert len(cs.tl.leave_one_out(ids, inplace=False).table) > 0  # reads the counts again


def test_data_of_another_species_are_scored(data):
    own = {"CXCL12": "cxcl12a", "CXCR4": "cxcr4b"}
    orthologs = pd.DataFrame({"human": list(own), "zebrafish": list(own.values())})
    fish = cs.rs.from_table(PAIRS).to_species(orthologs)
    table = score(renamed(data, lambda v: own.get(v, v)), fish).table
    expected = score(data, PAIRS[:1]).table
    np.testing.assert_array_equal(table["pvalue_raw"], expected["pvalue_raw"])
    assert set(table["interaction"]) == {"cxcl12a^cxcr4b"}
