"""What do limma-voom, edgeR and DESeq2 find on the same pseudobulks, at the same false positives?

    python benchmarks/compare_limma.py --cohorts 50 --first 2000 --cache FOLDER
    python benchmarks/compare_limma.py --null --cohorts 200

Needs R with limma, edgeR and DESeq2 (Debian: ``apt-get install r-base-core r-bioc-limma r-bioc-edger r-bioc-deseq2``);
``--methods ours`` needs none. The cohorts are those of ``cohorts.py``; seeds from 2000 served no choice of this
package, those below 1000 did. Every method tests every gene of every group with five counts or more, with the defaults
of its package (voom + ``eBayes``, ``glmQLFit`` + ``glmQLFTest`` after ``estimateDisp``, both with TMM factors;
``DESeq``). Settings that end with *filtered* have only the genes that edgeR's ``filterByExpr`` keeps, as the manuals of
limma and edgeR say, which then take libraries and TMM factors from these (this package: from all). They leave some
cohorts without any unchanged row, so that their power is that of genes. Nested cohorts go to voom with
``duplicateCorrelation``, to edgeR and DESeq2, which have no random effects, summed by patient. The two sides of an
interaction are joined by the Cauchy combination (ACAT) for all methods alike.

*Power of rows*: planted rows found at the p-value that 5 % of the rows without a change reach, in each cohort and for
each method. *Power of genes*: planted genes found at the p-value that 0.1 % of the unchanged genes of all cohorts
reach. A p-value that a method refuses (DESeq2: outliers) counts as 1. Standard errors of power are those of cohorts
drawn again with replacement, which know that all cohorts share the p-value of genes; differences are paired over the
cohorts that both methods had, and marked where they exceed two standard errors.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import time
from dataclasses import dataclass, replace

import cohorts
import numpy as np
import rivals
from calibration_compare import show

from commscore.stats.combine import acat

LEVELS = (0.05, 0.001)
DESEQ2_IN = cohorts.MAIN
FILTERED = ", filtered"
"""End of the name of a setting with the genes alone that a filter of low counts keeps."""
FEW_COUNTS = ("low counts", "quarter of the depth", *cohorts.REAL)  # also shown filtered
COUNTS = (0.0, 0.3, 1.0, 3.0, 10.0, 100.0, np.inf)  # bins of the mean count per sample
DRAWS = 400
LABELS = {"ours": "commscore", "voom": "limma-voom", "edgeR": "edgeR-QL", "DESeq2": "DESeq2"}


@dataclass(frozen=True)
class Measured:
    """What one method did in one cohort."""

    gene_fpr: tuple[float, ...]
    row_fpr: tuple[float, ...]
    power: float
    nominal: float
    null_effect: float
    planted: np.ndarray  # by bin of counts: products of estimated and planted changes, squares of the planted ones
    covered: float
    null_p: np.ndarray
    moved_p: np.ndarray
    group_fpr: np.ndarray


def share(of):
    """Mean, of trues or of anything; NaN of nothing."""
    return float(np.mean(of)) if of.size else np.nan


def measure(cohort, found):
    """Compare what was found with what was planted."""
    truth, compared = cohort.truth, cohort.compared
    p = np.where(compared, np.where(np.isnan(found.p), 1.0, found.p), np.nan)
    changed = compared & (truth.log2 != 0)
    null = compared & (truth.log2 == 0)
    if cohort.dominant is not None:
        changed[:, cohort.dominant] = null[:, cohort.dominant] = False
    sides = np.stack([p[truth.source, truth.ligand], p[truth.target, truth.receptor]])
    both = ~np.isnan(sides).any(axis=0)
    row_p = acat(sides[:, both], axis=0)
    nulls, moved = row_p[truth.null[both]], row_p[truth.moved[both]]
    bins = np.digitize(cohort.counts.mean(axis=0)[changed], COUNTS[1:-1])
    products = found.effect[changed] * truth.log2[changed], truth.log2[changed] ** 2
    inside = np.empty(0)
    if found.low is not None:
        known = (changed | null) & ~np.isnan(found.low)
        inside = ((found.low <= truth.log2) & (truth.log2 <= found.high))[known]
    return Measured(
        gene_fpr=tuple(share(p[null] <= level) for level in LEVELS),
        row_fpr=tuple(share(nulls <= level) for level in LEVELS),
        power=share(moved <= np.quantile(nulls, 0.05)) if nulls.size else np.nan,
        nominal=share(moved <= 0.05),
        null_effect=share(found.effect[null & ~np.isnan(found.effect)]),
        planted=np.stack([np.bincount(bins, weights=x, minlength=len(COUNTS) - 1) for x in products]),
        covered=share(inside),
        null_p=p[null],
        moved_p=p[changed],
        group_fpr=np.array([share(p[k][null[k]] <= LEVELS[0]) for k in range(p.shape[0])]),
    )


def row_power(of_cohorts):
    """Power of rows at 5 % false positives, each cohort at its own p-value."""
    return np.nanmean([m.power for m in of_cohorts])


def gene_power(of_cohorts):
    """Power of genes at the p-value that 0.1 % of the unchanged genes of all cohorts reach."""
    least = np.quantile(np.concatenate([m.null_p for m in of_cohorts]), LEVELS[1])
    return np.mean([np.mean(m.moved_p <= least) for m in of_cohorts])


def resampled(power, of_cohorts):
    """Power of the cohorts drawn with replacement, the same draws whatever the method."""
    n = len(of_cohorts)
    draws = np.random.default_rng(n).integers(n, size=(DRAWS, n))
    return np.array([power([of_cohorts[i] for i in draw]) for draw in draws])


def error(draws, n):
    """Standard error of a mean over ``n`` cohorts by what it was in the draws."""
    return draws.std(ddof=1) * np.sqrt(n / (n - 1))


def mean(values, digits=3):
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return f"{values.mean():.{digits}f} ± {error:.{digits}f}"


def compare(setting, methods, *, seeds, cache):
    """Every method on the cohorts of a setting; DESeq2, which is slow, on the first fifth of them."""
    drawn = [cohorts.make(setting.removesuffix(FILTERED), seed) for seed in seeds]
    if setting.endswith(FILTERED):
        drawn = [replace(c, setting=setting) for c in rivals.filtered(drawn)]
    out = {}
    for method in methods:
        if method == "DESeq2" and setting not in DESEQ2_IN:
            continue
        some = drawn[: max(10, len(drawn) // 5)] if method == "DESeq2" else drawn
        start = time.process_time()
        found = (
            [rivals.ours(c) for c in some] if method == "ours" else rivals.rivals(some, [method], cache=cache)[method]
        )
        spent = (time.process_time() - start) / len(some) if method == "ours" else np.mean([f.seconds for f in found])
        out[method] = [measure(c, f) for c, f in zip(some, found, strict=True)], float(spent)
    return out


def wins(power, ours, theirs):
    """Difference ours − theirs ± s.e., and who is ahead by more than two standard errors."""
    n = min(len(ours), len(theirs))  # the same seeds
    difference = power(ours[:n]) - power(theirs[:n])
    se = error(resampled(power, ours[:n]) - resampled(power, theirs[:n]), n)
    mark = " **<**" if difference < -2 * se else " >" if difference > 2 * se else ""
    return f"{difference:+.3f} ± {se:.3f}{mark}"


def power_row(setting, done, power):
    """``power`` (of the cohorts of one method) of every method, and differences to this package."""
    of = {method: measured for method, (measured, _) in done.items()}
    row = {"setting": setting, "cohorts (DESeq2)": f"{max(map(len, of.values()))}"}
    if "DESeq2" in of:
        row["cohorts (DESeq2)"] += f" ({len(of['DESeq2'])})"
    for method, label in LABELS.items():
        some = of.get(method)
        row[label] = f"{power(some):.3f} ± {error(resampled(power, some), len(some)):.3f}" if some else ""
    for method in rivals.RIVALS:
        row[f"− {LABELS[method]}"] = wins(power, of["ours"], of[method]) if {"ours", method} <= set(of) else ""
    return row


def slope_rows(done):
    """Estimated over planted log2 changes by mean count, all settings together."""
    for method, label in LABELS.items():
        of_cohorts = [m.planted for methods in done.values() if method in methods for m in methods[method][0]]
        if of_cohorts:
            products, squares = np.sum(of_cohorts, axis=0)
            ends = itertools.pairwise(COUNTS)
            yield {"estimated / planted, mean count": label} | {
                f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more": f"{a / b:.2f}" if b else ""
                for (low, high), a, b in zip(ends, products, squares, strict=True)
            }


def error_row(setting, done):
    """Rates at .05 and .001, effects and coverage, method by method."""
    for method, (measured, spent) in done.items():
        yield {
            "setting": setting,
            "method": LABELS[method],
            "cohorts": len(measured),
            "genes p ≤ .05": mean([m.gene_fpr[0] for m in measured]),
            "genes p ≤ .001": mean([m.gene_fpr[1] for m in measured], 4),
            "rows p ≤ .05": mean([m.row_fpr[0] for m in measured]),
            "rows p ≤ .001": mean([m.row_fpr[1] for m in measured], 4),
            "rows found at p ≤ .05": mean([m.nominal for m in measured]),
            "effect where none": mean([m.null_effect for m in measured]),
            "estimated / planted": mean([m.planted[0].sum() / m.planted[1].sum() for m in measured]),
            "coverage": mean([m.covered for m in measured]),
            "CPU s": f"{spent:.2f}",
        }


def null_row(setting, seeds):
    measured = []
    for seed in seeds:
        cohort = cohorts.make(setting, seed, null=True)
        measured.append(measure(cohort, rivals.ours(cohort)))
    groups = np.array([m.group_fpr for m in measured])
    return {
        "setting, nothing planted": setting,
        "cohorts": len(measured),
        "genes p ≤ .05": mean([m.gene_fpr[0] for m in measured], 4),
        "genes p ≤ .001": mean([m.gene_fpr[1] for m in measured], 5),
        "rows p ≤ .05": mean([m.row_fpr[0] for m in measured], 4),
        "rows p ≤ .001": mean([m.row_fpr[1] for m in measured], 5),
        "effect": mean([m.null_effect for m in measured], 4),
        "coverage": mean([m.covered for m in measured], 4),
        "genes p ≤ .05 by group": ", ".join(mean(column) for column in groups.T),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cohorts", type=int, default=50, help="cohorts per setting; DESeq2 gets a fifth, at least ten"
    )
    parser.add_argument("--first", type=int, default=0, help="seed of the first cohort")
    parser.add_argument(
        "--settings",
        help="names, separated by semicolons; all by default, with --null the main four and the degenerate ones",
    )
    parser.add_argument("--methods", default="ours,voom,edgeR,DESeq2")
    parser.add_argument("--cache", help="folder where the results of R are kept")
    parser.add_argument("--null", action="store_true", help="false positives of this package only, nothing planted")
    given = parser.parse_args()
    methods, seeds = given.methods.split(","), range(given.first, given.first + given.cohorts)
    if not given.null and set(methods) & set(rivals.RIVALS) and shutil.which("Rscript") is None:
        parser.error("Rscript is not installed; --methods ours needs none")
    default = [*cohorts.names(), *(name + FILTERED for name in FEW_COUNTS if name in cohorts.names())]
    if given.null:
        default = [*cohorts.MAIN, *cohorts.DEGENERATE]
    settings = [name.strip() for name in given.settings.split(";")] if given.settings else default
    for name in cohorts.REAL:
        if name not in cohorts.names():
            print(f"{name}: skipped, COMMSCORE_DATA names no folder that holds it", file=sys.stderr)
    if given.null:
        show([null_row(setting, seeds) for setting in settings])
        return
    done = {}
    for setting in settings:
        done[setting] = compare(setting, methods, seeds=seeds, cache=given.cache)
        print(setting, file=sys.stderr, flush=True)
    print("Power of rows at 5 % false positives\n")
    show([power_row(name, done[name], row_power) for name in settings if not name.endswith(FILTERED)])
    print("\nPower of genes at 0.1 % false positives\n")
    show([power_row(name, done[name], gene_power) for name in settings])
    print("\nFalse positives, effects, coverage\n")
    show([row for name in settings for row in error_row(name, done[name])])
    print("\nEffects by count\n")
    show(list(slope_rows(done)))


if __name__ == "__main__":
    main()
