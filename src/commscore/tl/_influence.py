"""What a comparison would be without any one of its samples."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from .._version import __version__
from ..check import checked
from ..core.progress import progress_bar
from ..get import Result
from ..get._columns import labels_of
from ..get._frames import typed_frame
from ..get._sources import made_from
from ..get._store import check_target, finish
from ..study.cells import obs_column
from ..study.samples import label_column
from ..study.stored_comparison import StoredComparison, stored_comparison
from ..tables import influence as schema
from ..tables.compare import UNTESTED

if TYPE_CHECKING:
    from anndata import AnnData

    from ..rs import Resource

_OF_COMPARISON = (
    "groupby",
    "condition_key",
    "sample_key",
    "patient_key",
    "patient_design",
    "factor_key",
    "covariates",
    "reference",
    "order",
    "counts",
    "counts_layer",
    "normalization",
    "library_key",
    "use_raw",
    "expr_prop",
    "min_cells",
    "margin",
    "alpha",
    "test",
    "combine",
    "levels",
    "samples",
    "n_samples",
)
_EDGE = ["contrast", "source", "target", "interaction"]

_SAID_BEFORE = (
    r"(?s)adata\.obs\[.*they are different labels",
    r"(?s)covariates: .*it enters as a slope",
    r"(?s)patient_key=.*have no partner in another condition",
    r"(?s)patient_key=.*patients has one sample",
    r"(?s)adata\.obs\[.*looks like patients",
    r"(?s)only .* that RNA can show .*have their genes in var_names",
    r"(?s).*of all counts in .* are of genes of the resource's interactions",
    r"(?s)the composition of the counts differs between conditions",
    r"(?s)ambient RNA .* differs between conditions",
)
"""How warnings begin that the comparison itself gave of the same data."""


@checked
def leave_one_out(
    adata: AnnData,
    key: str = "commscore_compare",
    *,
    resource: str | Resource | pd.DataFrame | None = None,
    key_added: str = "commscore_influence",
    inplace: bool = True,
) -> Result | None:
    """Compare again without each sample: would a finding stand without it, and which one carries it.

    A stored comparison is made anew with its own parameters (:func:`commscore.tl.compare`), each time with its own
    choice of what is expressed and its own moderated variances, so that p-values are told, too; ``sign_stable`` of the
    comparison looks at effects alone. With ``patient_key``, whole patients are left out: the partner of a missing
    sample says nothing.

    Parameters
    ----------
    adata
        The data that were compared. Never modified but for the result in ``adata.uns[key_added]``.
    key : comparison
    resource : comparison
    key_added
    inplace

    Returns
    -------
    None, or a :class:`~commscore.get.Result` if ``inplace=False``. ``table``: one row per sample left out × row of the
    comparison that has an effect (:data:`commscore.tables.influence.INFLUENCE`). ``extra``: ``stability``, one row per
    row of the comparison, the most stable findings first, and ``untested``, samples without which nothing can be
    compared. ``params["made_from"]`` names the comparison. :func:`commscore.pl.influence` draws it.

    Raises
    ------
    KeyError
        If no comparison is stored under ``key``, or a column or layer does not exist any more.
    ValueError
        If cells were compared, its samples, cells or labels have changed, its counts would be read from elsewhere, or
        ``resource`` is needed or is another than the one that was used.

    Examples
    --------
    >>> import commscore as cs
    >>> shift = cs.ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2)
    >>> adata = cs.ds.simulate(n_samples=3, n_cells=200, shifts=[shift], rng=0)
    >>> cs.tl.compare(adata, "cell_type", condition_key="condition", sample_key="sample")
    >>> cs.tl.leave_one_out(adata)
    >>> found = cs.get.load(adata, "commscore_influence").extra["stability"]
    >>> found[["interaction", "n_left_out", "sign_stable"]].head(1)
      interaction  n_left_out  sign_stable
    0  CSF1^CSF1R           6         True
    """
    check_target(adata, key_added, inplace=inplace)
    stored = stored_comparison(adata, key, resource=resource)
    whole, keys = stored.result, stored.keys
    argument, unit = ("sample_key", keys.sample) if keys.patient is None else ("patient_key", keys.patient)
    labels, names = label_column(adata, argument, str(unit), is_quiet=True)
    samples = obs_column(adata, "sample_key", str(keys.sample))
    used = [n for n in range(len(names)) if _takes_part(samples[labels == n], whole.params)]
    # relabellings serve exact_pvalue alone, unless they are the test
    n_perms = stored.options["n_perms"] if stored.options["test"] == "permutation" else 1
    parts, untested = [], []
    with progress_bar(len(used), "samples left out") as progress:
        for n in used:
            try:
                again = _compare_again(stored, adata[labels != n], test=_test(stored), n_perms=n_perms)
            except ValueError as error:  # what is left cannot be compared: the message says why
                untested.append(("*", "cannot be compared", f"without {names[n]}: {error}"))
            else:
                parts.append(_rows(again.table).assign(left_out=names[n]))
            progress(1)
    table = typed_frame(
        pd.concat(parts, ignore_index=True) if parts else _rows(whole.table).iloc[:0].assign(left_out=""),
        schema.INFLUENCE,
    )
    extra = {
        "stability": _stability(whole.table, table),
        "untested": pd.DataFrame(untested, columns=list(UNTESTED.names), dtype=object),
    }
    of_comparison = {name: whole.params[name] for name in _OF_COMPARISON}
    params = of_comparison | {
        "key": key,
        "made_from": made_from({key: whole}),
        "left_out": unit,
        "n_left_out": len(parts),
        "commscore": __version__,
    }
    result = Result(table, params, whole.resource, extra, schema.STORED.schema)
    return finish(adata, key_added, result, inplace=inplace)


def _compare_again(stored: StoredComparison, adata: AnnData, **changes: Any) -> Result:
    """Compare once more; what was said of the data before is not said again."""
    from .. import tl

    options = stored.options | {"resource": stored.resource, "inplace": False} | changes
    groupby = options.pop("groupby")
    with warnings.catch_warnings():
        for words in _SAID_BEFORE:
            warnings.filterwarnings("ignore", message=words, category=UserWarning)
        return cast("Result", tl.compare(adata, groupby, **options))


def _test(stored: StoredComparison) -> str:
    """Return the test of samples, which ``"auto"`` was: too few samples are said, not replaced by cells."""
    return "samples" if stored.options["test"] == "auto" else str(stored.options["test"])


def _takes_part(samples: pd.Series, params: Any) -> bool:
    return bool(set(labels_of(samples)) & set(map(str, params["samples"])))


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with an effect, names as text so that comparisons can be put below each other."""
    frame = table.loc[table["effect"].notna(), [*_EDGE, "effect", "pvalue", "padj"]]
    return frame.astype(dict.fromkeys(_EDGE, str))


def _stability(whole: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Tell what becomes of every row of the comparison."""
    own = _rows(whole).set_index(_EDGE)
    effects = _wide(table, "effect").reindex(own.index)
    moved = effects.sub(own["effect"], axis=0)
    has_refits = moved.notna().any(axis=1)
    far = moved.abs().fillna(-1.0).idxmax(axis=1) if len(moved.columns) else pd.Series("", own.index)
    frame = pd.DataFrame(
        {
            "effect": own["effect"],
            "padj": own["padj"],
            "effect_low": effects.min(axis=1),
            "effect_high": effects.max(axis=1),
            "max_padj": _wide(table, "padj").reindex(own.index).max(axis=1),
            "most_influential": far.where(has_refits, ""),
            "shift": [
                moved.at[at, x] if there else np.nan for at, x, there in zip(own.index, far, has_refits, strict=True)
            ],
            "sign_stable": (np.sign(effects).eq(np.sign(own["effect"]), axis=0) | effects.isna()).all(axis=1)
            & has_refits,
            "n_left_out": effects.notna().sum(axis=1),
        }
    )
    frame = frame.reset_index().sort_values(["max_padj", "padj"], kind="stable").reset_index(drop=True)
    return frame.astype(dict.fromkeys(_EDGE, "category"))[list(schema.STABILITY.names)]


def _wide(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Rows of the comparison × samples left out."""
    plain = table.astype(dict.fromkeys(["left_out", *_EDGE], str))
    return plain.pivot_table(index=_EDGE, columns="left_out", values=value, dropna=False, observed=True, sort=False)
