"""Tools: AnnData in; results in ``adata.uns``, or a :class:`commscore.get.Result`, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from ._balance import balance
    from ._circuits import circuits
    from ._compare import calibrate, compare, power, profile
    from ._expectations import expectations
    from ._influence import leave_one_out
    from ._loops import loops
    from ._methods import method, methods
    from ._recessive import recessive
    from ._response import response
    from ._roles import roles
    from ._score import score
    from ._therapies import therapies

__all__ = [
    "balance",
    "calibrate",
    "circuits",
    "compare",
    "expectations",
    "leave_one_out",
    "loops",
    "method",
    "methods",
    "power",
    "profile",
    "recessive",
    "response",
    "roles",
    "score",
    "therapies",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "balance": "_balance",
        "calibrate": "_compare",
        "circuits": "_circuits",
        "compare": "_compare",
        "expectations": "_expectations",
        "leave_one_out": "_influence",
        "loops": "_loops",
        "method": "_methods",
        "methods": "_methods",
        "power": "_compare",
        "profile": "_compare",
        "recessive": "_recessive",
        "response": "_response",
        "roles": "_roles",
        "score": "_score",
        "therapies": "_therapies",
    },
)
