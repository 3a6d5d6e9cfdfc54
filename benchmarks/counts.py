"""What is left of a planted change where counts are low?

    python benchmarks/counts.py --cohorts 10

Pseudobulks of 4 against 4 samples, 100 cells each: ligands of one group whose summed counts have the means of the
second column before the change, donors that differ by a log-normal of 0.3, depths that differ by a log-normal of 0.3,
gamma-Poisson counts of cells. A third of the ligands doubles, a third halves, the rest stays; the same with the second
condition read at a quarter of the depth. One receptor in a second group does not change. *Estimated* is the mean
effect on the ligand (log2 1 planted), ``expr_prop=0`` so that nothing is filtered; *found*: p of the ligand ≤ 0.05;
*foretold*: what ``cs.tl.power`` says of a change of 1 in the ligands that stay, at the same level; *tested*: share of
the doubled ligands that the default ``expr_prop`` tests; *unchanged*: mean effect, and share of p ≤ 0.05, of ligands
that stay.
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

MEANS = (0.1, 0.3, 1.0, 2.0, 3.0, 10.0, 30.0)
EACH, N_CELLS, N_SAMPLES, N_BACKGROUND = 30, 100, 8, 300
CHANGES = np.resize([1.0, -1.0, 0.0], EACH)


def cohort(rng, *, depth):
    """Cells of 4 against 4 samples; ligands are named by their mean and number."""
    after = np.repeat([0.0, 1.0], N_SAMPLES // 2)
    means = np.repeat(MEANS, EACH) / N_CELLS
    level = np.concatenate([means, [2.0], rng.lognormal(0.0, 1.0, N_BACKGROUND)])
    change = np.concatenate([np.tile(CHANGES, len(MEANS)), np.zeros(1 + N_BACKGROUND)])
    blocks, obs = [], []
    for i, side in enumerate(after):
        for group in ("sender", "receiver"):
            donor = np.exp(0.3 * rng.standard_normal(level.size) - 0.045)
            rate = level * donor * 2.0 ** (side * change * (group == "sender"))
            rate = rate * rng.lognormal(0.0, 0.3) * (depth if side else 1.0)
            blocks.append(rng.poisson(rate * rng.gamma(2.0, 0.5, (N_CELLS, level.size))))
            obs += [(group, "after" if side else "before", f"s{i}")] * N_CELLS
    genes = [f"L{m}x{j}" for m in MEANS for j in range(EACH)] + ["REC"] + [f"B{j}" for j in range(N_BACKGROUND)]
    frame = pd.DataFrame(obs, columns=["cell_type", "condition", "sample"], index=[f"x{j}" for j in range(len(obs))])
    return ad.AnnData(sparse.csr_matrix(np.vstack(blocks), dtype=np.float32), obs=frame, var=pd.DataFrame(index=genes))


def ligands(a, **options):
    """Rows from the sender to the receiver, in the order of the genes."""
    names = [g for g in a.var_names if g.startswith("L")]
    pairs = pd.DataFrame({"ligand": names, "receptor": "REC"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = cs.tl.compare(
            a, "cell_type", condition_key="condition", sample_key="sample", reference="before", resource=pairs,
            n_perms=1, inplace=False, **options,
        ).table  # fmt: skip
    rows = table[(table["source"] == "sender") & (table["target"] == "receiver")]
    return rows.set_index(rows["ligand_complex"].astype(str)).reindex(names).reset_index(drop=True)


def foretold(a):
    """Power of a log2 change of 1 at a level of 0.05 of the ligand alone, in the order of the genes."""
    names = [g for g in a.var_names if g.startswith("L")]
    pairs = pd.DataFrame({"ligand": names, "receptor": "REC"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cs.tl.compare(
            a, "cell_type", condition_key="condition", sample_key="sample", reference="before", resource=pairs,
            n_perms=1, expr_prop=0.0,
        )  # fmt: skip
        rows = cs.tl.power(a, n_samples=(4,), effect=1.0, alpha=0.1, resource=pairs)
    rows = rows[(rows["source"] == "sender") & (rows["target"] == "receiver") & (rows["n_samples"] == 0)]
    return rows.set_index(rows["interaction"].astype(str))["ligand_power"].reindex([f"{g}^REC" for g in names])


def measured(n, depth):
    """One table per mean: effects, p-values and intervals of all ligands of all cohorts."""
    parts = []
    for seed in range(n):
        a = cohort(np.random.default_rng(seed), depth=depth)
        table = ligands(a, expr_prop=0.0)
        default = ligands(a)["pvalue"].notna()
        parts.append(
            pd.DataFrame(
                {
                    "mean": np.repeat(MEANS, EACH), "planted": np.tile(CHANGES, len(MEANS)),
                    "effect": table["ligand_effect"], "p": table["ligand_pvalue"], "tested": default,
                    "foretold": foretold(a).to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts)


def table_of(found, depth):
    for mean, rows in found.groupby("mean"):
        up, down, none = (rows[rows["planted"] == value] for value in (1.0, -1.0, 0.0))
        error = up["effect"].std() / np.sqrt(len(up))
        yield {
            "depth after": depth, "mean counts": f"{mean:g}",
            "log2 +1: estimated": f"{up['effect'].mean():+.2f} ± {error:.2f}",
            "log2 −1: estimated": f"{down['effect'].mean():+.2f}",
            "+1 found": f"{(up['p'] <= 0.05).mean():.2f}",
            "−1 found": f"{(down['p'] <= 0.05).mean():.2f}",
            "foretold": f"{none['foretold'].mean():.2f}",
            "tested": f"{up['tested'].mean():.2f}",
            "unchanged: estimated": f"{none['effect'].mean():+.2f}",
            "unchanged: p ≤ 0.05": f"{(none['p'] <= 0.05).mean():.3f}",
        }  # fmt: skip


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=10, help="simulated cohorts per depth")
    given = parser.parse_args(arguments)
    rows = [row for depth in (1.0, 0.25) for row in table_of(measured(given.cohorts, depth), depth)]
    show(rows)


if __name__ == "__main__":
    main()
