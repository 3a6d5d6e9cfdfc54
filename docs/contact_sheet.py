"""Draw every plot on three real data sets at print size, to be looked at: 21 groups with long names, 9 groups, two.

python docs/contact_sheet.py FOLDER [PLOT …]

What the tools find is kept in the folder, so that a second run only draws. Each figure is a file of its own, and all of
one data set together are ``DATASET.png``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anndata as ad
import scanpy as sc

import commscore as cs

KEYS = {"condition_key": "condition", "sample_key": "sample"}
_DPI = 110


def skin() -> ad.AnnData:
    """Return healthy skin and lymphoma, three samples each, with clusters under long names."""
    adata = cs.ds.fetch("skin_ctcl_gse128531")
    adata.obs["group"] = (adata.obs["cell_type"].astype(str) + ", cluster " + adata.obs["leiden"].astype(str)).values
    kept = adata.obs["group"].value_counts().index[:21]
    return adata[adata.obs["group"].isin(kept)].copy()


def breast() -> ad.AnnData:
    """Return one breast tumour with nine cell types; the condition is made up, for lack of a second one."""
    adata = cs.ds.fetch("breast_wu2021_CID4465")
    adata.obs["group"] = adata.obs["cell_type"]
    turn = [i % 6 for i in range(adata.n_obs)]
    adata.obs["sample"] = [f"part {t}" for t in turn]
    adata.obs["condition"] = ["odd parts" if t % 2 else "even parts" for t in turn]
    return adata


def blood() -> ad.AnnData:
    """Return two cell types of blood, with and without interferon."""
    adata = cs.ds.fetch("kang2018_muscat")
    adata.obs["group"] = adata.obs["cell_type"]
    return adata[adata.obs["group"].isin(["CD14+ Monocytes", "CD4 T cells"])].copy()


SETS: dict[str, Callable[[], ad.AnnData]] = {"skin": skin, "breast": breast, "blood": blood}
REFERENCE = {"skin": "healthy_control", "breast": "even parts", "blood": "ctrl"}


def analysed(name: str, folder: Path) -> ad.AnnData:
    """Return a data set with all that the plots draw, computed once."""
    file = folder / f"{name}.h5ad"
    if file.exists():
        return ad.read_h5ad(file)
    adata = SETS[name]()
    found = {"resource": "breast+general"}
    cs.tl.compare(adata, "group", reference=REFERENCE[name], min_cells=3, **KEYS, **found)
    for tool in (cs.tl.response, cs.tl.balance):
        _try(tool, adata, "group", reference=REFERENCE[name], min_cells=3, **KEYS)
    stages = {c: ["stage=early"] if c == REFERENCE[name] else ["stage=metastatic"] for c in set(adata.obs["condition"])}
    _try(cs.tl.expectations, adata, "group", contexts=stages, **KEYS)
    _try(cs.tl.leave_one_out, adata)
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    cs.tl.score(adata, "group", **found)
    _try(cs.tl.circuits, adata, "group", n_perms=300)
    for tool in (cs.tl.loops, cs.tl.therapies):
        _try(tool, adata)
    adata.write_h5ad(file)
    return adata


def _try(tool: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call, and say what does not fit the data set."""
    try:
        return tool(*args, **kwargs)
    except (KeyError, ValueError, TypeError) as error:
        sys.stderr.write(f"  {tool}: {error}\n")
        return None


def _with_counts(adata: ad.AnnData) -> ad.AnnData:
    return ad.AnnData(adata.layers["counts"], obs=adata.obs, var=adata.var)


def plots(adata: ad.AnnData) -> dict[str, Callable[[], Any]]:
    """Return every plot of a data set, ready to be drawn."""
    samples = cs.tl.profile(_with_counts(adata), "group", sample_key="sample", min_cells=3, resource="breast+general")
    edge = samples.var.iloc[0][["interaction", "source", "target"]]
    by_key = {name: partial(getattr(cs.pl, name), adata) for name in cs.pl.__all__}
    halves = [cs.get.table(adata)[::3], cs.get.table(adata)]
    return by_key | {
        "trend": lambda: cs.pl.trend(samples, **edge, stage_key="condition"),
        "by_sample": lambda: cs.pl.by_sample(samples, condition_key="condition", comparison=adata, response=adata),
        "circuit": lambda: cs.pl.circuit(adata, "tgfb_jag1_notch_il6"),
        "samples": lambda: cs.pl.clustermap(samples, condition_key="condition"),
        "moved": lambda: cs.pl.roles(*halves, names=("half", "whole"), max_padj=None),
        "waterfall": lambda: cs.pl.drivers(adata, **edge),
    }


def sheet(files: list[Path], path: Path) -> None:
    """Put images side by side, each with the size that it has."""
    from PIL import Image

    wide, x, y, row = 3200, 0, 0, 0
    images = [Image.open(file).convert("RGB") for file in files]
    places = []
    for image in images:
        if x + image.width > wide and x:
            x, y, row = 0, y + row, 0
        places.append((x, y))
        x, row = x + image.width, max(row, image.height)
    whole = Image.new("RGB", (wide, y + row), "white")
    for image, place in zip(images, places, strict=True):
        whole.paste(image, place)
    whole.save(path)


def main(folder: Path, only: list[str]) -> None:
    """Draw them all, or those named."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        adata = analysed(name, folder)
        files = []
        for plot, draw in plots(adata).items():
            if only and plot not in only:
                continue
            sys.stderr.write(f"{name}: {plot}\n")
            drawn = _try(draw)
            if drawn is not None:
                files.append(folder / f"{name}_{plot}.png")
                drawn.figure.savefig(files[-1], dpi=_DPI)
        if files and not only:
            sheet(files, folder / f"{name}.png")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), sys.argv[2:])
