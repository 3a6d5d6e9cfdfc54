"""Arguments of public functions, checked by their annotations before anything else happens.

:func:`checked` reads the annotations of a function once and refuses what they exclude, so that a wrong type is one
clear error that names the argument wherever the function would have stumbled over it. Numbers must be finite; those
that mean the same everywhere have their limits here. What depends on the data (which columns or groups there are)
is for the functions.
"""

from __future__ import annotations

import ast
import inspect
import math
import numbers
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from ._validate import in_range, shown, suggest

P = ParamSpec("P")
R = TypeVar("R")

UNIT = (0.0, 1.0)
LIMITS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("alpha", "expr_prop", "max_magnitude", "max_padj", "min_stability", "power"), UNIT),
    **dict.fromkeys(
        ("budget", "labels", "max_columns", "max_groups", "max_hops", "max_loops", "max_pairs", "memory", "min_cells",
         "min_cells_sample", "min_counts", "min_samples", "n_combinations", "top"),
        (1, math.inf),
    ),
    **dict.fromkeys(("n_boot", "n_perms", "n_shuffles"), (1, 10**8)),  # more would take days, and memory
    **dict.fromkeys(("margin", "min_excess", "names"), (0, math.inf)),
}  # fmt: skip
"""Least and greatest value of the numbers that mean the same in every function."""

NOUNS = {"covariates": "columns of adata.obs", "groups": "different group names", "order": "levels"}
"""What a list holds, where a function wants one; text otherwise."""

LABELS = ("contrast", "groups", "order", "reference")
"""Labels of cells and samples: numbers stand for the text that they are shown as."""

EMPTY = ("covariates", "depth", "expressed", "genes", "licence", "palette", "refits", "roles", "shifts", "title",
         "var_names", "version")  # fmt: skip
"""Texts, lists and dicts that may be empty; an empty one anywhere else is a slip."""

MOST = 2**63 - 1
"""Greatest whole number that an array can hold."""


@dataclass(frozen=True)
class Kind:
    """What an annotation accepts: in words, as a test, and what its parts must be."""

    words: str
    accepts: Callable[[Any], bool]
    items: Kind | None = None
    number: str = ""


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse unknown keywords, and arguments that the annotations of ``function`` exclude.

    Raises
    ------
    TypeError
        For a keyword that the function does not have (with the closest one), or an argument of another type.
    ValueError
        For a number that is not finite or out of its limits.
    """
    parameters = inspect.signature(function).parameters
    names = [n for n, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    is_open = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    annotations = {n: str(parameters[n].annotation) for n in names if parameters[n].annotation is not inspect._empty}

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in parameters and not is_open:
                msg = f"{function.__name__}() has no keyword {name!r}{suggest(name, names)}"
                raise TypeError(msg)
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name in annotations:
                check(name, value, annotations[name])
        return function(*args, **kwargs)

    return call


def check(name: str, value: object, annotation: str) -> None:
    """Raise unless ``value`` is what ``annotation`` (text) says the argument ``name`` is."""
    kinds = kinds_of(name, annotation)
    fits = [k for k in kinds if k.accepts(value)]
    if not fits:
        raise TypeError(_refusal(name, value, kinds))
    if isinstance(value, str | list | tuple | Mapping) and not value and name not in EMPTY and annotation != "Any":
        msg = f"{name} is empty ({value!r}); name at least one value, or leave it out"
        raise ValueError(msg)
    if name == "cmap" and isinstance(value, str):
        _check_colour_map(value)
    numeric = next((k.number for k in fits if k.number), "")
    if numeric:
        _check_number(name, value, numeric)
    if len(fits) == 1 and fits[0].items is not None:
        _check_items(name, value, fits[0].items)


def _refusal(name: str, value: object, kinds: Iterable[Kind]) -> str:
    kinds = list(kinds)
    words = [k.words for k in kinds]
    numeric = [k.number for k in kinds if k.number]
    if numeric and name in LIMITS:
        low, high = LIMITS[name]
        bounds = f" >= {low:g}" if high == math.inf else f" between {low:g} and {high:g}"
        words = [w + bounds if k.number else w for k, w in zip(kinds, words, strict=True)]
    wanted = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    way_out = f"; write [{value!r}]" if isinstance(value, str) and any("list" in w for w in words) else ""
    if isinstance(value, str | os.PathLike) and words == ["an AnnData"]:
        way_out = "; read the file first, for example with anndata.read_h5ad"
    return f"{name} must be {wanted}, found {shown(value)}{way_out}"


def _check_number(name: str, value: Any, number: str) -> None:
    if number == "an integer" and abs(int(value)) > MOST:
        msg = f"{name} must be an integer of at most {MOST}, found {shown(value)}"
        raise ValueError(msg)
    if not math.isfinite(value):
        msg = f"{name} must be a finite number, found {shown(value)}"
        raise ValueError(msg)
    if name in LIMITS:
        low, high = LIMITS[name]
        in_range(name, value, low=low, high=high, integer=number == "an integer")


def _check_colour_map(value: str) -> None:
    from matplotlib import colormaps

    if value not in colormaps:
        msg = f"cmap={value!r} is not a colour map of matplotlib{suggest(value, colormaps)}"
        raise ValueError(msg)


def _check_items(name: str, value: Any, kind: Kind) -> None:
    pairs: Iterator[tuple[str, Any]] = (
        ((f"{name}[{k!r}]", v) for k, v in value.items())
        if isinstance(value, Mapping)
        else ((f"{name}[{i}]", v) for i, v in enumerate(value))
    )
    for where, item in pairs:
        if not kind.accepts(item):
            raise TypeError(_refusal(where, item, [kind]))
        if kind.number:
            _check_number(where, item, kind.number)


@cache
def kinds_of(name: str, annotation: str) -> tuple[Kind, ...]:
    """Return what the annotation of an argument accepts; ``ax`` and ``cmap`` are known by name."""
    if name in _BY_NAME:
        return _BY_NAME[name] + ((_LEAVES["None"],) if "None" in annotation else ())
    kinds = tuple(_kinds(ast.parse(annotation, mode="eval").body, name))
    if name in LABELS:
        kinds = tuple(_LABEL if k is _LEAVES["str"] else k for k in kinds)
    return kinds


def _kinds(node: ast.expr, name: str) -> Iterator[Kind]:
    if isinstance(node, ast.BinOp):
        yield from _kinds(node.left, name)
        yield from _kinds(node.right, name)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _kinds(ast.parse(node.value, mode="eval").body, name)
    elif isinstance(node, ast.Subscript):
        yield _container(node, name)
    elif isinstance(node, ast.Constant):
        yield _LEAVES["None"]
    else:
        leaf = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        yield from _ALIASES.get(leaf) or (_LEAVES.get(leaf, _ANYTHING),)


def _container(node: ast.Subscript, name: str) -> Kind:
    outer = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if outer in ("Sequence", "Iterable", "list"):
        items = _one_of(list(_kinds(parts[0], name)))
        if name in LABELS and items is _LEAVES["str"]:
            items = _LABEL
        noun = NOUNS.get(name) or {"a string": "strings", "an integer": "integers"}.get(items.words, "values")
        return Kind(f"a list of {noun}", _is_list if outer != "Iterable" else _is_iterable, items)
    if outer in ("Mapping", "dict"):
        return Kind("a dict", lambda v: isinstance(v, Mapping), _one_of(list(_kinds(parts[1], name))))
    return _LEAVES.get(outer, _ANYTHING)


def _one_of(kinds: list[Kind]) -> Kind:
    if len(kinds) == 1:
        return kinds[0]
    return Kind(" or ".join(k.words for k in kinds), lambda v: any(k.accepts(v) for k in kinds))


def _class(module: str, name: str) -> Callable[[object], bool]:
    """Test for a class of a module; where the module was never imported, nothing is of its classes."""

    def accepts(value: object) -> bool:
        loaded = sys.modules.get(module)
        return loaded is not None and isinstance(value, getattr(loaded, name))

    return accepts


def _is_list(value: Any) -> bool:
    """Whether it is a list, tuple, array, index or series: one dimension, in order."""
    if isinstance(value, str | bytes | Mapping) or getattr(value, "ndim", 1) != 1:
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__") and hasattr(value, "__iter__")


def _is_iterable(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes) and getattr(value, "ndim", 1) == 1


def _is_integer(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_rng(value: object) -> bool:
    made = _class("numpy.random", "Generator")(value) or _class("numpy.random", "SeedSequence")(value)
    return made or (_is_integer(value) and int(value) >= 0)  # type: ignore[call-overload]


_ANYTHING = Kind("anything", lambda _: True)
_STRING = Kind("a string", lambda v: isinstance(v, str))
_LABEL = Kind("a string", lambda v: isinstance(v, str) or _is_number(v))
_LIST = Kind("a list of strings", _is_list)
_METHOD = Kind("what cs.tl.method returns", lambda v: hasattr(v, "name") and hasattr(v, "parameters"))
_LEAVES = {
    "None": Kind("None", lambda v: v is None),
    "str": _STRING,
    "bool": Kind("True or False", lambda v: isinstance(v, bool)),
    "int": Kind("an integer", _is_integer, number="an integer"),
    "float": Kind("a number", _is_number, number="a number"),
    "AnnData": Kind("an AnnData", _class("anndata", "AnnData")),
    "DataFrame": Kind("a pandas DataFrame", _class("pandas", "DataFrame")),
    "Resource": Kind("a Resource", _class("commscore.rs._resource", "Resource")),
    "Result": Kind("a Result", _class("commscore.get._result", "Result")),
    "Path": Kind("a path", lambda v: isinstance(v, os.PathLike)),
    "PathLike": Kind("a path", lambda v: isinstance(v, os.PathLike)),
    "Callable": Kind("a function", callable),
    "RNG": Kind("a non-negative integer, a numpy Generator or a SeedSequence", _is_rng),
    "Any": _ANYTHING,
}
_GROUPS = Kind("a string, a list of strings or None", lambda v: v is None or isinstance(v, str) or _is_list(v))
_ALIASES = {
    "Given": (Kind("a dict", lambda v: isinstance(v, Mapping), _GROUPS),),
    "Asked": (Kind("the name of a method", _STRING.accepts), _METHOD, Kind("a list of these", _is_list)),
    "Pair": (_STRING, Kind("a pair (ligand, receptor)", _is_list)),
}  # fmt: skip
_BY_NAME = {
    "ax": (Kind("matplotlib Axes", _class("matplotlib.axes", "Axes")), _LEAVES["None"]),
    "cmap": (_STRING, Kind("a Colormap", _class("matplotlib.colors", "Colormap"))),
}  # fmt: skip
