"""Communication probability of CellChat."""

from __future__ import annotations

import numpy as np

from .._validate import in_range
from ._base import TRIMEAN, Array, Background, Form, GeneSet, Score, Statistic, Stats, truncated


def hill(
    *,
    K: float = 0.5,
    n: float = 1.0,
    trim: float | None = None,
    scale: float | None = None,
    population_size: bool = False,
    cofactors: bool = True,
) -> Score:
    """X / (Kⁿ + X) with X = (L·R)ⁿ, times the factors of cofactors and of population size; 0 and up.

    L and R are robust means of expression divided by ``scale``. R is multiplied by 1 + x for each
    co-stimulating receptor and divided by 1 + x for each co-inhibiting one (columns ``co_A_receptor`` and
    ``co_I_receptor`` of the resource). In the source and in the target, the score is multiplied by
    1 + xⁿ/(Kⁿ + xⁿ) for each agonist and by Kⁿ/(Kⁿ + xⁿ) for each antagonist. The score is below 1 unless
    there are agonists.

    CellChat joins subunits by the geometric mean (``complex="geometric"``) and its own null permutes the
    robust means, as is done here. As quantiles are no sums over parts of a labelling, each labelling is walked
    through: about a nanosecond per non-zero value and permutation, some twenty times the cost of means.

    Parameters
    ----------
    K, n
        Half-saturation and Hill coefficient, above 0.
    trim
        Fraction of the cells left out at either end, 0 to 0.5; by default the trimean, which is 0 where
        three quarters of the cells or more do not express the gene.
    scale
        Above 0; by default the largest value of the genes of the resource in the data, as CellChat has it.
        It depends on a single cell: give a number where scores of several data sets are compared.
    population_size
        Multiply by the fractions of cells in source and target.
    cofactors
        Use agonists, antagonists and co-receptors, if the resource has these columns.
    """
    in_range("K", K, low=0, above=True)
    in_range("n", n, low=0, above=True)
    if trim is not None:
        in_range("trim", trim, low=0, high=0.5)
    if scale is not None:
        in_range("scale", scale, low=0, above=True)
    statistic = TRIMEAN if trim is None else truncated(float(trim))
    half = K**n

    def scaled(values: Array, background: Background) -> Array:
        return values / (background.highest if scale is None else scale)

    def saturation(values: Array, background: Background) -> Array:
        power = scaled(values, background) ** n
        return np.asarray(power / (half + power))

    def function(stats: Stats) -> Array:
        left, right = (scaled(side[statistic], stats.background) for side in (stats.ligand, stats.receptor))
        ligand, receptor = stats.ligand.sets, stats.receptor.sets
        if cofactors:
            right = right * receptor["co_A_receptor"] / receptor["co_I_receptor"]
        power = (left * right) ** n
        result = power / (half + power)
        for name in ("agonist", "antagonist") if cofactors else ():
            result = result * ligand[name] * receptor[name]
        return np.asarray(result * stats.ligand.size * stats.receptor.size if population_size else result)

    return Score(
        name="hill",
        function=function,
        summary="Hill function of the product of robust means, with cofactors",
        doi="10.1038/s41467-021-21246-9",
        lowest=0.0,
        highest=np.inf,
        measures="magnitude",
        needs=(statistic,),
        sets=_sets(statistic, scaled, saturation) if cofactors else (),
        form=Form.PRODUCT,
        of=statistic,
        aliases=("lr_probs", "cellchat_pvals"),
        make=hill,
        parameters={
            "K": K,
            "n": n,
            "trim": trim,
            "scale": scale,
            "population_size": population_size,
            "cofactors": cofactors,
        },
    )


def _sets(statistic: Statistic, scaled, saturation) -> tuple[GeneSet, ...]:  # type: ignore[no-untyped-def]
    return (
        GeneSet("agonist", statistic, lambda v, b: 1 + saturation(v, b)),
        GeneSet("antagonist", statistic, lambda v, b: 1 - saturation(v, b)),
        GeneSet("co_A_receptor", statistic, lambda v, b: 1 + scaled(v, b)),
        GeneSet("co_I_receptor", statistic, lambda v, b: 1 + scaled(v, b)),
    )


SCORE = hill()
