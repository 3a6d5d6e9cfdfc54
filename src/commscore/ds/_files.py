"""Find, build, check and read public data sets."""

from __future__ import annotations

import os
import uuid
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _validate
from ..check import checked
from . import _registry

if TYPE_CHECKING:
    from ._registry import Dataset

FOLDER_VARIABLE = "COMMSCORE_DATA"
UNS_FACTS = ("name", "title", "accession", "doi", "licence", "good_for", "original", "made", "tested")


@checked
def fetch(name: str, *, cache_dir: str | os.PathLike[str] | None = None) -> Any:
    """Return a public data set; see :func:`list` for the names.

    Looked for in the folder named by the environment variable ``COMMSCORE_DATA``, then in the cache. If it is in
    neither, the original files are downloaded from their publishers (addresses and SHA-256 are pinned; a broken
    download is repeated), the data set is built from them, checked and cached: the second call needs no network.
    ``X`` holds raw integer counts: normalise before scoring
    (``sc.pp.normalize_total(adata, target_sum=1e4); sc.pp.log1p(adata)``).

    Parameters
    ----------
    name : dataset
    cache_dir
        Folder of the cache; default: the user's cache folder for commscore. It may be removed at any time.

    Returns
    -------
    anndata.AnnData
        ``X``: float32 CSR counts; ``obs``: ``cell_type``, and the columns that :func:`list` names;
        ``uns["dataset"]``: what the registry says of it (title, accession, DOI, licence, …).

    Raises
    ------
    ValueError
        Unknown name, or ``COMMSCORE_MIRROR`` is set and no address.
    NotADirectoryError
        ``COMMSCORE_DATA`` is set and no folder.
    OSError
        A download failed, a file has another SHA-256 than the registry says, the disk is full, the recipe failed, or
        the data are not what the registry says. Nothing bad is kept; files in ``COMMSCORE_DATA`` are never written or
        removed.

    Warns
    -----
    UserWarning
        The authors never built this data set, so that little is known to check it by.

    Notes
    -----
    ``COMMSCORE_MIRROR`` names an address to download the originals from instead, for machines that reach no other:
    the folder ``originals`` of a filled cache, served by any web server. The SHA-256 sums stay the same; data sets
    whose sums only their repository knows (those not tested) do not come from a mirror.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.fetch("kang2018_muscat")  # doctest: +SKIP
    """
    entry = _entry(name)
    adata = _ready(entry, _cache(cache_dir))[1]
    if entry.facts is None:
        _validate.warn(f"{name!r} was never built by the authors of commscore: look at columns and counts before use")
    adata.uns["dataset"] = {key: getattr(entry, key) for key in UNS_FACTS} | {"X": "raw integer counts"}
    return adata


@checked
def path(name: str, *, cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the checked ``.h5ad`` file of a public data set, building it if needed, as :func:`fetch` does.

    Parameters
    ----------
    name : dataset
    cache_dir

    Returns
    -------
    pathlib.Path
        A file in the folder named by ``COMMSCORE_DATA`` or in the cache.

    Raises
    ------
    ValueError, NotADirectoryError, OSError
        As :func:`fetch`.

    Examples
    --------
    >>> import commscore as cs
    >>> file = cs.ds.path("kang2018_muscat")  # doctest: +SKIP
    """
    return _ready(_entry(name), _cache(cache_dir))[0]


@checked
def list_datasets(*, cache_dir: str | os.PathLike[str] | None = None) -> Any:
    """Return the public data sets that :func:`fetch` knows, one row each.

    Parameters
    ----------
    cache_dir

    Returns
    -------
    pandas.DataFrame
        ``name, n_obs, n_vars`` (missing where they are not known), ``title, conditions`` (``obs`` columns with
        conditions or stages, joined by a comma), ``sample, patient`` (``obs`` columns, empty if there is none),
        ``good_for, licence, accession, doi``, ``n_files`` and ``megabytes`` (10⁶ bytes) to download, ``tested``
        (false: its recipe never ran on the original files), and ``available``: ``COMMSCORE_DATA`` or ``cache``
        where the file is (not yet checked), ``download`` if its originals will be downloaded.

    Examples
    --------
    >>> import commscore as cs
    >>> table = cs.ds.list()
    >>> "breast_chung2017" in set(table["name"])
    True
    """
    import pandas as pd

    rows = [_row(entry, _cache(cache_dir)) for entry in _registry.datasets().values()]
    return pd.DataFrame(rows).astype({"n_obs": "Int64", "n_vars": "Int64"})


def _row(entry: Dataset, cache: Path) -> dict[str, object]:
    return {
        "name": entry.name,
        "n_obs": entry.n_obs or None,
        "n_vars": entry.n_vars or None,
        "title": entry.title,
        "conditions": ", ".join(entry.conditions),
        "sample": entry.sample,
        "patient": entry.patient,
        "good_for": entry.good_for,
        "licence": entry.licence,
        "accession": entry.accession,
        "doi": entry.doi,
        "n_files": len(entry.files),
        "megabytes": round(entry.n_bytes / 1e6, 1) or None,
        "tested": entry.tested,
        "available": _available(entry, cache),
    }


def _entry(name: str) -> Dataset:
    datasets = _registry.datasets()
    return datasets[_registry.lookup(name, datasets)]


def _folder() -> Path | None:
    text = os.environ.get(FOLDER_VARIABLE, "")
    return Path(text).expanduser() if text else None


def _cache(cache_dir: str | os.PathLike[str] | None) -> Path:
    if cache_dir is not None:
        return Path(cache_dir)
    import platformdirs

    return Path(platformdirs.user_cache_dir("commscore"))


def _file(entry: Dataset) -> str:
    return f"{entry.name}.h5ad"


def _available(entry: Dataset, cache: Path) -> str:
    folder = _folder()
    if folder is not None and (folder / _file(entry)).is_file():
        return FOLDER_VARIABLE
    return "cache" if (cache / _file(entry)).is_file() else "download"


def _ready(entry: Dataset, cache: Path) -> tuple[Path, Any]:
    """Return the file of a data set and what it holds; the first of: the named folder, the cache, a new build."""
    folder = _folder()
    if folder is not None and not folder.is_dir():
        msg = f"{FOLDER_VARIABLE}={str(folder)!r} is not a folder; correct or unset it"
        raise NotADirectoryError(msg)
    if folder is not None and (folder / _file(entry)).is_file():
        return folder / _file(entry), _read(folder / _file(entry), entry)
    cached = cache / _file(entry)
    if cached.is_file():
        try:
            return cached, _read(cached, entry)
        except OSError:
            pass  # damaged, or of another version of the recipe: built again
    _build(entry, cache)
    return cached, _read(cached, entry)  # the first call gives what every later one does


def _read(file: Path, entry: Dataset) -> Any:
    import anndata as ad

    from ._facts import departure

    with warnings.catch_warnings():
        # how old the layout of the file is, is no concern of the caller
        warnings.simplefilter("ignore")
        try:
            adata = ad.read_h5ad(file)
        except Exception as error:  # a damaged file breaks HDF5, anndata or pandas, whoever sees it first
            msg = f"{file} cannot be read: {error}; remove it, or is anndata older than the file?"
            raise OSError(msg) from error
    if problem := departure(adata, entry):
        msg = f"{file} {problem}; it is damaged or another version: replace or remove it"
        raise OSError(msg)
    return adata


def _build(entry: Dataset, cache: Path) -> None:
    """Download the originals, build, check, and write the file under its name only when it is complete."""
    from . import recipes
    from ._download import originals
    from ._facts import departure

    files = originals(entry, cache)
    try:
        adata = recipes.build(entry.name, files)
    except Exception as error:  # what a package that reads tables or objects of R may say, whichever it is
        msg = f"the recipe of {entry.name!r} failed on the original files: {type(error).__name__}: {error}"
        raise OSError(msg) from error
    if problem := departure(adata, entry):
        msg = f"what was built of {entry.name!r} {problem}; is a package older than this one needs? nothing was kept"
        raise OSError(msg)
    _write(adata, cache / _file(entry))


def _write(adata: Any, file: Path) -> None:
    """Write to a temporary name, then rename, so that an interrupted or concurrent call harms nobody.

    HDF5 that cannot write to a full disk prints pages of errors and may crash the process at its end; so the file is
    made in memory, and Python writes it.
    """
    temporary = file.with_name(f".{file.stem}-{uuid.uuid4().hex}.h5ad")
    image = _h5ad_bytes(adata)
    try:
        temporary.write_bytes(image)
        temporary.replace(file)
    except OSError as error:
        msg = f"could not write {file}: {error}; nothing of it was kept, the originals stay in {file.parent}"
        raise OSError(msg) from error
    finally:
        temporary.unlink(missing_ok=True)


def _h5ad_bytes(adata: Any) -> bytes:
    """Return what a ``.h5ad`` file of the data holds."""
    import h5py
    from anndata.io import write_elem

    with h5py.File(uuid.uuid4().hex, "w", driver="core", backing_store=False) as memory:
        write_elem(memory, "/", adata, dataset_kwargs={"compression": "gzip"})
        memory.flush()
        return bytes(memory.id.get_file_image())
