"""A scoring method is one file: this test writes one, and it is there, counted, listed and stored."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

import commscore as cs
from commscore import scores as scoring

FILE = '''
"""Fractions of cells that express ligand and receptor, and how concentrated the ligand is."""

from commscore.scores import PROP, SHARE, Score


def both(stats):
    """Product of the fractions, weighted by the ligand's share of the sum over groups."""
    return stats.ligand[PROP] * stats.receptor[PROP] * stats.ligand[SHARE]


SCORE = Score(
    name="both_expressed",
    function=both,
    summary="fractions of expressing cells",
    doi="10.0000/none",
    lowest=0.0,
    highest=1.0,
    measures="specificity",
    needs=(PROP, SHARE),
)
'''


@pytest.fixture
def added(tmp_path):
    path = tmp_path / "both_expressed.py"
    path.write_text(FILE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("both_expressed", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["both_expressed"] = module
    spec.loader.exec_module(module)
    scoring.register(module.SCORE)
    yield module.SCORE
    scoring._methods().pop("both_expressed")
    del sys.modules["both_expressed"]


def test_one_file_adds_a_method(added, small, interactions, tmp_path):
    import anndata as ad

    assert "both_expressed" in set(cs.tl.methods()["method"])
    cs.tl.score(small, "cell_type", resource=interactions, method=["mean", "both_expressed"], n_perms=99)
    small.write_h5ad(tmp_path / "a.h5ad")
    table = cs.get.table(ad.read_h5ad(tmp_path / "a.h5ad"))
    means = small.to_df().groupby(small.obs["cell_type"], observed=True).mean()
    for row in table[table["ligand_complex"] == "G0"].itertuples():
        share = means.loc[row.source, "G0"] / means["G0"].sum()
        assert row.score_both_expressed == pytest.approx(row.ligand_prop * row.receptor_prop * share, rel=1e-6)
    assert table["pvalue_both_expressed"].between(0.01, 1).all()
    assert table["pvalue_both_expressed"].nunique() > 5
    assert "score_both_expressed" in cs.get.to_liana(small)


def test_a_method_needs_no_registration(added, small, interactions):
    again = cs.tl.score(small, "cell_type", resource=interactions, method=added, n_perms=20, inplace=False).table
    assert np.isfinite(again["score"]).all()


def test_refused(added):
    import dataclasses

    scoring.register(added)  # the same one again
    with pytest.raises(ValueError, match="called 'both_expressed' exists already"):
        scoring.register(dataclasses.replace(added))
    with pytest.raises(TypeError, match="must be a Score or a Combination, found str"):
        scoring.register("mean")
