"""Whole calls of ``tl.score`` by null and scheme."""

from __future__ import annotations

import commscore as cs

from ._cohort import cohort, pairs

HOW = {
    "rotation": {"scheme": "rotation"},
    "ring": {"scheme": "ring"},
    "independent": {"scheme": "independent"},
    "analytic": {"null": "analytic"},
    "scores only": {"null": None},
}


class Score:
    params = (list(HOW), [10_000, 50_000])
    param_names = ("null", "cells")
    timeout = 300

    def setup(self, how, n_cells):
        self.adata, self.pairs, self.how = cohort(n_cells), pairs(), HOW[how]
        self._call()  # compile

    def _call(self):
        return cs.tl.score(self.adata, "group", resource=self.pairs, n_perms=1000, n_jobs=1, inplace=False, **self.how)

    def time_score(self, *_):
        self._call()

    def peakmem_score(self, *_):
        self._call()


class Permutations:
    params = ([100, 1000, 10_000],)
    param_names = ("permutations",)

    def setup(self, n_perms):
        self.adata, self.pairs = cohort(10_000), pairs()
        self.time_rotation(min(n_perms, 100))

    def time_rotation(self, n_perms):
        cs.tl.score(self.adata, "group", resource=self.pairs, n_perms=n_perms, n_jobs=1, inplace=False)
