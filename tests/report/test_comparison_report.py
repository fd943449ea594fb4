"""The page of two systems: every score, the rows that differ most, nothing requested (F39)."""

import re
import xml.etree.ElementTree as ET

import pytest

from quals_jax.evaluation.paired import PairedOptions
from quals_jax.evaluation.score_files import ScoreFile
from quals_jax.evaluation.system_comparison import compare_systems
from quals_jax.report.comparison_report import comparison_page, write_comparison_report
from quals_jax.report.markup import join
from quals_jax.report.word_differences import marked_differences
from tests.report.parsed import EVIL, Parsed
from tests.tolerances import DRAWN


def made_up_comparison(tmp_path, extra="", with_texts=True):
    ids = {f"{i}{extra}": i for i in range(1, 16)}
    columns = [
        {
            f"{extra}quals": {key: sign * (i - 5) / 10 for key, i in ids.items()},
            "rouge1": {key: None if i == 4 else 0.5 for key, i in ids.items()},
        }
        for sign in (1, -1)
    ]
    files = [
        ScoreFile(tmp_path / name, ids, column, {key: {} for key in ids})
        for name, column in zip("ab", columns, strict=True)
    ]
    texts = [
        {k: {"document": f"Doc {k} {extra}", "summary": f"{who} {extra} won {k}."} for k in ids}
        for who in ("Ann", "Bob")
    ]
    names = f"first{extra}", f"second{extra}"
    options = PairedOptions(num_resamples=50, num_permutations=200)
    shown = tuple(texts) if with_texts else ({}, {})
    return compare_systems(tuple(files), shown, names, options=options)


@pytest.fixture
def html(tmp_path):
    return comparison_page(made_up_comparison(tmp_path))


def test_script_in_any_text_is_escaped(tmp_path):
    results = made_up_comparison(tmp_path, EVIL) | {"files": {"A": f"dir/{EVIL}.jsonl"}}
    page = Parsed(comparison_page(results))
    assert f"dir/{EVIL}.jsonl" in page.text
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert(1)</script>") > 40
    assert page.open == []


def test_the_page_requests_nothing(html):
    assert not re.search(r"https?:|url\(|@import|\bsrc=|\bhref=", html)


def test_every_figure_stands_in_the_table(html):
    (row,) = re.findall(r"<tr><td><b>quals</b></td>(.*?)</tr>", html)
    # first is 2 (i - 5) / 10 above second: the mean over 15 rows is 0.6, ten rows above, four below
    assert re.findall(r">([^<]+)<", row)[:4] == ["15", "0.300", "−0.300", "+0.600"]
    assert re.findall(r">([^<]+)<", row)[-3:] == ["10", "1", "4"]
    assert "<td>rows without rouge1 of first</td><td>1</td>" in html


def test_the_rows_that_differ_most_come_first_with_their_words_marked(tmp_path):
    html = comparison_page(made_up_comparison(tmp_path), 3)
    assert re.findall(r"<b>Row </b><code>(\d+)</code>", html) == ["15", "14", "13", "1", "2", "3"]
    assert html.count("<mark>Ann</mark>  won 15.") == html.count("<mark>Bob</mark>  won 15.") == 1
    assert "Doc 15" in html
    assert "There is no row where" not in html


def test_without_texts_the_rows_are_there_and_say_so(tmp_path):
    html = comparison_page(made_up_comparison(tmp_path, with_texts=False), 1)
    assert html.count("the text was not given") == 4
    assert "<code>15</code>" in html


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("Ann won.", "Bob won.", ("<mark>Ann</mark> won.", "<mark>Bob</mark> won.")),
        ("It  is so.", "it is so", ("It  is so<mark>.</mark>", "it is so")),
        ("a b c d", "a d", ("a <mark>b c</mark> d", "a d")),
        ("<b>", "<i>", ("&lt;<mark>b</mark>&gt;", "&lt;<mark>i</mark>&gt;")),
        ("", "x", ("", "<mark>x</mark>")),
        ("a b c", "a x y c", ("a <mark>b</mark> c", "a <mark>x y</mark> c")),
        ("a b c d", "a x b y", ("a b <mark>c d</mark>", "a <mark>x</mark> b <mark>y</mark>")),
    ],
)
def test_words_that_the_other_text_does_not_have_are_marked(first, second, shown):
    assert tuple(map(join, marked_differences(first, second))) == shown


def test_page_and_plots_are_written_and_the_bars_are_as_wide_as_the_counts(tmp_path):
    assert (
        write_comparison_report(made_up_comparison(tmp_path), tmp_path / "new" / "c.html") is None
    )
    names = sorted(path.name for path in (tmp_path / "new" / "plots").iterdir())
    assert names == ["comparison.png", "comparison.svg"]
    root = ET.fromstring((tmp_path / "new" / "plots" / "comparison.svg").read_text("utf-8"))
    boxes = [e for e in root.iter() if e.tag.endswith("rect") and e.get("height") == "22"]
    widths = [float(e.get("width")) for e in boxes]
    whole = widths[3]  # rouge1 is the same everywhere
    assert len(widths) == 4
    assert widths[:3] == pytest.approx([whole * n / 15 for n in (10, 1, 4)], abs=DRAWN)
