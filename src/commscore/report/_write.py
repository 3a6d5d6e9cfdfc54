"""Write the report."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._validate import suggest
from .._version import __version__
from ..check import Count, FreeText, Proportion, checked
from ..core.progress import progress_bar
from ..kinds._base import FigureRequest
from . import _encode, _evidence, _found, _methods, _overview, _sections, _stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd
    from anndata import AnnData

    from ..kinds._base import StoredResult
    from ..rs import Resource

_SCRIPTS = ("data.js", "table.js", "page.js")


@checked
def write(
    adata: AnnData,
    path: str | Path,
    *,
    keys: str | Sequence[str] | None = None,
    title: FreeText | None = None,
    groupby: str | None = None,
    resource: str | Resource | pd.DataFrame | None = None,
    figures: bool = True,
    top: Count = 25,
    max_padj: Proportion = 0.05,
) -> Path:
    """Write one HTML file with everything that the tools stored in ``adata.uns``.

    The file needs nothing else: data, style, scripts and figures are inside, and it may not load anything (its
    content security policy forbids that). A section appears where its result is stored; other entries of ``adata.uns``
    are passed over. The same data give the same bytes.

    Parameters
    ----------
    adata
        Annotated data that a tool has written to. Not modified.
    path
        The file, ending in ``.html`` or ``.htm``. It is replaced when the report is complete, not before.
    keys
        Key or keys in ``adata.uns``, in the order wanted; by default every result of commscore.
    title
        Heading of the report.
    groupby
        Column of ``adata.obs`` whose groups are counted in the overview; by default the one that the first
        result was made with.
    resource
        Where the statements about interactions are taken from: what :func:`commscore.tl.score` takes. By default those
        that come with the package of the resources that the results name.
    figures
        Whether to draw figures; without them matplotlib is not needed.
    top
        Most rows or labels of a figure. The tables always hold every row.
    max_padj
        Adjusted p-value, 0 to 1, up to which a row is counted and drawn as found.

    Returns
    -------
    Path
        The file. Its tables hold every row and column, numbers rounded to five significant digits.

    Raises
    ------
    ImportError
        If Jinja2 (or, with ``figures=True``, matplotlib) is missing.
    KeyError
        If nothing is stored, or nothing under one of ``keys``, or ``groupby`` is no column.
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range, or ``path`` has another ending or no folder.

    Examples
    --------
    >>> import tempfile
    >>> import commscore as cs
    >>> adata = cs.ds.pbmc()
    >>> cs.tl.score(adata, "cell_type", n_perms=50)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = cs.report.write(adata, f"{folder}/report.html", figures=False)
    ...     "<h1>" in file.read_text(encoding="utf-8")
    True
    """
    file = _file(path)
    if groupby is not None and groupby not in adata.obs:
        msg = f"groupby={groupby!r} is not a column of adata.obs{suggest(groupby, adata.obs.columns)}"
        raise KeyError(msg)
    environment = _environment()
    results = _stored.results(adata, keys)
    evidence = _evidence.collect(results, resource)
    kinds = [s.kind for s in results]
    with progress_bar(len(results), "sections of the report") as progress:
        sections = [
            _found.section(results, evidence, max_padj=float(max_padj)),
            _overview.section(adata, results, groupby=groupby, max_padj=float(max_padj)),
            *(
                _sections.section(
                    stored,
                    number=i,
                    alone=kinds.count(stored.kind) == 1,
                    evidence=evidence,
                    max_padj=float(max_padj),
                    figures=FigureRequest(stored, adata, int(top), float(max_padj), results) if figures else None,
                )
                for i, stored in enumerate(_counted(results, progress))
            ),
            *([_sections.statements(evidence)] if len(evidence.table) else []),
            _methods.section(results, evidence),
        ]
    text = _render(
        environment,
        title=title or "Cell–cell communication",
        sections=sections,
        keys=[s.key for s in results],
        cited=_encode.dumps({"sources": evidence.sources, "names": evidence.names, "references": evidence.references}),
    )
    _replace(file, text)
    return file


def _counted(results: Iterable[StoredResult], progress: Callable[[int], object]) -> Iterator[StoredResult]:
    for stored in results:
        yield stored
        progress(1)


def _file(path: str | Path) -> Path:
    if not isinstance(path, str | Path):
        msg = f"path must be the name of a file, found {type(path).__name__}"
        raise TypeError(msg)
    file = Path(path)
    if file.suffix.lower() not in (".html", ".htm"):
        msg = f"path {file} must end in .html, found {file.suffix or 'no ending'!r}"
        raise ValueError(msg)
    if not file.resolve().parent.is_dir():
        msg = f"path {file}: the folder {file.resolve().parent} does not exist; make it first"
        raise ValueError(msg)
    return file


def _environment() -> Any:
    try:
        import jinja2
    except ImportError as error:
        msg = "the report needs Jinja2: pip install jinja2"
        raise ImportError(msg) from error
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _render(environment: Any, **content: Any) -> str:
    style, script = _asset("report.css"), "".join(_asset(name) for name in _SCRIPTS)
    text: str = environment.get_template("report.html").render(
        version=__version__, style=style, script=script, style_hash=_hash(style), script_hash=_hash(script), **content
    )
    return text


def _hash(text: str) -> str:
    """Return the hash by which the content security policy knows this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _replace(file: Path, text: str) -> None:
    """Write the whole file beside its place, then move it there."""
    handle, name = tempfile.mkstemp(dir=file.resolve().parent, prefix=".commscore-", suffix=".html")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
