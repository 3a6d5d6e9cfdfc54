"""``--normalize``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ._run import say

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..study.expression import Expression

LAYER = "lognorm"
COUNTS = "counts"
_TARGET = 1e4
_FRACTIONS = "holds fractions"


@dataclass(frozen=True)
class ExpressionLocation:
    """Where the expression is: arguments of the tools."""

    layer: str | None
    use_raw: bool


def normalize(adata: Any, location: ExpressionLocation, *, keep: bool) -> ExpressionLocation:
    """Normalise the raw counts of ``location`` to 10,000 per cell, take log1p, and return where that is.

    What is to be scored is what is normalised. The counts of ``X`` make room for it, and stay as a layer with ``keep``
    (commands that compare samples need them, and the data are written with the result); every other matrix stays as
    it is, and the new one is a layer of its own.
    """
    from ..study.expression import read_expression

    source = read_expression(adata, layer=location.layer, use_raw=location.use_raw)
    _refuse_unless_counts(adata, source)
    say(f"normalising {source.name} to 10,000 per cell, log1p")
    if not location.use_raw and location.layer is None:
        if keep:
            layer = _keep_counts(adata)
            say(f"adata.X is log-normalised in what follows; its counts are in adata.layers[{layer!r}]")
        adata.X = _lognorm(source.matrix)
        return location
    if source.var_names.equals(adata.var_names):
        name = _free(adata, LAYER)
        adata.layers[name] = _lognorm(source.matrix)
        say(f"{source.name} stays as it is; the log-normalised expression is adata.layers[{name!r}]")
        return ExpressionLocation(name, use_raw=False)
    return _of_raw(adata, source, keep=keep)


def _of_raw(adata: Any, source: Expression, *, keep: bool) -> ExpressionLocation:
    """Put the expression in the place of ``raw``: it has genes that no layer can hold."""
    if keep:
        msg = (
            "--normalize --use-raw: adata.raw has other genes than adata, so that no layer can hold its log-normalised "
            "expression, and its counts would be lost, which .h5ad files and comparisons of samples need; leave these "
            "out, or copy adata.raw.to_adata() into a file of its own"
        )
        raise ValueError(msg)
    import anndata

    adata.raw = anndata.AnnData(_lognorm(source.matrix), var=adata.raw.var, obs=adata.obs[[]])
    return ExpressionLocation(None, use_raw=True)


def _refuse_unless_counts(adata: Any, source: Expression) -> None:
    import numpy as np

    from ..study.counts import FRACTIONS, say_of_counts, why_no_counts

    matrix = source.matrix
    values = np.asarray(matrix.data if hasattr(matrix, "indptr") else matrix)
    problem = _no_counts(values)
    if problem.startswith(_FRACTIONS) and why_no_counts(matrix) == FRACTIONS:
        say_of_counts(replace(source, fractional=True))
    elif problem:
        msg = f"--normalize takes raw counts, but {source.name} {problem}{_elsewhere(adata, source)}"
        raise ValueError(msg)


def _elsewhere(adata: Any, source: Expression) -> str:
    """Say where raw counts are, if they are in another place."""
    from ..study.counts import raw_counts

    try:
        other = raw_counts(adata, counts_layer=None, use_raw=False, recover=False).name
    except ValueError:
        return ""
    options = {"adata.raw.X": "--use-raw", "adata.X": "give neither --layer nor --use-raw"}
    option = options.get(other, f"--layer {COUNTS}")
    return "" if other == source.name else f" ({other} seems to hold raw counts: {option})"


def _no_counts(values: npt.NDArray[Any]) -> str:
    """Say why values are no raw counts; nothing if they are."""
    import numpy as np

    if values.dtype.kind in "ub":
        return "" if values.any() else "holds no counts at all"
    if not np.isfinite(values).all():
        return "holds NaN or infinite values; remove these cells or genes, or put 0 there"
    if (values < 0).any():
        return "holds negative values, as scaled data do; give the raw counts"
    if (values % 1 != 0).any():
        return f"{_FRACTIONS}: it seems to be normalised already; leave --normalize out, or give the raw counts"
    return "" if values.any() else "holds no counts at all"


def _keep_counts(adata: Any) -> str:
    """Keep the counts of ``X`` as a layer; return its name."""
    if COUNTS in adata.layers and _equal(adata.layers[COUNTS], adata.X):
        return COUNTS
    name = _free(adata, COUNTS)
    adata.layers[name] = adata.X.copy()
    return name


def _free(adata: Any, name: str) -> str:
    """Return a name that no layer has yet."""
    number = 1
    while (free := name if number == 1 else f"{name}_{number}") in adata.layers:
        number += 1
    return free


def _equal(a: Any, b: Any) -> bool:
    import numpy as np

    differs = a != b
    return not (differs.nnz if hasattr(differs, "nnz") else np.any(differs))


def _lognorm(matrix: Any) -> Any:
    """Return log1p of 10,000 per cell, as scanpy's functions, without the seconds that their first call compiles."""
    import numpy as np
    from scipy import sparse

    values = matrix.astype(np.float32) if matrix.dtype.kind in "iub" else matrix
    totals = np.asarray(values.sum(axis=1, dtype=np.float64)).ravel()
    factors = (_TARGET / np.where(totals > 0, totals, 1)).astype(values.dtype)
    if sparse.issparse(values):
        return (sparse.diags_array(factors) @ values).log1p()
    return np.log1p(factors[:, None] * np.asarray(values))
