"""Columns of the resource: interactions, their evidence, and the facts around them.

Empty cells are the empty string, never ``NaN``. Lists inside a cell are joined by ``;`` (names that people
write for the same thing by ``|``), subunits of a complex by ``_``, ligand and receptor by ``^``.
"""

from __future__ import annotations

from ._base import Column, Table
from .vocabulary import ExpectationLevel, ExpectedChange, StatedChange

KINDS = ("protein", "metabolite", "glycan", "rna")
MODES = (
    "gap_junction",
    "junctional_adhesion",
    "contact",
    "checkpoint",
    "antigen_presentation",
    "paracrine",
    "autocrine",
    "extracellular_vesicle",
    "ecm",
    "hormone",
    "metabolite",
    "shedding",
    "unknown",
)
DIRECTNESS = ("direct", "indirect")
EFFECTS = ("activating", "inhibiting", "decoy", "unknown")
OUTCOMES = ("promotes", "suppresses", "recruits", "differentiates", "kills", "none", "unknown")
CERTAINTIES = ("shown", "proposed", "hypothesis", "summary", "unstated")
MODELS = ("patients", "mouse", "culture", "unstated")
BASES = ("stated", "inferred", "family", "listed")
STATED = ("both", "ligand", "receptor", "inferred")
DIRECTIONS = ("pro", "anti", "dual", "unclear")
CHANGES = (*StatedChange.words(), "")

_SOURCE = Column("source", "string", "Key of the review (see `sources`), or name of the foreign resource.")
_LINES = Column("lines", "string", "Lines of the review's text, or of the foreign file, `from-to`, 1-based.")
_SECTION = Column("section", "string", "Heading of the review under which the lines stand; empty where none is known.")
_CITED = Column("cited", "string", "Citation marks as the review gives them, e.g. `[14-16]`.")
_WRITTEN = Column("written", "string", "Names as written inside these lines, joined by `|`.")
_STATEMENT = Column("statement", "string", "What the source says, in our own words.")
_INFERRED = Column("inferred_from", "string", "Why a partner that is not named was added.")

_INTERACTION = Column("interaction", "string", "Unique id, `LIGAND^RECEPTOR`.")
_LIGAND = Column("ligand", "string", "What the sender presents or secretes; `met:name` if it is not a gene product.")
_RECEPTOR = Column("receptor", "string", "What the receiver has; subunits joined by `_`.")
_KIND = Column("kind", "category", "What the ligand is.", KINDS)
_MODE = Column("mode", "category", "How the signal travels; `unknown` where nobody says.", MODES)
_DIRECTNESS = Column("directness", "category", "Whether ligand and receptor touch.", DIRECTNESS)
_EFFECT = Column("effect", "category", "What the ligand does to the receptor as a molecule.", EFFECTS)
_OUTCOME_OF = "What is promoted or suppressed, where to it is recruited or into what it differentiates, in our words."
_DIRECTION = Column("direction", "category", "Whether it drives (pro) or restrains (anti) the tumour.", DIRECTIONS)

INTERACTIONS = Table(
    "interactions",
    "one ligand with one receptor",
    (
        _INTERACTION,
        _LIGAND,
        _RECEPTOR,
        _KIND,
        Column(
            "mode",
            "category",
            "The mode most statements give; ties in the order of the values.",
            MODES,
        ),
        _DIRECTNESS,
        _EFFECT,
        Column(
            "outcome",
            "category",
            "What most statements say happens to the receiving cell; ties in the order of the values.",
            OUTCOMES,
        ),
        Column("outcome_of", "string", f"{_OUTCOME_OF} All that statements with this outcome name, joined by `;`."),
        Column(
            "basis",
            "category",
            "What the pair rests on: `stated` (a review names both partners), `inferred` (from a review that names "
            "one or neither), `family` (a rule about its family of molecules), `listed` (only a list has it).",
            BASES,
        ),
        Column("n_evidence", "int", "Number of statements."),
        Column("sources", "string", "Sources of the statements, joined by `;`."),
        Column(
            "direction",
            "category",
            "`dual` if statements say both pro and anti, or one says dual.",
            DIRECTIONS,
        ),
        Column("directions", "string", "Directions the statements give, joined by `;`."),
        Column("modes", "string", "Modes the statements give, joined by `;`."),
        Column("outcomes", "string", "Outcomes the statements give, joined by `;`."),
        Column(
            "disputed",
            "string",
            "What some statements call promoted and others suppressed, joined by `;`; empty if nothing.",
        ),
        Column("pathway", "string", "Family of signals, as biologists call it (`CXCL`, `NOTCH`); empty if none."),
    ),
)

EVIDENCE = Table(
    "evidence",
    "one statement of one source about one interaction",
    (
        _INTERACTION,
        _LIGAND,
        _RECEPTOR,
        _KIND,
        _MODE,
        _DIRECTNESS,
        _EFFECT,
        Column("outcome", "category", "What happens to the receiving cell, as the text says it.", OUTCOMES),
        Column("outcome_of", "string", _OUTCOME_OF),
        _SOURCE,
        _LINES,
        _SECTION,
        _CITED,
        _WRITTEN,
        _STATEMENT,
        Column("stated", "category", "Which partner the text names.", STATED),
        _INFERRED,
        Column("sender", "string", "Role of the sending cell (see `roles`)."),
        Column("receiver", "string", "Role of the receiving cell (see `roles`)."),
        Column(
            "context",
            "string",
            "`key=value` pairs joined by `;`: stage, site, subtype, treatment, factor, condition.",
        ),
        _DIRECTION,
        Column("change", "category", "What the text says changes.", CHANGES),
        Column(
            "certainty",
            "category",
            "How the text says it: as a finding (`shown`), an interpretation, a question, or general knowledge.",
            CERTAINTIES,
        ),
        Column("model", "category", "In what it was found, where the text says so.", MODELS),
    ),
)

ORIGINS = ("local", "systemic", "external")

MOLECULES = Table(
    "molecules",
    "one gene that makes, moves or senses one molecule that is not a gene product",
    (
        Column("molecule", "string", "`met:name`."),
        Column("name", "string", "Name in words."),
        Column("kind", "string", "What the molecule is."),
        Column(
            "role",
            "category",
            "What the gene does to it.",
            ("producer", "consumer", "exporter", "importer", "sensor"),
        ),
        Column("gene", "string", "Gene symbol, subunits joined by `_`."),
        Column("sign", "int", "1 raises the extracellular amount or the signal, -1 lowers it."),
        Column(
            "step",
            "string",
            "Step of its making that the gene does, numbered in order: genes of one step are alternatives, steps are "
            "needed together; empty where the gene decides nothing.",
        ),
        Column(
            "origin",
            "category",
            "Where it is made: `local` (by cells of the tissue), `systemic` (by another organ; it comes with the "
            "blood), `external` (by no cell of the body: food, bacteria, drugs, pollution).",
            ORIGINS,
        ),
        _SOURCE,
        _LINES,
        _WRITTEN,
        Column("stated", "category", "Whether the review names the gene.", ("yes", "no")),
        _INFERRED,
    ),
)

CIRCUITS = Table(
    "circuits",
    "one step of one loop or cascade",
    (
        Column("circuit", "string", "Id of the circuit."),
        Column("name", "string", "Name in words."),
        Column("kind", "category", "Whether it closes.", ("loop", "cascade")),
        Column("condition", "string", "Context in which it runs."),
        Column("breakers", "string", "Therapies or molecules that break it, joined by `;`."),
        Column(
            "status",
            "category",
            "Stated by the review or put forward as a hypothesis.",
            ("stated", "hypothesis"),
        ),
        Column("measurable_steps", "int", "Steps of the circuit that RNA can show; 0: nothing of it."),
        Column("step", "int", "Position, from 1."),
        Column("edge", "category", "What the step is.", ("communication", "intracellular", "gate")),
        Column("source_role", "string", "Role of the cell the step leaves."),
        Column("target_role", "string", "Role of the cell the step reaches."),
        Column("from", "string", "Ligand, receptor, gene or gate."),
        Column("to", "string", "Receptor, gene or molecule acted on."),
        Column("interaction", "string", "`from^to` of a communication step, else empty."),
        Column(
            "sign",
            "int",
            "1 activates, -1 restrains: a communication step its receptor, others what they end at.",
        ),
        Column("outcome", "category", "Communication: what happens to the receiving cell, as the lines say.", OUTCOMES),
        Column("outcome_of", "string", "What is promoted or suppressed, joined by `;`."),
        Column("protein_only", "bool", "Whether an intracellular step ends at a protein whose mRNA says little of it."),
        Column(
            "beyond_rna",
            "string",
            "Why RNA says nothing of the step, where its molecules do not show that; else empty.",
        ),
        _SOURCE,
        _LINES,
        _SECTION,
        _WRITTEN,
        Column("stated", "category", "Which end of the step the text names.", ("both", "from", "to", "inferred")),
        _STATEMENT,
        Column("circuit_source", "string", "`source` of the circuit as a whole."),
        Column("circuit_lines", "string", "`lines` of the circuit as a whole."),
        Column("circuit_cited", "string", "`cited` of the circuit as a whole."),
        Column("circuit_written", "string", "`written` of the circuit as a whole."),
        Column("circuit_statement", "string", "`statement` of the circuit as a whole."),
    ),
)

EXPECTATIONS = Table(
    "expectations",
    "one shift that a comparison of two contexts should show",
    (
        Column("expectation", "string", "Id of the expectation."),
        Column(
            "level",
            "category",
            "What shifts.",
            ExpectationLevel.words(),
        ),
        Column("what", "string", "Symbols joined by `;`, or `LIGAND^RECEPTOR`, or a role (composition)."),
        Column("role", "string", "Role of the cell in which it is measured; empty is any."),
        Column("sender", "string", "Role of the sending cell."),
        Column("receiver", "string", "Role of the receiving cell."),
        Column("from_context", "string", "Context compared with."),
        Column("comparator_stated", "bool", "Whether the review names that context; else it is our reading."),
        Column("to_context", "string", "Context in which it has changed."),
        Column("change", "category", "How it changes.", ExpectedChange.words()),
        Column("rna", "category", "Whether RNA can show it.", ("yes", "partly", "no")),
        _SOURCE,
        _LINES,
        _SECTION,
        _CITED,
        _WRITTEN,
        _STATEMENT,
    ),
)

THERAPIES = Table(
    "therapies",
    "one drug or intervention as one source reports it",
    (
        Column("therapy", "string", "Generic name, lower case."),
        Column(
            "class",
            "category",
            "What it is.",
            (
                "antibody",
                "small_molecule",
                "endocrine",
                "chemotherapy",
                "radiotherapy",
                "surgery",
                "cell_therapy",
                "vaccine",
                "lifestyle",
                "genetic",
                "other",
            ),
        ),
        Column("targets", "string", "Symbols or `met:` molecules, joined by `;`."),
        Column(
            "action",
            "category",
            "What it does to its targets.",
            (
                "blocks_ligand",
                "blocks_receptor",
                "inhibits_enzyme",
                "inhibits_signalling",
                "activates",
                "depletes_cells",
                "blocks_transport",
                "lowers_production",
                "other",
            ),
        ),
        Column("depletes", "string", "Role of the cells that it removes or silences; empty if none."),
        Column(
            "reported",
            "category",
            "What the source reports.",
            ("benefit", "no_benefit", "resistance", "harm", "mixed", "proposed"),
        ),
        Column("context", "string", "Context in which it was given."),
        _SOURCE,
        _LINES,
        _SECTION,
        _CITED,
        _WRITTEN,
        _STATEMENT,
    ),
)

ROLES = Table(
    "roles",
    "one cell role as one source names it",
    (
        Column("role", "string", "Id of the role."),
        Column("synonyms", "string", "Names people give such clusters, joined by `|`."),
        _SOURCE,
        _LINES,
    ),
)

REFERENCES = Table(
    "references",
    "one entry of the bibliography of one source",
    (
        _SOURCE,
        Column("key", "string", "Mark by which the source cites it."),
        Column("citation", "string", "The entry."),
        Column("title", "string", "Title in it."),
        Column("doi", "string", "Its DOI, where the source gives one."),
    ),
)

SOURCES = Table(
    "sources",
    "one review",
    (
        Column("source", "string", "Key."),
        Column("title", "string", "Title."),
        Column("authors", "string", "Authors."),
        Column("year", "string", "Year."),
        Column("journal", "string", "Journal."),
        Column("doi", "string", "DOI."),
        Column("file", "string", "File name of the text to which `lines` refer."),
    ),
)

SYMBOLS = Table(
    "symbols",
    "one human gene named anywhere in the resource",
    (
        Column("symbol", "string", "Approved symbol."),
        Column("ensembl", "string", "Ensembl gene ids, joined by `|`."),
        Column("entrez", "string", "NCBI gene id."),
        Column("aliases", "string", "Other names that mean this gene and no other, joined by `|`."),
        Column("mouse", "string", "One-to-one mouse ortholog; empty if there is none."),
    ),
)

DROPPED = Table(
    "dropped",
    "one fact that a conversion lost",
    (
        Column("table", "string", "Table the fact was in."),
        Column("interaction", "string", "The interaction, if the fact was one."),
        Column("item", "string", "Interaction, circuit, therapy, expectation or molecule."),
        Column("gene", "string", "Genes that could not be converted, joined by `;`."),
        Column("reason", "string", "Why."),
    ),
)

MATCH = Table(
    "match",
    "one gene of the resource, looked up in the names of a data set",
    (
        Column("gene", "string", "Symbol in the resource."),
        Column("found_as", "string", "Name in the data; empty if missing."),
        Column(
            "how",
            "category",
            "By which name it was found; genome: the symbol or Ensembl id behind the name of a genome (GRCh38_CXCL12).",
            ("symbol", "alias", "ensembl", "genome", "missing"),
        ),
    ),
)

AVAILABLE = Table(
    "available",
    "one resource that can be used, or one format that can be read",
    (
        Column("name", "string", "Name."),
        Column("call", "string", "How to get it."),
        Column("version", "string", "Version, where it is known beforehand."),
        Column("n_interactions", "string", "Number of interactions, where it is known beforehand."),
        Column("licence", "string", "Licence of the content."),
        Column("about", "string", "What it is."),
    ),
)

DESCRIPTION = Table(
    "description",
    "one value of one property",
    (
        Column(
            "by",
            "category",
            "Property counted.",
            ("mode", "direction", "source", "basis", "effect", "outcome", "certainty", "model"),
        ),
        Column("value", "string", "Its value."),
        Column("interactions", "int", "Interactions with this value."),
        Column("statements", "int", "Evidence rows of these interactions with this value."),
    ),
)

TABLES = (
    INTERACTIONS,
    EVIDENCE,
    MOLECULES,
    CIRCUITS,
    EXPECTATIONS,
    THERAPIES,
    ROLES,
    REFERENCES,
    SOURCES,
    SYMBOLS,
)
