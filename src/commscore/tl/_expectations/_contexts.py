"""Which levels of the user's condition stand for which context of a review."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..._labels import choose
from ..._validate import suggest, warn

KEYS = ("stage", "site", "subtype", "treatment", "factor", "condition")
Words = frozenset[tuple[str, str]]


def words(context: str) -> Words:
    """Split ``"stage=metastatic;site=bone"`` into pairs, case and spaces apart."""
    pairs = [part.split("=", 1) for part in context.split(";") if "=" in part]
    return frozenset((k.strip().lower(), v.strip().lower()) for k, v in pairs)


def read(contexts: Any, levels: Sequence[str], condition_key: str) -> dict[str, Words]:
    """Check ``contexts`` and return the words of every level that has some.

    Raises
    ------
    TypeError, ValueError
        If it is no mapping, names a level that does not exist, or a text is not ``key=value;…``.
    """
    if not isinstance(contexts, Mapping) or not contexts:
        msg = (
            f"contexts must map levels of adata.obs[{condition_key!r}] ({', '.join(levels)}) to words of the reviews, "
            f"for example {{{levels[0]!r}: 'stage=normal'}}, found {contexts!r:.80}; the words are in "
            "cs.rs.load().expectations[['from_context', 'to_context']]"
        )
        raise TypeError(msg)
    of_level = {}
    for level, context in contexts.items():
        name = choose("contexts", [level], options=levels, what=f"a level of adata.obs[{condition_key!r}]")[0]
        texts = [context] if isinstance(context, str) else list(context)
        of_level[name] = frozenset().union(*(_checked(name, t) for t in texts))
    return of_level


def _checked(level: str, text: Any) -> Words:
    parts = [p for p in text.split(";") if p.strip()] if isinstance(text, str) else []
    for part in parts or [text]:
        key = part.split("=", 1)[0].strip().lower() if isinstance(part, str) and "=" in part else None
        if key not in KEYS:
            msg = (
                f"contexts[{level!r}] has {part!r}; write key=value joined by ';', with a key of {', '.join(KEYS)}"
                f"{suggest(key, KEYS) if key else ''}"
            )
            raise ValueError(msg)
    return words(text)


def pairs(from_context: str, to_context: str, levels: Mapping[str, Words]) -> tuple[list[tuple[str, str]], str]:
    """Pairs (from, to) of levels that stand for the two contexts, and why there are none.

    A level stands for a context if it has all its words.
    """
    contexts = words(from_context), words(to_context)
    ends = [[level for level, has in levels.items() if w and w <= has] for w in contexts]
    # a level of both stands for neither, unless one context is the other and more: then for the narrower one
    only = [[x for x in ends[i] if x not in ends[1 - i] or contexts[i] > contexts[1 - i]] for i in (0, 1)]
    if only[0] and only[1]:
        return [(a, b) for a in only[0] for b in only[1]], ""
    lacking = [text for text, end in zip((from_context, to_context), ends, strict=True) if not end]
    if lacking:
        return [], "no level of the condition stands for " + " nor for ".join(repr(t) for t in lacking)
    return [], f"the same levels stand for {from_context!r} and {to_context!r}"


def table(levels: Mapping[str, Words], expectations: pd.DataFrame) -> pd.DataFrame:
    """Words of every level, how many expectations use them, and what is similar to those that none uses."""
    used: dict[str, int] = {}
    for a, b in zip(expectations["from_context"], expectations["to_context"], strict=True):
        for key, value in words(a) | words(b):
            used[f"{key}={value}"] = used.get(f"{key}={value}", 0) + 1
    rows = []
    for level, has in levels.items():
        for key, value in sorted(has):
            word = f"{key}={value}"
            near = difflib.get_close_matches(word, [u for u in used if u.startswith(f"{key}=")], n=3, cutoff=0.5)
            note = "" if word in used else "no expectation uses it" + (f"; similar: {', '.join(near)}" if near else "")
            rows.append((level, word, used.get(word, 0), note))
    frame = pd.DataFrame(rows, columns=["level", "word", "n_expectations", "note"])
    for level, part in frame.groupby("level", sort=False):
        if not part["n_expectations"].any():
            listing = ", ".join(f"{word!r} ({note})" for word, note in zip(part["word"], part["note"], strict=True))
            warn(f"contexts[{level!r}]: {listing}; nothing is expected of this level")
    return frame
