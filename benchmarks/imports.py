"""What importing costs, as a ratio to importing anndata: ``python benchmarks/imports.py``.

CPU seconds of fresh processes (best of several, alternating), less an empty interpreter.
"""

from __future__ import annotations

import resource
import subprocess
import sys

STATEMENTS = {
    "nothing": "pass",
    "anndata": "import anndata",
    "commscore": "import commscore",
    "commscore with tl, rs, get": "import commscore as cs; cs.tl, cs.rs, cs.get",
}
REPEATS = 7


def cpu_seconds(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    best = dict.fromkeys(STATEMENTS, float("inf"))
    for _ in range(REPEATS):
        for name, statement in STATEMENTS.items():
            best[name] = min(best[name], cpu_seconds(statement))
    anndata = best["anndata"] - best["nothing"]
    print("| import | CPU s | ratio to anndata |\n|---|---|---|")
    for name in list(STATEMENTS)[1:]:
        cost = best[name] - best["nothing"]
        print(f"| {name} | {cost:.2f} | {cost / anndata:.2f} |")


if __name__ == "__main__":
    main()
