"""Files of a command: data in; outputs that appear when all of them are complete, or not at all."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._labels import find
from .._validate import listed, suggest
from ..get._columns import label_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

TABLES = (".csv", ".tsv", ".gz", ".parquet")
WITH_RESULT = (".h5ad", ".zarr")
DATA = (*TABLES, *WITH_RESULT)
FIGURES = (".png", ".pdf", ".svg")
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CHUNK = 2**20


def read(
    path: Path,
    *,
    where: Sequence[str] = (),
    backed: bool = False,
    mod: str | None = None,
    table: str | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> Any:
    """Read a table of a file or store (:mod:`._containers`); keep the cells for which every ``COLUMN=VALUE`` holds.

    With ``backed``, ``X``, the layers and ``raw`` stay in the file, and only they, ``obs`` and ``var`` are there.
    """
    from ._containers import locate, read_whole
    from ._on_disk import read_on_disk

    place = locate(path, mod=mod, table=table)
    if place.note:
        say(place.note)
    with naming(path, "AnnData"):
        adata = read_on_disk(place) if backed else read_whole(place)
    return _keep(adata, where, backed=backed)


@contextmanager
def naming(path: Path, what: str) -> Iterator[None]:
    """Name the file in whatever goes wrong while it is read."""
    try:
        yield
    except (MemoryError, ImportError):
        raise
    except Exception as error:
        cause = "an empty file" if path.is_file() and path.stat().st_size == 0 else " ".join(str(error).split())[:300]
        msg = f"FILE {path} cannot be read as {what}: {cause or type(error).__name__}; is it complete?"
        raise ValueError(msg) from error


def _keep(adata: Any, where: Sequence[str], *, backed: bool) -> Any:
    if not where:
        return adata
    keep: Any = True
    for text in where:
        column = max((str(c) for c in adata.obs.columns if text.startswith(f"{c}=")), key=len, default=None)
        if column is None:
            columns = ", ".join(map(str, adata.obs.columns))
            near = suggest(text.partition("=")[0], adata.obs)
            msg = f"--where {text}: want COLUMN=VALUE with a column of obs ({columns}){near}"
            raise ValueError(msg)
        value = text[len(column) + 1 :]
        codes, values = label_codes(adata.obs[column])
        label = find(value, values)
        if label is not None:
            keep &= codes == values.index(label)
        if label is None or not keep.any():
            msg = f"--where {text}: no cell is left; {column} has {listed(values, most=20)}{suggest(value, values)}"
            raise ValueError(msg)
    kept = adata[keep]
    return kept if backed else kept.copy()


def check_outputs(outputs: Mapping[str, tuple[Path | None, tuple[str, ...]]], *, inputs: Sequence[Path] = ()) -> None:
    """Raise unless every output can be written where it is wanted, and none is an input or another output."""
    use_of = {path.resolve(): "the input file" for path in inputs}
    for option, (path, endings) in outputs.items():
        if path is None:
            continue
        check_output(path, endings, option=option)
        place = path.resolve()
        if place in use_of:
            msg = f"{option} {path} is {use_of[place]}; choose another name"
            raise ValueError(msg)
        use_of[place] = f"the file of {option}"


def check_output(path: Path, endings: tuple[str, ...], *, option: str = "--out") -> None:
    """Raise unless a file of this ending can be written there."""
    packed = path.suffix != ".gz" or path.suffixes[-2:-1] in ([".csv"], [".tsv"])
    if path.suffix not in endings or not packed:
        listing = ", ".join(e if e != ".gz" else ".csv.gz" for e in endings)
        msg = f"{option} {path} must end in one of {listing}, found {path.suffix or 'no ending'!r}"
        raise ValueError(msg)
    folder = path.resolve().parent
    if not folder.is_dir():
        msg = f"{option} {path}: the folder {folder} does not exist; make it first"
        raise ValueError(msg)
    if path.is_dir() and not _is_store(path):
        msg = f"{option} {path} is a folder that holds no AnnData alone; give a name that does not exist yet"
        raise ValueError(msg)
    if not os.access(folder, os.W_OK):
        msg = f"{option} {path}: no permission to write in the folder {folder}"
        raise PermissionError(errno.EACCES, msg)
    if path.suffix == ".parquet":
        _need_parquet(option)


def _is_store(path: Path) -> bool:
    """Whether a folder is a zarr store of one AnnData, which a new one may replace; those of others hold more."""
    if path.suffix != ".zarr":
        return False
    for name in ("zarr.json", ".zattrs"):
        if (path / name).is_file():
            content = json.loads((path / name).read_text(encoding="utf-8"))
            attributes = content.get("attributes", {}) if name == "zarr.json" else content
            return bool(attributes.get("encoding-type") == "anndata")
    return False


def _need_parquet(option: str) -> None:
    from importlib.util import find_spec

    if not (find_spec("pyarrow") or find_spec("fastparquet")):
        msg = f"{option}: .parquet needs the package pyarrow: pip install pyarrow"
        raise ImportError(msg)


@contextmanager
def replacing(*paths: Path) -> Iterator[list[Path]]:
    """Give temporary names beside ``paths`` that take their places together, and only when all went well."""
    temporary: list[Path] = []
    try:
        temporary.extend(_beside(path) for path in paths)  # one by one: those made before an error are in the list
        yield temporary
        for name in temporary:
            name.chmod((0o777 if name.is_dir() else 0o666) & ~_umask())
        for name, path in zip(temporary, paths, strict=True):
            _take_place(name, path)
    except OSError as error:
        if error.errno in NO_SPACE:
            where = ", ".join(map(str, paths))
            raise OSError(error.errno, f"no space to write {where} ({error.strerror}); nothing was written") from error
        raise
    finally:
        for name in temporary:
            _remove(name)


def _take_place(name: Path, path: Path) -> None:
    """Put a complete file or store in its place; an older store moves away first, as no folder replaces another."""
    if path.is_dir():
        older = path.rename(name.with_name(f"{name.name}.older"))
        name.replace(path)
        shutil.rmtree(older)
    else:
        name.replace(path)


def _remove(name: Path) -> None:
    if name.is_dir():
        shutil.rmtree(name)
    else:
        name.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    try:
        if path.suffix == ".zarr":
            return Path(tempfile.mkdtemp(dir=path.resolve().parent, prefix=".commscore-", suffix=path.suffix))
        handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=".commscore-", suffix=path.suffix)
    except PermissionError as error:
        msg = f"{path}: no permission to write in the folder {path.resolve().parent}"
        raise PermissionError(error.errno, msg) from error
    os.close(handle)
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv, tsv, csv.gz or parquet, by its ending; replaces the file when complete."""
    with replacing(path) as (temporary,):
        put_table(table, temporary, like=path)


def put_table(table: pd.DataFrame, temporary: Path, *, like: Path) -> None:
    """Write a table to ``temporary`` in the format that the ending of ``like`` says."""
    if like.suffix == ".parquet":
        table.to_parquet(temporary)
        return
    separator = "\t" if ".tsv" in like.suffixes else ","
    with temporary.open("wb") as handle:
        if like.suffix != ".gz":
            table.to_csv(handle, sep=separator, index=False)
            return
        # without name and time in its header, the same table is the same bytes
        with gzip.GzipFile(filename="", mode="wb", fileobj=handle, mtime=0) as packed:
            table.to_csv(packed, sep=separator, index=False)


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder (a zarr store), of the names and hashes of all its files."""
    if path.is_file():
        return _sha256(path)
    files = sorted(p for p in path.rglob("*") if p.is_file())
    lines = (f"{_sha256(p)}  {p.relative_to(path).as_posix()}\n" for p in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
