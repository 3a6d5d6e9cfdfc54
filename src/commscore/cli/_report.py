"""``commscore report``: the keywords of ``cs.report.write`` as options."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._docs import as_markdown, sections
from . import _options as options
from ._job import CommandResult, Job
from ._keywords import keywords_of, parameter, spoken
from ._open_resource import open_resource
from ._run import command, current, say
from ._tool import CONTAINER, OF_JOB

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = 'commscore report scored.h5ad --out report.html --title "Primary tumours"'
File = Annotated[Path, typer.Argument(metavar="FILE", help="An .h5ad file or a zarr store with stored results.")]
Out = Annotated[Path, typer.Option(help="Write the report here (.html).")]


def report_command(write: Callable[..., Any]) -> Callable[..., None]:
    """Return the function that typer makes a command of."""
    keywords = keywords_of(write, leave_out=("path", "resource"))

    def run(**values: Any) -> dict[str, Any]:
        current().keywords = keywords | spoken("resource")
        arguments = {name: keyword.convert(values[name]) for name, keyword in keywords.items()}
        resource = None if values["resource"] is None else open_resource(values["resource"])

        def work(adata: Any) -> CommandResult:
            def page(temporary: Path, _: Path) -> None:
                write(adata, temporary, resource=resource, **arguments)

            say("writing the report")
            return CommandResult({"results": [k for k in adata.uns if str(k).startswith("commscore")]}, {"--out": page})

        outputs = {"--out": (values["out"], (".html", ".htm"))}
        same = {name: values[name] for name in OF_JOB}
        return Job(outputs=outputs, resource=resource, **same).run(work)

    parameters = [
        parameter("file", File),
        parameter("out", Out, Path("report.html")),
        *(keyword.parameter for keyword in keywords.values()),
        parameter("resource", options.OtherResource, None),
        *CONTAINER,
        parameter("resume", options.Resume, False),
    ]
    run.__name__, run.__doc__ = "report", f"{as_markdown(sections(write)[''])}\n\n**Example**\n\n`{EXAMPLE}`"
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command(run)
