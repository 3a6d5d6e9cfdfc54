"""What ``shift`` says, row by row and as slowly as it reads: the reference for the words of a comparison."""

from __future__ import annotations

import math


def word(row, *, alpha, margin):
    """Return the word of a row of the table."""
    if row["status"] not in ("tested", "detection"):
        return "not_assessable"
    sure = not math.isnan(row["padj"]) and row["padj"] <= alpha
    if row["status"] == "detection":
        here, there = (row[f"ligand_prop_{end}"] * row[f"receptor_prop_{end}"] for end in ("ref", "alt"))
        # both sides may be there on average and in no sample together: then the table does not tell
        appears = row["shift"] in ("gained", "detected_only_alt") if here and there else here == 0
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


def assert_words(table, *, alpha, margin):
    """Assert that every row says what its numbers say, and has a driver only if it is significant."""
    for row in table.astype({"shift": object, "status": object, "driver": object}).to_dict("records"):
        want = word(row, alpha=alpha, margin=margin)
        if row["contrast"] == "stages" and want == "stable":  # where every course must be small, not only the best
            assert row["shift"] in ("stable", "inconclusive")
            continue
        assert row["shift"] == want, row
        assert isinstance(row["driver"], str) <= (row["padj"] <= alpha), row
