"""Names of groups, conditions, samples, patients, levels, columns and layers may hold any character.

The same cohort under plain names and under names that join or end texts elsewhere (``;``, `` vs ``, ``→``, ``$``, a
line break …) gives the same tables, drawings, reports and files.
"""

from __future__ import annotations

import io
import json
import warnings

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from typer.testing import CliRunner

import commscore as cs
from commscore.cli import app
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
    assert core["commscore_circuits/table"]["stand_ins"].str.contains("g2").any()
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


@pytest.fixture(scope="module")
def of_text():
    """What the first tools say of plain names that are text without an order."""
    names = hostile.Names()
    adata = hostile.run_of_text(names)
    assert cs.get.load(adata, "commscore_compare").extra["contrasts"]["contrast"].tolist() == [
        "c1 vs c2", "c3 vs c2", "c3 vs c1",
    ]  # fmt: skip
    return {k: hostile.plain_table(f, names) for k, f in hostile.results(adata).items()}


@pytest.mark.parametrize("piece", PIECES)
def test_text_without_an_order_says_the_same(of_text, piece):
    names = around(piece)
    same(hostile.results(hostile.run_of_text(names)), names, of_text)


def through_a_file(adata, folder, kind):
    path = folder / f"a.{kind}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Writing zarr v2 data")
        getattr(adata, f"write_{kind}")(path)
    return getattr(ad, f"read_{kind}")(path)


def written(params) -> str:
    return json.dumps(params, default=lambda v: v.tolist() if hasattr(v, "tolist") else dict(v), sort_keys=True)


def test_levels_whose_joined_names_are_the_same_stay_apart():
    """``c & f`` with ``g`` and ``c`` with ``f & g`` read alike, as does the level ``f & g vs g`` and a difference."""
    plain = {"c": "c", "d": "c & f", "x": "g", "y": "f & g", "z": "f & g vs g"}
    tables = []
    for names in ({k: k for k in plain}, plain):
        a = cs.ds.simulate(
            n_samples=6, n_cells=40, groups=["a", "b"], conditions=["c", "d"], interactions=[("CSF1", "CSF1R")], rng=0
        )
        number = a.obs["sample"].astype(str).str.rsplit("_", n=1).str[1].astype(int).to_numpy()
        a.obs["condition"] = pd.Categorical(
            a.obs["condition"].astype(str).map(names), [names["c"], names["d"]], ordered=True
        )
        a.obs["second"] = pd.Categorical([names["xyz"[i % 3]] for i in number], [names[f] for f in "xyz"], ordered=True)
        made = cs.tl.compare(
            a, "cell_type", condition_key="condition", sample_key="sample", reference=names["c"], factor_key="second",
            resource=pd.DataFrame({"ligand": ["CSF1"], "receptor": ["CSF1R"]}), min_cells=2, inplace=False,
        )  # fmt: skip
        assert made.extra["contrasts"]["contrast"].is_unique
        tables.append(made)
    assert tables[1].extra["contrasts"]["contrast"].tolist()[-2:] == ["c & f vs c | f & g vs g (2)",
                                                                      "c & f vs c | f & g vs g vs g"]  # fmt: skip
    for column in ("effect", "pvalue", "n_ref", "n_alt"):
        first, second = (t.table[column].to_numpy() for t in tables)
        np.testing.assert_allclose(first, second)
    factors = [t.extra["two_factors"]["difference"].to_numpy() for t in tables]
    np.testing.assert_allclose(*factors)


def test_commands_take_names_as_they_are(tmp_path):
    names = hostile.Names(lambda name: f"a=b; {name}, c vs d", lambda name: f"x=y {name}")
    adata = hostile.cohort(names)
    adata.write_h5ad(tmp_path / "a.h5ad")
    pd.DataFrame(hostile.PAIRS, columns=["ligand", "receptor"]).to_csv(tmp_path / "pairs.csv", index=False)
    call = ["score", tmp_path / "a.h5ad", "--groupby", names.columns["group"], "--resource", tmp_path / "pairs.csv",
            "--where", f"{names.columns['stage']}={names.of['c2']}", "--n-perms", 9, "--expr-prop", 0, "--out",
            tmp_path / "t.csv"]  # fmt: skip
    done = CliRunner().invoke(app, [*map(str, call)])
    assert done.exit_code == 0, done.output
    part = adata[(adata.obs[names.columns["stage"]] == names.of["c2"]).to_numpy()].copy()
    cs.tl.score(part, names.columns["group"], resource=pd.read_csv(tmp_path / "pairs.csv"), n_perms=9, expr_prop=0)
    found, wanted = pd.read_csv(tmp_path / "t.csv"), cs.get.table(part)
    assert found["source"].tolist() == wanted["source"].tolist()
    assert found["score"].tolist() == pytest.approx(wanted["score"].tolist())
    for order in ([names.of["c3"], names.of["c1"]], [names.of["c1"], names.of["c2"], names.of["c3"]]):
        call = ["compare", tmp_path / "a.h5ad", "--groupby", names.columns["group"], "--condition-key",
                names.columns["stage"], "--sample-key", names.columns["sample"], "--resource", tmp_path / "pairs.csv",
                *(part for level in order for part in ("--order", level)), "--counts-layer", names.columns["counts"],
                "--min-cells", 3, "--out", tmp_path / "c.csv"]  # fmt: skip
        done = CliRunner().invoke(app, [*map(str, call)])
        assert done.exit_code == 0, done.output
        contrasts = pd.read_csv(tmp_path / "c.csv")["contrast"].unique()
        assert set(contrasts) == {f"{level} vs {order[0]}" for level in order[1:]} | {"stages"}


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
        plt.close("all")  # figures are of pyplot


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


@pytest.mark.slow
def test_the_report_draws_what_it_draws_under_plain_names(tmp_path):
    pages = {}
    for name, names in (("plain", hostile.Names()), ("mixed", mixed())):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*begin or end with a blank")
            path = cs.report.write(hostile.run(names), tmp_path / f"{name}.html", top=5)
        pages[name] = path.read_text(encoding="utf-8")
    drawn = {name: page.count("data:image/") for name, page in pages.items()}
    assert drawn["mixed"] == drawn["plain"] > 20
