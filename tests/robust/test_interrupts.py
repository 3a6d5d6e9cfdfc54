"""Ctrl-C at any moment of any tool leaves the data as they were; a result is stored whole or not at all."""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path

import pytest

import commscore as cs
from robust.calls import CONTEXTS, World
from robust.test_arguments import fingerprint

SOURCE = str(Path(cs.__file__).parent)
POINTS = 9
KEYS = {"condition_key": "condition", "sample_key": "sample", "min_cells": 5}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


def tools(w):
    a, of = w.adata, {"groupby": "cell_type", "key_added": "new"}
    return {
        "score": lambda: cs.tl.score(a, n_perms=30, memory=1, n_jobs=2, resource=w.table, **of),
        "compare": lambda: cs.tl.compare(a, resource=w.table, **KEYS, **of),
        "compare cells": lambda: cs.tl.compare(
            a, condition_key="condition", resource=w.table, test="cells", n_perms=30, **of
        ),
        "circuits": lambda: cs.tl.circuits(a, n_perms=20, memory=1, **KEYS, **of),
        "response": lambda: cs.tl.response(a, net=w.targets, **KEYS, **of),
        "balance": lambda: cs.tl.balance(a, **KEYS, **of),
        "expectations": lambda: cs.tl.expectations(a, contexts=CONTEXTS, **KEYS, **of),
        "loops": lambda: cs.tl.loops(a, net=w.net, max_padj=None, n_perms=5, key_added="new"),
        "recessive": lambda: cs.tl.recessive(a, max_padj=None, n_boot=5, key_added="new"),
        "therapies": lambda: cs.tl.therapies(a, key_added="new"),
        "calibrate": lambda: cs.tl.calibrate(a, n_shuffles=3),
    }


NAMES = ["score", "compare", "compare cells", "circuits", "response", "balance", "expectations", "loops", "recessive",
         "therapies", "calibrate"]  # fmt: skip


class At:
    """Counts the calls of functions of the package and interrupts at one of them, as a signal would."""

    def __init__(self, at: int | None = None) -> None:
        self.n, self.at = 0, at

    def __call__(self, frame, event, arg):
        code = frame.f_code
        # Python drops what is raised while a generator that nobody asks any more is closed
        if event == "call" and code.co_filename.startswith(SOURCE) and not code.co_flags & inspect.CO_GENERATOR:
            self.n += 1
            if self.n == self.at:
                sys.setprofile(None)
                raise KeyboardInterrupt

    def run(self, call):
        sys.setprofile(self)
        try:
            call()
        finally:
            sys.setprofile(None)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_interrupted_anywhere(world, name):
    call = tools(world)[name]
    world.adata.uns.pop("new", None)
    before = fingerprint(world.adata)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = At()
        whole.run(call)
        stored = world.adata.uns.pop("new", {"table": 0})
        assert fingerprint(world.adata) == before
        for i in range(POINTS):
            with pytest.raises(KeyboardInterrupt):
                At(1 + (whole.n * 9 // 10) * i // (POINTS - 1)).run(call)
            left = world.adata.uns.pop("new", None)
            assert left is None or left.keys() == stored.keys()  # whole, if it was stored at all
            assert fingerprint(world.adata) == before
        call()  # nothing is left that would hinder the next call
    world.adata.uns.pop("new", None)
