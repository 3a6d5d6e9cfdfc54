"""How conditions were compared: the methods section of a report, and the works it cites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._labels import OWN_REFERENCE
from ._words import molecules_in_words
from ._works import BENJAMINI_HOCHBERG, MODERATION, PERMUTATIONS, Work

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTING = Work(
    "10.1515/1544-6115.1826",
    "Lund SP, Nettleton D, McCarthy DJ, Smyth GK (2012). Detecting differential expression in RNA-sequence data using "
    "quasi-likelihood with shrunken dispersion estimates. Stat Appl Genet Mol Biol 11:5",
)
_COMPOSITION = Work(
    "10.1186/gb-2010-11-3-r25",
    "Robinson MD, Oshlack A (2010). A scaling normalization method for differential expression analysis of RNA-seq "
    "data. Genome Biol 11:R25",
)
_CAUCHY = Work(
    "10.1080/01621459.2018.1554485",
    "Liu Y, Xie J (2020). Cauchy combination test: a powerful test with analytic p-value calculation under arbitrary "
    "dependency structures. J Am Stat Assoc 115:393–402",
)
_EQUIVALENCE = Work(
    "10.1007/BF01068419",
    "Schuirmann DJ (1987). A comparison of the two one-sided tests procedure and the power approach for assessing the "
    "equivalence of average bioavailability. J Pharmacokinet Biopharm 15:657–680",
)

_PATIENTS = {
    "none": "patients from",
    "within": "patients as fixed effects, from",
    "between": "samples of one patient added up, patients from",
    "mixed": "what samples of a patient share estimated, patients from",
}


def methods_in_words(p: Mapping[str, str]) -> str:
    """Say how conditions were compared, as a methods section does."""
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
    fit = _fit(p)
    return (
        f"Levels of {p.get('condition_key')} ({p.get('levels')}; {against}) were compared with "
        f"{unit}{design}. {fit if samples else ''}the evidence of ligand and receptor was combined by "
        f"{p.get('combine')}, p-values were adjusted by Benjamini and Hochberg within each contrast; a change within "
        f"±{p.get('margin')} log2 counts as none (95 % interval within it), an adjusted p-value up to "
        f"{p.get('alpha')} as a change. Both sides had to be expressed in a fraction {p.get('expr_prop')} "
        f"of at least {p.get('min_cells')} cells. Abundances are log-ratios to the cells of "
        f"{p.get('abundance_reference')} ({p.get('abundance_reference_by')}).{molecules_in_words(p)}{_supply(p)}"
    )


def _supply(p: Mapping[str, str]) -> str:
    """Say how ligands were compared whose levels were measured beside the cells; nothing where none were."""
    if p.get("supply", "none") == "none":
        return ""
    return (
        f" Levels of {p.get('supply')} were measured beside the cells: their log2 was compared by least squares over "
        "the samples, variances moderated over these molecules, with the receptor's RNA in the cells of the target; "
        "standard errors of both were added, p-values combined and adjusted among these rows alone."
    )


def _fit(p: Mapping[str, str]) -> str:
    counts = "Raw counts were"
    if p.get("scale") == "lognorm":
        counts = (
            "There were no counts; normalised values, taken out of their logarithm and multiplied by the depth of a "
            "typical cell, were taken for counts,"
        )
    return (
        f"{counts} summed per sample and group, set against {_libraries(p)}, "
        "fitted by weighted least squares (variances of donors, counting and cells), and by negative binomial "
        "quasi-likelihood, both with variances moderated over genes and groups and averaged: effects by the share of "
        f"counting in the variance, p-values by {_share(p)}, and both the more by counts, the more donors vary as "
        "gamma variables do; "
    )


def _share(p: Mapping[str, str]) -> str:
    """Say how the fit by counts is weighed in p-values."""
    return "the same" if p.get("patient_design") == "mixed" else "its third power"


def _libraries(p: Mapping[str, str]) -> str:
    """Say what counts are relative to."""
    over = f"the totals in {p['library_key']}" if p.get("library_key", "none") != "none" else "the library"
    if p.get("normalization") == "library":
        return over
    return (
        f"{over}, times a composition factor of each sample and group (trimmed mean of log ratios to all samples, "
        "shrunk by its error)"
    )


def works_of(params: Mapping[str, Any]) -> tuple[Work, ...]:
    """Return the works that a comparison with these parameters rests on."""
    fitted = (MODERATION, _COUNTING) if params.get("unit") == "samples" else ()
    composed = (_COMPOSITION,) if params.get("normalization") == "tmm" else ()
    combined = (_CAUCHY,) if params.get("combine") in ("acat", "acat4") else ()
    return (*fitted, *composed, *combined, _EQUIVALENCE, PERMUTATIONS, BENJAMINI_HOCHBERG)
