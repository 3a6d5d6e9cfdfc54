"""The dot plot draws the numbers of the table."""

from __future__ import annotations

import numpy as np
import pytest

import cohort_of_samples as slow
import commscore as cs


@pytest.fixture
def table(small, interactions):
    cs.tl.score(small, "cell_type", resource=interactions, n_perms=60)
    return cs.get.table(small)


def test_dots_are_the_rows(table):
    ax = cs.pl.dotplot(table, top=3)
    names = [t.get_text() for t in ax.get_yticklabels()]
    pairs = [t.get_text() for t in ax.get_xticklabels()]
    dots = ax.collections[0]
    assert len(names) == 3
    for (x, y), score in zip(dots.get_offsets(), dots.get_array(), strict=True):
        source, target = pairs[int(x)].split(" → ")
        row = table[(table["source"] == source) & (table["target"] == target) & (table["interaction"] == names[int(y)])]
        assert float(row["score"].iloc[0]) == pytest.approx(score)
    assert len(dots.get_offsets()) == table["interaction"].isin(names).sum()
    best = table.groupby("interaction", observed=True)["padj"].min()
    assert best[names].max() <= best.drop(names).min()


def test_size_follows_the_p_value(table):
    dots = cs.pl.dotplot(table, top=1).collections[0]
    p = table["padj"].to_numpy()
    shown = table[table["interaction"] == cs.pl.dotplot(table, top=1).get_yticklabels()[0].get_text()]
    order = np.argsort(dots.get_sizes())
    assert (np.diff(shown["padj"].to_numpy()[order]) <= 1e-12).all()
    assert p.min() in shown["padj"].to_numpy()


def test_says_what_is_left_out(table):
    ax = cs.pl.dotplot(table, top=2, max_pairs=3)
    n = table["interaction"].nunique()
    assert f"not shown: {n - 2} interactions" in ax.get_title()
    assert len(ax.get_xticklabels()) == 3


def test_takes_axes_and_adata_and_no_p_values(small, interactions):
    from matplotlib.figure import Figure

    cs.tl.score(small, "cell_type", resource=interactions, null=None)
    ax = Figure().subplots()
    assert cs.pl.dotplot(small, ax=ax) is ax
    assert ax.get_legend() is None


def test_empty_and_foreign_tables_are_refused(table):
    with pytest.raises(ValueError, match="data is an empty table"):
        cs.pl.dotplot(table.iloc[:0])
    with pytest.raises(ValueError, match="no column 'interaction'"):
        cs.pl.dotplot(table.drop(columns="interaction"))
    with pytest.raises(TypeError, match="data must be an AnnData or a pandas DataFrame"):
        cs.pl.dotplot([1])


def test_no_row_is_empty(table):
    for top, most in ((20, 3), (5, 5), (25, 30)):
        ax = cs.pl.dotplot(table, top=top, max_pairs=most)
        rows = {int(y) for _, y in ax.collections[0].get_offsets()}
        assert rows == set(range(len(ax.get_yticklabels())))
        columns = {int(x) for x, _ in ax.collections[0].get_offsets()}
        assert columns == set(range(len(ax.get_xticklabels())))


def test_what_reviews_tell_of_is_bold_and_first_among_equals(table):
    same = table.assign(score=1.0, padj=0.01, basis="listed")
    names = sorted(same["interaction"].astype(str).unique())
    same.loc[same["interaction"] == names[-1], "basis"] = "inferred"
    ax = cs.pl.dotplot(same)
    labels = ax.get_yticklabels()
    assert labels[0].get_text() == names[-1]
    assert [t.get_fontweight() for t in labels] == ["bold"] + ["normal"] * (len(names) - 1)
    assert "bold: described in reviews" in ax.get_title()
    assert "bold" not in cs.pl.dotplot(same.assign(basis="stated")).get_title()


def test_several_groups_at_once(edges, changes, samples):
    ax = cs.pl.dotplot(edges, source=["tumour", "CAF"], target="T cell")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["CAF → T cell"]
    assert sum(len(c.get_offsets()) for c in cs.pl.dotplot(edges, source=["tumour", "CAF"]).collections[:2]) == 5
    bars = cs.pl.drivers(changes, interaction=["A^B", "C^D"], max_padj=None)
    assert {t.get_text().split("  ")[0] for t in bars.get_yticklabels()} == {"A^B", "C^D"}
    several = cs.pl.by_sample(samples, condition_key="stage", target=["CAF", "tumour"])
    assert all("→ T cell" not in t.get_text() for t in several.get_yticklabels())
    with pytest.raises(ValueError, match=r"source has 'B cell', which is not in the table"):
        cs.pl.sankey(edges, source=["tumour", "B cell"])


def test_sizes_over_and_within_samples_say_of_how_many():
    adata = slow.cohort()
    cs.tl.score(adata, "cell_type", sample_key="sample", resource=slow.PAIRS, n_perms=60)
    table = cs.get.table(adata)
    for column, how in (("padj", "over"), ("padj_within", "within")):
        ax = cs.pl.dotplot(adata, pvalue=column)
        assert ax.get_legend().get_title().get_text() == f"−log10 {column}\n{how} 5 samples"
        dots, names = ax.collections[0], [t.get_text() for t in ax.get_yticklabels()]
        shown = table[table["interaction"].isin(names)]
        biggest = dots.get_offsets()[int(np.argmax(dots.get_sizes()))]
        pairs = [t.get_text() for t in ax.get_xticklabels()]
        row = shown.loc[shown[column].idxmin()]
        found = shown[(shown["interaction"] == names[int(biggest[1])])]
        found = found[(found["source"].astype(str) + " → " + found["target"].astype(str)) == pairs[int(biggest[0])]]
        assert found[column].iloc[0] == row[column]


def test_rows_without_a_p_value_are_crosses_and_not_small_dots(table):
    missing = table.assign(padj=table["padj"].where(table["source"] != table["source"].iloc[0]))
    ax = cs.pl.dotplot(missing)
    dots, crosses = ax.collections[:2]
    assert len(dots.get_offsets()) == missing["padj"].notna().sum()
    assert len(crosses.get_offsets()) == missing["padj"].isna().sum()
    assert (dots.get_clim(), dots.get_clim()) == (crosses.get_clim(), (table["score"].min(), table["score"].max()))
    assert [t.get_text() for t in ax.get_legend().get_texts()][-1] == "not tested"
    assert "not tested" not in [t.get_text() for t in cs.pl.dotplot(table).get_legend().get_texts()]


def test_outlines_and_the_largest_dot_say_what_they_mean(edges):
    ax = cs.pl.dotplot(edges.assign(padj=[1e-80, 0.01, 0.05, 0.06, 0.5, 1.0]))
    drawn = ax.collections[0]
    assert sorted(drawn.get_linewidths()) == [0.0, 0.0, 0.0, 0.8, 0.8, 0.8]
    assert "outlined: padj ≤ 0.05" in ax.get_title().replace("\xa0", " ")
    assert ax.get_legend().get_texts()[-1].get_text() == "≥ 30"
    assert "3" in {t.get_text() for t in cs.pl.dotplot(edges).get_legend().get_texts()}
