"""Tables for people, on standard output."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from ._run import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

ALPHA = 0.05
_WIDTH = 160
_OF_REVIEWS = ("stated", "inferred")


def print_table(
    rows: Iterable[Iterable[str]], *, columns: Iterable[str], title: str, numbers: Iterable[str] = (), note: str = ""
) -> None:
    """Print rows under their columns; ``numbers`` are set to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    view = Table(title=Text(title), title_justify="left", title_style="bold", header_style="bold")
    numbers = set(numbers)
    for name in columns:
        right = name in numbers
        view.add_column(name, justify="right" if right else "left", no_wrap=True, min_width=6 if right else None)
    for row in rows:
        view.add_row(*map(Text, row))  # Text: brackets in names are no markup
    console = Console(width=None if os.isatty(1) else _WIDTH)
    console.print(view)
    if note:
        console.print(Text(note, style="dim"))


def say_testable(params: Mapping[str, Any]) -> None:
    """Say in the log how many interactions, or steps of circuits, of the resource have their genes in the data."""
    from ..get._result import covered

    coverage = covered(params)
    if coverage is None:
        return
    n, testable, what = coverage
    say(f"{testable:,} of {n:,} {what} of the resource can be tested", testable=testable, of=n)


def figures(value: Any, form: str = ".2g") -> str:
    """Format a number; nothing for a missing one."""
    return "" if value is None or value != value else format(value, form)


def show_scores(table: pd.DataFrame, *, title: str, rows: int = 10) -> None:
    """Print the strongest interactions, each where it is strongest."""
    if "magnitude_rank" in table:
        show_ranks(table, title=title, rows=rows)
        return
    method = first_method(table)
    if method is not None:
        table = table.rename(columns={f"{c}_{method}": c for c in ("score", "pvalue", "padj")})
        title = f"{title} (method {method})"
    # among equals, those that reviews tell of come first
    by = [c for c in ("padj", "score", "basis") if table[c].notna().any()]
    best = table.sort_values(by, ascending=[c != "score" for c in by], kind="stable").drop_duplicates("interaction")
    pairs = table.loc[table["padj"] <= ALPHA, "interaction"].value_counts()
    names = ("source", "target", "ligand_complex", "receptor_complex", "mode")
    lines = [
        [
            "*" if row["basis"] in _OF_REVIEWS else "",
            *(str(row[n]) for n in names),
            figures(row["score"], ".3f"),
            figures(row["pvalue"]),
            figures(row["padj"]),
            str(pairs.get(row["interaction"], 0)),
        ]
        for row in best.head(rows).to_dict("records")
    ]
    print_table(
        lines,
        title=title,
        columns=("", "source", "target", "ligand", "receptor", "mode", "score", "p", "padj", "pairs"),
        numbers=("score", "p", "padj", "pairs"),
        note=f"each interaction where it is strongest; pairs: pairs of groups with padj ≤ {ALPHA}; *: described "
        "in reviews",
    )


def first_method(table: pd.DataFrame) -> str | None:
    """Return the first of several methods in a table of scores, None where there is only one."""
    return next((c.removeprefix("score_") for c in table if c.startswith("score_")), None)


def show_ranks(table: pd.DataFrame, *, title: str, rows: int = 10) -> None:
    """Print the best rows of a consensus of methods, each interaction where it ranks best."""
    ranks = ["magnitude_rank", "specificity_rank"]
    best = table.sort_values([*ranks, "basis"], kind="stable").drop_duplicates("interaction")
    columns = ["source", "target", "ligand_complex", "receptor_complex", "mode", "basis", *ranks]
    typer.echo(f"{title}\n{best[columns].head(rows).to_string(index=False)}")
