"""Methods, ready to paste: what was done, with which parameters and versions, and what to cite."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import tl
from .._labels import OWN_REFERENCE
from .._version import __version__
from ..get._result import covered
from ._blocks import Facts, ManuscriptText, Section, Text
from ._evidence import source_texts
from ._kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._evidence import Evidence
    from ._stored import StoredResult

_PACKAGES = ("anndata", "scanpy", "numpy", "scipy", "pandas", "numba")
_WORKS = {
    "10.1111/j.2517-6161.1995.tb02031.x": "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate: a "
    "practical and powerful approach to multiple testing. J R Stat Soc B 57:289–300",
    "10.2202/1544-6115.1585": "Phipson B, Smyth GK (2010). Permutation p-values should never be zero: calculating "
    "exact p-values when permutations are randomly drawn. Stat Appl Genet Mol Biol 9:39",
    "10.2307/3214212": "Skovgaard IM (1987). Saddlepoint expansions for conditional distributions. J Appl Probab "
    "24:875–887",
    "10.2202/1544-6115.1027": "Smyth GK (2004). Linear models and empirical Bayes methods for assessing differential "
    "expression in microarray experiments. Stat Appl Genet Mol Biol 3:3",
    "10.1515/1544-6115.1826": "Lund SP, Nettleton D, McCarthy DJ, Smyth GK (2012). Detecting differential expression "
    "in RNA-sequence data using quasi-likelihood with shrunken dispersion estimates. Stat Appl Genet Mol Biol 11:5",
    "10.1186/gb-2010-11-3-r25": "Robinson MD, Oshlack A (2010). A scaling normalization method for differential "
    "expression analysis of RNA-seq data. Genome Biol 11:R25",
    "10.1080/01621459.2018.1554485": "Liu Y, Xie J (2020). Cauchy combination test: a powerful test with analytic "
    "p-value calculation under arbitrary dependency structures. J Am Stat Assoc 115:393–402",
    "10.1007/BF01068419": "Schuirmann DJ (1987). A comparison of the two one-sided tests procedure and the power "
    "approach for assessing the equivalence of average bioavailability. J Pharmacokinet Biopharm 15:657–680",
    "10.1126/science.1065103": "Maslov S, Sneppen K (2002). Specificity and stability in topology of protein networks. "
    "Science 296:910–913",
    "10.1093/bioadv/vbac016": "Badia-i-Mompel P et al. (2022). decoupleR: ensemble of computational methods to infer "
    "biological activities from omics data. Bioinform Adv 2:vbac016",
    "10.2307/2530862": "Gail M, Simon R (1985). Testing for qualitative interactions between treatment effects and "
    "patient subsets. Biometrics 41:361–372",
}
_BH, _EXACT, _SMYTH = "10.1111/j.2517-6161.1995.tb02031.x", "10.2202/1544-6115.1585", "10.2202/1544-6115.1027"
_LUND, _TMM = "10.1515/1544-6115.1826", "10.1186/gb-2010-11-3-r25"
_ACAT, _TOST = "10.1080/01621459.2018.1554485", "10.1007/BF01068419"


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


def shown(value: Any) -> str:
    """Return a parameter as text.

    >>> shown(["a", "b"]), shown(None), shown({"r": "x"}), shown(0.05)
    ('a, b', 'none', 'r: x', '0.05')
    """
    if value is None:
        return "none"
    if isinstance(value, dict) or hasattr(value, "items"):
        return "; ".join(f"{k}: {shown(v)}" for k, v in value.items()) or "none"
    if isinstance(value, np.ndarray | list | tuple):
        return ", ".join(shown(v) for v in np.asarray(value, object).ravel()) or "none"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return str(value)


def _parameters(stored: StoredResult) -> list[list[str]]:
    rows = [[name, shown(value)] for name, value in stored.params.items()]
    return rows + [[f"resource: {name}", shown(value)] for name, value in stored.resource.items()]


def _prose(stored: StoredResult) -> str:
    p = {name: shown(value) for name, value in stored.params.items()}
    p["n_pairs"] = str(np.size((stored.params.get("group_pairs") or {}).get("source", ())))
    p["n_groups"] = str(np.size(np.asarray(stored.params.get("groups", ()), object)))
    p["samples"] = _samples(stored.params)
    write = _PROSE.get(stored.kind)
    text = write(p) if write else f"{kind_of(stored.kind).title} were computed."
    resource = stored.resource
    coverage = covered(stored.params)
    genes = (
        ""
        if coverage is None
        else f"; {coverage[1]:,} of its {coverage[0]:,} {coverage[2]} have their genes in the data"
    )
    return (
        f"{kind_of(stored.kind).title}. {text} Software: commscore {p.get('commscore', __version__)}; resource "
        f"{resource.get('name')}, version {resource.get('version')}, licence {resource.get('licence') or 'not stated'} "
        f"(sha256 {resource.get('sha256')}){genes}."
    )


def _samples(params: Mapping[str, Any]) -> str:
    """Return ``"8 samples (column sample; control 4, case 4)"``; without the numbers where they are not stored."""
    column, counts = f"column {params.get('sample_key')}", np.atleast_1d(params.get("n_samples", ()))
    levels = np.atleast_1d(np.asarray(params.get("levels", ()), object))
    if not counts.size or counts.shape != levels.shape:
        return f"samples ({column})"
    each = ", ".join(f"{level} {n}" for level, n in zip(levels, counts, strict=True))
    return f"{counts.sum()} samples ({column}; {each})"


def _score(p: Mapping[str, str]) -> str:
    how = {
        "none": "without p-values",
        "permutation": f"with p-values from {p.get('n_perms')} permutations of the labels of all cells "
        f"({p.get('scheme')} scheme, seed {p.get('rng')})",
        "analytic": "with p-values from a saddlepoint approximation of the permutation distribution",
    }.get(
        p.get("null", ""),
        f"with p-values from a saddlepoint approximation where it is known, else from "
        f"{p.get('n_perms')} permutations (seed {p.get('rng')})",
    )
    if p.get("sample_key", "none") != "none":
        how = f"{how.replace('all cells', 'the cells of each sample')}; {_over_samples(p)}"
    return (
        f"Interactions between the {p['n_groups']} groups of {p.get('groupby')} ({p.get('n_cells')} "
        f"cells) were scored by {p.get('method')}, {how}. Subunits of complexes were joined by {p.get('complex')}; "
        f"an interaction was tested where at least a fraction {p.get('expr_prop')} of the cells of both groups express "
        f"every subunit, in groups of at least {p.get('min_cells')} cells{_pairs_named(p)}. P-values were divided by "
        "the probability that permuted labels would list the row, and adjusted by Benjamini and Hochberg."
    )


def _pairs_named(p: Mapping[str, str]) -> str:
    return f", in the {p['n_pairs']} pairs of groups that can meet" if p.get("group_pairs", "none") != "none" else ""


def _over_samples(p: Mapping[str, str]) -> str:
    """Say how samples were the replicates, or that they were too few."""
    samples = f"{p.get('n_samples')} samples (column {p.get('sample_key')})"
    if int(p.get("n_samples", "0")) < int(p.get("min_samples", "3")):
        return f"{samples} are too few for a test over samples"
    return (
        f"labels were permuted within samples, and the excess of each sample over its permuted labels was tested over "
        f"{samples} by a precision-weighted moderated t, where both groups have at least {p.get('min_cells_sample')} "
        f"cells in {p.get('min_samples')} samples or more"
    )


_PATIENTS = {
    "none": "patients from",
    "within": "patients as fixed effects, from",
    "between": "samples of one patient added up, patients from",
    "mixed": "what samples of a patient share estimated, patients from",
}


def _compare(p: Mapping[str, str]) -> str:
    samples = p.get("unit") == "samples"
    unit = (
        f"{p['samples']} as replicates"
        if samples
        else "cells as replicates, which says only whether these samples differ"
    )
    design = "".join(
        f", {words} {p[name]}"
        for name, words in (("covariates", "covariates"), ("patient_key", _PATIENTS[p.get("patient_design", "none")]))
        if p.get(name, "none") != "none"
    )
    against = "every two of them" if p.get("reference_by") == OWN_REFERENCE else f"reference {p.get('reference')}"
    fit = (
        f"Raw counts were summed per sample and group, set against {_libraries(p)}, "
        "fitted by weighted least squares (variances of donors, counting and cells), and by negative binomial "
        "quasi-likelihood, both with variances moderated over genes and groups and averaged by the share of counting "
        "(and the more by counts, the more donors vary as gamma variables do); "
    )
    return (
        f"Levels of {p.get('condition_key')} ({p.get('levels')}; {against}) were compared with "
        f"{unit}{design}. {fit if samples else ''}the evidence of ligand and receptor was combined by "
        f"{p.get('combine')}, p-values were adjusted by Benjamini and Hochberg within each contrast; a change within "
        f"±{p.get('margin')} log2 counts as none (95 % interval within it), an adjusted p-value up to "
        f"{p.get('alpha')} as a change. Both sides had to be expressed in a fraction {p.get('expr_prop')} "
        f"of at least {p.get('min_cells')} cells. Abundances are log-ratios to the cells of "
        f"{p.get('abundance_reference')} ({p.get('abundance_reference_by')})."
    )


def _libraries(p: Mapping[str, str]) -> str:
    """Say what counts are relative to."""
    over = f"the totals in {p['library_key']}" if p.get("library_key", "none") != "none" else "the library"
    if p.get("normalization") == "library":
        return over
    return (
        f"{over}, times a composition factor of each sample and group (trimmed mean of log ratios to all samples, "
        "shrunk by its error)"
    )


def _circuits(p: Mapping[str, str]) -> str:
    within = ""
    if p.get("sample_key", "none") != "none":
        within = (
            f" within samples (column {p.get('sample_key')}) and, where three samples or more have the cells, over "
            "samples by a precision-weighted moderated t of each sample's excess over its permuted labels"
        )
    return (
        f"Circuits of the resource were measured among the groups of {p.get('groupby')}; strength is the geometric "
        f"mean of the scores of the measured activating steps, tested with {p.get('n_perms')} joint permutations of "
        f"the labels{within} (seed {p.get('rng')})."
    )


def _loops(p: Mapping[str, str]) -> str:
    return (
        f"Loops of up to {p.get('max_length')} interactions with {p.get('padj')} ≤ {p.get('max_padj')} were enumerated "
        f"and compared with {p.get('n_perms')} networks rewired at random (seed {p.get('rng')})."
    )


def _expectations(p: Mapping[str, str]) -> str:
    return (
        f"Shifts that the reviews expect were tested between levels of {p.get('condition_key')} with "
        f"{p['samples']} as replicates, at level {p.get('alpha')} and with a margin of {p.get('margin')} log2."
    )


def _response(p: Mapping[str, str]) -> str:
    return (
        f"Activities of pathways (net {p.get('net')}, {p.get('method')}) were estimated per sample in the receiving "
        f"groups and compared between levels of {p.get('condition_key')} by moderated t-tests."
    )


def _balance(p: Mapping[str, str]) -> str:  # noqa: ARG001
    return "Flow of interactions with a stated direction was summed per sample: log2 of pro over anti."


def _therapies(p: Mapping[str, str]) -> str:
    return f"Edges that therapies of the resource act on were cut in silico; flow is {p.get('flow')}."


def _recessive(p: Mapping[str, str]) -> str:
    return f"Weak, specific and stable interactions were sought among the scored ones ({p.get('key')})."


def _influence(p: Mapping[str, str]) -> str:
    return (
        f"The comparison of the levels of {p['condition_key']} was made again {p['n_left_out']} times, each time "
        f"without one value of the column {p['left_out']}, with its own choice of expressed interactions and its "
        "own moderated variances."
    )


_PROSE: dict[str, Callable[[Mapping[str, str]], str]] = {
    "score": _score,
    "compare": _compare,
    "circuits": _circuits,
    "loops": _loops,
    "expectations": _expectations,
    "response": _response,
    "influence": _influence,
    "balance": _balance,
    "therapies": _therapies,
    "recessive": _recessive,
}


def _versions() -> str:
    versions = [f"{name} {metadata.version(name)}" for name in _PACKAGES]
    return f"This report was written by commscore {__version__} with {', '.join(versions)}."


def _cited(results: Sequence[StoredResult]) -> list[str]:
    dois: dict[str, str] = {}
    for stored in results:
        for doi, text in _of_kind(stored):
            dois.setdefault(doi, text)
    return [f"{text}. https://doi.org/{doi}" for doi, text in dois.items()]


def _of_kind(stored: StoredResult) -> list[tuple[str, str]]:
    """Return DOI and work of the methods behind a result."""
    works: list[tuple[str, str]] = []
    if stored.kind == "score":
        methods = tl.methods().set_index("method")["doi"]
        names = [str(m) for m in np.atleast_1d(np.asarray(stored.params.get("method"), object))]
        works += [(methods[m], f"Scoring method {m}") for m in names if methods.get(m)]
    if stored.kind == "score" and stored.params.get("sample_key") is not None:
        works += [(_SMYTH, _WORKS[_SMYTH])]
    null = str(stored.params.get("null"))
    permuted = stored.kind in ("circuits", "loops") or (stored.kind == "score" and null in ("permutation", "auto"))
    numbers: tuple[str, ...] = {
        "score": (_BH,),
        "compare": _of_compare(stored),
        "circuits": (_SMYTH, _BH),
        "loops": ("10.1126/science.1065103", _BH),
        "expectations": (_SMYTH, _BH),
        "response": ("10.1093/bioadv/vbac016", _SMYTH, "10.2307/2530862", _BH),
        "balance": (_EXACT,),
    }.get(stored.kind, ())
    numbers = ((_EXACT,) if permuted else ()) + numbers
    if stored.kind == "score" and null in ("analytic", "auto"):
        numbers = ("10.2307/3214212", *numbers)
    return works + [(doi, _WORKS[doi]) for doi in numbers]


def _of_compare(stored: StoredResult) -> tuple[str, ...]:
    fitted = (_SMYTH, _LUND) if stored.params.get("unit") == "samples" else ()
    composed = (_TMM,) if stored.params.get("normalization") == "tmm" else ()
    combined = (_ACAT,) if stored.params.get("combine") in ("acat", "acat4") else ()
    return (*fitted, *composed, *combined, _TOST, _EXACT, _BH)


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
