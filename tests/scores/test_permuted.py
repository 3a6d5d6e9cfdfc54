"""Every score and its permutation p-value against brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import commscore as cs
import reference
from commscore import scores as scoring
from commscore._random import key
from scores.slow import Slow, trimean, truncated

N_PERMS = 40
PLAIN = [m.name for m in scoring.available().values() if isinstance(m, scoring.Score) and not m.standardised]
PAIRS = [("G0", "G1"), ("G2_G3", "G4"), ("G5", "G6_G7_G8"), ("G9_G10", "G9_G11"), ("G0", "G0")]


@pytest.fixture
def resource():
    return pd.DataFrame(PAIRS, columns=["ligand", "receptor"])


def problem(adata, scheme):
    names = list(adata.obs["cell_type"].astype(str))
    number = reference.number_groups(names)
    labels = np.array([number[n] for n in names])
    x = adata.X.toarray().astype(float)
    return x, number, labels, reference.labellings(labels, N_PERMS, key(3), scheme)


def columns_of(adata, entity):
    return [list(adata.var_names).index(g) for g in entity.split("_")]


def run(adata, resource, **kwargs):
    return cs.tl.score(adata, "cell_type", resource=resource, n_perms=N_PERMS, rng=3, inplace=False, **kwargs).table


def brute(adata, table, method, *, scheme, rule):
    """Observed scores and p-values of the rows of ``table``."""
    x, number, labels, permuted = problem(adata, scheme)
    used = x[:, sorted({i for pair in PAIRS for e in pair for i in columns_of(adata, e)})]
    every = [Slow(x, lab, rule=rule, highest=used.max()) for lab in (labels, *permuted)]
    rows = []
    for row in table.itertuples():
        args = columns_of(adata, row.ligand_complex), columns_of(adata, row.receptor_complex)
        values = [s.score(method, *args, source=number[row.source], target=number[row.target]) for s in every]
        observed, null = values[0], np.array(values[1:])
        rows.append((observed, (1 + (null >= observed - 1e-9 * max(1, abs(observed))).sum()) / (N_PERMS + 1)))
    return np.array(rows).T


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
@pytest.mark.parametrize("method", PLAIN)
def test_equals_brute_force(small, resource, method, scheme):
    table = run(small, resource, method=method, scheme=scheme)
    assert len(table) > 40
    observed, pvalue = brute(small, table, method, scheme=scheme, rule="min")
    np.testing.assert_allclose(table["score"], observed, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(table["pvalue_raw"], pvalue, rtol=1e-12)
    assert table["pvalue_raw"].nunique() > 3


@pytest.mark.parametrize("rule", ["geometric", "mean"])
@pytest.mark.parametrize("method", PLAIN)
def test_rules_of_complexes(small, resource, method, rule):
    table = run(small, resource, method=method, complex=rule)
    observed, pvalue = brute(small, table, method, scheme="rotation", rule=rule)
    np.testing.assert_allclose(table["score"], observed, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(table["pvalue_raw"], pvalue, rtol=1e-12)


def test_zscore_is_the_distance_from_the_permuted_mean(small, resource):
    table = run(small, resource, method="zscore")
    x, number, labels, permuted = problem(small, "rotation")
    for row in table.itertuples():
        args = columns_of(small, row.ligand_complex), columns_of(small, row.receptor_complex)
        where = {"source": number[row.source], "target": number[row.target]}
        null = np.array([Slow(x, p).score("mean", *args, **where) for p in permuted])
        observed = Slow(x, labels).score("mean", *args, **where)
        assert row.score == pytest.approx((observed - null.mean()) / null.std(ddof=1), rel=1e-6)
    np.testing.assert_array_equal(table["pvalue_raw"], run(small, resource, method="mean")["pvalue_raw"])


def test_zscore_of_another_score(small, resource):
    table = run(small, resource, method=["geometric", cs.tl.method("zscore", of="geometric")])
    np.testing.assert_array_equal(table["pvalue_raw_zscore"], table["pvalue_raw_geometric"])
    assert np.corrcoef(table["score_zscore"], -table["pvalue_raw_geometric"])[0, 1] > 0.8


@pytest.mark.parametrize("trim", [0.0, 0.1, 0.25, 0.5])
def test_truncated_mean(small, resource, trim):
    table = run(small, resource, method=cs.tl.method("hill", trim=trim, scale=1.0))
    x, number, labels, permuted = problem(small, "rotation")
    for row in table.itertuples():
        args = columns_of(small, row.ligand_complex), columns_of(small, row.receptor_complex)
        both = []
        for lab in (labels, *permuted):
            slow = Slow(x, lab)
            lr = slow.robust(args[0], number[row.source], trim=trim) * slow.robust(
                args[1], number[row.target], trim=trim
            )
            both.append(lr / (0.5 + lr))
        assert row.score == pytest.approx(both[0], rel=1e-6, abs=1e-9)
        assert row.pvalue_raw == pytest.approx((1 + sum(b >= both[0] - 1e-9 for b in both[1:])) / (N_PERMS + 1))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 12, 31])
def test_weights_of_ranks(n):
    from commscore.core.scoring.problem import rank_weights

    rng = np.random.default_rng(n)
    x = np.where(rng.random(n) < 0.5, rng.random(n), 0.0)
    falling = np.sort(x)[::-1]
    assert rank_weights(scoring.TRIMEAN, np.array([n])) @ falling == pytest.approx(trimean(x), abs=1e-14)
    for trim in (0.0, 0.1, 0.2, 0.4, 0.5):
        weights = rank_weights(scoring.truncated(trim), np.array([n]))
        assert weights @ falling == pytest.approx(truncated(x, trim), abs=1e-14)


@pytest.mark.parametrize("scheme", ["rotation", "ring", "independent"])
def test_threads_and_blocks_change_no_byte(small, resource, scheme):
    tables = [
        cs.tl.score(small, "cell_type", resource=resource, method=[*PLAIN, "zscore"], n_perms=300, scheme=scheme,
                    n_jobs=n_jobs, memory=memory, inplace=False).table
        for n_jobs, memory in ((1, 2**28), (2, 2**28), (1, 1), (2, 400_000))
    ]  # fmt: skip
    for table in tables[1:]:
        for column in [c for c in table if c.startswith(("score_", "pvalue_")) and c != "score_zscore"]:
            assert table[column].to_numpy().tobytes() == tables[0][column].to_numpy().tobytes(), column
        np.testing.assert_allclose(table["score_zscore"], tables[0]["score_zscore"], rtol=1e-9, atol=1e-12)


def test_one_pass_and_one_set_of_permutations_for_several_methods(small, resource, monkeypatch):
    from commscore.core.permute import schemes

    drawn = []
    original = schemes.make
    monkeypatch.setattr(schemes, "make", lambda *a, **k: drawn.append(1) or original(*a, **k))
    several = run(small, resource, method=[*PLAIN, "zscore"])
    assert drawn == [1]
    for method in [*PLAIN, "zscore"]:
        alone = run(small, resource, method=method)
        np.testing.assert_array_equal(several[f"pvalue_{method}"], alone["pvalue"])
        np.testing.assert_allclose(several[f"score_{method}"], alone["score"], rtol=1e-12, atol=1e-15)
