"""Data sets, real and simulated.

``pbmc``
    700 real blood cells that come with scanpy; works without a network.
``fetch``, ``path``, ``list``
    public data sets by name: looked for in the folder named by the environment variable ``COMMSCORE_DATA``,
    then in the user cache, then built from the originals, which are downloaded and checked by SHA-256.
``simulate``, ``Shift``
    a cohort of samples in which every change of communication was planted, and is known.
``simulate_tissue``, ``TissueEffect``
    tissue sections in which who meets, and which receptor follows which ligand, was planted, and is known.
"""

from __future__ import annotations

from ._files import fetch, path
from ._files import list_datasets as list  # noqa: A004 - cs.ds.list() is the public name; nothing here uses the builtin
from ._pbmc import pbmc
from ._simulate import Shift, TissueEffect, simulate, simulate_tissue

__all__ = ["Shift", "TissueEffect", "fetch", "list", "path", "pbmc", "simulate", "simulate_tissue"]
