"""The resource: which cell talks to which by what, who says so, and readers of other resources.

``load`` gives the curated resource, ``from_...`` read others, ``show`` lists them. All give a ``Resource``
with the same tables.
"""

from __future__ import annotations

from . import io
from ._load import aliases, load
from ._named import as_resource
from ._nets import progeny, receptor_pathways
from ._resource import Resource
from ._show import show
from .io import *  # noqa: F403 -- the importers are listed in one place, rs/io/__init__.py

__all__ = ["Resource", "aliases", "as_resource", "load", "progeny", "receptor_pathways", "show"]
__all__ += io.__all__
