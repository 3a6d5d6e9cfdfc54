"""Names of groups, conditions, samples, patients, levels, columns and layers may hold any character.

The same cohort under plain names and under names that join or end texts elsewhere (``;``, `` vs ``, ``→``, ``$``, a
line break …) gives the same tables, drawings, reports and files.
"""

from __future__ import annotations

import io
import json
import warnings

import anndata as ad
import pandas as pd
import pytest
from matplotlib.text import Text

import commscore as cs
from robust import hostile

PIECES = {
    "semicolon": "; ", "comma": ", ", "vs": " vs ", "bar": " | ", "caret": "^", "underscore": "_", "arrow": " → ",
    "slash": "/", "dollars": "$x$", "line break": "\n", "nbsp": "\u00a0", "emoji": "🧬", "long": "n" * 290,
    "and": " & ", "quotes": "'\"", "html": "</script><b>&amp;", "percent": "%s{0}{}", "backslash": r"\alpha$",
    "json": '["a", "b"]', "equals": "=", "counter": " (2)", "two blanks": "  ", "trailing blank": " ",
}  # fmt: skip
UNFIT_FOR_COLUMNS = {"slash", "long"}
"""AnnData nests keys at a slash, and file systems hold names of 255 bytes."""


def around(piece: str) -> hostile.Names:
    """Every name between two pieces; names of columns too where files can hold them."""
    text = PIECES[piece]
    column = str if piece in UNFIT_FOR_COLUMNS else lambda name: f"x{text}{name}"
    return hostile.Names(lambda name: f"{text}{name}{text}", column)


def mixed(start: int = 0) -> hostile.Names:
    """Every name between two other pieces, so that all meet in one cohort; ``start`` deals them out differently."""
    pieces, given = list(PIECES.values()), {}

    def label(name: str) -> str:
        i = start + len(given)
        given.setdefault(name, f"{pieces[i % len(pieces)]}{name}{pieces[(5 * i + 3) % len(pieces)]}")
        return given[name]

    return hostile.Names(label, lambda name: f"x; $x$ → \n{name}")


def same(found: dict[str, pd.DataFrame], names: hostile.Names, wanted: dict[str, pd.DataFrame]) -> None:
    assert list(found) == list(wanted)
    for name, frame in found.items():
        plain = hostile.plain_table(frame, names)
        pd.testing.assert_frame_equal(plain, wanted[name], check_dtype=False, rtol=1e-9, obj=name)


@pytest.fixture(scope="module")
def core():
    """What the first tools say under plain names."""
    names = hostile.Names()
    return {k: hostile.plain_table(f, names) for k, f in hostile.results(hostile.run(names, core=True)).items()}


def test_first_tools_say_the_same_and_files_keep_it(core, tmp_path):
    names = mixed()
    adata = hostile.run(names, core=True)
    same(hostile.results(adata), names, core)
    back = through_a_file(adata, tmp_path, "h5ad")
    found = hostile.results(back)
    same({k: found[k] for k in core}, names, core)
    for key in ("commscore", "commscore_compare", "commscore_circuits"):
        assert written(cs.get.params(back, key)) == written(cs.get.params(adata, key))


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_first_tools_say_the_same_with_one_piece_in_every_name(core, piece):
    names = around(piece)
    same(hostile.results(hostile.run(names, core=True)), names, core)


def through_a_file(adata, folder, kind):
    path = folder / f"a.{kind}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Writing zarr v2 data")
        getattr(adata, f"write_{kind}")(path)
    return getattr(ad, f"read_{kind}")(path)


def written(params) -> str:
    return json.dumps(params, default=lambda v: v.tolist() if hasattr(v, "tolist") else dict(v), sort_keys=True)


@pytest.fixture(scope="module")
def everything():
    """What every tool and getter says under plain names."""
    names = hostile.Names()
    adata = hostile.run(names)
    found = hostile.results(adata) | hostile.returned(adata, names)
    assert {f"commscore_{tool}/table" for tool in ("balance", "loops", "recessive", "response")} <= set(found)
    return {k: hostile.plain_table(f, names) for k, f in found.items()}


@pytest.fixture(scope="module", params=[0, 7])
def world(request):
    names = mixed(request.param)
    return hostile.run(names), names


@pytest.mark.slow
def test_every_tool_and_getter_says_the_same(world, everything):
    adata, names = world
    same(hostile.results(adata) | hostile.returned(adata, names), names, everything)


@pytest.mark.slow
def test_every_plot_draws_every_name(world):
    adata, names = world
    drawings = hostile.drawings(adata, names)
    assert set(drawings) == set(cs.pl.__all__)
    for draw in drawings.values():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the fonts are the user's
            figure = draw().figure
            figure.savefig(io.BytesIO(), dpi=30)
        assert max(figure.get_size_inches()) < 25
        assert not any(t.get_parse_math() for t in figure.findobj(Text) if "$" in t.get_text())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_files_keep_everything(world, tmp_path, kind):
    adata, names = world
    back, found = hostile.results(through_a_file(adata, tmp_path, kind)), hostile.results(adata)
    same({k: back[k] for k in found}, names, {k: hostile.plain_table(f, names) for k, f in found.items()})


@pytest.mark.slow
def test_the_report_holds_every_name_and_no_markup_of_theirs(world, tmp_path):
    adata, names = world
    page = cs.report.write(adata, tmp_path / "report.html", figures=False).read_text(encoding="utf-8")
    for group in names(*hostile.GROUPS):
        text = json.dumps(group, ensure_ascii=False)[1:-1]
        for character in "<>&":
            text = text.replace(character, f"\\u{ord(character):04x}")
        assert text in page
    assert "</script><b>" not in page
