"""The command of a tool: its keywords are the options, its tables the outputs."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._docs import as_markdown, sections
from ..kinds import kind_of
from ..kinds._base import Drawing, FigureRequest, StoredResult
from ..kinds._words import ALPHA
from ..tables.kinds import stored_kinds
from . import _options as options
from ._files import DATA, FIGURES, TABLES, WITH_RESULT, check_output, write_table
from ._job import CommandResult, Job, Output, table_and_data, tables
from ._keywords import Keyword, in_options, keywords_of, parameter, spoken
from ._normalize import ExpressionLocation, normalize
from ._open_resource import open_resource
from ._run import command, current, say
from ._show import print_listing, say_reference, say_testable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..rs import Resource
    from ..tables import StoredKind
    from ._job import Writer

_FILES = "Files"
_TOP = 25
"""Rows of a figure."""
_VALUES = {"groupby": "cell_type", "condition_key": "condition", "sample_key": "sample"}
"""What the examples call the columns of obs."""
_REQUIRED_VALUES = {"contexts": "contexts.json"}


@dataclass(frozen=True)
class ToolCommand:
    """A tool of ``commscore.tl`` as a command."""

    name: str
    function: Callable[..., Any] = field(repr=False)

    @cached_property
    def stored(self) -> StoredKind | None:
        """The kind of result that the tool stores."""
        return next((kind for kind in stored_kinds().values() if kind.tool == self.name), None)

    @cached_property
    def keywords(self) -> dict[str, Keyword]:
        """The options that are keywords of the tool."""
        return keywords_of(self.function, leave_out=("resource",))

    @cached_property
    def own(self) -> set[str]:
        """Every keyword of the tool."""
        return set(inspect.signature(self.function).parameters)

    @property
    def reads_cells(self) -> bool:
        """Whether the tool reads the matrix of cells, not only what is stored."""
        return "groupby" in self.own

    @cached_property
    def table_options(self) -> dict[str, str]:
        """Option -> table, of the tables beside the main one."""
        names = [name for name in (self.stored.tables if self.stored else {}) if name != "table"]
        taken = self.own | {"file", "out", "data", "plot"}
        return {f"{name}_table" if name in taken else name: name for name in names}

    def parameters(self) -> list[inspect.Parameter]:
        """Return the parameters of the command: what it needs first."""
        if not self.own:
            return [parameter("out", options.Out, None), parameter("rows", options.Rows, 20)]
        own = sorted((k.parameter for k in self.keywords.values()), key=lambda p: p.default is not p.empty)
        return [parameter("file", options.File), *own, *self._resource(), *self._files(), *_LAST]

    def _resource(self) -> list[inspect.Parameter]:
        if "resource" not in self.own:
            return []
        default = inspect.signature(self.function).parameters["resource"].default
        return [
            parameter("resource", options.ResourceName if default else options.OtherResource, default),
            parameter("species", options.Species, "human"),
            parameter("orthologs", options.Orthologs, None),
            parameter("resource_species", options.ResourceSpecies, "human"),
        ]

    def _files(self) -> list[inspect.Parameter]:
        files = [parameter("out", options.Out, None)]
        if self.stored:
            files.append(parameter("data", options.Data, None))
            for option, name in self.table_options.items():
                text = f"Write the table `{name}` here: {kind_of(self.stored.name).view(name).title}."
                shown = typer.Option(help=text, rich_help_panel=_FILES)
                files.append(parameter(option, Annotated[Path | None, shown], None))
            if kind_of(self.stored.name).plot:
                files.append(parameter("plot", options.Plot, None))
        files += [parameter("where", options.Where, None), *CONTAINER]
        if "layer" in self.own:
            files.append(parameter("normalize", options.Normalize, False))
        if self.reads_cells:
            files.append(parameter("backed", options.Backed, False))
        return files

    def help(self) -> str:
        """Return what the tool does, and examples."""
        about = in_options(as_markdown(sections(self.function)[""]), self.keywords)
        examples = "\n\n".join(f"`{example}`" for example in self.examples())
        return f"{about}\n\n**Examples**\n\n{examples}"

    def examples(self) -> list[str]:
        """Return calls: the shortest, then those of the kind of result."""
        needed = {n: k for n, k in self.keywords.items() if k.default is inspect.Parameter.empty}
        words = [f"{k.option} {_VALUES.get(n) or _REQUIRED_VALUES[n]}" for n, k in needed.items()]
        file = ["cohort.h5ad" if self.reads_cells else "results.h5ad"] if self.own else []
        shortest = " ".join(["commscore", option_name(self.name), *file, *words, f"--out {self.name}.csv"])
        return [shortest, *(kind_of(self.stored.name).examples if self.stored else ())]

    def command(self) -> Callable[..., None]:
        """Return the function that typer makes a command of."""

        def run(**values: Any) -> dict[str, Any]:
            return _ToolRun(self, values).run()

        run.__name__, run.__doc__ = option_name(self.name), self.help()
        run.__signature__ = inspect.Signature(self.parameters())  # type: ignore[attr-defined]
        return command(run)


CONTAINER = [parameter("mod", options.Mod, None), parameter("table", options.TableName, None)]
"""Which table of a file with several is meant."""
OF_JOB = ("file", "resume", "mod", "table")
"""Options that a job takes as they are."""
_LAST = [parameter("rows", options.Rows, 10), parameter("resume", options.Resume, False)]


def option_name(name: str) -> str:
    """Return a name of the library as a word of the command line."""
    return name.replace("_", "-")


@dataclass
class _ToolRun:
    """One call of a tool's command."""

    of: ToolCommand
    values: dict[str, Any]

    def run(self) -> dict[str, Any]:
        if not self.of.own:
            return self._without_data()
        current().keywords = self.of.keywords | spoken("resource", "species", "orthologs")
        self._check()
        arguments = {name: k.convert(self.values[name]) for name, k in self.of.keywords.items()}
        current().parameters |= {n: v for n, v in arguments.items() if isinstance(v, dict)}
        resource = self._resource()
        if "resource" in self.of.own:
            arguments["resource"] = resource
        job = Job(
            outputs=self._outputs(),
            resource=resource,
            where=self.values["where"] or (),
            backed=self._backed,
            **{name: self.values[name] for name in OF_JOB},
        )
        return job.run(lambda adata: self._work(adata, arguments))

    def _without_data(self) -> dict[str, Any]:
        from ..kinds._terminal import table_listing

        table, out = self.of.function(), self.values["out"]
        if out is not None:
            check_output(out, TABLES)
            write_table(table, out)
            say(f"wrote {out}")
        if not current().as_json:
            print_listing(table_listing(table, self.values["rows"], title=self.of.name))
        return {"rows": len(table), self.of.name: table.to_dict("records"), "outputs": {"out": out}}

    @property
    def _backed(self) -> bool:
        return bool(self.values.get("backed"))

    def _check(self) -> None:
        if self._backed and self.values.get("normalize"):
            msg = "--backed reads the matrix as it is in the file: leave out --normalize"
            raise ValueError(msg)
        needs = kind_of(self.of.stored.name).needs if self.of.stored else {}
        for option, name in self.of.table_options.items():
            path, needed = self.values[option], needs.get(name)
            if path is not None and needed and self.values[needed] is None:
                msg = f"--{option_name(option)} {path} needs --{option_name(needed)}: without it there is no such table"
                raise ValueError(msg)

    def _resource(self) -> Resource | None:
        text = self.values.get("resource")
        if text is None:
            return None
        species, orthologs = self.values["species"], self.values["orthologs"]
        return open_resource(text, species=species, orthologs=orthologs, file_species=self.values["resource_species"])

    def _outputs(self) -> dict[str, Output]:
        endings = {"out": DATA, "data": WITH_RESULT, "plot": FIGURES}
        if not self.of.stored and self.of.name != "profile":
            endings["out"] = TABLES
        names = ["out", "data", *self.of.table_options, "plot"]
        return {
            f"--{option_name(name)}": (self.values[name], endings.get(name, TABLES))
            for name in names
            if name in self.values
        }

    def _work(self, adata: Any, arguments: Mapping[str, Any]) -> CommandResult:
        arguments = dict(arguments)
        key = arguments.get("key_added")
        from ..get._store import POSITIONS, check_target, has_unused_positions

        if key is not None:
            check_target(adata, key, inplace=not self._backed)
        if self.values.get("normalize"):
            location = ExpressionLocation(arguments["layer"], arguments["use_raw"])
            location = normalize(adata, location, keep=self._to_file() or arguments.get("sample_key") is not None)
            arguments |= {"layer": location.layer, "use_raw": location.use_raw}
        say(f"running cs.tl.{self.of.name} on {adata.n_obs} cells")
        if self.of.stored is None:
            return self._table(self.of.function(adata, **arguments))
        result = self.of.function(adata, **arguments, inplace=False)
        if has_unused_positions(adata, result.schema):
            say(POSITIONS.format(tool="commscore spatial"))
        return self._stored(adata, result, str(key))

    def _to_file(self) -> bool:
        paths = (self.values.get(name) for name in ("out", "data"))
        return any(path is not None and path.suffix in WITH_RESULT for path in paths)

    def _stored(self, adata: Any, result: Any, key: str) -> CommandResult:
        """Return what a stored result is written and told as."""
        from .. import get
        from ..kinds._terminal import listing_of, summary_of

        n_edges = len(get.load(adata, self.values["key"]).table) if "key" in self.of.own else 0
        if self._backed:  # the view of a file cannot take it, and the file is not written
            import anndata

            adata = anndata.AnnData()
        get.store(adata, key, result)
        stored = StoredResult.of(key, replace(result, table=result.surest_first))
        say_reference(stored.params, self.values.get("reference"))
        say_testable(stored.params)
        summary = summary_of(stored)
        if "key" in self.of.own:
            summary["edges"] = n_edges
        if "untested_by_reason" in summary:
            reasons = ", ".join(f"{reason} {n}" for reason, n in summary["untested_by_reason"].items())
            more = "" if self.values["untested"] else "; --untested FILE lists them"
            say(f"not tested: {reasons or 'nothing'}{more}")
        parts = {option: self._part(stored, name) for option, name in self.of.table_options.items()}
        writers = {**table_and_data(adata, stored.table), **tables(**parts)}
        writers["--plot"] = _figure(adata, stored)
        return CommandResult(summary, writers, lambda: print_listing(listing_of(stored, self.values["rows"])))

    def _part(self, stored: StoredResult, name: str) -> Callable[[], Any]:
        def make() -> Any:
            if name not in stored.tables:
                others = ", ".join(n for n in stored.tables if n != "table")
                msg = f"this call makes no table {name!r}; beside the main one it makes {others}"
                raise ValueError(msg)
            return stored.tables[name]

        return make

    def _table(self, outcome: Any) -> CommandResult:
        """Return what a table, or samples × edges, are written and told as."""
        from ..kinds._terminal import table_listing

        frame = outcome.to_df() if hasattr(outcome, "to_df") else outcome
        summary = {"rows": len(frame)}
        writers = table_and_data(outcome, frame.reset_index(names="sample") if outcome is not frame else frame)
        listing = table_listing(frame.iloc[:, : len(frame.columns)], self.values["rows"], title=self.of.name)
        return CommandResult(summary, writers, lambda: print_listing(listing))


def _figure(adata: Any, stored: StoredResult) -> Writer:
    """Return what draws the first figure that a report has of this kind."""

    def write(temporary: Path, _: Path) -> None:
        from ..pl._save import save

        figures = kind_of(stored.kind).figures(FigureRequest(stored, adata, _TOP, ALPHA)) if len(stored.table) else []
        drawing = next((figure for figure in figures if isinstance(figure, Drawing)), None)
        if drawing is None:
            msg = f"--plot {_}: the result holds nothing to draw; leave it out"
            raise ValueError(msg)
        save(drawing.draw().figure, temporary)

    return write
