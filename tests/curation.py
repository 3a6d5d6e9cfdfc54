"""The folder of the curated tables, what is shipped of them, and the scripts between the two."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CURATION = ROOT / "resources"
DATA = ROOT / "src" / "commscore" / "rs" / "data" / "breast"


def script(name):
    spec = importlib.util.spec_from_file_location(f"resources_{name}", CURATION / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module
