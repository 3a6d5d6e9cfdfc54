"""What the family of a molecule says about a pair: how the signal travels, what it does, which pathway it belongs to.

The rules are a table, specific ones first: each has a pattern for the ligand and one for the receptor (empty: any), and
the first rule that matches a pair and says something decides. Patterns match human symbols, whole; a complex matches if
one of its subunits does.
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._match import subunits
from ._shipped import shipped_symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

ASPECTS = ("mode", "effect", "directness", "pathway")
"""What rules say."""


@functools.cache
def shipped_rules() -> pd.DataFrame:
    """Return the rules that come with the package. The result is shared: do not write to it."""
    path = resources.files(__package__).joinpath("data", "general", "rules.tsv")
    with path.open(encoding="utf-8") as handle:
        return pd.read_csv(handle, sep="\t", quoting=3, dtype=str, keep_default_na=False)


def _matches(patterns: Sequence[str], molecules: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return patterns × molecules; an empty pattern matches every molecule."""
    genes_of = [subunits(molecule) for molecule in molecules]
    owner = np.repeat(np.arange(len(molecules)), [len(genes) for genes in genes_of])
    genes, codes = np.unique([gene for genes in genes_of for gene in genes], return_inverse=True)
    names = genes.tolist()  # each is looked at once, in however many complexes it is
    row_of = {"": np.ones(len(molecules), bool)}
    for pattern in set(patterns) - {""}:
        match = _compiled(pattern).fullmatch
        hit = np.array([match(name) is not None for name in names], bool)
        row_of[pattern] = np.bincount(owner, hit[codes], len(molecules)) > 0
    return np.array([row_of[pattern] for pattern in patterns], bool).reshape(len(patterns), len(molecules))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)  # there are more rules than the module `re` keeps patterns


def deciding_rules(pairs: pd.DataFrame, rules: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the number of the rule that decides each aspect of each pair; -1 where none does.

    Parameters
    ----------
    pairs
        Columns ``ligand`` and ``receptor``: human symbols, subunits joined by ``_``.
    rules
        Columns ``ligand, receptor, mode, effect, directness, pathway``; default :func:`shipped_rules`.
    """
    rules = shipped_rules() if rules is None else rules
    matching = np.ones((len(rules), len(pairs)), bool)
    for side in ("ligand", "receptor"):
        codes, molecules = pd.factorize(pairs[side].to_numpy(object))
        matching &= _matches(rules[side].tolist(), list(molecules))[:, codes]
    result = {}
    for aspect in ASPECTS:
        says = matching & (rules[aspect] != "").to_numpy()[:, None]
        result[aspect] = np.where(says.any(axis=0), says.argmax(axis=0), -1) if len(rules) else -1
    return pd.DataFrame(result, index=pairs.index)


def family_facts(pairs: pd.DataFrame, rules: pd.DataFrame | None = None, *, species: str = "human") -> pd.DataFrame:
    """Return the aspects of each pair, and the ``reason`` of its mode; empty where no rule speaks.

    Mouse genes are looked up by their human orthologs in the shipped tables.
    """
    rules = shipped_rules() if rules is None else rules
    numbers = deciding_rules(pairs if species == "human" else _with_human_names(pairs), rules)
    facts = {a: _looked_up(rules[a], numbers[a]) for a in ASPECTS}
    return pd.DataFrame(facts | {"reason": _looked_up(rules["reason"], numbers["mode"])}, index=pairs.index)


def _with_human_names(pairs: pd.DataFrame) -> pd.DataFrame:
    symbols = shipped_symbols()
    human = dict(zip(symbols["mouse"], symbols["symbol"]))
    sides = {
        side: ["_".join(human.get(gene, gene) for gene in subunits(name)) or name for name in pairs[side]]
        for side in ("ligand", "receptor")
    }
    return pairs.assign(**sides)


def _looked_up(values: pd.Series, numbers: pd.Series) -> npt.NDArray[np.object_]:
    padded = np.append(values.to_numpy(object), "")  # the last, -1, stands for no rule
    result: npt.NDArray[np.object_] = padded[numbers.to_numpy()]
    return result
