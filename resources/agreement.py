"""Print how far the general resource agrees with CellPhoneDB v5 and CellChatDB v2. Nothing is taken from them.

    python resources/agreement.py FOLDER    # of cellphonedb_v5_*_input.csv and cellchatdb_v2_human_*.csv

Pairs are the same whatever the order of subunits and whichever side is called the ligand. "In other form" are pairs
with a complex of which the general resource has the same molecules with another set of subunits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from commscore import rs

WAYS = {
    "secreted": ("paracrine", "autocrine", "hormone"),
    "ecm": ("ecm",),
    "contact": ("contact", "checkpoint", "antigen_presentation", "junctional_adhesion", "gap_junction"),
    "other": ("metabolite", "shedding", "extracellular_vesicle"),
    "unknown": ("unknown",),
}
ANNOTATIONS = {
    "Secreted Signaling": "secreted",
    "ECM-Receptor": "ecm",
    "Cell-Cell Contact": "contact",
    "Non-protein Signaling": "other",
}
Sides = tuple[frozenset[str], frozenset[str]]


def sides(ligand: str, receptor: str) -> Sides:
    """Return both sides as sets of subunits, in one order."""
    first, second = sorted((frozenset(ligand.split("_")), frozenset(receptor.split("_"))), key=sorted)
    return first, second


def by_sides(pairs: pd.DataFrame) -> dict[Sides, pd.Series]:
    """Return the interactions of proteins by their sides."""
    proteins = pairs[(pairs["kind"] == "protein") & ~pairs["ligand"].str.contains("by", regex=False)]
    return {sides(row["ligand"], row["receptor"]): row for _, row in proteins.iterrows()}


def print_forms(name: str, ours: dict[Sides, pd.Series], theirs: dict[Sides, pd.Series]) -> None:
    """Print how many of their pairs with a complex are here in the same form, in another one, or not."""
    complexes = [pair for pair in theirs if max(map(len, pair)) > 1]
    same = [pair for pair in complexes if pair in ours]
    other = [a for a in complexes if a not in ours and any(_overlap(a, b) for b in ours)]
    rest = len(complexes) - len(same) - len(other)
    print(f"{name}: {len(theirs)} pairs, {sum(pair in ours for pair in theirs)} here; ", end="")
    print(f"of {len(complexes)} with a complex {len(same)} the same, {len(other)} in other form, {rest} not here")


def _overlap(a: Sides, b: Sides) -> bool:
    return bool((a[0] & b[0] and a[1] & b[1]) or (a[0] & b[1] and a[1] & b[0]))


def print_modes(ours: dict[Sides, pd.Series], theirs: dict[Sides, pd.Series]) -> None:
    """Print the way of the signal here and there, of the pairs that both have."""
    way_of = {mode: way for way, modes in WAYS.items() for mode in modes}
    both = [
        (way_of[ours[p]["mode"]], ANNOTATIONS[str(row["annotation"]).split(";")[0]])
        for p, row in theirs.items()
        if p in ours
    ]
    table = pd.DataFrame(both, columns=["here", "CellChatDB"])
    print(pd.crosstab(table["here"], table["CellChatDB"]).to_string())
    equal = int((table["here"] == table["CellChatDB"]).sum())
    print(f"the same in {equal} of {len(table)} ({100 * equal / len(table):.1f} %)")


def main(folder: Path) -> None:
    ours = by_sides(rs.load("general").interactions)
    cellphonedb = by_sides(rs.from_cellphonedb(folder).interactions)
    names = (f"cellchatdb_v2_human_{table}.csv" for table in ("interaction", "complex", "cofactor"))
    cellchatdb = by_sides(rs.from_cellchatdb(*(folder / name for name in names)).interactions)
    for name, theirs in (("CellPhoneDB v5", cellphonedb), ("CellChatDB v2", cellchatdb)):
        print_forms(name, ours, theirs)
    print_modes(ours, cellchatdb)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
