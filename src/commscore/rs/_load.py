"""The resources that come with the package."""

from __future__ import annotations

import functools

from commscore._validate import one_of
from commscore.check import checked

from ._match import alias_map
from ._resource import Resource
from ._shipped import NAMES, meta, shipped_tables


@checked
def load(name: str = "breast") -> Resource:
    """Load a resource that comes with the package.

    Parameters
    ----------
    name
        ``"breast"``: cell–cell communication in breast cancer, curated from review articles statement by
        statement. ``"general"``: pairs of ConnectomeDB2020 for any tissue, with modes, pathways and complexes
        by rules about families of molecules.

    Returns
    -------
    Resource
        The same object each time; its tables are copies.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.rs.load("breast").species
    'human'
    """
    one_of("name", name, NAMES)
    return _load(name)


@functools.cache
def _load(name: str) -> Resource:
    identity = {key: meta(name)[key] for key in ("version", "sha256", "licence")}
    return Resource(name=name, **identity, _tables=shipped_tables(name))


@checked
def aliases(name: str = "breast") -> dict[str, str]:
    """Map old and other names of genes to their current symbols.

    Returns
    -------
    dict
        Only names that mean one gene and no other.

    Examples
    --------
    >>> import commscore as cs
    >>> cs.rs.aliases()["CX43"]
    'GJA1'
    """
    return alias_map(load(name).symbols)
