"""Shapes of a change over ordered stages: templates, contrasts that measure them, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._validate import in_range
from ..tables.vocabulary import ShapeName

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays import Floats, Ints


def templates(n_stages: int) -> Floats:
    """Templates (q, n_stages), each from 0 to 1: a line, a hill, a step after every stage but the last.

    With two stages there is only the line; the hill needs three.

    Raises
    ------
    TypeError, ValueError
        ``n_stages`` is not an integer >= 2.

    Examples
    --------
    >>> templates(3).tolist()
    [[0.0, 0.5, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    """
    in_range("n_stages", n_stages, low=2, integer=True)
    t = np.linspace(0.0, 1.0, n_stages)
    if n_stages == 2:
        return t[None]
    hill = 1.0 - (2.0 * t - 1.0) ** 2
    steps = (np.arange(n_stages) >= np.arange(1, n_stages)[:, None]).astype(np.float64)
    return np.vstack([t, hill / hill.max(), steps])


def contrasts(n_stages: int) -> Floats:
    """Contrasts (q, n_stages) of stage means: the amplitude of each template by least squares.

    For the line it is the fitted change from the first to the last stage, for the hill the height of the
    middle over the ends, for a step the mean after it minus the mean before.
    """
    shape = templates(n_stages)
    centred = shape - shape.mean(axis=1, keepdims=True)
    amplitude: Floats = centred / (centred**2).sum(axis=1, keepdims=True)
    return amplitude


def name_codes(n_stages: int) -> npt.NDArray[np.int8]:
    """Codes of shapes (q, 2): for a falling and for a rising amplitude of each template.

    A step in the first half is early, in the second half late; one in the very middle is nearest to a line.
    """
    line = (ShapeName.RECESSION.code, ShapeName.GROWTH.code)
    codes = [line]
    if n_stages > 2:
        codes.append((ShapeName.TROUGH.code, ShapeName.PEAK.code))
        for j in range(1, n_stages):
            if 2 * j == n_stages:
                codes.append(line)
            else:
                switch = ShapeName.EARLY_SWITCH if 2 * j < n_stages else ShapeName.LATE_SWITCH
                codes.append((switch.code, switch.code))
    return np.asarray(codes, np.int8)


def courses(n_stages: int) -> Floats:
    """Every course that has a name (q or more, n_stages): the templates, then a bump at each inner stage.

    Bumps are not tested, but a peak at the second or third of four stages is no hill: without it among the rivals, a
    step would be named in its stead.

    Examples
    --------
    >>> courses(4)[5:].tolist()
    [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    """
    bumps = np.eye(n_stages)[1:-1] if n_stages > 3 else np.zeros((0, n_stages))
    return np.vstack([templates(n_stages), bumps])


def families(n_stages: int) -> Ints:
    """Code of the name of every course (see :func:`courses`), rising and falling taken as one."""
    named = name_codes(n_stages).min(axis=1).astype(np.int64)
    hill = ShapeName.PEAK.code
    return np.concatenate([named, np.full(courses(n_stages).shape[0] - named.size, hill)])


@dataclass(frozen=True)
class Fits:
    """How the courses of :func:`courses` fit m rows, by generalised least squares.

    Attributes
    ----------
    amplitude
        (n_courses, m) fitted amplitudes in units of their standard errors.
    misfit
        (n_courses, m) sum of squares that is left, by its ``n_stages − 2`` degrees of freedom; F-distributed where the
        course is the true one.
    cosine
        (m, n_courses, n_courses) how alike two courses look to these samples, from −1 to 1.
    """

    amplitude: Floats
    misfit: Floats
    cosine: Floats


def fit_courses(steps: Floats, covariance: Floats, *, n_stages: int) -> Fits:
    """Fit every course to the differences between stages.

    Parameters
    ----------
    steps
        (n_stages − 1, m) estimates of the steps: the last rows of :func:`contrasts`, which hold all that differs
        between stages.
    covariance
        (m, n_stages − 1, n_stages − 1) their covariances.
    n_stages
        Number of stages, three or more.

    Examples
    --------
    >>> growth = contrasts(3)[2:] @ np.array([[0.0], [1.0], [2.0]])
    >>> fit_courses(growth, np.eye(2)[None], n_stages=3).misfit.round(2).ravel().tolist()
    [0.0, 4.5, 0.45, 0.45]
    """
    directions = contrasts(n_stages)[2:] @ courses(n_stages).T
    inverse = np.linalg.inv(covariance)
    weighted = inverse @ directions
    products = directions.T @ weighted
    length = np.sqrt(np.einsum("mqq->mq", products))
    amplitude = np.einsum("miq,im->mq", weighted, steps) / length
    total = np.einsum("im,mij,jm->m", steps, inverse, steps)
    misfit = np.maximum(total[:, None] - amplitude**2, 0.0) / (n_stages - 2)
    cosine = products / (length[:, :, None] * length[:, None, :])
    return Fits(amplitude.T, misfit.T, cosine)
