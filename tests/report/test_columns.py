"""Every table that is stored has its columns declared, in their order: what ``cs.get.columns`` explains."""

from __future__ import annotations

import warnings

import pandas as pd

import commscore as cs
from commscore.tables.kinds import KINDS
from commscore.tables.versions import VERSIONS, parse_schema

ONLY_CONSENSUS = {("score", "magnitude_rank"), ("score", "specificity_rank")}


def test_stored_tables_are_those_that_are_declared(cohort):
    assert set(KINDS) == set(VERSIONS)
    adata = cohort.copy()
    keys = {"condition_key": "condition", "sample_key": "sample"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small samples; what the tools say of them is tested elsewhere
        cs.tl.leave_one_out(adata)
        cs.tl.loops(adata, n_perms=20)
        cs.tl.recessive(adata, n_boot=20)
        cs.tl.response(adata, "cell_type", **keys)
        cs.tl.balance(adata, "cell_type", **keys)
    seen = set()
    for key in adata.uns:
        if not key.startswith("commscore"):
            continue
        result = cs.get.load(adata, key)
        kind = parse_schema(result.schema)[0]
        seen.add(kind)
        for name, frame in {"table": result.table, **result.extra}.items():
            assert isinstance(frame, pd.DataFrame)
            declared = KINDS[kind][name].names
            shown = list(frame.columns)
            # a table of scores has some columns only where they were asked for
            assert shown == [c for c in declared if kind != "score" or c in shown], (kind, name)
    assert seen == set(KINDS)
