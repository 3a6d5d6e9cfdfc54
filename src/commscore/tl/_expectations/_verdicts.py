"""From numbers to verdicts, tables and sentences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...stats.multiple import benjamini_hochberg
from ...tables import expectations as schema
from ...tables.vocabulary import ExpectedChange, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._items import ExpectedShift
    from ._pools import RolePools

_NUMBERS = ("effect", "ci_low", "ci_high", "pvalue")
_SIGNS = {ExpectedChange.UP: 1.0, ExpectedChange.DOWN: -1.0, ExpectedChange.NONE: 0.0}
_SHOWN = 4
_AS_GIVEN = (
    "expectation",
    "level",
    "role",
    "sender",
    "receiver",
    "from_context",
    "comparator_stated",
    "to_context",
    "change",
    "rna",
    "source",
    "lines",
    "cited",
    "statement",
)


def adjust(items: list[ExpectedShift]) -> None:
    """Adjust the p-values over all items of a contrast, whatever their level."""
    for ends in dict.fromkeys(i.ends for i in items):
        mine = [i for i in items if i.ends == ends and "pvalue" in i.outcome]
        padj = benjamini_hochberg(np.asarray([i.outcome["pvalue"] for i in mine]))
        for item, q in zip(mine, padj, strict=True):
            item.outcome["padj"] = float(q)


def verdict(item: ExpectedShift, *, alpha: float, margin: float) -> tuple[Verdict, str]:
    """Verdict and reason of one item."""
    if item.reason:
        return Verdict.NOT_ASSESSABLE, item.reason
    outcome = item.outcome
    significant = outcome["padj"] <= alpha
    if "opposite" in outcome:
        return _switch(significant, opposite=bool(outcome["opposite"]))
    sign = _SIGNS[ExpectedChange(item.row["change"])]
    if "appears" in outcome:
        statement = "found only in the later context" if outcome["appears"] > 0 else "found only in the earlier context"
        return _directed(significant, outcome["appears"] * sign > 0, statement)
    clear = outcome["ci_low"] > 0 or outcome["ci_high"] < 0
    if significant and not clear:
        return Verdict.INCONCLUSIVE, "ligand or receptor changed, but their product not clearly in one direction"
    if significant:
        return _directed(True, outcome["effect"] * sign > 0, "changed " + ("up" if outcome["effect"] > 0 else "down"))
    if outcome["ci_low"] >= -margin and outcome["ci_high"] <= margin:
        small = f"any change is smaller than the margin of {margin:g}"
        return (Verdict.INCONCLUSIVE, small) if sign else (Verdict.CONFIRMED, f"{small}, as expected")
    samples = f"{outcome['n_ref']:.0f} v {outcome['n_alt']:.0f} samples"
    if clear:
        return Verdict.INCONCLUSIVE, f"a change that does not survive adjustment for all that was tested ({samples})"
    return Verdict.INCONCLUSIVE, f"the interval holds changes in both directions ({samples})"


def _directed(significant: bool, expected: bool, statement: str) -> tuple[Verdict, str]:
    if not significant:
        return Verdict.INCONCLUSIVE, f"{statement}, but with too few samples to be sure"
    return (
        (Verdict.CONFIRMED, f"{statement}, as expected")
        if expected
        else (Verdict.CONTRADICTED, f"{statement}, against the expectation")
    )


def _switch(significant: bool, *, opposite: bool) -> tuple[Verdict, str]:
    if not significant:
        same = "has the same sign in both contexts, which whatever donors share can give without a signal"
        weak = "has opposite signs in the two contexts, but without evidence in both"
        return Verdict.INCONCLUSIVE, f"the slope of the response on the edge {weak if opposite else same}"
    return Verdict.CONFIRMED, "the response follows the edge with opposite sign in the two contexts"


def table(
    items: list[ExpectedShift], pools: RolePools, groups: Sequence[str], *, alpha: float, margin: float
) -> pd.DataFrame:
    """One row per item."""
    rows = []
    for item in items:
        named, reason = verdict(item, alpha=alpha, margin=margin)
        row = {c: item.row[c] for c in _AS_GIVEN}
        notes = item.notes + (["RNA shows it in part only"] if item.row["rna"] == "partly" else [])
        row |= {k: item.outcome.get(k, np.nan) for k in (*_NUMBERS, "padj")}
        row |= {k: int(item.outcome.get(k, 0)) for k in ("n_ref", "n_alt")}
        row |= {"what": item.what, "contrast": item.contrast, "groups": pools.names(item, groups), "verdict": named}
        row["reason"] = "; ".join([reason, *(notes if named != Verdict.NOT_ASSESSABLE else [])])
        rows.append(row)
    return pd.DataFrame(rows, columns=list(schema.EXPECTATIONS.names))


def summary(frame: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Count and tell: all, by review, by contrast."""
    titles = {
        s: f"{a.split(',')[0].split(';')[0]} {y}".strip()
        for s, a, y in zip(sources.get("source", []), sources.get("authors", []), sources.get("year", []), strict=True)
    }
    rows = [_sum("all", "", frame, name="All reviews")]
    for source, part in frame.groupby("source", sort=True, observed=True):
        title = titles.get(str(source), "")
        rows.append(_sum("source", str(source), part, name=f"Review {source}" + (f" ({title})" if title else "")))
    for contrast, part in frame.groupby("contrast", sort=True, observed=True):
        rows.append(_sum("contrast", str(contrast), part, name=str(contrast) or "Contexts that these data do not have"))
    return pd.DataFrame(rows, columns=list(schema.SUMMARY.names))


def _sum(by: str, value: str, part: pd.DataFrame, *, name: str) -> dict[str, Any]:
    n = Counter(part["verdict"].astype(str))
    assessed = len(part) - n[Verdict.NOT_ASSESSABLE]
    row: dict[str, Any] = {"by": by, "value": value, "n": len(part)} | {str(v): n[v] for v in Verdict}
    sentences = [f"{name}: {assessed} of {len(part)} expected shifts could be assessed"]
    if assessed:
        verdicts = [f"{n[v]} {v}{_examples(part, v)}" for v in (Verdict.CONFIRMED, Verdict.CONTRADICTED)]
        sentences.append(f"{', '.join(verdicts)}, {n[Verdict.INCONCLUSIVE]} inconclusive")
    if n[Verdict.NOT_ASSESSABLE]:
        most, count = Counter(part.loc[part["verdict"] == Verdict.NOT_ASSESSABLE, "reason"]).most_common(1)[0]
        sentences.append(f"{n[Verdict.NOT_ASSESSABLE]} not, {count} of them because: {most}")
    return row | {"text": "; ".join(sentences) + "."}


def _examples(part: pd.DataFrame, word: str) -> str:
    mine = part[part["verdict"] == word].sort_values("padj", kind="stable")
    if mine.empty:
        return ""
    names = list(dict.fromkeys(f"{w} {c}" for w, c in zip(mine["what"], mine["change"], strict=True)))
    return f" ({', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''})"
