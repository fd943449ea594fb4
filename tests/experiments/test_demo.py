"""The demo on a small scale: every file is there, and they agree with each other."""

import dataclasses
import json
import math
from pathlib import Path

import pytest

from experiments import demo, world_qagen
from experiments.demo_results import collect, explained_lines, last_lines
from quals_jax.data.world import FAITHFUL, SummaryExample, held_out_articles, summary_examples
from quals_jax.data.world_corruptions import ERROR_KINDS
from quals_jax.evaluation.auroc import auroc
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.metrics.quals_result import QAPair, QualsResult
from quals_jax.report.quals_report import quals_report
from tests.report.made_up_results import made_up_results

WORLD_QAGEN = Path(__file__).parents[1] / "golden" / "world_qagen"
TIMINGS = {"training": 1.0, "scoring": 2.0, "total": 3.0}


def _smoke(workdir: Path) -> demo.Demo:
    few_steps = QualsOptions(num_beams=2, num_groups=2, min_question_tokens=1, max_pair_tokens=3)
    return demo.Demo(workdir, 3, 2, dataclasses.replace(world_qagen.SMOKE, num_steps=2), few_steps)


@pytest.fixture(scope="module")
def scored():
    """Summaries of a few articles, scored by the small QAGen of the repository."""
    examples = summary_examples(held_out_articles(6, seed=2), seed=2)
    options = QualsOptions(num_beams=8, num_groups=8, min_question_tokens=4, max_pair_tokens=24)
    return demo.score(Quals.from_pretrained(WORLD_QAGEN, **dataclasses.asdict(options)), examples)


def test_the_demo_leaves_every_file_and_runs_again_in_the_same_folder(tmp_path, capsys):
    """Two updates teach nothing, so no summary gets a question; the demo must bear that too."""
    first = demo.run(_smoke(tmp_path))
    (tmp_path / "qagen" / "of an earlier run").touch()
    results = demo.run(_smoke(tmp_path))
    timings = {"timings": TIMINGS}
    assert results | timings == first | timings
    assert not (tmp_path / "qagen" / "of an earlier run").exists()
    assert results["seed"] == 3
    assert results["training"]["num_steps"] == 2
    written = json.loads((tmp_path / "results.json").read_text())
    assert written == json.loads(json.dumps(results))
    summaries = (tmp_path / "summaries.jsonl").read_text().splitlines()
    scores = (tmp_path / "scores.jsonl").read_text().splitlines()
    assert len(scores) > 4
    assert [json.loads(r)["id"] for r in scores] == [json.loads(r)["id"] for r in summaries]
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "qagen" / "model" / "quals.json").exists()
    assert "2/3  scoring" in capsys.readouterr().err


def test_every_summary_keeps_its_own_score(scored):
    examples = summary_examples(held_out_articles(6, seed=2), seed=2)
    assert [example for example, _ in scored] == examples
    faithful = [result for example, result in scored if example.error == FAITHFUL]
    assert any(result.quals is not None for result in faithful)


def test_results_and_report_of_real_pairs(scored):
    results = collect(scored)
    with_score = [row for row in scored if row[1].quals is not None]
    counts = results["counts"]
    assert counts["faithful"] + counts["corrupted"] == len(with_score)
    assert counts["without_score"] == len(scored) - len(with_score)
    wrong = [r.quals for e, r in with_score if e.error != FAITHFUL]
    right = [r.quals for e, r in with_score if e.error == FAITHFUL]
    assert results["auroc"]["quals"]["all"]["value"] == auroc(right, wrong)
    assert json.loads(json.dumps(results)) == json.loads(json.dumps(collect(scored)))
    made_up = made_up_results()
    rest = {name: made_up[name] for name in ("training", "signature", "settings")}
    html = quals_report(json.loads(json.dumps(results | rest | {"timings": TIMINGS})))
    assert html.count("<svg") >= 2
    lines = last_lines(results | {"timings": TIMINGS})
    assert lines[-1].startswith("AUROC over all errors: 0.")
    assert explained_lines(results)


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


def test_without_any_score_there_are_no_figures_but_a_report():
    results = collect([(_example(FAITHFUL), QualsResult(None, reason="no_questions"))])
    assert results["auroc"]["quals"]["all"] == {"value": None, "interval": None}
    assert results["picture"] is None
    lines = last_lines(results | {"timings": TIMINGS})
    assert lines[-1] == "AUROC over all errors: –, 0 faithful against 0 corrupted summaries"
    assert not any(math.isnan(x) for scores in results["scores"].values() for x in scores)
