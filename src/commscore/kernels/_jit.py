"""The one door to Numba.

Kernels are module-level functions of arrays and integers. They release the GIL and are run by plain Python
threads over disjoint ranges: no threading layer is started, so they are safe in process pools, under any
layer, and in a process that forks. A dispatcher or closure passed as an argument would defeat the on-disk
cache, so there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def njit(function: F) -> F:
    """Compile ``function`` on first use, cached on disk, without the GIL, with NumPy's division."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return,return-value,unused-ignore]
