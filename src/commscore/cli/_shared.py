"""What the commands share: errors in one line, reading, writing, a table for people."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")
BAD_INPUT = 2
ALPHA = 0.05
TABLES = {".csv": ",", ".tsv": "\t", ".gz": ","}


def one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn an error about the input into one line on standard error and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:  # somebody closed the pipe, as head does: no error of the input
            raise
        except (ValueError, KeyError, TypeError, OSError) as error:
            text = error.args[0] if isinstance(error, KeyError) and error.args else error
            typer.echo(f"commscore: error: {' '.join(str(text).split())}", err=True)
            raise typer.Exit(BAD_INPUT) from error

    return run


def say(message: str) -> None:
    """Tell the progress, on standard error."""
    typer.echo(message, err=True)


def read(path: Path) -> Any:
    """Read an ``.h5ad`` file or a zarr store."""
    import anndata

    if not path.exists():
        msg = f"FILE {path} does not exist"
        raise FileNotFoundError(msg)
    if path.suffix == ".h5ad":
        return anndata.read_h5ad(path)
    if path.suffix == ".zarr" or path.is_dir():
        return anndata.read_zarr(path)
    msg = f"FILE {path} must end in .h5ad or .zarr, found {path.suffix or 'no ending'!r}"
    raise ValueError(msg)


def check_output(path: Path, endings: tuple[str, ...]) -> None:
    """Raise unless a file of this ending can be written there."""
    if path.suffix not in endings:
        msg = f"--out {path} must end in one of {', '.join(endings)}, found {path.suffix or 'no ending'!r}"
        raise ValueError(msg)
    if not path.resolve().parent.is_dir():
        msg = f"--out {path}: the folder {path.resolve().parent} does not exist; make it first"
        raise ValueError(msg)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path`` that takes its place only when all went well."""
    handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=".commscore-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv, tsv, csv.gz or parquet, by its ending."""
    with replacing(path) as temporary:
        if path.suffix == ".parquet":
            table.to_parquet(temporary)
        else:
            compression = "gzip" if path.suffix == ".gz" else None
            separator = "\t" if ".tsv" in path.suffixes else ","
            table.to_csv(temporary, sep=separator, index=False, compression=compression)


def show(table: pd.DataFrame, *, title: str, rows: int = 10) -> None:
    """Print the strongest interactions, each where it is strongest, as a readable table on standard output."""
    from rich.console import Console
    from rich.table import Table

    view = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in ("source", "target", "ligand", "receptor", "mode", "score", "p", "padj", "pairs"):
        number = name in ("score", "p", "padj", "pairs")
        view.add_column(name, justify="right" if number else "left", no_wrap=True, min_width=6 if number else None)
    by = [c for c in ("padj", "score") if c in table]
    best = table.sort_values(by, ascending=[c == "padj" for c in by], kind="stable")
    pairs = table.loc[table["padj"] <= ALPHA, "interaction"].value_counts()
    for row in best.drop_duplicates("interaction").head(rows).itertuples():
        n_pairs = str(pairs.get(row.interaction, 0))
        numbers = [f"{row.score:.3f}", f"{row.pvalue:.2g}", f"{row.padj:.2g}", n_pairs]
        view.add_row(*map(str, (row.source, row.target, row.ligand_complex, row.receptor_complex, row.mode)), *numbers)
    console = Console(width=None if os.isatty(1) else 160)
    console.print(view)
    console.print(f"each interaction where it is strongest; pairs: pairs of groups with padj ≤ {ALPHA}", style="dim")


def show_ranks(table: pd.DataFrame, *, title: str, rows: int = 10) -> None:
    """Print the best rows of a consensus of methods, each interaction where it ranks best."""
    best = table.sort_values(["magnitude_rank", "specificity_rank"], kind="stable").drop_duplicates("interaction")
    columns = ["source", "target", "ligand_complex", "receptor_complex", "mode", "magnitude_rank", "specificity_rank"]
    typer.echo(f"{title}\n{best[columns].head(rows).to_string(index=False)}")
