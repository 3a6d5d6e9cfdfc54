"""What a resource speaks of: groups that take its roles, and a tumour where it is about tumours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._names import read_names
from ..get._columns import label_codes
from .cells import obs_column
from .roles import ANY_ROLE, EPITHELIA, assign_roles, role_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData

    from ..rs import Resource
    from .roles import AssignedRoles, RoleGroups

_ROLE_COLUMNS = ("source_role", "target_role", "role", "sender", "receiver")


def tumour_roles(roles: Iterable[str]) -> list[str]:
    """Return which of the roles that a resource names are tumour cells.

    Examples
    --------
    >>> tumour_roles(["caf", "tumour_her2", "cancer_stem_cell", "normal_epithelium"])
    ['tumour_her2', 'cancer_stem_cell']
    """
    return [r for r in dict.fromkeys(roles) if {"tumour", "cancer"} & set(role_words(r.replace("_", " ")))]


def named_roles(resource: Resource, *tables: str) -> list[str]:
    """Return the roles that the circuits, expectations or statements (``evidence``) of a resource name."""
    roles: list[str] = []
    for table in tables:
        frame = getattr(resource, table)
        roles += [r for r in frame[[c for c in _ROLE_COLUMNS if c in frame]].to_numpy().ravel() if r]
    return list(dict.fromkeys(roles))


def check_tumour(
    adata: AnnData, groupby: str, roles: Iterable[str], *, role_groups: RoleGroups | None, resource: Resource, what: str
) -> None:
    """Assign roles and raise as :func:`require_tumour` does, without a look at the expression."""
    groups = label_codes(obs_column(adata, "groupby", groupby))[1]
    assigned = assign_roles(resource, groups, role_groups=role_groups, hints={})
    require_tumour(assigned, roles, groupby, resource=resource, what=what)


def require_tumour(
    assigned: AssignedRoles, roles: Iterable[str], groupby: str, *, resource: Resource, what: str
) -> None:
    """Raise if what is asked of the resource is about tumours and no group takes a tumour role.

    ``roles``: the roles that its circuits, expectations or statements name; without a tumour role among them it is
    about any tissue.
    """
    needed = tumour_roles(roles)
    if not needed or any(assigned.of(r) for r in needed):
        return
    groups = assigned.of(ANY_ROLE)
    # markers of epithelium are no reason to propose a group: healthy glands have them
    example = next((g for r in EPITHELIA for g in assigned.of(r)), "my tumour cells")
    shown = ", ".join(groups[:8]) + (", …" if len(groups) > 8 else "")
    msg = (
        f"the {what} of resource {resource.name!r} are about tumours, and no group of groupby={groupby!r} ({shown}) "
        f"takes a tumour role. If a group is the tumour, say so with roles={{'tumour': {example!r}}}; for tissue "
        "without a tumour give another resource="
    )
    raise ValueError(msg)


def require_roles(assigned: AssignedRoles, needed: Iterable[str], groupby: str, *, what: str = "circuits") -> None:
    """Raise with roles, guesses and the way out if no role that is needed has a group."""
    needed = [r for r in dict.fromkeys(needed) if r != ANY_ROLE]
    if not needed or any(assigned.of(r) for r in needed):
        return
    unmatched = assigned.report[assigned.report["role"] == ""]
    lone = [(*read_names(g), why) for g, why in zip(unmatched["groups"], unmatched["reason"], strict=True)]
    guesses = "\n".join(f"  {g!r}: {why}" for g, why in lone)
    guessed = [(role, g) for g, role in assigned.guesses.items() if role in needed]
    role, example = (guessed or [("tumour", lone[0][0] if lone else "my group")])[0]
    msg = (
        f"no group of groupby={groupby!r} takes a role of the {what}. Give them with "
        f"roles={{{role!r}: {example!r}, ...}} (role -> group or list of groups).\nGroups and guesses:\n{guesses}\n"
        f"Roles: {', '.join(sorted(needed))}"
    )
    raise ValueError(msg)
