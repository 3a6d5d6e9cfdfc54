"""Other processes: what travels to them, many threads in each of them, and a cache that two fill at once."""

from __future__ import annotations

import copy
import functools
import hashlib
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs
from serving import serving

pytestmark = pytest.mark.slow

PAIRS = pd.DataFrame({"ligand": ["A", "A_B", "C"], "receptor": ["C", "D", "E_F"]})


def scored(n_jobs, resource=PAIRS):
    rng = np.random.default_rng(0)
    x = np.where(rng.random((40, 6)) < 0.6, rng.random((40, 6)) * 3, 0).astype(np.float32)
    obs = pd.DataFrame({"g": list("abab" * 10)}, index=[str(i) for i in range(40)])
    a = ad.AnnData(sparse.csr_matrix(x), obs=obs, var=pd.DataFrame(index=list("ABCDEF")))
    return cs.tl.score(a, "g", resource=resource, n_perms=21, n_jobs=n_jobs, inplace=False)


def same(one, other):
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.untested, other.untested)
    assert one.resource == other.resource
    assert one.schema == other.schema
    assert one.params.keys() == other.params.keys()


def copies(thing):
    return pickle.loads(pickle.dumps(thing)), copy.deepcopy(thing), copy.copy(thing)  # noqa: S301 - our own


def test_results_and_resources_travel():
    result, resource = scored(1), cs.rs.from_table(PAIRS)
    for back in copies(result):
        same(back, result)
    for back in copies(resource):
        assert back.sha256 == resource.sha256
        pd.testing.assert_frame_equal(back.interactions, resource.interactions)
        with pytest.raises(TypeError):
            back._tables["interactions"] = None
        same(scored(1, back), scored(1, resource))


@pytest.mark.parametrize("name", list(cs.tl.methods()["method"]))
def test_methods_travel(name):
    method = cs.tl.method(name)
    for back in copies(method):
        assert type(back) is type(method)
        assert (back.name, dict(back.parameters)) == (name, dict(method.parameters))
    if name == "hill":
        assert copies(cs.tl.method("hill", K=0.3))[0].parameters["K"] == 0.3


def test_more_threads_than_cores_in_more_processes_than_cores():
    resource = cs.rs.from_table(PAIRS)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(functools.partial(scored, resource=resource), [16, -1, 4], timeout=120))
    for one in found:
        same(one, scored(2, resource))


FETCH = """
import sys, types, anndata as ad, commscore as cs
from commscore.ds import _registry
registry = _registry.parse(open(sys.argv[1]).read())
_registry.datasets = lambda: registry
recipe = types.ModuleType("commscore.ds.recipes.toy_cells")
recipe.build = lambda files: ad.read_h5ad(files["toy.h5ad"])
sys.modules[recipe.__name__] = recipe
print(cs.ds.path("toy_cells", cache_dir=sys.argv[2]).name)
"""


@pytest.fixture
def served(tmp_path):
    """A data set of 60 kB served on this machine: (text of a registry, AnnData, folder for a cache)."""
    folder = tmp_path / "served"
    folder.mkdir()
    counts = sparse.csr_matrix(np.random.default_rng(0).integers(0, 9, (50, 400)).astype(np.float32))
    adata = ad.AnnData(counts, obs=pd.DataFrame({"cell_type": "T", "sample": "s"}, index=map(str, range(50))))
    adata.write_h5ad(folder / "toy.h5ad")
    content = (folder / "toy.h5ad").read_bytes()
    registry = tmp_path / "registry.toml"
    with serving(folder) as server:
        registry.write_text(
            '[toy_cells]\nn_obs = 50\nn_vars = 400\ntitle = "Toy"\naccession = "GSE0"\ndoi = ""\nlicence = "CC0"\n'
            'conditions = []\nsample = "sample"\npatient = ""\ngood_for = "tests"\n'
            'original = "https://example.org/toy"\nmade = "by hand"\n[[toy_cells.files]]\n'
            f'url = "{server.address}/toy.h5ad"\nn_bytes = {len(content)}\n'
            f'sha256 = "{hashlib.sha256(content).hexdigest()}"\n'
        )
        yield registry, adata, tmp_path / "cache"


def start(code, *arguments):
    without = ("COMMSCORE_DATA", "COMMSCORE_MIRROR")
    env = {k: v for k, v in os.environ.items() if k not in without} | {"NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_fill_the_cache_at_once(served):
    registry, adata, cache = served
    both = [start(FETCH, registry, cache) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.strip()) == (0, "toy_cells.h5ad"), err
    assert sorted(p.name for p in cache.iterdir()) == ["originals", "toy_cells.h5ad"]
    assert (ad.read_h5ad(cache / "toy_cells.h5ad").X != adata.X).nnz == 0
