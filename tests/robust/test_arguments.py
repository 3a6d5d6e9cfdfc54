"""Every parameter of every public function gets bad values: one clear error of ours each, and nothing is changed.

A share of them is tried in every run, another one for each parameter; all of them where slow tests run.

What is bad follows from the annotation (all values of other types) and from the kind of the parameter (``probes.fine``:
what a value of the right type may be). A new function fails until it has a call in ``calls.py``, a new parameter is
tried at once.
"""

from __future__ import annotations

import itertools
import traceback
import warnings
import zlib
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import commscore as cs
from robust.calls import World, calls
from robust.probes import PATHS, PROBES, accepts, fine, hints_of, limits_of, parameters, public

SOURCE = Path(cs.__file__).parent
PUBLIC = public()
AT_LEAST = 16_500
SHARE = 8
"""One bad value in so many is tried where slow tests do not run."""
FINE = {
    # what is right by design although its kind says otherwise
    ("get.store", "key"): {"text", "long"},
    ("get.store", "adata"): {"AnnData"},
    ("get.to_liana", "sample"): {"slash"},
    ("get.to_liana", "sample_key"): {"text", "slash", "long"},
    ("tl.power", "n_samples"): {"[3]"},
    ("pl.network", "matrix"): {"True"},
    ("pl.shapes", "names"): {"0"},
    ("pl.roles", "names"): {"[text, text]"},
    **{("rs.from_table", f): {"text", "slash", "long"} for f in ("name", "species", "sep")},
    ("rs.from_liana", "name"): {"text", "slash", "long"},
    ("rs.from_cellchatdb", "species"): {"text", "slash", "long"},
    ("rs.from_liana", "select"): {"function", "type"},
    ("rs.Resource.match", "var_names"): {"[]", "[text]", "[text, text]", "{}", "{text: text}", "set"},
    ("rs.Resource.match", "genes"): {"[]", "[text]", "[text, text]", "{}", "{text: text}", "set"},
    ("ds.simulate", "conditions"): {"[text]"},
    ("ds.simulate", "groups"): {"[text]"},
    ("ds.simulate", "n_background"): {"0"},
    **{(f"ds.{c}", f): {"text", "slash", "long"} for c in ("Shift", "TissueEffect") for f in ("source", "target")},
    **{(f"ds.{c}", "condition"): {"text", "slash", "long"} for c in ("Shift", "TissueEffect")},
    **{(f"ds.{c}", "interaction"): {"[text, text]"} for c in ("Shift", "TissueEffect")},
    ("ds.TissueEffect", "strength"): {"-1", "3", "1.5", "-0.5", "2**70"},
    ("ds.simulate_tissue", "conditions"): {"[text]"},
    ("ds.simulate_tissue", "groups"): {"[text]"},
    ("ds.Shift", "log2fc"): {"-1", "3", "1.5", "-0.5", "2**70"},
    **{(f"ds.{f}", "cache_dir"): {"text", "slash", "long"} for f in ("list", "path", "fetch")},
}
ALSO = {
    ("tl.method", "name"): "method",
    ("report.write", "keys"): "key",
    ("tl.therapies", "circuits_key"): "key",
    ("pl.by_sample", "response_key"): "key",
    ("pl.influence", "influence_key"): "key",
}
"""Under which other word a message may speak of a parameter."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def valid(world):
    return calls(world)


def checksum(value):
    """Of the bytes of an array, sparse matrix, column, or table."""
    if hasattr(value, "indptr"):
        return tuple(zlib.crc32(np.ascontiguousarray(x)) for x in (value.data, value.indices, value.indptr))
    if isinstance(value, pd.DataFrame):
        return tuple(value.columns), zlib.crc32(pd.util.hash_pandas_object(value).to_numpy())
    return zlib.crc32(np.ascontiguousarray(value))


def fingerprint(adata):
    """What an AnnData holds: bytes of X and layers, obs, var, and what is in uns."""
    results = {k: (id(v), tuple(v) if hasattr(v, "keys") else ()) for k, v in adata.uns.items()}
    layers = {k: checksum(v) for k, v in adata.layers.items()}
    return checksum(adata.X), layers, checksum(adata.obs), checksum(adata.var), results, set(adata.obsm), adata.shape


def of_all(arguments):
    made = {}
    for name, value in arguments.items():
        if isinstance(value, ad.AnnData):
            made[name] = fingerprint(value)
        elif isinstance(value, pd.DataFrame) and len(value.columns):
            made[name] = checksum(value)
    return made


def tells(message, name, value):
    """Whether a message names the parameter and says what was found.

    Of a container of the right type that lacks something, it is enough to say what is missing where.
    """
    if isinstance(value, ad.AnnData):
        return name in message or "adata." in message or "column" in message
    if isinstance(value, pd.DataFrame):
        return name in message or "column" in message
    if isinstance(value, dict | list | np.ndarray | set):
        return name in message
    if isinstance(value, str) and name in PATHS:
        return repr(value) in message or str(value) in message
    found = {type(value).__name__, repr(value), str(value), repr(str(value))}
    if isinstance(value, str):
        found |= {repr(value)[:40], value[:40]}
    return name in message and any(f in message for f in found if f)


def problem_of(label, function, arguments, name, value, before):
    """Return what is wrong with the answer to one bad value, or None."""
    allowed = (TypeError, ValueError, KeyError, *((OSError,) if name in PATHS else (FileNotFoundError,)))
    try:
        function(**(arguments | {name: value}))
    except allowed as error:
        message = str(error.args[0]) if error.args else str(error)
        last = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
        if SOURCE not in last.parents:
            return f"raw {type(error).__name__} from {last.name}: {message[:150]}"
        if not any(tells(message, word, value) for word in (name, ALSO.get((label, name), name))):
            return f"unclear {type(error).__name__}: {message[:150]}"
        if len(message) > 1500 + 2 * len(str(value)):
            return f"message of {len(message)} characters: {message[:100]}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} from {last.filename}:{last.lineno}: {str(error)[:150]}"
    else:
        return "accepted"
    after = of_all(arguments)
    return None if after == before else f"changed {[k for k in before if before[k] != after.get(k)]}"


def bad_values(label, function):
    """Return (function, parameter, label of the probe, value) of everything that must be refused."""
    hints, limits = hints_of(function), limits_of(function)
    for name, parameter in parameters(function).items():
        assert name in hints, f"{label}({name}) has no annotation"
        may = fine(name, parameter, hints[name], limits=limits) | FINE.get((label, name), set())
        for probe, value in PROBES.items():
            if not accepts(hints[name], value, name) or probe not in may:
                yield label, name, probe, value


def bound(label, world):
    """Return a function, or the method of something that has it."""
    things = {"rs.Resource": cs.rs.load(), "get.Result": cs.get.load(world.adata)}
    thing, _, name = label.rpartition(".")
    return getattr(things[thing], name) if thing in things else PUBLIC[label]


def sample(values):
    """Keep one in ``SHARE`` bad values of every parameter, at least one, and not the same probes of each."""
    for (label, name), group in itertools.groupby(values, key=lambda v: v[:2]):
        every = list(group)
        yield from every[zlib.crc32(f"{label}.{name}".encode()) % min(SHARE, len(every)) :: SHARE]


def problems_of(values, world, valid):
    """Try bad values of one function; return what is wrong with the answers."""
    label = values[0][0]
    function, arguments = bound(label, world), valid[label]
    before, results = of_all(arguments), checksum_of_results(world.adata)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a call that warns and then refuses is fine
        found = {
            f"{name}={probe}": problem_of(label, function, arguments, name, value, before)
            for _, name, probe, value in values
        }
    assert checksum_of_results(world.adata) == results
    return [f"{what}: {problem}" for what, problem in found.items() if problem]


def test_a_share_of_bad_values_ends_in_one_clear_error(world, valid):
    new = sorted(set(PUBLIC) - set(valid))
    assert not new, f"{', '.join(new)}: give a call that works in tests/robust/calls.py"
    problems = []
    for label, function in PUBLIC.items():
        values = list(sample(bad_values(label, function)))
        problems += [f"{label} {p}" for p in problems_of(values, world, valid)] if values else []
    assert not problems, "\n".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("label", PUBLIC)
def test_bad_values_end_in_one_clear_error(label, world, valid):
    values = list(bad_values(label, PUBLIC[label]))
    problems = problems_of(values, world, valid) if values else []
    assert not problems, f"{len(problems)} of {len(values)}:\n" + "\n".join(problems)


def checksum_of_results(adata):
    return {k: checksum(v["table"]) for k, v in adata.uns.items() if k.startswith("commscore")}


@pytest.mark.parametrize("label", PUBLIC)
def test_the_call_that_is_spoilt_works(label, world, valid):
    if label in ("ds.fetch", "ds.path", "rs.from_liana"):
        pytest.skip("needs files that are not here")
    function = bound(label, world)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function(**valid[label])


def test_enough_is_tried():
    every = [v for label, function in PUBLIC.items() for v in bad_values(label, function)]
    some = list(sample(every))
    assert len(every) >= AT_LEAST
    assert len(some) >= AT_LEAST // SHARE
    assert {v[:2] for v in some} == {v[:2] for v in every}  # no parameter is left out
    assert {probe for *_, probe, _ in some} == set(PROBES)  # and no kind of bad value
