"""What ``shift`` says, row by row and as slowly as it reads: the reference for the words of a comparison."""

from __future__ import annotations

import math


def word(row, *, alpha, margin, adata=None, min_cells=10):
    """Return the word of a row of the table; where the table does not tell it, of the counts of ``adata``."""
    if row["status"] not in ("tested", "detection"):
        return "not_assessable"
    sure = not math.isnan(row["padj"]) and row["padj"] <= alpha
    if row["status"] == "detection":
        here, there = (row[f"ligand_prop_{end}"] * row[f"receptor_prop_{end}"] for end in ("ref", "alt"))
        if here and there:  # both sides are there on average, and in no sample together: the table does not tell
            here, there = (
                seen_together(adata, row, level, min_cells=min_cells) for level in row["contrast"].split(" vs ")[::-1]
            )
            assert (here == 0) != (there == 0), row
        appears = here == 0
        if sure:
            return "gained" if appears else "lost"
        return "detected_only_alt" if appears else "detected_only_ref"
    if not sure:
        small = max(abs(row["ligand_effect"]), abs(row["receptor_effect"])) <= margin
        return "stable" if small and row["ci_low"] >= -margin and row["ci_high"] <= margin else "inconclusive"
    up = {side: row[f"{side}_effect"] > 0 for side in ("ligand", "receptor")}
    p = {side: row[f"{side}_pvalue"] for side in up}
    if p["ligand"] <= alpha and p["receptor"] <= alpha and up["ligand"] != up["receptor"]:
        return "compensated"
    if row["ci_low"] > 0:
        return "up"
    if row["ci_high"] < 0:
        return "down"
    side = "ligand" if p["ligand"] <= p["receptor"] else "receptor"
    return f"{side}_up" if up[side] else f"{side}_down"


def seen_together(adata, row, level, *, min_cells):
    """Count the samples of a condition in which the source has the whole ligand and the target the whole receptor."""
    counts, seen = adata.layers.get("counts", adata.X), 0
    sides = ((row["source"], row["ligand_complex"]), (row["target"], row["receptor_complex"]))
    for sample in adata.obs["sample"][(adata.obs["condition"] == level).to_numpy()].unique():
        whole = []
        for group, entity in sides:
            cells = ((adata.obs["sample"] == sample) & (adata.obs["cell_type"] == group)).to_numpy().nonzero()[0]
            genes = [adata.var_names.get_loc(gene) for gene in entity.split("_") if gene in adata.var_names]
            whole.append(len(cells) >= min_cells and (counts[cells][:, genes].sum(axis=0) > 0).all())
        seen += all(whole)
    return seen


def assert_words(table, *, alpha, margin, adata=None, min_cells=10):
    """Assert that every row says what its numbers say, and has a driver only if it is significant."""
    for row in table.astype({"shift": object, "status": object, "driver": object, "contrast": str}).to_dict("records"):
        want = word(row, alpha=alpha, margin=margin, adata=adata, min_cells=min_cells)
        if row["contrast"] == "stages" and want == "stable":  # where every course must be small, not only the best
            assert row["shift"] in ("stable", "inconclusive")
            continue
        assert row["shift"] == want, row
        assert isinstance(row["driver"], str) <= (row["padj"] <= alpha), row
