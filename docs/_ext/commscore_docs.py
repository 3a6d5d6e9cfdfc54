"""Directives that write tables from the package itself, so that the pages cannot fall behind it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

import cells
import numpy as np
import pandas as pd
import resource_page
import rooms
import taxonomy
from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

    from commscore.tables import Table


class ResourceTable(SphinxDirective):
    """Every interaction with its evidence, as HTML that JavaScript makes searchable and sortable."""

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        import commscore as cs

        return [nodes.raw("", resource_page.render(cs.rs.load().tables), format="html")]


class Sources(SphinxDirective):
    """The reviews and what was taken from each."""

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        import commscore as cs

        res = cs.rs.load()
        counts = res.describe().query("by == 'source'").set_index("value")
        rows = [
            [
                row.source,
                f"{row.authors} ({row.year}). {row.title}. {row.journal}",
                cells.doi(row.doi),
                *(str(counts.at[row.source, c]) if row.source in counts.index else "0" for c in cells.COUNTED),
            ]
            for row in res.sources.fillna("").itertuples()
        ]
        return [cells.table(["key", "review", "DOI", *cells.COUNTED], rows, widths=(1, 10, 4, 2, 2))]


class Taxonomy(SphinxDirective):
    """Ways of communication as a review orders them, with the values of ``mode`` and their counts."""

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        import commscore as cs

        header = ["way of communication", "`mode`", "interactions", "statements", "examples"]
        return [cells.table(header, taxonomy.rows(cs.rs.load().tables), widths=(7, 5, 2, 2, 7))]


class Methods(SphinxDirective):
    """The scoring methods."""

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        import commscore as cs

        header = ["method", "what it is", "measures", "range", "strong is", "parameters", "from"]
        rows = [
            [f"`{m.method}`", m.summary, m.measures, f"{m.lowest:g} to {m.highest:g}", m.strong,
             re.sub(r",(?=\S)", ", ", m.parameters), cells.doi(m.doi, text="doi")]
            for m in cs.tl.methods().itertuples()
        ]  # fmt: skip
        return [cells.table(header, rows, widths=(3, 9, 3, 3, 2, 7, 1))]


class Datasets(SphinxDirective):
    """The public data sets: what each is good for, what is downloaded, under which licence."""

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        import commscore as cs

        header = ["name", "cells × genes", "what it is", "good for", "download", "licence", "paper"]
        rows = [
            [
                f"`{d.name}`",
                self._shape(d),
                d.title,
                d.good_for,
                self._download(d),
                d.licence,
                cells.doi(d.doi, text="doi"),
            ]
            for d in cs.ds.list().itertuples()
        ]
        return [cells.table(header, rows, widths=(4, 3, 6, 7, 2, 3, 1))]

    def _shape(self, row: Any) -> str:
        return "not known" if row.n_obs is pd.NA else f"{row.n_obs:,} × {row.n_vars:,}"

    def _download(self, row: Any) -> str:
        size = "size not known" if np.isnan(row.megabytes) else f"{row.megabytes:g} MB"
        return size if row.tested else f"{size}; not tested"


class Columns(SphinxDirective):
    """Every table that the package declares: one section per module, one per table."""

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        return [self._module(module) for module in _schema_modules()]

    def _module(self, module: Any) -> nodes.section:
        name = module.__name__.rsplit(".", 1)[-1]
        first = (module.__doc__ or name).strip().splitlines()[0].rstrip(".")
        section = cells.section(first.replace("``", ""), f"columns-{name}")
        section += [self._table(table, name) for table in _tables(module)]
        domain = self.env.get_domain("py")
        domain.note_object(module.__name__, "module", f"columns-{name}", location=section)
        domain.note_module(module.__name__, f"columns-{name}", synopsis=first, platform="", deprecated=False)
        for constant, table in vars(module).items():  # docstrings refer to them
            if table in _tables(module):
                place = nodes.make_id(f"columns-{name}-{table.name}")
                domain.note_object(f"{module.__name__}.{constant}", "data", place, location=section)
        return section

    def _table(self, table: Table, module: str) -> nodes.section:
        section = cells.section(table.name, f"columns-{module}-{table.name}")
        section += nodes.paragraph("", "", *cells.inline(f"One row: {table.row}."))
        rows = [[f"`{c.name}`", c.kind, _meaning(c.doc, c.values)] for c in table.columns]
        section += cells.table(["column", "kind", "meaning"], rows, widths=(3, 2, 12))
        return section


class Names(SphinxDirective):
    """What a module of the package offers, each with the first line of its documentation and a link to its page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        module = importlib.import_module(f"commscore.{self.arguments[0]}")
        rows = []
        for name in sorted(module.__all__, key=str.lower):
            first = (inspect.getdoc(getattr(module, name)) or "").partition("\n")[0]
            rows.append([self._link(f"{module.__name__}.{name}", name), re.sub(r":\w+:`~?([^`]*)`", r"`\1`", first)])
        return [cells.table(["name", "what it does"], rows, widths=(3, 12))]

    def _link(self, full: str, shown: str) -> nodes.Node:
        return addnodes.pending_xref(
            "",
            nodes.literal("", shown),
            refdomain="py",
            reftype="obj",
            reftarget=full,
            refdoc=self.env.docname,
            refwarn=True,
        )


class Rooms(SphinxDirective):
    """The rooms of the package and their imports."""

    def run(self) -> list[nodes.Node]:
        """Return what takes the place of the directive."""
        return [nodes.raw("", rooms.draw(), format="html")]


def join_returns(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Make one paragraph of what a function returns, where it is prose: numpydoc takes every line for a type."""
    if "Returns" not in lines:
        return
    start = lines.index("Returns") + 2
    end = next((i for i in range(start, len(lines)) if not lines[i]), len(lines))
    if not any(line.startswith(" ") for line in lines[start:end]):
        lines[start:end] = [" ".join(lines[start:end])]


def _meaning(doc: str, values: Iterable[str]) -> str:
    shown = ", ".join(f"`{v}`" if v else "empty" for v in values)
    return f"{doc.rstrip('.')}. One of {shown}." if shown else f"{doc.rstrip('.')}."


def _schema_modules() -> list[Any]:
    import commscore.tables as schema

    names = sorted(m.name for m in pkgutil.iter_modules(schema.__path__) if not m.name.startswith("_"))
    modules = [importlib.import_module(f"{schema.__name__}.{name}") for name in names]
    return [module for module in modules if _tables(module)]


def _tables(module: Any) -> list[Table]:
    from commscore.tables import Table

    return [value for value in vars(module).values() if isinstance(value, Table)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, and the page's own script and style."""
    app.add_directive("commscore-resource", ResourceTable)
    app.add_directive("commscore-sources", Sources)
    app.add_directive("commscore-taxonomy", Taxonomy)
    app.add_directive("commscore-methods", Methods)
    app.add_directive("commscore-datasets", Datasets)
    app.add_directive("commscore-columns", Columns)
    app.add_directive("commscore-names", Names)
    app.add_directive("commscore-rooms", Rooms)
    app.connect("autodoc-process-docstring", join_returns, priority=400)  # before numpydoc
    app.add_css_file("commscore.css")
    app.add_js_file("resource.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
