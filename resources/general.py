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
import sys
import tempfile
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
TABLES = HERE / "general"
sys.path.insert(0, str(HERE))

from build import DATA, SRC, write  # noqa: E402

sys.path.insert(0, str(SRC))

from commscore.rs._derive import LISTED, evidence_frame, interactions_from_evidence  # noqa: E402

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


def pairs(folder: Path = TABLES) -> pd.DataFrame:
    """Return the listed pairs under current symbols."""
    symbol_of = dict(read("renamed", folder)[["listed", "symbol"]].to_numpy())
    table = read("pairs", folder)
    for side in ("ligand", "receptor"):
        table[side] = table[side].map(lambda name: symbol_of.get(name, name))
    return table.drop_duplicates(["ligand", "receptor"]).reset_index(drop=True)


def evidence(folder: Path = TABLES) -> pd.DataFrame:
    """Return one statement per pair."""
    table = pairs(folder)
    rows = {
        "ligand": table["ligand"],
        "receptor": table["receptor"],
        "mode": "unknown",
        "source": ORIGIN["source"],
        "lines": table["line"] + "-" + table["line"],
        "written": table["ligand"] + "|" + table["receptor"],
        "statement": "Listed.",
        "inferred_from": f"{LISTED}ConnectomeDB2020",
    }
    return evidence_frame(rows).sort_values("interaction", kind="stable").reset_index(drop=True)


def derive(folder: Path = TABLES) -> Frames:
    """Make the shipped tables."""
    statements = evidence(folder)
    return {
        "evidence": statements,
        "interactions": interactions_from_evidence(statements),
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
    before = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in OUT.glob("*")}
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
