"""``commscore demo``: the main job on data that come with the package."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ..kinds._base import StoredResult
from ._files import put_table, replacing
from ._job import versions
from ._normalize import ExpressionLocation, normalize
from ._run import command, current, say
from ._show import print_listing

RESOURCE = "breast+general"
STAGES = ["primary", "lymph_node", "bone"]
# the last lines: what to type on a file of one's own
NEXT = f"""\
On a file of your own, with your columns and raw counts (logarithms need no --normalize; compare needs the counts):

commscore resource check tumour.h5ad --resource {RESOURCE}
commscore score tumour.h5ad --groupby cell_type --sample-key sample --resource {RESOURCE} --null auto --normalize \
--out scored.h5ad
commscore compare scored.h5ad --groupby cell_type --condition-key stage --sample-key sample --reference primary \
--resource {RESOURCE} --out compared.h5ad
commscore report compared.h5ad --resource {RESOURCE} --out report.html"""


@command
def demo(
    out: Annotated[Path, typer.Option(help="Folder for tables and figures.")] = Path("commscore-demo"),
    n_perms: Annotated[int, typer.Option(help="Number of permutations.")] = 1000,
) -> dict[str, Any]:
    """Score real blood cells and a simulated tumour cohort, compare its stages; print and write what was found.

    **Example**

    `commscore demo --out first-look`
    """
    if out.exists() and not out.is_dir():
        msg = f"--out {out} is a file; give the name of a folder"
        raise ValueError(msg)
    out.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # few of the interactions have their genes in these data, which is known and said in their descriptions
        warnings.filterwarnings("ignore", message="only .* that RNA can show")
        return _show(out, n_perms)


def _show(out: Path, n_perms: int) -> dict[str, Any]:
    from .. import ds

    say(f"700 real blood cells (10x PBMC 68k, reduced; comes with scanpy), resource {RESOURCE!r}")
    title = f"Blood of one person, p-values over cells (nothing about the next person), resource {RESOURCE!r}"
    blood = _run(ds.pbmc(), out, name="pbmc", title=title, n_perms=n_perms)
    say(f"a simulated breast tumour cohort of three stages, four samples each, resource {RESOURCE!r}")
    cohort = _cohort()
    normalize(cohort, ExpressionLocation(None, use_raw=False), keep=True)
    title = f"Simulated breast tumours, over 12 samples, resource {RESOURCE!r}"
    tumour = _run(cohort, out, name="breast", title=title, n_perms=n_perms, sample_key="sample")
    shifts = _compare(cohort, out / "breast_compare.csv")
    _report(cohort, out / "report.html")
    if not current().as_json:
        what = "Tables, figures and the report" if (out / "report.html").exists() else "Tables and figures"
        typer.echo(f"\n{what} are in {out.resolve()}\n\n{NEXT}")
    files = sorted(p.name for p in out.iterdir() if not p.name.startswith("."))
    outputs = {"folder": out.resolve(), "files": files}
    return {"pbmc": blood, "breast": tumour, "compare": shifts, "outputs": outputs, "versions": versions()}


def _cohort() -> Any:
    from .. import ds

    planted = [
        ds.Shift(interaction="CSF1^CSF1R", source="tumour", target="macrophage", log2fc=2, shape="growth"),
        ds.Shift(interaction="CXCL12^CXCR4", source="CAF", target="tumour", driver="receptor", log2fc=2, shape="peak"),
    ]
    return ds.simulate(n_samples=4, n_cells=400, conditions=STAGES, shifts=planted, rng=0)


def _compare(cohort: Any, path: Path) -> dict[str, Any]:
    from .. import tl
    from ..kinds._terminal import listing_of, summary_of

    planted = cohort.uns["truth"].drop_duplicates("interaction")[["interaction", "driver", "shape"]]
    changes = ", ".join(f"{row.interaction} by its {row.driver} ({row.shape})" for row in planted.itertuples())
    say(f"comparing its stages; changes that were planted: {changes}")
    tl.compare(cohort, "cell_type", condition_key="condition", sample_key="sample", order=STAGES, resource=RESOURCE)
    stored = _stored(cohort, "commscore_compare")
    if not current().as_json:
        stages = stored.table[(stored.table["contrast"] == "stages").to_numpy()]
        print_listing(listing_of(replace(stored, tables={**stored.tables, "table": stages}), 5))
    with replacing(path) as (temporary,):
        put_table(stored.table, temporary, like=path)
    say(f"wrote {path.name}")
    return summary_of(stored)


def _stored(adata: Any, key: str) -> StoredResult:
    """Return a stored result, the surest rows first."""
    from .. import get

    result = get.load(adata, key)
    return StoredResult.of(key, replace(result, table=result.surest_first))


def _report(cohort: Any, path: Path) -> None:
    try:
        from ..report import write

        write(cohort, path, resource=RESOURCE, title="Simulated breast tumours")
    except ImportError as error:  # Jinja2 comes with the extra "report"; the demo is of use without it
        say(f"no report: {error}")
    else:
        say(f"wrote {path.name}: open it in a browser")


def _run(
    adata: Any, out: Path, *, name: str, title: str, n_perms: int, sample_key: str | None = None
) -> dict[str, Any]:
    from .. import pl, tl
    from ..kinds._terminal import listing_of, summary_of
    from ..pl._save import save

    tl.score(adata, "cell_type", resource=RESOURCE, null="auto", n_perms=n_perms, sample_key=sample_key)
    stored = _stored(adata, "commscore")
    table, untested = stored.table, stored.tables["untested"]
    if not current().as_json:
        listing = listing_of(stored, 12)
        print_listing(replace(listing, title=f"{title}: {listing.title}"))
    paths = [out / f"{name}.csv", out / f"{name}_untested.csv", out / f"{name}.png"]
    with replacing(*paths) as (scores, left_out, figure):
        put_table(table, scores, like=paths[0])
        put_table(untested, left_out, like=paths[1])
        save(pl.dotplot(adata).figure, figure)
    say(f"wrote {', '.join(p.name for p in paths)}")
    return summary_of(stored)
