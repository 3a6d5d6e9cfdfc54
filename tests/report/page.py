"""A report as its reader's machine sees it: parsed, and its JSON decoded by other code than the page's own."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd

VOID = {"meta", "link", "img", "br", "input", "wbr"}


class Page(HTMLParser):
    """Every element with its attributes and text, and the JSON of every table by its identifier."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[list[str]] = []
        self.stack: list[int] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts.append([])
        if tag not in VOID:
            self.stack.append(len(self.tags) - 1)

    def handle_endtag(self, tag):
        last = self.stack.pop()
        assert self.tags[last][0] == tag, f"<{self.tags[last][0]}> is closed by </{tag}>"

    def handle_data(self, data):
        for i in self.stack:
            self.texts[i].append(data)

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        """Return attributes and text of every element of this name."""
        return [(a, "".join(t).strip()) for (name, a), t in zip(self.tags, self.texts, strict=True) if name == tag]

    @property
    def rows(self) -> list[list[str]]:
        """Return the cells of every row of every table."""
        made: list[list[str]] = []
        for (tag, _), text in zip(self.tags, self.texts, strict=True):
            if tag == "tr":
                made.append([])
            elif tag in ("td", "th"):
                made[-1].append("".join(text).strip())
        return made

    @property
    def payloads(self) -> dict[str, dict]:
        """Decoded JSON of the data elements."""
        return {
            a["id"].removeprefix("data-"): json.loads(text)
            for a, text in self.of("script")
            if a.get("type") == "application/json" and a["id"].startswith("data-")
        }

    def table(self, identifier: str) -> pd.DataFrame:
        return decoded(self.payloads[identifier])


def decoded(payload: dict) -> pd.DataFrame:
    columns: list[list] = []
    for given in payload["columns"]:
        if "values" in given:
            columns.append([np.nan if v is None else float(v) for v in given["values"]])
            continue
        if "runs" in given:
            codes = [code for code, n in zip(*given["runs"], strict=True) for _ in range(n)]
        elif "of" in given:
            parent = payload["columns"][given["of"]]
            outer = parent.get("codes") or [c for c, n in zip(*parent["runs"], strict=True) for _ in range(n)]
            codes = [given["codes"][c] for c in outer]
        else:
            codes = given["codes"]
        levels = [float(v) if v in ("Infinity", "-Infinity") else v for v in given["levels"]]
        columns.append([None if c < 0 else levels[c] for c in codes])
    names = [given["name"] for given in payload["columns"]]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))
