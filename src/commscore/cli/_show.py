"""Tables for people, on standard output."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._run import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..kinds._base import Listing

_WIDTH = 160
_TEXT, _LEAST = 40, 9


def print_listing(listing: Listing) -> None:
    """Print rows under their columns; numbers are set to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    view = Table(title=Text(listing.title), title_justify="left", title_style="bold", header_style="bold")
    numbers = set(listing.numbers)
    for place, name in enumerate(listing.columns):
        longest = max([len(name), *(len(row[place]) for row in listing.lines)])
        view.add_column(
            name,
            justify="right" if name in numbers else "left",
            no_wrap=longest <= _TEXT,  # texts go on in the next line, names do not
            overflow="fold" if longest > _TEXT else "ellipsis",
            min_width=min(longest, _LEAST),
        )
    for row in listing.lines:
        view.add_row(*map(Text, row))  # Text: brackets in names are no markup
    console = Console(width=None if os.isatty(1) else _WIDTH)
    console.print(view)
    if listing.note:
        console.print(Text(listing.note, style="dim"))


def say_testable(params: Mapping[str, Any]) -> None:
    """Say in the log how many interactions, or steps of circuits, of the resource have their genes in the data."""
    from ..get._result import covered

    coverage = covered(params)
    if coverage is None:
        return
    n, testable, what = coverage
    say(f"{testable:,} of {n:,} {what} of the resource can be tested", testable=testable, of=n)


def say_reference(params: Mapping[str, Any], reference: str | None) -> None:
    """Say which level served as the reference where none was named."""
    if reference is None and params.get("reference") is not None and "reference_by" in params:
        say(f"reference: {params['reference']} ({params['reference_by']})")
