"""Texts of parameters that several functions have, each written once.

In a docstring the parameter stands without a text, as ``ax``, or with the word that tells it from others of its name,
as ``key : scores``. :func:`filled` puts the text there when the function is defined, so that ``help()``, editors that
ask the running Python, the options of commands and the pages of the documentation have it whole.
"""

from __future__ import annotations

import textwrap

_WIDTH = 112
SHARED = {
    "adata : comparison": "The data that were compared; never modified.",
    "adata : counts": "Cells × genes with raw counts. Never modified but for the result in ``adata.uns[key_added]``.",
    "adata : result": "Annotated data that a tool has written to.",
    "adata : scores": "Annotated data that :func:`commscore.tl.score` has written to.",
    "ax": "Axes to draw on; a new figure by default.",
    "cache_dir": "Folder of the cache; default: the user's cache folder for commscore.",
    "cmap": "Colour map.",
    "contrast : drawn": "Contrast to draw; may be left out if there is one.",
    "contrast : one": "The level to set against the reference; by default the first one that was compared.",
    "counts_layer, use_raw": 'Where the raw counts are, if not in ``layers["counts"]``, ``X`` or ``raw``.',
    "data : comparison": "AnnData that :func:`commscore.tl.compare` has written to, or its table.",
    "data : result": "AnnData with a stored result, or a result's table.",
    "data : scores": "AnnData with a stored result of :func:`commscore.tl.score`, or its table.",
    "gene_symbols": (
        "Column of ``adata.var`` (or ``adata.raw.var``) with gene symbols, where ``var_names`` are neither these nor "
        "Ensembl ids of genes of the resource (with or without version), which are known. A symbol that several "
        "variables have is not used."
    ),
    "groupby": "Column of ``adata.obs`` with the groups of cells.",
    "inplace": "If False, nothing is written and the result is returned.",
    "key": "Key in ``adata.uns``.",
    "key : comparison": "Key of the stored comparison, of samples.",
    "key : scores": "Key of the stored scores.",
    "key_added": "Key in ``adata.uns``.",
    "library_key": (
        "Column of ``adata.obs`` with the total counts of each cell, where the matrix holds only a panel or a subset "
        "of the genes that were counted; by default they are added up over the matrix."
    ),
    "max_groups": "Number of groups, by their outgoing and incoming totals.",
    "max_padj : drawn": (
        "Only rows with an adjusted p-value of at most this, 0 to 1; ``None`` for all rows. A table without p-values "
        "is drawn whole."
    ),
    "max_padj : rows": "Only rows with an adjusted p-value of at most this; ``None`` for all rows.",
    "method : drawn": (
        "Of a table with several methods, the one to draw; by default the first, which the title names."
    ),
    "min_cells : counts": "A sample × group with fewer cells is missing.",
    "molecules": (
        '``"production"`` takes a molecule that no gene encodes (``met:lactate``) for the genes that make it: the '
        "alternatives of a step of its making are added up in every cell, and the molecule is a complex of its steps, "
        "and of its exporter where one is needed. ``ligand`` then names the limiting step (``PTGS1+PTGS2``), "
        "``consumed`` the share of what breaks it down, and ``claim`` what such a row says: production capacity in "
        'RNA, not a concentration. ``"none"`` leaves these interactions out, as not measurable in RNA.'
    ),
    "n_jobs": "Threads, -1 for all cores, -2 for all but one; by default what Numba is set to use.",
    "name : dataset": "Name in the registry.",
    "normalization": (
        '``"tmm"``: the library of each sample × group of cells is multiplied with a composition factor, so that a '
        "gene that takes a large share of the counts does not make all others fall: the trimmed mean of log ratios to "
        "all samples together (doi:10.1186/gb-2010-11-3-r25), shrunk by its error; :func:`commscore.get.factors` "
        'reads them. ``"library"``: as counted.'
    ),
    "palette": 'Group -> colour, by default ``adata.uns[f"{groupby}_colors"]``, else our own.',
    "resource : comparison": (
        "Only where the comparison was made with a table or a resource of your own: the same again."
    ),
    "samples": "Samples × edges, as :func:`commscore.tl.profile` gives them.",
    "score, padj": "Columns of the stored table, where it holds several methods.",
    "source, target, interaction, gene": (
        "Only these, one or several; a gene is a subunit of the ligand or the receptor."
    ),
    "supply": (
        "Samples × molecules: levels that were measured beside the cells, such as serum hormones, metabolites, "
        "secreted proteins, bacteria by 16S or microRNAs; a table (on the command line a file) whose index (or whose "
        "column called like "
        "``sample_key``) names the samples, and whose columns are ligands of the resource (``met:estradiol`` or "
        "``estradiol``, ``PRL``). Levels are above zero, each molecule in one unit in all samples; log2 is taken, and "
        "molecules are centred. Their rows have the source ``circulation``: the ligand's change is that of its level, "
        "the receptor's that of RNA."
    ),
    "value : total": '``"count"`` for the number of interactions, or a numeric column to add up.',
    "value : width": (
        'What the width shows: ``"count"`` for the number of interactions, or a numeric column to add up.'
    ),
}
"""A parameter as it stands in docstrings -> its text."""


def filled(doc: str) -> str:
    """Return a docstring in which every parameter that stands without a text has the shared one."""
    lines = doc.split("\n")
    start = next((i for i, line in enumerate(lines) if line.strip() == "Parameters"), None)
    if start is None:
        return doc
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    end = next((i for i in range(start + 2, len(lines) - 1) if _is_rule(lines[i + 1])), len(lines))
    body = [part for i in range(start + 2, end) for part in _entry(lines[i], lines[i + 1 : i + 2], indent)]
    return "\n".join([*lines[: start + 2], *body, *lines[end:]])


def _is_rule(line: str) -> bool:
    return len(line.strip()) > 2 and set(line.strip()) == {"-"}


def _entry(line: str, following: list[str], indent: str) -> list[str]:
    """Return a line, and below a parameter that has no text the shared one."""
    is_parameter = line.startswith(indent) and line[len(indent) : len(indent) + 1].strip() != ""
    has_text = bool(following) and following[0].startswith(f"{indent} ") and following[0].strip() != ""
    if not is_parameter or has_text or line.strip() not in SHARED:
        return [line]
    text = textwrap.wrap(SHARED[line.strip()], _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [line.partition(" :")[0], *(f"{indent}    {part}" for part in text)]
