"""Proximity, specificity and coupling in a tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import pl
from ._base import Drawing, Facts, ResultKind, View
from ._views import BY_P, EDGE, UNTESTED
from ._words import edge
from ._works import BENJAMINI_HOCHBERG, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._base import FigureRequest, StoredResult

_RESIDUALS = Work(
    "10.2307/1907330",
    "Frisch R, Waugh FV (1933). Partial time regressions as compared with individual trends. Econometrica 1:387–401",
)
_JACKKNIFE = Work(
    "10.1214/aos/1176347265",
    "Künsch HR (1989). The jackknife and the bootstrap for general stationary observations. Ann Stat 17:1217–1241",
)
_ENOUGH = 100
"""Tests of known pairs and of decoys that tell whether the ones are called more often."""


def _figures(request: FigureRequest) -> list[Drawing | str]:
    key, adata = request.stored.key, request.adata
    drawings: list[Drawing | str] = []
    met = request.stored.tables["proximity"]
    if met["proximity"].notna().any():
        apart = int(((met["proximity_low"] > 0) | (met["proximity_high"] < 0)).sum())
        drawings.append(
            Drawing(
                "Who meets whom",
                lambda: pl.proximity(adata, key=key),
                alt="Heat map of the contacts of every two groups over what their numbers give. In all ranges, the "
                f"interval leaves out 0 for {apart} of {len(met)}.",
                caption="log2 of contacts over expected, with 95 % intervals; 0 is mixed at random.",
            )
        )
    shares = _shares(request.stored)
    if any(shares.get(f"n_{kind}") for kind in ("known", "decoy")):
        drawings.append(
            Drawing(
                "Known pairs and decoys",
                lambda: pl.calibration(adata, key=key),
                alt="Bars of the share of tests that are called, of known pairs and of decoys. "
                f"{' '.join(_cautions(request.stored))}",
                caption="Where decoys stand above the dashed line, p-values do not hold in these data.",
            )
        )
    best = request.stored.table.dropna(subset=["pvalue"]).head(1)
    drawings += [_on_the_tissue(request, row) for row in best.to_dict("records")]
    return drawings


def _on_the_tissue(request: FigureRequest, row: Mapping[Any, Any]) -> Drawing:
    """Show where both sides of the surest row are expressed."""
    are_cells = request.stored.groupby is not None
    source, target = (str(row[side]) if are_cells else None for side in ("source", "target"))
    name = str(row["interaction"])
    return Drawing(
        "The surest row on the tissue",
        lambda: pl.spatial(request.adata, name, key=request.stored.key, value="both", source=source, target=target),
        alt=f"Cells or spots at their place, coloured by the ligand of {name} in the source and its receptor in the "
        "target.",
        caption=f"{edge(row)}: expression of both sides; sections side by side, with a scale in µm.",
    )


def _findings(stored: StoredResult, cite: Callable[[str], str], max_padj: float) -> list[str]:
    table = stored.table
    called = table[table["padj"] <= max_padj]
    text = [
        f"In {len(called):,} of {int(table['pvalue'].notna().sum()):,} tested rows the receptor follows the ligand "
        f"that arrives (padj ≤ {max_padj:g})."
    ]
    return text + [
        f"{edge(row)}: coupling {row['coupling']:.2f} (t {row['coupling_t']:.1f}), padj {row['padj']:.2g}"
        f"{cite(str(row['interaction']))}."
        for _, row in called.head(3).iterrows()
    ]


def _shares(stored: StoredResult) -> dict[str, float]:
    return dict(stored.params.get("calibration", {}))


def _with_interval(shares: dict[str, float], kind: str) -> str:
    """Write a share and its 95 % interval."""
    value, low, high = (100 * shares[f"{kind}_0.05{end}"] for end in ("", "_low", "_high"))
    return f"{value:.1f} % (95 % interval {low:.1f} to {high:.1f})"


def _cautions(stored: StoredResult) -> list[str]:
    shares = _shares(stored)
    if not shares.get("n_decoy"):
        return ["No decoys were tested, so that nothing tells whether these p-values hold in these data."]
    text = (
        f"p ≤ 0.05 in {_with_interval(shares, 'known')} of the tests of known pairs and "
        f"{_with_interval(shares, 'decoy')} of those of decoys, a ligand with the receptor of another ligand."
    )
    if min(shares["n_known"], shares["n_decoy"]) < _ENOUGH:
        text += " So few tests do not tell whether known pairs couple more often."
    elif shares["known_0.05"] <= shares["decoy_0.05"]:
        text += " Known pairs couple no more often: coupling in these data is no evidence of communication."
    return [text]


def _facts(stored: StoredResult, max_padj: float) -> list[Facts]:  # noqa: ARG001
    shares = _shares(stored)
    if not shares:
        return []
    rows: list[list[Any]] = [
        [title, f"{int(shares[f'n_{name}']):,}", *(f"{shares[f'{name}_{end}']:.1%}" for end in _ENDS)]
        for name, title in (("known", "known pairs"), ("decoy", "decoys"))
    ]
    header = ("", "tests", "p ≤ 0.05", "p ≤ 0.01", "p ≤ 0.05, not adjusted", "p ≤ 0.01, not adjusted")
    return [Facts("How often the receptor follows the ligand that arrives", header, rows)]


_ENDS = ("0.05", "0.01", "0.05_unadjusted", "0.01_unadjusted")


def _methods(p: Mapping[str, str]) -> str:
    unit = "samples" if p.get("unit") == "samples" else "blocks of the tissue"
    return (
        "In space, what arrives of a ligand at every cell (weighted sum over the cells of the source within the "
        f"range of the mode; {p.get('um_per_unit')} µm per unit) was freed of {p.get('adjust')} within blocks, and its "
        f"covariance with the receptor tested over {unit} ({p.get('null')}); {p.get('decoys')} decoys per interaction "
        f"were tested beside (seed {p.get('rng')}). Proximity is log2 of contacts over "
        "expected, with a jackknife interval."
    )


def _works(params: Mapping[str, Any]) -> tuple[Work, ...]:  # noqa: ARG001
    return (_RESIDUALS, _JACKKNIFE, BENJAMINI_HOCHBERG)


KIND = ResultKind(
    "Space",
    "Who meets whom in the tissue, and whether the receptor follows the ligand that arrives, beside decoys.",
    {
        "table": View(
            "Interactions in space",
            (
                *EDGE,
                "mode",
                "proximity",
                "proximity_low",
                "proximity_high",
                "specificity_padj",
                "coupling",
                "coupling_t",
                "pvalue",
                "padj",
                "pvalue_unadjusted",
                "status",
                "evidence",
            ),
            ("source", "target", "mode", "status"),
            BY_P,
        ),
        "proximity": View("Who meets whom", filters=("source", "target", "range_um")),
        "decoys": View("Decoys", filters=("source", "target"), sort=(("pvalue", "ascending"),)),
        "untested": UNTESTED,
    },
    place=11,
    plot="proximity",
    figures=_figures,
    findings=_findings,
    cautions=_cautions,
    facts=_facts,
    methods=_methods,
    works=_works,
)
