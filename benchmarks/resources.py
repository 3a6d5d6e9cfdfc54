"""What each resource can test in public data, of what its rows are, and what merging them does.

    python benchmarks/resources.py --out benchmarks/README_resources.md

Data sets come from ``commscore.ds.fetch``; what is not at hand is left out and said. LIANA's consensus is read from the
installed package `liana` and left out without it; tables of CellPhoneDB, CellChat and ICELLNET are read from the
folder that ``COMMSCORE_PRIORS`` names, and left out without it. Nothing of them is written but counts.

*Testable*: interactions that bind (``directness`` is ``direct``, or a list has them) and whose genes are all measured.
*Rows*: source × target × interaction that ``tl.score`` lists (both sides in at least 10 % of the cells of a group).
*Shares*: of these rows, by mode, basis and pathway. *Merged*: pairs that occur twice, whatever the order of subunits
and sides, and interactions of ours whose mode is another than before. *Size*: of the shipped tables, compressed as in
a wheel.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd
import scanpy as sc

import commscore as cs

DATA = (
    "pbmc3k",
    "breast_wu2021_CID4465",
    "breast_chung2017",
    "skin_ctcl_gse128531",
    "kang2018_muscat",
    "breast_xenium10k",
)
RESOURCES = ("breast", "general", "breast+general", "liana:consensus", "breast+general+liana:consensus")
SHARED_BY = ("mode", "basis", "pathway")
MOST = 12


def resources():
    """The resources that can be opened here, by name, and why the others cannot."""
    found, missing = {}, []
    for name in RESOURCES:
        try:
            found[name] = cs.rs.as_resource(name)
        except ImportError as error:
            missing.append(f"{name}: {error}")
    return found, missing


def load(name):
    adata = cs.ds.fetch(name)
    adata.obs["group"] = adata.obs["cell_type"].astype(str)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def count(adata, resource):
    """Testable interactions, interactions and rows in the table of scores, and the table with pathways."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scored = cs.tl.score(adata, "group", resource=resource, null=None, inplace=False)
    pathway_of = resource.interactions.set_index("interaction")["pathway"]
    table = scored.table.assign(pathway=scored.table["interaction"].astype(str).map(pathway_of))
    return {
        "testable": scored.params["n_testable"],
        "interactions": table["interaction"].nunique(),
        "rows": len(table),
    }, table


def measure(known):
    """Counts and shares of every data set that is at hand."""
    counts, tables, missing = [], {}, []
    for name in DATA:
        try:
            adata = load(name)
        except (OSError, ImportError, ValueError) as error:
            missing.append(f"{name}: {str(error).splitlines()[0][:120]}")
            continue
        for resource in known.values():
            row, table = count(adata, resource)
            counts.append({"data": name, "genes": adata.n_vars, "resource": resource.name} | row)
            if resource.name == "breast+general":
                tables[name] = table
    return pd.DataFrame(counts), tables, missing


def shares(tables, by):
    """Per cent of the rows of each data set with each value; the most common ones."""
    columns = {name: table[by].astype(str).value_counts(normalize=True) for name, table in tables.items()}
    frame = pd.DataFrame(columns).fillna(0)
    frame = frame.loc[frame.sum(axis=1).sort_values(ascending=False).index]
    frame.index = [value or "(none)" for value in frame.index]
    return (100 * frame.head(MOST)).round(1).rename_axis(by).reset_index()


def content(known):
    """Interactions of each resource by mode, basis and pathway, in per cent."""
    parts = []
    for by in SHARED_BY:
        series = {
            name: 100 * resource.interactions[by].replace("", "(none)").value_counts(normalize=True)
            for name, resource in known.items()
        }
        frame = pd.DataFrame(series).fillna(0).round(1)
        frame = frame.loc[frame.sum(axis=1).sort_values(ascending=False).index].head(MOST)
        parts.append(frame.rename_axis("value").reset_index().assign(by=by))
    frame = pd.concat(parts)
    return frame[["by", "value", *known]]


def foreign():
    """Tables of other tools, where their folder is named."""
    folder = os.environ.get("COMMSCORE_PRIORS")
    found = {}
    if folder:
        folder = Path(folder)
        names = ("interaction", "complex", "cofactor")
        found["CellPhoneDB 5"] = cs.rs.from_cellphonedb(folder)
        found["CellChatDB 2"] = cs.rs.from_cellchatdb(*(folder / f"cellchatdb_v2_human_{n}.csv" for n in names))
        found["ICELLNET"] = icellnet(folder / "ICELLNETdb.tsv")
    with contextlib.suppress(ImportError):
        found["LIANA consensus"] = cs.rs.from_liana()
    return found


def icellnet(path):
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    sides = {side: frame.filter(like=side.capitalize()).to_numpy() for side in ("ligand", "receptor")}
    pairs = pd.DataFrame({k: ["_".join(filter(None, map(str.strip, names))) for names in v] for k, v in sides.items()})
    plain = pairs["ligand"].str.fullmatch(r"[\w.-]+") & pairs["receptor"].str.fullmatch(r"[\w.-]+")
    return cs.rs.from_table(pairs[plain], name="icellnet")


def merged(known):
    """What merging with the tables of others does."""
    rows = []
    for base in ("breast", "breast+general"):
        before = known[base].interactions.set_index("interaction")
        for name, other in foreign().items():
            both = known[base].merge(other)
            pairs = both.interactions
            mode = pairs.set_index("interaction")["mode"]
            kept = before[(before["mode"] != "unknown") & before.index.isin(mode.index)]
            rows.append(
                {
                    "merged": f"{base} + {name}",
                    "interactions": f"{len(known[base]):,} + {len(other):,} = {len(both):,}",
                    "twice": twice(pairs),
                    "interactions lost": len(before) - before.index.isin(mode.index).sum(),
                    "modes changed": int((mode[kept.index] != kept["mode"]).sum()),
                    "mode unknown (%)": round(100 * float((pairs["mode"] == "unknown").mean()), 1),
                    "no pathway (%)": round(100 * float((pairs["pathway"] == "").mean()), 1),
                }
            )
    return pd.DataFrame(rows)


def twice(pairs):
    """Pairs that occur more than once, whatever the order of subunits and sides; those of reviews apart."""
    sides = [pairs[side].map(lambda name: frozenset(name.split("_"))) for side in ("ligand", "receptor")]
    counts = Counter(map(frozenset, zip(*sides, strict=True)))
    told = {"CDH1^CDH2", "CDH2^CDH1"}
    n = sum(k > 1 for k in counts.values())
    return f"{n - 1} (and CDH1, CDH2, which reviews tell both ways)" if told <= set(pairs["interaction"]) else str(n)


def wide(counts, column):
    table = counts.pivot(index=["data", "genes"], columns="resource", values=column)
    order = [name for name in RESOURCES if name in table]
    return table[order].loc[[d for d in DATA if d in table.index.get_level_values(0)]].reset_index()


def sizes():
    """Compressed size of what is shipped of each resource."""
    rows = []
    for name in ("breast", "general"):
        folder = Path(cs.rs.__file__).parent / "data" / name
        with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
            rows.append({"resource": name, "kB": round(sum(i.compress_size for i in archive.infolist()) / 1000)})
    return pd.DataFrame(rows)


def page():
    known, missing = resources()
    counts, tables, absent = measure(known)
    identity = pd.DataFrame(
        [[r.name, r.version, len(r), r.licence, r.sha256[:12]] for r in known.values()],
        columns=["resource", "version", "interactions", "licence", "sha256"],
    )
    sections = [
        ("Resources", identity),
        ("Testable interactions", wide(counts, "testable")),
        ("Interactions with a row in the table of scores", wide(counts, "interactions")),
        ("Rows in the table of scores", wide(counts, "rows")),
        *((f"Rows of `breast+general` by {by}, in per cent", shares(tables, by)) for by in SHARED_BY),
        ("Interactions of the resources, in per cent", content(known)),
        ("Merging with the tables of others", merged(known)),
        ("Size of the shipped tables", sizes()),
    ]
    explanation = __doc__.split("\n", 4)[4].strip()
    text = [f"# Resources: what they can test\n\n`python benchmarks/resources.py` makes this page.\n\n{explanation}\n"]
    text += [f"## {title}\n\n{table.to_markdown(index=False)}\n" for title, table in sections if len(table)]
    left_out = missing + absent
    if left_out:
        text.append("Left out here: " + "; ".join(left_out) + "\n")
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "README_resources.md")
    arguments = parser.parse_args()
    arguments.out.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
