"""How well QUALS finds planted errors: AUROC, coverage and the pictures of hand-made scores."""

import dataclasses
import json
import math
from pathlib import Path

import pytest

from experiments.pipeline.planted import find_planted_errors
from experiments.pipeline.planted_figures import collect
from quals_jax.data.typed_json import problems
from quals_jax.data.world import FAITHFUL, SummaryExample, held_out_articles, summary_examples
from quals_jax.data.world_corruptions import ERROR_KINDS
from quals_jax.evaluation.auroc import auroc
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.metrics.quals_result import QAPair, QualsResult
from quals_jax.report.quals_results import QAGenTest
from tests import tolerances

WORLD_QAGEN = Path(__file__).parents[1] / "golden" / "world_qagen"
OPTIONS = QualsOptions(num_beams=8, num_groups=8, min_question_tokens=4, max_pair_tokens=24)


def test_figures_of_real_pairs(tmp_path):
    """Every summary keeps its own score; articles with several summaries are read once."""
    (tmp_path / "model").symlink_to(WORLD_QAGEN)
    find_planted_errors(tmp_path, OPTIONS, "float32", 6, 2, tmp_path / "planted.json")
    results = json.loads((tmp_path / "planted.json").read_text())
    assert list(problems(results, QAGenTest, "qagen")) == []
    metric = Quals.from_pretrained(WORLD_QAGEN, **dataclasses.asdict(OPTIONS))
    examples = summary_examples(held_out_articles(6, seed=2), seed=2)
    documents, summaries = zip(*[(e.document, e.summary) for e in reversed(examples)], strict=True)
    found = metric.score(documents, summaries)  # each document again for each of its summaries
    scored = [(e, result.quals) for e, result in zip(examples, reversed(found), strict=True)]
    with_score = [(example, quals) for example, quals in scored if quals is not None]
    counts = results["counts"]
    assert counts["faithful"] + counts["corrupted"] == len(with_score) > 4
    assert counts["without_score"] == len(scored) - len(with_score)
    wrong = [quals for example, quals in with_score if example.error != FAITHFUL]
    right = [quals for example, quals in with_score if example.error == FAITHFUL]
    assert results["scores"]["none"] == pytest.approx(right, abs=tolerances.QUALS)
    assert results["auroc"]["quals"]["all"]["value"] == auroc(right, wrong)


def _result(*pairs: tuple[str, str, float]) -> QualsResult:
    made = tuple(
        QAPair(question, answer, ("a", "|", "b", "</s>"), (0.0, 0.0, 4 * score, 0.0), (0.0,) * 4, 1)
        for question, answer, score in pairs
    )
    return QualsResult.from_pairs(made, -0.5)


def _example(error: str, wrong: str | None = None, document: str = "d") -> SummaryExample:
    return SummaryExample(f"{document}-{error}", document, "s", error, "slot", "right", wrong)


def test_auroc_coverage_and_picture_of_hand_made_scores():
    scored = [
        (_example(FAITHFUL), _result(("q?", "x", -0.1))),
        (_example(FAITHFUL, document="e"), _result(("q?", "x", -0.3))),
        (_example("date", "May"), _result(("When?", " May", -0.9), ("Who?", "Ann", 0.0))),
        (_example("date", "June", "e"), _result(("Who?", "Ann", -0.2))),
        (_example("number", "7", "e"), QualsResult(None, reason="no_questions")),
    ]
    results = collect(scored)
    assert list(results["error_kinds"]) == ["date"]
    assert results["counts"]["without_score"] == 1
    # Faithful -0.1 and -0.3 against -0.45 and -0.2.
    assert results["auroc"]["quals"]["date"]["value"] == pytest.approx(0.75)
    assert results["auroc"]["min"]["all"]["value"] == pytest.approx(0.75)
    assert results["coverage"] == {"all": 0.5, "date": 0.5}
    picture = results["picture"]
    assert picture["unsupported"]["answer"] == "May"
    assert picture["supported"]["question"] == "Who?"
    assert picture["error_label"] == ERROR_KINDS["date"]
    assert picture["quals_faithful"] == pytest.approx(-0.1)


def test_without_any_score_there_are_no_figures():
    results = collect([(_example(FAITHFUL), QualsResult(None, reason="no_questions"))])
    assert results["auroc"]["quals"]["all"] == {"value": None, "interval": None}
    assert results["picture"] is None
    assert not any(math.isnan(x) for scores in results["scores"].values() for x in scores)
