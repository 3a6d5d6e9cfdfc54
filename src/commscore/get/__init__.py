"""Readers of what the tools stored; the only room that reads or writes ``adata.uns``."""

from __future__ import annotations

from ._error import pvalue_error
from ._explained import columns
from ._factors import factors
from ._liana import to_liana
from ._networkx import to_networkx
from ._result import Result
from ._store import load, store
from ._tables import matrix, params, table, untested
from ._totals import totals

__all__ = [
    "Result",
    "columns",
    "factors",
    "load",
    "matrix",
    "params",
    "pvalue_error",
    "store",
    "table",
    "to_liana",
    "to_networkx",
    "totals",
    "untested",
]
