"""The methods of ``compare_limma.py``: each takes cohorts and gives p-values and log2 changes per gene × group.

``ours(cohort)`` is this package; ``rivals(cohorts, methods)`` runs limma-voom, edgeR and DESeq2 by
``compare_limma.R`` in one process for all cohorts, and keeps what it found in a folder if there is one.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from cohorts import by_patient

from commscore.arrays import Entities, Tests
from commscore.core.contrast import Cohort, Settings, compare
from commscore.core.contrast import design as contrasts
from commscore.core.log_rates import log_rates
from commscore.stats.composition import pooled_factors

SCRIPT = Path(__file__).with_name("compare_limma.R")
RIVALS = ("voom", "edgeR", "DESeq2")


@dataclass(frozen=True)
class Found:
    """(n_groups, n_genes) p-values, log2 changes and, where there are any, ends of their intervals; seconds of CPU."""

    p: np.ndarray
    effect: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    seconds: float = np.nan


def ours(cohort):
    """Compare every gene of every group, as if it were an interaction of the gene with itself."""
    cohort = by_patient(cohort) if cohort.nested else cohort
    group, gene = np.nonzero(cohort.compared)
    arm, others = cohort.design[:, -1:], cohort.design[:, 1:-1]
    factors = [pooled_factors(cohort.counts[:, k], cohort.library[:, k]).shrunk for k in range(cohort.library.shape[1])]
    library = cohort.library * 2.0 ** np.column_stack(factors)
    prepared = Cohort(
        logcpm=log_rates(cohort.counts, library[:, :, None]),
        counts=cohort.counts,
        library=library,
        n_cells=cohort.n_cells,
        prop=np.ones_like(cohort.counts),
        condition=cohort.condition,
        levels=("first", "second"),
        design=np.hstack([1.0 - arm, arm, others - others.mean(axis=0)]),
        block=cohort.patient,
    )
    contrast = contrasts.pair("second vs first", ref=0, alt=1, n_coefficients=prepared.design.shape[1])
    genes = Entities.of([[g] for g in range(cohort.counts.shape[2])])
    settings = Settings(expr_prop=0.0, max_enumeration=0)
    found = compare(prepared, genes, Tests(group, group, gene, gene), contrast=contrast, settings=settings).columns
    columns = ("ligand_pvalue", "ligand_effect", "ligand_ci_low", "ligand_ci_high")
    return Found(*(_spread(cohort, found[name]) for name in columns))


def _spread(cohort, values):
    out = np.full(cohort.compared.shape, np.nan)
    out[cohort.compared] = values
    return out


def rivals(cohorts, methods, *, cache=None, null=False):
    """Run ``methods`` on every cohort; a dict method -> list of :class:`Found`, in the order of ``cohorts``."""
    out = {}
    for method in methods:
        kept = [_kept(cache, method, cohort, null=null) for cohort in cohorts]
        missing = [i for i, found in enumerate(kept) if found is None]
        if missing:
            for i, found in zip(missing, _run([cohorts[i] for i in missing], method), strict=True):
                kept[i] = found
                _keep(cache, method, cohorts[i], null=null, found=found)
        out[method] = kept
    return out


def filtered(cohorts):
    """Return the cohorts with the genes alone that edgeR's ``filterByExpr`` keeps; only these are written for R."""
    of_filter = _run(cohorts, "kept")
    return [replace(c, tested=found.p == 1.0) for c, found in zip(cohorts, of_filter, strict=True)]


def _run(cohorts, method):
    """One R process for all; edgeR and DESeq2, which have no patients at random, get nested cohorts summed."""
    given = [by_patient(c) if c.nested and method != "voom" else c for c in cohorts]
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), given)
        subprocess.run(["Rscript", "--vanilla", SCRIPT, folder, method], check=True)
        numbers = np.fromfile(Path(folder) / f"{method}.bin")
        seconds = np.loadtxt(Path(folder) / f"{method}.time", ndmin=1)
    out, at, job = [], 0, 0
    for cohort in given:
        p, effect = (np.full(cohort.compared.shape, np.nan) for _ in range(2))
        for k, compared in enumerate(cohort.compared):
            n = int(compared.sum())
            p[k, compared], effect[k, compared] = numbers[at : at + n], numbers[at + n : at + 2 * n]
            at += 2 * n
        n_groups = p.shape[0]
        out.append(Found(p, effect, seconds=float(seconds[job : job + n_groups].sum())))
        job += n_groups
    return out


def _write(folder, cohorts):
    lines = ["job,n_samples,n_genes,n_columns,nested"]
    with (
        (folder / "counts.bin").open("wb") as counts,
        (folder / "design.bin").open("wb") as designs,
        (folder / "patient.bin").open("wb") as patients,
    ):
        for cohort in cohorts:
            n, p = cohort.design.shape
            patient = np.zeros(n) if cohort.patient is None else cohort.patient
            for k, compared in enumerate(cohort.compared):
                lines.append(f"{len(lines)},{n},{compared.sum()},{p},{int(cohort.nested)}")
                counts.write(cohort.counts[:, k, compared].astype(np.int32).tobytes())
                designs.write(cohort.design.astype(np.float64).tobytes())
                patients.write(patient.astype(np.int32).tobytes())
    (folder / "jobs.csv").write_text("\n".join(lines) + "\n")


def _file(cache, method, cohort, *, null):
    setting = re.sub(r"[^a-z0-9]+", "_", cohort.setting.lower())
    return Path(cache) / f"{setting}_{'null_' if null else ''}{cohort.seed:04d}_{method}.npz"


def _mark(cohort):
    """Changes with the counts and the design, so that nothing is taken for another cohort's."""
    mark = zlib.crc32(cohort.design.tobytes(), zlib.crc32(np.ascontiguousarray(cohort.counts).tobytes()))
    mark = mark if cohort.tested is None else zlib.crc32(cohort.tested.tobytes(), mark)
    return zlib.crc32(cohort.patient.tobytes(), mark) if cohort.nested else mark


def _kept(cache, method, cohort, *, null):
    if cache is None or not _file(cache, method, cohort, null=null).exists():
        return None
    with np.load(_file(cache, method, cohort, null=null)) as file:
        if int(file["mark"]) != _mark(cohort):
            return None
        return Found(file["p"], file["effect"], seconds=float(file["seconds"]))


def _keep(cache, method, cohort, *, null, found):
    if cache is not None:
        Path(cache).mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            _file(cache, method, cohort, null=null),
            p=found.p,
            effect=found.effect,
            seconds=found.seconds,
            mark=_mark(cohort),
        )
