"""Tools that know nothing of positions say once that there is one that does."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs
from commscore.core.progress import QUIET
from commscore.get import _store


@pytest.fixture
def scores():
    adata = cs.ds.pbmc()
    return cs.tl.score(adata, "cell_type", null=None, inplace=False)


def told(adata, result, capsys):
    """What is shown when a result is stored twice."""
    capsys.readouterr()
    _store._say_of_positions.cache_clear()
    for _ in range(2):
        _store.finish(adata, "commscore", result, inplace=True)
    return capsys.readouterr().err.splitlines()


def test_only_where_there_are_positions_that_nothing_used(scores, capsys, monkeypatch):
    monkeypatch.delenv(QUIET, raising=False)
    adata = cs.ds.pbmc()
    assert told(adata, scores, capsys) == []
    adata.obsm["spatial"] = np.zeros((adata.n_obs, 2))
    (line,) = told(adata, scores, capsys)
    assert "cs.tl.spatial asks who meets whom" in line
    adata.uns["mine"] = {"schema": "commscore.spatial/2"}
    assert told(adata, scores, capsys) == []


def test_not_where_nothing_is_to_be_shown(scores, capsys, monkeypatch):
    monkeypatch.setenv(QUIET, "1")
    adata = cs.ds.pbmc()
    adata.obsm["spatial"] = np.zeros((adata.n_obs, 2))
    assert told(adata, scores, capsys) == []
