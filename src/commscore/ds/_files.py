"""Find, check and read the files of the registry."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..check import checked
from . import _registry

if TYPE_CHECKING:
    from ._registry import Dataset

FOLDER_VARIABLE = "COMMSCORE_DATA"


@checked
def fetch(name: str, *, cache_dir: str | os.PathLike[str] | None = None) -> Any:
    """Return a public data set; see :func:`list` for the names.

    ``X`` holds raw integer counts: normalise before scoring
    (``sc.pp.normalize_total(adata, target_sum=1e4); sc.pp.log1p(adata)``).

    Parameters
    ----------
    name
        Name in the registry.
    cache_dir
        Folder of the cache; default: the user's cache folder for commscore.

    Returns
    -------
    anndata.AnnData
        ``X``: float32 CSR counts; ``obs``: ``cell_type``, and the columns that :func:`list` names;
        ``uns["dataset"]``: what the registry says of it (title, accession, DOI, licence, …).

    Raises
    ------
    ValueError
        Unknown name.
    NotADirectoryError
        ``COMMSCORE_DATA`` is set and no folder.
    FileNotFoundError
        The file is not here and there is no direct download; the message says how the file was made.
    OSError
        The download failed, or a file does not have the SHA-256 of the registry. Nothing of a bad download
        is kept; files in ``COMMSCORE_DATA`` are never written or removed.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.fetch("kang2018_muscat")  # doctest: +SKIP
    """
    import anndata as ad

    entry = _entry(name)
    file = path(name, cache_dir=cache_dir)
    with warnings.catch_warnings():
        # how old the layout of the file is, is no concern of the caller
        warnings.simplefilter("ignore")
        try:
            adata = ad.read_h5ad(file)
        except (OSError, KeyError, ValueError) as error:
            msg = f"{file} cannot be read: {error}; is anndata older than the file?"
            raise OSError(msg) from error
    if adata.shape != (entry.n_obs, entry.n_vars):
        msg = f"{file} holds {adata.shape}, but the registry says {(entry.n_obs, entry.n_vars)}"
        raise OSError(msg)
    facts = ("name", "title", "accession", "doi", "licence", "good_for", "original", "made", "sha256")
    adata.uns["dataset"] = {f: getattr(entry, f) for f in facts} | {"X": "raw integer counts"}
    return adata


@checked
def path(name: str, *, cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the checked file of a public data set, downloading it if needed.

    Looked for in the folder named by the environment variable ``COMMSCORE_DATA``, then in the cache, then
    downloaded into the cache (to a temporary name first, so that an interrupted or concurrent download
    harms nobody).

    Parameters
    ----------
    name
        Name in the registry.
    cache_dir
        Folder of the cache; default: the user's cache folder for commscore.

    Returns
    -------
    pathlib.Path
        A file whose SHA-256 is that of the registry.

    Raises
    ------
    ValueError, NotADirectoryError, FileNotFoundError, OSError
        As :func:`fetch`.

    Examples
    --------
    >>> import commscore as cs
    >>> file = cs.ds.path("kang2018_muscat")  # doctest: +SKIP
    """
    entry = _entry(name)
    folder = _folder()
    if folder is not None and not folder.is_dir():
        msg = f"{FOLDER_VARIABLE}={str(folder)!r} is not a folder; correct or unset it"
        raise NotADirectoryError(msg)
    if folder is not None and (folder / entry.file).is_file():
        return _checked(folder / entry.file, entry)
    cache = _cache(cache_dir)
    cached = cache / entry.file
    if cached.is_file() and (not entry.url or _sha256(cached) == entry.sha256):
        return _checked(cached, entry)
    if not entry.url:
        raise FileNotFoundError(_manual(entry, cache))
    return _download(entry, cache)


@checked
def list_datasets(*, cache_dir: str | os.PathLike[str] | None = None) -> Any:
    """Return the public data sets that :func:`fetch` knows, one row each.

    Parameters
    ----------
    cache_dir
        Folder of the cache; default: the user's cache folder for commscore.

    Returns
    -------
    pandas.DataFrame
        ``name, n_obs, n_vars, title, conditions`` (``obs`` columns with conditions or stages, joined by a
        comma), ``sample, patient`` (``obs`` columns, empty if there is none), ``good_for, licence, accession,
        doi``, and ``available``: ``COMMSCORE_DATA`` or ``cache`` where the file is (not yet checked),
        ``download`` if it will be downloaded, ``manual`` if it must be made or found first (:func:`fetch`
        says how).

    Examples
    --------
    >>> import commscore as cs
    >>> table = cs.ds.list()
    >>> "breast_chung2017" in set(table["name"])
    True
    """
    import pandas as pd

    rows = [
        {
            "name": entry.name,
            "n_obs": entry.n_obs,
            "n_vars": entry.n_vars,
            "title": entry.title,
            "conditions": ", ".join(entry.conditions),
            "sample": entry.sample,
            "patient": entry.patient,
            "good_for": entry.good_for,
            "licence": entry.licence,
            "accession": entry.accession,
            "doi": entry.doi,
            "available": _available(entry, _cache(cache_dir)),
        }
        for entry in _registry.datasets().values()
    ]
    return pd.DataFrame(rows)


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


def _available(entry: Dataset, cache: Path) -> str:
    folder = _folder()
    if folder is not None and (folder / entry.file).is_file():
        return FOLDER_VARIABLE
    if (cache / entry.file).is_file():
        return "cache"
    return "download" if entry.url else "manual"


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _checked(file: Path, entry: Dataset) -> Path:
    digest = _sha256(file)
    if digest != entry.sha256:
        msg = (
            f"{file} is damaged or another version: its SHA-256 is {digest}, that of {entry.name!r} is "
            f"{entry.sha256}; replace or remove the file"
        )
        raise OSError(msg)
    return file


def _manual(entry: Dataset, cache: Path) -> str:
    return (
        f"{entry.file} is neither in the folder named by {FOLDER_VARIABLE} nor in {cache}, and nobody serves "
        f"exactly this file. Original: {entry.original} ({entry.accession}). The file is: {entry.made}. "
        f"Put it into one of the two folders, or read the original yourself"
    )


def _download(entry: Dataset, cache: Path) -> Path:
    """Download to a temporary name in the cache, check, then rename; a bad file never gets the name."""
    import pooch

    try:
        return Path(pooch.retrieve(entry.url, known_hash=f"sha256:{entry.sha256}", fname=entry.file, path=cache))
    except ValueError as error:
        msg = f"{entry.url} does not have the SHA-256 of {entry.name!r} ({entry.sha256}); nothing was kept"
        raise OSError(msg) from error
    except OSError as error:
        msg = f"could not download {entry.name!r} from {entry.url}: {error}"
        raise OSError(msg) from error
