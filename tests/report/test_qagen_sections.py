"""Sections about QUALS and what they are made of: escaped, complete, nothing requested (F39)."""

import re
import xml.etree.ElementTree as ET

import pytest

from quals_jax.report.charts import Group, curve_chart, distribution_chart
from quals_jax.report.markup import Markup, element
from quals_jax.report.page import marked, page, table
from quals_jax.report.qagen_sections import (
    distribution_section,
    examples_section,
    picture_section,
    training_section,
    variant_section,
)
from quals_jax.report.token_picture import TokenRow, token_picture
from tests.report.made_up_results import made_up_results
from tests.report.parsed import EVIL, Parsed


def _page(text: str = "") -> str:
    results = made_up_results(text)
    return page(
        "QAGen",
        picture_section(results["picture"]),
        distribution_section(results),
        variant_section(results),
        examples_section(results),
        training_section(results),
    )


def test_script_in_any_text_is_escaped():
    parsed = Parsed(_page(EVIL))
    assert not {"script", "img"} & {tag for tag, _ in parsed.tags}
    assert not any(name.startswith("on") for _, attrs in parsed.tags for name in attrs)
    assert parsed.text.count("<script>alert(1)</script>") > 20
    assert parsed.open == []


def test_the_page_requests_nothing():
    html = _page()
    assert not re.search(r"https?:|url\(|@import|\bsrc=|\bhref=", html)
    policy = [a["content"] for tag, a in Parsed(html).tags if tag == "meta" and "http-equiv" in a]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_the_sections_hold_every_figure():
    parsed = Parsed(_page())
    pictures = [attrs["aria-label"] for tag, attrs in parsed.tags if tag == "svg"]
    assert len(pictures) == 4
    for label in made_up_results()["error_kinds"].values():
        assert label in pictures[2]
        assert label in parsed.text
    assert "0.951" in parsed.text
    assert "45,000 pairs about 6,000 passages in 120 s" in parsed.text


def test_the_wrong_value_is_marked():
    html = _page()
    assert "in <mark>Leeds</mark> has" in html
    assert 'in <mark class="right">York</mark>.' in html


def test_markup_is_escaped_once():
    inner = element("b", "a < b")
    assert element("p", inner, " & ", 3, None, class_='"') == (
        '<p class="&quot;"><b>a &lt; b</b> &amp; 3</p>'
    )
    assert element("p", id=None) == "<p></p>"
    assert isinstance(inner, Markup)


def test_a_title_of_a_page_is_escaped():
    assert "<title>a &lt; b</title>" in page("a < b")


def test_marking_escapes_what_it_marks():
    assert element("p", marked("x <b> y", "<b>")) == "<p>x <mark>&lt;b&gt;</mark> y</p>"
    assert marked("x", None) == marked("x", "z") == "x"


def test_tables_align_numbers():
    html = table(["name", "value"], [["<a>", "1"]], numbers=(1,))
    assert "<td>&lt;a&gt;</td>" in html
    assert '<td class="number">1</td>' in html


ROW = TokenRow(
    ("Who", " won", "|", "Rovers", "end"),
    2,
    (-0.7, 0.0, 0.0, 0.0, 0.0),
    (-0.7, 0.0, 0.0, -5.0, 0.0),
)


def _rects(svg: str, class_: str) -> list[dict]:
    return [e.attrib for e in ET.fromstring(svg).iter("rect") if e.get("class") == class_]


def test_the_picture_has_two_bars_per_token_as_tall_as_the_probabilities():
    svg = token_picture(ROW)
    given_summary, given_document = _rects(svg, "summary")[1:], _rects(svg, "document")[1:]
    assert len(given_summary) == len(given_document) == 5
    full = float(given_summary[1]["height"])
    assert float(given_summary[0]["height"]) == pytest.approx(full * 0.4966, rel=0.01)
    assert float(given_document[3]["height"]) == pytest.approx(full * 0.0067, abs=0.1)


def test_the_picture_shades_the_unsupported_token_only():
    svg = token_picture(ROW)
    (shade,) = _rects(svg, "tint")
    bars = _rects(svg, "summary")[1:]
    left, right = float(shade["x"]), float(shade["x"]) + float(shade["width"])
    assert [left < float(bar["x"]) < right for bar in bars] == [False, False, False, True, False]


def test_the_picture_says_the_score():
    assert ROW.score == pytest.approx(-1.0)
    assert "−1.00" in token_picture(ROW)


def test_the_chart_has_a_row_with_its_bar_per_group():
    groups = [Group("all", [-0.2, -0.3], 1.0, strong=True), Group("number", [0.0], 0.75)]
    svg = distribution_chart([0.0, -0.01], groups)
    tracks = _rects(svg, "track")
    assert len(tracks) == 2
    widths = [float(bar["width"]) for bar in _rects(svg, "summary")[1:]]
    full = float(tracks[0]["width"])
    assert widths == pytest.approx([full, full / 2])


def test_charts_take_equal_scores_and_single_points():
    ET.fromstring(distribution_chart([0.0], [Group("same", [0.0], 0.5)]))
    ET.fromstring(curve_chart({"train": [(1, 2.0)]}, "update", "loss"))
