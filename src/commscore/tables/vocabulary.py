"""The words of category columns that arrays hold as codes: each vocabulary once, its codes its order."""

from __future__ import annotations

from enum import StrEnum


class Vocabulary(StrEnum):
    """Words of a column. A word is a string; ``code`` is its place, which arrays hold (``-1`` is missing)."""

    code: int

    def __new__(cls, word: str) -> Vocabulary:
        """Give the word its place as its code."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.code = len(cls.__members__)
        return member

    @classmethod
    def words(cls) -> tuple[str, ...]:
        """Return the words as plain strings, in the order of their codes."""
        return tuple(str(member.value) for member in cls)


class Unit(Vocabulary):
    """What was relabelled or replicated."""

    SAMPLES = "samples"
    CELLS = "cells"


class Status(Vocabulary):
    """Whether a row was tested, or why not."""

    TESTED = "tested"
    DETECTION = "detection"
    TOO_FEW_SAMPLES = "too_few_samples"
    NOT_EXPRESSED = "not_expressed"
    NOT_MEASURED = "not_measured"


class UntestableReason(Vocabulary):
    """Why a row could not be tested."""

    GROUP_ABSENT = "group_absent"
    BELOW_MIN_CELLS = "below_min_cells"
    ONE_SAMPLE = "one_sample"
    NOT_ESTIMABLE = "not_estimable"
    NOT_EXPRESSED = "not_expressed"


class ShiftName(Vocabulary):
    """What was shown of a row."""

    UP = "up"
    DOWN = "down"
    LIGAND_UP = "ligand_up"
    LIGAND_DOWN = "ligand_down"
    RECEPTOR_UP = "receptor_up"
    RECEPTOR_DOWN = "receptor_down"
    COMPENSATED = "compensated"
    GAINED = "gained"
    LOST = "lost"
    STABLE = "stable"
    DETECTED_ONLY_REF = "detected_only_ref"
    DETECTED_ONLY_ALT = "detected_only_alt"
    INCONCLUSIVE = "inconclusive"
    NOT_ASSESSABLE = "not_assessable"


class ShapeName(Vocabulary):
    """Course over ordered stages."""

    GROWTH = "growth"
    RECESSION = "recession"
    PEAK = "peak"
    TROUGH = "trough"
    EARLY_SWITCH = "early_switch"
    LATE_SWITCH = "late_switch"
    FLAT = "flat"
    AMBIGUOUS = "ambiguous"


class DriverName(Vocabulary):
    """Part of a change that carries it; the first four in the order of the parts."""

    LIGAND = "ligand"
    RECEPTOR = "receptor"
    SOURCE_ABUNDANCE = "source_abundance"
    TARGET_ABUNDANCE = "target_abundance"
    MIXED = "mixed"


class EffectPattern(Vocabulary):
    """How the two simple effects of a difference in differences relate."""

    DIVERGENT = "divergent"
    CONVERGENT = "convergent"
    ONE_SIDED = "one_sided"
    PARALLEL = "parallel"


class StepStatus(Vocabulary):
    """Whether a step of a circuit is expressed, or why it could not be measured."""

    EXPRESSED = "expressed"
    BELOW_EXPR_PROP = "below expr_prop"
    ROLE_ABSENT = "role absent"
    GENE_MISSING = "gene missing"
    NOT_MEASURABLE_IN_RNA = "not measurable in RNA"
    ACTS_ON_ITS_EDGE = "acts on its edge"


class CircuitStatus(Vocabulary):
    """How much of a circuit is there."""

    COMPLETE = "complete"
    STEP = "step"
    PARTIAL = "partial"
    BROKEN = "broken"
    NOT_ASSESSABLE = "not_assessable"
    NOT_IN_RNA = "not_in_rna"


class CircuitChangeStatus(Vocabulary):
    """Whether the change of a circuit or of a step was tested, or why not."""

    TESTED = "tested"
    TOO_FEW_SAMPLES = "too_few_samples"
    NOT_EXPRESSED = "not_expressed"
    BROKEN = "broken"
    NOT_ASSESSABLE = "not_assessable"


class TherapyStatus(Vocabulary):
    """Whether a therapy cuts an edge, or why not."""

    CUTS = "cuts"
    NO_EDGE = "no edge"
    NO_TARGET = "no target"
    ACTIVATES = "activates"
    NOT_MEASURABLE_IN_RNA = "not measurable in RNA"


class Agreement(Vocabulary):
    """Whether an edge and the response to it moved, and the same way."""

    AGREE = "agree"
    OPPOSE = "oppose"
    EDGE_ONLY = "edge_only"
    RESPONSE_ONLY = "response_only"
    NEITHER = "neither"
    NOT_ASSESSABLE = "not_assessable"


class ExpectationLevel(Vocabulary):
    """What the reviews expect to shift."""

    LIGAND = "ligand"
    RECEPTOR = "receptor"
    INTERACTION = "interaction"
    GENE = "gene"
    COMPOSITION = "composition"
    PATHWAY = "pathway"


class StatedChange(Vocabulary):
    """What a review says changes between the contexts of a statement."""

    UP = "up"
    DOWN = "down"
    GAINED = "gained"
    LOST = "lost"
    SWITCH = "switch"
    NONE = "none"


class ExpectedChange(Vocabulary):
    """How the reviews expect it to change."""

    UP = "up"
    DOWN = "down"
    SWITCH = "switch"
    NON_MONOTONE = "non_monotone"
    NONE = "none"


class Verdict(Vocabulary):
    """What the data say of an expectation."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NOT_ASSESSABLE = "not_assessable"
