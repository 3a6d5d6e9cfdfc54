"""``commscore resource``: look into the curated resource, check a data set against it, write it for others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._files import check_output, naming, read, write_table
from ._job import identity
from ._open_resource import open_resource
from ._run import command, current, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from ..rs import Resource

app = typer.Typer(
    help="List, show, check and export the ligand–receptor resource.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

ENDINGS = (".csv", ".tsv")
FORMATS = ("commscore", "liana", "cellphonedb-like")
HOW = ("symbol", "alias", "ensembl", "genome", "missing")
_WIDTH = 140
_NAMED = {"both": "both partners", "ligand": "the ligand", "receptor": "the receptor", "inferred": "neither partner"}

_BASIS = {
    "stated": "a review names both partners",
    "inferred": "no review names both partners",
    "family": "by a rule about its family",
    "listed": "only a list has it",
}

_ResourceName = Annotated[
    str, typer.Option("--resource", help="As for `commscore score`: a name, liana:NAME, FORMAT:PATH or a table.")
]
_Modes = Annotated[list[str] | None, typer.Option("--mode", help="Keep this mode of communication (repeatable).")]
_Directions = Annotated[
    list[str] | None, typer.Option("--direction", help="Keep pro, anti, dual or unclear (repeatable).")
]


@app.command("list")
@command
def resource_list() -> dict[str, Any]:
    """List the resources that can be used and the formats that can be read.

    **Example**

    `commscore resource list`
    """
    from .. import rs

    listing = rs.show()
    names = ["name", "version", "n_interactions", "licence", "about", "call"]
    listing = listing[names].assign(call=[_option(name) for name in listing["name"]])
    if not current().as_json:
        shown = listing.rename(columns={"call": "--resource"})
        _print_table(shown, title=f"{len(listing)} resources and formats", right=("n_interactions",))
    return {"resources": listing.rename(columns={"call": "option"}).to_dict("records")}


@app.command("show")
@command
def resource_show(
    name: Annotated[str, typer.Argument(metavar="NAME|INTERACTION", help="A resource, or LIGAND^RECEPTOR.")] = "breast",
    resource: _ResourceName = "breast",
) -> dict[str, Any]:
    """Count what a resource contains, or print the evidence for one interaction.

    Of each statement: its source and lines, what it cites, which partners it names (both, ligand, receptor, or
    inferred), sender → receiver, mode, direction, context, and what it says.

    Old gene names are understood: `SDF1^CXCR4` shows `CXCL12^CXCR4`.

    **Examples**

    `commscore resource show breast`

    `commscore resource show 'CXCL12^CXCR4'`
    """
    if "^" in name:
        return _show_interaction(open_resource(resource), name)
    return _show_resource(open_resource(name))


@app.command("check")
@command
def resource_check(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="An .h5ad file, a zarr store, or a .txt file with one gene name per line."),
    ],
    resource: _ResourceName = "breast",
    species: Annotated[str, typer.Option(help="Species of the genes: human or mouse.")] = "human",
    use_raw: Annotated[bool, typer.Option("--use-raw", help="Look at the genes of adata.raw.")] = False,
    rows: Annotated[int, typer.Option(min=0, help="Missing genes to print.")] = 60,
    out: Annotated[
        Path | None, typer.Option(help="Write one row per gene here (gene, found_as, how; .csv or .tsv).")
    ] = None,
) -> dict[str, Any]:
    """Tell which genes of the resource a data set has, under which name, and what can be tested with them.

    **Examples**

    `commscore resource check tumour.h5ad`

    `commscore resource check genes.txt --out genes_found.csv`
    """
    if out is not None:
        check_output(out, ENDINGS)
    say(f"reading the gene names of {file}")
    names = _gene_names(file, use_raw=use_raw)
    opened_resource = open_resource(resource, species=species)
    unique = list(dict.fromkeys(names))
    if len(unique) < len(names):
        say(f"repeated gene names: {len(names) - len(unique)}; make them unique before scoring")
    match = opened_resource.match(unique)
    _print_match(match, opened_resource, rows=rows)
    if out is not None:
        write_table(match, out)
        say(f"wrote {out}")
    counts = {how: int((match["how"] == how).sum()) for how in HOW}
    return {"resource": identity(opened_resource), "genes": counts} | _print_testable(opened_resource, unique)


@app.command("export")
@command
def resource_export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write (.csv or .tsv).")],
    resource: _ResourceName = "breast",
    mode: _Modes = None,
    direction: _Directions = None,
    basis: Annotated[
        list[str] | None, typer.Option(help="Keep what is stated, inferred, family or listed (repeatable).")
    ] = None,
    source: Annotated[list[str] | None, typer.Option(help="Keep the statements of this source (repeatable).")] = None,
    species: Annotated[str, typer.Option(help="Translate the genes: human or mouse.")] = "human",
    table: Annotated[str, typer.Option(help="Table of the format commscore (interactions, evidence, …).")] = (
        "interactions"
    ),
    format: Annotated[str, typer.Option(help="commscore, liana or cellphonedb-like.")] = "commscore",  # noqa: A002
) -> dict[str, Any]:
    """Write the resource, or a part of it, as a table.

    **Examples**

    `commscore resource export interactions.csv --mode checkpoint --mode contact`

    `commscore resource export stated.tsv --basis stated --direction pro --table evidence`

    `commscore resource export for_liana.csv --format liana`
    """
    from .._validate import one_of

    check_output(out, ENDINGS, option="OUT")
    one_of("--format", format, FORMATS)
    part = _filtered(open_resource(resource), mode=mode, direction=direction, basis=basis, sources=source)
    part = part.to_species(species)
    if len(part.dropped):
        say(f"{len(part.dropped)} facts have no counterpart in {species} and are left out")
    frame = _formatted(part, format, table)
    write_table(frame, out)
    say(f"wrote {len(frame)} rows to {out} ({part.name} {part.version}, licence {part.licence or 'not stated'})")
    return {"rows": len(frame), "resource": identity(part), "outputs": {"out": out}}


def _option(name: str) -> str:
    """Return what ``--resource`` takes for an entry of ``rs.show()``."""
    if name == "table":
        return "FILE.csv"
    from ..rs.io._files import readers

    return {"liana": "liana:NAME"}.get(name, f"{name}:PATH" if name in readers() else name)


def _filtered(resource: Resource, **criteria: Any) -> Resource:
    criteria = {k: v for k, v in criteria.items() if v is not None and v != []}
    result = resource.filter(**criteria)
    if not len(result):
        listing = ", ".join(f"{k}={v!r}" for k, v in criteria.items())
        msg = f"no interaction of resource {resource.name!r} has {listing}; ask for less"
        raise ValueError(msg)
    return result


def _formatted(resource: Resource, kind: str, table: str) -> pd.DataFrame:
    from .._validate import one_of

    one_of("--table", table, resource.tables)
    if kind == "commscore":
        return resource.tables[table]
    if table != "interactions":
        msg = f"--table {table} belongs to --format commscore; {kind} has interactions only"
        raise ValueError(msg)
    pairs = resource.interactions
    beyond = int((pairs["ligand"].str.startswith("met:") | pairs["receptor"].str.startswith("met:")).sum())
    if beyond:
        say(
            f"{beyond} of them have a molecule that is no gene product (met:…): a tool that knows only genes skips them"
        )
    return resource.to_liana() if kind == "liana" else _cellphonedb_like(resource)


def _cellphonedb_like(resource: Resource) -> pd.DataFrame:
    """Columns of CellPhoneDB's ``interaction_input.csv``; partners are gene symbols, subunits joined by ``_``."""
    pairs = resource.interactions
    frame = pairs[["interaction", "ligand", "receptor"]]
    frame = frame.set_axis(["id_cp_interaction", "partner_a", "partner_b"], axis=1)
    return frame.assign(
        annotation_strategy="curated",
        source=pairs["sources"],
        is_ppi=pairs["kind"] == "protein",
        directionality="Ligand-Receptor",
        classification=pairs["mode"],
        # that of CellPhoneDB is on the receptor, as `effect` is; the outcome for the cell has no column there
        modulatory_effect=pairs["effect"].map(lambda e: "Inhibitory" if e == "inhibiting" else ""),
        version=f"{resource.name} {resource.version}",
    )


def _gene_names(path: Path, *, use_raw: bool) -> list[str]:
    if path.suffix == ".txt":
        return _names_in_text(path)
    adata = _names_only(path) if path.suffix == ".h5ad" and path.exists() else read(path)
    try:
        if use_raw and adata.raw is None:
            msg = f"--use-raw: {path} has no adata.raw"
            raise ValueError(msg)
        return [str(name) for name in (adata.raw if use_raw else adata).var_names]
    finally:
        if adata.isbacked:
            adata.file.close()


def _names_only(path: Path) -> Any:
    import anndata

    with naming(path, "AnnData"):
        return anndata.read_h5ad(path, backed="r")  # the matrix stays in the file


def _names_in_text(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        msg = f"FILE {path} is not UTF-8 text ({error.reason} at byte {error.start})"
        raise ValueError(msg) from error
    except FileNotFoundError as error:
        msg = f"FILE {path} does not exist"
        raise FileNotFoundError(msg) from error
    names = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if len(text.split()) > 1 or "," in text:
            msg = f"FILE {path} must hold one gene name per line, found {text[:60]!r} in line {number}"
            raise ValueError(msg)
        names += [text] if text else []
    if not names:
        msg = f"FILE {path} holds no gene name"
        raise ValueError(msg)
    return names


def _show_resource(resource: Resource) -> dict[str, Any]:
    n = len(resource)
    size = f"{n} interactions, {len(resource.evidence)} statements, {len(resource.genes)} genes"
    _line(f"{resource.name} {resource.version}: {size}")
    _line(f"species {resource.species}; licence {resource.licence or 'not stated'}; sha256 {resource.sha256[:16]}…")
    counts = resource.describe()
    for by in counts["by"].unique():
        part = counts.loc[counts["by"] == by, ["value", "interactions", "statements"]]
        part = part.sort_values("interactions", ascending=False, kind="stable").rename(columns={"value": by})
        if by == "source":
            part = part.assign(
                title=part["source"].map(dict(zip(resource.sources["source"], resource.sources["title"])))
            )
        _print_table(part.fillna(""), title=f"by {by}", right=("interactions", "statements"))
    return {"resource": identity(resource), "counts": counts.to_dict("records")}


def _show_interaction(resource: Resource, name: str) -> dict[str, Any]:
    current = _current(resource, name)
    if current != name:
        say(f"{name} is {current} in current names")
    evidence = resource.evidence_for(current)
    pairs = resource.interactions
    row = pairs[pairs["interaction"] == current].iloc[0]
    _line(f"{row['ligand']} → {row['receptor']}: {row['mode']}, {row['kind']}, {row['directness']}, {row['effect']}")
    _line(f"direction {row['direction']}; {len(evidence)} statements, sources {row['sources']}; {_BASIS[row['basis']]}")
    for number, statement in enumerate(_cited(evidence, resource.sources).to_dict("records"), start=1):
        _print_statement(number, statement)
    return {"resource": identity(resource), "interaction": row.to_dict(), "evidence": evidence.to_dict("records")}


def _cited(evidence: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Add author and year of the review to each statement."""
    from ..rs._review_sections import short_names

    names = short_names(sources)
    reviews = [names.get(str(source), "") for source in evidence["source"]]
    return evidence.assign(review=reviews)


def _print_statement(number: int, statement: dict[Any, Any]) -> None:
    cited = f", cites {statement['cited']}" if statement["cited"] else ""
    between = f"{statement['sender'] or '(any cell)'} → {statement['receiver'] or '(any cell)'}"
    change = f"changes: {statement['change']}" if statement["change"] else ""
    outcome = f"{statement['outcome']} {statement['outcome_of']}".removeprefix("unknown").strip()
    said = [word for word in (statement["certainty"], statement["model"]) if word != "unstated"]
    facts = [between, statement["mode"], outcome, statement["direction"], change]
    facts += [statement["context"].replace(";", ", "), ", ".join(said)]
    lines = f", lines {statement['lines']}" if statement["lines"] else ""
    _line(f"\n{number}. source {statement['source']}{lines}{cited}; {_named(statement)}")
    if statement["section"]:
        _line(f"   {statement['review']}, section “{statement['section']}”")
    _line(f"   {'; '.join(filter(None, facts))}")
    _wrapped("   ", [statement["statement"]])
    _wrapped("   inferred: ", [statement["inferred_from"]])


def _named(statement: dict[Any, Any]) -> str:
    from ..rs._derive import statement_basis

    basis = statement_basis(statement["stated"], statement["inferred_from"])
    by_list = {"listed": "lists the pair", "family": "completed by a rule about its family"}
    return by_list.get(basis, f"names {_NAMED[statement['stated']]}")


def _current(resource: Resource, name: str) -> str:
    """Replace old gene names; a name that is in the resource stays as it is."""
    from ..rs._match import alias_map

    if name in set(resource.interactions["interaction"]):
        return name
    owner = alias_map(resource.symbols)
    sides = ["_".join(owner.get(g, g) for g in side.split("_")) for side in name.split("^")]
    current = "^".join(sides)
    return current if current in set(resource.interactions["interaction"]) else name


def _print_match(match: pd.DataFrame, resource: Resource, *, rows: int) -> None:
    n = len(match)
    _line(f"{n} genes of resource {resource.name!r} ({resource.species}), looked up in the data:")
    for how in HOW:
        count = int((match["how"] == how).sum())
        _line(f"  {how:<8}{count:>5}  ({100 * count / max(n, 1):.0f} %)")
    old = match[match["how"] == "alias"]
    if len(old):
        _wrapped("found under an old name: ", (f"{a} → {b}" for a, b in zip(old["found_as"], old["gene"])))
    missing = match.loc[match["how"] == "missing", "gene"].tolist()
    more = [f"and {len(missing) - rows} more (--out writes all)"] if len(missing) > rows else []
    _wrapped("missing: ", missing[:rows] + more)


def _print_testable(resource: Resource, names: Sequence[str]) -> dict[str, Any]:
    """Count by the rule of ``tl.score`` itself; raises its error if nothing can be tested."""
    import pandas as pd

    from ..get._frames import by_frequency
    from ..study.interactions import testable_interactions

    genes = pd.Index(list(names), dtype=object)
    interactions = testable_interactions(resource, genes, missing_subunits="drop", indirect=False, production=None)
    _line(f"testable: {len(interactions.frame)} of {len(resource)} interactions")
    reasons = by_frequency(pd.Series([reason for _, reason, _ in interactions.untested], dtype=object))
    for reason, count in reasons.items():
        _line(f"  {reason}: {count}")
    return {"testable": len(interactions.frame), "untested_by_reason": reasons.to_dict()}


def _wrapped(label: str, names: Iterable[str]) -> None:
    import textwrap

    text = ", ".join(names)
    if text.strip():
        _line(textwrap.fill(f"{label}{text}", width=100, subsequent_indent="   ", break_on_hyphens=False))


def _line(text: str) -> None:
    if not current().as_json:
        typer.echo(text)


def _print_table(frame: pd.DataFrame, *, title: str, right: Iterable[str] = ()) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    view = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in frame.columns:
        view.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        view.add_row(*(Text(str(value)) for value in row))  # Text: brackets are no markup
    if not current().as_json:
        Console(width=None if os.isatty(1) else _WIDTH).print(view)
