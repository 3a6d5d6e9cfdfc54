"""What counts of samples say of themselves before anything is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .composition import shifts_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .ambient import Ambient
    from .composition import CompositionShift


def cautions_of_counts(shifts: Sequence[CompositionShift], ambient: Ambient, *, normalization: str) -> list[str]:
    """Say that conditions differ in the composition of their counts or in ambient RNA; nothing where they do not."""
    return [text for text in (shifts_in_words(shifts, normalization=normalization), ambient.in_words()) if text]
