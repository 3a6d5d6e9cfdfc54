"""What another version stored is not read as if it were of this one: one error that says who made it and what to do."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import commscore as cs
from commscore.tables.kinds import parse_schema, stored_kinds

KEYS = {"condition_key": "condition", "sample_key": "sample"}


def stored(kind, version, made_by="0.0.9"):
    adata = cs.ds.simulate(n_samples=1, n_cells=20, rng=0)
    params = {"commscore": made_by} if made_by else {}
    key = stored_kinds()[kind].key if kind in stored_kinds() else kind
    table = pd.DataFrame({"source": ["tumour"], "target": ["CAF"], "interaction": ["A^B"]})
    cs.get.store(adata, key, cs.get.Result(table, params, {}, {}, f"commscore.{kind}/{version}"))
    return adata, key


@pytest.mark.parametrize("kind", stored_kinds())
def test_an_older_result_names_its_author_and_the_tool_to_run(kind):
    present = stored_kinds()[kind]
    adata, key = stored(kind, present.version - 1)
    for read in (cs.get.load, cs.get.table, cs.get.params):
        with pytest.raises(ValueError, match=re.escape("was made by commscore 0.0.9")) as error:
            read(adata, key)
        assert str(error.value).endswith(f"which reads {present.schema}): run {present.call} again")
    assert callable(getattr(cs.tl, present.tool))


@pytest.mark.parametrize("kind", stored_kinds())
def test_a_newer_result_asks_for_an_update(kind):
    adata, key = stored(kind, stored_kinds()[kind].version + 1, "7.1")
    with pytest.raises(
        ValueError, match=r"made by a newer version, commscore 7\.1 .*: update commscore, or run cs\.tl"
    ):
        cs.get.load(adata, key)


def test_what_names_no_version_is_not_ours():
    adata, key = stored("dream", 1, "9.0")
    assert len(cs.get.table(adata, key)) == 1  # another kind of tool: its tables as they are
    for schema in ("commscore.score", "commscore.score/x", "liana/1", ""):
        adata.uns[key]["schema"] = schema
        with pytest.raises(KeyError, match="was not written by commscore"):
            cs.get.load(adata, key)
    assert parse_schema("commscore.score/12") == ("score", 12)


def test_tools_plots_and_the_report_refuse_it_too(tmp_path):
    adata, key = stored("score", 0)
    calls = (
        lambda: cs.tl.therapies(adata), lambda: cs.tl.recessive(adata), lambda: cs.tl.loops(adata),
        lambda: cs.pl.dotplot(adata), lambda: cs.pl.heatmap(adata), lambda: cs.get.to_liana(adata),
        lambda: cs.report.write(adata, tmp_path / "r.html"),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(ValueError, match=rf"'{key}'\] was made by commscore 0\.0\.9 .*: run cs\.tl\.score again"):
            call()
    adata, _ = stored("compare", 1)
    for call in (cs.tl.leave_one_out, cs.tl.calibrate, cs.tl.power, cs.pl.volcano, cs.pl.drivers):
        with pytest.raises(ValueError, match=r"run cs\.tl\.compare again"):
            call(adata)
    assert not list(tmp_path.iterdir())


def test_results_of_now_carry_the_version_of_now():
    adata = cs.ds.simulate(n_samples=2, n_cells=100, rng=0)
    result = cs.tl.compare(adata, "cell_type", **KEYS, inplace=False)
    assert result.schema == stored_kinds()["compare"].schema
    assert result.params["commscore"] == cs.__version__
