"""Original files: downloaded, checked, kept in the cache; a bad or broken download leaves nothing."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._registry import Dataset, Original

MIRROR_VARIABLE = "COMMSCORE_MIRROR"
ATTEMPTS = 3
SECONDS_BETWEEN = 1.0
SECONDS_OF_SILENCE = 60.0
CHUNK = 1 << 16


def originals(entry: Dataset, cache: Path) -> dict[str, Path]:
    """Return name of an original file -> its checked copy in ``cache/originals``; what is there is not loaded again."""
    with _progress(entry) as advance:
        loader = _Loader(entry=entry, folder=cache / "originals", advance=advance)
        return {original.file: loader.load(original) for original in entry.files}


def local_name(entry: Dataset, original: Original) -> str:
    """Return the name of an original file in the cache and on a mirror."""
    return f"{entry.name}__{original.file}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Loader:
    """Loads the original files of one data set into a folder and passes on the number of bytes."""

    entry: Dataset
    folder: Path
    advance: Callable[[int], object]

    def load(self, original: Original) -> Path:
        """Load one file, again after what time may mend: a cut connection, a wrong byte, a server that fails."""
        import requests

        url = _address(self.entry, original)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._load_once(url, original)
            except (requests.RequestException, ValueError) as error:
                status = getattr(getattr(error, "response", None), "status_code", 0)
                if attempt == ATTEMPTS or 400 <= status < 500:
                    raise OSError(self._message(url, _reason(error, original), attempt)) from error
            except OSError as error:  # a full disk, a folder that must not be written
                raise OSError(self._message(url, str(error), attempt)) from error
            time.sleep(SECONDS_BETWEEN * attempt)
        raise AssertionError  # the last attempt returned or raised

    def _load_once(self, url: str, original: Original) -> Path:
        """Load to a temporary name, check, then rename: what bears the name is right."""
        import pooch

        is_doi = url.startswith("doi:")
        part = _FilePart(self.advance)
        kind = pooch.DOIDownloader if is_doi else pooch.HTTPDownloader
        try:
            with _quiet_pooch():
                file = pooch.retrieve(
                    url,
                    known_hash=_published_hash(url) if is_doi else f"sha256:{original.sha256}",
                    fname=local_name(self.entry, original),
                    path=self.folder,
                    downloader=kind(progressbar=part, timeout=SECONDS_OF_SILENCE, chunk_size=CHUNK),
                )
        except Exception:
            self.advance(-part.n_done)  # the next attempt begins again
            raise
        part.finish(original.n_bytes)
        return Path(file)

    def _message(self, url: str, reason: str, n_attempts: int) -> str:
        tries = f" ({n_attempts} attempts)" if n_attempts > 1 else ""
        return f"could not download {self.entry.name!r} from {url}: {reason}{tries}; nothing of this file was kept"


def _reason(error: Exception, original: Original) -> str:
    """Return what went wrong; pooch says by a ``ValueError`` that a sum does not agree."""
    if isinstance(error, OSError) or not original.sha256:
        return str(error)
    return f"what came does not have the SHA-256 of the registry ({original.sha256})"


def _address(entry: Dataset, original: Original) -> str:
    """Return where to load a file from; a mirror is as good as the publisher where the SHA-256 is known."""
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    if not mirror:
        return original.url
    if not mirror.startswith(("http://", "https://")):
        msg = f"{MIRROR_VARIABLE}={mirror!r} is no address; give http://… or https://…, or unset it"
        raise ValueError(msg)
    if not original.sha256:
        msg = (
            f"the SHA-256 of {entry.name!r} is not known, so that it comes from {original.url} alone; unset "
            f"{MIRROR_VARIABLE} to load it"
        )
        raise OSError(msg)
    return f"{mirror.rstrip('/')}/{local_name(entry, original)}"


def _published_hash(url: str) -> str:
    """Return the checksum that the repository of a DOI publishes for a file."""
    import pooch

    base, _, file = url.rpartition("/")
    repository = pooch.create(path=".", base_url=base + "/")
    repository.load_registry_from_doi()
    if file not in repository.registry:
        msg = f"its repository lists no file {file!r}"
        raise ValueError(msg)
    return str(repository.registry[file])


class _FilePart:
    """What pooch reports of one file, passed on as a share of the whole download."""

    def __init__(self, advance: Callable[[int], object]) -> None:
        self.advance = advance
        self.total = 0
        self.n_done = 0

    def update(self, n: int) -> None:
        """Pass on ``n`` more bytes; pooch counts whole chunks, the last one is shorter."""
        n = min(n, self.total - self.n_done)
        self.n_done += n
        self.advance(n)

    def finish(self, n_bytes: int) -> None:
        """Pass on what is left, all of it for a file that was in the cache; 0 if the size is not known."""
        self.total = max(n_bytes, self.n_done)
        self.update(n_bytes)

    def reset(self) -> None:
        """Do nothing: pooch sets the bar back to fill it, this one is full."""

    def close(self) -> None:
        """Do nothing: the bar of the whole download is closed by its owner."""


@contextmanager
def _progress(entry: Dataset) -> Iterator[Callable[[int], object]]:
    """Give a function that takes the number of bytes loaded; a bar is shown in a terminal and in a notebook."""
    if not (sys.stderr.isatty() or "ipykernel" in sys.modules):
        yield lambda _: None
        return
    from tqdm import tqdm

    bar: Any = tqdm(total=entry.n_bytes or None, desc=entry.name, unit="B", unit_scale=True, delay=1, file=sys.stderr)
    with bar:
        yield bar.update


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from announcing every file: the bar and the errors say what there is to say."""
    import pooch

    def is_warning(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING

    log = pooch.get_logger()
    log.addFilter(is_warning)
    try:
        yield
    finally:
        log.removeFilter(is_warning)
