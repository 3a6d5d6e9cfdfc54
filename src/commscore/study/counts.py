"""Raw counts: where they are, and their sums by sample and group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from .._validate import warn
from ..core.read.files import first_values
from ..core.read.pseudobulk import Pseudobulk, pseudobulk
from ..core.read.tiles import Blocks, Take
from ..kernels import pseudobulk as seen
from .cells import obs_column
from .expression import Expression, read_expression
from .recovered import recover_counts
from .scale import against_counts

if TYPE_CHECKING:
    from anndata import AnnData

    from ..arrays import Floats, Ints
    from ..core.threads import Team
    from .samples import Study

LAYER = "counts"
MOST = 0.4
"""Share of all counts in the genes of the pairs: if these double, all others seem to fall by half a log2."""
_STEP = 1 << 20
FRACTIONS = "holds numbers with fractions, which may be corrected counts: put them into adata.layers['counts'] if so"
_PLENTY = 1e7  # counts of a cell: no protocol gives as many


def raw_counts(
    adata: AnnData,
    *,
    counts_layer: str | None,
    use_raw: bool,
    gene_symbols: str | None = None,
    recover: bool = True,
) -> Expression:
    """Find the raw counts: the layer that is named, ``raw`` if asked for, else the first place that holds some.

    Counts with fractions (corrected for ambient RNA, or shared out by expectation maximisation) are taken where
    someone calls them counts: in a layer that is named, or is called so. Where there are none anywhere, they come back
    from scaled counts or their logarithms (:mod:`commscore.study.recovered`), of the place that has the most genes.

    Raises
    ------
    ValueError
        If there are none; the message says what each place holds.
    """
    named = counts_layer is not None or use_raw
    places = [(counts_layer, use_raw)] if named else _places(adata)
    argument = "counts_layer" if named else "layer"
    sources, looked = [], []
    for layer, raw in places:
        source = read_expression(adata, layer=layer, use_raw=raw, gene_symbols=gene_symbols, argument=argument)
        why = why_no_counts(source.matrix)
        if not why or (why == FRACTIONS and (named or source.layer == LAYER)):
            return replace(source, fractional=bool(why))
        sources.append(source)
        looked.append(f"{source.name} {why}")
    of_logarithms = _recovered(sources) if recover else None
    if of_logarithms is None:
        raise ValueError(_no_counts(looked))
    return of_logarithms


def _places(adata: AnnData) -> list[tuple[str | None, bool]]:
    """Layer and ``use_raw`` of the places that may hold counts, in this order."""
    places = {(LAYER, False): LAYER in adata.layers, (None, False): adata.X is not None}
    places[None, True] = adata.raw is not None
    return [place for place, is_there in places.items() if is_there]


def _recovered(sources: list[Expression]) -> Expression | None:
    """Return the counts behind the logarithms of one of these places."""
    for source in sorted(sources, key=lambda s: -s.var_names.size):
        recovered = recover_counts(source.matrix)
        if recovered is not None:
            usable = None if recovered.whole.all() else recovered.whole
            return replace(source, matrix=recovered.matrix, recovered=recovered.share, usable=usable)
    return None


def _no_counts(looked: list[str]) -> str:
    return (
        f"no raw counts found: {'; '.join(looked) or 'adata holds nothing'}. Conditions are compared on counts added "
        "up per sample, which normalised values cannot give; put the raw counts into adata.layers['counts'] (before "
        "sc.pp.normalize_total), or name their layer with counts_layer=. Without any, cs.tl.compare takes "
        "scale='lognorm': sample means of the normalised values, which is less sure"
    )


def why_no_counts(matrix: Any) -> str:
    """Say why values are no counts; nothing if they are, and ``FRACTIONS`` if they may be corrected ones."""
    if whole_numbers(matrix):
        return ""
    values = first_values(matrix) if isinstance(matrix, Blocks) else _values(matrix)
    if (values < 0).any():
        return "holds negative values, as scaled data do"
    against = against_counts(matrix)
    return f"holds no whole numbers, and {against}" if against else FRACTIONS


def say_of_counts(source: Expression) -> None:
    """Say that counts were taken that are not whole, or that came back from logarithms."""
    if source.fractional:
        warn(
            f"{source.name} holds numbers with fractions; they are taken as counts that were corrected (SoupX, "
            "decontX, CellBender) or shared out (alevin, kallisto), and added up as they are. Were they normalised, "
            "p-values would be wrong"
        )
    if source.recovered is not None:
        left_out = "" if source.usable is None else f"; the other {(~source.usable).sum():,} cells are left out"
        warn(
            f"no raw counts found; those behind {source.name} are taken, of scaled counts or their logarithms: "
            f"in {source.recovered:.2%} of the cells all values come back as whole multiples of the smallest one"
            f"{left_out}. Put the raw counts into adata.layers['counts'] if you have them"
        )


def _values(matrix: Any) -> Any:
    return matrix.data if sparse.issparse(matrix) else np.asarray(matrix).reshape(-1)


def whole_numbers(matrix: Any) -> bool:
    """Whether all values are whole numbers, none negative; stops at the first part that is not.

    Of a matrix in blocks the first one is looked at; the others are when they are added up.
    """
    if matrix.dtype.kind in "ub":
        return True
    if isinstance(matrix, Blocks):
        return whole_numbers(first_values(matrix))
    values = _values(matrix)
    for start in range(0, values.size, _STEP):
        part = values[start : start + _STEP]
        with np.errstate(invalid="ignore"):
            if ((part < 0) | (part != np.floor(part))).any() and np.isfinite(part).all():
                return False
    return True


def holds_counts(matrix: Any) -> bool:
    """Whether all values are whole numbers and some are not zero; of a matrix in blocks, those of the first such."""
    if not isinstance(matrix, Blocks):
        return bool(_values(matrix).any()) and _all_known_are_whole(_values(matrix))
    blocks = (_values(block) for _, block in matrix.each(Take()))
    return next((_all_known_are_whole(values) for values in blocks if values.any()), False)


def _all_known_are_whole(values: Any) -> bool:
    """Whether those that are finite are whole and none is negative; stops at the first part with another."""
    for start in range(0, values.size, _STEP):
        part = values[start : start + _STEP]
        known = part[np.isfinite(part)]
        if ((known < 0) | (known != np.floor(known))).any():
            return False
    return True


def cell_totals(adata: AnnData, library_key: str | None, *, fractional: bool = False) -> Floats | None:
    """Read the total count of every cell, or None where it is that of the matrix; whole unless counts are not.

    Raises
    ------
    ValueError
        If some are missing or no counts.
    """
    if library_key is None:
        return None
    column = obs_column(adata, "library_key", library_key)
    try:
        totals = np.asarray(column.to_numpy(), np.float64)
    except (TypeError, ValueError):
        totals = np.full(len(column), np.nan)
    whole = (totals == np.floor(totals)) | fractional
    wrong = int((~(np.isfinite(totals) & (totals >= 0) & whole)).sum())
    if wrong:
        msg = (
            f"library_key={library_key!r}: adata.obs[{library_key!r}] has {wrong} values among {totals.size} that are "
            "no counts (missing, negative or not whole); give the total raw counts of each cell over all genes that "
            "were measured"
        )
        raise ValueError(msg)
    typical = float(np.median(totals)) if totals.size else 0.0
    if typical > _PLENTY:
        warn(
            f"library_key={library_key!r}: half of the cells have more than {typical:.3g} counts by "
            f"adata.obs[{library_key!r}], more than any protocol gives; is it another column, or the total of a sample "
            "instead of a cell's?"
        )
    return totals


def add_up_counts(
    source: Expression, study: Study, columns: Ints, *, team: Team, totals: Floats | None = None
) -> Pseudobulk:
    """Add up the counts of these columns by sample and group, and the library: over all columns, or of ``totals``."""
    bulk = pseudobulk(
        source.reading,
        cells=study.cells,
        sample=study.sample,
        group=study.group,
        shape=(len(study.samples), len(study.groups)),
        columns=columns,
        team=team,
        totals=totals,
    )
    check_count_sums(bulk, source, columns)
    return bulk


def check_count_sums(bulk: Pseudobulk, source: Expression, columns: Ints) -> None:
    """Raise unless sums are those of counts; warn where they are the counts of the resource's genes alone."""
    _refuse_unsuitable(bulk, source)
    own = columns < source.var_names.size  # sums of genes count none twice
    share = float(bulk.counts[:, :, own].sum() / bulk.library.sum())
    if share > MOST:
        warn(
            f"{share:.0%} of all counts in {source.name} ({source.var_names.size:,} genes) are of genes of the "
            "resource's interactions, as in data that were cut down to such genes: the library of a sample is the sum "
            "of these genes, so that one that rises makes all others fall. Give the counts of all genes that were "
            "measured (use_raw=True, if adata.raw has them), or name the column of adata.obs with the total counts of "
            "the cells with library_key=; otherwise a change is one relative to these genes"
        )


def _refuse_unsuitable(bulk: Pseudobulk, source: Expression) -> None:
    """Raise unless sums are those of counts."""
    if bulk.seen & seen.NOT_FINITE:
        msg = f"{source.name} holds NaN or infinite values; remove these cells or genes"
        raise ValueError(msg)
    if bulk.seen & seen.NEGATIVE or (bulk.seen & seen.FRACTIONAL and not source.fractional):
        raise ValueError(_no_counts([f"{source.name} holds negative numbers or such with fractions"]))
    held: Any = bulk.counts.sum(axis=2) if bulk.profile is None else bulk.profile.sum(axis=2)
    less = int((bulk.library < held).sum())
    if less:
        msg = (
            f"library_key: in {less} of {held.size} samples × groups the totals are less than the counts in "
            f"{source.name}; give the total raw counts of each cell over all genes that were measured"
        )
        raise ValueError(msg)
    if bulk.library.sum() == 0:
        msg = f"{source.name} holds no counts at all in the cells that are compared"
        raise ValueError(msg)
