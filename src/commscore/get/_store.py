"""Write a result into ``adata.uns`` and read it back: plain tables and dictionaries that h5ad and zarr keep."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .._validate import suggest
from .._version import __version__
from ..check import checked
from ..core.progress import say
from ..tables.kinds import kind_of_key, parse_schema, stored_kinds
from ._result import Result

if TYPE_CHECKING:
    from anndata import AnnData

POSITIONS = "adata.obsm['spatial'] has positions, which this tool does not use: {tool} asks who meets whom with them"
_SPATIAL = "commscore.spatial/"
_PARTS = ("table", "params", "resource", "schema")


_OF_ZARR = (".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json")
_LONGEST = 200
"""Bytes of a key: in a zarr store it is the name of a folder."""


def check_key(key: object, argument: str = "key_added") -> None:
    """Raise unless ``key`` is a name that survives writing to h5ad and zarr."""
    if not isinstance(key, str) or not key:
        msg = f"{argument} must be a non-empty string, found {key!r}"
        raise TypeError(msg)
    problem = _not_a_name(key)
    if problem:
        msg = f"{argument}={key if len(key) <= _LONGEST else key[:40] + '…'!r} {problem}"
        raise ValueError(msg)


def _not_a_name(key: str) -> str:
    """Say why a key cannot be written, or would be read back as another one; nothing if it can."""
    for character in "/\\":
        if character in key:
            return f"has a {character!r}, which would nest it in the file; use another character"
    if not key.strip(".") or key in _OF_ZARR:
        return "is a name that files keep for themselves; use a word"
    if key != key.strip() or not key.isprintable():
        return "has blanks at its ends or characters that cannot be seen; use a word"
    if len(key.encode()) > _LONGEST:
        return f"is {len(key.encode())} bytes long, more than a file can name; use at most {_LONGEST}"
    return ""


def check_target(adata: AnnData, key: str, *, inplace: bool) -> None:
    """Raise, before any work, unless the result can be written to ``adata.uns[key]`` if ``inplace``."""
    check_key(key)
    if not inplace:
        return
    _refuse_backed_view(adata)
    stored = adata.uns.get(key)
    if stored is not None and not (hasattr(stored, "keys") and "schema" in stored):
        msg = (
            f"key_added={key!r}: adata.uns[{key!r}] holds something else ({type(stored).__name__}), which the result "
            "would replace; give another key_added"
        )
        raise ValueError(msg)


def _tool(key: str) -> str:
    """Return the tool that writes to this key by default."""
    kind = kind_of_key(key)
    return kind.call if kind else "a tool, for example cs.tl.score,"


def _check_version(key: str, schema: str, made_by: str) -> None:
    """Raise unless a result was stored with the present version of its tables."""
    parsed = parse_schema(schema)
    if parsed is None:
        msg = f"adata.uns[{key!r}] was not written by commscore (its schema is {schema!r})"
        raise KeyError(msg)
    kind, version = parsed
    author = f"commscore {made_by}".strip()
    known = stored_kinds().get(kind)
    if known is None:
        return  # a kind of tool that is not ours: its tables are read as they are
    present = f"this is commscore {__version__}, which reads {known.schema}"
    if version > known.version:
        msg = (
            f"adata.uns[{key!r}] was made by a newer version, {author} ({schema}; {present}): update commscore, or run "
            f"{known.call} again"
        )
        raise ValueError(msg)
    if version < known.version:
        msg = f"adata.uns[{key!r}] was made by {author} ({schema}; {present}): run {known.call} again"
        raise ValueError(msg)


def _refuse_backed_view(adata: AnnData) -> None:
    if adata.is_view and adata.isbacked:
        msg = (
            f"inplace=True: adata is a view of a backed file ({adata.filename}), which cannot take the result; give "
            "inplace=False and keep the result that is returned, or call adata = adata.to_memory() first"
        )
        raise ValueError(msg)


@checked
def store(adata: AnnData, key: str, result: Result) -> None:
    """Write ``result`` to ``adata.uns[key]``, replacing what was there.

    Parameters
    ----------
    adata
        Annotated data that the result is about.
    key
    result
        What a tool returned with ``inplace=False``.

    Examples
    --------
    Two calls, kept under keys of one's own:

    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> for method in ("mean", "product"):
    ...     result = cs.tl.score(adata, "cell_type", method=method, null=None, inplace=False)
    ...     cs.get.store(adata, f"by_{method}", result)
    >>> [key for key in adata.uns if key.startswith("by_")]
    ['by_mean', 'by_product']
    """
    check_key(key, "key")
    _refuse_backed_view(adata)
    adata.uns[key] = {
        "table": result.table,
        "params": result.params,
        "resource": result.resource,
        "schema": result.schema,
        **result.extra,
    }


def finish(adata: AnnData, key: str, result: Result, *, inplace: bool) -> Result | None:
    """End a tool: store its result and return nothing, or return it and touch nothing."""
    if not inplace:
        return result
    store(adata, key, result)
    if has_unused_positions(adata, result.schema):
        _say_of_positions()
    return None


def has_unused_positions(adata: AnnData, schema: str) -> bool:
    """Whether cells have positions of which the tool behind a result, and any before it, knew nothing."""
    ours = [value.get("schema") for value in adata.uns.values() if isinstance(value, Mapping)]
    return "spatial" in adata.obsm and not any(str(s).startswith(_SPATIAL) for s in [schema, *ours])


@cache
def _say_of_positions() -> None:
    """Say it once, as progress is shown, and not for every tool and object."""
    say("commscore: " + POSITIONS.format(tool="cs.tl.spatial"))


def identity(resource: Any) -> dict[str, Any]:
    """Return what names a resource in a result: name, version, licence and sha256."""
    return {name: getattr(resource, name) for name in ("name", "version", "licence", "sha256")}


@checked
def load(adata: AnnData, key: str = "commscore") -> Result:
    """Read ``adata.uns[key]`` as a :class:`Result`.

    Raises
    ------
    KeyError
        If there is nothing under this key, or something that no tool of commscore wrote.
    ValueError
        If another version of commscore wrote it, whose tables this one does not read.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=100)
    >>> cs.get.load(adata).resource["name"]
    'breast'
    """
    stored: Any = adata.uns.get(key)
    if stored is None:
        msg = f"key={key!r}: adata.uns has no {key!r}{suggest(key, adata.uns)}; run {_tool(key)} first"
        raise KeyError(msg)
    if not hasattr(stored, "keys") or not set(_PARTS) <= set(stored.keys()):
        msg = f"adata.uns[{key!r}] was not written by commscore (it lacks one of {', '.join(_PARTS)})"
        raise KeyError(msg)
    if not hasattr(stored["table"], "columns") or not all(hasattr(stored[n], "keys") for n in ("params", "resource")):
        msg = f"adata.uns[{key!r}] is damaged: it wants a DataFrame and dicts; run {_tool(key)} again"
        raise KeyError(msg)
    params, schema = dict(stored["params"]), str(stored["schema"])
    _check_version(key, schema, str(params.get("commscore", "")))
    extra = {name: stored[name] for name in stored if name not in _PARTS}
    return Result(stored["table"], params, dict(stored["resource"]), extra, schema)


def load_scores(adata: AnnData, key: str) -> Result:
    """Read a result of :func:`commscore.tl.score`; any other is an error."""
    result = load(adata, key)
    if not result.schema.startswith("commscore.score/"):
        msg = f"adata.uns[{key!r}] is {result.schema}, not a table of scores; run cs.tl.score"
        raise KeyError(msg)
    return result
