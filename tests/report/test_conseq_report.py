"""The report of a ConSeq run: every figure there, nothing hidden, nothing requested (F39)."""

import re
import xml.etree.ElementTree as ET

import pytest

from quals_jax.report.conseq_drawings import conseq_drawings
from quals_jax.report.conseq_report import conseq_report, write_report
from quals_jax.report.page import marked_parts
from tests.report.made_up_conseq import made_up_conseq
from tests.report.parsed import EVIL, Parsed

SECTIONS = (
    "Notes on this run",
    "What each system reaches",
    "Factuality against ROUGE",
    "What QUALS says about references and samples",
    "S+ and S−",
    "Training: both terms",
    "The picture of the method",
    "How well QUALS finds known errors",
    "About this report",
)


@pytest.fixture(scope="module")
def html() -> str:
    return conseq_report(made_up_conseq())


@pytest.fixture(scope="module")
def evil_page() -> Parsed:
    return Parsed(conseq_report(made_up_conseq(EVIL)))


def _words(results) -> str:
    """The page's text with single blanks."""
    return " ".join(Parsed(conseq_report(results)).text.split())


def _set_metric(results, system: str, metric: str, value: float, decoder: str = "beam4") -> None:
    (found,) = [s for s in results["systems"] if s["name"] == system]
    found["decoders"][decoder][metric] = value


def test_script_in_any_text_is_escaped(evil_page):
    assert not {"script", "img"} & {tag for tag, _ in evil_page.tags}
    assert not any(name.startswith("on") for _, attrs in evil_page.tags for name in attrs)
    assert evil_page.text.count("<script>alert(1)</script>") > 100
    assert evil_page.open == []


def test_the_page_requests_nothing(html):
    assert not re.search(r"https?:|url\(|@import|\bsrc=|\bhref=", html)
    assert 'content="default-src &#x27;none&#x27;; style-src &#x27;unsafe-inline&#x27;"' in html


def test_the_parts_come_in_order(html):
    places = [html.index(f"<h2>{name}</h2>") for name in SECTIONS]
    assert places == sorted(places)
    assert html.index('class="tiles"') < places[0]


def test_the_first_paragraph_says_what_happened(html):
    text = " ".join(Parsed(html).text.split())
    assert "(beam search, 4 beams), 91.8 % are factual after ConSeq with QUALS" in text
    assert "Before, it was 57.6 %. That is a gain of 34.2 points" in text
    assert "(95 % interval +30.7 to +37.7)" in text
    assert (
        "The controls reach 85.4 % (S+ by QUALS only), 67.0 % (ConSeq-ROUGE), "
        "65.4 % (ConSeq, random sets) and 60.0 % (more training on references)."
    ) in text
    assert "it would be 94.4 %. S+ alone brings 27.8 points; pushing S− away adds 6.4 points." in (
        text
    )
    assert "ROUGE-L goes from 70.4 to 67.3 against the references" in text


def test_a_run_that_got_worse_says_so():
    results = made_up_conseq()
    _set_metric(results, "quals", "factual", 0.5)
    text = _words(results)
    assert "ConSeq with QUALS made it worse in this run, by 7.6 points" in text
    assert "So S+ by QUALS only does at least as well without it." in text
    assert "pushing S− away takes 35.4 points" in text
    assert "a gain of" not in text.split("Notes on this run")[0]


def test_without_an_oracle_the_headline_is_quals():
    results = made_up_conseq()
    for system in results["systems"]:
        for figures in system["decoders"].values():
            for name in ("factual", "precision", "parsed", "optional", "rougeL_clean"):
                del figures[name]
    del results["comparisons"]
    text = _words(results)
    assert "QUALS of the summaries of held-out documents is −0.045 nats after" in text
    assert "Before, it was −0.086 nats. That is a gain of 0.041 nats." in text
    assert "made by a grammar" not in text


def test_systems_without_the_usual_names_are_ranked():
    results = made_up_conseq()
    results["systems"] = [s | {"name": s["name"] + "2"} for s in results["systems"]]
    assert "ConSeq, sets by the oracle 94.4 %, ConSeq-QUALS 91.8 %," in _words(results)


def test_a_collapse_is_told_before_anything_else(html):
    card = html.index("<b>ConSeq, random sets</b> collapsed at update 29.")
    assert html.index('class="card alarm"') < card < html.index("<h2>")
    assert "collapsed at 29</text>" in html


def test_every_value_of_every_system_and_decoder_stands_in_the_tables(html):
    tables = re.findall(r"<h3>([^<]*)</h3><div class=\"scroll\"><table.*?</table>", html)
    assert tables[:3] == ["Beam search, 4 beams", "Greedy search", "Sampling"]
    rows = re.findall(r"<tr><td>(?:<b>)?([^<]*).*?</tr>", html)
    labels = [system["label"] for system in made_up_conseq()["systems"]]
    assert rows[:21] == labels * 3
    (row,) = re.findall(r"<tr><td><b>ConSeq-QUALS</b>.*?</tr>", html)[:1]
    cells = re.findall(r'<td class="number"><b>([^<]*)(?:<small>([^<]*)</small>)?', row)
    assert cells == [
        ("91.8", "88.8–94.8"),
        ("97.5", ""),
        ("99.4", "98.6–100.0"),
        ("1.57", "1.49–1.64"),
        ("−0.045", "−0.049 to −0.041"),
        ("70.3", "69.3–71.3"),
        ("53.3", "52.3–54.3"),
        ("67.3", "66.3–68.3"),
        ("76.5", "70.0–80.0"),
    ]


def test_a_value_that_is_not_there_is_a_dash_and_an_unknown_metric_has_its_name():
    results = made_up_conseq()
    _set_metric(results, "mle", "fact_cc", 0.4321)
    del results["systems"][1]["decoders"]["greedy"]
    html = conseq_report(results)
    assert '<th class="number">fact cc</th>' in html
    assert '<td class="number">0.432</td>' in html
    row = re.findall(r"<tr><td>more training on references</td>(.*?)</tr>", html)[1]
    assert re.findall(r'"number">([^<]*)<', row) == ["–"] * 10


def test_paired_differences_have_a_row_per_pair_of_systems(html):
    assert '<th class="number">factual, %</th><th class="number">QUALS, nats</th></tr>' in html
    (row,) = re.findall(r"<tr><td>ConSeq-QUALS − ConSeq-ROUGE</td>(.*?)</tr>", html)
    assert re.findall(r">([^<]+)<", row) == [
        *("beam search, 4 beams", "+24.8", "+21.3 to +28.3", "+0.025", "−0.010 to +0.060"),
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("scores", "This run kept no scores."),
        ("sets", "This run made no sets."),
        ("training", "This run kept no training curves."),
        ("picture", "This run kept no pair with the probabilities of its tokens."),
        ("qagen", "This run did not test QAGen on summaries with known errors."),
    ],
)
def test_a_missing_part_is_said_in_its_place(html, part, words):
    assert words not in html
    results = made_up_conseq()
    results[part] = None
    assert f'<p class="note missing">{words}</p>' in conseq_report(results)


def test_a_run_with_nothing_but_its_figures_has_a_page():
    results = made_up_conseq()
    for part in ("scores", "sets", "training", "picture", "qagen", "notes", "comparisons"):
        results[part] = None
    results |= {"settings": {}, "timings": {}, "seed": None}
    results["systems"] = [{"name": "x", "label": "X", "decoders": {"d": {"rougeL": None}}}]
    parsed = Parsed(conseq_report(results))
    assert parsed.open == []
    assert parsed.text.count("Not recorded.") == 1
    assert "The seed was not recorded." in parsed.text
    assert "no ROUGE to set against" in parsed.text


def test_what_is_unsupported_is_marked_as_a_whole_word(html):
    marked = "A court in <mark>London</mark> has sent David Jones, <mark>5</mark>, to prison for 54"
    assert html.count(marked) == 2 * 4  # two of three examples per rule
    assert html.count("What is unsupported in S− was not recorded.") == 4
    assert "by the exact oracle.</p>" in html


def test_parts_of_words_are_marked_where_no_whole_word_fits():
    assert marked_parts("a rate of 5%", ["x", "5"]) == ["a rate of ", "<mark>5</mark>", "%"]
    assert marked_parts("underground", ["ground"]) == ["under", "<mark>ground</mark>", ""]
    assert marked_parts("York and New York", ["York", "New York"]) == [
        "",
        "<mark>York</mark>",
        " and ",
        "<mark>New York</mark>",
        "",
    ]
    assert marked_parts("15 of 5", ["5"]) == ["15 of ", "<mark>5</mark>", ""]
    assert marked_parts("in New York", ["New", "New York"])[1] == "<mark>New York</mark>"
    assert marked_parts("text", ["", "other"]) == "text"


def test_sets_say_how_pure_they_are(html):
    (row,) = re.findall(r"<tr><td>QUALS</td>(.*?)</tr>", html)
    assert re.findall(r">([^<]+)<", row) == [
        *("145", "145", "145", "−0.010", "−0.310", "97.7", "97.7"),
    ]
    assert "<td>in one set only</td>" in html
    assert ">S+: from −0.010</text>" in html
    assert ">S−: up to −0.310</text>" in html


def test_times_are_added_up_per_kind_of_stage():
    results = made_up_conseq()
    results["timings"] = {"mle": 100.0, "outputs/a": 1.5, "outputs/b": 2.25}
    html = conseq_report(results)
    assert '<td>outputs</td><td class="number">2</td><td class="number">3.8</td>' in html
    assert '<td>outputs/b</td><td class="number">2.2</td>' in html
    assert "<b>103.8</b>" in html


def test_the_page_and_a_file_of_every_drawing_are_written(tmp_path, html):
    results = made_up_conseq()
    assert write_report(results, tmp_path / "new" / "report.html") is None
    assert (tmp_path / "new" / "report.html").read_text("utf-8") == html
    drawings = conseq_drawings(results)
    assert list(drawings) == [
        *("systems", "factuality_rouge", "scores", "training", "dev"),
        *("pair_supported", "pair_unsupported", "qagen_scores", "qagen_training"),
    ]
    names = {path.name for path in (tmp_path / "new" / "plots").iterdir()}
    assert names == {f"{name}.{kind}" for name in drawings for kind in ("svg", "png")}
    for name, drawing in drawings.items():
        assert drawing in html
        root = ET.parse(tmp_path / "new" / "plots" / f"{name}.svg").getroot()
        assert len(list(root.iter())) == len(list(ET.fromstring(drawing).iter())) + 2
        assert (tmp_path / "new" / "plots" / f"{name}.png").stat().st_size > 5000


def test_what_is_not_the_results_of_a_run_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="systems is missing"):
        write_report({"title": "x"}, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
