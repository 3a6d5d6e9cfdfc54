"""Build the shipped tables from the curated ones.

    python resources/build.py            # checks, writes src/commscore/rs/data/breast/*, prints sha256 of each file
    python resources/build.py --check    # checks, and fails if the committed files differ

Deterministic and offline: the same curated tables, and rules of the general resource (general.py, run before), give
the same bytes. Needs `frictionless` (extra `test`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
SRC = HERE.parent / "src"
NAME = "breast"
DATA = SRC / "commscore" / "rs" / "data" / NAME

sys.path.insert(0, str(SRC))

from commscore.rs._derive import interactions_from_evidence, statement_bases  # noqa: E402
from commscore.rs._families import family_facts  # noqa: E402
from commscore.rs._in_rna import measurable_steps  # noqa: E402
from commscore.rs._review_sections import sections_of  # noqa: E402
from commscore.study.role_names import PARENTS  # noqa: E402
from commscore.tables.resource import TABLES  # noqa: E402

CURATED = (
    "evidence",
    "molecules",
    "production",
    "circuits",
    "circuit_steps",
    "expectations",
    "therapies",
    "families",
    "roles",
    "mistakes",
    "references",
    "sources",
    "symbols",
)
CIRCUIT_LEVEL = ("source", "lines", "cited", "written", "statement")
Frames = dict[str, pd.DataFrame]


def read(curation: Path) -> Frames:
    """Read the curated tables as text; empty cells are the empty string."""
    return {
        name: pd.read_csv(curation / f"{name}.tsv", sep="\t", quoting=3, dtype=str, keep_default_na=False)
        for name in CURATED
    }


def schema_errors(curation: Path) -> list[str]:
    """What datapackage.json forbids: types, values, patterns, keys, foreign keys."""
    from frictionless import Package

    report = Package(str(curation / "datapackage.json")).validate()
    errors = [f"datapackage.json: {e.note}" for e in report.errors]
    for task in report.tasks:
        for e in task.errors:
            place = ": ".join(str(getattr(e, a)) for a in ("row_number", "field_name") if hasattr(e, a))
            errors.append(f"{task.name}.tsv:{place}: {e.note}")
    return errors


def _genes(cell: str) -> list[str]:
    names = [n for n in re.split(r"[;^]", cell) if n and not n.startswith("met:")]
    return [gene for name in names for gene in name.split("_")]


def _molecules(cell: str) -> list[str]:
    return [n for n in re.split(r"[;^]", cell) if n.startswith("met:")]


def _named(frames: Frames) -> list[tuple[str, str]]:
    """Every cell that names genes or molecules, with its place."""
    cells = {"evidence": ("ligand", "receptor"), "molecules": ("gene",), "therapies": ("targets",)}
    cells |= {"circuit_steps": ("from", "to"), "expectations": ("what",)}
    named = []
    for table, columns in cells.items():
        for row, record in enumerate(frames[table].to_dict("records"), 2):
            if table == "expectations" and record["level"] in ("composition", "pathway"):
                continue
            named += [(f"{table}.tsv:{row}: {column}", str(record[column])) for column in columns]
    return named


def _symbol_errors(frames: Frames) -> list[str]:
    symbols, molecules = set(frames["symbols"]["symbol"]), set(frames["molecules"]["molecule"])
    errors = []
    for place, cell in _named(frames):
        errors += [f"{place}: {g!r} is not in symbols.tsv" for g in _genes(cell) if g not in symbols]
        errors += [f"{place}: {m!r} has no row in molecules.tsv" for m in _molecules(cell) if m not in molecules]
    return errors


def _step_errors(frames: Frames) -> list[str]:
    steps = frames["circuit_steps"]
    by_circuit = {c: sorted(map(int, s)) for c, s in steps.groupby("circuit")["step"]}
    errors = [
        f"circuit_steps.tsv: steps of {c!r} are {s}, not 1 to {len(s)}"
        for c, s in by_circuit.items()
        if s != list(range(1, len(s) + 1))
    ]
    without = sorted(set(frames["circuits"]["circuit"]) - set(by_circuit))
    return errors + [f"circuits.tsv: {c!r} has no step" for c in without]


MATURES = {"osteoclast_precursor": "osteoclast", "fibroblast": "caf"}
"""Cells that a signal turns into others, which then send."""


def _cell(role: str) -> str:
    """One name for a kind of cell: tumour cells of all kinds, and cells that mature, are one."""
    role = "tumour" if PARENTS.get(role) == "tumour" else role
    return MATURES.get(role, role)


def closes(steps: list[dict[str, str]]) -> bool:
    """Whether the steps of a circuit lead from a molecule of a cell back to it, by more than one molecule."""
    edges: dict[tuple[str, str], set[tuple[str, str]]] = {}
    chain = [s for s in steps if s["edge"] != "gate"]
    for step in chain:
        start, end = (step["from"], _cell(step["source_role"])), (step["to"], _cell(step["target_role"]))
        edges.setdefault(start, set()).update({end} - {start})
        # what reaches a cell that matures leads to all that the mature one sends
        matures = step["edge"] == "communication" and step["target_role"] in MATURES
        sent = {(s["from"], _cell(s["source_role"])) for s in chain if s["source_role"] == end[1]} if matures else set()
        edges.setdefault(end, set()).update(sent - {end})
    return any(node in _reached(edges, node) for node in edges)


def _reached(edges: dict[tuple[str, str], set[tuple[str, str]]], start: tuple[str, str]) -> set[tuple[str, str]]:
    waiting, reached = [start], set()
    while waiting:
        new = edges.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _circuit_errors(frames: Frames) -> list[str]:
    """Loops that do not close, and steps that are marked against what they are."""
    steps = frames["circuit_steps"]
    kind = dict(zip(frames["circuits"]["circuit"], frames["circuits"]["kind"], strict=True))
    closed = {name: closes(part.to_dict("records")) for name, part in steps.groupby("circuit")}
    errors = [
        f"circuits.tsv: {name!r} is a {kind.get(name)}, but its steps {'do' if is_loop else 'do not'} close"
        for name, is_loop in closed.items()
        if is_loop != (kind.get(name) == "loop")
    ]
    roles, breakers = (
        set(frames["roles"]["role"]),
        set(frames["therapies"]["therapy"]) | set(frames["symbols"]["symbol"]),
    )
    errors += [
        f"circuits.tsv:{row}: breakers: {name!r} is neither a therapy nor a symbol"
        for row, cell in enumerate(frames["circuits"]["breakers"], 2)
        for name in cell.split(";")
        if name and name not in breakers
    ]
    errors += [
        f"therapies.tsv:{row}: depletes: {role!r} is not in roles.tsv"
        for row, role in enumerate(frames["therapies"]["depletes"], 2)
        if role and role not in roles
    ]
    wrong = steps.index[(steps["protein_only"] == "True") & (steps["edge"] != "intracellular")]
    return errors + [f"circuit_steps.tsv:{i + 2}: protein_only: the step is not intracellular" for i in wrong]


def _text_errors(frames: Frames) -> list[str]:
    errors = []
    for name, frame in frames.items():
        for row, record in enumerate(frame.to_dict("records"), 2):
            for column, cell in record.items():
                if cell != cell.strip() or cell.startswith('"') or "\r" in cell:
                    errors.append(f"{name}.tsv:{row}: {column}: space or quote at an end: {cell!r}")
                if column == "lines" and cell and int(cell.split("-")[0]) > int(cell.split("-")[1]):
                    errors.append(f"{name}.tsv:{row}: lines: {cell!r} runs backwards")
    return errors


def _expectation_errors(frames: Frames) -> list[str]:
    roles = set(frames["roles"]["role"])
    errors = []
    for row, e in enumerate(frames["expectations"].to_dict("records"), 2):
        place = f"expectations.tsv:{row}: what"
        if e["level"] == "interaction" and e["what"].count("^") != 1:
            errors.append(f"{place}: {e['what']!r} is not LIGAND^RECEPTOR")
        if e["level"] == "composition":
            errors += [f"{place}: {r!r} is not in roles.tsv" for r in e["what"].split(";") if r not in roles]
    return errors


def _inference_errors(frames: Frames) -> list[str]:
    errors = []
    for name, sure in (("evidence", "both"), ("molecules", "yes")):
        frame = frames[name]
        bad = frame.index[(frame["stated"] != sure) & (frame["inferred_from"] == "")]
        errors += [f"{name}.tsv:{i + 2}: inferred_from: empty although stated is not {sure!r}" for i in bad]
    return errors


def _production_errors(frames: Frames) -> list[str]:
    """Steps and origins of molecules that contradict each other, and molecules without a decision."""
    table, errors = frames["molecules"], []
    for row, record in enumerate(table.to_dict("records"), 2):
        if record["step"] and (record["role"] not in ("producer", "exporter") or "_" in record["gene"]):
            errors.append(f"molecules.tsv:{row}: step: only single genes that make or export a molecule have one")
    for molecule, own in table.groupby("molecule"):
        of_gene = own[own["role"].isin(("producer", "exporter"))].groupby(["gene", "role"])["step"].nunique()
        steps = {step for step in own["step"] if step}
        numbers = sorted(int(step.split(" ")[0]) for step in steps)
        if (of_gene > 1).any() or own["origin"].nunique() > 1:
            errors.append(f"molecules.tsv: {molecule!r}: rows of one gene differ in step, or rows in origin")
        if numbers != list(range(1, len(numbers) + 1)) or bool(numbers) == (own["origin"].iloc[0] == "external"):
            errors.append(f"molecules.tsv: {molecule!r}: steps are {sorted(steps)}, origin {own['origin'].iloc[0]!r}")
    decided = set(frames["production"]["molecule"])
    without = sorted(set(table["molecule"]) ^ decided)
    return errors + [
        f"production.tsv: {molecule!r} is in one of production.tsv and molecules.tsv" for molecule in without
    ]


def _family_errors(frames: Frames) -> list[str]:
    """Every member has a statement; what rests on a family stands in lines where the review names that family."""
    evidence = frames["evidence"]
    pairs = evidence["ligand"] + "^" + evidence["receptor"]
    known, named, errors = set(pairs), set(), []
    for row, family in enumerate(frames["families"].to_dict("records"), 2):
        members = family["members"].split(";")
        errors += [f"families.tsv:{row}: members: {m!r} has no row in evidence.tsv" for m in members if m not in known]
        named |= {(m, family["source"], family["lines"]) for m in members}
    bases = statement_bases({name: evidence[name].tolist() for name in ("stated", "inferred_from")})
    keys = zip(pairs, evidence["source"], evidence["lines"], bases, strict=True)
    return errors + [
        f"evidence.tsv:{row}: no family of {key[1]}:{key[2]} in families.tsv has the member {key[0]!r}"
        for row, (*key, basis) in enumerate(keys, 2)
        if basis == "family" and tuple(key) not in named
    ]


FAMILY_CODES = ("effect", "outcome", "outcome_of", "certainty", "model", "direction")
"""What a passage says of a family, and so of each of its members."""


def _copy_errors(frames: Frames) -> list[str]:
    """Members of a family that say other than the statement of a reader beside which they stand."""
    evidence, errors = frames["evidence"], []
    pairs = evidence["ligand"] + "^" + evidence["receptor"]
    copies = evidence["inferred_from"].str.startswith("family: ")
    told: dict[tuple[str, str, str], list[pd.Series]] = {}
    for family in frames["families"].to_dict("records"):
        members = family["members"].split(";")
        here = (evidence["source"] == family["source"]) & (evidence["lines"] == family["lines"]) & pairs.isin(members)
        rows = [row for _, row in evidence[here & ~copies].iterrows()]
        for member in members:
            told.setdefault((member, family["source"], family["lines"]), []).extend(rows)
    for row, (i, own) in enumerate(evidence.iterrows(), 2):
        # a decoy does other than the family: only how sure the passage is, and of what, is the same
        codes = FAMILY_CODES if own["effect"] != "decoy" else ("certainty", "model")
        bases = told.get((pairs[i], own["source"], own["lines"]), [])
        if copies[i] and bases and not any(all(own[c] == base[c] for c in codes) for base in bases):
            errors.append(f"evidence.tsv:{row}: {pairs[i]!r} differs in {', '.join(codes)} from all of its family")
    return errors


def fact_errors(frames: Frames) -> list[str]:
    """What a table schema cannot say."""
    checks = (
        _text_errors,
        _inference_errors,
        _symbol_errors,
        _step_errors,
        _circuit_errors,
        _expectation_errors,
        _production_errors,
        _family_errors,
        _copy_errors,
    )
    return [error for check in checks for error in check(frames)]


def _line_key(lines: pd.Series) -> pd.Series:
    return lines.str.split("-").str[0].replace("", "0").astype(int)


def _sorted(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    work = frame.copy()
    if "lines" in work.columns:
        work["_from"] = _line_key(work["lines"])
    keys = [("_from" if k == "lines" else k) for k in keys]
    rest = [c for c in frame.columns if c not in keys]
    return work.sort_values(keys + rest, kind="stable")[list(frame.columns)].reset_index(drop=True)


def _circuits(frames: Frames) -> pd.DataFrame:
    """Steps beside the columns of their circuit."""
    whole = frames["circuits"].rename(columns={c: f"circuit_{c}" for c in CIRCUIT_LEVEL})
    table = frames["circuit_steps"].merge(whole, on="circuit", how="left", validate="many_to_one")
    pair = table["from"] + "^" + table["to"]
    table["interaction"] = pair.where(table["edge"] == "communication", "")
    table["step"] = table["step"].astype(int)
    return table


def _with_facts(circuits: pd.DataFrame, evidence: pd.DataFrame, interactions: pd.DataFrame) -> pd.DataFrame:
    """Add what follows: how many steps RNA can show, and what communication steps do to the cell they reach."""
    modes = dict(zip(interactions["interaction"], interactions["mode"], strict=True))
    table = circuits.assign(protein_only=circuits["protein_only"].map({"True": True, "False": False}))
    numbers = {name: measurable_steps(part.to_dict("records"), modes) for name, part in table.groupby("circuit")}
    outcomes = [_outcome(step, evidence) for step in table.to_dict("records")]
    return table.assign(
        measurable_steps=table["circuit"].map(numbers),
        outcome=[said for said, _ in outcomes],
        outcome_of=[process for _, process in outcomes],
    )


def _outcome(step: dict[str, str], evidence: pd.DataFrame) -> tuple[str, str]:
    """Take the outcome of a communication step from the statements that the same lines of its review make."""
    own = evidence[(evidence["interaction"] == step["interaction"]) & (evidence["source"] == step["source"])]
    own = own[own["lines"].map(lambda lines: _overlap(lines, step["lines"])).astype(bool)]
    same = own[own["receiver"] == step["target_role"]]
    rows = same if len(same) else own
    if rows.empty:
        return "unknown", ""
    whole = interactions_from_evidence(rows).iloc[0]
    return str(whole["outcome"]), str(whole["outcome_of"])


def _overlap(a: str, b: str) -> bool:
    (start_a, end_a), (start_b, end_b) = (map(int, lines.split("-")) for lines in (a, b))
    return start_a <= end_b and start_b <= end_a


_CITATION = re.compile(r".+?\. (?P<title>.+?[.?]) [A-Z][^.?]*?\.?,? \d{4};")


def _title(citation: str) -> str:
    """Take the title out of an entry: what stands between the authors and the journal with its year."""
    entry = _CITATION.match(citation)
    return entry["title"].removesuffix(".") if entry else ""


def derive(frames: Frames) -> Frames:
    """Make the shipped tables."""
    evidence = frames["evidence"].copy()
    evidence["interaction"] = evidence["ligand"] + "^" + evidence["receptor"]
    interactions = interactions_from_evidence(evidence)
    interactions["pathway"] = family_facts(interactions)["pathway"]
    made: dict[str, tuple[pd.DataFrame, list[str]]] = {
        "evidence": (evidence, ["interaction", "source", "lines"]),
        "interactions": (interactions, ["interaction"]),
        "circuits": (_with_facts(_circuits(frames), evidence, interactions), ["circuit", "step"]),
        "molecules": (frames["molecules"], ["molecule", "role", "gene", "source", "lines"]),
        "expectations": (frames["expectations"], ["expectation"]),
        "therapies": (frames["therapies"], ["therapy", "source", "lines"]),
        "roles": (frames["roles"], ["role", "source", "lines"]),
        # keys that are numbers sort as numbers
        "references": (frames["references"].assign(title=frames["references"]["citation"].map(_title)), ["source"]),
        "sources": (frames["sources"], ["source"]),
        "symbols": (frames["symbols"], ["symbol"]),
    }
    tables = {}
    for table in TABLES:
        frame, keys = made[table.name]
        if "section" in table.names:
            frame = frame.assign(section=sections_of(frame, frames["sources"]))
        tables[table.name] = _sorted(frame[list(table.names)], keys)
    order = tables["references"]["key"].map(lambda k: (not k.isdigit(), int(k) if k.isdigit() else 0, k))
    tables["references"] = (
        tables["references"].assign(_k=order).sort_values(["source", "_k"], kind="stable").drop(columns="_k")
    )
    return tables


def write(tables: Frames, out: Path, *, name: str, version: str, licence: str) -> dict[str, str]:
    """Write the tables and meta.json; return the sha256 of each file."""
    out.mkdir(parents=True, exist_ok=True)
    hashes = {}
    for table_name, table in sorted(tables.items()):
        text: str = table.to_csv(sep="\t", index=False, quoting=3, quotechar=None, lineterminator="\n")
        content = text.encode("utf-8")
        (out / f"{table_name}.tsv").write_bytes(content)
        hashes[f"{table_name}.tsv"] = hashlib.sha256(content).hexdigest()
    listing = "".join(f"{digest}  {file}\n" for file, digest in sorted(hashes.items()))
    meta = {
        "name": name,
        "version": version,
        "licence": licence,
        "sha256": hashlib.sha256(listing.encode()).hexdigest(),
        "files": hashes,
    }
    content = (json.dumps(meta, indent=2) + "\n").encode()
    (out / "meta.json").write_bytes(content)
    return hashes | {"meta.json": hashlib.sha256(content).hexdigest()}


def notes(frames: Frames) -> list[str]:
    """What is allowed but worth knowing."""
    evidence, steps = frames["evidence"], frames["circuit_steps"]
    known = set(evidence["ligand"] + "^" + evidence["receptor"])
    told = steps[steps["edge"] == "communication"]
    open_ends = sorted(set(told["from"] + "^" + told["to"]) - known)
    return [f"circuit step without a row of evidence: {pair}" for pair in open_ends]


def build(curation: Path = HERE, out: Path = DATA) -> dict[str, str]:
    """Check the curated tables and write the shipped ones; raise ValueError listing what is wrong."""
    errors = schema_errors(curation)
    frames = read(curation)
    errors += [] if errors else fact_errors(frames)
    if errors:
        msg = f"{len(errors)} errors\n" + "\n".join(errors)
        raise ValueError(msg)
    package = json.loads((curation / "datapackage.json").read_text(encoding="utf-8"))
    licence = package["licenses"][0]["name"]
    return write(derive(frames), out, name=NAME, version=package["version"], licence=licence)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the shipped tables differ")
    arguments = parser.parse_args()
    before = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in DATA.glob("*") if p.is_file()}
    try:
        if arguments.check:
            import tempfile

            with tempfile.TemporaryDirectory() as folder:
                hashes = build(HERE, Path(folder))
        else:
            hashes = build()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for name, digest in sorted(hashes.items()):
        print(f"{digest}  {name}")
    for note in notes(read(HERE)):
        print(f"note: {note}", file=sys.stderr)
    if arguments.check and hashes != before:
        print("the shipped tables are not what the curated ones give: run resources/build.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
