"""Check the wheel and the sdist in a folder: what must be inside is, what must not be is not.

python .ci/check_package.py dist
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "commscore"
IN_SDIST = ("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "README.md", "pyproject.toml",
            "docs/index.md", "resources/README.md", "tests/conftest.py", "tutorials")  # fmt: skip
NEVER = {".venv", "__pycache__", "_build", ".envs", ".cache", ".git", ".coverage", ".hypothesis", ".ruff_cache"}
LARGEST = 20 * 2**20


def main(folder: str) -> list[str]:
    """Return what is wrong."""
    wheels, archives = sorted(Path(folder).glob("*.whl")), sorted(Path(folder).glob("*.tar.gz"))
    if len(wheels) != 1 or len(archives) != 1:
        return [f"{folder} must hold one wheel and one sdist, found {len(wheels)} and {len(archives)}"]
    problems = [f"{p.name} is larger than {LARGEST} bytes" for p in (*wheels, *archives) if p.stat().st_size > LARGEST]
    return problems + check_wheel(wheels[0]) + check_sdist(archives[0])


def source_files() -> set[str]:
    """Return the files of the package, as the wheel names them."""
    files = (p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(PACKAGE.parent).as_posix() for p in files}


def check_wheel(path: Path) -> list[str]:
    """Compare the wheel with the source tree, and read its metadata."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        metadata = message_from_bytes(archive.read(next(n for n in names if n.endswith("/METADATA"))))
    inside = {n for n in names if ".dist-info/" not in n}
    problems = [f"the wheel lacks {n}" for n in sorted(source_files() - inside)]
    problems += [f"the wheel holds {n}" for n in sorted(inside - source_files())]
    wanted = {"commscore/py.typed", "commscore/rs/data/breast/interactions.tsv", "commscore/ds/datasets.toml"}
    problems += [f"the wheel lacks {n}" for n in sorted(wanted - names)]
    if not any(n.endswith("licenses/LICENSE") for n in names):
        problems.append("the wheel lacks the licence")
    fields = {"Name": "commscore", "License-Expression": "BSD-3-Clause AND CC-BY-4.0", "Requires-Python": ">=3.11"}
    problems += [f"{k} is {metadata[k]!r}, want {v!r}" for k, v in fields.items() if metadata[k] != v]
    return problems


def check_sdist(path: Path) -> list[str]:
    """Look for what a build from source and its tests need."""
    with tarfile.open(path) as archive:
        names = {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}
    problems = [f"the sdist lacks {n}" for n in IN_SDIST if not any(f == n or f.startswith(f"{n}/") for f in names)]
    problems += [f"the sdist lacks {n}" for n in sorted({f"src/{n}" for n in source_files()} - names)]
    problems += [f"the sdist holds {n}" for n in sorted(names) if NEVER & set(n.split("/"))]
    return problems


if __name__ == "__main__":
    found = main(*sys.argv[1:])
    print("\n".join(found) or "the wheel and the sdist are complete")
    sys.exit(bool(found))
