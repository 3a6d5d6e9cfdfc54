"""Cell roles of the resource matched to the user's groups of cells, by their names."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
import pandas as pd

from .. import _labels, rs
from .._names import write_names
from .._validate import suggest
from ..check import MAY_BE_EMPTY, Label
from ..get._columns import label_codes, labels_of
from ..tables import roles as schema
from ..tables.roles import CIRCULATION
from .cells import obs_column
from .expression import read_expression
from .role_names import ALSO_CALLED, FROM_BLOOD, MARKERS, MORE_NAMES, NEVER_SYNONYMS, PARENTS, SYSTEMIC, TOO_WIDE

if TYPE_CHECKING:
    from anndata import AnnData

    from ..rs import Resource

RoleGroups: TypeAlias = Annotated[Mapping[str, Label | Sequence[Label] | None], MAY_BE_EMPTY]
ANY_ROLE = "any"


_FILLER = {"cell", "like", "type", "human", "breast", "the", "of", "and"}
_SAY_NOTHING = {"cluster", "group", "celltype", "label", "leiden", "louvain", "population", "unknown"}
_PLURAL = re.compile(r"(?<=[a-z]{2})s$")
_SPELLING = {
    "tumor": "tumour",
    "epithelium": "epithelial",
    "endothelium": "endothelial",
    "lymphocyte": "cell",
    "tcell": "t",
    "bcell": "b",
    "nkcell": "nk",
    "cancerous": "cancer",
}

_OF_TUMOUR = r"(?:tumou?r|cancer|carcinoma|malignan|neoplas)"
_BESIDE_TUMOUR = re.compile(
    rf"(?i)(?:(?<![a-z])(?:non|not|no|pre|peri|para|anti|without)[-_ ]*{_OF_TUMOUR}[a-z]*"
    rf"|{_OF_TUMOUR}[a-z]*[-_ ]+(?:adjacent|infiltrating|draining|free|distant|negative)(?![a-z]))"
)
"""Words that name a tumour in order to say that the cells are none (``non-malignant``, ``tumour-infiltrating``)."""
_IN_BRACKETS = re.compile(rf"(?i)\([^)]*{_OF_TUMOUR}[^)]*\)")
EPITHELIA = ("normal_epithelium", "luminal_epithelium")


@dataclass(frozen=True)
class AssignedRoles:
    """Groups of every role, the report, how each role was found, and the likeliest role of groups without one."""

    groups: dict[str, tuple[str, ...]]
    report: pd.DataFrame
    how: dict[str, str]
    guesses: dict[str, str]

    def of(self, role: str) -> tuple[str, ...]:
        """Return the groups that take a role; none if it is absent."""
        return self.groups.get(role, ())


@functools.cache
def role_words(name: str) -> tuple[str, ...]:
    """Normalise a name: words in lower case, singular, British, without ``cell``; signs of markers kept."""
    text = re.sub(r"\([^)]*\)", " ", name)
    text = re.sub(r"(\w)\s+(?:positive)\b", r"\1+", re.sub(r"(?i)(\b[a-z]+)[- ]positive", r"\1+", text))
    text = re.sub(r"(?i)\b(er|pr|her2)[- ]?(?:negative)\b", r"\1negative", text)
    text = re.sub(r"(?i)\b(er|pr)-(?=\s|$)", r"\1negative ", text)
    text = re.sub(r"(?i)\b(er|pr|hr|her2)\+", r"\1positive ", text).lower()
    words = []
    for word in re.findall(r"[a-z0-9α-ω]+", text):
        one = _PLURAL.sub("", word) if not word.endswith("ss") else word
        one = _SPELLING.get(one, one)
        if one not in _FILLER:
            words.append(one)
    return tuple(words)


@functools.cache
def _synonyms(resource: Resource) -> dict[str, dict[tuple[str, ...], str]]:
    """Role → normalised name → the name as written; roles of the breast resource where there are none."""
    frame = resource.roles if len(resource.roles) else rs.load("breast").roles
    names: dict[str, dict[tuple[str, ...], str]] = {}
    for role, written in zip(frame["role"], frame["synonyms"], strict=True):
        synonyms = names.setdefault(role, {})
        for name in (role.replace("_", " "), *written.split("|"), *MORE_NAMES.get(role, ())):
            if role_words(name) and " ".join(role_words(name)) not in NEVER_SYNONYMS:
                synonyms.setdefault(role_words(name), name)
    for role in ("myeloid", "lymphoid"):
        names.setdefault(role, {role_words(n): n for n in MORE_NAMES[role]})
    names.pop(ANY_ROLE, None)
    return names


def ancestors(role: str) -> list[str]:
    """Wider roles, nearest first."""
    wider = []
    while role in PARENTS:
        role = PARENTS[role]
        wider.append(role)
    return wider


def _own_role(group: str, names: dict[str, dict[tuple[str, ...], str]]) -> tuple[str, str, str] | None:
    """Role, how and reason for one group of cells, from its name alone."""
    tumour = bool(_IN_BRACKETS.search(_BESIDE_TUMOUR.sub(" ", group)))
    match = _named_role(group, _BESIDE_TUMOUR.sub(" ", group), names)
    if tumour and match is not None and match[0] in EPITHELIA and "tumour" in names:
        return "tumour", "synonym", f"the name of group {group!r} says that this epithelium is a tumour"
    return match


def _named_role(group: str, label: str, names: dict[str, dict[tuple[str, ...], str]]) -> tuple[str, str, str] | None:
    """Find the role in ``label``, what the name of the group says of its cells."""
    key = role_words(label)
    if not key:
        return None
    letter = len(key) == 1 and len(key[0]) == 1  # a cluster called "B" need not be B cells
    if letter and not re.search(r"(?i)cell|lymphocyte", group):
        return None
    for role in names:
        if key == role_words(role.replace("_", " ")):
            return role, "exact", f"group {group!r} is called like the role"
    equal = [r for r, synonyms in names.items() if key in synonyms]
    if equal:
        role = _widest(equal)
        return role, "synonym", f"group {group!r} is a name of the role ({names[role][key]!r})"
    return _contained(group, key, names)


def _contained(
    group: str, key: tuple[str, ...], names: dict[str, dict[tuple[str, ...], str]]
) -> tuple[str, str, str] | None:
    """Find the role whose name is part of the group's: the longest, the most narrow, then the last mentioned."""
    with_letter = len(key) > 1 and bool(re.search(r"(?i)cell|lymphocyte|cd\d", group))
    best: list[tuple[int, str, str, int]] = []
    for role, synonyms in names.items():
        for name, written in synonyms.items():
            letter = all(len(w) == 1 for w in name)
            if " ".join(name) in TOO_WIDE or not set(name) <= set(key) or (letter and not with_letter):
                continue
            best.append((len(name), role, written, max(i for i, w in enumerate(key) if w in name)))
    if not best:
        return None
    longest = max(b[0] for b in best)
    candidates = [b for b in best if b[0] == longest]
    wider = {w for b in candidates for w in ancestors(b[1])}
    narrow = [b for b in candidates if b[1] not in wider]
    _, role, written, _ = max(narrow, key=lambda b: (b[3], -len(ancestors(b[1]))))
    compared = " ".join(role_words(written))
    shown = written if written.lower() in group.lower() or len(compared) == 1 else compared
    return role, "synonym", f"the name of group {group!r} contains {shown!r}"


def _widest(roles: list[str]) -> str:
    """Of roles that share a name, the one that contains the others, else the first."""
    for role in roles:
        if all(other == role or role in ancestors(other) for other in roles):
            return role
    return roles[0]


def assign_roles(
    resource: Resource, groups: Sequence[str], *, role_groups: RoleGroups | None, hints: Mapping[str, tuple[str, str]]
) -> AssignedRoles:
    """Give every role of the resource its groups.

    What the user gives wins. Otherwise a role takes the groups that are named like it and those of narrower roles
    (``children`` where there are only these: a CD8+ T cell is a T cell); failing both, those of the nearest wider
    role (``parent``).
    """
    names = _synonyms(resource)
    role_groups = _checked(role_groups, names, groups)
    own: dict[str, list[str]] = {r: list(g) for r, g in role_groups.items() if g}
    how = {r: ("given", "roles=") if g else ("none", "given as absent") for r, g in role_groups.items()}
    assigned = {g for chosen in role_groups.values() for g in chosen}
    unmatched = []
    for group in groups:
        match = _own_role(group, names)
        if match is None:
            unmatched += [group] if group not in assigned else []
            continue
        role, kind, reason = match
        if role not in role_groups:
            own.setdefault(role, []).append(group)
            before = how.get(role, (kind, ""))
            how[role] = (kind if not before[1] else before[0], "; ".join(filter(None, (before[1], reason))))
    result, rows, kinds = {}, [], {}
    for role in names:
        members, kind, reason = _resolve(role, own, how, names=names)
        result[role], kinds[role] = tuple(g for g in groups if g in members), kind
        if role not in ("myeloid", "lymphoid"):
            takes_it = (CIRCULATION,) if kind == CIRCULATION else result[role]
            rows.append((role, write_names(takes_it), kind, reason))
    result[ANY_ROLE] = tuple(groups)
    guessed = {g: _guesses(g, names, hints) for g in unmatched}
    rows += [("", write_names([g]), "none", _guess_in_words(guesses)) for g, guesses in guessed.items()]
    report = pd.DataFrame(rows, columns=list(schema.ROLES.names))
    report["how"] = pd.Categorical(report["how"], categories=list(schema.HOW))
    return AssignedRoles(result, report, kinds, {g: guesses[0][0] for g, guesses in guessed.items() if guesses})


def _resolve(
    role: str, own: Mapping[str, list[str]], how: Mapping[str, tuple[str, str]], *, names: Iterable[str]
) -> tuple[list[str], str, str]:
    narrower = [r for r in names if role in ancestors(r) and r in own]
    within = [g for r in narrower for g in own[r]]
    if role in how:
        kind, reason = how[role]
        members = own.get(role, [])
        if kind in ("given", "none") or not within:
            return members, kind, reason
        return [*members, *within], kind, f"{reason}; with the groups of {', '.join(narrower)}"
    if narrower:
        return within, "children", f"groups of {', '.join(narrower)} together"
    for wider in ancestors(role):
        if wider in own:
            stand_in = ", ".join(map(repr, own[wider]))
            return own[wider], "parent", f"no group of its own; {stand_in}, of the wider role {wider}, stands in"
    if role in SYSTEMIC:
        return [], CIRCULATION, FROM_BLOOD
    return [], "none", "no group has a name of this role"


def recorded_roles(role_groups: RoleGroups | None) -> dict[str, Any]:
    """Return role -> groups as they were given, for ``params``; none for a role that is absent."""
    return {
        role: np.asarray([] if groups is None else [_labels.text(g) for g in _labels.as_list(groups)], object)
        for role, groups in (role_groups or {}).items()
    }


def _checked(role_groups: RoleGroups | None, names: Iterable[str], groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if role_groups is None:
        return {}
    if not isinstance(role_groups, Mapping):
        msg = f"roles must be a mapping role -> group or groups, found {type(role_groups).__name__}"
        raise TypeError(msg)
    checked = {}
    for role, chosen in role_groups.items():
        if role not in names:
            msg = f"roles has {role!r}, which is not a role{suggest(role, names)} (roles: {', '.join(sorted(names))})"
            raise ValueError(msg)
        labels = [] if chosen is None else _labels.as_list(chosen)
        checked[role] = (
            tuple(_labels.choose(f"roles[{role!r}]", chosen, options=groups, what="a group")) if labels else ()
        )
    return checked


def _guesses(
    group: str, names: dict[str, dict[tuple[str, ...], str]], hints: Mapping[str, tuple[str, str]]
) -> list[tuple[str, str]]:
    """Roles that a group without one may have, the likeliest first, each with its reason."""
    spoken = {" ".join(n): (role, w) for role, synonyms in names.items() for n, w in synonyms.items()}
    own = " ".join(w for w in role_words(group) if w not in _SAY_NOTHING and not w.isdigit())
    close = difflib.get_close_matches(own, list(spoken), n=2, cutoff=0.7)
    alike = [(spoken[c][0], f"{spoken[c][0]} (its name {spoken[c][1]!r} is similar)") for c in close]
    return [*([hints[group]] if group in hints else []), *alike]


def _guess_in_words(guesses: list[tuple[str, str]]) -> str:
    return "no name of a role; " + (f"perhaps {' or '.join(w for _, w in guesses)}" if guesses else "nothing similar")


def marker_hints(adata: AnnData, column: pd.Series, *, layer: str | None, use_raw: bool) -> dict[str, tuple[str, str]]:
    """Say for each group which well known markers stand out, as role and words; to be shown, never used."""
    source = read_expression(adata, layer=layer, use_raw=use_raw)
    genes = sorted({g for markers in MARKERS.values() for g in markers if g in source.var_names})
    labels = labels_of(column)
    if not genes:
        return {}
    part: Any = source.take(source.var_names.get_indexer(genes))
    expressed = np.asarray((part.toarray() if hasattr(part, "toarray") else part) > 0, np.float64)
    number = {g: i for i, g in enumerate(genes)}
    hints = {}
    for group in np.unique(labels):
        inside = labels == group
        if inside.all():
            continue
        here, rest = expressed[inside].mean(axis=0), expressed[~inside].mean(axis=0)
        gain = {
            r: [here[number[g]] - rest[number[g]] for g in markers if g in number] for r, markers in MARKERS.items()
        }
        best = max((r for r in gain if gain[r]), key=lambda r: float(np.mean(gain[r])))
        if np.mean(gain[best]) > 0.2:
            shown = [g for g in MARKERS[best] if g in number]
            at = [number[g] for g in shown]
            role_in_words = " or ".join(filter(None, (best, ALSO_CALLED.get(best))))
            hints[str(group)] = (
                best,
                (
                    f"{role_in_words} (markers {', '.join(shown)} in {here[at].mean():.0%} of its cells on average, "
                    f"{rest[at].mean():.0%} elsewhere)"
                ),
            )
    return hints


def assigned_roles(
    adata: AnnData,
    groupby: str,
    *,
    role_groups: RoleGroups | None,
    resource: Resource,
    layer: str | None,
    use_raw: bool,
    groups: Sequence[str] | None = None,
) -> AssignedRoles:
    """Read the groups of a column and assign them; ``groups`` narrows them down."""
    column = obs_column(adata, "groupby", groupby)
    names = label_codes(column)[1]
    chosen = names if groups is None else [n for n in names if n in groups]
    first = assign_roles(resource, chosen, role_groups=role_groups, hints={})
    nothing_to_look_at = layer is None and not use_raw and adata.X is None  # where counts are a layer
    if nothing_to_look_at or not (first.report["role"] == "").any():
        return first
    hints = marker_hints(adata, column, layer=layer, use_raw=use_raw)
    return assign_roles(resource, chosen, role_groups=role_groups, hints=hints)
