"""The same bytes without compilation, under any threading layer, in process pools, after forks and interrupts."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

import pytest

import commscore as cs

CODE = """
import hashlib, numpy as np, pandas as pd, anndata as ad
from scipy import sparse
import commscore as cs

def digest(n_jobs=2):
    rng = np.random.default_rng(0)
    x = np.where(rng.random((40, 6)) < 0.6, rng.random((40, 6)) * 3, 0).astype(np.float32)
    obs = pd.DataFrame({"g": list("abab" * 10)}, index=[str(i) for i in range(40)])
    a = ad.AnnData(sparse.csr_matrix(x), obs=obs, var=pd.DataFrame(index=list("ABCDEF")))
    pairs = pd.DataFrame({"ligand": ["A", "A_B", "C"], "receptor": ["C", "D", "E_F"]})
    parts = []
    for scheme in ("rotation", "ring", "independent"):
        for null in ("permutation", "analytic"):
            table = cs.tl.score(a, "g", resource=pairs, n_perms=21, method=["mean", "product"], scheme=scheme,
                                null=null, n_jobs=n_jobs, inplace=False).table
            parts.append(np.round(table.select_dtypes("number").to_numpy(), 12))
    return hashlib.sha256(np.stack(parts).tobytes()).hexdigest()
"""
namespace: dict[str, object] = {}
exec(CODE, namespace)  # noqa: S102 - the same text runs in other processes
digest = namespace["digest"]


def elsewhere(**env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{CODE}\nprint(digest())"],
        capture_output=True, text=True, check=False, env=os.environ | env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "env",
    [{"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_THREADING_LAYER": "workqueue"}, {"NUMBA_THREADING_LAYER": "omp"}],
    ids=lambda e: "=".join(*e.items()),
)
def test_same_numbers_under_other_numba_settings(env):
    assert elsewhere(**env) == digest()


def _work(queue, n_jobs):
    queue.put(digest(n_jobs))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_same_numbers_in_forked_processes():
    expected = digest(2)  # threads have run before the fork
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    processes = [context.Process(target=_work, args=(queue, n)) for n in (1, 2, 2)]
    for p in processes:
        p.start()
    assert {queue.get(timeout=120) for _ in processes} == {expected}
    for p in processes:
        p.join(60)
        assert p.exitcode == 0


def test_interrupted_between_blocks_leaves_the_data_alone(small, interactions, monkeypatch):
    from commscore.core.scoring.counter import ExceedanceCounter

    calls = []

    def interrupt(self, block):
        calls.append(block)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ExceedanceCounter, "visit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cs.tl.score(small, "cell_type", resource=interactions, n_perms=200, memory=1, n_jobs=2)
    assert len(calls) == 2
    assert "commscore" not in small.uns
