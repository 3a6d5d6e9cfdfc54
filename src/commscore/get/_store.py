"""Write a result into ``adata.uns`` and read it back: plain tables and dictionaries that h5ad and zarr keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._arguments import checked
from .._validate import suggest
from ._result import Result

if TYPE_CHECKING:
    from anndata import AnnData

_PARTS = ("table", "params", "resource", "schema")


def check_key(key: object, argument: str = "key_added") -> None:
    """Raise unless ``key`` is a name that survives writing to disk."""
    if not isinstance(key, str) or not key:
        msg = f"{argument} must be a non-empty string, found {key!r}"
        raise TypeError(msg)
    if "/" in key:
        msg = f"{argument}={key!r} has a '/', which would nest it in the file; use another character"
        raise ValueError(msg)


def _tool(key: str) -> str:
    """Return the tool that writes to this key by default."""
    name = key.removeprefix("commscore_")
    known = ("compare", "circuits", "loops", "response", "recessive", "expectations", "therapies", "balance")
    return f"cs.tl.{name}" if name in known else "a tool, for example cs.tl.score,"


@checked
def store(adata: AnnData, key: str, result: Result) -> None:
    """Write ``result`` to ``adata.uns[key]``, replacing what was there."""
    check_key(key, "key")
    adata.uns[key] = {
        "table": result.table,
        "params": result.params,
        "resource": result.resource,
        "schema": result.schema,
        **result.extra,
    }


@checked
def load(adata: AnnData, key: str = "commscore") -> Result:
    """Read ``adata.uns[key]`` as a :class:`Result`.

    Raises
    ------
    KeyError
        If there is nothing under this key, or something that no tool of commscore wrote.
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
    extra = {name: stored[name] for name in stored if name not in _PARTS}
    return Result(stored["table"], dict(stored["params"]), dict(stored["resource"]), extra, str(stored["schema"]))


def load_scores(adata: AnnData, key: str) -> Result:
    """Read a result of :func:`commscore.tl.score`; any other is an error."""
    result = load(adata, key)
    if not result.schema.startswith("commscore.score/"):
        msg = f"adata.uns[{key!r}] is {result.schema}, not a table of scores; run cs.tl.score"
        raise KeyError(msg)
    return result
