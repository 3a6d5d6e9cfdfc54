"""Files that hold several tables: which of them is meant, and where in the file it is.

A modality of a MuData file and a table of a SpatialData store are written as an AnnData is, under ``mod/NAME`` and
``tables/NAME``: they are read as one, without the packages of these formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._validate import listed, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

H5 = (".h5ad", ".h5mu")
_OPTIONS = {"mod": "--mod", "tables": "--table"}
_PREFERRED = {"mod": ("rna", "gex"), "tables": ("table",)}
_WHAT = {"mod": "modality", "tables": "table"}


@dataclass(frozen=True)
class TablePlace:
    """A file or store, and the group in it that is an AnnData; empty where the whole is one.

    ``note`` says which table was taken where several could have been meant.
    """

    path: Path
    group: str = ""
    note: str = ""

    @property
    def in_store(self) -> Path:
        """The folder of the table, in a zarr store."""
        return self.path / self.group if self.group else self.path


def locate(path: Path, *, mod: str | None = None, table: str | None = None) -> TablePlace:
    """Find the table that is meant: the named one, the only one, or the one that is called as the formats advise.

    ``FILE.h5mu/mod/NAME`` names it, too.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is of another kind, or nothing says which table is meant.
    """
    path, inside = _split(path)
    if not path.exists():
        msg = f"FILE {path} does not exist"
        raise FileNotFoundError(msg)
    if path.suffix not in (*H5, ".zarr") and not path.is_dir():
        msg = f"FILE {path} must end in .h5ad, .h5mu or .zarr, found {path.suffix or 'no ending'!r}"
        raise ValueError(msg)
    kind, names = _tables_of(path)
    named = {"mod": inside or mod, "tables": table}
    for other, name in named.items():
        if name is not None and other != kind:
            has = f"has {_WHAT[kind]}s: use {_OPTIONS[kind]}" if kind else "holds one AnnData: leave it out"
            msg = f"{_OPTIONS[other]} {name}: FILE {path} {has}"
            raise ValueError(msg)
    if not kind:
        return TablePlace(path)
    name, note = _chosen(path, kind, names, named[kind])
    return TablePlace(path, f"{kind}/{name}", note)


def _split(path: Path) -> tuple[Path, str | None]:
    """Split ``FILE.h5mu/mod/NAME``."""
    parent = path.parent.parent
    if not path.exists() and path.parent.name == "mod" and parent.suffix == ".h5mu":
        return parent, path.name
    return path, None


def _tables_of(path: Path) -> tuple[str, list[str]]:
    """Return the group that holds the tables, and their names; nothing where the file is one table."""
    if path.suffix == ".h5ad":
        return "", []
    try:
        group = open_group(path)
    except (OSError, ValueError, KeyError):  # said with its cause when it is read
        return "", []
    kinds = [k for k in _OPTIONS if k in group] if "var" not in group or "mod" in group else []
    if not kinds:
        return "", []
    order = [str(name) for name in group[kinds[0]].attrs.get("mod-order", ())]
    return kinds[0], [*order, *sorted(set(group[kinds[0]]) - set(order))]


def _chosen(path: Path, kind: str, names: Sequence[str], name: str | None) -> tuple[str, str]:
    """Return the table that is meant, and what is to be said of the choice."""
    what, option = _WHAT[kind], _OPTIONS[kind]
    if name is not None:
        if name not in names:
            msg = f"{option} {name}: FILE {path} has no such {what} (it has {listed(names)}){suggest(name, names)}"
            raise ValueError(msg)
        return name, ""
    usual = [n for n in names if n.lower() in _PREFERRED[kind]]
    if len(names) != 1 and len(usual) != 1:
        msg = f"FILE {path} has several {what}s ({listed(names)}): name the one with the genes by {option}"
        raise ValueError(msg if names else f"FILE {path} has no {what}")
    only = names[0] if len(names) == 1 else usual[0]
    return only, f"reading {what} {only!r} of {listed(names)} ({option})" if len(names) > 1 else ""


def open_group(path: Path, group: str = "") -> Any:
    """Open a file or store, or a group of it, for reading."""
    if path.suffix in H5:
        import h5py

        file: Any = h5py.File(path)
    else:
        import zarr

        file = zarr.open(str(path), mode="r")
    return file[group] if group else file


def read_whole(place: TablePlace) -> Any:
    """Read the table into memory; columns that a MuData has of all its cells are among its own."""
    import anndata

    if not place.group:
        return anndata.read_h5ad(place.path) if place.path.suffix in H5 else anndata.read_zarr(place.path)
    if place.path.suffix not in H5:
        return with_common_columns(anndata.read_zarr(place.in_store), place)
    import h5py
    from anndata.io import read_elem

    with h5py.File(place.path) as file:
        return with_common_columns(read_elem(file[place.group]), place)


def with_common_columns(adata: Any, place: TablePlace) -> Any:
    """Add the columns of ``obs`` of the whole MuData that the modality lacks; those of modalities are left there."""
    if not place.group.startswith("mod/"):
        return adata
    from anndata.io import read_elem

    whole = open_group(place.path)
    common = read_elem(whole["obs"]).reindex(adata.obs_names)
    own = tuple(f"{name}:" for name in whole["mod"])
    for name in common.columns:
        if name not in adata.obs and not str(name).startswith(own):
            adata.obs[name] = common[name].to_numpy() if common[name].dtype == object else common[name].array
    return adata
