"""Tables of ``tl.spatial``."""

from __future__ import annotations

from ._base import Column, StoredKind, Table

TESTED, TOO_FEW_BLOCKS, TOO_FEW_CONTACTS, TOO_FEW_SAMPLES = STATUSES = (
    "tested",
    "too_few_blocks",
    "too_few_contacts",
    "too_few_samples",
)
BLOCKS, SAMPLES = UNITS = ("blocks", "samples")
NOT_LOCAL, BELOW_RESOLUTION, NOT_EXPRESSED = "not_local", "below_resolution", "below expr_prop"
REASONS = (
    "gene missing",
    "subunit missing",
    "not measurable in RNA",
    "indirect",
    "too few cells",
    NOT_EXPRESSED,
    NOT_LOCAL,
    BELOW_RESOLUTION,
)

_PAIR = (
    Column("source", "category", "group that expresses the ligand; spots where data are spots"),
    Column("target", "category", "group that expresses the receptor; spots where data are spots"),
)
_MEETING = (
    Column("contacts", "int", "ordered pairs of neighbours, source cell and target cell, within the range"),
    Column(
        "proximity",
        "float",
        "log2 of the weight of contacts over what the numbers of cells give, within samples; 0 is mixed at random",
    ),
    Column("proximity_low", "float", "lower end of its 95 % interval: jackknife over blocks, samples from three on"),
    Column("proximity_high", "float", "upper end of it"),
)

SPATIAL = Table(
    "spatial",
    "one source × target × interaction whose sides are both expressed",
    (
        *_PAIR,
        Column("interaction", "category", "interaction of the resource, LIGAND^RECEPTOR"),
        Column("ligand_complex", "category", "ligand, subunits joined by _"),
        Column("receptor_complex", "category", "receptor, subunits joined by _"),
        Column("mode", "category", "mode of communication, which says how far it goes"),
        Column("range_um", "float", "how far in µm: radius (contact), standard deviation of a Gaussian (secreted)"),
        Column("unit", "category", "what pvalue takes as replicates", UNITS),
        Column("n_samples", "int", "samples that the test of coupling has"),
        *_MEETING,
        Column("score", "float", "mean of ligand × receptor over pairs of neighbours, by the weight of the range"),
        Column("ligand_mean", "float", "mean of the ligand in all cells of the source"),
        Column("receptor_mean", "float", "mean of the receptor in all cells of the target"),
        Column("ligand_near", "float", "mean of the ligand in the source, by the weight of the target's cells around"),
        Column(
            "receptor_near", "float", "mean of the receptor in the target, by the weight of the source's cells around"
        ),
        Column("coordination", "float", "score / (ligand_near × receptor_near); 1 where neither follows the other"),
        Column(
            "coupling",
            "float",
            "partial correlation of the receptor with the ligand that arrives, within blocks, adjusted; −1 to 1",
        ),
        Column("coupling_t", "float", "t of the coupling over blocks or samples, adjusted"),
        Column("n_blocks", "int", "blocks with enough target cells, an arriving ligand and a receptor"),
        Column(
            "pvalue",
            "float",
            "that the receptor follows the ligand that arrives, given who sits where: t over blocks or samples, or "
            "flipped signs; one-sided",
        ),
        Column("padj", "float", "Benjamini–Hochberg adjusted pvalue over the tested rows"),
        Column(
            "pvalue_unadjusted", "float", "the same without adjustment: what composition and spill-over give is in it"
        ),
        Column(
            "specificity_pvalue",
            "float",
            "of ligand and receptor in these groups under permuted labels (commscore.tl.score), within samples; "
            "positions play no part",
        ),
        Column("specificity_padj", "float", "Benjamini–Hochberg adjusted specificity_pvalue over all scored rows"),
        Column("status", "category", "whether coupling was tested, or why not", STATUSES),
    ),
)

PROXIMITY = Table(
    "proximity",
    "two groups and one range",
    (
        *_PAIR,
        Column("kernel", "category", "weight of a contact by its distance", ("flat", "gaussian", "connectivity")),
        Column("range_um", "float", "radius, or standard deviation of the Gaussian, in µm"),
        *_MEETING,
    ),
)

DECOYS = Table(
    "decoys",
    "one decoy in one source and target: a ligand with the receptor of another ligand",
    (
        *_PAIR,
        Column("ligand_complex", "category", "ligand of a known interaction"),
        Column(
            "receptor_complex",
            "category",
            "receptor of another ligand, of a similar level, that the resource does not list with it",
        ),
        Column("decoy_of", "category", "the interaction that it stands beside"),
        Column("coupling_t", "float", "as in the main table"),
        Column("pvalue", "float", "as in the main table"),
        Column("pvalue_unadjusted", "float", "as in the main table"),
    ),
)

UNTESTED = Table(
    "untested",
    "one interaction, or one group of cells, that has no row",
    (
        Column("interaction", "category", "interaction of the resource; * where a group of cells was left out"),
        Column("reason", "category", "why it has no row", REASONS),
        Column("detail", "string", "what exactly was found"),
    ),
)

STORED = StoredKind(
    "spatial",
    key="commscore_spatial",
    version=2,
    tool="spatial",
    tables={"table": SPATIAL, "proximity": PROXIMITY, "decoys": DECOYS, "untested": UNTESTED},
)
