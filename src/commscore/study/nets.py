"""The net: checked, matched with the genes of the data, its weights brought to one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import rs
from .._validate import one_of
from ..rs.io._read import misread

PROGENY = "progeny"
LINK_COLUMNS = ["receptor", "pathway", "sign", "evidence"]


def read_net(net: Any, var_names: pd.Index) -> tuple[pd.DataFrame, str]:
    """Return columns ``source, target, weight`` with targets as the data name them, and the net's name.

    Raises
    ------
    TypeError, ValueError
        If it is no net, or no target is among the genes.
    """
    name = "user"
    if net is None or isinstance(net, str):
        one_of("net", PROGENY if net is None else net, [PROGENY])
        frame, name = _as_measured(rs.progeny(), var_names), PROGENY
    else:
        frame = _checked(net)
    measured = frame[frame["target"].isin(var_names)]
    if measured.empty:
        some = ", ".join(map(str, frame["target"].head(3)))
        msg = (
            f"net has no target among the {len(var_names)} genes (net: {some}, …; data: "
            f"{', '.join(map(str, var_names[:3]))}, …); both must use the same symbols"
        )
        raise ValueError(msg)
    return measured.reset_index(drop=True), name


def _as_measured(frame: pd.DataFrame, var_names: pd.Index) -> pd.DataFrame:
    """Take the published symbol of a gene where the data do not know its current one."""
    frame = frame.copy()
    frame["target"] = frame["target"].where(frame["target"].isin(var_names), frame["published"])
    return frame[["source", "target", "weight"]]


def _checked(net: Any) -> pd.DataFrame:
    if not isinstance(net, pd.DataFrame):
        msg = f"net must be 'progeny' or a DataFrame with the columns source, target, weight, found {net!r:.80}"
        raise TypeError(msg)
    missing = [c for c in ("source", "target") if c not in net]
    if missing:
        hint = misread(net.columns) or "; rename its columns"
        msg = f"net lacks the column {', '.join(missing)} (it has {', '.join(map(str, net.columns))}){hint}"
        raise ValueError(msg)
    nameless = net[["source", "target"]].isna().any(axis=1)
    if nameless.any():
        msg = f"net: {int(nameless.sum())} rows have no source or no target; drop them"
        raise ValueError(msg)
    frame = net[["source", "target"]].astype(str).reset_index(drop=True)
    frame["weight"] = pd.to_numeric(net["weight"], errors="coerce").to_numpy(float) if "weight" in net else 1.0
    if not np.isfinite(frame["weight"]).all() or (frame["weight"] == 0).all():
        msg = "net: weights must be finite numbers, not all zero; drop the rows that have none"
        raise ValueError(msg)
    twice = frame.duplicated(["source", "target"])
    if twice.any():
        one = frame[twice].iloc[0]
        msg = f"net has {int(twice.sum())} pairs twice (first: {one['source']}, {one['target']}); drop the duplicates"
        raise ValueError(msg)
    return frame[frame["weight"] != 0]


def scaled_net(net: pd.DataFrame, genes: pd.Index, *, min_targets: int) -> pd.DataFrame:
    """Keep targets among ``genes`` and sources with enough of them; weights of each source have mean square 1.

    So an activity is the log2 change of a target gene of average weight, whatever the units of the net.
    """
    frame = net[net["target"].isin(genes)]
    size = frame.groupby("source")["target"].transform("size")
    frame = frame[size >= min_targets].copy()
    power = (frame["weight"] ** 2).groupby(frame["source"]).transform("mean")
    frame["weight"] = frame["weight"] / np.sqrt(power)
    return frame.reset_index(drop=True)


def receptor_links(links: Any, interactions: pd.DataFrame, pathways: list[str]) -> pd.DataFrame:
    """Say which interaction feeds which pathway: columns ``at`` (row of ``interactions``), ``pathway, sign, evidence``.

    A link of a receptor holds for every receptor complex that contains all its subunits.
    """
    of_pathways = rs.receptor_pathways() if links is None else checked_links(links)
    of_pathways = of_pathways[of_pathways["pathway"].isin(pathways)]
    rows = []
    receptors = [set(r.split("_")) for r in interactions["receptor"]]
    for link in of_pathways.itertuples():
        needed = set(str(link.receptor).split("_"))
        rows += [(i, link.pathway, int(link.sign), link.evidence) for i, r in enumerate(receptors) if needed <= r]
    frame = pd.DataFrame(rows, columns=["at", "pathway", "sign", "evidence"])
    return frame.drop_duplicates(["at", "pathway"]).reset_index(drop=True)


def checked_links(links: Any) -> pd.DataFrame:
    """Return links that the caller gave, with a sign and evidence; raise if they are none."""
    if not isinstance(links, pd.DataFrame):
        msg = f"links must be a DataFrame with the columns receptor, pathway (and sign, evidence), found {links!r:.80}"
        raise TypeError(msg)
    missing = [c for c in ("receptor", "pathway") if c not in links]
    if missing:
        msg = f"links lacks the column {', '.join(missing)} (it has {', '.join(map(str, links.columns))})"
        raise ValueError(msg)
    frame = links.assign(sign=links.get("sign", 1), evidence=links.get("evidence", "user"))[LINK_COLUMNS]
    if not frame["sign"].isin([1, -1]).all():
        msg = f"links: sign must be 1 or -1, found {sorted(set(frame['sign']) - {1, -1})!r}"
        raise ValueError(msg)
    return frame.astype({"receptor": str, "pathway": str, "evidence": str})
