"""What a first call costs beyond its work: with compiled kernels on disk, and with nothing compiled.

    python benchmarks/startup.py

Fresh processes. CPU seconds of the first call of ``commscore.tl.score`` less those of a second, equal call in
the same process: with a warm cache (best of several processes) and with an empty ``NUMBA_CACHE_DIR`` (compilation
of everything that call needs).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile

import data
from execute import SINGLE, machine

CALLS = {
    "default": {},
    "ring": {"scheme": "ring"},
    "analytic": {"null": "analytic"},
    "auto": {"null": "auto"},
    "auto, pairs of speed.py": {"null": "auto", "resource": "pairs"},
}
CODE = """
import json, sys, time
t = time.process_time()
import commscore as cs
cs.tl.score
imported = time.process_time() - t
import anndata as ad
import pandas as pd
adata, options = ad.read_h5ad(sys.argv[1]), json.loads(sys.argv[2])
if "resource" in options:
    options["resource"] = pd.read_csv(options["resource"], sep="\\t")
def cost():
    cpu, wall = time.process_time(), time.perf_counter()
    cs.tl.score(adata, "group", inplace=False, n_jobs=1, **options)
    return time.process_time() - cpu, time.perf_counter() - wall
first = cost()
second = min(cost() for _ in range(3))
print(json.dumps({"import": imported, "cpu": first[0], "wall": first[1], "work": second[0], "work_wall": second[1]}))
"""


def fresh(options, cache, path):
    """Cost of the first and of a later call in one new process."""
    environment = {**os.environ, **SINGLE, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-W", "ignore", "-c", CODE, str(path), json.dumps(options)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    path = data.cohort(options.cells)
    pairs = str(data.pairs_path())
    print(f"`python {shlex.join(sys.argv)}`\n\n{machine()}\n")
    print("| call | work, CPU s | warm: first − work, CPU s (wall s) | cold: compile, CPU s (wall s) | import, CPU s |")
    print("|---|---|---|---|---|")
    for name, call in CALLS.items():
        given = call | ({"resource": pairs} if "resource" in call else {})
        with tempfile.TemporaryDirectory() as cache:
            cold = fresh(given, cache, path)
            warm = min((fresh(given, cache, path) for _ in range(options.repeats)), key=lambda r: r["cpu"] - r["work"])
        print(
            f"| {name} | {warm['work']:.2f} "
            f"| {warm['cpu'] - warm['work']:.2f} ({warm['wall'] - warm['work_wall']:.2f}) "
            f"| {cold['cpu'] - cold['work']:.2f} ({cold['wall'] - cold['work_wall']:.2f}) | {warm['import']:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
