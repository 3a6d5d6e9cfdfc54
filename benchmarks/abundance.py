"""How often is the abundance of a type that did not change said to have changed, and how often is one that did found?

    python benchmarks/abundance.py types --cohorts 500
    python benchmarks/abundance.py rows --cohorts 40
    COMMSCORE_DATA=FOLDER python benchmarks/abundance.py real

A simulator of its own. *Types*: tables of cells, whose types have abundances by a gamma law (shares of a sample are
then Dirichlet, its cells Dirichlet-multinomial) or a log-normal one; 1000 to 4000 cells per sample. One or two types
change by a factor of four, or half of them do. Shares of p ≤ 0.05 among the types that did not change and among those
that did: of *shares* (the logarithm of the share of all cells; t-test), of *log-ratios* to the groups that change
together (moderated t, as in a comparison), and of log-ratios to the types that truly did not change (*oracle*; t-test).
*Rows*: whole comparisons with expression that does not change, at ``alpha=1`` so that every tested row may have a
driver: how many rows of two unchanged types have an abundance as theirs, and how many edges between a changed type and
another have its abundance. *Real*: donors of three data sets whose conditions are relabelled (of the primaries alone in
one of them), and the same with a type thinned to a quarter of its cells on one side.
"""

from __future__ import annotations

import argparse
import itertools
import os
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from calibration_compare import rate, show
from scipy import sparse, stats

import commscore as cs

SETTINGS = [("none", 0, 0.0), ("one × 4", 1, 2.0), ("one × 1/4", 1, -2.0), ("two × 4", 2, 2.0), ("half × 4", None, 2.0)]
PAIRS = pd.DataFrame({"ligand": [f"LIG{i}" for i in range(10)], "receptor": [f"REC{i}" for i in range(10)]})
REAL = ("skin_ctcl_gse128531", "breast_chung2017", "kang2018_muscat")
LEVEL = 0.05


def abundances(rng, *, n_types, n_samples, law, log2_changes):
    """Cells of samples × types, and the types' true abundances up to a factor for each sample."""
    share = np.maximum(rng.dirichlet(np.full(n_types, 3.0)), 0.01)
    if law == "gamma":
        true = rng.gamma(np.tile(40.0 * share, (2 * n_samples, 1)))
    else:
        true = share * np.exp2(0.6 * rng.standard_normal((2 * n_samples, n_types)))
    true[n_samples:] *= np.exp2(log2_changes)
    share = true / true.sum(axis=1, keepdims=True)
    return np.stack([rng.multinomial(rng.integers(1000, 4000), p) for p in share])


def pvalues(values, after):
    """Two-sample t-tests of the columns, some of which may hardly vary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return stats.ttest_ind(values[after], values[~after], axis=0).pvalue


def moderated(cells, after):
    """P-values of the log-ratios to the groups that change together, as a comparison has them."""
    from commscore.stats import linear, log_ratios, variance

    projection = linear.project(np.eye(2)[after.astype(int)], np.array([[-1.0, 1.0]]))
    logs = log_ratios.log_cells(cells)
    reference = log_ratios.majority(projection.influence @ logs)
    fitted, scale = linear.fit(log_ratios.centred(logs, reference), projection), log_ratios.noise_scale(reference)
    own = fitted.variance / scale
    posterior, tail = variance.moderate_rows(own, fitted.df)
    return tail.pvalue(fitted.estimate[0] / np.sqrt(fitted.unscaled[0] * scale * posterior))


def three_ways(cells, after, changed):
    logs = np.log2(cells + 0.5)
    yield "shares", pvalues(logs - np.log2(cells.sum(axis=1) + 1)[:, None], after)
    yield "log-ratios", moderated(cells, after)
    yield "oracle", pvalues(logs - logs[:, ~changed].mean(axis=1)[:, None], after)


def types(n):
    for law, n_types, n_samples in itertools.product(("log-normal", "gamma"), (2, 3, 5, 8, 20), (3, 6)):
        for name, count, log2fc in SETTINGS:
            changed = np.arange(n_types) < (n_types // 2 if count is None else count)
            if n_types < 2 * changed.sum() or (name.startswith("half") and n_types not in (2, 8)):
                continue
            if name == "two × 4" and n_types < 5:
                continue
            rng, after = np.random.default_rng(n_types), np.repeat([False, True], n_samples)
            found = {}
            for _ in range(n):
                cells = abundances(
                    rng, n_types=n_types, n_samples=n_samples, law=law, log2_changes=np.where(changed, log2fc, 0.0)
                )
                for way, p in three_ways(cells, after, changed):
                    hit = p <= LEVEL
                    found.setdefault(f"unchanged: {way}", []).append(hit[~changed].mean())
                    found.setdefault(f"changed: {way}", []).append(hit[changed].mean() if changed.any() else np.nan)
            row = {"law": law, "types": n_types, "samples": f"{n_samples} v {n_samples}", "changed": name}
            yield row | {k: rate(v) if np.isfinite(v[0]) else "" for k, v in found.items()}


def cohort(rng, **settings):
    """Cells with expression that is alike in all types and varies between donors."""
    cells = abundances(rng, **settings)
    cells = np.maximum(np.round(cells / cells.sum(axis=1, keepdims=True) * 800), 0).astype(int)
    n_genes = 2 * len(PAIRS) + 30
    base = np.exp(rng.normal(0.0, 0.5, n_genes))
    base[2 * len(PAIRS) :] *= 8.0
    blocks, obs = [], []
    for i, row in enumerate(cells):
        for k, size in enumerate(row):
            rate_ = base * np.exp(0.3 * rng.normal(size=n_genes)) * rng.lognormal(0, 0.3, (size, 1))
            blocks.append(rng.poisson(rate_))
            obs += [(f"type {k}", "after" if i >= len(cells) // 2 else "before", f"s{i:02d}")] * size
    frame = pd.DataFrame(obs, columns=["cell_type", "condition", "sample"], index=[f"x{j}" for j in range(len(obs))])
    genes = [*PAIRS["ligand"], *PAIRS["receptor"], *(f"B{i}" for i in range(30))]
    return ad.AnnData(sparse.csr_matrix(np.vstack(blocks), dtype=np.float32), obs=frame, var=pd.DataFrame(index=genes))


def compare(a, **options):
    keys = {"condition_key": "condition", "sample_key": "sample", "reference": "before", "alpha": 1.0, "n_perms": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cs.tl.compare(a, "cell_type", inplace=False, **(keys | options)).table


def by_abundance(table, changed):
    """Share of the tested rows of unchanged types with an abundance driver, and of the changed types' with theirs."""
    tested = table[table["pvalue"].notna()]
    driver = tested["driver"].astype(object)
    source, target = (tested[end].astype(str).isin(changed) for end in ("source", "target"))
    unchanged = driver[~source & ~target].isin(["source_abundance", "target_abundance"])
    found = pd.concat([driver[source & ~target] == "source_abundance", driver[target & ~source] == "target_abundance"])
    return (unchanged.mean() if len(unchanged) else np.nan), (found.mean() if len(found) else np.nan)


def rows(n):
    for n_types, n_samples in itertools.product((3, 5, 8), (3, 6)):
        for name, count, log2fc in SETTINGS[:4]:
            if count == 2 and n_types < 5:
                continue
            rng, found = np.random.default_rng(n_types), []
            changes = np.where(np.arange(n_types) < count, log2fc, 0.0)
            for _ in range(n):
                a = cohort(rng, n_types=n_types, n_samples=n_samples, law="log-normal", log2_changes=changes)
                found.append(by_abundance(compare(a, resource=PAIRS), {f"type {i}" for i in range(count)}))
            unchanged, own = (np.asarray(v)[np.isfinite(v)] for v in zip(*found))
            yield {
                "types": n_types, "samples": f"{n_samples} v {n_samples}", "changed": name,
                "rows of unchanged types by abundance": rate(unchanged),
                "rows of the changed by it": rate(own) if own.size else "",
            }  # fmt: skip


def splits(a, name):
    """Samples of a data set, relabelled: as many on both sides, or one more."""
    samples = sorted(a.obs["sample"].astype(str).unique())
    if name == "breast_chung2017":
        samples = sorted(a.obs.loc[a.obs["condition"] == "primary", "sample"].astype(str).unique())
    half = len(samples) // 2
    every = [s for s in itertools.combinations(samples, half) if 2 * half < len(samples) or samples[0] in s]
    rng = np.random.default_rng(0)
    chosen = [every[i] for i in rng.permutation(len(every))[:10]]
    return samples, chosen


def pairs_of(a, most=60):
    """Interactions of the resource whose genes have the most counts; the rows only have to be many."""
    known = cs.rs.load().interactions[["ligand", "receptor"]].drop_duplicates()
    known = known[known["ligand"].isin(a.var_names) & known["receptor"].isin(a.var_names)]
    total = pd.Series(np.asarray(a.layers.get("counts", a.X).sum(axis=0)).ravel(), index=a.var_names)
    size = np.minimum(total[known["ligand"]].to_numpy(), total[known["receptor"]].to_numpy())
    return known.iloc[np.argsort(-size, kind="stable")[:most]]


def relabelled(a, samples, after, *, thinned, rng):
    """The samples with new conditions; a type keeps a quarter of its cells before."""
    sample = a.obs["sample"].astype(str)
    is_after = sample.isin(after)
    keep = sample.isin(samples)
    if thinned is not None:
        keep &= is_after | (a.obs["cell_type"].astype(str) != thinned) | (rng.random(a.n_obs) < 0.25)
    out = a[keep.to_numpy()].copy()
    out.obs["condition"] = np.where(is_after[keep], "after", "before")
    return out


def real(_):
    """P of types that have a cell per sample on average, drivers of rows; the three largest types are thinned."""
    for name in REAL:
        path = Path(os.environ.get("COMMSCORE_DATA", "")) / f"{name}.h5ad"
        if not path.exists():
            print(f"{name}: skipped, COMMSCORE_DATA names no folder that holds it")
            continue
        a, rng = ad.read_h5ad(path), np.random.default_rng(1)
        a.obs["cell_type"] = a.obs["cell_type"].astype(str)
        (samples, chosen), pairs = splits(a, name), pairs_of(a)
        table = pd.crosstab(a.obs["sample"].astype(str), a.obs["cell_type"]).loc[samples]
        large = table.columns[table.mean() >= 1]
        for thinned in (None, *table.mean().nlargest(3).index):
            found = {}
            for after in chosen:
                b = relabelled(a, samples, after, thinned=thinned, rng=rng)
                cells = pd.crosstab(b.obs["sample"].astype(str), b.obs["cell_type"]).reindex(
                    columns=large, fill_value=0
                )
                changed = large == thinned
                for way, p in three_ways(cells.to_numpy(), cells.index.isin(after), changed):
                    found.setdefault(f"unchanged: {way}", []).append((p <= LEVEL)[~changed].mean())
                    found.setdefault(f"changed: {way}", []).append((p <= LEVEL)[changed].mean() if changed.any() else 0)
                unchanged, own = by_abundance(compare(b, min_cells=5, resource=pairs), {thinned})
                found.setdefault("rows of unchanged types by abundance", []).append(unchanged)
                found.setdefault("rows of the changed by it", []).append(own)
            row = {"data": name, "types": len(large), "relabellings": len(chosen), "changed": thinned or "none"}
            yield row | {k: f"{np.nanmean(v):.3f}" if np.isfinite(v).any() else "" for k, v in found.items()}


PARTS = {"types": types, "rows": rows, "real": real}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=[], help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--cohorts", type=int, default=100, help="simulated cohorts per row of a table")
    given = parser.parse_args(arguments)
    for part in given.what or PARTS:
        if table := list(PARTS[part](given.cohorts)):
            show(table)


if __name__ == "__main__":
    main()
