"""What everything stands on: seeds, checks at the edge, declared tables."""

from __future__ import annotations

import numpy as np
import pytest

from commscore import _random, _validate, tables
from commscore.get._store import check_key
from commscore.tables.score import SCORE


def test_a_seed_is_one_key_and_other_seeds_are_others():
    keys = [_random.key(seed) for seed in range(200)]
    assert keys == [_random.key(seed) for seed in range(200)]
    assert len(set(keys)) == 200
    assert all(0 <= k < 2**64 for k in keys)
    assert _random.key(np.int64(3)) == _random.key(3) == _random.key(np.random.SeedSequence(3))


def test_a_generator_advances_by_one_draw():
    rng, other = np.random.default_rng(1), np.random.default_rng(1)
    first, second = _random.key(rng), _random.key(rng)
    assert first != second
    assert [int(other.integers(0, 2**64, dtype=np.uint64)) for _ in range(2)] == [first, second]


@pytest.mark.parametrize("bad", [-1, 1.5, True, None, "0", np.float64(2)])
def test_no_seed(bad):
    with pytest.raises(TypeError, match="rng must be a non-negative integer"):
        _random.key(bad)


def test_integers_are_recorded_as_given_and_others_as_their_key():
    assert _random.recorded(7, 99) == 7
    assert _random.recorded(np.random.default_rng(0), 99) == "99"


@pytest.mark.parametrize(("found", "error"), [("3", TypeError), (True, TypeError), (2.5, TypeError), (0, ValueError)])
def test_range_of_integers(found, error):
    with pytest.raises(error, match="n must be an integer >= 1, found"):
        _validate.in_range("n", found, low=1, integer=True)


def test_range_of_numbers():
    for good in (0, 1, 0.5, np.float32(0.25), np.int8(1)):
        _validate.in_range("x", good, low=0, high=1)
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="x must be a number between 0 and 1"):
            _validate.in_range("x", bad, low=0, high=1)


def test_one_of_knows_types_and_suggests():
    _validate.one_of("a", None, ["x", None])
    _validate.one_of("a", "x", ["x", None])
    with pytest.raises(ValueError, match="a=1 is not one of True"):
        _validate.one_of("a", 1, [True])
    with pytest.raises(ValueError, match=r"a='rotatoin' is not one of 'rotation', 'ring'; did you mean 'rotation'\?"):
        _validate.one_of("a", "rotatoin", ["rotation", "ring"])
    assert _validate.suggest("zzz", ["rotation"]) == ""


@pytest.mark.parametrize(("bad", "error"), [("", TypeError), (None, TypeError), (3, TypeError), ("a/b", ValueError)])
def test_keys_survive_writing(bad, error):
    with pytest.raises(error, match="key_added"):
        check_key(bad)


def test_tables_name_their_columns():
    assert SCORE["pvalue"].name == "pvalue"
    assert isinstance(SCORE["pvalue"], tables.Column)
    with pytest.raises(KeyError, match="table 'score' has no column 'p'; it has source, target"):
        SCORE["p"]
