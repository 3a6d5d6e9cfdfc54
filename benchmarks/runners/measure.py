"""What every runner shares: read the task, warm up, run the call, write CPU seconds and memory as JSON.

CPU seconds are of the process and of its finished children. Peak memory is what the kernel saw (VmHWM, reset
before the call), less what was resident after loading the data. Memory of children is not added.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import resource
import time
from pathlib import Path

SHORT = 15.0  # seconds; shorter calls are repeated and the fastest counts


def _status(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return float("nan")


def _settle():
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return


def _cpu():
    use = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in use)


def once(work):
    """Run ``work`` and return what it cost, with what it returned."""
    _settle()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    cpu, wall = _cpu(), time.perf_counter()
    value = work()
    cost = {"cpu_s": _cpu() - cpu, "wall_s": time.perf_counter() - wall}
    peak = _status("VmHWM")
    return {**cost, "peak_mb": peak - before, "peak_total_mb": peak, "loaded_mb": before}, value


def best(work, repeats):
    """Cheapest of ``repeats`` runs, of one run if that takes long; memory is of the first."""
    first, value = once(work)
    cost = first
    for _ in range(repeats - 1):
        if first["wall_s"] > SHORT:
            break
        again, value = once(work)
        cost = min(cost, again, key=lambda c: c["cpu_s"])
    return {**cost, **{k: first[k] for k in ("peak_mb", "peak_total_mb", "loaded_mb")}}, value


def run(call, *, version, after=None):
    """Measure ``call(adata, task) -> number of tests``; ``after(adata, task)`` adds figures of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=json.loads)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    task = options.task
    import anndata as ad

    call(ad.read_h5ad(task["tiny"]), {**task, "n_perms": task["tiny_perms"]})
    adata = ad.read_h5ad(task["data"])
    cost, n_tests = best(lambda: call(adata, task), task["repeats"])
    extra = after(adata, task) if after else {}
    options.out.write_text(json.dumps({**cost, "n_tests": int(n_tests), "version": version, **extra}))
