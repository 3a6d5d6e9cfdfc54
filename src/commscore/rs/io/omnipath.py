"""OmniPath: a DataFrame from its web service or its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ...check import checked
from .._tabular import read_table
from ._read import check_columns
from ._source import Source
from .table import from_table

if TYPE_CHECKING:
    from pathlib import Path

    from commscore.rs._resource import Resource


def _read(path: Path, *, argument: str, species: str) -> Resource:  # noqa: ARG001 - it has human genes
    return from_omnipath(read_table(path, argument=argument))


SOURCE = Source(
    name="omnipath",
    read=_read,
    call="commscore.rs.from_omnipath(df)",
    licence="that of each original database (column `sources`)",
    about="interactions or intercell network of OmniPath as a DataFrame",
)

_COLUMNS = {
    "source_genesymbol": ("source_genesymbol", "genesymbol_intercell_source"),
    "target_genesymbol": ("target_genesymbol", "genesymbol_intercell_target"),
}
_MODES = {
    "ecm": "ecm",
    "gap_junction": "gap_junction",
    "adherens_junction": "junctional_adhesion",
    "tight_junction": "junctional_adhesion",
    "desmosome": "junctional_adhesion",
    "cell_adhesion": "contact",
    "cell_surface_ligand": "contact",
    "cell_surface_enzyme": "contact",
    "extracellular_vesicle": "extracellular_vesicle",
    "ligand": "paracrine",  # ligands of the cell surface are a category of their own
    "secreted": "paracrine",
}


@checked
def from_omnipath(df: pd.DataFrame) -> Resource:
    """Take a table of OmniPath.

    Parameters
    ----------
    df
        ``source_genesymbol`` and ``target_genesymbol`` (complexes as ``A_B`` or ``COMPLEX:A_B``), as the
        service and the packages `omnipath` and OmnipathR give them. ``is_stimulation`` / ``is_inhibition``
        (or ``consensus_*``), ``references`` and ``category_intercell_source`` are used where present.

    Returns
    -------
    Resource
        ``effect`` is known where exactly one sign is given; ``mode`` follows the category of the source
        (ECM, gap, adherens and tight junctions, cell-surface and other ligands), else ``unknown``. Rows
        of one pair are joined. Other columns are kept.

    Raises
    ------
    ValueError
        For missing columns or empty cells, naming the row.

    References
    ----------
    Türei et al., Molecular Systems Biology 2021, doi:10.15252/msb.20209923

    Examples
    --------
    >>> import pandas as pd
    >>> import commscore as cs
    >>> pairs = pd.DataFrame(
    ...     {"source_genesymbol": ["CXCL12"], "target_genesymbol": ["CXCR4"], "is_stimulation": 1, "is_inhibition": 0}
    ... )
    >>> cs.rs.from_omnipath(pairs).interactions[["interaction", "effect"]].values.tolist()
    [['CXCL12^CXCR4', 'activating']]
    """
    if not isinstance(df, pd.DataFrame):
        msg = f"df must be a pandas DataFrame, found {type(df).__name__}"
        raise TypeError(msg)
    names = {want: next((c for c in have if c in df.columns), want) for want, have in _COLUMNS.items()}
    check_columns(df.columns, names.values(), where="df")
    table = pd.DataFrame(
        {
            "ligand": df[names["source_genesymbol"]].map(_symbol),
            "receptor": df[names["target_genesymbol"]].map(_symbol),
            "effect": _effects(df),
            "mode": _modes(df),
            "cited": df["references"].fillna("").astype(str) if "references" in df.columns else "",
            "source": "omnipath",
        },
        index=df.index,
    )
    rest = df.rename(columns={"sources": "databases", "source": "source_id"})
    used = (*table.columns, *names.values(), "references")
    table = table.join(rest.drop(columns=[c for c in rest.columns if c in used]))
    return from_table(table, name="omnipath", licence=SOURCE.licence)


def _symbol(value: Any) -> Any:
    return value.removeprefix("COMPLEX:") if isinstance(value, str) else value


def _flag(df: pd.DataFrame, what: str) -> pd.Series:
    for column in (f"consensus_{what}", f"is_{what}"):
        if column in df.columns:
            return df[column].map(lambda v: str(v).strip().lower() in ("true", "1", "1.0"))
    return pd.Series(data=False, index=df.index)


def _effects(df: pd.DataFrame) -> pd.Series:
    up, down = _flag(df, "stimulation"), _flag(df, "inhibition")
    effect = pd.Series("unknown", index=df.index)
    return effect.mask(up & ~down, "activating").mask(down & ~up, "inhibiting")


def _modes(df: pd.DataFrame) -> pd.Series:
    if "category_intercell_source" not in df.columns:
        return pd.Series("unknown", index=df.index)
    return df["category_intercell_source"].map(lambda c: _MODES.get(str(c), "unknown"))
