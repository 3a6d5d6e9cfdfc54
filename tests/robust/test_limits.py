"""Limits of numbers stand at the parameter: they are what is accepted, and no second check disagrees."""

from __future__ import annotations

import math
import warnings

import pytest

import commscore as cs
from commscore.check import kinds_of
from robust.calls import World, calls
from robust.probes import limits_of, public
from robust.test_arguments import bound

PUBLIC = {label: function for label, function in public().items() if limits_of(function)}
WITHOUT = {
    ("ds.Shift", "log2fc"): "a change may have any size and sign (0 is no change, and refused as such)",
    ("ds.TissueEffect", "strength"): "an effect may have any size and sign (0 is none, and refused as such)",
    ("get.table", "min_score"): "every method has its own range of scores",
}
MOST_TRIED = 10_000
"""The greatest numbers of permutations and resamples are not tried: they would take days."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("limits"))


@pytest.fixture(scope="module")
def valid(world):
    return calls(world)


def edges(limits, *, whole):
    """Return (value, whether it lies within) on both sides of each limit, and what is left out between them."""
    step = 1 if whole else 1e-9
    yield (limits.low + step if limits.above else limits.low), True
    yield (limits.low if limits.above else limits.low - step), False
    if limits.but is not None:
        yield limits.but, False
    if limits.high != math.inf:
        yield limits.high, True
        yield limits.high + step, False


def numbers():
    for label, function in PUBLIC.items():
        for name, kinds in kinds_of(function).items():
            for kind in kinds:
                if kind.is_number and (label, name) not in WITHOUT:
                    yield label, name, kind


def test_every_number_has_limits():
    assert [f"{label}({name})" for label, name, kind in numbers() if kind.limits is None] == []
    assert all(limits_of(PUBLIC[label])[name] is None for label, name in WITHOUT)


@pytest.mark.parametrize("label", PUBLIC)
def test_the_last_value_within_is_accepted_and_the_next_one_refused(label, world, valid):
    function, tried = bound(label, world), 0
    for _, name, kind in (n for n in numbers() if n[0] == label):
        for value, within in edges(kind.limits, whole=kind.words == "an integer"):
            if value > MOST_TRIED and within:
                continue
            message = refusal(function, valid[label] | {name: value}, name)
            assert (message is None) is within, f"{name}={value}: {message}"
            tried += 1
    assert tried or label in {where for where, _ in WITHOUT}


def refusal(function, arguments, name):
    """Return the message with which a value is refused; data may well hold nothing for a value that is allowed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            function(**arguments)
        except ValueError as error:
            return str(error) if str(error).startswith(f"{name} must be") else None
    return None


def test_no_label_on_a_volcano(world):
    labelled = cs.pl.volcano(world.adata, top=3)
    plain = cs.pl.volcano(world.adata, top=0)
    assert len(plain.texts) < len(labelled.texts)


def test_no_name_in_a_plot_of_roles(world):
    named = cs.pl.roles(world.adata, max_padj=None)
    plain = cs.pl.roles(world.adata, max_padj=None, labels=0)
    groups = {"tumour", "CAF", "macrophage"}
    assert groups <= {t.get_text() for t in named.texts}
    assert groups.isdisjoint({t.get_text() for t in plain.texts})
    assert len(plain.collections[-1].get_offsets()) == 3  # the dots stay
