"""Tables of ``tl.leave_one_out``."""

from __future__ import annotations

from . import compare
from ._base import Column, StoredKind, Table

_EDGE = (
    Column("contrast", "category", "what is compared: 'ALT vs REF', or 'stages'"),
    Column("source", "category", "group that expresses the ligand"),
    Column("target", "category", "group that expresses the receptor"),
    Column("interaction", "category", "interaction of the resource, LIGAND^RECEPTOR"),
)

INFLUENCE = Table(
    "influence",
    "one contrast × source × target × interaction of the comparison without one sample",
    (
        Column("left_out", "category", "sample (with patient_key: patient) that was left out"),
        *_EDGE,
        Column("effect", "float", "log2 fold change of ligand × receptor without it; missing where it cannot be told"),
        Column("pvalue", "float", "p-value without it"),
        Column("padj", "float", "adjusted p-value without it"),
    ),
)

STABILITY = Table(
    "stability",
    "one contrast × source × target × interaction",
    (
        *_EDGE,
        Column("effect", "float", "log2 fold change of ligand × receptor with all samples"),
        Column("padj", "float", "adjusted p-value with all samples"),
        Column("effect_low", "float", "smallest effect without one"),
        Column("effect_high", "float", "largest effect without one"),
        Column("max_padj", "float", "largest adjusted p-value without one"),
        Column("most_influential", "string", "the one whose absence moves the effect most"),
        Column("shift", "float", "effect without it minus effect with all"),
        Column("sign_stable", "bool", "the sign of effect stays whichever is left out"),
        Column("n_left_out", "int", "samples or pairs without which there is an effect"),
    ),
)

STORED = StoredKind(
    "influence",
    key="commscore_influence",
    version=4,
    tool="leave_one_out",
    tables={"table": INFLUENCE, "stability": STABILITY, "untested": compare.UNTESTED},
)
