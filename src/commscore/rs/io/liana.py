"""Resources that LIANA ships, read from the installed package at run time."""

from __future__ import annotations

import csv
import importlib
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commscore._validate import suggest
from commscore.check import checked

from ._source import Source
from .table import from_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from commscore.rs._resource import Resource

SOURCE = Source(
    name="liana",
    call="commscore.rs.from_liana(name)",
    licence="that of each original database; LIANA itself is BSD-3-Clause",
    about="the resources of the installed package liana",
)


@checked
def from_liana(name: str = "consensus", *, select: Callable[[str], pd.DataFrame] | None = None) -> Resource:
    """Take a resource from the installed package `liana`.

    Parameters
    ----------
    name
        Name of the resource, e.g. ``"consensus"``, ``"cellphonedb"``; see :func:`commscore.rs.show`.
    select
        Function that returns the table of a name, with the columns ``ligand`` and ``receptor``. Default:
        ``liana.resource.select_resource``.

    Returns
    -------
    Resource
        Named ``liana:name``. The tables of `liana` say neither mode nor effect nor direction: ``mode`` and
        ``effect`` are ``unknown`` in every row, ``direction`` is ``unclear``. :meth:`~commscore.rs.Resource.merge`
        with a curated resource brings what that knows of the pairs and of their molecules.

    Raises
    ------
    ImportError
        If `liana` is not installed (``pip install liana``).
    ValueError
        If it has no resource of that name.

    References
    ----------
    Dimitrov et al., Nature Cell Biology 2024, doi:10.1038/s41556-024-01469-w

    Examples
    --------
    With a table of one's own in place of the package:

    >>> import pandas as pd
    >>> import commscore as cs
    >>> pairs = pd.DataFrame({"ligand": ["TGFB1"], "receptor": ["TGFBR1_TGFBR2"]})
    >>> cs.rs.from_liana("consensus", select=lambda name: pairs).interactions["interaction"].tolist()
    ['TGFB1^TGFBR1_TGFBR2']
    """
    return read_liana(name, select=select, written=f"name={name!r}")


def read_liana(name: str, *, select: Callable[[str], pd.DataFrame] | None = None, written: str) -> Resource:
    """Do what :func:`from_liana` says; ``written`` is how the user wrote the name, for messages."""
    version = ""
    if select is None:
        module = _liana()
        resources = sorted(map(str, module.show_resources()))
        if name not in resources:
            msg = f"{written} is not a resource of liana: {', '.join(resources)}{suggest(name, resources)}"
            raise ValueError(msg)
        select, version = module.select_resource, installed_version() or ""
    frame = select(name).reset_index(drop=True)
    species = "mouse" if name.startswith("mouse") else "human"
    return from_table(frame, name=f"liana:{name}", version=version, licence=SOURCE.licence, species=species)


def installed_version() -> str | None:
    """Return the version of `liana`, or None if it is not installed."""
    try:
        return importlib.metadata.version("liana")
    except importlib.metadata.PackageNotFoundError:
        return None


def _liana() -> Any:
    try:
        return importlib.import_module("liana.resource")
    except ImportError as error:
        msg = "from_liana needs the package liana: pip install liana"
        raise ImportError(msg) from error


def resources() -> list[str]:
    """Return the names of liana's resources; empty if it is not installed.

    They are read from its table: to import the package takes ten times as long as everything else that lists do.
    """
    if installed_version() is None:
        return []
    return _names_in_table() or sorted(map(str, _liana().show_resources()))


def _names_in_table() -> list[str]:
    """Return the names in the table of the installed package; nothing where it is not laid out like that."""
    spec = importlib.util.find_spec("liana")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "resource" / "omni_resource.csv"
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as handle:
                return sorted({row["resource"] for row in csv.DictReader(handle) if row.get("resource")})
    return []
