"""Groups of commands that are made when they are called: a list of them needs no tool to be imported."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from .._lazy import exports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Maker = Callable[[str], Callable[..., None]]
    """Makes the function of a command, by the name of what it calls."""

CONTEXT = {"help_option_names": ["-h", "--help"]}


def first_lines(room: str) -> dict[str, str]:
    """Return the first line of the documentation of every member of a room, read from its source."""
    folder = Path(__file__).parents[1] / room
    return {name: _first_line(folder, module, name) for name, module in exports(folder / "__init__.pyi").items()}


def _first_line(folder: Path, module: str, name: str) -> str:
    path = folder.joinpath(*module.lstrip(".").split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    own = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name), None)
    if own is not None:
        return (ast.get_docstring(own) or "").partition("\n")[0]
    return _first_line(file.parent, exports(file)[name], name)


def lazy_group(makers: Mapping[str, tuple[str, Maker]]) -> type[TyperGroup]:
    """Return a group whose commands are made by these, each from the name of a function of the library."""

    class LazyGroup(TyperGroup):
        """Makes a command when it is called; until then it is its name and a line."""

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, light, rest = super().resolve_command(ctx, args)
            if name in makers:
                return name, _whole(name), rest
            return name, light, rest

    @cache
    def _whole(name: str) -> Any:
        function, make = makers[name]
        app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
        app.command(name, context_settings=CONTEXT)(make(function))
        return typer.main.get_command(app)

    return LazyGroup


def add_light(app: typer.Typer, name: str, line: str) -> None:
    """Add what the list of commands shows of one that is made later."""

    def later() -> None:
        """Stand for the command."""

    app.command(name, help=line)(later)
