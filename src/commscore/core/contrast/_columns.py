"""The columns of a comparison, and those that only the engine reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Columns = dict[str, npt.NDArray[Any]]

_FLOATS = (
    "ligand_effect",
    "ligand_se",
    "ligand_df",
    "ligand_pvalue",
    "ligand_ci_low",
    "ligand_ci_high",
    "receptor_effect",
    "receptor_se",
    "receptor_df",
    "receptor_pvalue",
    "receptor_ci_low",
    "receptor_ci_high",
    "effect",
    "se",
    "ci_low",
    "ci_high",
    "pvalue",
    "both_pvalue",
    "exact_pvalue",
    "exact_floor",
    "d_source",
    "d_ligand",
    "d_target",
    "d_receptor",
    "source_pvalue",
    "target_pvalue",
    "ligand_prop_ref",
    "ligand_prop_alt",
    "receptor_prop_ref",
    "receptor_prop_alt",
)
_CODES = ("status", "reason", "driver", "best")
_FLAGS = ("sign_stable", "low_counts", "within_margin", "gaining", "certain")
_SUBUNITS = ("ligand_subunit_ref", "ligand_subunit_alt", "receptor_subunit_ref", "receptor_subunit_alt")
_INTERACTION = (
    "simple_first",
    "simple_first_low",
    "simple_first_high",
    "simple_second",
    "simple_second_low",
    "simple_second_high",
    "arms_before",
    "arms_after",
)
_INTERNAL = ("best", "within_margin", "gaining", "certain")


def allocate(n: int, *, interaction: bool) -> Columns:
    """Return all columns, without any value: NaN, -1, False and 0."""
    names = _FLOATS + (_INTERACTION if interaction else ())
    out: Columns = {name: np.full(n, np.nan) for name in names}
    out |= {name: np.full(n, -1, np.int8) for name in _CODES}
    out |= {name: np.zeros(n, bool) for name in _FLAGS}
    out |= {name: np.full(n, -1, np.int32) for name in _SUBUNITS}
    out |= {name: np.zeros(n, np.int32) for name in ("n_ref", "n_alt")}
    return out


def shown(out: Columns) -> Columns:
    """Return the columns of the table."""
    return {name: column for name, column in out.items() if name not in _INTERNAL}
