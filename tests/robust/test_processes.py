"""Other processes: what travels to them, many threads in each of them, and a cache that two fill at once."""

from __future__ import annotations

import copy
import functools
import hashlib
import http.server
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import commscore as cs

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
import sys, commscore as cs
from commscore.ds import _registry
registry = _registry.parse(open(sys.argv[1]).read())
_registry.datasets = lambda: registry
try:
    print(cs.ds.path("toy_cells", cache_dir=sys.argv[2]).name)
except OSError as error:
    print("OSError", error, file=sys.stderr)
    sys.exit(3)
"""
SMALL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
"""


@pytest.fixture
def served(tmp_path):
    """A data set of 60 kB served on this machine: (text of a registry, bytes, folder for a cache)."""
    folder = tmp_path / "served"
    folder.mkdir()
    counts = sparse.csr_matrix(np.random.default_rng(0).integers(0, 9, (50, 400)).astype(np.float32))
    ad.AnnData(counts).write_h5ad(folder / "toy_cells.h5ad")
    content = (folder / "toy_cells.h5ad").read_bytes()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        registry = tmp_path / "registry.toml"
        registry.write_text(
            f'[toy_cells]\nfile = "toy_cells.h5ad"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\nn_obs = 50\n'
            'n_vars = 400\ntitle = "Toy"\naccession = "GSE0"\ndoi = ""\nlicence = "CC0"\nconditions = ["stage"]\n'
            'sample = "sample"\npatient = ""\ngood_for = "tests"\noriginal = "https://example.org/toy"\n'
            f'made = "by hand"\nurl = "http://127.0.0.1:{server.server_port}/toy_cells.h5ad"\n'
        )
        yield registry, content, tmp_path / "cache"
        server.shutdown()
        thread.join()


def start(code, *arguments):
    env = {k: v for k, v in os.environ.items() if k != "COMMSCORE_DATA"} | {"NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_fill_the_cache_at_once(served):
    registry, content, cache = served
    both = [start(FETCH, registry, cache) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.strip()) == (0, "toy_cells.h5ad"), err
    assert [p.read_bytes() for p in cache.iterdir()] == [content]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_keeps_nothing_and_says_so(served):
    registry, content, cache = served
    limit = f"{SMALL_DISK}\nresource.setrlimit(resource.RLIMIT_FSIZE, ({len(content) // 2},) * 2)\n"
    process = start(limit + FETCH, registry, cache)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    assert "could not download 'toy_cells'" in err
    assert "File too large" in err
    assert [p.name for p in cache.iterdir()] == []
