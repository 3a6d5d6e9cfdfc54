"""The command line as a pipeline uses it: real processes, exit codes, JSON, files that are complete or absent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.cli import _files, _run, main

COMMAND = [str(Path(sys.executable).parent / "commscore")]


def call(*args, cwd=None, **env):
    return subprocess.run(
        [*COMMAND, *map(str, args)], capture_output=True, text=True, check=False, cwd=cwd, env=os.environ | env
    )


@pytest.fixture
def inside(monkeypatch, capsys):
    """Run the entry point in this process, which costs no imports."""

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["commscore", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            main()
        shown = capsys.readouterr()
        return subprocess.CompletedProcess(args, exit_info.value.code, shown.out, shown.err)

    return run


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def pbmc(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "pbmc.h5ad"
    cs.ds.pbmc().write_h5ad(path)
    return path


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_summary_is_the_only_thing_on_stdout_and_the_log_is_json(pbmc, tmp_path):
    out, left_out = tmp_path / "table.parquet", tmp_path / "untested.tsv"
    done = call("score", pbmc, "--groupby", "cell_type", "--n-perms", 20, "--rng", 3, "--out", out,
                "--untested", left_out, "--json", "--log-format", "json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (summary,) = lines(done.stdout)
    result = cs.tl.score(cs.ds.pbmc(), "cell_type", n_perms=20, rng=3, inplace=False)
    assert summary["schema"] == "commscore.summary/1"
    assert (summary["command"], summary["status"], summary["exit_code"]) == ("score", "done", 0)
    assert summary["rows"] == len(result.table) == len(pd.read_parquet(out))
    assert summary["significant"] == int((result.table["padj"] <= 0.05).sum())
    assert summary["parameters"] == json.loads(json.dumps(_run.plain(result.params)))
    assert summary["resource"]["sha256"] == cs.rs.load().sha256
    assert summary["versions"]["numpy"] == np.__version__
    assert summary["untested"] == len(result.untested) == len(pd.read_csv(left_out, sep="\t"))
    assert sum(summary["untested_by_reason"].values()) == summary["untested"]
    assert summary["input"] == {"file": str(pbmc), "n_obs": 700, "n_vars": 765}
    assert 0 < summary["seconds"] < 600
    log = lines(done.stderr)
    assert {line["command"] for line in log} == {"score"}
    assert {"time", "level", "message"} <= set.intersection(*map(set, log))
    assert [line["file"] for line in log if line["message"].startswith("wrote")] == [str(out), str(left_out)]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["score", "absent.h5ad", "--groupby", "x"], 2, "does not exist"),
        (["score", "absent.h5ad"], 2, "--groupby"),
        (["score", "absent.h5ad", "--grouby", "x"], 2, "--groupby"),
        (["scores"], 2, "score"),
        (["score", "absent.h5ad", "--groupby", "x", "--n-perms", "many"], 2, "integer"),
    ],
)
def test_errors_are_one_line_of_json_where_that_is_asked_for(inside, tmp_path, args, code, message):
    done = inside(*args, "--json", "--log-format=json")
    assert done.returncode == code
    error = lines(done.stderr)[-1]
    assert error["level"] == "error"
    assert error["exit_code"] == code
    assert message in error["message"]
    (summary,) = lines(done.stdout)
    assert (summary["status"], summary["exit_code"]) == ("error", code)
    assert summary["error"] == error["message"]
    assert names(tmp_path) == []


def test_usage_errors_are_one_line_of_text(tmp_path):
    done = call("score", "x.h5ad", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "commscore: error: Missing option '--groupby'. (see commscore score --help)\n"


def test_no_arguments_show_the_help(inside):
    done = inside()
    assert done.returncode in (0, 2)  # until and from click 8.2
    assert "Usage: commscore" in done.stderr + done.stdout
    assert "Exit codes" in done.stderr + done.stdout


BROKEN = {
    "text": b"not HDF5 at all",
    "empty": b"",
    "truncated": None,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_named(inside, pbmc, tmp_path, kind):
    path = tmp_path / "broken.h5ad"
    path.write_bytes(pbmc.read_bytes()[:50_000] if BROKEN[kind] is None else BROKEN[kind])
    done = inside("score", path, "--groupby", "cell_type", "--out", tmp_path / "x.csv")
    assert done.returncode == 2
    error = done.stderr.splitlines()[-1]
    assert error.startswith(f"commscore: error: FILE {path} cannot be read as AnnData: ")
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["broken.h5ad"]


def test_hdf5_that_is_no_anndata_is_named(inside, tmp_path):
    import h5py

    path = tmp_path / "other.h5ad"
    with h5py.File(path, "w") as file:
        file["X"] = np.ones(3)
    done = inside("compare", path, "--groupby", "a", "--condition-key", "b")
    assert done.returncode == 2
    assert f"FILE {path}" in done.stderr.splitlines()[-1] or "groupby" in done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing_behind(pbmc, tmp_path, number, code):
    out = tmp_path / "table.csv"
    out.write_text("before")
    command = [*COMMAND, "score", str(pbmc), "--groupby", "cell_type", "--n-perms", "3000000", "--out", str(out)]
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # a shell's background jobs ignore Ctrl-C
    ) as process:  # fmt: skip
        for line in process.stderr:
            if line.startswith("running"):
                break
        time.sleep(1)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert json.loads(stdout)["exit_code"] == code
    assert stderr.splitlines()[-1].endswith("no output was written")
    assert names(tmp_path) == ["table.csv"]
    assert out.read_text() == "before"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit of a file's size is set as on Linux")
def test_an_output_that_does_not_fit_leaves_nothing_behind(pbmc, tmp_path):
    code = """
import resource, signal
from commscore.cli import _job, main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
replacing = _job.replacing
def on_a_small_disk(*paths):
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    return replacing(*paths)
_job.replacing = on_a_small_disk
main()
"""
    args = ["score", pbmc, "--groupby", "cell_type", "--n-perms", 10, "--out", tmp_path / "a.csv",
            "--untested", tmp_path / "b.csv"]  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False)
    assert done.returncode == _run.MACHINE, done.stderr
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("commscore: error:")]
    assert "a.csv" in error
    assert "nothing was written" in error
    assert names(tmp_path) == []


EXITS = [
    (ValueError("x"), 2),
    (KeyError("x"), 2),
    (FileNotFoundError("x"), 2),
    (OSError(28, "No space left on device"), 3),
    (MemoryError(), 3),
    (ImportError("x"), 3),
    (ConnectionError("x"), 3),
    (ZeroDivisionError("x"), 1),
    (AttributeError("x"), 1),
    (KeyboardInterrupt(), 130),
    (_run.Terminated(), 143),
]


@pytest.mark.parametrize(
    ("error", "code"), EXITS, ids=lambda x: type(x).__name__ if isinstance(x, BaseException) else ""
)
def test_exit_codes(error, code, capsys):
    import typer

    @_run.command
    def failing() -> None:
        raise error

    assert code in _run.EXIT_CODES
    with pytest.raises(typer.Exit) as exit_info:
        failing(log_format=_run.LogFormat.json, as_json=True, quiet=True)
    assert exit_info.value.exit_code == code
    shown = capsys.readouterr()
    (line,) = lines(shown.err)
    assert line["exit_code"] == json.loads(shown.out)["exit_code"] == code
    assert ("traceback" in line) == (code == 1)
    assert ("ZeroDivisionError" in line["message"]) == isinstance(error, ZeroDivisionError)


def test_prints_warnings_and_progress_of_others_become_lines_of_the_log(capsys):
    @_run.command
    def chatty():
        import sys as system
        import warnings

        system.stdout.write("on standard output\n")  # as a library might
        system.stderr.write("10 %\r20 %\nrest")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("careful\nnow", UserWarning, stacklevel=1)
        return {"a": np.float32(1.5), "b": [np.nan, np.int64(3)], "c": Path("x"), "d": np.array(["s"])}

    chatty(log_format=_run.LogFormat.json, as_json=True, quiet=False)
    shown = capsys.readouterr()
    log = lines(shown.err)
    assert {line["message"] for line in log} == {
        "on standard output",
        "10 %",
        "20 %",
        "rest",
        "UserWarning: careful now",
    }
    assert [line["level"] for line in log if line["message"].startswith("User")] == ["warning"]
    summary = json.loads(shown.out)
    assert {k: summary[k] for k in "abcd"} == {"a": 1.5, "b": [None, 3], "c": "x", "d": ["s"]}


def test_quiet_says_nothing_where_all_is_well(inside, pbmc):
    done = inside("score", pbmc, "--groupby", "cell_type", "--n-perms", 10, "--quiet", "--json")
    assert done.returncode == 0
    assert done.stderr == ""


def test_outputs_appear_together_or_not_at_all(tmp_path):
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("old")

    def write():
        with _files.replacing(a, b) as (first, second):
            first.write_text("new")
            second.write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert a.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]
    with _files.replacing(a, b) as (first, second):
        first.write_text("new")
        second.write_text("new")
        assert a.read_text() == "old"
    assert (a.read_text(), b.read_text()) == ("new", "new")
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_a_full_disk_is_told_by_name(tmp_path):
    path = tmp_path / "a.csv"

    def write():
        with _files.replacing(path):
            raise OSError(28, "No space left on device")

    with pytest.raises(
        OSError, match=r"no space to write .*a\.csv \(No space left on device\); nothing was written"
    ) as error:
        write()
    assert _run.exit_code(error.value) == 3
    assert names(tmp_path) == []


def test_the_same_table_is_the_same_bytes_also_packed(tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2.0], "b": ["x", "y"]})
    path = tmp_path / "a.csv.gz"
    _files.write_table(frame, path)
    first = path.read_bytes()
    time.sleep(1.1)
    _files.write_table(frame, path)
    assert path.read_bytes() == first


def test_fingerprint_of_a_folder_knows_names_and_contents(tmp_path):
    store = tmp_path / "x.zarr"
    (store / "a").mkdir(parents=True)
    (store / "a" / "0").write_bytes(b"1")
    first = _files.fingerprint(store)
    assert _files.fingerprint(store) == first
    (store / "a" / "0").rename(store / "a" / "1")
    assert _files.fingerprint(store) != first


def test_unwritable_folders_and_doubled_names_are_told_before_the_work(inside, pbmc, tmp_path):
    cases = {
        ("--out", tmp_path / "a.csv", "--untested", tmp_path / "a.csv"): "is the file of --out",
        ("--plot", tmp_path / "x.foo"): "--plot",
        ("--untested", tmp_path / "x.h5ad"): "--untested",
        ("--out", tmp_path / "x.txt.gz"): "must end in one of",
        ("--resume",): "--resume needs an output",
    }
    for extra, message in cases.items():
        done = inside("score", pbmc, "--groupby", "cell_type", *extra)
        assert done.returncode == 2
        assert message in done.stderr.splitlines()[-1]
        assert "running" not in done.stderr
    (tmp_path / "folder.csv").mkdir()
    done = inside("score", pbmc, "--groupby", "cell_type", "--out", tmp_path / "folder.csv")
    assert "is a folder" in done.stderr
    whole = tmp_path / "several_tables.zarr"  # as SpatialData writes it: more than the table of one AnnData
    whole.mkdir()
    (whole / "zarr.json").write_text(
        '{"zarr_format": 3, "node_type": "group", "attributes": {"spatialdata_attrs": {}}}'
    )
    done = inside("score", pbmc, "--groupby", "cell_type", "--out", whole)
    assert done.returncode == 2
    assert "is a folder that holds no AnnData alone" in done.stderr
    assert (whole / "zarr.json").is_file()


def test_cells_can_be_chosen(inside, pbmc):
    adata = ad.read_h5ad(pbmc)
    some = adata.obs["phase"].value_counts().index[0] if "phase" in adata.obs else None
    if some is None:
        pytest.skip("the bundled cells have no column phase")
    done = inside("score", pbmc, "--groupby", "cell_type", "--where", f"phase={some}", "--n-perms", 10, "--json")
    assert json.loads(done.stdout)["input"]["n_obs"] == int((adata.obs["phase"] == some).sum())
    for text, message in (
        ("phase", "COLUMN=VALUE"),
        ("phas=x", "did you mean 'phase'"),
        ("phase=x", "no cell is left"),
    ):
        done = inside("score", pbmc, "--groupby", "cell_type", "--where", text)
        assert done.returncode == 2
        assert message in done.stderr.splitlines()[-1]
