"""Ranges of work in threads: kernels release the GIL, results go to disjoint places."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def resolve(n_jobs: int | None) -> int:
    """Return the number of threads: ``n_jobs``, or what Numba is set to use (``NUMBA_NUM_THREADS``).

    Negative numbers count from all cores, as in joblib: -1 is all of them, -2 all but one.
    """
    if n_jobs is None:
        import numba

        return int(numba.get_num_threads())
    if n_jobs < 0:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return max(1, cores + 1 + int(n_jobs))
    return int(n_jobs)


class Team:
    """Runs ``work(start, stop)`` over ranges; with one worker, in the caller's own thread."""

    def __init__(self, workers: int, pool: ThreadPoolExecutor | None) -> None:
        self.workers = workers
        self._pool = pool

    def run(self, work: Callable[[int, int], object], n: int, *, step: int | None = None) -> list[object]:
        """Call ``work`` on consecutive ranges that cover ``0 .. n`` and return its results in order."""
        if step is None:
            step = max(1, -(-n // (4 * self.workers)))
        ranges = [(i, min(n, i + step)) for i in range(0, n, step)]
        if self._pool is None:
            return [work(a, b) for a, b in ranges]
        tasks = [self._pool.submit(work, a, b) for a, b in ranges]
        try:
            return [t.result() for t in tasks]
        except BaseException:
            for t in tasks:
                t.cancel()
            raise


@contextmanager
def team(n_jobs: int | None) -> Iterator[Team]:
    """Give a :class:`Team` of ``n_jobs`` threads that ends with the block."""
    workers = resolve(n_jobs)
    if workers == 1:
        yield Team(1, None)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="commscore") as pool:
        yield Team(workers, pool)
