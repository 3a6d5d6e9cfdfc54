"""By sample: cells are the values of the profile, rows around their mean, the response below."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from drawn import labels


def meshes(ax):
    return [np.ma.filled(m.get_array(), np.nan) for m in ax.collections if hasattr(m, "get_coordinates")]


def test_cells_are_the_values(samples, changes):
    ax = cs.pl.by_sample(samples, condition_key="stage", comparison=changes)
    drawn = meshes(ax)[0]
    assert labels(ax.xaxis) == list(samples.obs_names)
    names = labels(ax.yaxis)
    assert names[0] == "A^B  tumour → CAF"  # the smallest p-value
    at = {f"{i}  {s} → {t}": k for k, (s, t, i) in enumerate(samples.var.to_numpy())}
    for row, name in zip(drawn, names, strict=True):
        x = samples.X[:, at[name]]
        np.testing.assert_allclose(row, x - np.nanmean(x))


def test_order_puts_samples_together(samples):
    ax = cs.pl.by_sample(samples, condition_key="stage", order=["s3", "s1"], top=2)
    assert labels(ax.xaxis) == ["p6", "p7", "p8", "p0", "p1", "p2"]
    assert "not shown: 3 edges, 3 samples" in ax.get_title()
    assert {"s3", "s1"} <= {t.get_text() for t in ax.texts}


def test_the_reference_of_the_comparison_comes_first(samples, changes):
    late = changes.assign(contrast=changes["contrast"].cat.rename_categories(["s1 vs s3"]))
    ax = cs.pl.by_sample(samples, condition_key="stage", comparison=late)
    assert labels(ax.xaxis) == [f"p{i}" for i in (6, 7, 8, 0, 1, 2, 3, 4, 5)]


def test_response_stands_below_the_same_samples(samples):
    table = pd.DataFrame(
        {"sample": list(samples.obs_names) * 2, "target": "CAF", "pathway": ["P"] * 9 + ["Q"] * 9,
         "activity": np.arange(18.0)}
    )  # fmt: skip
    ax = cs.pl.by_sample(samples, condition_key="stage", response=table, order=["s2", "s1", "s3"], target="CAF")
    upper, lower = meshes(ax)
    assert labels(ax.yaxis)[-2:] == ["P in CAF", "Q in CAF"]
    order = [3, 4, 5, 0, 1, 2, 6, 7, 8]
    np.testing.assert_allclose(lower[0], np.array(order) - 4.0)
    assert upper.shape[1] == lower.shape[1] == 9
    wide = table.pivot(index="sample", columns="pathway", values="activity")
    np.testing.assert_allclose(
        meshes(cs.pl.by_sample(samples, condition_key="stage", response=wide))[1][0], np.r_[-4:5]
    )


def test_a_sample_without_the_receiver_has_no_response(samples):
    table = pd.DataFrame(
        {"sample": list(samples.obs_names)[:7], "target": "CAF", "pathway": "P", "activity": np.arange(7.0)}
    )
    lower = meshes(cs.pl.by_sample(samples, condition_key="stage", response=table))[1]
    np.testing.assert_allclose(np.ma.filled(lower[0], np.nan), [*np.arange(-3.0, 4.0), np.nan, np.nan])
    with pytest.raises(ValueError, match="response lacks samples p0"):
        cs.pl.by_sample(samples, condition_key="stage", response=table.assign(sample="elsewhere").iloc[:1])


def test_errors(samples, changes):
    with pytest.raises(KeyError, match="condition_key='arm' is not a column"):
        cs.pl.by_sample(samples, condition_key="arm")
    with pytest.raises(ValueError, match="response lacks samples p0"):
        cs.pl.by_sample(samples, condition_key="stage", response=pd.DataFrame({"P": [1.0]}, index=["x"]))
    with pytest.raises(ValueError, match="no tested row of comparison is in samples"):
        cs.pl.by_sample(samples, condition_key="stage", comparison=changes.iloc[[5]])
    with pytest.raises(ValueError, match="order has 's7', which is not a condition of these samples"):
        cs.pl.by_sample(samples, condition_key="stage", order=["s7"])
