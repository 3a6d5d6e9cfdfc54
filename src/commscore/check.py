"""The one check of public arguments; limits stand at the parameter.

:func:`checked` reads the annotations of a function once and refuses what they exclude, so that a wrong type or an
impossible number is one clear error that names the argument, before anything else happens. What a type alone does not
say is written beside it: ``Annotated[int, at_least(0)]``, or one of the aliases below (:data:`Count`,
:data:`Proportion`, …). What depends on the data (which columns or groups there are) is for the functions, in
the words of :mod:`commscore._validate`.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import numbers
import os
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, wraps
from typing import Annotated, Any, ParamSpec, TypeAlias, TypeVar

from . import _labels
from ._shared_docs import filled
from ._validate import Limits, shown, suggest

P = ParamSpec("P")
R = TypeVar("R")

MOST = 2**63 - 1
"""Greatest whole number that an array can hold."""


def at_least(low: float) -> Limits:
    """Return the limits of numbers that are not below ``low``."""
    return Limits(low)


def more_than(low: float) -> Limits:
    """Return the limits of numbers above ``low``."""
    return Limits(low, above=True)


def between(low: float, high: float) -> Limits:
    """Return the limits of numbers from ``low`` to ``high``."""
    return Limits(low, high)


@dataclass(frozen=True)
class Noun:
    """What a list holds, in words: "a list of …"."""

    words: str


MAY_BE_EMPTY = "may be empty"
"""Marks a text, list or dict that may be empty; an empty one anywhere else is a slip."""


_GENES = ("gene", "ligand", "receptor", "ligand_complex", "receptor_complex")
"""Keywords for which one looks where genes are meant."""
_OF_PLOTS = {
    "save": "plots return Axes: ax.figure.savefig('figure.pdf') saves",
    "show": "plots return Axes: a notebook shows them, matplotlib.pyplot.show() does in a script",
    "figsize": "give axes of that size: ax=matplotlib.pyplot.subplots(figsize=…, layout='constrained')[1]",
    "dpi": "plots return Axes: ax.figure.savefig('figure.png', dpi=300) saves",
    "ax": "it makes a figure of its own, of several parts",
}
"""Keywords of other libraries' plots, and what is done instead."""


@dataclass(frozen=True)
class Kind:
    """What an argument may be: in words, as a test, within limits, and what its parts must be."""

    words: str
    accepts: Callable[[Any], bool]
    parts: tuple[Kind, ...] = ()
    is_number: bool = False
    limits: Limits | None = None
    may_be_empty: bool = False
    inspect: Callable[[str, Any], None] | None = None

    def __str__(self) -> str:
        return self.words if self.limits is None else f"{self.words} {self.limits}"


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse unknown keywords, and arguments that the annotations of ``function`` exclude; complete its documentation.

    Raises
    ------
    TypeError
        For a keyword that the function does not have (with the closest one), or an argument of another type.
    ValueError
        For a number that is not finite or out of its limits, or an empty text, list or dict.
    """
    if function.__doc__:  # none with python -OO
        function.__doc__ = filled(function.__doc__)
    parameters = inspect.signature(function).parameters
    names = [n for n, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    needed = [n for n in names if parameters[n].default is inspect.Parameter.empty]
    is_open = any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in parameters and not is_open:
                msg = f"{function.__name__}() has no keyword {name!r}{_instead(function, name, names)}"
                raise TypeError(msg)
        if missing := [n for n in needed[len(args) :] if n not in kwargs]:
            msg = f"{function.__name__}() needs {', '.join(f'{n}=…' for n in missing)}: see help({function.__name__})"
            raise TypeError(msg)
        kinds = kinds_of(function)
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name in kinds:
                check(name, value, kinds[name])
        return function(*args, **kwargs)

    return call


def _instead(function: Callable[..., object], name: str, names: Sequence[str]) -> str:
    """Say what to use instead of a keyword that others have."""
    if ".pl." in function.__module__ and name in _OF_PLOTS:
        return f"; {_OF_PLOTS[name]}"
    if name.rstrip("s") in _GENES and "gene" in names:
        return "; did you mean 'gene'? It finds ligands, receptors and their subunits"
    return suggest(name, names)


def check_fields(record: Any) -> None:
    """Check the fields of a dataclass by their annotations, as :func:`checked` does the arguments of a function."""
    for name, kinds in kinds_of(record.__class__).items():
        check(name, getattr(record, name), kinds)


def check(name: str, value: object, kinds: Sequence[Kind]) -> None:
    """Raise unless ``value`` is what one of ``kinds`` says the argument ``name`` is."""
    fits = _fitting(name, value, kinds)
    empty = isinstance(value, str | list | tuple | Mapping) and not value
    if empty and not any(k.may_be_empty for k in fits):
        msg = f"{name} is empty ({value!r}); name at least one value, or leave it out"
        raise ValueError(msg)


def _fitting(name: str, value: object, kinds: Sequence[Kind]) -> list[Kind]:
    """Return the kinds that a value is of, after its limits and its parts were looked at."""
    fits = [k for k in kinds if k.accepts(value)]
    if not fits:
        raise TypeError(_refusal(name, value, kinds))
    number = next((k for k in fits if k.is_number), None)
    if number is not None:
        _check_number(name, value, number)
    for kind in fits:
        if kind.inspect is not None:
            kind.inspect(name, value)
    if len(fits) == 1 and fits[0].parts and hasattr(value, "__len__"):
        for part, item in _items(name, value):
            _fitting(part, item, fits[0].parts)
    return fits


def _items(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return ((f"{name}[{k!r}]", v) for k, v in value.items())
    return ((f"{name}[{i}]", v) for i, v in enumerate(value))


def _refusal(name: str, value: object, kinds: Iterable[Kind]) -> str:
    words = [str(k) for k in kinds]
    expected = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    way_out = f"; write [{value!r}]" if isinstance(value, str) and any("list" in w for w in words) else ""
    if isinstance(value, str | os.PathLike) and words == ["an AnnData"]:
        way_out = "; read the file first, for example with anndata.read_h5ad"
    elif "an AnnData" in words and type(value).__name__ in _HOLD_ANNDATA:
        way_out = _table_inside(value)
    elif isinstance(value, os.PathLike) and "a string" in words:
        way_out = f"; write {os.fspath(value)!r}"
    return f"{name} must be {expected}, found {shown(value)}{way_out}"


_HOLD_ANNDATA = {"MuData": ("mod", "mdata[{!r}]"), "SpatialData": ("tables", "sdata.tables[{!r}]")}


def _table_inside(value: Any) -> str:
    """Say how to write the tables that an object of several holds; RNA first, where one is called so."""
    attribute, call = _HOLD_ANNDATA[type(value).__name__]
    names = sorted(map(str, getattr(value, attribute, ())), key=lambda n: n.lower() not in ("rna", "gex", "table"))
    some = " or ".join(call.format(n) for n in names[:3])
    return f"; give the one that holds the expression of genes: {some}" if some else "; it holds no table"


def _check_number(name: str, value: Any, kind: Kind) -> None:
    if kind.words == "an integer" and abs(int(value)) > MOST:
        msg = f"{name} must be an integer of at most {MOST}, found {shown(value)}"
        raise ValueError(msg)
    if not math.isfinite(value):
        msg = f"{name} must be a finite number, found {shown(value)}"
        raise ValueError(msg)
    if kind.limits is not None and not kind.limits.hold(value):
        msg = f"{name} must be {kind}, found {value!r}"
        raise ValueError(msg)


@cache
def kinds_of(function: Any) -> dict[str, tuple[Kind, ...]]:
    """Return what every annotated parameter of a function (or field of a dataclass) may be."""
    plain = inspect.unwrap(function)
    # what a module imports for type checking only is found here if it is an alias or a container, else by its name
    names = globals() | vars(sys.modules[plain.__module__])
    unknown = {n for n in _names_in(plain.__annotations__.values()) if n not in names or n in _LEAVES}
    unloaded = {n: _Unloaded(n, (), {}) for n in unknown if not hasattr(builtins, n)}
    hints = typing.get_type_hints(plain, names, names | unloaded, include_extras=True)
    hints.pop("return", None)
    return {n: tuple(_kinds(h)) for n, h in hints.items()}


class _Unloaded(type):
    """Stands for a class that is imported for type checking only: known by its name."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Unloaded(name, (), {})

    def __getitem__(cls, _: object) -> type:
        return cls


def _names_in(annotations: Iterable[Any]) -> set[str]:
    trees = (ast.parse(text, mode="eval") for text in annotations if isinstance(text, str))
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _kinds(hint: Any) -> Iterator[Kind]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        yield from _marked(args[0], args[1:])
    elif origin in (typing.Union, types.UnionType):
        for part in args:
            yield from _kinds(part)
    elif origin is not None:
        yield _container(origin.__name__, args)
    else:
        yield _leaf(getattr(hint, "__name__", str(hint)), hint)


def _marked(hint: Any, marks: Sequence[object]) -> Iterator[Kind]:
    """Read an annotation with what is written beside it; kinds that are written there stand for the type."""
    kinds = [m for m in marks if isinstance(m, Kind)] or list(_kinds(hint))
    limits = next((m for m in marks if isinstance(m, Limits)), None)
    noun = next((m for m in marks if isinstance(m, Noun)), None)
    empty = MAY_BE_EMPTY in marks
    for kind in kinds:
        if kind.is_number and limits is not None:
            kind = replace(kind, limits=limits)
        if noun is not None and kind.words.startswith("a list of "):
            kind = replace(kind, words=f"a list of {noun.words}")
        yield replace(kind, may_be_empty=True) if empty else kind


def _container(outer: str, args: Sequence[Any]) -> Kind:
    if outer in ("Sequence", "Iterable", "list", "tuple"):
        parts = tuple(_kinds(args[0]))
        noun = {"a string": "strings", "an integer": "integers"}.get(parts[0].words, "values")
        noun = noun if len(parts) == 1 else "values"
        return Kind(f"a list of {noun}", _is_iterable if outer == "Iterable" else is_list, parts)
    if outer in ("Mapping", "dict"):
        return Kind("a dict", _is_dict, tuple(_kinds(args[1])))
    return _leaf(outer, None)


def _leaf(name: str, hint: Any) -> Kind:
    if name in _LEAVES:
        return _LEAVES[name]
    if isinstance(hint, type) and not isinstance(hint, _Unloaded):
        return Kind(f"a {name}", lambda v: isinstance(v, hint))
    msg = f"no check is known of arguments that are annotated {name!r}: import it at run time, or add it here"
    raise TypeError(msg)


def instance_of(module: str, name: str) -> Callable[[object], bool]:
    """Return a test for a class of a module; where the module was never imported, nothing is of its classes."""

    def accepts(value: object) -> bool:
        loaded = sys.modules.get(module)
        return loaded is not None and isinstance(value, getattr(loaded, name))

    return accepts


def is_text(value: object) -> bool:
    """Whether it is a string."""
    return isinstance(value, str)


def is_list(value: Any) -> bool:
    """Whether it is a list, tuple, array, index or series: one dimension, in order."""
    if isinstance(value, str | bytes | Mapping) or getattr(value, "ndim", 1) != 1:
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__") and hasattr(value, "__iter__")


def _is_iterable(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes) and getattr(value, "ndim", 1) == 1


def _is_dict(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_integer(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_label(value: object) -> bool:
    """Whether it is text, a finite number, True or False; those of numpy too."""
    if is_text(value) or isinstance(value, bool) or instance_of("numpy", "bool_")(value):
        return True
    return _is_number(value) and math.isfinite(value)  # type: ignore[arg-type]


def _is_rng(value: object) -> bool:
    is_generator = instance_of("numpy.random", "Generator")(value) or instance_of("numpy.random", "SeedSequence")(value)
    return is_generator or (_is_integer(value) and int(value) >= 0)  # type: ignore[call-overload]


def _is_path(value: object) -> bool:
    return isinstance(value, os.PathLike)


def _check_colour_map(name: str, value: object) -> None:
    from matplotlib import colormaps

    if isinstance(value, str) and value not in colormaps:
        msg = f"{name}={value!r} is not a colour map of matplotlib{suggest(value, colormaps)}"
        raise ValueError(msg)


_NONE = Kind("None", lambda v: v is None)
_LEAVES = {
    "None": _NONE,
    "NoneType": _NONE,
    "str": Kind("a string", is_text),
    "bool": Kind("True or False", lambda v: isinstance(v, bool)),
    "int": Kind("an integer", _is_integer, is_number=True),
    "float": Kind("a number", _is_number, is_number=True),
    "AnnData": Kind("an AnnData", instance_of("anndata", "AnnData")),
    "DataFrame": Kind("a pandas DataFrame", instance_of("pandas", "DataFrame")),
    "Resource": Kind("a Resource", instance_of("commscore.rs._resource", "Resource")),
    "Result": Kind("a Result", instance_of("commscore.get._result", "Result")),
    "Path": Kind("a path", _is_path),
    "PathLike": Kind("a path", _is_path),
    "Callable": Kind("a function", callable),
    "Any": Kind("anything", lambda _: True, may_be_empty=True),
    "RNG": Kind("a non-negative integer, a numpy Generator or a SeedSequence", _is_rng),
}

Count: TypeAlias = Annotated[int, at_least(1)]
CountOrZero: TypeAlias = Annotated[int, at_least(0)]
Repeats: TypeAlias = Annotated[int, between(1, 10**8)]
"""Permutations, resamples, shuffles: more would take days, and memory."""
Threads: TypeAlias = Annotated[int, Limits(-1024, 1024, but=0)]
"""Negative numbers count from all cores."""
Proportion: TypeAlias = Annotated[float, between(0, 1)]
NonNegative: TypeAlias = Annotated[float, at_least(0)]
Positive: TypeAlias = Annotated[float, more_than(0)]
FreeText: TypeAlias = Annotated[str, MAY_BE_EMPTY]
Columns: TypeAlias = Annotated[Sequence[str], Noun("columns of adata.obs"), MAY_BE_EMPTY]
GeneNames: TypeAlias = Annotated[Iterable[str], MAY_BE_EMPTY]
Palette: TypeAlias = Annotated[Mapping[str, Any], MAY_BE_EMPTY]
Label: TypeAlias = Annotated[_labels.Label, Kind("a label", is_label)]
"""Label of cells or samples: a number, True or False stands for the text that it is shown as."""
GroupNames: TypeAlias = Annotated[Sequence[Label], Noun("different group names")]
Levels: TypeAlias = Annotated[Sequence[Label], Noun("levels")]
ColourMap: TypeAlias = Annotated[
    str,
    Kind("a string", is_text, inspect=_check_colour_map),
    Kind("a Colormap", instance_of("matplotlib.colors", "Colormap")),
]
AxesOrNone: TypeAlias = Annotated[Any, Kind("matplotlib Axes", instance_of("matplotlib.axes", "Axes")), _NONE]
