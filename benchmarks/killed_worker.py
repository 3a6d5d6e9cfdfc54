"""Score a zarr store on a cluster of two processes, and kill one of them on the way.

    python benchmarks/killed_worker.py --cells 1000000

The store is that of ``streaming.py``. One run is left alone; in the other a worker process gets SIGKILL after a third
of the time that the first run took. Both tables are compared, byte by byte.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
import threading
import time
import warnings

import streaming


def scored(path):
    """The table, and the seconds it took."""
    import commscore as cs

    table = cs.rs.from_table(streaming.pairs(), ligand="ligand", receptor="receptor", name="random pairs")
    start = time.perf_counter()
    adata = streaming.opened(path, "dask")
    found = cs.tl.score(adata, "group", resource=table, null="analytic", inplace=False).table
    return found, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--keep", action="store_true", help="do not delete the store")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    from distributed import Client, LocalCluster

    path = streaming.store(options.cells)
    cluster_of = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    print(f"`python {shlex.join(sys.argv)}`\n")
    with LocalCluster(**cluster_of) as cluster, Client(cluster) as client:
        scored(streaming.store(streaming.TINY))  # loads and compiles
        whole, seconds = scored(path)
        victim, *_ = client.run(os.getpid).values()
        timer = threading.Timer(seconds / 3, os.kill, (victim, signal.SIGKILL))
        timer.start()
        found, longer = scored(path)
        timer.join()
        client.wait_for_workers(2, timeout=120)
        dead = victim not in client.run(os.getpid).values()
    print(f"{options.cells:,} cells, {len(whole):,} tests, two workers: {seconds:.1f} s; one killed: {longer:.1f} s; ")
    print(f"worker {victim} {'died' if dead else 'did not die'}; the same bytes: {found.equals(whole)}")
    if not options.keep:
        shutil.rmtree(path)


if __name__ == "__main__":
    main()
