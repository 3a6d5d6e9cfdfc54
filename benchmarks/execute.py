"""Run one tool on one cohort in a process of its own, one thread, and describe the machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import data
import peers

RUNNERS = Path(__file__).parent / "runners"
LOG = data.CACHE / "runs.jsonl"
SINGLE = dict.fromkeys(
    ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
FEWER = (60, 240)  # permutations from which a slow peer is extrapolated
TINY_PERMS = 120
HOURS = 3600


@dataclass(frozen=True)
class Setting:
    """Cohort and permutations of one run."""

    cells: int
    perms: int = 1000
    groups: int = data.N_GROUPS
    extra: int = 0
    repeats: int = 3


def _task(tool, setting):
    folder, archive = data.database()
    return {
        "tool": tool,
        "data": str(data.cohort(setting.cells, n_groups=setting.groups, extra=setting.extra)),
        "tiny": str(data.cohort(data.TINY, n_groups=setting.groups, extra=setting.extra)),
        "pairs": str(data.pairs_path()),
        "database": str(folder),
        "database_zip": str(archive),
        "n_perms": setting.perms,
        "tiny_perms": TINY_PERMS,
        "repeats": setting.repeats,
    }


def run(tool, setting, *, memory_gb=14.0, timeout=HOURS):
    """Cost of one tool as a dictionary; with ``error`` instead if it failed or needed more than ``memory_gb``."""
    task = _task(tool, setting)
    runner = RUNNERS / ("ours.py" if tool in peers.OURS else f"with_{tool}.py")
    limit = int(memory_gb * 2**30)
    # peers are measured as they come; PYTHONPATH would leak our sources into their interpreters
    environment = {**os.environ, **SINGLE, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    if tool not in peers.OURS:
        environment.pop("PYTHONPATH", None)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [peers.python(tool), str(runner), json.dumps(task), out.name]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=timeout, check=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
            )  # fmt: skip
            text = Path(out.name).read_text() if done.returncode == 0 else ""
            error = "" if text else (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        except subprocess.TimeoutExpired:
            text, error = "", f"more than {timeout} s"
    cost = json.loads(text) if text else {"error": error}
    record = {"tool": tool, "cells": setting.cells, "groups": setting.groups, "extra": setting.extra,
              "n_perms": setting.perms, **cost}  # fmt: skip
    with LOG.open("a") as log:
        log.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **record}) + "\n")
    return record


def whole(tool, setting, *, limit, **options):
    """Cost for all permutations; beyond ``limit`` CPU seconds linearly extrapolated from ``FEWER``."""
    if tool in peers.OURS or tool == "fastccc":
        return run(tool, setting, **options)
    first = _fewer(tool, setting, FEWER[0], **options)
    if "error" in first:
        return first
    if first["cpu_s"] * setting.perms / FEWER[0] <= limit:
        return run(tool, setting, **options)
    few = [first, _fewer(tool, setting, FEWER[1], **options)]
    if "error" in few[1]:
        return few[1]
    predicted = _line(few, "cpu_s", setting.perms)
    if predicted <= limit:
        return run(tool, setting, **options)
    return {
        **few[1], "n_perms": setting.perms, "extrapolated": True, "cpu_s": predicted, "wall_s": float("nan"),
    }  # fmt: skip


def _fewer(tool, setting, n_perms, **options):
    return run(tool, Setting(setting.cells, n_perms, setting.groups, setting.extra, 1), **options)


def _line(two, what, at):
    (a, b), (x, y) = FEWER, (two[0][what], two[1][what])
    return x + (y - x) * (at - a) / (b - a)


def machine():
    """One line: processor, cores, memory, versions, load and date."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("commscore", "numba", "numpy", "anndata"))
    theirs = ", ".join(f"{tool} {version}" for tool, version in peers.PINNED.items())
    return (
        f"{model}, {os.cpu_count()} cores shared with other work (load {os.getloadavg()[0]:.1f}), {memory:.0f} GB; "
        f"Python {platform.python_version()}, {versions}; peers {theirs}; pairs {data.pairs()[1]}; {_source()}; "
        f"{time.strftime('%Y-%m-%d')}"
    )


def _source():
    import commscore

    folder = Path(commscore.__file__).parent
    done = subprocess.run(
        ["git", "-C", folder, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return f"source {done.stdout.strip() or 'unversioned'}"
