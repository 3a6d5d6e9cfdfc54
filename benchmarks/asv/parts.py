"""Stages of a call, and loading the package."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from commscore.arrays import Groups
from commscore.core.read.matrix import gene_major
from commscore.core.read.totals import group_totals
from commscore.core.threads import Team

from ._cohort import N_GROUPS, cohort


class Layout:
    params = (["csr", "csc", "dense"],)
    param_names = ("matrix",)

    def setup(self, kind):
        adata = cohort(50_000)
        self.matrix = {"csr": adata.X.tocsr, "csc": adata.X.tocsc, "dense": adata.X.toarray}[kind]()
        self.cells, self.genes, self.team = np.arange(adata.n_obs), np.arange(adata.n_vars), Team(1, None)
        self.groups = Groups.of(adata.obs["group"].cat.codes.to_numpy().astype(np.int64), N_GROUPS)
        self.columns = self._columns()

    def _columns(self):
        return gene_major(self.matrix, cells=self.cells, columns=self.genes, team=self.team)

    def time_gene_major(self, _):
        self._columns()

    def peakmem_gene_major(self, _):
        self._columns()

    def time_group_totals(self, _):
        group_totals(self.columns, self.groups, self.team)


class Import:
    def time_import(self):
        subprocess.run([sys.executable, "-c", "import commscore as cs; cs.tl, cs.rs, cs.get"], check=True)
