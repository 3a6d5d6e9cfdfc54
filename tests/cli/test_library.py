"""Every tool and every plot is a command: its keywords are the options, and it gives what the library gives."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import _keywords, _tool, app
from robust.calls import World, calls

TOOLS = [name for name in cs.tl.__all__ if name != "method"]
DATA = {"adata", "data", "samples"}
DECIDED = {"ax", "inplace"}
"""A command writes files: where the result goes is what --out says."""


def invoke(*args):
    return CliRunner().invoke(app, [str(a) for a in args])


def options_of(*words):
    """Options as the help shows them, for every command."""
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "240", "TERM": "dumb"})
    assert done.exit_code == 0, done.output
    return set(re.findall(r"^[│\s*]+--([a-z][a-z-]*)", done.output, re.M)), done.output


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A cohort with every kind of result in a file, and samples × edges in another."""
    w = World(tmp_path_factory.mktemp("world"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w.adata.write_h5ad(w.folder / "data.h5ad")
        w.samples.write_h5ad(w.folder / "samples.h5ad")
        w.tissue.write_h5ad(w.folder / "tissue.h5ad")
    return w


def file_of(world, given):
    """The file that holds the data of a call."""
    if "samples" in given:
        return world.folder / "samples.h5ad"
    data = given.get("data", given.get("adata"))
    return world.folder / ("tissue.h5ad" if data is world.tissue else "data.h5ad")


def arguments(world, given):
    """Keywords of a call as words of the command line; tables and mappings as files."""
    words = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name in DATA | DECIDED:
            continue
        if isinstance(value, pd.DataFrame):
            value.to_csv(world.folder / f"{name}.csv", index=False)
            value = world.folder / f"{name}.csv"
        elif isinstance(value, ad.AnnData):
            value = world.folder / "data.h5ad"
        elif isinstance(value, dict):
            (world.folder / f"{name}.json").write_text(json.dumps(value))
            value = world.folder / f"{name}.json"
        values = value if isinstance(value, list) else ["none" if value is None else value]
        words += [word for v in values for word in (option, v)]
    return words


COMMON = {"out", "rows", "help", "log-format", "json", "quiet"}
FILES = {"where", "resume", "mod", "table"}
RESOURCE = {"species", "orthologs", "resource-species"}


@pytest.mark.parametrize("name", TOOLS)
def test_keywords_of_a_tool_are_the_options_of_its_command(name):
    function = getattr(cs.tl, name)
    own = {n.replace("_", "-") for n in inspect.signature(function).parameters if n not in DATA | DECIDED}
    tool = _tool.ToolCommand(name, function)
    added = COMMON | {option.replace("_", "-") for option in tool.table_options}
    added |= FILES | {"plot", "data", "normalize", "backed"} if "adata" in tool.own else set()
    added |= RESOURCE if "resource" in own else set()
    options, text = options_of(name.replace("_", "-"))
    assert own <= options
    assert options - own <= added
    assert f"commscore {name.replace('_', '-')} " in text  # an example
    for keyword in tool.keywords.values():
        assert keyword.help.strip(), keyword.name
        default = inspect.signature(function).parameters[keyword.name].default
        if default is not inspect.Parameter.empty:
            assert keyword.convert(keyword.default) == (
                list(default) if isinstance(default, tuple) and default else default
            )


@pytest.mark.parametrize("name", cs.pl.__all__)
def test_keywords_of_a_plot_are_the_options_of_its_command(name):
    function = getattr(cs.pl, name)
    own = {n.replace("_", "-") for n in inspect.signature(function).parameters if n not in DATA | DECIDED}
    options, _ = options_of("plot", name.replace("_", "-"))
    assert options == own | {"out", "dpi", "resume", "mod", "table", "help", "log-format", "json", "quiet"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_gives_what_the_library_gives(world, tmp_path, name):
    given = calls(world)[f"tl.{name}"]
    out = tmp_path / "out.csv"
    file = [file_of(world, given)] if "adata" in given else []
    done = invoke(name.replace("_", "-"), *file, *arguments(world, given), "--out", out, "--quiet")
    assert done.exit_code == 0, done.output
    if file:
        given = given | {"adata": ad.read_h5ad(file[0])}
    result = getattr(cs.tl, name)(**given)
    expected = result.to_df() if isinstance(result, ad.AnnData) else getattr(result, "surest_first", result)
    written = pd.read_csv(out, keep_default_na=False, na_values=[""])
    assert len(written) == len(expected) > 0
    assert set(expected.columns) <= set(written.columns)
    numbers = expected.select_dtypes(["float", "int"]).columns
    np.testing.assert_allclose(written[numbers].to_numpy(float), expected[numbers].to_numpy(float), rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", cs.pl.__all__)
def test_a_plot_is_drawn(world, tmp_path, name):
    given = calls(world)[f"pl.{name}"]
    file = file_of(world, given)
    out = tmp_path / "out.png"
    done = invoke("plot", name.replace("_", "-"), file, *arguments(world, given), "--out", out, "--dpi", 30)
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.filterwarnings("ignore")
def test_a_number_may_stand_for_a_mapping(world, tmp_path):
    out, words = tmp_path / "out.csv", ["--groupby", "cell_type", "--um-per-unit", 1, "--decoys", 0, "--quiet"]
    for typed, modes in (("30", None), ('{"paracrine": 30}', {"paracrine"})):
        done = invoke("spatial", world.folder / "tissue.h5ad", *words, "--ranges", typed, "--out", out)
        assert done.exit_code == 0, done.output
        table = pd.read_csv(out)
        reached = table if modes is None else table[table["mode"].isin(modes)]
        assert len(reached) > 0
        assert set(reached["range_um"]) == {30.0}
    assert set(table["range_um"]) > {30.0}
    refused = invoke("spatial", world.folder / "tissue.h5ad", *words, "--ranges", "-1")
    assert refused.exit_code == 2
    assert "--ranges" in refused.output


@pytest.mark.filterwarnings("ignore")
def test_positions_that_are_not_used_are_told(world, tmp_path):
    words = ["--groupby", "cell_type", "--n-perms", 5, "--out", tmp_path / "out.csv"]
    untold = world.tissue.copy()
    del untold.uns["commscore_spatial"]
    untold.write_h5ad(tmp_path / "untold.h5ad")
    for file, is_told in ((tmp_path / "untold.h5ad", True), (world.folder / "tissue.h5ad", False)):
        done = invoke("score", file, *words)
        assert done.exit_code == 0, done.output
        assert ("commscore spatial asks who meets whom" in done.output) == is_told


@pytest.mark.filterwarnings("ignore")
def test_a_plot_takes_a_table_too(world, tmp_path):
    cs.get.table(world.adata, "commscore_compare").to_csv(tmp_path / "shifts.csv", index=False)
    done = invoke("plot", "volcano", tmp_path / "shifts.csv", "--out", tmp_path / "v.svg", "--json", "--quiet")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["input"] == {"file": str(tmp_path / "shifts.csv"), "rows": 0} | {
        "rows": len(cs.get.table(world.adata, "commscore_compare"))
    }
    assert (tmp_path / "v.svg").read_text().lstrip().startswith("<?xml")
    refused = invoke("plot", "volcano", tmp_path / "shifts.csv", "--contrast", "absent")
    assert refused.exit_code == 2
    assert "--contrast='absent'" in refused.output


@pytest.mark.filterwarnings("ignore")
def test_data_are_written_as_h5ad_and_zarr_with_every_table_beside(world, tmp_path):
    keys = ["--groupby", "cell_type", "--condition-key", "condition", "--sample-key", "sample", "--min-cells", 5]
    store = tmp_path / "compared.zarr"
    for _ in range(2):  # the second replaces the store of the first
        done = invoke("compare", world.folder / "data.h5ad", *keys, "--out", store, "--key-added", "again",
                      "--totals", tmp_path / "totals.parquet", "--plot", tmp_path / "p.pdf", "--quiet")  # fmt: skip
        assert done.exit_code == 0, done.output
        assert "zarr" not in done.stderr
    stored = cs.get.load(ad.read_zarr(store), "again")
    expected = cs.tl.compare(world.adata, "cell_type", condition_key="condition", sample_key="sample", min_cells=5,
                             inplace=False)  # fmt: skip
    pd.testing.assert_frame_equal(stored.table, expected.table)
    assert len(pd.read_parquet(tmp_path / "totals.parquet")) == len(expected.extra["totals"])
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["compared.zarr", "p.pdf", "totals.parquet"]
    refused = invoke("compare", world.folder / "data.h5ad", *keys, "--two-factors", tmp_path / "x.csv")
    assert refused.exit_code == 2
    assert "needs --factor-key" in refused.output


MAPPINGS = {
    "absent.json": "--roles absent.json does not exist",
    '{"tumour": ': "is not JSON",
    "LIST": "holds a list",
}


@pytest.mark.parametrize("text", MAPPINGS)
def test_mappings_that_cannot_be_read_are_told(world, tmp_path, text):
    (tmp_path / "list.json").write_text("[1]")
    done = invoke("roles", world.folder / "data.h5ad", "--groupby", "cell_type", "--roles",
                  tmp_path / "list.json" if text == "LIST" else text)  # fmt: skip
    assert done.exit_code == 2
    assert MAPPINGS[text] in done.output


def test_messages_name_the_option(world):
    file = world.folder / "data.h5ad"
    for args, message in (
        (("score", "--groupby", "cel_type"), "--groupby='cel_type' is not a column"),
        (("score", "--groupby", "cell_type", "--expr-prop", 2), "--expr-prop must be a number between 0 and 1"),
        (("balance", "--groupby", "cell_type", "--sample-key", "smple"), "--sample-key='smple'"),
        (("compare", "--groupby", "cell_type", "--condition-key", "condition"), "--sample-key"),
        (("loops", "--max-length", 20), "--max-length must be"),
    ):
        done = invoke(args[0], file, *args[1:])
        assert done.exit_code == 2, done.output
        assert message in done.output.splitlines()[-1]


def test_messages_are_said_in_options():
    words = _keywords.keywords_of(cs.tl.score)
    for text, said in (
        ("sample_key='x' is not a column of adata.obs", "--sample-key='x' is not a column of adata.obs"),
        ("give null=None, or use_raw=True", "give --null=None, or --use-raw"),
        ("plus_one=False divides", "--no-plus-one divides"),
        ("adata.obs['sample_key'] and the column sample_key", "adata.obs['sample_key'] and the column --sample-key"),
        ("method must be a name", "--method must be a name"),
        ("the method is known", "the method is known"),
    ):
        assert _keywords.in_options(text, words) == said


def test_none_is_a_choice_of_its_own():
    words = _keywords.keywords_of(cs.pl.heatmap)
    keyword = words["max_padj"]
    assert [keyword.convert(keyword.parser(text)) for text in ("none", "None", "0.1", 0.05)] == [None, None, 0.1, 0.05]


@pytest.mark.parametrize("words", [["--help"], ["plot", "--help"], ["--version"]])
def test_lists_of_commands_import_no_tool(words):
    code = (
        "import sys\nfrom commscore.cli import main\n"
        f"sys.argv = ['commscore', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "names = ('numba', 'anndata', 'scanpy', 'matplotlib', 'commscore.tl._score', 'commscore.pl._table')\n"
        "sys.stderr.write(repr([m for m in names if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]"
