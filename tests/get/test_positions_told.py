"""Tools that know nothing of positions say once that there is one that does."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import commscore as cs
from commscore.get import _store


@pytest.fixture
def scores():
    adata = cs.ds.pbmc()
    return cs.tl.score(adata, "cell_type", null=None, inplace=False)


def told(adata, result, caplog):
    """What is logged when a result is stored twice."""
    caplog.clear()
    _store._say_of_positions.cache_clear()
    with caplog.at_level(logging.INFO, "commscore"):
        for _ in range(2):
            _store.finish(adata, "commscore", result, inplace=True)
    return [record.getMessage() for record in caplog.records]


def test_only_where_there_are_positions_that_nothing_used(scores, caplog):
    adata = cs.ds.pbmc()
    assert told(adata, scores, caplog) == []
    adata.obsm["spatial"] = np.zeros((adata.n_obs, 2))
    (line,) = told(adata, scores, caplog)
    assert "cs.tl.spatial asks who meets whom" in line
    adata.uns["mine"] = {"schema": "commscore.spatial/1"}
    assert told(adata, scores, caplog) == []
