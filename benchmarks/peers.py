"""Environments of the tools that are compared: ``python benchmarks/peers.py`` makes all of them.

Each tool gets its own virtual environment with a pinned version in ``benchmarks/.envs``. To use an environment
that exists, name its interpreter in ``COMMSCORE_PEERS_PYTHON``; tools that it lacks still get their own.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import venv
from pathlib import Path

ENVIRONMENTS = Path(__file__).parent / ".envs"
PINNED = {"squidpy": "1.8.2", "liana": "1.10.0", "cellphonedb": "5.0.1", "fastccc": "1.0.1"}
IN_SPACE = {"laris": "0.15.0", "commot": "0.0.3"}  # of space_peers.py, beside squidpy and liana
# pip finds no set of versions for all that commot names, so what it imports is named here; the second are installed
# without what they name themselves
BESIDE = {
    "commot": (
        ("numpy<2", "scanpy<1.11", "anndata<0.12", "pandas<2.3", "scipy<1.14", "pot", "plotly", "igraph", "leidenalg",
         "libpysal", "shapely", "python-louvain", "six", "decorator", "smart_open", "levenshtein"),
        ("karateclub", "gensim", "pygsp"),
    )
}  # fmt: skip
OURS = ("rotation", "ring", "independent", "analytic")


def _has(interpreter, tool):
    code = f"import importlib.metadata as m; print(m.version({tool!r}))"
    done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == (PINNED | IN_SPACE)[tool]


def _install(interpreter, *what):
    subprocess.run([interpreter, "-m", "pip", "install", "-q", *what], check=True, capture_output=True)


@functools.cache
def python(tool):
    """Interpreter that has the tool; this one for our own."""
    if tool in OURS:
        return sys.executable
    given = os.environ.get("COMMSCORE_PEERS_PYTHON")
    if given and _has(given, tool):
        return given
    interpreter = str(ENVIRONMENTS / tool / "bin" / "python")
    if not (Path(interpreter).exists() and _has(interpreter, tool)):
        venv.create(ENVIRONMENTS / tool, with_pip=True, clear=True)
        named = f"{tool}=={(PINNED | IN_SPACE)[tool]}"
        if tool in BESIDE:
            first, second = BESIDE[tool]
            _install(interpreter, *first)
            _install(interpreter, "--no-deps", *second, named)
        else:
            _install(interpreter, named)
    return interpreter


def main():
    for tool in PINNED:
        print(tool, PINNED[tool], python(tool))


if __name__ == "__main__":
    main()
