"""A course over stages is named only where the samples exclude every other name."""

from __future__ import annotations

import numpy as np
import pytest

from commscore.arrays import Entities
from commscore.arrays import Tests as Edges
from commscore.core.contrast import LABELS, Settings, compare, design

from .conftest import N_GENES, build_cohort

COURSES = {
    "growth": [0, 1, 2, 3], "recession": [3, 2, 1, 0], "peak": [0, 3, 3, 0], "trough": [3, 0, 0, 3],
    "early_switch": [0, 3, 3, 3], "late_switch": [0, 0, 0, 3],
}  # fmt: skip


def named(course, *, size, seeds, n=5, sides=(True, False)):
    """Shapes of the significant rows: four stages × n samples, eight interactions of one pair of groups."""
    condition = np.repeat(np.arange(len(course)), n)
    rows = Edges(*np.array([(0, 1, i, i + 1) for i in range(0, N_GENES, 2)]).T.copy())
    contrast = design.stages("stages", order=range(len(course)), n_coefficients=len(course))
    fold = np.zeros((condition.size, 2, N_GENES))
    for group in np.flatnonzero(sides):
        fold[:, group, group::2] = size / 3 * np.asarray(course)[condition][:, None]
    found: list[str] = []
    for seed in seeds:
        c = build_cohort(condition, n_groups=2, fold=fold, seed=seed, cells=np.full((condition.size, 2), 200))
        out = compare(
            c, Entities.of([[i] for i in range(N_GENES)]), rows, contrast=contrast, settings=Settings(max_enumeration=0)
        ).columns
        found += [LABELS["shape"][code] for code in out["shape"][out["padj"] <= 0.05]]
    return np.array(found)


@pytest.mark.parametrize("size", [1.0, 2.0])
@pytest.mark.parametrize("shape", COURSES)
def test_a_wrong_shape_is_as_rare_as_the_level(shape, size):
    found = named(COURSES[shape], size=size, seeds=range(40))
    assert found.size > 200
    wrong = ~np.isin(found, [shape, "ambiguous"])
    assert wrong.mean() < 0.05
    if size == 2.0:
        assert (found == shape).mean() > 0.85


@pytest.mark.parametrize("course", [[0, 3, 0, 0], [0, 0, 3, 0]])
@pytest.mark.parametrize("size", [1.5, 3.0])
def test_a_peak_at_one_stage_is_no_growth(course, size):
    """A step over the middle explains it as well as a hill does: without the bump both would be named by chance."""
    found = named(course, size=size, seeds=range(30))
    assert np.isin(found, ["peak", "ambiguous"]).mean() > 0.95
    assert (found == "peak").mean() > 0.8


def test_what_no_course_fits_is_ambiguous():
    assert (named([0, 3, 0, 3], size=3.0, seeds=range(10)) == "ambiguous").mean() > 0.95
    # nearly a line: nothing fits exactly where the samples are many and the change is large, the line fits best
    curved = named([0, 1.2, 2.1, 3], size=4.0, n=20, seeds=range(5))
    assert (curved == "growth").mean() > 0.8


def test_sides_with_different_courses_have_no_shape():
    condition = np.repeat(np.arange(4), 6)
    fold = np.zeros((24, 2, N_GENES))
    fold[:, 0, 0] = np.array([0, 3, 3, 3])[condition]
    fold[:, 1, 1] = np.array([0, 0, 0, 3])[condition]
    c = build_cohort(condition, n_groups=2, fold=fold, seed=1, donor=0.1, cells=np.full((24, 2), 300))
    zero = np.zeros(1, np.int64)
    out = compare(
        c, Entities.of([[i] for i in range(N_GENES)]), Edges(zero, zero + 1, zero, zero + 1),
        contrast=design.stages("stages", order=range(4), n_coefficients=4),
    ).columns  # fmt: skip
    assert LABELS["shape"][out["shape"][0]] == "ambiguous"


def test_two_stages_have_only_the_line():
    found = named([0, 3], size=3.0, seeds=range(5))
    assert set(found) == {"growth"}
