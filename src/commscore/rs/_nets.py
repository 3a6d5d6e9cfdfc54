"""Networks from receptors to what their cells do: PROGENy's pathways, and which receptor feeds which of them."""

from __future__ import annotations

import functools
from importlib import resources

import pandas as pd

from commscore.check import checked


@functools.cache
def _read(name: str) -> pd.DataFrame:
    path = resources.files(__package__).joinpath("data", "nets", f"{name}.tsv")
    with path.open(encoding="utf-8") as handle:
        return pd.read_csv(handle, sep="\t", quoting=3, keep_default_na=False)


@checked
def progeny() -> pd.DataFrame:
    """Return the PROGENy pathways: target genes that answer when a pathway is switched on or off.

    The original human model of 11 pathways with 100 genes each (Schubert et al. 2018,
    doi:10.1038/s41467-017-02391-6; Apache-2.0, notice beside the table). Symbols that have changed since are
    given by their current name in ``target``, and as published in ``published``.

    Returns
    -------
    pandas.DataFrame
        Columns ``source`` (pathway), ``target`` (gene), ``weight`` (change of the gene when the pathway is active),
        ``published``. A copy; the format of decoupler's nets.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.rs.progeny()["source"].nunique()
    11
    """
    return _read("progeny").copy()


@checked
def receptor_pathways() -> pd.DataFrame:
    """Return which receptor activates which PROGENy pathway by textbook knowledge.

    Returns
    -------
    pandas.DataFrame
        Columns ``receptor`` (gene, or subunits joined by ``_``; applies to every receptor that contains them),
        ``pathway``, ``sign`` (1 or −1), ``evidence`` (``canonical``), ``why``. A copy.

    Examples
    --------
    >>> import commscore as cs
    >>> known = cs.rs.receptor_pathways()
    >>> known.loc[known["receptor"] == "TGFBR2", "pathway"].tolist()
    ['TGFb']
    """
    return _read("receptor_pathways").copy()
