"""Names of the resources of the installed package liana, which are listed without importing it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from commscore.rs.io import liana


def test_names_are_those_of_the_package():
    package = pytest.importorskip("liana", reason="liana is not installed")
    assert liana.resources() == sorted(map(str, package.resource.show_resources()))


def test_listing_does_not_import_it():
    pytest.importorskip("liana", reason="liana is not installed")
    code = "import sys; from commscore.rs.io import liana; print(len(liana.resources()), 'liana' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    n, is_imported = done.stdout.split()
    assert int(n) > 5
    assert is_imported == "False"
