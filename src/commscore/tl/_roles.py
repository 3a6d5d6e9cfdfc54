"""Which groups of cells take which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import rs
from ..check import checked
from ..study.expression import read_expression
from ..study.roles import RoleGroups, assigned_roles

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from ..rs import Resource


@checked
def roles(
    adata: AnnData,
    groupby: str,
    *,
    roles: RoleGroups | None = None,
    resource: str | Resource = "breast",
    layer: str | None = None,
    use_raw: bool = False,
) -> pd.DataFrame:
    """Say which groups of cells take which role of the reviews, and why.

    Parameters
    ----------
    adata
        Cells × genes; never modified.
    groupby
    roles
        Role → group name, list of group names, or ``None`` for a role that is absent. What is given wins; all other
        roles are guessed from the names.
    resource
        Name of a resource or a :class:`~commscore.rs.Resource`.
    layer, use_raw
        Where the expression is that marker genes are looked up in, for guesses that are shown and never used.

    Returns
    -------
    DataFrame
        One row per role (``role``, ``groups``, ``how``: ``given | exact | synonym | children | parent | none``,
        ``reason``), then one per group without a role (``role`` empty), with guesses. ``children``: the groups of
        narrower roles together; ``parent``: the group of a wider role stands in.

    Raises
    ------
    KeyError
        If the column does not exist.
    ValueError
        If ``roles`` names a role or a group that does not exist.

    Examples
    --------
    >>> import commscore as cs
    >>> adata = cs.ds.simulate(n_samples=1, n_cells=100, rng=0)
    >>> table = cs.tl.roles(adata, "cell_type").set_index("role")
    >>> table.loc[["caf", "cd8_t", "pericyte"], ["groups", "how"]]
              groups     how
    role
    caf          CAF   exact
    cd8_t     T cell  parent
    pericyte            none
    """
    if layer is not None or use_raw or adata.X is not None:
        read_expression(adata, layer=layer, use_raw=use_raw)  # said even if no marker has to be looked up
    return assigned_roles(
        adata, groupby, role_groups=roles, resource=rs.as_resource(resource), layer=layer, use_raw=use_raw
    ).report
