"""Finding genes under other names."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from commscore import rs
from commscore.rs._match import match


@pytest.fixture
def tables(small):
    symbols = pd.DataFrame(
        [
            ("CDH1", "ENSG1", "1", "CDHE|UVO", ""),
            ("GJA1", "ENSG2|ENSG3", "2", "CX43|SHARED", ""),
            ("TGFB1", "ENSG4", "3", "SHARED|CDH1|TGFB", ""),
        ],
        columns=["symbol", "ensembl", "entrez", "aliases", "mouse"],
    )
    return dict(small.tables) | {"symbols": symbols}


def how(tables, names, gene):
    row = match(tables, names, species="human", genes=[gene]).iloc[0]
    return row["found_as"], row["how"]


def test_symbol_before_alias_before_ensembl(tables):
    assert how(tables, ["CDH1", "CDHE", "ENSG1"], "CDH1") == ("CDH1", "symbol")
    assert how(tables, ["CDHE", "ENSG1"], "CDH1") == ("CDHE", "alias")
    assert how(tables, ["ENSG1"], "CDH1") == ("ENSG1", "ensembl")
    assert how(tables, ["ENSG3.14"], "GJA1") == ("ENSG3.14", "ensembl")
    assert how(tables, ["GRCh38_CDH1"], "CDH1") == ("GRCh38_CDH1", "genome")
    assert how(tables, ["hg19_ENSG3.14", "mm10___Gja1"], "GJA1") == ("hg19_ENSG3.14", "genome")
    assert how(tables, [], "CDH1") == ("", "missing")


def test_genes_behind_the_genome_of_another_species_are_not_those_of_this_one(tables):
    assert how(tables, ["mm10___CDH1"], "CDH1") == ("", "missing")
    row = match(tables, ["mm10___Cdh1", "GRCh38_CDH1"], species="mouse", genes=["Cdh1"]).iloc[0]
    assert (row["found_as"], row["how"]) == ("mm10___Cdh1", "genome")
    assert how(tables, ["GRCh38_CDH1", "GRCh37_CDH1"], "CDH1") == ("", "missing")  # two names of one gene


def test_a_name_of_two_genes_or_of_another_symbol_is_never_used(tables):
    assert how(tables, ["SHARED"], "GJA1") == ("", "missing")
    assert how(tables, ["SHARED"], "TGFB1") == ("", "missing")
    assert how(tables, ["CDH1"], "TGFB1") == ("", "missing")


def test_two_names_of_one_gene_are_not_guessed_between(tables):
    assert how(tables, ["CDHE", "UVO"], "CDH1") == ("", "missing")
    assert how(tables, ["CDHE", "UVO", "ENSG1"], "CDH1") == ("ENSG1", "ensembl")


def test_one_row_per_gene_of_the_resource(breast):
    table = breast.match(["ACTB"])
    assert table["gene"].tolist() == breast.genes
    assert set(table["how"]) == {"missing"}
    full = breast.match(breast.genes)
    assert (full["found_as"] == full["gene"]).all()
    assert set(full["how"]) == {"symbol"}


def test_genes_are_subunits_and_genes_of_molecules(small, breast):
    assert small.genes == ["CDH1", "GJA1", "SLC16A1", "TGFB1", "TGFBR1", "TGFBR2", "TNFRSF11B", "TNFSF11"]
    named = set(breast.interactions["ligand"]) | set(breast.interactions["receptor"]) | set(breast.molecules["gene"])
    assert set(breast.genes) == {g for n in named if not n.startswith("met:") for g in n.split("_")}


def test_a_single_string_is_refused(breast):
    with pytest.raises(TypeError, match=r"var_names must be a list of strings, found 'CDH1'"):
        breast.match("CDH1")


def test_aliases_are_no_symbols_and_point_to_one(breast):
    names = rs.aliases()
    symbols = set(breast.symbols["symbol"])
    assert names
    assert not set(names) & symbols
    assert set(names.values()) <= symbols


def test_no_alias_is_ambiguous_among_all_human_genes(priors):
    path = priors / "human_alias_orgHs316.csv.gz"
    with gzip.open(path, "rt") as handle:
        table = pd.read_csv(handle, dtype=str, keep_default_na=False)
    owners = table.groupby("alias")["symbol"].agg(set)
    symbols = set(table["symbol"])
    for alias, symbol in rs.aliases().items():
        assert owners[alias] == {symbol}
        assert alias not in symbols
