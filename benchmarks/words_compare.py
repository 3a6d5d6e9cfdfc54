"""How often does each word of a comparison come up where nothing changed, and how often is a planted word right?

    python benchmarks/words_compare.py --cohorts 100

A simulator of its own, apart from ``commscore.ds.simulate``: six similar types of cells whose abundance varies by a
Dirichlet draw per sample, donors that differ gene by gene within each type (log-normal), depth that differs between
cells and samples, gamma-Poisson counts, 30 interactions of which three ligands are in half of the donors only. Three
tables. *Null*: cohorts in which no condition or stage differs; share of tested rows with each word of ``shift``,
``driver`` and ``shape``, share of interactions that are ``rewired``, and share of cohorts with any such row. *Shapes*:
planted courses over four stages; what was found, and what it was called. *Rewired*: the sender of three interactions
moves from one type to another.
"""

from __future__ import annotations

import argparse
import warnings

import anndata as ad
import numpy as np
import pandas as pd
from calibration_compare import show
from scipy import sparse

import commscore as cs

TYPES = [f"type {i}" for i in range(1, 7)]
PAIRS = pd.DataFrame({"ligand": [f"LIG{i}" for i in range(30)], "receptor": [f"REC{i}" for i in range(30)]})
NAMES = [f"{a}^{b}" for a, b in zip(PAIRS["ligand"], PAIRS["receptor"])]
BACKGROUND = 120
CLAIMS = (
    "up", "down", "ligand_up", "ligand_down", "receptor_up", "receptor_down", "compensated", "gained", "lost",
)  # fmt: skip
OPEN = ("stable", "detected_only_ref", "detected_only_alt", "inconclusive")
COURSES = {
    "growth": [0, 1 / 3, 2 / 3, 1], "recession": [1, 2 / 3, 1 / 3, 0], "peak": [0, 1, 1, 0],
    "peak at stage 2": [0, 1, 0, 0],
    "peak at stage 3": [0, 0, 1, 0], "trough": [1, 0, 0, 1], "early_switch": [0, 1, 1, 1], "late_switch": [0, 0, 0, 1],
    "no course: up, down, up": [0, 1, 0, 1],
}  # fmt: skip


def cohort(seed, *, sizes, donor_sd=0.4, fold=None, cells=45):
    """Counts of samples × types; ``fold`` (n_conditions, n_types, n_genes) in log2 is what was planted."""
    rng = np.random.default_rng(seed)
    condition = np.repeat(np.arange(len(sizes)), sizes)
    n_genes = 2 * len(PAIRS) + BACKGROUND
    base = np.exp(rng.normal(-0.5, 1.0, n_genes) + rng.normal(0, 0.1, (len(TYPES), n_genes)))
    base[:, 2 * len(PAIRS) :] *= 8.0
    blocks, obs = [], []
    share = rng.dirichlet(np.full(len(TYPES), 12.0), condition.size)
    depth = rng.lognormal(0, 0.3, condition.size)
    for i, level in enumerate(condition):
        rate = base * np.exp(donor_sd * rng.normal(size=base.shape))
        rate[:, :3] *= rng.random(3) < 0.5  # which some donors have and others have not, as with HLA genes
        if fold is not None:
            rate = rate * 2.0 ** fold[level]
        for k, n in enumerate(np.maximum(rng.multinomial(cells * len(TYPES), share[i]), 12)):
            size = depth[i] * rng.lognormal(0, 0.3, n)
            blocks.append(rng.poisson(size[:, None] * rate[k] * rng.gamma(2.0, 0.5, (n, n_genes))))
            obs += [(TYPES[k], f"c{level}", f"s{i:02d}")] * n
    genes = [*PAIRS["ligand"], *PAIRS["receptor"], *(f"B{i}" for i in range(BACKGROUND))]
    frame = pd.DataFrame(obs, columns=["cell_type", "condition", "sample"], index=[f"x{j}" for j in range(len(obs))])
    counts = sparse.csr_matrix(np.vstack(blocks).astype(np.float32))
    return ad.AnnData(counts, obs=frame, var=pd.DataFrame(index=genes))


def compare(a, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cs.tl.compare(
            a, "cell_type", condition_key="condition", sample_key="sample", resource=PAIRS, reference="c0", n_perms=1,
            inplace=False, **options,
        ).table  # fmt: skip


class Shares:
    """Per label: share of the rows of every cohort, and whether it came up at all."""

    def __init__(self):
        self.kept = {}

    def add(self, label, hits, n):
        self.kept.setdefault(label, []).append((hits / max(n, 1), hits > 0))

    def row(self, name, label):
        """Share of the rows, and of the cohorts with any, in a setting; empty where the label is none there."""
        if label not in self.kept:
            return {f"{name}: rows": "", f"{name}: cohorts": ""}
        rates, anyone = np.array(self.kept[label], float).T
        return {f"{name}: rows": f"{rates.mean():.4f} ± {rates.std() / np.sqrt(rates.size):.4f}",
                f"{name}: cohorts": f"{anyone.mean():.2f}"}  # fmt: skip


def _words(shares, table, *, staged):
    tested = table[table["pvalue"].notna()]
    n, words = len(tested), tested["shift"].astype(str)
    for word in (*CLAIMS, *OPEN):
        shares.add(word, int((words == word).sum()), n)
    shares.add("any claim of a change", int(words.isin(CLAIMS).sum()), n)
    shares.add("driver", int(tested["driver"].notna().sum()), n)
    if staged:
        for shape in (*tested["shape"].cat.categories,):
            shares.add(f"shape {shape}", int((tested["shape"] == shape).sum()), n)
    by = table.groupby("interaction", observed=True)["rewired"].any()
    shares.add("rewired (of interactions)", int(by.sum()), len(by))


def nulls(n):
    order = ["c0", "c1", "c2", "c3"]
    settings = {"3 v 3": ((3, 3), {}), "6 v 6": ((6, 6), {}), "4 stages × 3": ((3,) * 4, {"order": order})}
    shares = {name: Shares() for name in settings}
    for name, (sizes, options) in settings.items():
        last = "stages" if options else "c1 vs c0"
        for seed in range(n):
            table = compare(cohort(seed, sizes=sizes), **options)
            _words(shares[name], table[table["contrast"] == last], staged=bool(options))
    for label in dict.fromkeys(label for s in shares.values() for label in s.kept):
        row = {"no change": label}
        for name, kept in shares.items():
            row |= kept.row(name, label)
        yield row


def shapes(n):
    """Ten ligands of the first type follow the course; their rows to all types."""
    order = ["c0", "c1", "c2", "c3"]
    for per_stage in (4, 6):
        for size in (1.0, 1.5, 2.5):
            for name, course in COURSES.items():
                found = []
                for seed in range(n):
                    fold = np.zeros((4, len(TYPES), 2 * len(PAIRS) + BACKGROUND))
                    fold[:, 0, 5:15] = size * np.asarray(course)[:, None]
                    table = compare(cohort(seed, sizes=(per_stage,) * 4, fold=fold, donor_sd=0.25), order=order)
                    rows = table[(table["contrast"] == "stages") & (table["source"] == TYPES[0])]
                    rows = rows[rows["ligand_complex"].isin(PAIRS["ligand"][5:15]) & (rows["padj"] <= 0.05)]
                    found.append(rows["shape"].astype(str))
                said = pd.concat(found)
                right = "peak" if name.startswith("peak") else name
                wrong = said[~said.isin([right, "ambiguous"])]
                yield {
                    "planted over 4 stages": name, "samples per stage": per_stage, "log2": size,
                    "rows found": len(said),
                    "named right": f"{(said == right).mean():.2f}", "ambiguous": f"{(said == 'ambiguous').mean():.2f}",
                    "named wrong": f"{wrong.size / max(len(said), 1):.3f}",
                    "most often as": wrong.mode().iloc[0] if wrong.size else "",
                }  # fmt: skip


def rewired(n):
    """Three ligands leave the first type for the second, by this much."""
    for sizes in ((3, 3), (6, 6)):
        for size in (1.0, 2.0, 3.0):
            hits, others = [], []
            for seed in range(n):
                fold = np.zeros((2, len(TYPES), 2 * len(PAIRS) + BACKGROUND))
                fold[0, 0, 5:8], fold[1, 1, 5:8] = size, size
                table = compare(cohort(seed, sizes=sizes, fold=fold))
                by = table.groupby("interaction", observed=True)["rewired"].any().reindex(NAMES, fill_value=False)
                hits.append(by[NAMES[5:8]].mean())
                others.append(by.drop(NAMES[5:8]).mean())
            yield {
                "the sender moves": f"{sizes[0]} v {sizes[1]}", "log2": size,
                "called rewired": f"{np.mean(hits):.2f}", "other interactions": f"{np.mean(others):.4f}",
            }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["null", "shapes", "rewired"], help="null, shapes, rewired")
    parser.add_argument("--cohorts", type=int, default=100, help="cohorts per setting of the null")
    parser.add_argument("--planted", type=int, default=6, help="cohorts per planted course, and twice as many per move")
    given = parser.parse_args()
    if "null" in given.what:
        show(list(nulls(given.cohorts)))
    if "shapes" in given.what:
        show(list(shapes(given.planted)))
    if "rewired" in given.what:
        show(list(rewired(2 * given.planted)))


if __name__ == "__main__":
    main()
