"""Scoring methods: the table of them, their parameters, and what a call of ``score`` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import scores as scoring
from ..check import checked

if TYPE_CHECKING:
    pass


@checked
def methods() -> pd.DataFrame:
    """List the scoring methods.

    Returns
    -------
    DataFrame
        One row per method: ``method``, ``summary``, ``measures`` (``magnitude``, ``specificity`` or both),
        ``lowest`` and ``highest`` (its range), ``strong`` (whether ``high`` or ``low`` values are),
        ``parameters`` (with their defaults, see :func:`method`), ``analytic`` (whether the analytic null
        knows it; otherwise labels are permuted), ``doi``.

    Examples
    --------
    >>> import commscore as cs
    >>> table = cs.tl.methods().set_index("method")
    >>> table.loc["mean", "doi"]
    '10.1038/s41596-020-0292-x'
    """
    rows = [
        (m.name, m.summary, m.measures, m.lowest, m.highest, m.strong, _shown(m), analytic(m), m.doi)
        for m in scoring.available().values()
    ]
    names = ["method", "summary", "measures", "lowest", "highest", "strong", "parameters", "analytic", "doi"]
    return pd.DataFrame(rows, columns=names)


@checked
def method(name: str, **parameters: Any) -> scoring.Method:
    """Return a scoring method with other parameters than its own, for ``method=`` of :func:`score`.

    Parameters
    ----------
    name
        Name of a method, see :func:`methods`.
    **parameters
        Its parameters, for example ``K``, ``n``, ``trim``, ``scale``, ``population_size`` and ``cofactors``
        of ``hill``; ``mu`` of ``regularised``; ``of`` of ``zscore``; ``how``, ``ties``, ``magnitude``,
        ``specificity`` and ``pvalues`` of ``consensus``.

    Raises
    ------
    TypeError
        If the method has no such parameter.
    ValueError
        If there is no such method, or a value is out of range.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.tl.method("hill", K=0.3, trim=0.1).name
    'hill'
    """
    return scoring.configure(name, **parameters)


def analytic(m: scoring.Method) -> bool:
    """Whether a method orders labellings as the sum or product of means, which the analytic null knows."""
    return isinstance(m, scoring.Score) and m.of_means


def _shown(m: scoring.Method) -> str:
    return ", ".join(f"{k}={v}" for k, v in m.parameters.items())
