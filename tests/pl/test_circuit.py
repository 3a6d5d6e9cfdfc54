"""The circuit: boxes are roles, arrows are steps, dashed what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

import commscore as cs
from drawn import hexes, overlaps


@pytest.fixture
def edges():
    rows = [
        (1, "communication", "tumour", "caf", "A", "B", 1, "expressed"),
        (2, "communication", "tumour", "caf", "C", "D_E", -1, "below expr_prop"),
        (3, "intracellular", "caf", "caf", "B", "F", 1, "expressed"),
        (4, "communication", "caf", "t_cell", "F", "G", 1, "gene missing"),
        (5, "gate", "caf", "caf", "H", "B", 1, "acts on its edge"),
    ]
    frame = pd.DataFrame(rows, columns=["step", "edge", "source_role", "target_role", "from", "to", "sign", "status"])
    absent = ["", "", "", "G", ""]
    return frame.assign(circuit="c1", source="g1", target="g2", gates="", absent=absent)


def arrows(ax):
    return [p for p in ax.patches if isinstance(p, FancyArrowPatch)]


def test_boxes_and_arrows(edges):
    ax = cs.pl.circuit(edges, "c1")
    assert len([p for p in ax.patches if isinstance(p, FancyBboxPatch)]) == 3
    drawn = arrows(ax)
    assert len(drawn) == 3  # steps 1, 2 and 4; step 3 stands in its box, the gate is no step
    assert [p.get_linestyle() == "-" for p in drawn] == [True, False, False]
    assert [type(p.get_arrowstyle()).__name__ for p in drawn] == ["CurveFilledB", "BracketB", "CurveFilledB"]
    words = [t.get_text() for t in ax.texts]
    assert {"1. A → B", "2. C ⊣ D_E", "3. B ⇒ F", "4. F → G (G missing)", "tumour", "CAF", "T cell"} <= set(words)
    assert not any(w.startswith("5") for w in words)
    assert overlaps([t for t in ax.texts if t.get_text()], ax.figure) == 0


def test_colour_is_the_change(edges):
    import matplotlib as mpl

    changes = pd.DataFrame(
        {"contrast": "B vs A", "circuit": "c1", "step": [0, 1, 2, 3], "effect": [0.5, 2.0, -1.0, np.nan]}
    )
    ax = cs.pl.circuit(edges, "c1", contrast="B vs A", changes=changes)
    scale = ax.figure.axes[1]
    low, high = scale.get_ylim()
    assert low == -high
    cmap = mpl.colormaps["RdBu_r"]
    wanted = [cmap(0.5 + e / (2 * high)) for e in (2.0, -1.0)]
    assert hexes([p.get_edgecolor() for p in arrows(ax)][:2]) == hexes(wanted)
    assert ax.get_title() == "c1\nB vs A"


def test_what_the_tool_wrote(cohort):
    table = cs.get.table(cohort, "commscore_circuits")
    steps = cs.get.load(cohort, "commscore_circuits").extra["edges"]
    for name in table.sort_values("n_steps")["circuit"].iloc[[0, -1]]:
        ax = cs.pl.circuit(cohort, name)
        own = steps[
            (steps["circuit"] == name) & (steps["edge"] != "gate") & (steps["source_role"] != steps["target_role"])
        ]
        assert len(arrows(ax)) == len(own)
        status = str(table.set_index("circuit").at[name, "status"])
        single = {"step": "single step, expressed", "broken": "single step, not expressed"}
        n_steps = table.set_index("circuit").at[name, "n_steps"]
        wanted = single.get(status, status) if n_steps == 1 else status
        assert wanted.replace("_", " ") in ax.get_title()


def test_a_stand_in_a_missing_gene_and_a_missing_group_are_told_apart(edges):
    edges["source_how"], edges["target_how"] = "exact", "exact"
    edges.loc[edges["target_role"] == "t_cell", ["target_role", "target", "target_how"]] = "mdsc", "Myeloid", "parent"
    more = edges.iloc[[3]].assign(step=6, source_role="astrocyte", source="", source_how="none", absent="")
    small = edges.iloc[[3]].assign(step=7, target_role="nk", target="", target_how="too small", absent="")
    ax = cs.pl.circuit(pd.concat([edges, more, small]), "c1")
    words = {t.get_text() for t in ax.texts}
    assert {"MDSC", "Myeloid (stands in for MDSC)", "4. F → G (G missing)", "NK", "too few cells"} <= words
    below = {t.get_text(): t.get_style() for t in ax.texts}
    assert below["no group"] == below["too few cells"] == "italic"
    assert sum(t.get_text() == "no group" for t in ax.texts) == 1  # of the astrocyte, which nobody is
    assert overlaps([t for t in ax.texts if t.get_text()], ax.figure) == 0


def test_the_first_circuit_is_drawn_by_default(edges, cohort):
    first = cs.get.table(cohort, "commscore_circuits").iloc[0]
    words = {"step": "single step, expressed", "partial": "partial"}[first["status"]]
    assert cs.pl.circuit(cohort).get_title().startswith(f"{first['name']}: {words}")
    assert cs.pl.circuit(edges).get_title() == "c1"
    with pytest.raises(ValueError, match="circuit= must say which of the 2 circuits"):
        cs.pl.circuit(pd.concat([edges, edges.assign(circuit="c2")]))


def test_errors(edges, cohort):
    with pytest.raises(ValueError, match=r"circuit='c2' is not in the table \(there are c1\)"):
        cs.pl.circuit(edges, "c2")
    with pytest.raises(ValueError, match="needs changes="):
        cs.pl.circuit(edges, "c1", contrast="B vs A")
    with pytest.raises(KeyError, match="has no table 'edges'"):
        cs.pl.circuit(cohort, "c1", key="commscore")
