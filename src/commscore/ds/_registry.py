"""What is known about every public data set: the reader of ``datasets.toml``."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import Any

from commscore import _validate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Original:
    """One file that somebody publishes: its address, size and SHA-256.

    An address ``doi:DOI/FILE`` is a file of a repository that publishes checksums itself; ``sha256`` is empty then.
    """

    url: str
    n_bytes: int
    sha256: str = ""

    @property
    def file(self) -> str:
        """Name of the file at its publisher's."""
        return self.url.rsplit("/", 1)[-1]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """What must hold of the built data: the sum of all counts, and SHA-256 sums (see ``_facts.py``)."""

    total: int
    names: str
    counts: str
    labels: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """One public data set; the fields of ``datasets.toml``.

    ``conditions``, ``sample`` and ``patient`` name columns of ``obs``; ``original`` says where the measurements were
    published and ``made`` how they become the data set. ``n_obs`` and ``n_vars`` are 0 where they are not known.
    ``facts`` is ``None`` for a data set that was never built; ``tested`` is false where the recipe never ran on the
    original files.
    """

    name: str
    n_obs: int
    n_vars: int
    title: str
    accession: str
    doi: str
    licence: str
    conditions: tuple[str, ...]
    sample: str
    patient: str
    good_for: str
    original: str
    made: str
    files: tuple[Original, ...]
    facts: DatasetFacts | None = None
    tested: bool = True

    @property
    def n_bytes(self) -> int:
        """Size of all original files."""
        return sum(original.n_bytes for original in self.files)


def parse(text: str) -> dict[str, Dataset]:
    """Return name -> :class:`Dataset` from the text of a registry."""
    return {name: _dataset(name, table) for name, table in tomllib.loads(text).items()}


def _dataset(name: str, table: dict[str, Any]) -> Dataset:
    facts = DatasetFacts(**table["facts"]) if "facts" in table else None
    files = tuple(Original(**file) for file in table["files"])
    return Dataset(name=name, **(table | {"conditions": tuple(table["conditions"]), "files": files, "facts": facts}))


@functools.cache
def datasets() -> dict[str, Dataset]:
    """Return the packaged registry."""
    return parse(resources.files(__package__).joinpath("datasets.toml").read_text(encoding="utf-8"))


def lookup(name: object, datasets: Iterable[str]) -> str:
    """Return ``name`` if it is known, else raise a ``ValueError`` that suggests one."""
    names = tuple(datasets)
    if isinstance(name, str) and name in names:
        return name
    msg = f"name={name!r}: there is no data set {name!r}{_validate.suggest(name, names)} (known: {', '.join(names)})"
    raise ValueError(msg)
