"""Any calls one after the other, with any options, containers and names: the laws that hold after each of them.

A call gives a result or one clear error of ours; the same call gives the same result; nothing of the caller's object
changes but what is stored under its key; what is stored is the same after it was written and read.
"""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from scipy import sparse

import commscore as cs
from robust.refusal import attempt

GENES = (
    "CSF1",
    "CSF1R",
    "CDH1",
    "TGFB1",
    "TGFBR1",
    "TGFBR2",
    "IL6",
    "IL6R",
    "IL6ST",
    "CXCL12",
    "CXCR4",
    "CD274",
    "PDCD1",
)
PAIRS = pd.DataFrame(
    {
        "ligand": ["CSF1", "CDH1", "TGFB1", "IL6", "CXCL12", "CD274"],
        "receptor": ["CSF1R", "CDH1", "TGFBR1_TGFBR2", "IL6R_IL6ST", "CXCR4", "PDCD1"],
    }
)
NAMES = (
    ("tumour", "CAF", "macrophage"),
    ("T cell/NK", "a→b", "ß 细胞"),
    ("1", "10", "2"),
    ("group_1", "NaN", "x" * 60),
)
KEYS = {"condition_key": "condition", "sample_key": "sample"}
FORMS = (sparse.csr_matrix, sparse.csc_matrix, np.asarray)
SEEDS = st.integers(0, 3)
OUTCOMES: Counter[tuple[str, str]] = Counter()


def cohort(names, seed):
    """Counts of six samples in two conditions, log-normalised in X; a quarter of the genes is often zero."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 26, (6, len(names)))
    sizes[:, 0] += 10
    at = np.repeat(np.arange(sizes.size), sizes.ravel())
    sample, group = np.divmod(at, len(names))
    genes = [*GENES, *(f"G{i}" for i in range(27))]
    level = rng.gamma(1.0, 1.5, (len(names), len(genes)))[group] * rng.gamma(20, 0.05, (6, len(genes)))[sample]
    counts = rng.poisson(level)
    x = np.log1p(1e3 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    obs = pd.DataFrame(
        {
            "group": pd.Categorical(np.asarray(names, object)[group]),
            "sample": np.char.add("s", sample.astype(str)),
            "condition": np.where(sample < 3, "before", "after"),
        },
        index=[f"c{i}" for i in range(at.size)],
    )
    made = ad.AnnData(sparse.csr_matrix(x.astype(np.float32)), obs=obs, var=pd.DataFrame(index=genes))
    made.layers["counts"] = sparse.csr_matrix(counts.astype(np.float32))
    return made


def digest(x):
    """Hash of a matrix, whatever holds it."""
    dense = x.toarray() if sparse.issparse(x) else np.asarray(x)
    return hashlib.sha256(np.ascontiguousarray(dense).tobytes()).hexdigest()


def plain(value):
    """Return parameters without the types that files do not keep."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in sorted(value.items())}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(v) for v in np.asarray(value, object).ravel()]
    return repr(value.item() if isinstance(value, np.generic) else value)


def belongings(adata, but):
    """Everything of the object but what lies under this key."""
    tables = {key: cs.get.load(adata, key) for key in adata.uns if key != but}
    return (
        digest(adata.X),
        {name: digest(layer) for name, layer in adata.layers.items()},
        adata.obs.to_csv(),
        adata.var.to_csv(),
        {key: (result.table.to_csv(), plain(result.params)) for key, result in tables.items()},
    )


class Session(RuleBasedStateMachine):
    """One object and what a user does with it."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.written = 0

    def teardown(self):
        self.folder.cleanup()

    @initialize(names=st.sampled_from(NAMES), seed=SEEDS, form=st.sampled_from(FORMS))
    def begin(self, names, seed, form):
        """Most sessions begin with these two, and other tools start from them."""
        self.adata = cohort(names, seed)
        self.adata.X = form(self.adata.X.toarray())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cs.tl.score(self.adata, "group", resource=PAIRS, n_perms=9, min_cells=1)
            cs.tl.compare(self.adata, "group", resource=PAIRS, reference="before", min_cells=1, **KEYS)

    @property
    def roles(self):
        """The first group is the tumour, the second one are fibroblasts."""
        tumour, caf, *_ = self.adata.obs["group"].cat.categories
        return {"tumour": tumour, "caf": caf}

    def call(self, tool, key, *args, **options):
        """Call twice, stored and returned."""
        note(f"{tool.__name__}({', '.join(map(str, args))}, **{options})")
        before, whole = belongings(self.adata, key), belongings(self.adata, None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            returned = attempt(lambda: tool(self.adata, *args, **options, key_added=key, inplace=False))
            assert belongings(self.adata, None) == whole
            previous = dict(self.adata.uns)
            stored = attempt(lambda: tool(self.adata, *args, **options, key_added=key) or True)
        assert belongings(self.adata, key) == before
        assert (returned is None) == (stored is None)
        OUTCOMES[tool.__name__, "refused" if stored is None else "done"] += 1
        if stored is None:
            assert dict(self.adata.uns).keys() == previous.keys()  # nothing half done
            return
        pd.testing.assert_frame_equal(returned.table, cs.get.load(self.adata, key).table)

    @rule(
        method=st.sampled_from(["mean", "product", "specificity", "hill", "consensus", ["mean", "logfc"]]),
        null=st.sampled_from(["permutation", "auto", "analytic", None]),
        scheme=st.sampled_from(["rotation", "ring", "independent"]),
        sample_key=st.sampled_from([None, "sample", "condition"]),
        complex=st.sampled_from(["min", "mean", "geometric"]),
        expr_prop=st.sampled_from([0.0, 0.1, 0.9, 1.0]),
        min_cells=st.sampled_from([1, 1, 5, 10_000]),
        layer=st.sampled_from([None, None, None, "counts", "nothing"]),
        seed=SEEDS,
    )
    def score(self, seed, **options):
        self.call(cs.tl.score, "commscore", "group", resource=PAIRS, n_perms=19, rng=seed, **options)

    @rule(
        reference=st.sampled_from(["before", "before", "after", "never"]),
        test=st.sampled_from(["auto", "samples", "permutation", "cells"]),
        combine=st.sampled_from(["acat", "fisher", "acat4"]),
        normalization=st.sampled_from(["tmm", "library"]),
        min_cells=st.sampled_from([1, 1, 10, 500]),
        margin=st.sampled_from([0.1, 0.5]),
        seed=SEEDS,
    )
    def compare(self, seed, **options):
        self.call(cs.tl.compare, "commscore_compare", "group", resource=PAIRS, n_perms=19, rng=seed, **KEYS, **options)

    @rule(samples=st.booleans(), compared=st.booleans(), min_cells=st.sampled_from([1, 1, 10]), seed=SEEDS)
    def circuits(self, samples, compared, min_cells, seed):
        keys = KEYS | {"reference": "before"} if compared else {"sample_key": "sample"} if samples else {}
        options = {"n_perms": 9, "min_cells": min_cells, "rng": seed, "roles": self.roles}
        self.call(cs.tl.circuits, "commscore_circuits", "group", **options, **keys)

    @precondition(lambda self: "commscore" in self.adata.uns)
    @rule(max_padj=st.sampled_from([None, 0.05, 1.0]))
    def therapies(self, max_padj):
        self.call(cs.tl.therapies, "commscore_therapies", max_padj=max_padj, roles=self.roles)

    @precondition(lambda self: "commscore" in self.adata.uns)
    @rule(max_padj=st.sampled_from([None, None, 0.5]), seed=SEEDS)
    def recessive(self, max_padj, seed):
        self.call(cs.tl.recessive, "commscore_recessive", max_padj=max_padj, n_boot=3, rng=seed)

    @rule(keys=st.sampled_from([KEYS | {"reference": "before"}, {"sample_key": "sample"}, {"sample_key": "group"}]))
    def balance(self, keys):
        self.call(cs.tl.balance, "commscore_balance", "group", min_cells=1, roles=self.roles, **keys)

    @precondition(lambda self: "commscore_compare" in self.adata.uns)
    @rule()
    def leave_one_out(self):
        self.call(cs.tl.leave_one_out, "commscore_influence", resource=PAIRS)

    @rule(form=st.sampled_from(FORMS))
    def hold_it_otherwise(self, form):
        """Another container of the same values: results stay, and later ones do not depend on it."""
        x = self.adata.X
        self.adata.X = form(x.toarray() if sparse.issparse(x) else x)

    @rule(suffix=st.sampled_from([".h5ad", ".zarr"]))
    def write_and_read(self, suffix):
        self.written += 1
        path = Path(self.folder.name) / f"{self.written}{suffix}"
        before = belongings(self.adata, None)
        if suffix == ".h5ad":
            self.adata.write_h5ad(path)
            self.adata = ad.read_h5ad(path)
        else:
            self.adata.write_zarr(path)
            self.adata = ad.read_zarr(path)
        assert belongings(self.adata, None) == before

    @rule(names=st.sampled_from(NAMES))
    def rename_groups(self, names):
        """Stored results keep the names that they were made with."""
        categories = self.adata.obs["group"].cat.categories
        if len(categories) == len(names):
            self.adata.obs["group"] = self.adata.obs["group"].cat.rename_categories(list(names))

    @invariant()
    def every_table_can_be_read(self):
        if not hasattr(self, "adata"):
            return
        for key in self.adata.uns:
            table = cs.get.table(self.adata, key)
            assert len(table) == len(self.adata.uns[key]["table"])
            p = [c for c in table.columns if str(c).startswith(("pvalue", "padj"))]
            values = table[p].to_numpy(np.float64)
            assert ((values >= 0) & (values <= 1) | np.isnan(values)).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_any_session_keeps_the_laws():
    OUTCOMES.clear()
    run_state_machine_as_test(
        Session,
        settings=settings(
            max_examples=20, stateful_step_count=6, deadline=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    results = {name for name, outcome in OUTCOMES if outcome == "done"}
    assert len(results) >= 5, OUTCOMES  # not all is refused, and most tools came up
    assert sum(n for (_, outcome), n in OUTCOMES.items() if outcome == "refused") >= 5
