"""Build the shipped general resource: the pairs of a list, with what rules about families of molecules add.

    python resources/general.py             # writes src/commscore/rs/data/general/*, prints sha256 of each file
    python resources/general.py --check     # fails if the committed files differ
    python resources/general.py --list CSV  # makes general/pairs.tsv again from omni_resource.csv of liana 1.10.0

Deterministic and offline: the same tables of `general/` give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
TABLES = HERE / "general"
sys.path.insert(0, str(HERE))

from build import DATA, SRC, write  # noqa: E402

sys.path.insert(0, str(SRC))

from commscore.rs._derive import BY_FAMILY, FAMILY, LISTED, evidence_frame, interactions_from_evidence  # noqa: E402
from commscore.rs._families import family_facts  # noqa: E402

OUT = DATA.parent / "general"
ORIGIN = json.loads((TABLES / "origin.json").read_text(encoding="utf-8"))
Frames = dict[str, pd.DataFrame]


def read(name: str, folder: Path = TABLES) -> pd.DataFrame:
    """Read one table as text; empty cells are the empty string."""
    return pd.read_csv(folder / f"{name}.tsv", sep="\t", quoting=3, dtype=str, keep_default_na=False)


def listed_pairs(path: Path) -> pd.DataFrame:
    """Take the rows of ConnectomeDB2020 from liana's table, with their lines in it.

    Raises
    ------
    ValueError
        If the file is not the one that was read first.
    """
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != ORIGIN["table_sha256"]:
        msg = f"{path} has sha256 {sha256}, not {ORIGIN['table_sha256']}"
        raise ValueError(msg)
    columns = {
        "ligand_uniprot": "source",
        "receptor_uniprot": "target",
        "ligand": "source_genesymbol",
        "receptor": "target_genesymbol",
    }
    records = csv.DictReader(content.decode("utf-8").splitlines())
    rows = [
        {"line": str(line)} | {name: record[column] for name, column in columns.items()}
        for line, record in enumerate(records, start=2)
        if record["resource"] == ORIGIN["rows"]
    ]
    return pd.DataFrame(rows)


def _rename(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Write the pairs with current symbols."""
    symbol_of = dict(read("renamed", folder)[["listed", "symbol"]].to_numpy())
    written = table["ligand"] + "|" + table["receptor"]
    current = {side: table[side].map(lambda name: symbol_of.get(name, name)) for side in ("ligand", "receptor")}
    return table.assign(written=written, basis="listed", reason="", **current)


def _excluded(table: pd.DataFrame, rules: pd.DataFrame) -> pd.Series:
    """Tell which pairs a rule excludes."""
    hits = [
        table["ligand"].str.fullmatch(rule.ligand) & table["receptor"].str.fullmatch(rule.receptor or ".*")
        for rule in rules.itertuples()
    ]
    idle = [f"{rule.ligand}^{rule.receptor}" for rule, hit in zip(rules.itertuples(), hits) if not hit.any()]
    if idle:
        msg = f"excluded.tsv: no pair is excluded by {', '.join(idle)}"
        raise ValueError(msg)
    return pd.concat(hits, axis=1).any(axis=1)


def _with_complexes(table: pd.DataFrame, rules: pd.DataFrame, side: str) -> pd.DataFrame:
    """Replace listed subunits by the complexes they belong to: one row per listed pair and complex that it supports."""
    other = "receptor" if side == "ligand" else "ligand"
    rows = []
    for partner, group in table.groupby(other, sort=False):
        listed = set(group[side])
        matching = [rule for rule in rules.itertuples() if _suits(rule, str(partner), listed)]
        for row in group.to_dict("records"):
            reasons = {rule.complex: rule.reason for rule in matching if row[side] in rule.complex.split("_")}
            rows += [row | {side: name, "basis": "family", "reason": reasons[name]} for name in reasons] or [row]
    return pd.DataFrame(rows)


def _suits(rule: Any, partner: str, listed: set[str]) -> bool:
    names = partner.split("_")
    is_partner = not rule.partners or any(re.fullmatch(rule.partners, name) for name in names)
    return is_partner and set(rule.listed.split("_")) <= listed


def pairs(folder: Path = TABLES) -> pd.DataFrame:
    """Return the pairs with what each rests on: current symbols, exclusions, complexes, additions."""
    table = _rename(read("pairs", folder), folder)
    table = table[~_excluded(table, read("excluded", folder))]
    complexes = read("complexes", folder)
    for side in ("ligand", "receptor"):
        table = _with_complexes(table, complexes[complexes["side"] == side], side)
    additions = read("additions", folder).assign(line="", written="", basis="family")
    known = set(table["ligand"] + "^" + table["receptor"])
    repeated = additions[(additions["ligand"] + "^" + additions["receptor"]).isin(known)]
    if len(repeated):
        msg = f"additions.tsv: already listed: {', '.join(repeated['ligand'] + '^' + repeated['receptor'])}"
        raise ValueError(msg)
    return pd.concat([table, additions]).reset_index(drop=True)


def evidence(folder: Path = TABLES) -> pd.DataFrame:
    """Return the statements: one per listed pair and complex it supports, one per added pair."""
    table = pairs(folder)
    facts = family_facts(table, read("rules", folder))
    is_listed = table["line"] != ""
    ruled = (BY_FAMILY + facts["reason"].where(facts["reason"] != "", "a rule")).where(facts["mode"] != "", "")
    how = (FAMILY + table["reason"]).where(table["basis"] == "family", f"{LISTED}ConnectomeDB2020" + ruled)
    said = table["written"].str.replace("|", " with ").radd("Listed: ").where(is_listed, "Not listed; added by a rule")
    rows = {
        "ligand": table["ligand"],
        "receptor": table["receptor"],
        "mode": facts["mode"].replace("", "unknown"),
        "effect": facts["effect"].replace("", "unknown"),
        "directness": facts["directness"].replace("", "direct"),
        "source": is_listed.map({True: ORIGIN["source"], False: ORIGIN["rules"]}),
        "lines": (table["line"] + "-" + table["line"]).where(is_listed, ""),
        "written": table["written"],
        "statement": said + ".",
        "inferred_from": how,
    }
    frame = evidence_frame(rows)
    order = frame["lines"].str.split("-").str[0].replace("", "0").astype(int)
    frame = frame.assign(order=order).sort_values(["interaction", "order"], kind="stable")
    return frame.drop(columns="order").reset_index(drop=True)


def derive(folder: Path = TABLES) -> Frames:
    """Make the shipped tables."""
    statements, rules = evidence(folder), read("rules", folder)
    interactions = interactions_from_evidence(statements)
    return {
        "evidence": statements,
        "interactions": interactions.assign(pathway=family_facts(interactions, rules)["pathway"]),
        "rules": rules,
        "sources": read("sources", folder),
        "symbols": read("symbols", folder),
    }


def build(folder: Path = TABLES, out: Path = OUT) -> dict[str, str]:
    """Write the shipped tables; return the sha256 of each file."""
    return write(derive(folder), out, name="general", version=ORIGIN["version"], licence=ORIGIN["licence"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the shipped tables differ")
    parser.add_argument("--list", type=Path, metavar="CSV", help="make general/pairs.tsv from liana's table")
    arguments = parser.parse_args()
    if arguments.list:
        table = listed_pairs(arguments.list)
        table.to_csv(TABLES / "pairs.tsv", sep="\t", index=False, lineterminator="\n")
        return 0
    before = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in OUT.glob("*") if p.name != "NOTICE"}
    with tempfile.TemporaryDirectory() as folder:
        hashes = build(out=Path(folder) if arguments.check else OUT)
    for name, digest in sorted(hashes.items()):
        print(f"{digest}  {name}")
    if arguments.check and hashes != before:
        print("the shipped tables are not what the rules give: run resources/general.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
