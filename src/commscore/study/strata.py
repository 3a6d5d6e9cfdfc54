"""Samples of cells that are scored together, and columns of ``obs`` that look like samples nobody named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._validate import listed, warn
from ..arrays import Groups
from ..core.scoring.sampled import MIN_SAMPLES
from ..get._columns import as_categorical, in_memory, label_texts
from .cells import obs_column
from .nesting import NESTING_SAYS, OWNER, is_whole, pieces_in_words

if TYPE_CHECKING:
    import numpy.typing as npt
    from anndata import AnnData

    from ..arrays import Ints
    from .cells import Cells

_MOST = 65_534
_LEVELS = range(2, 201)
_SAMPLE = re.compile(
    r"(?:.*[^a-z])?(?:(?:bio)?sample|specimen|biopsy|biopsie|librar(?:y|ie)|orig\.?ident|replicate|batch|channel)s?"
    r"[^a-z]*(?:id|identifier|no|nr|num|number|name|code|label|key)?s?[^a-z]*"
)
_BARE = re.compile(
    r"(?:inds?|gsm|embryos?|mice|rep)[^a-z]*(?:id|no|nr|num|number|name|code|label)?[^a-z]*"
    r"|cases?[^a-z]+(?:id|no|nr|num|number|name|code|label)[^a-z]*"
    r"|(?:hto|hash(?:tag)?s?)(?:[^a-z]+(?:max)?(?:id|ident|classification|call|name))?[^a-z]*"
)
"""Words that are samples on their own and something else in longer names (``bad_ind``, ``nCount_HTO``); a ``case`` with
a number, as alone it is the opposite of a control."""
_COVERED = 0.95  # of the cells lie in levels with several groups
_MISSING = 0.05  # of the cells may have no value
SAMPLES_SAY = "looks like samples"


@dataclass(frozen=True)
class SamplesOfCells:
    """Samples of the cells that take part; numbered as groups are: by size, ties by their first cell."""

    strata: Groups
    names: npt.NDArray[np.object_]

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.strata.n


def samples_of_cells(adata: AnnData, sample_key: str, cells: Cells, *, groupby: str) -> SamplesOfCells:
    """Read the sample of every cell that takes part.

    Raises
    ------
    ValueError
        If a cell has none, the column is that of the groups, or there are more samples than can be numbered.
    """
    if sample_key == groupby:
        msg = f"sample_key={sample_key!r} is the same column as groupby; they must be different columns of adata.obs"
        raise ValueError(msg)
    column = obs_column(adata, "sample_key", sample_key)
    column = column if cells.chosen is None else column.iloc[cells.chosen]
    if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 != 0).any():
        msg = f"adata.obs[{sample_key!r}] has fractions, as measured values do; give the column of biological samples"
        raise ValueError(msg)
    categorical = as_categorical(column).cat
    codes = categorical.codes.to_numpy().astype(np.int64)
    if (codes < 0).any():
        msg = (
            f"adata.obs[{sample_key!r}] has {int((codes < 0).sum())} missing labels (NaN) among {codes.size} cells; "
            "leave these cells out or give them a sample"
        )
        raise ValueError(msg)
    used, first, code, sizes = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    if used.size > _MOST:
        msg = f"adata.obs[{sample_key!r}] has {used.size:,} different values; give the column of biological samples"
        raise ValueError(msg)
    order = np.lexsort([first, sizes])
    number = np.empty(used.size, np.int64)
    number[order] = np.arange(used.size)
    names = np.asarray(label_texts(column, (categorical.categories[k] for k in used)), object)
    return SamplesOfCells(Groups.of(number[code.ravel()], used.size), names[order])


def warn_if_few(n: int, sample_key: str) -> None:
    """Say once that one or two samples are no replicates."""
    if n < MIN_SAMPLES:
        warn(
            f"adata.obs[{sample_key!r}] has {n} sample{'s' if n > 1 else ''} among these cells: a test "
            f"over samples needs {MIN_SAMPLES}, so that pvalue is that within samples (unit='cells') and says nothing "
            "of the next donor"
        )


def warn_of_patients(adata: AnnData, samples: SamplesOfCells, cells: Cells, *, sample_key: str) -> None:
    """Warn where samples are those of fewer patients, or pieces of samples, as a column that nobody named tells."""
    keys = [str(c) for c in adata.obs.columns if str(c) != sample_key]
    for key in keys:
        is_owner = bool(OWNER.fullmatch(key.lower()))
        if keys.count(key) > 1 or not (is_owner or is_whole(key, sample_key)):
            continue
        n = _n_owners(in_memory(adata, key), samples, cells)
        if n is None:
            continue
        if not is_owner:
            warn(pieces_in_words(key, n, sample_key=sample_key, n_pieces=samples.n))
            return
        warn(
            f"adata.obs[{key!r}] {NESTING_SAYS}: {n} values for the {samples.n} samples of sample_key={sample_key!r}. "
            "Samples of one patient are alike; taken as independent ones, up to a fifth of the rows have p ≤ 0.05 by "
            f"chance, and nothing is said of the next patient. Give sample_key={key!r}"
        )
        return


def _n_owners(column: Any, samples: SamplesOfCells, cells: Cells) -> int | None:
    """Return how many values a column has if every sample is of one of them, and they are fewer."""
    codes, values = pd.factorize(column if cells.chosen is None else column.iloc[cells.chosen])
    if (codes < 0).any() or len(values) >= samples.n:
        return None
    owner = np.full(samples.n, -1, np.int64)
    owner[samples.strata.labels] = codes
    return len(values) if (owner[samples.strata.labels] == codes).all() else None


def warn_if_apart(n_per_row: Ints, sample_key: str) -> None:
    """Warn where no row can be tested over samples, though there are enough of them."""
    if n_per_row.size and n_per_row.max() < MIN_SAMPLES:
        warn(
            f"sample_key={sample_key!r}: the two groups of a row meet in at most {int(n_per_row.max())} samples, with "
            f"enough cells in each; a test over samples needs {MIN_SAMPLES}, so that pvalue is missing in all rows "
            "(status too_few_samples). Is it the column of biological samples?"
        )


def warn_of_samples(adata: AnnData, cells: Cells, *, groupby: str, instead: str) -> None:
    """Warn where nobody named samples and a column of ``obs`` looks like them; ``instead`` says what to give."""
    keys = like_samples(adata, cells, groupby=groupby)
    if not keys:
        return
    n = in_memory(adata, keys[0]).nunique()
    others = f" (or {listed(keys[1:], most=3)})" if keys[1:] else ""
    warn(
        f"adata.obs[{keys[0]!r}]{others} {SAMPLES_SAY}: {n} values, each with several groups of {groupby!r}. Without "
        "samples all cells are one pool, and what differs between samples counts as evidence: in public cohorts a "
        f"fifth to two fifths of the rows are significant without any specificity. {instead.format(repr(keys[0]))}"
    )


def like_samples(adata: AnnData, cells: Cells, *, groupby: str) -> list[str]:
    """Return columns of ``obs`` called like samples, patients first, of 2 to 200 values with several groups each."""
    columns = [str(c) for c in adata.obs.columns if str(c) != groupby]
    owners = [c for c in columns if OWNER.fullmatch(c.lower())]
    samples = [c for c in columns if c not in owners and any(p.fullmatch(c.lower()) for p in (_SAMPLE, _BARE))]
    return [c for c in (*owners, *samples) if list(columns).count(c) == 1 and _crosses_groups(adata, c, cells)]


def _crosses_groups(adata: AnnData, key: str, cells: Cells) -> bool:
    """Whether a column has a few values, nearly all of whose cells lie in values with several groups.

    It may lack some: whoever names it is told of these cells.
    """
    column: Any = in_memory(adata, key)
    codes, values = pd.factorize(column if cells.chosen is None else column.iloc[cells.chosen])
    there = codes >= 0
    if len(values) not in _LEVELS or there.mean() < 1 - _MISSING:
        return False
    table = np.zeros((len(values), cells.groups.n), np.int64)
    np.add.at(table, (codes[there], cells.groups.labels[there]), 1)
    several = (table > 0).sum(axis=1) > 1
    return bool(several.sum() > 1 and table[several].sum() >= _COVERED * table.sum())
