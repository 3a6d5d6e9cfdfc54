"""Make the shipped table of PROGENy pathways, and check and copy the map from receptors to pathways.

    python resources/progeny.py CSV ALIASES      # progeny_human_11pathways.csv, human_alias_orgHs316.csv.gz

CSV is the original model of saezlab/progeny at commit 66a80981 (data/model.rda, Apache-2.0), genes × 11 pathways,
zero where a gene is no target. ALIASES maps old names of genes to current symbols (Debian r-bioc-org.hs.eg.db
3.16.0-1, NCBI Gene: public domain). Writes src/commscore/rs/data/nets/{progeny,receptor_pathways}.tsv and NOTICE.
The model is of 2018: a gene that has got another symbol since is given by it, with the published one beside it.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "src" / "commscore" / "rs" / "data" / "nets"
MAP = HERE / "nets" / "receptor_pathways.tsv"
NAMES = {"JAK.STAT": "JAK-STAT"}
MAP_COLUMNS = ["receptor", "pathway", "sign", "evidence", "why"]
NOTICE = """progeny.tsv: the original human model of PROGENy (11 pathways), from saezlab/progeny at commit 66a80981,
data/model.rda. Copyright the PROGENy authors; licensed under the Apache License, Version 2.0
(https://www.apache.org/licenses/LICENSE-2.0). Changed: from a matrix to a list of non-zero weights, JAK.STAT written
JAK-STAT, current gene symbols in `target` beside the published ones in `published`.
Schubert et al. 2018, doi:10.1038/s41467-017-02391-6.

receptor_pathways.tsv: compiled for commscore; CC-BY-4.0.
"""


def current(aliases: Path) -> tuple[dict[str, str], set[str]]:
    """Old name -> current symbol where it means one gene and is no symbol itself; and all symbols."""
    meant: dict[str, set[str]] = defaultdict(set)
    with gzip.open(aliases, "rt", encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            meant[row["alias"]].add(row["symbol"])
    symbols = {s for found in meant.values() for s in found}
    return {a: next(iter(s)) for a, s in meant.items() if len(s) == 1 and a not in symbols}, symbols


def edges(model: Path, aliases: Path) -> list[tuple[str, str, str, str]]:
    """Rows (source, target, weight, published), sorted; two old names of one gene keep their published names."""
    known, symbols = current(aliases)
    with model.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    published = [row[""] for row in rows]
    new = {g: g if g in symbols else known.get(g, g) for g in published}
    twice = {g for g, n in Counter(new.values()).items() if n > 1}
    made = []
    for row in rows:
        gene = row.pop("")
        target = gene if new[gene] in twice else new[gene]
        made += [(NAMES.get(p, p), target, f"{float(w):.6g}", gene) for p, w in row.items() if float(w) != 0.0]
    return sorted(made)


def checked_map(pathways: set[str]) -> list[list[str]]:
    """The rows of the map, or ValueError."""
    with MAP.open(encoding="utf-8", newline="") as handle:
        header, *rows = list(csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    wrong = [r for r in rows if len(r) != len(MAP_COLUMNS) or r[1] not in pathways or r[2] not in ("1", "-1")]
    twice = [k for k, n in Counter((r[0], r[1]) for r in rows).items() if n > 1]
    if header != MAP_COLUMNS or wrong or twice:
        msg = f"{MAP.name}: columns {header}, wrong rows {wrong}, given twice {twice}"
        raise ValueError(msg)
    return rows


def write(name: str, header: list[str], rows: list[list[str]] | list[tuple[str, ...]]) -> None:
    text = "".join("\t".join(row) + "\n" for row in [header, *rows])
    (OUT / name).write_bytes(text.encode())
    print(f"{hashlib.sha256(text.encode()).hexdigest()}  {name} ({len(rows)} rows)")


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    made = edges(Path(sys.argv[1]), Path(sys.argv[2]))
    write("progeny.tsv", ["source", "target", "weight", "published"], made)
    write("receptor_pathways.tsv", MAP_COLUMNS, checked_map({row[0] for row in made}))
    (OUT / "NOTICE").write_text(NOTICE, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
