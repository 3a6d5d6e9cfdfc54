"""Feedback loops and relays found in stored scores."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd

from ... import get, rs
from ..._names import write_list
from ..._random import RNG, recorded
from ..._random import key as seed_of
from ..._version import __version__
from ...check import Count, Proportion, Repeats, between, checked
from ...core.circuits import LoopNull, Loops, Network, autocrine, relays, rewired, search
from ...core.circuits import loop_strengths as strengths
from ...core.progress import progress_bar
from ...get import Result
from ...get._sources import made_from
from ...get._store import check_target, finish
from ...stats.multiple import permutation_pvalue
from ...tables import loops as schema
from . import _links

if TYPE_CHECKING:
    from anndata import AnnData

    from ...arrays import Ints
    from ...rs import Resource

_BUDGET = 10_000_000


@checked
def loops(
    adata: AnnData,
    *,
    key: str = "commscore",
    max_length: Annotated[int, between(2, 8)] = 4,
    net: pd.DataFrame | None = None,
    max_hops: Count = 3,
    max_padj: Proportion | None = 0.05,
    score: str = "score",
    padj: str = "padj",
    max_loops: Count = 10_000,
    budget: Count = _BUDGET,
    n_perms: Repeats = 1000,
    resource: str | Resource = "breast",
    rng: RNG = 0,
    key_added: str = "commscore_loops",
    inplace: bool = True,
) -> Result | None:
    """Find feedback loops (A → B → A and longer) and relays (A → B → C) in a stored result.

    Two edges are linked where the receptor of the first leads, inside the cell that receives it, to the ligand that
    this cell sends by the second. What leads to what is taken from ``net``, else from the steps inside cells of the
    resource's circuits. A loop passes through different groups, each once.

    Parameters
    ----------
    adata : scores
    key : scores
    max_length
        Most edges in a loop, 2 to 8. Autocrine loops (one edge within a group) are listed besides.
    net
        Network inside the cell in decoupler's format: columns ``source``, ``target``, ``weight`` (its sign counts),
        with receptor → factor and factor → gene.
    max_hops
        Most steps from receptor to ligand gene.
    max_padj
        Edges with an adjusted p-value of at most this; ``None`` for all edges with a score above zero.
    score, padj
    max_loops
        Most loops, and most relays, that are listed; all are counted (``params["n_loops"]``, ``["n_relays"]``).
    budget
        Most edges that one search may try. Where it runs out, counts are lower bounds, there are no p-values, and a
        warning and ``params["complete"]`` say so.
    n_perms
        Number of rewired networks.
    resource
        Resource of the effects on receptors, and of the steps inside cells if ``net`` is not given.
    rng
        Seed, Generator or SeedSequence; the same seed gives the same bytes.
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``: loops, the strongest first, then relays;
    ``extra["summary"]`` tests the number and strength of all loops together.

    Notes
    -----
    The null exchanges the targets of random pairs of edges between groups (Maslov & Sneppen 2002,
    doi:10.1126/science.1065103): every group keeps what it sends and how much it receives. Whether there are more or
    stronger loops than chance closes is for the summary to say; ``strength_pvalue`` of one loop is how often **any**
    loop of a rewired network is as strong, (1 + b)/(1 + n), so it holds over all loops that are looked at.
    ``in_rewired``, the share of rewired networks that hold the same loop, is no p-value: a loop is in the table because
    it was found, and nearly every loop of a random network is rare among other random networks. Rewiring leaves edges
    within a group, so autocrine loops are not tested and do not count in the summary.

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or the table lacks a column.
    ValueError
        If no edge passes, no receptor is in the network, or an argument is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=50)
    >>> genes = cs.get.table(adata)[["receptor", "ligand"]].drop_duplicates()
    >>> net = pd.DataFrame({"source": genes["receptor"], "target": genes["ligand"], "weight": 1.0})
    >>> result = cs.tl.loops(adata, net=net, max_padj=None, max_length=2, n_perms=20, inplace=False)
    >>> set(result.table["kind"]) <= {"loop", "relay"}
    True
    """
    check_target(adata, key_added, inplace=inplace)
    seed, stored = seed_of(rng), get.load(adata, key)
    frame = _edges(stored.table, score=score, padj=padj, max_padj=max_padj)
    resource = rs.as_resource(resource)
    steps = _links.steps_of_resource(resource) if net is None else _links.steps_of_net(net)
    network, names, links = _network(frame, steps, score=score, max_hops=int(max_hops))
    links = replace(links, effects=_links.effects_of(resource, names[1]))
    listing = search(network, longest=int(max_length), room=int(max_loops), budget=int(budget))
    with progress_bar(int(n_perms), "rewired networks") as progress:
        null = rewired(
            network,
            listing,
            n_perms=int(n_perms),
            key=seed,
            longest=int(max_length),
            budget=int(budget),
            progress=progress,
        )
    if not null.complete:
        msg = f"budget={budget} did not suffice: counts are lower bounds without p-values; lower max_length or raise it"
        warnings.warn(msg, UserWarning, stacklevel=3)
    pairs, n_relays = relays(network, room=int(max_loops))
    table = pd.concat(
        [
            _loop_table(network, listing, null, names=names, links=links, padj=frame[padj].to_numpy(float)),
            _relay_table(network, pairs, names=names, links=links, padj=frame[padj].to_numpy(float)),
        ],
        ignore_index=True,
    )
    table["kind"] = pd.Categorical(table["kind"], categories=list(schema.LOOPS["kind"].values))
    params = {
        "key": key,
        "made_from": made_from({key: stored}),
        "max_length": int(max_length),
        "max_hops": int(max_hops),
        "max_padj": max_padj,
        "score": score,
        "padj": padj,
        "max_loops": int(max_loops),
        "budget": int(budget),
        "n_perms": int(n_perms),
        "rng": recorded(rng, seed),
        "net": "given" if net is not None else "steps of the resource",
        "sign": "links inside cells × effect of each interaction on its receptor",
        "complete": bool(null.complete),
        "n_loops": int(listing.totals[0]),
        "n_listed": int(listing.length.size),
        "n_relays": n_relays,
        "n_edges": len(frame),
        "n_links": len(links.words),
        "pvalue_floor": 1 / (int(n_perms) + 1),
        "commscore": __version__,
    }
    result = Result(table, params, stored.resource, {"summary": _summary(listing, null)}, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


def _edges(table: pd.DataFrame, *, score: str, padj: str, max_padj: float | None) -> pd.DataFrame:
    for argument, column in (("score", score), ("padj", padj)):
        if column not in table:
            some = [c for c in table.columns if str(c).startswith(("score", "padj"))]
            msg = f"{argument}={column!r} is not a column of the stored table; it has {', '.join(some) or 'no scores'}"
            raise KeyError(msg)
    kept = table[score] > 0
    if max_padj is not None:
        kept &= table[padj] <= max_padj
    if not kept.any():
        msg = f"no edge of the stored table has a {score} above zero and {padj} <= {max_padj}; raise max_padj"
        raise ValueError(msg)
    return table[kept].reset_index(drop=True)


def _network(
    frame: pd.DataFrame, steps: _links.Steps, *, score: str, max_hops: int
) -> tuple[Network, tuple[list[str], list[str]], _links.Links]:
    groups = sorted({*frame["source"].astype(str), *frame["target"].astype(str)})
    pairs = frame.drop_duplicates("interaction")
    kinds = pairs["interaction"].astype(str).tolist()
    links = _links.link(
        steps,
        pairs["ligand_complex"].astype(str).tolist(),
        pairs["receptor_complex"].astype(str).tolist(),
        max_hops=max_hops,
    )
    number, kind = {g: i for i, g in enumerate(groups)}, {k: i for i, k in enumerate(kinds)}
    network = Network(
        frame["source"].astype(str).map(number).to_numpy(np.int64),
        frame["target"].astype(str).map(number).to_numpy(np.int64),
        frame["interaction"].astype(str).map(kind).to_numpy(np.int64),
        frame[score].to_numpy(np.float64),
        links.linked,
        len(groups),
    )
    return network, (groups, kinds), links


def _loop_table(
    network: Network,
    listing: Loops,
    null: LoopNull,
    *,
    names: tuple[list[str], list[str]],
    links: _links.Links,
    padj: Any,
) -> pd.DataFrame:
    n = len(null.totals)
    strength = strengths(network, listing)
    share = null.contain / n if null.complete else np.full(strength.size, np.nan)
    tail = permutation_pvalue(null.exceed, n) if null.complete else np.full(strength.size, np.nan)
    rows = []
    for i in np.argsort(-strength, kind="stable"):
        path = listing.edges[i, : listing.length[i]]
        rows.append((*_described(path, network, names=names, links=links, closed=True, padj=padj), share[i], tail[i]))
    own = autocrine(network)
    for e in own[np.argsort(-network.score[own], kind="stable")]:
        alone = np.array([e])
        rows.append((*_described(alone, network, names=names, links=links, closed=True, padj=padj), np.nan, np.nan))
    return _framed("loop", rows)


def _relay_table(
    network: Network,
    pairs: Ints,
    *,
    names: tuple[list[str], list[str]],
    links: _links.Links,
    padj: Any,
) -> pd.DataFrame:
    """Linked pairs of edges through three different groups, the strongest first."""
    rows = [
        (*_described(pair, network, names=names, links=links, closed=False, padj=padj), np.nan, np.nan)
        for pair in pairs
    ]
    return _framed("relay", rows)


def _described(
    path: Any, network: Network, *, names: tuple[list[str], list[str]], links: _links.Links, closed: bool, padj: Any
) -> tuple[Any, ...]:
    groups, kinds = names
    kind = network.kind[path]
    passed = [groups[network.source[path[0]]], *(groups[g] for g in network.target[path])]
    after = np.roll(kind, -1) if closed else kind[1:]
    ways = [(int(a), int(b)) for a, b in zip(kind[: after.size], after, strict=True)]
    scores = network.score[path]
    return (
        len(path),
        write_list(passed),
        write_list(kinds[k] for k in kind),
        write_list(links.words[w] for w in ways),
        links.sign_of([int(k) for k in kind], ways),
        sum(links.effects[int(k)] == 0 for k in kind),
        float(np.exp(np.log(scores).mean())),
        float(scores.min()),
        float(padj[path].max()),
    )


def _framed(kind: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    names = [c for c in schema.LOOPS.names if c != "kind"]
    frame = pd.DataFrame(rows, columns=names).astype(
        {"length": np.int64, "sign": np.int64, "n_unknown_effects": np.int64}
    )
    numbers = ["strength", "weakest", "max_padj", "in_rewired", "strength_pvalue"]
    frame = frame.astype(dict.fromkeys(numbers, np.float64))
    frame["kind"] = kind
    return frame[list(schema.LOOPS.names)]


def _summary(listing: Loops, null: LoopNull) -> pd.DataFrame:
    statistics = list(schema.LOOP_SUMMARY["statistic"].values)
    reached = (null.totals >= listing.totals * (1 - 1e-12)).sum(axis=0)
    pvalue = permutation_pvalue(reached, len(null.totals)) if null.complete else np.full(3, np.nan)
    return pd.DataFrame(
        {
            "statistic": pd.Categorical(statistics, categories=statistics),
            "observed": listing.totals,
            "expected": null.totals.mean(axis=0),
            "pvalue": pvalue,
        }
    )
