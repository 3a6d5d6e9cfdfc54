"""The interactions upstream of a response: linked, their change beside its change, and its slope on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...arrays import Tests
from ...core import contrast as engine
from ...core.contrast import Settings
from ...core.log_rates import log_cpm
from ...get._frames import empty_frame, typed_frame
from ...stats.multiple import benjamini_hochberg
from ...stats.slopes import Slopes, contrast_slopes, fit_slopes, join_slopes
from ...tables import response as schema
from ...tables.vocabulary import Agreement

if TYPE_CHECKING:
    from ...arrays import Bools, Ints
    from ...study.activities import Activities
    from ...study.comparison import ComparisonData
    from ...study.design import StudyDesign


@dataclass(frozen=True)
class Upstream:
    """Source × target × link, one row each; codes of groups, of interactions and of pathways."""

    prepared: ComparisonData
    activities: Activities
    links: pd.DataFrame
    source: Ints
    target: Ints
    link: Ints
    circular: Bools

    @property
    def interaction(self) -> Ints:
        """Row of each in the table of interactions."""
        return np.asarray(self.links["at"].to_numpy()[self.link], np.int64)

    @property
    def pathway(self) -> Ints:
        """Column of each in the activities."""
        number = {p: i for i, p in enumerate(self.activities.pathways)}
        return np.asarray([number[p] for p in self.links["pathway"]], np.int64)[self.link]

    def names(self, rows: Any = slice(None)) -> dict[str, pd.Categorical]:
        """Columns that say which edge and which pathway."""
        groups, frame = list(self.prepared.study.groups), self.prepared.interactions.frame
        return {
            "source": pd.Categorical.from_codes(self.source[rows], groups),
            "target": pd.Categorical.from_codes(self.target[rows], groups),
            "interaction": _coded(frame["interaction"].astype(str).to_numpy(), self.interaction[rows]),
            "pathway": _coded(np.asarray(self.activities.pathways, object), self.pathway[rows]),
        }


def _coded(names: Any, codes: Ints) -> pd.Categorical:
    return pd.Categorical(np.asarray(names, object)[codes])


def upstream(
    prepared: ComparisonData,
    activities: Activities,
    links: pd.DataFrame,
    *,
    net: pd.DataFrame,
    min_cells: int,
    expr_prop: float,
) -> Upstream:
    """Find every link between two groups where both sides are expressed and the target has the activity."""
    interactions, bulk = prepared.interactions, prepared.bulk
    starts, genes = interactions.entities.indptr[:-1], interactions.entities.genes
    prop = np.minimum.reduceat(bulk.prop[:, :, genes], starts, axis=2)
    prop = np.where((bulk.n_cells >= min_cells)[:, :, None], prop, 0.0)
    least = int(np.bincount(prepared.study.condition).min())
    high: Any = np.sort(prop, axis=0)[-max(least, 1) :].mean(axis=0) >= expr_prop  # (groups, entities), blind to labels
    measured: Any = np.isfinite(activities.activity).any(axis=0)  # (groups, pathways)
    at = links["at"].to_numpy(np.int64)
    number = {p: i for i, p in enumerate(activities.pathways)}
    pathway = np.asarray([number[p] for p in links["pathway"]], np.int64)
    sends, receives = high[:, interactions.ligand[at]], high[:, interactions.receptor[at]] & measured[:, pathway]
    source, target, link = np.nonzero(sends[:, None, :] & receives[None, :, :])
    edges = Upstream(prepared, activities, links, source, target, link, np.zeros(link.size, bool))
    return replace(edges, circular=_circular(edges, net))


def _circular(up: Upstream, net: pd.DataFrame) -> Bools:
    targets = net.groupby("source")["target"].agg(set).to_dict()
    frame = up.prepared.interactions.frame
    members = [(set(a.split("_")), set(b.split("_"))) for a, b in zip(frame["ligand"], frame["receptor"], strict=True)]
    pathways = np.asarray(up.activities.pathways, object)[up.pathway]
    rows = zip(up.interaction, pathways, up.source == up.target, strict=True)
    return np.asarray(
        [bool((members[i][1] | (members[i][0] if own else set())) & targets[p]) for i, p, own in rows], bool
    )


def change_table(
    up: Upstream,
    table: pd.DataFrame,
    *,
    design: StudyDesign,
    contrasts: list[Any],
    min_cells: int,
    expr_prop: float,
    alpha: float,
) -> pd.DataFrame:
    """Set the changes of the edges beside those of the responses."""
    interactions = up.prepared.interactions
    tests = Tests(up.source, up.target, interactions.ligand[up.interaction], interactions.receptor[up.interaction])
    settings = Settings(expr_prop=expr_prop, alpha=alpha, max_enumeration=0)
    cohort = up.prepared.cohort(design, min_cells=min_cells)
    frames = []
    testable = tests.n > 0 and design.matrix.shape[0] > design.matrix.shape[1]
    model = engine.fit(cohort, interactions.entities) if testable else None
    for one in contrasts if testable else []:
        columns = engine.compare(
            cohort, interactions.entities, tests, contrast=one, settings=settings, model=model
        ).columns
        frame = pd.DataFrame({"contrast": one.name} | up.names())
        frame["sign"] = up.links["sign"].to_numpy(np.int64)[up.link]
        frame["evidence"] = up.links["evidence"].to_numpy()[up.link]
        edge = {"edge_effect": columns["effect"], "edge_pvalue": columns["pvalue"], "edge_padj": columns["padj"]}
        frames.append(_beside(frame.assign(**edge), table, alpha=alpha).assign(circular=up.circular))
    if not frames:
        return empty_frame(schema.LINKS)
    return typed_frame(pd.concat(frames, ignore_index=True), schema.LINKS)


def _beside(frame: pd.DataFrame, table: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    responses = table.set_index(["contrast", "target", "pathway"])[["effect", "pvalue", "padj"]]
    responses.columns = pd.Index(["response_effect", "response_pvalue", "response_padj"])
    keys = [frame[c].astype(str) for c in ("contrast", "target", "pathway")]
    responses.index = pd.MultiIndex.from_tuples([tuple(map(str, i)) for i in responses.index])
    aligned = responses.reindex(pd.MultiIndex.from_arrays(keys))
    for name in responses:
        frame[name] = aligned[name].to_numpy()
    edge, answer = (frame["edge_padj"] <= alpha).to_numpy(), (frame["response_padj"] <= alpha).to_numpy()
    same = np.nan_to_num(frame["edge_effect"] * frame["response_effect"] * frame["sign"]) > 0
    unknown = (frame["edge_pvalue"].isna() | frame["response_pvalue"].isna()).to_numpy()
    cases = [unknown, edge & answer & same, edge & answer, edge, answer]
    names = [
        Agreement.NOT_ASSESSABLE,
        Agreement.AGREE,
        Agreement.OPPOSE,
        Agreement.EDGE_ONLY,
        Agreement.RESPONSE_ONLY,
    ]
    frame["agreement"] = np.select(cases, names, default=Agreement.NEITHER)
    return frame


def coupling(up: Upstream, *, nuisance: Any, min_cells: int) -> Slopes | None:
    """Slopes of all rows, pair of groups by pair of groups."""
    interactions, bulk, study = up.prepared.interactions, up.prepared.bulk, up.prepared.study
    starts, genes = interactions.entities.indptr[:-1], interactions.entities.genes
    value = np.minimum.reduceat(log_cpm(bulk, min_cells=min_cells)[:, :, genes], starts, axis=2)
    parts, order = [], []
    for s, t in np.unique(np.stack([up.source, up.target], axis=1), axis=0):
        rows = np.flatnonzero((up.source == s) & (up.target == t))
        at = up.interaction[rows]
        edge = (value[:, s][:, interactions.ligand[at]] + value[:, t][:, interactions.receptor[at]]).T
        answer = up.activities.activity[:, t][:, up.pathway[rows]].T
        there = np.isfinite(edge) & np.isfinite(answer)
        for pattern in np.unique(there, axis=0):
            mine = (there == pattern).all(axis=1)
            order.append(rows[mine])
            parts.append(
                fit_slopes(
                    edge[mine][:, pattern],
                    answer[mine][:, pattern],
                    context=study.condition[pattern],
                    n_contexts=len(study.levels),
                    nuisance=nuisance[pattern],
                )
            )
    if not parts:
        return None
    back = np.argsort(np.concatenate(order))
    whole = join_slopes(parts)
    return Slopes(*(getattr(whole, f)[back] for f in Slopes.__dataclass_fields__))


def coupling_table(up: Upstream, slopes: Slopes | None) -> pd.DataFrame:
    """One row per context and edge that has a slope there."""
    frames = []
    for c, level in enumerate(up.prepared.study.levels):
        if slopes is None:
            break
        rows = np.flatnonzero(np.isfinite(slopes.slope[:, c]))
        if rows.size == 0:
            continue
        frame = pd.DataFrame({"context": np.full(rows.size, level, object)} | up.names(rows))
        frame["n"], frame["edge"] = slopes.n[rows, c], slopes.edge[rows, c]
        frame["slope"], frame["correlation"] = slopes.slope[rows, c], slopes.correlation[rows, c]
        frames.append(frame)
    return (
        typed_frame(pd.concat(frames, ignore_index=True), schema.COUPLING) if frames else empty_frame(schema.COUPLING)
    )


def switch_table(up: Upstream, slopes: Slopes | None, *, alpha: float) -> pd.DataFrame:
    """One row per pair of contexts and edge that has a slope in both."""
    levels, frames = up.prepared.study.levels, []
    pairs = [(a, b) for a in range(len(levels)) for b in range(a + 1, len(levels))]
    for a, b in pairs:
        if slopes is None:
            break
        rows = np.flatnonzero(np.isfinite(slopes.slope[:, [a, b]]).all(axis=1))
        if rows.size == 0:
            continue
        contrast = {k: v[rows] for k, v in contrast_slopes(slopes, a, b).items()}
        frame = pd.DataFrame({"first": np.full(rows.size, levels[a], object), "second": levels[b]} | up.names(rows))
        frame["slope_first"], frame["slope_second"] = slopes.slope[rows, a], slopes.slope[rows, b]
        frame["difference"], frame["se"] = contrast["estimate"], contrast["se"]
        frame["ci_low"], frame["ci_high"] = contrast["low"], contrast["high"]
        frame["difference_pvalue"], frame["pvalue"] = contrast["pvalue"], contrast["switch"]
        frame["padj"] = benjamini_hochberg(contrast["switch"])
        frame["edge_change"] = slopes.edge[rows, b] - slopes.edge[rows, a]
        frame["sign_switch"], frame["circular"] = frame["padj"] <= alpha, up.circular[rows]
        frames.append(frame)
    return (
        typed_frame(pd.concat(frames, ignore_index=True), schema.SWITCHES) if frames else empty_frame(schema.SWITCHES)
    )
