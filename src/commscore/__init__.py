"""Cell–cell communication in single-cell data: scored, tested, compared, explained.

The rooms are loaded when they are first used, so that ``import commscore`` costs nothing:

``rs``
    the ligand–receptor resource,
``tl``
    tools (AnnData in, results in ``adata.uns`` out),
``get``
    readers of what the tools stored,
``pl``
    plots,
``ds``
    data sets, real and simulated,
``report``
    one HTML file from stored results.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from types import ModuleType

    from . import ds, get, pl, report, rs, tl

__all__ = ["__version__", "ds", "get", "pl", "report", "rs", "tl"]

_ROOMS = ("ds", "get", "pl", "report", "rs", "tl")


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
