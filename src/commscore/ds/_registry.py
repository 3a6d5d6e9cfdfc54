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
class Dataset:
    """One public data set; the fields of ``datasets.toml``.

    ``conditions``, ``sample`` and ``patient`` name columns of ``obs``; ``url`` is empty where no one serves
    exactly this file, and then ``original`` and ``made`` say where the measurements are and how the file was
    made.
    """

    name: str
    file: str
    sha256: str
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
    url: str = ""


def parse(text: str) -> dict[str, Dataset]:
    """Return name -> :class:`Dataset` from the text of a registry."""
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {
        name: Dataset(name=name, **(table | {"conditions": tuple(table["conditions"])}))
        for name, table in tables.items()
    }


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
