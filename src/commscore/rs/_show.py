"""What can be used."""

from __future__ import annotations

import pandas as pd

from commscore.check import checked
from commscore.tables.resource import AVAILABLE

from ._load import load
from ._shipped import NAMES
from .io import liana
from .io._files import sources

_ABOUT = {
    "breast": "breast cancer, curated from review articles, statement by statement",
    "general": "any tissue: pairs of ConnectomeDB2020, modes and complexes by rules about families of molecules",
}


@checked
def show() -> pd.DataFrame:
    """List the resources that can be used and the formats that can be read.

    Returns
    -------
    pandas.DataFrame
        Columns ``name, call, version, n_interactions, licence, about``: the shipped resources, those of the
        package `liana` if it is installed, and the importers. Version and size are empty where they depend on
        the file that is read.

    Examples
    --------
    >>> import commscore as cs
    >>> "breast" in set(cs.rs.show()["name"])
    True
    """
    rows = [_shipped(name) for name in NAMES]
    version = liana.installed_version() or ""
    rows += [
        (
            f"liana:{n}",
            f"commscore.rs.from_liana({n!r})",
            version,
            "",
            liana.SOURCE.licence,
            liana.SOURCE.about,
        )
        for n in liana.resources()
    ]
    rows += [(source.name, source.call, source.version, "", source.licence, source.about) for source in sources()]
    return pd.DataFrame(rows, columns=list(AVAILABLE.names))


def _shipped(name: str) -> tuple[str, ...]:
    res = load(name)
    call = f"commscore.rs.load({name!r})"
    return name, call, res.version, str(len(res)), res.licence, _ABOUT[name]
