"""One job of a pipeline: read, work, write everything or nothing, keep a record to resume from."""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._files import TABLES, WITH_RESULT, check_outputs, fingerprint, put_table, read, replacing
from ._run import current, plain, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from ..rs import Resource

    Writer = Callable[[Path, Path], None]
    """Writes to the first path in the format of the second."""

Output = tuple["Path | None", tuple[str, ...]]
"""A file, if it is wanted, and the endings that it may have."""

RECORD = "commscore.record/1"
_PACKAGES = ("anndata", "numba", "numpy", "pandas", "scanpy", "scipy")
_WITHOUT_EFFECT = {"file", "n_jobs", "rows", "resume", "backed"}
"""Parameters that leave the outputs as they are; that of the file is in its hash."""


@dataclass
class CommandResult:
    """Result of a command: its summary, how to write each output, what to print for people."""

    summary: dict[str, Any]
    writers: Mapping[str, Writer] = field(default_factory=dict)
    show: Callable[[], None] = lambda: None


@dataclass
class Job:
    """Input, outputs by option (with the endings they may have), resource."""

    file: Path
    outputs: Mapping[str, Output]
    resource: Resource | None = None
    where: Sequence[str] = ()
    resume: bool = False
    backed: bool = False
    takes_tables: bool = False
    mod: str | None = None
    table: str | None = None

    @property
    def is_table(self) -> bool:
        """Whether the input is a table where that is allowed."""
        return self.takes_tables and self.file.suffix in TABLES

    def run(self, work: Callable[[Any], CommandResult]) -> dict[str, Any]:
        """Do the work, or find that it is done; return the summary."""
        check_outputs(self.outputs, inputs=[self.file])
        paths = {option: path for option, (path, _) in self.outputs.items() if path is not None}
        if self.backed and any(path.suffix in WITH_RESULT for path in paths.values()):
            msg = f"--backed leaves the data in FILE: write tables, not {' or '.join(WITH_RESULT)}"
            raise ValueError(msg)
        recorder = _Recorder(self, paths) if self.resume else None
        if recorder and (recorded := recorder.valid()) is not None:
            say(f"up to date: {', '.join(map(str, paths.values()))}", status="up to date")
            return recorded | {"status": "up to date"}
        say(f"reading {self.file}", file=self.file)
        adata = self.open()
        result = work(adata)
        with replacing(*paths.values()) as temporary:
            for (option, path), name in zip(paths.items(), temporary, strict=True):
                result.writers[option](name, path)
        for path in paths.values():
            say(f"wrote {path} ({size_of(path)})", file=path, bytes=bytes_of(path))
        if not current().as_json:
            result.show()
        summary = self._summary(adata, result, paths)
        if recorder:
            recorder.write(summary)
        return summary

    def open(self) -> Any:
        """Read the input."""
        if self.is_table:
            from ..rs._tabular import read_table

            return read_table(self.file, argument="FILE")
        return read(self.file, where=self.where, backed=self.backed, mod=self.mod, table=self.table, say=say)

    def _summary(self, adata: Any, result: CommandResult, paths: Mapping[str, Path]) -> dict[str, Any]:
        size = {"rows": len(adata)} if self.is_table else {"n_obs": adata.n_obs, "n_vars": adata.n_vars}
        input_ = {"file": self.file, **size}
        outputs = {option.lstrip("-"): path for option, path in paths.items()}
        resource = {} if self.resource is None else {"resource": identity(self.resource)}
        # kept in the record, too: a run that is up to date says them again
        messages = {"warnings": current().log.warnings}
        summary = {
            "input": input_,
            **result.summary,
            **resource,
            **messages,
            "outputs": outputs,
            "versions": versions(),
        }
        peak = _peak_megabytes()
        written: dict[str, Any] = plain(summary if peak is None else summary | {"peak_memory_mb": peak})
        return written


class _Recorder:
    """A file beside the first output that says what the outputs were made from."""

    def __init__(self, job: Job, paths: Mapping[str, Path]) -> None:
        if not paths:
            msg = "--resume needs an output to look for: give --out"
            raise ValueError(msg)
        self.paths = paths
        first = next(iter(paths.values()))
        self.path = first.with_name(f"{first.name}.commscore.json")
        if not job.file.exists():
            msg = f"FILE {job.file} does not exist"
            raise FileNotFoundError(msg)
        from .._version import __version__

        parameters = {k: v for k, v in current().parameters.items() if k not in _WITHOUT_EFFECT}
        outputs = {name.lstrip("-").replace("-", "_") for name in paths}
        self.made_from = plain(
            {
                "schema": RECORD,
                "command": current().command,
                "commscore": __version__,
                "input_sha256": fingerprint(job.file),
                "resource_sha256": None if job.resource is None else job.resource.sha256,
                "parameters": {k: v for k, v in parameters.items() if k not in outputs},
                "outputs": {option: path.name for option, path in paths.items()},
            }
        )

    def valid(self) -> dict[str, Any] | None:
        """Return the summary of the run that made these very outputs from the same input, or None and say why."""
        if not self.path.is_file():
            return None
        try:
            record = json.loads(self.path.read_text(encoding="utf-8"))
            made_from, hashes, summary = record["made_from"], record["sha256"], dict(record["summary"])
        except (ValueError, KeyError, TypeError):
            return _again("its record cannot be read")
        differs = [key for key, value in self.made_from.items() if made_from.get(key) != value]
        if differs:
            return _again(f"{', '.join(differs)} changed")
        for option, path in self.paths.items():
            if not path.is_file() or fingerprint(path) != hashes.get(option):
                return _again(f"{path} is missing or was changed")
        return summary

    def write(self, summary: dict[str, Any]) -> None:
        """Write the record; after the outputs, so that it never speaks of files that are not there."""
        hashes = {option: fingerprint(path) for option, path in self.paths.items()}
        record = {"made_from": self.made_from, "sha256": hashes, "summary": summary}
        with replacing(self.path) as (temporary,):
            temporary.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _again(reason: str) -> dict[str, Any] | None:
    say(f"computing again: {reason}", reason=reason)
    return None


def tables(**frames: Callable[[], pd.DataFrame]) -> dict[str, Writer]:
    """Return writers of tables by option; each is made only if it is asked for."""

    def writer(make: Callable[[], pd.DataFrame]) -> Writer:
        return lambda temporary, path: put_table(make(), temporary, like=path)

    return {f"--{name.replace('_', '-')}": writer(make) for name, make in frames.items()}


def table_and_data(adata: Any, table: pd.DataFrame) -> dict[str, Writer]:
    """Return the writers of ``--out`` and ``--data``: the table, or by its ending the data."""

    def write(temporary: Path, path: Path) -> None:
        if path.suffix == ".h5ad":
            adata.write_h5ad(temporary)
        elif path.suffix == ".zarr":
            with warnings.catch_warnings():  # of the version of the format, which the caller cannot choose here
                warnings.filterwarnings("ignore", message="Writing zarr v2")
                adata.write_zarr(temporary)
        else:
            put_table(table, temporary, like=path)

    return {"--out": write, "--data": write}


def identity(resource: Resource) -> dict[str, Any]:
    """Return what tells one resource from another."""
    return {
        "name": resource.name,
        "version": resource.version,
        "licence": resource.licence,
        "species": resource.species,
        "sha256": resource.sha256,
        "n_interactions": len(resource),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and the packages that results depend on."""
    from importlib.metadata import PackageNotFoundError, version

    from .._version import __version__

    numbers = {"commscore": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for name in _PACKAGES:
        try:
            numbers[name] = version(name)
        except PackageNotFoundError:  # not in every environment, and not needed by every command
            continue
    return numbers


def bytes_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a store."""
    return sum(p.stat().st_size for p in path.rglob("*")) if path.is_dir() else path.stat().st_size


def size_of(path: Path) -> str:
    """Return the size of a file in words."""
    size = bytes_of(path)
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _peak_megabytes() -> float | None:
    """Return the most memory that this process has held, where the system tells."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
