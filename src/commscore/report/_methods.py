"""Methods, ready to paste: what was done, with which parameters and versions, and what to cite."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from .._version import __version__
from ..get._result import covered
from ..kinds import kind_of
from ..kinds._base import Facts
from ..kinds._words import samples_in_words, shown
from ._blocks import ManuscriptText, Section, Text
from ._evidence import source_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kinds._base import StoredResult
    from ._evidence import Evidence

_PACKAGES = ("anndata", "scanpy", "numpy", "scipy", "pandas", "numba")


def section(results: Sequence[StoredResult], evidence: Evidence) -> Section:
    """Return the text, every parameter of every result, and the works to cite."""
    cited = _cited(results)
    lines = [_prose(s) for s in results]
    lines += [_versions(), "References", *cited, *_reviews(results, evidence)]
    blocks: list[Any] = [ManuscriptText("Text to paste", "methods-text", lines)]
    blocks += [
        Facts(f"Parameters: {kind_of(s.kind).title} ({s.key})", ("Parameter", "Value"), _parameters(s)) for s in results
    ]
    note = _other_resource(results, evidence)
    return Section("methods", "Methods", [*blocks, *([Text(note)] if note else [])])


def _parameters(stored: StoredResult) -> list[list[str]]:
    rows = [[name, shown(value)] for name, value in stored.params.items()]
    return rows + [[f"resource: {name}", shown(value)] for name, value in stored.resource.items()]


def _prose(stored: StoredResult) -> str:
    p = {name: shown(value) for name, value in stored.params.items()}
    p["n_pairs"] = str(np.size((stored.params.get("group_pairs") or {}).get("source", ())))
    p["n_groups"] = str(np.size(np.asarray(stored.params.get("groups", ()), object)))
    p["samples"] = samples_in_words(stored.params)
    kind = kind_of(stored.kind)
    text = kind.methods(p) if kind.methods else f"{kind.title} were computed."
    resource = stored.resource
    coverage = covered(stored.params)
    genes = (
        ""
        if coverage is None
        else f"; {coverage[1]:,} of its {coverage[0]:,} {coverage[2]} have their genes in the data"
    )
    return (
        f"{kind.title}. {text} Software: commscore {p.get('commscore', __version__)}; resource "
        f"{resource.get('name')}, version {resource.get('version')}, licence {resource.get('licence') or 'not stated'} "
        f"(sha256 {resource.get('sha256')}){genes}."
    )


def _versions() -> str:
    versions = [f"{name} {metadata.version(name)}" for name in _PACKAGES]
    return f"This report was written by commscore {__version__} with {', '.join(versions)}."


def _cited(results: Sequence[StoredResult]) -> list[str]:
    texts: dict[str, str] = {}
    for stored in results:
        for work in kind_of(stored.kind).works(stored.params):
            texts.setdefault(work.doi, work.text)
    return [f"{text}. https://doi.org/{doi}" for doi, text in texts.items()]


def _reviews(results: Sequence[StoredResult], evidence: Evidence) -> list[str]:
    """Return the sources of the resource, if the results were made with it."""
    if not any(s.resource.get("sha256") == evidence.resource.sha256 for s in results):
        return []
    texts = source_texts(evidence.resource).values()
    return [f"{text.rstrip('.')}." + (f" https://doi.org/{doi}" if doi else "") for text, doi in texts if text]


def _other_resource(results: Sequence[StoredResult], evidence: Evidence) -> str:
    resource = evidence.resource
    other = sorted({s.key for s in results if s.resource.get("sha256") != resource.sha256})
    if not other:
        return ""
    return (
        f"The statements come from the resource {resource.name} {resource.version} (sha256 {resource.sha256}); "
        f"another one was used for {', '.join(other)}. They are attached by the name of the interaction."
    )
