"""Every table that is stored has its columns declared, in their order: what ``cs.get.columns`` explains."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

import commscore as cs
from commscore.kinds import kind_names, kind_of
from commscore.tables.kinds import kind_of_schema, stored_kinds

ONLY_PRODUCTION = {"consumed", "claim"}
"""Columns of scores and comparisons that measure molecules by the genes that make them."""
ONLY_CONSENSUS = {("score", "magnitude_rank"), ("score", "specificity_rank")}


def test_stored_tables_are_those_that_are_declared(cohort):
    adata = cohort.copy()
    keys = {"condition_key": "condition", "sample_key": "sample"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small samples; what the tools say of them is tested elsewhere
        cs.tl.leave_one_out(adata)
        cs.tl.loops(adata, n_perms=20)
        cs.tl.recessive(adata, n_boot=20)
        cs.tl.response(adata, "cell_type", **keys)
        cs.tl.balance(adata, "cell_type", **keys)
        adata.obsm["spatial"] = np.random.default_rng(0).uniform(0, 500, (adata.n_obs, 2))
        cs.tl.spatial(adata, "cell_type", um_per_unit=1, sample_key="sample", min_cells=5)
    seen = set()
    for key in adata.uns:
        if not key.startswith("commscore"):
            continue
        result = cs.get.load(adata, key)
        kind = kind_of_schema(result.schema)
        assert kind.key == key
        seen.add(kind.name)
        for name, frame in {"table": result.table, **result.extra}.items():
            assert isinstance(frame, pd.DataFrame)
            optional = ONLY_PRODUCTION if (kind.name, name) in {("score", "table"), ("compare", "table")} else set()
            declared = [c for c in kind.tables[name].names if c not in optional or c in frame]
            shown = list(frame.columns)
            # a table of scores has some columns only where they were asked for
            assert shown == [c for c in declared if kind.name != "score" or c in shown], (kind.name, name)
    assert seen == set(stored_kinds())


def test_every_stored_kind_is_shown():
    """Its file of columns and its file of words are called alike; its views name tables and columns that it has."""
    kinds = {name: kind_of(name) for name in kind_names()}
    assert set(kinds) == set(stored_kinds())
    assert len({kind.place for kind in kinds.values()}) == len(kinds)
    of_resource = {"direction", "evidence"}  # what the report adds to interactions
    for name, kind in kinds.items():
        tables = stored_kinds()[name].tables
        assert set(kind.views) <= set(tables), name
        for table, view in kind.views.items():
            columns = {*view.columns, *view.filters, *(column for column, _ in view.sort)}
            assert columns <= {*tables[table].names, *of_resource}, (name, table)
        assert not kind.plot or hasattr(cs.pl, kind.plot), name


def test_a_kind_of_another_tool_is_shown_all_the_same():
    kind = kind_of("dream")
    assert (kind.title, kind.view("top_rows").title, kind.methods) == ("Dream", "Top rows", None)
