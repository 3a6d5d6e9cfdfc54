"""The pages: they build without a warning, hold every interaction, and escape what comes from the tables."""

from __future__ import annotations

import html
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import commscore as cs
from commscore.rs._review_sections import sections_of, short_names

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NEEDED = ("jupytext", "sphinx", "myst_nb", "numpydoc", "sphinx_book_theme", "sphinx_copybutton", "sphinx_design")
VOID = {"br", "hr", "img", "input", "link", "meta"}


def extension(name):
    """Import a file of docs/_ext, which is no part of the package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Page(HTMLParser):
    """Elements by tag, text by tbody; raises where tags do not close as they opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.bodies = [], [], {}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tbody" and "id" in dict(attrs):
            self.body = dict(attrs)["id"]
            self.bodies[self.body] = ""

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.bodies and "tbody" in self.open:
            self.bodies[self.body] += data


def render(tables):
    return extension("resource_page").render(tables)


def test_table_holds_every_interaction_and_every_statement():
    res = cs.rs.load()
    page = Page(render(res.tables))
    assert list(page.bodies) == res.interactions["interaction"].tolist()
    names = short_names(res.sources)
    evidence = res.evidence.assign(section=sections_of(res.evidence, res.sources))
    for said in evidence.to_dict("records"):
        text = page.bodies[said["interaction"]]
        assert said["statement"] in text
        assert said["inferred_from"] in text
        assert f"source {said['source']}, lines {said['lines']}" in text
        assert f"{names[said['source']]}, section “{said['section']}”" in text
        for mark in re.findall(r"\d+", said["cited"]):
            assert mark in text


HOSTILE = "<script>alert(1)</script>&amp;\"'</tbody>"


def test_markup_in_the_tables_is_text_on_the_page():
    clean = cs.rs.load().tables
    tables = {name: frame.head(3).copy() for name, frame in clean.items()}
    tables["evidence"] = clean["evidence"][clean["evidence"]["interaction"].isin(tables["interactions"]["interaction"])]
    before = Page(render(tables))
    for name in ("interactions", "evidence", "references"):
        frame = tables[name] = tables[name].copy()
        for column in frame.columns:
            if frame[column].dtype == object and column != "source":
                frame[column] = frame[column].astype(str) + HOSTILE
    after = Page(render(tables))
    assert "script" not in {tag for tag, _ in after.tags}
    assert len(after.bodies) == len(before.bodies) == 3
    assert all(HOSTILE in text for text in after.bodies.values())
    known = {key for _, attributes in before.tags for key in attributes}
    assert {key for _, attributes in after.tags for key in attributes} <= known  # no attribute slipped in


@pytest.mark.parametrize(
    ("cited", "marks"),
    [
        ("", []),
        ("[30]", ["[30]"]),
        ("[34,37-39]", ["[34]", "[37]", "[38]", "[39]"]),
        ("[33, 34]", ["[33]", "[34]"]),
        ("[5–6]", ["[5]", "[6]"]),
        ("[,]", ["[,]"]),
        ("Kalluri, 2016; Sahai et al., 2020", ["Kalluri, 2016; Sahai et al., 2020"]),
    ],
)
def test_citation_marks(cited, marks):
    assert extension("resource_page").marks(cited) == marks


def test_citations_link_to_the_doi_of_that_source():
    res = cs.rs.load()
    page = render(res.tables)
    with_doi = res.references[res.references["doi"] != ""]
    cited = {
        (row.source, mark) for row in res.evidence.itertuples() for mark in extension("resource_page").marks(row.cited)
    }
    expected = {row.doi for row in with_doi.itertuples() if (row.source, row.key) in cited}
    assert expected
    assert set(re.findall(r'href="https://doi\.org/([^"]+)"', page)) == expected


def test_taxonomy_places_every_mode_and_counts_as_filter_does():
    res = cs.rs.load()
    rows = extension("taxonomy").rows(res.tables)
    counts = {mode.strip("`"): (int(n), int(m)) for _, mode, n, m, _ in rows if mode}
    from commscore.tables.resource import MODES

    assert sorted(counts) == sorted(MODES)
    for mode, (n_interactions, n_statements) in counts.items():
        found = res.filter(mode=mode)
        assert (n_interactions, n_statements) == (len(found), len(found.evidence)), mode


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"building the docs needs {', '.join(missing)} (extra 'docs')")
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(out / "doctrees"), str(DOCS), str(out / "html")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return out / "html"


def read(site, name):
    return (site / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_built_page_holds_the_table(site):
    page = read(site, "resource")
    assert render(cs.rs.load().tables) in page
    assert all(review in page for review in ("gap junction", "extracellular vesicles"))
    assert "resource.js" in page


@pytest.mark.slow
def test_pages_load_nothing_from_a_network(site):
    for path in (*site.glob("*.html"), *site.glob("api/*.html")):
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\bsrc=\"([^\"]+)\"", text)
        loaded += re.findall(r"<link[^>]*rel=\"stylesheet\"[^>]*href=\"([^\"]+)\"", text)
        assert loaded
        assert not [url for url in loaded if re.match(r"(https?:)?//", url)], path.name


@pytest.mark.slow
def test_every_column_is_explained(site):
    from commscore.tables import Table, compare, resource, score

    page = read(site, "columns")
    for module in (compare, resource, score):
        for table in (v for v in vars(module).values() if isinstance(v, Table)):
            name = module.__name__.rsplit(".", 1)[-1]
            section = page.split(f'id="columns-{name}-{re.sub("[_ ]", "-", table.name)}"')[1].split("</section>")[0]
            found = re.findall(r'<tr class="row-\w+"><td><p><code[^>]*><span class="pre">(\w+)</span>', section)
            assert found == list(table.names), table.name


ROOMS = ("rs", "tl", "get", "pl", "ds", "report")
PUBLIC = [f"commscore.{room}.{name}" for room in ROOMS for name in getattr(cs, room).__all__]


@pytest.mark.slow
def test_every_public_name_has_a_page_and_the_list_links_to_it(site):
    listed = set(re.findall(r'href="(api/[^"]+)"', read(site, "api")))
    for name in PUBLIC:
        assert f'id="{name}"' in read(site, f"api/{name}"), name
        assert f"api/{name}.html#{name}" in listed
    assert {path.stem for path in site.glob("api/*.html")} == set(PUBLIC)


@pytest.mark.slow
def test_pages_of_plots_show_their_picture_and_their_code(site):
    for name in cs.pl.__all__:
        page = read(site, f"api/commscore.pl.{name}")
        assert f'src="../_images/{name}' in page, name
        assert re.search(rf"\bcs\.pl\.{name}\(", re.sub(r"<[^>]+>", "", page)), name


@pytest.mark.slow
def test_docstrings_link_to_the_pages_of_functions_and_of_columns(site):
    page = read(site, "api/commscore.get.factors")
    assert 'href="commscore.tl.compare.html#commscore.tl.compare"' in page
    assert 'href="../columns.html#columns-compare-factors"' in page


@pytest.mark.slow
def test_what_a_function_returns_is_one_paragraph(site):
    text = read(site, "api/commscore.tl.score")
    entry = text[text.index('id="commscore.tl.score"') :]
    assert "<p" not in entry.split("None, or a ", 1)[1].split("Hochberg over all rows", 1)[0]


@pytest.mark.slow
def test_every_method_is_listed_and_the_commands_are_those_of_the_readme(site):
    page = read(site, "statistics")
    for method in cs.tl.methods().itertuples():
        assert f'<span class="pre">{method.method}</span>' in page
        assert f"https://doi.org/{method.doi}" in page
    installation = re.sub(r"<[^>]+>", "", read(site, "installation"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line for line in readme.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    shown = installation.replace("&quot;", '"')
    for step in commands[0].replace(" --quiet", "").split(" && "):  # the page has a line for each
        assert f"\n{step}\n" in f"\n{shown}"
    assert re.search(r'-e "[^"]*"', commands[1])[0] in shown


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TYPE = "const q = document.querySelector('.cs-form [name=q]'); q.value = %r; q.form.dispatchEvent(new Event('input'));"
CHOOSE = (
    "const s = document.querySelector('.cs-form [name=mode]'); s.value = %r; s.form.dispatchEvent(new Event('input'));"
)
CLICK = "document.querySelector(%r).click();"


def in_browser(site, tmp_path, script):
    """Run a script in the built page and return what is shown: (interactions in order, those unfolded, count)."""
    if BROWSER is None:
        pytest.skip("no Chromium")
    copy = tmp_path / "html"
    shutil.copytree(site, copy)
    added = f"<script>addEventListener('load', () => {{ {script} }});</script></body>"
    page = copy / "resource.html"
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", added), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [BROWSER, *flags, "--virtual-time-budget=5000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if "</html>" not in done.stdout:
        pytest.skip(f"Chromium does not start here: {done.stderr[-200:]}")
    tags = Page(done.stdout.partition('<div class="cs-scroll">')[2].partition("</table>")[0] + "</table>").tags
    shown = [a["id"] for tag, a in tags if tag == "tbody" and "hidden" not in a]
    rows = [a for tag, a in tags if tag == "tr" and a.get("class") == "cs-evidence"]
    ids = [a["id"] for tag, a in tags if tag == "tbody"]
    unfolded = [name for name, row in zip(ids, rows, strict=True) if "hidden" not in row]
    return shown, unfolded, int(re.search(r"<output>(\d+)</output>", done.stdout)[1])


def containing(*words):
    bodies = Page(render(cs.rs.load().tables)).bodies
    return [name for name, text in bodies.items() if all(w.lower() in text.lower() for w in words)]


@pytest.mark.slow
def test_searching_filters_rows(site, tmp_path):
    shown, unfolded, count = in_browser(site, tmp_path, TYPE % "Treg CXCR4")
    expected = containing("treg", "cxcr4")
    assert 0 < len(expected) < len(cs.rs.load())
    assert shown == expected
    assert count == len(expected)
    assert unfolded == []


@pytest.mark.slow
def test_choosing_a_mode_is_the_filter_of_the_library(site, tmp_path):
    shown, _, _ = in_browser(site, tmp_path, CHOOSE % "extracellular_vesicle")
    assert shown == cs.rs.load().filter(mode="extracellular_vesicle").interactions["interaction"].tolist()


@pytest.mark.slow
def test_headings_sort_and_evidence_unfolds(site, tmp_path):
    number = "th[data-key=n_evidence] button"
    first = "tbody[id='CXCL12^CXCR4'] .cs-more"
    shown, unfolded, _ = in_browser(site, tmp_path, CLICK % number + CLICK % number + CLICK % first)
    counts = cs.rs.load().interactions.set_index("interaction")["n_evidence"]
    assert counts.loc[shown].is_monotonic_decreasing
    assert set(shown) == set(counts.index)
    assert unfolded == ["CXCL12^CXCR4"]


MEASURE = """
<!doctype html><body><script>
const pages = %s, width = %d, wide = [];
async function look(page) {
  const frame = document.createElement("iframe");
  frame.style.width = width + "px"; frame.style.height = "900px";
  await new Promise(done => { frame.onload = done; frame.src = page; document.body.append(frame); });
  const inside = frame.contentDocument;
  for (const code of inside.querySelectorAll("div.highlight pre"))
    if (code.scrollWidth > code.clientWidth + 1) wide.push(page + ": " + code.textContent.slice(0, 60));
  const page_width = inside.documentElement.scrollWidth;
  if (page_width > width + 1) wide.push(page + " is " + page_width + " px wide");
  frame.remove();
}
(async () => { for (const page of pages) await look(page); document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(wide); })();
</script></body>
"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 400])
def test_neither_code_nor_pages_scroll_sideways(site, tmp_path, width):
    if BROWSER is None:
        pytest.skip("no Chromium")
    names = sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if "_static" not in path.parts)
    script = tmp_path / "measure.html"
    script.write_text(MEASURE % (json.dumps([(site / name).as_uri() for name in names]), width), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    flags += ["--allow-file-access-from-files", "--virtual-time-budget=600000", "--window-size=1500,1000"]
    done = subprocess.run(
        [BROWSER, *flags, "--dump-dom", script.as_uri()], capture_output=True, text=True, check=False, timeout=300
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    if found is None:
        pytest.skip(f"Chromium does not measure here: {done.stderr[-200:]}")
    assert json.loads(html.unescape(found[1])) == []


@pytest.mark.slow
def test_every_public_data_set_is_listed_with_its_size_and_licence(site):
    page = read(site, "data").split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<td>(.*?)</td>", row, re.S) for row in page.split("<tr")[1:]]
    table = {row[0]: row for row in ([html.unescape(re.sub("<[^>]+>", "", cell)).strip() for cell in r] for r in rows)}
    assert list(table) == cs.ds.list()["name"].tolist()
    for known in cs.ds.list().itertuples():
        title, good_for, download, licence = table[known.name][2:6]
        assert (title, good_for, licence) == (known.title, known.good_for, known.licence)
        assert ("not tested" in download) == (not known.tested)
    assert table["kang2018_muscat"][1:5:3] == ["1,556 × 1,267", "1 MB"]
    assert table["covid_balf2020"][1:5:3] == ["not known", "size not known; not tested"]
