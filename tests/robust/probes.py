"""Bad values for any parameter: what its annotation excludes, and what its kind excludes."""

from __future__ import annotations

import collections.abc as abc
import inspect
import math
import os
import types
import typing
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

import commscore as cs
from commscore import scores
from commscore.check import kinds_of
from commscore.ds import Shift

ROOMS = ("tl", "get", "pl", "rs", "ds", "report")
MADE_BY_THE_LIBRARY = {"rs.Resource", "get.Result"}
"""Classes that nobody calls by hand; their methods are tested."""


NAMES = {
    "AnnData": ad.AnnData, "pd": pd, "Resource": cs.rs.Resource, "Result": cs.get.Result, "Path": Path, "os": os,
    "Sequence": abc.Sequence, "Mapping": abc.Mapping, "Callable": abc.Callable, "Iterable": abc.Iterable,
    "Any": typing.Any, "Shift": Shift, "RNG": int | np.random.Generator, "scoring": scores,
    "Asked": str | scores.Score | scores.Combination | abc.Sequence[str],
    "Given": abc.Mapping[str, str | abc.Sequence[str] | None],
    "_roles": types.SimpleNamespace(Given=abc.Mapping[str, str | abc.Sequence[str] | None]),
    "_random": types.SimpleNamespace(RNG=int | np.random.Generator), "Pair": tuple[str, str] | str,
}  # fmt: skip
LABELS = {"reference", "order", "contrast", "groups"}

PROBES = {
    "None": None, "True": True, "0": 0, "-1": -1, "3": 3, "1.5": 1.5, "-0.5": -0.5, "nan": math.nan, "inf": math.inf,
    "-inf": -math.inf, "2**70": 2**70, "text": "no such value", "slash": "no/such|value^", "long": "x" * 5000,
    "empty text": "", "bytes": b"no", "complex": 1j, "object": object(), "[]": [], "[3]": [3], "[None]": [None],
    "[text]": ["no such value"], "[text, text]": ["no such value", "no such value"], "{}": {}, "{3: 3}": {3: 3},
    "{text: text}": {"no such value": "no such value"}, "set": {"a"}, "2d": np.zeros((2, 2)), "0d": np.array(1.0),
    "AnnData": ad.AnnData(np.zeros((2, 2), np.float32)), "DataFrame": pd.DataFrame({"no such column": [1.0, 2.0]}),
    "empty frame": pd.DataFrame(), "function": abs, "type": int,
}  # fmt: skip
NUMBERS = ("0", "-1", "3", "1.5", "-0.5", "2**70")


def accepts(hint, value, name=""):
    """Whether a value is of the annotated type: a plain second reading of the annotation."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is typing.Any:
        return True
    if hint is None or hint is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(accepts(a, value, name) for a in args)
    if origin is not None:
        return accepts_container(origin, args, value, name)
    if hint in (int, float):
        return isinstance(value, int | (float if hint is float else int)) and not isinstance(value, bool)
    if hint is str and name in LABELS and isinstance(value, int | float) and not isinstance(value, bool):
        return True
    return isinstance(value, hint)


def accepts_container(origin, args, value, name):
    if origin in (abc.Mapping, dict):
        return isinstance(value, abc.Mapping) and all(accepts(args[1], v, name) for v in value.values())
    if origin is abc.Callable:
        return callable(value)
    if origin is os.PathLike:
        return isinstance(value, os.PathLike)
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__") or getattr(value, "ndim", 1) != 1:
        return False
    ordered = hasattr(value, "__getitem__") and not isinstance(value, abc.Mapping)
    return (ordered or origin is abc.Iterable) and all(accepts(args[0], v, name) for v in value)


def hints_of(function):
    """Resolve the annotations of a function, of whatever module it is."""
    plain = inspect.unwrap(function)
    names = vars(inspect.getmodule(plain)) | NAMES
    return typing.get_type_hints(plain, globalns=names, localns=NAMES)


def public():
    """Name -> function, for everything public: functions, constructors, methods."""
    found = {}
    for room in ROOMS:
        module = getattr(cs, room)
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing):
                if f"{room}.{name}" not in MADE_BY_THE_LIBRARY:
                    found[f"{room}.{name}"] = thing
                methods = {k: v for k, v in vars(thing).items() if inspect.isfunction(v) and not k.startswith("_")}
                found |= {f"{room}.{name}.{k}": v for k, v in methods.items()}
            elif callable(thing):
                found[f"{room}.{name}"] = thing
    return found


def parameters(function):
    """Return the parameters by name, without ``self`` and without open ones."""
    every = inspect.signature(function).parameters.values()
    closed = [p for p in every if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name != "self"]
    return {p.name: p for p in closed}


FREE_TEXT = {"title", "licence", "version"}
NEW_NAMES = {"key_added", "sample"}
OFTEN_EMPTY = {
    "covariates": "[]",
    "shifts": "[]",
    "effects": "[]",
    "ranges": "{}",
    "adjust": "[]",
    "roles": "{}",
    "expressed": "{}",
    "depth": "{}",
    "genes": "{}",
}
PATHS = {"path", "cache_dir", "interaction_csv", "complex_csv", "cofactor_csv"}


ALLOWED = (
    (FREE_TEXT, {"text", "slash", "long", "empty text"}),
    (NEW_NAMES, {"text", "long"}),
    ({"rng"}, {"0", "3", "2**70"}),
)
"""What a parameter of this kind may well be; the others are refused, but for 3: a number of things."""


def limits_of(function):
    """Return the limits that stand at the parameters themselves (``None`` for a number without), by their name."""
    return {name: k.limits for name, kinds in kinds_of(function).items() for k in kinds if k.is_number}


def within(limits, hint):
    """Labels of the numbers among the probes that limits allow."""
    numbers = {n for n in NUMBERS if accepts(hint, PROBES[n])}
    too_long = {"2**70"} if not accepts(hint, 1.5) else set()
    return {n for n in numbers if limits is None or limits.hold(PROBES[n])} - too_long


def fine(name, parameter, hint, *, limits):
    """Labels of the probes that this parameter may well accept, by its kind; all others must be refused."""
    if name == "ax":
        return {"None"}
    allowed = {"None"} if accepts(hint, None) else set()
    allowed |= {"True"} if hint is bool else set()
    allowed |= {OFTEN_EMPTY[name]} if name in OFTEN_EMPTY else set()
    allowed |= within(limits[name], hint) if name in limits else set()
    return allowed | next((a for names, a in ALLOWED if name in names), {"3"})
