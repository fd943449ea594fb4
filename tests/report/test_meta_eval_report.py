"""The page of a meta-evaluation: every figure, every reason, nothing requested (F39)."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from quals_jax.evaluation.judgements import Judgements
from quals_jax.evaluation.meta_eval import MetaOptions, meta_evaluate
from quals_jax.report.meta_eval_report import (
    agreement_chart,
    meta_eval_page,
    write_meta_eval_report,
)
from quals_jax.report.plots import svg_file
from tests.report.parsed import EVIL, Parsed

N = 40


def made_up_meta_eval(prefix: str = "", with_texts: bool = True, consistent_from: float = 1.0):
    rng = np.random.default_rng(0)
    human = np.arange(N) % 3 / 2
    words = ["ann", "went", "to", "rome", "in", "may"]
    texts = [(" ".join(words[: 2 + i % 5]), " ".join(words)) for i in range(N)]
    judged = Judgements(
        list(map(str, range(N))),
        human,
        list(map(str, range(N))),
        [f"{prefix}s{i % 2}" for i in range(N)],
        texts if with_texts else [None] * N,
    )
    scores = {
        f"{prefix}good": human + rng.normal(0, 0.3, N),
        f"{prefix}against": -human + rng.normal(0, 0.3, N),
        f"{prefix}same": np.zeros(N),
    }
    options = MetaOptions(consistent_from=consistent_from, num_resamples=60)
    return meta_evaluate(judged, scores, options, frozenset({f"{prefix}against"}))


@pytest.fixture(scope="module")
def results():
    return made_up_meta_eval()


@pytest.fixture(scope="module")
def html(results):
    return meta_eval_page(results)


def test_script_in_a_name_is_escaped():
    files = {"human": [f"dir/{EVIL}.jsonl"], "scores": [f"dir/{EVIL}.jsonl"]}
    page = Parsed(meta_eval_page(made_up_meta_eval(EVIL) | {"files": files}))
    assert f"dir/{EVIL}.jsonl" in page.text
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert(1)</script>") > 20
    assert page.open == []
    ET.fromstring(svg_file(agreement_chart(made_up_meta_eval(EVIL))))


def test_the_page_requests_nothing(html):
    assert not re.search(r"https?:|url\(|@import|\bsrc=|\bhref=", html)


def test_every_score_is_judged_against_the_best_floor(results, html):
    text = " ".join(Parsed(html).text.split())
    (found,) = [
        d["pearson"]
        for d in results["differences"]
        if d["metric"] == "good" and d["against"].startswith("ngram") and d["pearson"]["value"]
    ][:1]
    assert found["interval"][0] > 0
    assert re.search(r"good correlates with people at \+0\.\d\d \(Pearson\), \d\.\d\d above", text)
    assert "same has no correlation with people: all scores are equal (0)." in text
    assert "−against correlates" in text
    floor = {m["name"]: m["overall"]["pearson"]["value"] for m in results["metrics"] if m["floor"]}
    assert f"Against the best floor, {max(floor, key=floor.get)}" in text


def test_every_correlation_stands_in_the_tables(results, html):
    for metric in results["metrics"]:
        for place in (metric["overall"], *metric["systems"].values()):
            for name in ("pearson", "spearman", "kendall"):
                value = place[name]["value"]
                if value is not None:
                    assert f">{value:+.3f}<".replace("-", "−") in html
    assert "<h3>s0 (20 summaries)</h3>" in html
    assert html.count("all scores are equal (0)") > 6


def test_what_is_not_there_is_said():
    text = " ".join(
        Parsed(meta_eval_page(made_up_meta_eval(with_texts=False, consistent_from=5))).text.split()
    )
    assert "there is no floor to compare with" in text
    assert "0 consistent and 40 inconsistent summaries" in text
    assert "Beyond copying" in text  # the system can still be accounted for


def test_the_chart_marks_floors_apart_and_has_a_row_and_a_panel_each(results):
    chart = agreement_chart(results)
    root = ET.fromstring(svg_file(chart))
    labels = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert [name for name in labels if name in {m["name"] for m in results["metrics"]}] == [
        "good",
        "same",
        "ngram1_precision",
        "ngram2_precision",
        "ngram3_precision",
    ]
    assert labels.count("–") == 3
    assert chart.count('class="track"') == 3
    assert chart.count('class="guide"') == 3
    assert chart.count('class="main whisker"') == 2 * 3


def test_page_and_plots_are_written(results, html, tmp_path):
    assert write_meta_eval_report(results, tmp_path / "new" / "meta.html") is None
    assert (tmp_path / "new" / "meta.html").read_text("utf-8") == html
    names = sorted(path.name for path in (tmp_path / "new" / "plots").iterdir())
    assert names == ["agreement.png", "agreement.svg"]
