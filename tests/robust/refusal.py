"""A call that may be refused: clearly, by the package itself."""

from __future__ import annotations

import traceback
from pathlib import Path

import commscore as cs

SOURCE = Path(cs.__file__).parent
CLEAR = (ValueError, TypeError, KeyError)


def attempt(call):
    """Return the result, or None where it is refused clearly; an error that is not ours fails the test."""
    try:
        return call()
    except CLEAR as error:
        refusal = error
    last = Path(traceback.extract_tb(refusal.__traceback__)[-1].filename)
    assert SOURCE in last.parents, f"raw {type(refusal).__name__} from {last}: {refusal}"
    assert len(str(refusal)) > 20
    return None
