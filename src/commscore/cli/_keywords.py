"""Options from a function's own signature: names, types, defaults, limits of what may be typed, and their help."""

from __future__ import annotations

import ast
import inspect
import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._docs import as_markdown, parameters
from ..check import kinds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..check import Kind

NONE = "none"
"""Word for None where that is another choice than leaving the option out."""
_UNTYPED = {"ax", "inplace"}
"""Keywords that a command decides itself: where the result goes."""
_TABLE = "a pandas DataFrame"


@dataclass(frozen=True)
class Keyword:
    """A keyword of a function as an option of its command."""

    name: str
    typed: Any
    """What the command line hands over."""
    default: Any
    help: str
    convert: Callable[[Any], Any]
    """Makes of that what the function takes."""
    metavar: str | None = None
    parser: Callable[[Any], Any] | None = None
    flags: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        """The option as it is typed."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def parameter(self) -> inspect.Parameter:
        """The parameter of the command."""
        option = typer.Option(*(self.flags or (self.option,)), help=self.help, metavar=self.metavar, parser=self.parser)
        return parameter(self.name, Annotated[self.typed, option], self.default)


def parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """Return a parameter of a command."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def keywords_of(function: Callable[..., Any], *, leave_out: Sequence[str] = ()) -> dict[str, Keyword]:
    """Return the keywords of a function that can be typed, in their order; its data come from FILE."""
    texts, kinds = parameters(function), kinds_of(function)
    own = list(inspect.signature(function).parameters.values())
    others = [p for p in own[1:] if p.name not in _UNTYPED and p.name not in leave_out]
    keywords = {p.name: _keyword(p, kinds[p.name], as_markdown(texts.get(p.name, ""))) for p in others}
    return {name: replace(k, help=in_options(k.help, keywords)) for name, k in keywords.items()}


def _keyword(own: inspect.Parameter, kinds: Sequence[Kind], text: str) -> Keyword:
    words = {kind.words for kind in kinds}
    default = None if own.default == () else own.default
    make = next(make for test, make in _FORMS if test(words))
    return make(own.name, kinds, default, text)


def _table(name: str, kinds: Sequence[Kind], default: Any, text: str) -> Keyword:
    """Take the name of a file with a table, or with data where these are allowed; else a text, where that is."""
    words = {kind.words for kind in kinds}
    option = f"--{name.replace('_', '-')}"

    def convert(value: str | None) -> Any:
        if value is None or ("a string" in words and not Path(value).exists()):
            return value
        return _read(Path(value), option, is_data="an AnnData" in words)

    metavar = "NAME|FILE" if "a string" in words else "FILE"
    return Keyword(name, _optional(str, default), default, text, convert, metavar)


def _read(path: Path, option: str, *, is_data: bool) -> Any:
    from ..rs._tabular import TABLES, read_table
    from ._files import read

    return read(path) if is_data and path.suffix not in TABLES else read_table(path, argument=option)


def _mapping(name: str, kinds: Sequence[Kind], default: Any, text: str) -> Keyword:
    """Take a mapping, or the number that may stand for it."""
    option = f"--{name.replace('_', '-')}"
    has_number = any(kind.is_number for kind in kinds)
    ways = "A number, a JSON file of an object" if has_number else "A JSON file of an object"

    def convert(value: str | None) -> Any:
        if has_number and value is not None:
            with suppress(ValueError):
                return float(value)
        return mapping(value, option)

    text = f"{text} {ways}, or the object itself.".strip()
    return Keyword(name, _optional(str, default), default, text, convert, "NUMBER|JSON" if has_number else "JSON")


def mapping(value: str | None, option: str) -> dict[str, Any] | None:
    """Return the mapping that a JSON file holds, or that is typed itself."""
    if value is None:
        return None
    text = value
    if not value.lstrip().startswith("{"):
        path = Path(value)
        if not path.is_file():
            msg = f'{option} {value} does not exist; give a JSON file, or an object as in {{"name": "value"}}'
            raise FileNotFoundError(msg)
        text = path.read_text(encoding="utf-8-sig")
    try:
        content = _parsed(text)
    except (ValueError, SyntaxError) as error:
        msg = f'{option} {value} is not JSON: {error}; write an object as in {{"name": ["value", "value"]}}'
        raise ValueError(msg) from error
    if not isinstance(content, dict):
        msg = f'{option} {value} holds a {type(content).__name__}; write an object as in {{"name": "value"}}'
        raise TypeError(msg)
    return content


def _parsed(text: str) -> Any:
    """Read JSON; or what messages of the library show, which is Python."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            raise error from None


def _several(name: str, kinds: Sequence[Kind], default: Any, text: str) -> Keyword:
    """Take an option that may be repeated; one value is itself where the function takes one."""
    words = [kind.words for kind in kinds]
    has_one = any(not w.startswith("a list of ") and w not in ("None", "what cs.tl.method returns") for w in words)
    parts = next((kind.parts for kind in kinds if kind.words.startswith("a list of ") and kind.parts), ())
    typed: Any = list[int] if parts and parts[0].is_number else list[str]
    first = None if default in (None, inspect.Parameter.empty) else [default] if isinstance(default, str) else default
    typed_default = default if default is inspect.Parameter.empty else first if first is None else list(first)

    def convert(value: Sequence[Any] | None) -> Any:
        if not value:
            return () if default is None and "None" not in words else default
        return value[0] if has_one and len(value) == 1 else list(value)

    return Keyword(
        name,
        _optional(typed, typed_default),
        typed_default,
        f"{text} Repeatable.".strip(),
        convert,
    )


def spoken(*names: str) -> dict[str, Keyword]:
    """Return keywords of the library that a command asks for by options of its own."""
    return {name: Keyword(name, str, None, "", _same) for name in names}


def _switch(name: str, kinds: Sequence[Kind], default: Any, text: str) -> Keyword:  # noqa: ARG001
    option = f"--{name.replace('_', '-')}"
    flags = (option,) if default is False else (f"{option}/--no-{option[2:]}",)
    return Keyword(name, _optional(bool, default), default, text, _same, flags=flags)


def _number_or_text(name: str, kinds: Sequence[Kind], default: Any, text: str) -> Keyword:
    """Take a number or a text; the word none where None is a choice of its own."""
    words = {kind.words for kind in kinds}
    typed: type = str
    if any(kind.is_number for kind in kinds) or any(w.startswith("a non-negative integer") for w in words):
        typed = float if "a number" in words else int
    if "None" not in words or default is None:
        return Keyword(name, _optional(typed, default), default, text, _same)
    metavar = f"{typed.__name__.upper()}|{NONE}".replace("STR", "TEXT")
    return Keyword(name, typed, default, text, _none_for_word, metavar, lambda value: _or_none(value, typed))


def _or_none(value: Any, typed: type) -> Any:
    if isinstance(value, str) and value.lower() == NONE:
        return NONE
    return typed(value)


def _none_for_word(value: Any) -> Any:
    return None if value == NONE else value


def _same(value: Any) -> Any:
    return value


def _optional(typed: Any, default: Any) -> Any:
    return typed | None if default is None else typed


_FORMS: tuple[tuple[Callable[[set[str]], bool], Callable[..., Keyword]], ...] = (
    (lambda words: bool(words & {_TABLE, "an AnnData"}) and "a Resource" not in words, _table),
    (lambda words: "a dict" in words, _mapping),
    (lambda words: any(word.startswith("a list of ") for word in words), _several),
    (lambda words: "True or False" in words, _switch),
    (lambda _: True, _number_or_text),
)
"""How a keyword is typed, by what it may be: the first that fits."""


def in_options(message: str, keywords: Mapping[str, Keyword]) -> str:
    """Return a message of the library in the words of a command: ``sample_key='x'`` is ``--sample-key='x'``."""
    for name, keyword in keywords.items():
        if keyword.flags:
            off = f"--no-{keyword.option[2:]}"
            message = re.sub(rf"(?<![\w.\-]){name}=True\b", keyword.option, message)
            message = re.sub(rf"(?<![\w.\-]){name}=False\b", off, message)
        message = re.sub(rf"(?<![\w.\-]){name}=", f"{keyword.option}=", message)
        message = re.sub(rf"^{name}(?=\[| )", keyword.option, message)
        if "_" in name:
            message = re.sub(rf"(?<![\w.\-'\"\[]){name}(?![\w'\"\]])", keyword.option, message)
    return message
