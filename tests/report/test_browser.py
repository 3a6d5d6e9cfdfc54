"""The report in a real browser: searched, filtered, sorted, opened, by mouse and by keyboard."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import commscore as cs
from commscore.get import Result, store
from commscore.report import write
from commscore.report._evidence import marks
from commscore.rs._review_sections import sections_of, short_names
from report import chromium
from report.page import Page

pytestmark = pytest.mark.slow

TABLE = "[data-table='t0-0']"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if chromium.BINARY is None:
        pytest.skip("no Chromium on this machine")
    try:
        started = chromium.Chromium(tmp_path_factory.mktemp("profile"))
    except (EOFError, TimeoutError, BrokenPipeError) as error:
        pytest.skip(f"Chromium does not start here: {error}")
    with started:
        yield started


@pytest.fixture
def opened(browser, report):
    browser.requests.clear()
    browser.complaints.clear()
    browser.resize(1280, 900)
    browser.open(report)
    return browser


def column(browser, name, table=TABLE):
    """Return the shown cells of one column."""
    names = browser(f'Array.from(document.querySelectorAll("{table} thead th"), (th) => th.dataset.name)')
    at = names.index(name)
    return browser(f'Array.from(document.querySelectorAll("{table} tr.row"), (tr) => tr.cells[{at}].textContent)')


def status(browser, table=TABLE):
    return browser(f'document.querySelector("{table} .status").textContent')


def choose(browser, name, value, table=TABLE):
    browser(
        f'(() => {{ const s = document.querySelector("{table} form [name={name}]"); s.value = {json.dumps(value)};'
        " s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def typed(browser, name, text, table=TABLE):
    browser.click(f"{table} form [name={name}]")
    browser.call("Input.insertText", text=text)


def test_silent_and_alone(opened, report):
    assert opened("document.documentElement.dataset.ready") == "yes"
    assert opened("document.querySelectorAll('details.data').length") > 10
    opened("document.querySelectorAll('details.data').forEach((d) => { d.open = true; })")
    opened.until("Array.from(document.querySelectorAll('.view')).every((v) => v.querySelector('table'))")
    assert opened.complaints == []
    assert {u for u in opened.requests if not u.startswith("data:")} == {report.as_uri()}
    names = opened("performance.getEntriesByType('resource').map((e) => e.name)")
    assert [n for n in names if not n.startswith("data:")] == []
    assert opened("Array.from(document.images).every((i) => i.complete && i.naturalWidth > 50)")


def test_search(opened, cohort):
    table = cs.get.table(cohort)
    typed(opened, "q", "macrophage csf1")
    texts = table.select_dtypes(exclude="number").astype(str).agg(" ".join, axis=1).str.lower()
    expected = int((texts.str.contains("macrophage") & texts.str.contains("csf1")).sum())
    assert 0 < expected < len(table)
    opened.until(f'document.querySelector("{TABLE} .status").textContent.includes("that match")')
    assert f" of {expected} that match, of {len(table)}" in status(opened)
    assert all("CSF1" in name for name in column(opened, "interaction"))
    typed(opened, "q", " no-such-word")
    opened.until(f'document.querySelectorAll("{TABLE} tr.row").length === 0')
    assert status(opened) == f"No row matches, of {len(table)}"


@pytest.mark.parametrize("name", ["source", "target", "mode", "direction"])
def test_filters(opened, cohort, name):
    table = cs.get.table(cohort)
    if name == "direction":
        known = cs.rs.load().interactions.set_index("interaction")["direction"]
        table = table.assign(direction=table["interaction"].astype(str).map(known))
    value = str(table[name].iloc[-1])
    expected = int((table[name].astype(str) == value).sum())
    choose(opened, name, value)
    opened.until(f'document.querySelector("{TABLE} .status").textContent.includes(" of {expected} that match")')
    assert set(column(opened, name)) == {value}
    opened.click(f"{TABLE} button[type=reset]")
    opened.until(f'document.querySelector("{TABLE} .status").textContent.endsWith(" of {len(table)}")')


def test_numbers_are_limited(opened, cohort):
    table = cs.get.table(cohort, "commscore_compare")
    limit = float(table["padj"].dropna().quantile(0.3))
    expected = int((table["padj"] <= limit * 1.001).sum())
    choose(opened, "max-padj", str(limit * 1.001), "[data-table='t1-0']")
    opened.until("document.querySelector(\"[data-table='t1-0'] .status\").textContent.includes('that match')")
    assert f" of {expected} that match" in status(opened, "[data-table='t1-0']")


def test_sort(opened, cohort):
    table = cs.get.table(cohort)
    best = table.assign(minus=-table["score"]).sort_values(["padj", "minus"], kind="stable").head(25)
    assert column(opened, "interaction") == best["interaction"].tolist()
    header = f"{TABLE} th[data-name=score]"
    for way, ascending in (("ascending", True), ("descending", False)):
        opened.click(f"{header} button")
        opened.until(f'document.querySelector("{header}").getAttribute("aria-sort") === "{way}"')
        expected = table["score"].sort_values(ascending=ascending).head(25)
        assert [float(v) for v in column(opened, "score")] == pytest.approx(expected.tolist(), rel=1e-3)
    assert opened(f'document.querySelectorAll("{TABLE} [aria-sort]").length') == 1
    opened.click(f"{TABLE} th[data-name=source] button")
    sources = sorted(table["source"].astype(str), key=str.casefold)[:25]
    assert column(opened, "source") == sources


def test_missing_numbers_are_last_both_ways(opened):
    table = "[data-table='t1-0']"
    for _ in range(2):
        opened.click(f"{table} th[data-name=padj] button")
        assert "–" not in column(opened, "padj", table)


def test_a_row_opens_to_its_evidence(opened):
    name = column(opened, "interaction")[0]
    opened.click(f"{TABLE} tr.row .open")
    opened.until(f'document.querySelector("{TABLE} .open").getAttribute("aria-expanded") === "true"')
    shown = opened(
        f'Array.from(document.querySelectorAll("{TABLE} tr.detail:not([hidden]) .statement"), (s) => s.textContent)'
    )
    said = cs.rs.load().evidence.pipe(lambda rows: rows[rows["interaction"] == name])
    assert shown == said["statement"].tolist()
    whole = opened(f'document.querySelector("{TABLE} tr.detail").textContent')
    for row in said.itertuples():
        assert f"lines {row.lines}" in whole
        assert all(mark in whole for mark in marks(row.cited))
        assert row.source in whole
        assert short_names(cs.rs.load().sources)[row.source] in whole
    headings = sections_of(said, cs.rs.load().sources)
    assert all(headings)
    assert all(f"section “{heading}”" in whole for heading in headings)
    controlled = opened(f'document.querySelector("{TABLE} .open").getAttribute("aria-controls")')
    assert opened(f"document.getElementById({json.dumps(controlled)}).hidden") is False
    opened.click(f"{TABLE} tr.row .open")
    opened.until(f'document.querySelector("{TABLE} tr.detail").hidden')
    assert opened.complaints == []


def test_long_texts_are_cut_and_whole_in_the_opened_row(opened, cohort):
    table = "[data-table='t2-0']"
    whole = set(cs.get.table(cohort, "commscore_circuits")["missing"].dropna())
    cells = f'Array.from(document.querySelectorAll("{table} td .long"))'
    assert opened(f"{cells}.length") > 0
    assert opened(f"Math.max(...{cells}.map((c) => c.clientHeight / parseFloat(getComputedStyle(c).lineHeight)))") < 4.5
    cut = f"{cells}.find((c) => c.scrollHeight > c.clientHeight + 2)"
    text = opened(f"{cut}.textContent")
    assert text in whole
    opened(f"{cut}.closest('tr').querySelector('.open').click()")
    assert text in opened(f"{cut}.closest('tr').nextElementSibling.textContent")


def test_keyboard_alone(opened):
    opened.press("Tab", 9)
    assert opened("document.activeElement.className") == "skip"
    assert opened("document.activeElement.getBoundingClientRect().left") >= 0
    opened.press("Enter", 13, "\r")
    opened.until("location.hash === '#main'")
    wanted = f'document.activeElement.matches("{TABLE} th[data-name=mode] button")'
    for _ in range(60):
        opened.press("Tab", 9)
        assert opened("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if opened(wanted):
            break
    assert opened(wanted)
    opened.press(" ", 32, " ")
    opened.until(f'document.querySelector("{TABLE} th[data-name=mode]").getAttribute("aria-sort") === "ascending"')
    assert opened("document.activeElement.closest('th').dataset.name") == "mode"
    for _ in range(40):
        opened.press("Tab", 9)
        if opened("document.activeElement.matches('.open')"):
            break
    opened.press("Enter", 13, "\r")
    opened.until(f'document.querySelector("{TABLE} .open").getAttribute("aria-expanded") === "true"')
    assert opened.complaints == []


def test_pages_and_columns(opened, cohort):
    table, n = "[data-table='t1-0']", len(cs.get.table(cohort, "commscore_compare"))
    opened.click(f"{table} .next")
    opened.until(f'document.querySelector("{table} .status").textContent.startsWith("Rows 26 to 50 of {n:,}")')
    opened.click(f"{table} .previous")
    opened.until(f'document.querySelector("{table} .previous").disabled')
    opened(f'document.querySelector("{table} .chooser").open = true')
    before = opened(f'document.querySelectorAll("{table} thead th").length')
    opened.click(f"{table} .chooser input:not(:checked)")
    opened.until(f'document.querySelectorAll("{table} thead th").length === {before + 1}')


def test_downloaded_rows_are_the_table(opened, cohort):
    text = opened("(() => { const t = document.querySelector(\"[data-table='t0-0'] .view\").table;"
                  " return csv(t.columns, t.rows); })()")  # fmt: skip
    import io

    back = pd.read_csv(io.StringIO(text))
    best = cs.get.table(cohort).sort_values(["padj", "score"], ascending=[True, False], kind="stable")
    assert back["interaction"].tolist() == best["interaction"].tolist()
    np.testing.assert_allclose(back["score"], best["score"], rtol=5e-5)


def test_narrow(browser, report):
    browser.resize(375, 800)
    browser.open(report)
    assert browser("document.documentElement.scrollWidth") <= 375
    browser.click(f"{TABLE} tr.row .open")
    browser.until(f'document.querySelector("{TABLE} .open").getAttribute("aria-expanded") === "true"')
    box = browser(f'(() => {{ const r = document.querySelector("{TABLE} .within").getBoundingClientRect();'
                  " return [r.left, r.right]; })()")  # fmt: skip
    assert 0 <= box[0] < box[1] <= 375
    assert browser.picture().startswith(b"\x89PNG")


def test_a_name_that_is_a_script_is_text(browser, small, tmp_path):
    from report.test_write import EVIL, hostile

    browser.complaints.clear()
    browser.open(write(hostile(small), tmp_path / "evil.html", title=EVIL))
    assert EVIL in column(browser, "source") + column(browser, "target")
    browser.click(f"{TABLE} tr.row .open")
    assert browser("document.querySelectorAll('script:not([type])').length") == 1
    assert browser.complaints == []
    choose(browser, "source", EVIL)
    browser.until(f'document.querySelector("{TABLE} .status").textContent.includes("that match")')
    assert set(column(browser, "source")) == {EVIL}


def test_a_hundred_thousand_rows(browser, tmp_path):
    import anndata as ad

    resource, rng, n = cs.rs.load(), np.random.default_rng(0), 100_000
    pairs = resource.interactions.iloc[:100]
    groups = np.array([f"group {i}" for i in range(50)], object)
    at = np.arange(n)
    chosen = pairs.iloc[at % 100]
    pvalue = (1 + rng.integers(0, 1000, n)) / 1001
    table = pd.DataFrame({
        "source": pd.Categorical(groups[at // 2000]), "target": pd.Categorical(groups[at // 100 % 20]),
        "interaction": pd.Categorical(chosen["interaction"]), "mode": pd.Categorical(chosen["mode"]),
        "ligand_mean": rng.random(n), "receptor_mean": rng.random(n), "score": rng.random(n),
        "pvalue": pvalue, "padj": pvalue,
    })  # fmt: skip
    adata = ad.AnnData(obs=pd.DataFrame(index=["c"]))
    identity = {"name": resource.name, "version": resource.version, "sha256": resource.sha256}
    store(adata, "commscore", Result(table, {"groupby": "g", "method": "mean"}, identity, {}))
    file = write(adata, tmp_path / "big.html", figures=False)
    assert file.stat().st_size < 8e6
    pd.testing.assert_series_equal(
        Page(file.read_text(encoding="utf-8")).table("t0-0")["score"], table["score"], rtol=5e-5
    )
    assert browser.open(file) < 20_000
    assert status(browser) == "Rows 1 to 25 of 100,000"
    assert browser(f'document.querySelectorAll("{TABLE} tr.row").length') == 25
    name = str(pairs["interaction"].iloc[7])
    typed(browser, "q", name.lower())
    browser.until(f'document.querySelector("{TABLE} .status").textContent.includes(" of 1,000 that match, of 100,000")')
