"""Readers of foreign resources, one file per format.

This is the one place where they are listed: a new format is one new file with a ``SOURCE`` and a ``from_...``
function, and one line here.
"""

from __future__ import annotations

from .cellchatdb import from_cellchatdb
from .cellphonedb import from_cellphonedb
from .connectomedb import from_connectomedb
from .liana import from_liana
from .omnipath import from_omnipath
from .table import from_table

__all__ = [
    "from_cellchatdb",
    "from_cellphonedb",
    "from_connectomedb",
    "from_liana",
    "from_omnipath",
    "from_table",
]
