"""Where R and its packages are, the scripts in ``tests/reference`` write what lies there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

REFERENCE = Path(__file__).parents[1] / "reference"
PACKAGES = {"limma": ("limma", "statmod"), "tmm": ("edgeR",)}


@pytest.mark.slow
@pytest.mark.parametrize("script", PACKAGES)
def test_r_gives_the_stored_values(script, tmp_path):
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    for package in PACKAGES[script]:
        if subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True).returncode:
            pytest.skip(f"R has no {package}")
    subprocess.run(
        ["Rscript", "--vanilla", REFERENCE / f"{script}.R", "."], cwd=tmp_path, check=True, capture_output=True
    )
    stored = sorted(REFERENCE.glob(f"{script}_*.csv"))
    assert [path.name for path in stored] == sorted(path.name for path in tmp_path.glob("*.csv"))
    for path in stored:
        found, known = pd.read_csv(tmp_path / path.name), pd.read_csv(path)
        numbers = known.select_dtypes("number").columns  # not the version of the package
        pd.testing.assert_frame_equal(found[numbers], known[numbers], rtol=1e-8, check_exact=False)
