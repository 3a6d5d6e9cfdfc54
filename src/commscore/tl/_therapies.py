"""Which edges each therapy of the resource cuts, in silico: shares, circuits, combinations, bypass."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd

from .. import get, rs
from .._names import read_names, write_names
from .._version import __version__
from ..check import Count, Proportion, between, checked
from ..get import Result
from ..get._sources import made_from
from ..get._store import check_target, finish, identity
from ..study.coverage import same_species
from ..study.domain import check_tumour, named_roles
from ..study.roles import RoleGroups, recorded_roles
from ..study.stored_circuits import circuit_scores
from ..study.stored_edges import EVERYTHING, edge_flows, obs_labels, passing_edges, split_key
from ..tables import understand as schema
from ..tables.versions import schema_of
from ._bypass import bypass_table

if TYPE_CHECKING:
    from anndata import AnnData

    from ..arrays import Bools, Floats
    from ..rs import Resource


SCHEMA = schema_of("therapies")
_TOLD = ("class", "action", "targets", "reported", "cuts", "sources")
NO_CUT = ("activates", "other")
_HLA, _TCR = re.compile(r"HLA-|H2-|B2[Mm]$"), re.compile(r"(?i)TR[ABGD]C\d?$|CD3[DEG]$|CD247$|CD4$|CD8[AB]1?$")
_ONLY_HLA = "it cuts antigen presentation (HLA to T-cell receptor) alone, which is left out of shares"


@checked
def therapies(
    adata: AnnData,
    *,
    key: str = "commscore",
    circuits_key: str | None = "commscore_circuits",
    roles: RoleGroups | None = None,
    condition_key: str | None = None,
    sample_key: str | None = None,
    max_padj: Proportion | None = None,
    padj: str = "padj",
    min_cells: Count = 5,
    n_together: Annotated[int, between(2, 5)] = 2,
    n_combinations: Count = 50,
    resource: str | Resource = "breast",
    key_added: str = "commscore_therapies",
    inplace: bool = True,
) -> Result | None:
    """Cut, in silico, the edges that each therapy of the reviews acts on: an inventory, not a prediction of response.

    An edge of the stored result is cut if a target of the therapy is a subunit of its ligand or receptor; a step of a
    circuit also if a target is its gene or a gate on it. Activating therapies cut nothing. The flow of an edge is the
    product of ligand mean and receptor mean; a cut edge loses all of it. Shares are shares of the flow without antigen
    presentation (HLA to T-cell receptor, CD4, CD8): its molecules are so abundant that it would make up most of the
    flow of any tissue, and a share of it says nothing of how well a T cell sees its antigen.

    Parameters
    ----------
    adata
        Annotated data that :func:`commscore.tl.score` has written to.
    key
        Key of the stored scores.
    circuits_key
        Key of stored circuits (:func:`commscore.tl.circuits`); ``None``, or nothing stored there, leaves them out.
    roles
        Role → group or groups, to say which group is the tumour; by default as in the stored circuits, else guessed
        from the names (:func:`commscore.tl.roles`).
    condition_key, sample_key
        Column of ``adata.obs``, at most one of the two: means are taken in each condition, or each sample, on its own,
        for the edges of the stored result and the steps of the stored circuits.
    max_padj
        Only edges with an adjusted p-value of at most this; by default all edges of the result.
    padj
        Column of the adjusted p-value, where several methods are stored.
    min_cells
        In a condition or sample, a smaller group sends and receives nothing.
    n_together
        Most therapies in a combination; pairs are all tried, larger sets grow from the best pairs.
    n_combinations
        Combinations that are listed, per context.
    resource
        Resource with therapies.
    key_added
        Key in ``adata.uns``.
    inplace
        If False, nothing is written and the result is returned.

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. ``table``: one row per context × therapy. ``extra``:
    ``edges`` (every cut edge with its flow), ``groups`` (share of the outgoing and incoming flow of each group that
    falls), ``circuits`` (share of each circuit's steps, and of their scores, that is cut), ``combinations`` (ranked by
    what they cut together; ``gain`` over the best member), ``bypass`` (what remains beside a cut edge in the receiving
    group: on the same receptor, from the same ligand or its family, in the same circuit).

    Raises
    ------
    KeyError
        If nothing is stored under ``key``, or a column does not exist.
    ValueError
        If both ``condition_key`` and ``sample_key`` are given, the resource has no therapies, it is about tumours and
        no group takes a tumour role, no edge passes, or an argument is out of range.

    Notes
    -----
    A ligand family is the symbol without its last numbers and letters (VEGFA, VEGFC: VEGF), a rough guess. Beside a cut
    edge of shedding, what the enzyme or its family does to other substrates is no bypass; another enzyme of the same
    substrate is.

    Examples
    --------
    >>> import commscore as cs
    >>> import scanpy as sc
    >>> adata = cs.ds.simulate(n_samples=1, n_cells=200, rng=0)
    >>> sc.pp.normalize_total(adata, target_sum=1e4)
    >>> sc.pp.log1p(adata)
    >>> cs.tl.score(adata, "cell_type", n_perms=50)
    >>> result = cs.tl.therapies(adata, inplace=False)
    >>> result.table["claim"].iloc[0]
    'in-silico cut of edges, not a prediction of response'
    """
    check_target(adata, key_added, inplace=inplace)
    resource, stored = rs.as_resource(resource), get.load(adata, key)
    agents = _agents(resource)
    _check_tumour(adata, stored, resource, roles=roles, circuits_key=circuits_key)
    table = passing_edges(stored.table, padj=padj, max_padj=max_padj)
    same_species(resource, itertools.chain.from_iterable(agents["targets"]), table)
    by, column = split_key(condition_key, sample_key)
    flows = edge_flows(adata, table, stored.params, by=by, column=column, min_cells=int(min_cells))
    cut, counted = _cuts(agents, table), ~presents_antigen(table)
    steps, in_contexts = _circuit_steps(adata, circuits_key, by=by, column=column, min_cells=int(min_cells))
    of_steps = _step_cuts(agents, steps)
    parts: dict[str, list[pd.DataFrame]] = {}
    for context, flow in flows.items():
        one = Cut(agents, table, flow, cut, counted, steps, of_steps, in_contexts[context])
        tables = {
            "table": _agent_table(one),
            "edges": _edge_table(one),
            "groups": _group_table(one),
            "combinations": _combinations(one, n_together=int(n_together), n_listed=int(n_combinations)),
            "bypass": bypass_table(one),
            "circuits": _circuit_table(one),
        }
        for name, frame in tables.items():
            frame.insert(0, "context", context)
            parts.setdefault(name, []).append(frame)
    extra = {name: _typed(pd.concat(frames, ignore_index=True)) for name, frames in parts.items()}
    sources = {key: stored} | ({str(circuits_key): get.load(adata, str(circuits_key))} if len(steps) else {})
    params = {
        "key": key,
        "made_from": made_from(sources),
        "circuits_key": circuits_key,
        "roles": recorded_roles(roles),
        "condition_key": condition_key,
        "sample_key": sample_key,
        "max_padj": max_padj,
        "padj": padj,
        "min_cells": int(min_cells),
        "n_together": int(n_together),
        "n_combinations": int(n_combinations),
        "flow": "ligand mean × receptor mean",
        "shares": "of all flow without antigen presentation",
        "claim": schema.CAUTION,
        "circuits": "used" if len(steps) else "none stored",
        "commscore": __version__,
    }
    result = Result(extra.pop("table")[list(schema.THERAPIES.names)], params, identity(resource), extra, SCHEMA)
    return finish(adata, key_added, result, inplace=inplace)


@dataclass(frozen=True)
class Cut:
    """Everything about one context: edges with their flow, and what each therapy cuts (therapies × edges)."""

    agents: pd.DataFrame
    table: pd.DataFrame
    flow: Floats
    edges: Bools
    counted: Bools
    """Of the edges: part of the shares; antigen presentation is not."""
    steps: pd.DataFrame
    of_steps: Bools
    step_score: Floats
    """Of the steps, in this context; NaN where a role has no cells."""

    def lost(self, edges: Any) -> float:
        """Share of the counted flow on these edges."""
        whole = self.flow[self.counted].sum()
        return float(self.flow[edges & self.counted].sum() / whole) if whole > 0 else np.nan


def _agents(resource: Resource) -> pd.DataFrame:
    """One row per therapy: lists of what the reviews say of it; ``cuts`` are the targets of actions that cut."""
    frame = resource.therapies
    if frame.empty:
        msg = f"resource {resource.name!r} has no therapies; use resource='breast' or one made from it"
        raise ValueError(msg)

    frame = frame.assign(cuts=frame["targets"].where(~frame["action"].isin(NO_CUT), ""))
    grouped = frame.rename(columns={"source": "sources"}).groupby("therapy", sort=True)
    lists = grouped[list(_TOLD)].agg(list)
    return lists.apply(lambda column: column.map(_different)).reset_index()


def _different(cells: list[Any]) -> list[str]:
    """Return what a therapy's cells in the tables of the resource hold, where ``;`` parts what stands in one cell."""
    return list(dict.fromkeys(p for cell in cells for p in str(cell).split(";") if p))


def _check_tumour(
    adata: AnnData, stored: Result, resource: Resource, *, roles: RoleGroups | None, circuits_key: str | None
) -> None:
    """Raise if the resource is about tumours and no group takes a tumour role; what circuits were told holds here."""
    groupby = str(stored.params["groupby"])
    if roles is None and circuits_key is not None and circuits_key in adata.uns:
        params = get.params(adata, circuits_key)
        if str(params.get("groupby")) == groupby:
            roles = {role: list(groups) for role, groups in dict(params.get("roles") or {}).items()}
    named = named_roles(resource, "circuits", "expectations", "evidence")
    check_tumour(adata, groupby, named, role_groups=roles, resource=resource, what="therapies")


def presents_antigen(table: pd.DataFrame) -> Bools:
    """Find the edges from an HLA molecule to a T-cell receptor or its co-receptor, by mode or by their molecules."""
    by_mode = (table["mode"].astype(str) == "antigen_presentation").to_numpy(bool)
    sides = zip(subunits(table["ligand_complex"]), subunits(table["receptor_complex"]), strict=True)
    by_molecules = [any(map(_HLA.match, a)) and any(map(_TCR.match, b)) for a, b in sides]
    return np.asarray(by_mode | np.asarray(by_molecules, bool), np.bool_)


def subunits(names: pd.Series) -> list[set[str]]:
    return [set(str(n).split("_")) for n in names]


def _cuts(agents: pd.DataFrame, table: pd.DataFrame) -> Bools:
    """Therapies × edges: a target that is cut is a subunit of the ligand or the receptor."""
    sides = [a | b for a, b in zip(subunits(table["ligand_complex"]), subunits(table["receptor_complex"]), strict=True)]
    targets = [set(t) for t in agents["cuts"]]
    return np.array([[bool(t & s) for s in sides] for t in targets], bool).reshape(len(targets), len(sides))


def _circuit_steps(
    adata: AnnData, circuits_key: str | None, *, by: str, column: str | None, min_cells: int
) -> tuple[pd.DataFrame, dict[str, Floats]]:
    """Measured steps of the stored circuits with the gates on them, and their scores in every context."""
    if circuits_key is None or (circuits_key == "commscore_circuits" and circuits_key not in adata.uns):
        none = pd.DataFrame(columns=["circuit", "step", "from", "to", "gate_molecules", "score", "in_strength"])
        names = [EVERYTHING] if column is None else obs_labels(adata, by, column)[1]
        return none, {name: np.zeros(0) for name in names}
    stored = get.load(adata, circuits_key)
    edges = stored.extra["edges"]
    steps = edges[edges["score"].notna() & edges["in_strength"]].reset_index(drop=True)
    return steps, circuit_scores(adata, stored, steps, by=by, column=column, min_cells=min_cells)


def _step_cuts(agents: pd.DataFrame, steps: pd.DataFrame) -> Bools:
    """Therapies × steps: a target is a gene of the step, or of a gate that releases its ligand."""
    genes = [
        {gene for molecule in (a, b, *read_names(gates)) for gene in str(molecule).split("_")}
        for a, b, gates in zip(steps["from"], steps["to"], steps["gate_molecules"], strict=True)
    ]
    targets = [set(t) for t in agents["cuts"]]
    return np.array([[bool(t & g) for g in genes] for t in targets], bool).reshape(len(targets), len(genes))


def _agent_table(cut: Cut) -> pd.DataFrame:
    frame = cut.agents.drop(columns="cuts")
    frame = frame.assign(**{name: frame[name].map(write_names) for name in _TOLD if name != "cuts"})
    n, circuits = cut.edges.sum(axis=1), cut.steps["circuit"].astype(str).to_numpy()
    there = np.isfinite(cut.step_score)
    statuses = [_status(row, n_cut) for (_, row), n_cut in zip(cut.agents.iterrows(), n, strict=True)]
    frame["status"], frame["reason"] = [f[0] for f in statuses], [f[1] for f in statuses]
    only_hla = (n > 0) & ~(cut.edges & cut.counted).any(axis=1)
    frame.loc[only_hla, "reason"] = _ONLY_HLA
    frame["n_edges"] = n
    frame["share"] = np.where(only_hla, np.nan, [cut.lost(e) for e in cut.edges])
    frame["n_circuits"] = [np.unique(circuits[s & there]).size for s in cut.of_steps]
    frame["claim"] = schema.CAUTION
    return frame.sort_values(["share", "therapy"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _status(agent: pd.Series, n_cut: int) -> tuple[str, str]:
    if n_cut:
        return "cuts", ""
    if not agent["targets"]:
        return "no target", "the reviews name no molecule that it acts on"
    if not agent["cuts"]:
        activates = set(agent["action"]) <= {"activates"}
        what = "raises" if activates else "acts in another way on"
        return ("activates" if activates else "no edge"), f"it {what} {', '.join(agent['targets'])}, which cuts no edge"
    targets = agent["cuts"]
    if all(t.startswith(("met:", "MIR")) for t in targets):
        return "not measurable in RNA", f"{', '.join(targets)}: not in mRNA counts"
    return "no edge", f"{', '.join(targets)}: neither ligand nor receptor of an edge of the stored result"


def _edge_table(cut: Cut) -> pd.DataFrame:
    agent, edge = np.nonzero(cut.edges)
    frame = cut.table[["source", "target", "interaction"]].astype(str).iloc[edge].reset_index(drop=True)
    frame.insert(0, "therapy", cut.agents["therapy"].to_numpy()[agent])
    whole = cut.flow[cut.counted].sum()
    frame["flow"] = cut.flow[edge]
    frame["share"] = np.where(cut.counted[edge], cut.flow[edge] / whole, np.nan) if whole > 0 else np.nan
    targets = [set(t) for t in cut.agents["cuts"]]
    ligands, receptors = subunits(cut.table["ligand_complex"]), subunits(cut.table["receptor_complex"])
    frame["side"] = [
        "both"
        if targets[a] & ligands[e] and targets[a] & receptors[e]
        else "ligand"
        if targets[a] & ligands[e]
        else "receptor"
        for a, e in zip(agent, edge, strict=True)
    ]
    return frame


def _group_table(cut: Cut) -> pd.DataFrame:
    parts = []
    for direction, side in (("outgoing", "source"), ("incoming", "target")):
        names, code = np.unique(cut.table[side].astype(str), return_inverse=True)
        flow = cut.flow * cut.counted
        whole = np.bincount(code, weights=flow, minlength=names.size)
        for a in np.flatnonzero((cut.edges & cut.counted).any(axis=1)):
            lost = np.bincount(code, weights=flow * cut.edges[a], minlength=names.size)
            share = np.divide(lost, whole, out=np.full(names.size, np.nan), where=whole > 0)
            parts.append(
                pd.DataFrame(
                    {
                        "therapy": cut.agents["therapy"].iloc[a],
                        "group": names,
                        "direction": direction,
                        "flow": whole,
                        "share": share,
                    }
                )
            )
    columns = ["therapy", "group", "direction", "flow", "share"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _circuit_table(cut: Cut) -> pd.DataFrame:
    """Share of the measured steps of each circuit, and of their scores, that a therapy cuts in this context."""
    rows = []
    circuit = cut.steps["circuit"].astype(str).to_numpy()
    there = np.isfinite(cut.step_score)
    for a in np.flatnonzero(cut.of_steps.any(axis=1)):
        for name in dict.fromkeys(circuit[cut.of_steps[a] & there]):
            inside = (circuit == name) & there
            hit = inside & cut.of_steps[a]
            whole = cut.step_score[inside].sum()
            rows.append(
                (
                    cut.agents["therapy"].iloc[a],
                    name,
                    int(inside.sum()),
                    int(hit.sum()),
                    hit.sum() / inside.sum(),
                    float(cut.step_score[hit].sum() / whole) if whole > 0 else np.nan,
                    write_names(f"{s}: {x} → {y}" for s, x, y in cut.steps.loc[hit, ["step", "from", "to"]].to_numpy()),
                )
            )
    return pd.DataFrame(rows, columns=["therapy", "circuit", "n_steps", "n_cut", "share", "score_share", "steps"])


def _combinations(cut: Cut, *, n_together: int, n_listed: int) -> pd.DataFrame:
    """Rank sets of therapies by the flow they cut together; therapies that cut the same edges count once."""
    single = {int(a): cut.lost(cut.edges[a]) for a in np.flatnonzero((cut.edges & cut.counted).any(axis=1))}
    patterns: dict[bytes, int] = {}
    for a in single:
        patterns.setdefault(cut.edges[a].tobytes(), a)
    usable, rows = sorted(patterns.values()), []
    level = [tuple(pair) for pair in itertools.combinations(usable, 2)]
    for size in range(2, n_together + 1):
        ranked = sorted(((cut.lost(cut.edges[list(s)].any(axis=0)), s) for s in level), key=lambda r: (-r[0], r[1]))
        rows += ranked[:n_listed]
        if size < n_together:
            level = sorted({tuple(sorted({*s, a})) for _, s in ranked[:n_listed] for a in usable if a not in s})
    names = cut.agents["therapy"].to_numpy()
    table = [
        (
            write_names(names[list(s)]),
            len(s),
            int(cut.edges[list(s)].any(axis=0).sum()),
            share,
            best,
            share - best,
            cut.lost(cut.edges[list(s)].all(axis=0)),
        )
        for share, s in sorted(rows, key=lambda r: (-r[0], len(r[1]), r[1]))[:n_listed]
        for best in [max(single[a] for a in s)]
    ]
    return pd.DataFrame(table, columns=["therapies", "n", "n_edges", "share", "best_single", "gain", "overlap"])


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    for column in ("context", "direction", "how", "side", "source", "target", "interaction", "group"):
        if column in frame:
            frame[column] = frame[column].astype("category")
    if "status" in frame:
        frame["status"] = pd.Categorical(frame["status"], categories=list(schema.THERAPY_STATUS))
        frame["claim"] = pd.Categorical(frame["claim"], categories=[schema.CAUTION])
    return frame
