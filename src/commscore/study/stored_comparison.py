"""A comparison that is stored, to be made again with the parameters it was made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import Label, choose, contrasts_named
from .._validate import listed
from ..get import load
from ..get._columns import labels_of
from ..rs import as_resource
from ..rs._named import is_shipped
from ..tables.compare import STORED
from .cells import obs_column
from .comparison import ComparisonData, prepare_comparison
from .contrasts import pairwise_contrasts
from .counts import raw_counts
from .label_hashes import CELLS_HASH, SAMPLES_HASH, label_hashes
from .request import ComparisonRequest
from .samples import StudyKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from anndata import AnnData

    from ..core.contrast import Contrast
    from ..get import Result
    from ..rs import Resource

_NAMES = (
    "groupby",
    "condition_key",
    "sample_key",
    "patient_key",
    "factor_key",
    "reference",
    "test",
    "combine",
    "counts_layer",
    "normalization",
    "library_key",
    "gene_symbols",
    "scale",
    "molecules",
)


@dataclass(frozen=True)
class StoredComparison:
    """A stored comparison with its resource, and its parameters as :func:`commscore.tl.compare` takes them."""

    key: str
    result: Result
    resource: Resource
    options: dict[str, Any]

    @property
    def keys(self) -> StudyKeys:
        """Columns of ``obs``."""
        o = self.options
        return StudyKeys(
            o["groupby"], o["condition_key"], o["sample_key"], o["patient_key"], o["covariates"], o["factor_key"]
        )

    def prepare(self, adata: AnnData) -> ComparisonData:
        """Read the samples, add up their counts and find the interactions, as the comparison did.

        Raises
        ------
        ValueError
            If all its rows are those of supplied levels, which are not made again.
        """
        if int(self.result.params["n_testable"]) == 0:
            msg = (
                f"key={self.key!r}: no interaction has its genes in RNA, its rows are of the levels in supply= alone; "
                "give the key of a comparison of measured interactions"
            )
            raise ValueError(msg)
        o = self.options
        request = ComparisonRequest(
            self.resource,
            o["counts_layer"],
            o["use_raw"],
            o["min_cells"],
            o["reference"],
            o["order"],
            o["contrast"],
            normalization=o["normalization"],
            library_key=o["library_key"],
            gene_symbols=o["gene_symbols"],
            scale=o["scale"],
            molecules=o["molecules"],
            keep_incomplete=True,
        )
        return prepare_comparison(adata, self.keys, request)

    def one_contrast(self, prepared: ComparisonData, contrast: Label | None, *, n_coefficients: int) -> Contrast:
        """Return the contrast of one level with the reference: of the first one, if none is named."""
        if self.keys.factor is not None:
            msg = (
                f"key={self.key!r}: a comparison with a second factor (factor_key={self.keys.factor!r}) is a "
                "difference of differences; give the key of one without it, for example within one of its levels"
            )
            raise ValueError(msg)
        contrasts = pairwise_contrasts(prepared.study, n_coefficients)
        if contrast is None:
            return contrasts[0]
        names = contrasts_named(contrast, [c.name for c in contrasts], [c.level for c in contrasts])
        if not names:
            levels = list(dict.fromkeys(c.level for c in contrasts))
            choose("contrast", contrast, options=levels, what="a level that was compared")
        of_level = [c for c in contrasts if c.name in names]
        if len(of_level) > 1:
            msg = f"contrast={contrast!r} was compared with several levels: give one of {listed(names)}"
            raise ValueError(msg)
        return of_level[0]


def stored_comparison(adata: AnnData, key: str, *, resource: str | Resource | pd.DataFrame | None) -> StoredComparison:
    """Read a comparison of samples and find its resource and its samples again.

    Raises
    ------
    KeyError
        If there is none under this key.
    ValueError
        If cells were compared, samples, cells or their labels have changed since, or the resource is not the one that
        was used.
    """
    result = load(adata, key)
    if result.schema != STORED.schema:
        msg = (
            f"key={key!r}: adata.uns[{key!r}] is {result.schema}, not a comparison; give the key of one (cs.tl.compare)"
        )
        raise KeyError(msg)
    params = result.params
    if str(params["unit"]) != "samples":
        msg = f"key={key!r}: cells were compared, not samples; run cs.tl.compare with sample_key= and test='samples'"
        raise ValueError(msg)
    _same_samples(adata, key, params)
    _same_counts(adata, key, params)
    stored = StoredComparison(key, result, _same_resource(key, result.resource, resource), _options(params))
    _same_labels(adata, stored)
    return stored


def _options(params: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {name: _text(params[name]) for name in _NAMES}
    options |= {name: float(params[name]) for name in ("expr_prop", "margin", "alpha")}
    options |= {name: int(params[name]) for name in ("min_cells", "n_perms", "rng")}
    contrast = params["contrast"]
    if options["reference"] is None:  # every pair has its own; the order of the levels says which
        options["reference"] = str(params["levels"][0])
    is_named = str(params["abundance_reference_by"]) == "named"
    return options | {
        "abundance_reference": _texts(params["abundance_reference"]) if is_named else None,
        "covariates": _texts(params["covariates"]) or (),
        "order": _texts(params["order"]),
        "contrast": _texts(contrast) if np.ndim(contrast) else _text(contrast),
        "use_raw": bool(params["use_raw"]),
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(np.asarray(value))


def _texts(values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(str(v) for v in np.asarray(values, object).ravel())


def _same_samples(adata: AnnData, key: str, params: Mapping[str, Any]) -> None:
    name = str(params["sample_key"])
    present = set(labels_of(obs_column(adata, f"sample_key of {key}", name)))
    lost = [s for s in map(str, params["samples"]) if s not in present]
    if lost:
        msg = (
            f"key={key!r}: {len(lost)} of {len(params['samples'])} compared samples are not in adata.obs[{name!r}] "
            f"({listed(map(repr, lost))}); use the adata that was compared, or run cs.tl.compare again"
        )
        raise ValueError(msg)


def _same_labels(adata: AnnData, stored: StoredComparison) -> None:
    """Raise unless every sample has the cells, groups and conditions that it was compared with."""
    keys, now = stored.keys, label_hashes(adata, stored.keys, stored.options["order"])
    of_samples = listed(repr(k) for k in (keys.condition, keys.patient, keys.factor, *keys.covariates) if k is not None)
    descriptions = {
        SAMPLES_HASH: f"samples, or their labels in {of_samples}, have changed",
        CELLS_HASH: f"cells were added or left out, or their groups in {keys.groupby!r} have changed",
    }
    changed = [words for name, words in descriptions.items() if now[name] != str(stored.result.params[name])]
    if changed:
        msg = (
            f"key={stored.key!r}: {' and '.join(changed)} since the comparison (sample_key={keys.sample!r}); use the "
            "adata that was compared, or run cs.tl.compare again"
        )
        raise ValueError(msg)


def _same_counts(adata: AnnData, key: str, params: Mapping[str, Any]) -> None:
    """Raise unless counts are read from where the comparison read them."""
    layer, use_raw = _text(params["counts_layer"]), bool(params["use_raw"])
    if str(params["scale"]) == "lognorm":
        return  # read from where it was named
    now = raw_counts(adata, counts_layer=layer, use_raw=use_raw)
    if (now.layer, now.use_raw) != (layer, use_raw):
        msg = (
            f"key={key!r}: the comparison read its counts from {params['counts']}, which would now be {now.name}; use "
            "the adata that was compared, or run cs.tl.compare again"
        )
        raise ValueError(msg)


def _same_resource(key: str, identity: Mapping[str, Any], resource: Any) -> Resource:
    """Load a shipped resource by its name, or take the one that is given; its hash must be that of the comparison."""
    name, sha256 = str(identity["name"]), str(identity["sha256"])
    of = f"key={key!r}: the comparison was made with resource {name!r} (sha256 {sha256[:12]}…)"
    if resource is None and not is_shipped(name):
        msg = f"{of}, which is not one that comes with commscore; give it again with resource="
        raise ValueError(msg)
    candidate = as_resource(name if resource is None else resource)
    if candidate.sha256 != sha256:
        way_out = "run cs.tl.compare again" if resource is None else "give that one, or run cs.tl.compare again"
        msg = f"{of}, and resource {candidate.name!r} of now is another (sha256 {candidate.sha256[:12]}…); {way_out}"
        raise ValueError(msg)
    return candidate
