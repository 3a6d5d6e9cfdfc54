"""Inside the cell: which receptor leads to which ligand."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._validate import suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...arrays import Bools
    from ...rs import Resource

Steps = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Links:
    """``linked`` (n × n interactions), with the way in words and the sign of every link.

    ``effects`` is what each interaction does to its receptor: 1 activates, -1 blocks it or takes its ligand away,
    0 where nobody says.
    """

    linked: Bools
    words: dict[tuple[int, int], str]
    sign: dict[tuple[int, int], int]
    effects: tuple[int, ...] = ()

    def sign_of(self, kinds: Sequence[int], ways: Sequence[tuple[int, int]]) -> int:
        """Multiply the signs of links and the effects on receptors; an unknown effect counts as activating."""
        return int(np.prod([*(self.sign[w] for w in ways), *(self.effects[k] or 1 for k in kinds)]))


_SIGNS = {"activating": 1, "inhibiting": -1, "decoy": -1}


def effects_of(resource: Resource, interactions: Sequence[str]) -> tuple[int, ...]:
    """Return the sign of the effect on the receptor of each interaction; 0 where the resource does not say."""
    frame = resource.interactions
    effect = dict(zip(frame["interaction"], frame["effect"], strict=True))
    return tuple(_SIGNS.get(effect.get(name, ""), 0) for name in interactions)


def steps_of_resource(resource: Resource) -> Steps:
    """Intracellular steps of the resource's circuits, from → to → sign, whatever the role."""
    frame = resource.circuits
    inside = frame[frame["edge"] == "intracellular"]
    if inside.empty:
        msg = f"resource {resource.name!r} has no intracellular steps; give net= (columns source, target, weight)"
        raise ValueError(msg)
    return _steps(inside["from"], inside["to"], inside["sign"])


def steps_of_net(net: object) -> Steps:
    """Read a user's network in decoupler's format: columns ``source``, ``target`` and, if there, ``weight``."""
    if not isinstance(net, pd.DataFrame):
        msg = f"net must be a DataFrame with the columns source and target (and weight), found {type(net).__name__}"
        raise TypeError(msg)
    for column in ("source", "target"):
        if column not in net:
            msg = f"net has no column {column!r} ({', '.join(map(str, net.columns))}){suggest(column, net.columns)}"
            raise ValueError(msg)
    frame: pd.DataFrame = net.reset_index(drop=True)
    weights = frame["weight"] if "weight" in frame else pd.Series(1.0, index=frame.index)
    weight = pd.to_numeric(weights, errors="coerce").astype(float)
    text = weights[weight.isna() & weights.notna()]
    if len(text):
        msg = f"net: weights must be numbers, found {text.iloc[0]!r} ({len(text)} rows); their sign is used"
        raise ValueError(msg)
    used = frame[weight.notna() & (weight != 0) & frame["source"].notna() & frame["target"].notna()]
    return _steps(used["source"], used["target"], np.sign(weight[used.index]).astype(int))


def _steps(source: Iterable[str], target: Iterable[str], sign: Iterable[int]) -> Steps:
    steps: Steps = {}
    for a, b, s in zip(source, target, sign, strict=True):
        steps.setdefault(str(a), {}).setdefault(str(b), int(s))
    return steps


def link(steps: Steps, ligands: list[str], receptors: list[str], *, max_hops: int) -> Links:
    """Follow the steps from every receptor to every ligand, the shortest way, of at most ``max_hops`` steps.

    A step leaves a receptor if its ``from`` is the receptor, one of its subunits, or a complex of it; it reaches a
    ligand if its ``to`` is one of the ligand's subunits.

    Parameters
    ----------
    steps
        From → to → sign.
    ligands, receptors
        Of the interactions, subunits joined by ``_``.
    max_hops
        At least 1: receptor ⇒ ligand gene.

    Raises
    ------
    ValueError
        If no step leaves any receptor.
    """
    n = len(ligands)
    reached = {r: _reach(steps, r, max_hops) for r in dict.fromkeys(receptors)}
    if not any(reached.values()):
        some = ", ".join(list(dict.fromkeys(receptors))[:3])
        msg = (
            f"no receptor of the stored result ({some}, …) is a source of the intracellular network; it needs steps "
            "receptor → factor beside factor → ligand gene"
        )
        raise ValueError(msg)
    linked = np.zeros((n, n), bool)
    words, sign = {}, {}
    for i, receptor in enumerate(receptors):
        for j, ligand in enumerate(ligands):
            ways = [reached[receptor][g] for g in ligand.split("_") if g in reached[receptor]]
            if ways:
                linked[i, j] = True
                way, sign[i, j] = min(ways, key=lambda w: len(w[0]))
                words[i, j] = " ⇒ ".join(way)
    return Links(linked, words, sign)


def _reach(steps: Steps, receptor: str, max_hops: int) -> dict[str, tuple[tuple[str, ...], int]]:
    """Everything within reach of a receptor: the way there and its sign, breadth first."""
    subunits = set(receptor.split("_"))
    starts = [s for s in steps if (own := set(s.split("_"))) <= subunits or subunits <= own]
    queue: deque[tuple[str, tuple[str, ...], int]] = deque((s, (s,), 1) for s in starts)
    paths: dict[str, tuple[tuple[str, ...], int]] = {}
    while queue:
        at, way, sign = queue.popleft()
        if len(way) > max_hops:
            continue
        for to, s in steps.get(at, {}).items():
            if to not in paths:
                paths[to] = ((*way, to), sign * s)
                queue.append((to, (*way, to), sign * s))
    return paths
