"""The trend: points are samples, diamonds the estimates of the comparison."""

from __future__ import annotations

import numpy as np
import pytest

import commscore as cs
from drawn import labels

EDGE = {"interaction": "A^B", "source": "tumour", "target": "CAF", "stage_key": "stage"}


def groups(ax):
    """Point groups in the order of the stages; diamonds are single points beside them."""
    sets = [c.get_offsets() for c in ax.collections]
    return [s for s in sets if len(s) > 1], [s[0] for s in sets if len(s) == 1]


def test_points_are_the_samples(samples):
    ax = cs.pl.trend(samples, **EDGE)
    drawn, _ = groups(ax)
    x = samples.X[:, 0]
    for i, stage in enumerate(["s1", "s2", "s3"]):
        own = x[(samples.obs["stage"] == stage).to_numpy()]
        own = np.sort(own[np.isfinite(own)])
        np.testing.assert_allclose(drawn[i][:, 1], own)
        assert np.all(np.abs(drawn[i][:, 0] - i) < 0.3)
        assert ax.lines[0].get_ydata()[i] == pytest.approx(own.mean())
    assert labels(ax.xaxis) == ["s1\n(n = 3)", "s2\n(n = 2)", "s3\n(n = 3)"]
    assert "not shown: 1 sample without the source or the target" in " ".join(ax.get_title().split())


def test_estimates_and_shape_come_from_the_comparison(samples, staged):
    ax = cs.pl.trend(samples, **EDGE, comparison=staged)
    _, diamonds = groups(ax)
    base = samples.X[:3, 0].mean()
    rows = [
        staged[(staged["contrast"] == c) & (staged["interaction"] == "A^B") & (staged["target"] == "CAF")].iloc[0]
        for c in ("s2 vs s1", "s3 vs s1")
    ]
    assert [d[1] for d in diamonds] == pytest.approx([base + r["effect"] for r in rows])
    ends = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] > 1][:2]
    np.testing.assert_allclose(ends, [[base + r["ci_low"], base + r["ci_high"]] for r in rows])
    assert "growth (padj\u00a0=\u00a01e-06)" in ax.get_title()


@pytest.mark.parametrize("part", ["ligand", "receptor"])
def test_one_side(samples, staged, part):
    ax = cs.pl.trend(samples, **EDGE, part=part, comparison=staged)
    drawn, diamonds = groups(ax)
    np.testing.assert_allclose(drawn[0][:, 1], np.sort(samples.layers[part][:3, 0]))
    assert diamonds[0][1] == pytest.approx(samples.layers[part][:3, 0].mean() + staged[f"{part}_effect"].iloc[0])


def test_the_reference_of_the_comparison_comes_first(samples):
    from pl.conftest import comparison

    late = comparison("s1 vs s3")
    ax = cs.pl.trend(samples, **EDGE, comparison=late)
    assert [t.split("\n")[0] for t in labels(ax.xaxis)] == ["s3", "s1", "s2"]
    edge = late[(late["interaction"] == "A^B") & (late["target"] == "CAF")].iloc[0]
    _, diamonds = groups(ax)
    assert [d[1] for d in diamonds] == pytest.approx([samples.X[6:, 0].mean() + edge["effect"]])


def test_order_and_errors(samples):
    ax = cs.pl.trend(samples, **EDGE, order=["s3", "s1"])
    assert [t.split("\n")[0] for t in labels(ax.xaxis)] == ["s3", "s1"]
    with pytest.raises(ValueError, match=r"order has 's9', which is not a condition of these samples"):
        cs.pl.trend(samples, **EDGE, order=["s1", "s9"])
    with pytest.raises(KeyError, match=r"stage_key='stagee' is not a column .* did you mean 'stage'"):
        cs.pl.trend(samples, **(EDGE | {"stage_key": "stagee"}))
    with pytest.raises(ValueError, match=r"interaction='X\^Y' is not in the table"):
        cs.pl.trend(samples, **(EDGE | {"interaction": "X^Y"}))
    samples.X[:, 0] = np.nan
    with pytest.raises(ValueError, match="no sample has a value for A\\^B"):
        cs.pl.trend(samples, **EDGE)


def test_what_the_tools_wrote(cohort):
    profile = cs.tl.profile(cohort, "cell_type", sample_key="sample")
    edge = {"interaction": "CSF1^CSF1R", "source": "tumour", "target": "macrophage"}
    ax = cs.pl.trend(profile, **edge, stage_key="condition", comparison=cohort)
    rows = cs.get.table(cohort, "commscore_compare").query(
        "contrast == 'stages' and interaction == 'CSF1^CSF1R' and source == 'tumour' and target == 'macrophage'"
    )
    assert str(rows["shape"].iloc[0]).replace("_", " ") in ax.get_title()
    table = cs.get.table(cohort, "commscore_compare")
    open_ = table.assign(shape=table["shape"].astype(object).where(table["shape"].isna(), "ambiguous"))
    order = ["early", "middle", "late"]
    ax = cs.pl.trend(profile, **edge, stage_key="condition", comparison=open_, order=order)
    assert "changed, shape ambiguous" in ax.get_title().replace("\n", " ")


def test_a_level_goes_before_the_name_of_a_contrast():
    """``"A vs B"`` with ``"C"`` and ``"A"`` with ``"B vs C"`` make one name, and ``"B vs C"`` is a level and a name."""
    stages = ["C", "B", "B vs C", "A vs B", "A"]
    a = cs.ds.simulate(
        n_samples=3, n_cells=60, groups=["a", "b"], conditions=stages, interactions=[("CSF1", "CSF1R")],
        shifts=[cs.ds.Shift(interaction="CSF1^CSF1R", source="a", target="b", log2fc=4, shape="growth")], rng=0,
    )  # fmt: skip
    keys = {"condition_key": "condition", "sample_key": "sample"}
    cs.tl.compare(a, "cell_type", resource=a.uns["interactions"], order=stages, contrast="pairwise", **keys)
    samples = cs.tl.profile(a, "cell_type", sample_key="sample", resource=a.uns["interactions"])
    pairs = cs.get.load(a, "commscore_compare").extra["contrasts"].set_index(["level", "reference"])["contrast"]
    assert pairs["A", "B vs C"] != "A vs B vs C" == pairs["A vs B", "C"]
    edge = {"interaction": "CSF1^CSF1R", "source": "a", "target": "b"}
    table = cs.get.table(a, "commscore_compare", source="a", target="b").set_index("contrast")
    ax = cs.pl.trend(samples, **edge, stage_key="condition", comparison=a, order=["B vs C", "A"])
    at = ((samples.var["source"] == "a") & (samples.var["target"] == "b")).to_numpy()
    base = samples.X[np.ix_((samples.obs["condition"] == "B vs C").to_numpy(), at)].mean()
    _, diamonds = groups(ax)
    assert [d[1] for d in diamonds] == pytest.approx([base + table.loc[pairs["A", "B vs C"], "effect"]])
    for tool in (cs.tl.power, cs.tl.calibrate):
        with pytest.raises(
            ValueError, match="contrast='B vs C' is the name of one contrast and the level of 'B vs C vs"
        ):
            tool(a, contrast="B vs C", resource=a.uns["interactions"])
    with pytest.raises(ValueError, match="contrast='B vs C' is the name of one contrast and the level of"):
        cs.pl.volcano(a, contrast="B vs C")
    assert "A vs B vs C" in cs.pl.volcano(a, contrast="A vs B vs C", max_padj=1).get_title()
