"""The installed package does its main job, away from the source tree: ``python smoke.py`` in an empty folder."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path

import commscore as cs


def command(*args: str) -> dict[str, object]:
    """Run ``commscore`` as installed and return its summary."""
    name = Path(sys.executable).parent / "commscore"
    done = subprocess.run([name, *args, "--json", "--quiet"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Raise ``SystemExit`` where something is missing."""
    here = Path(cs.__file__).resolve().parent
    checks = {
        "the package is the installed one": "site-packages" in here.parts,
        "versions agree": metadata.version("commscore") == cs.__version__,
        "types are marked": resources.files("commscore").joinpath("py.typed").is_file(),
        "the resource is there": len(cs.rs.load()) > 100,
        "networks are there": len(cs.rs.progeny()) > 100,
        "data sets are listed": len(cs.ds.list()) > 0,
    }
    with tempfile.TemporaryDirectory() as folder:
        summary = command("demo", "--out", folder, "--n-perms", "100")
        checks["the demo finds something"] = summary["breast"]["significant"] > 0
        made = {p.name for p in Path(folder).iterdir()}
        expected = {"breast.csv", "breast.png", "breast_compare.csv", "pbmc.csv", "report.html"}
        checks["the demo writes everything"] = expected <= made
    checks["resources are listed"] = len(command("resource", "list")["resources"]) > 0
    failed = [name for name, good in checks.items() if not good]
    if failed:
        sys.exit("\n".join(f"FAILED: {name}" for name in failed))


if __name__ == "__main__":
    main()
