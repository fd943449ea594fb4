"""Further metrics of a pipeline: their numbers reach the rows and means of each system."""

import dataclasses
import json

import pytest

from experiments import world
from experiments.pipeline.evaluation import EvaluationFiles, evaluate, figures
from experiments.pipeline.judges import judge
from experiments.pipeline.plan import Plan
from experiments.pipeline.rows import read_rows
from quals_jax.metrics.ngrams import NgramPrecision

DOCUMENTS = [
    {"id": "a", "document": "Ann lives in Rome.", "summary": "Ann is in Rome."},
    {"id": "b", "document": "", "summary": "Nothing."},
    {"id": "c", "document": "Bob left Oslo in May.", "summary": "Bob left."},
]
OUTPUTS = [
    {"id": "a", "summaries": ["Ann lives in Paris.", "Ann lives in Rome."]},
    {"id": "b", "status": "error", "code": "empty_document"},
    {"id": "c", "summary": "Bob left Bonn."},
]


@pytest.fixture
def files(tmp_path):
    for name, rows in (("documents", DOCUMENTS), ("outputs", OUTPUTS)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return EvaluationFiles(tmp_path / "documents", tmp_path / "outputs", None, tmp_path / "judged")


def test_every_summary_gets_the_numbers_of_its_own_document(files):
    judge(["ngram"], "float32", files.documents, files.outputs, files.judged)
    rows = list(read_rows(files.judged))
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    unigrams = [[numbers["ngram1_precision"] for numbers in row["metrics"]] for row in rows]
    assert unigrams == [[0.75, 1.0], [], [pytest.approx(2 / 3)]]
    assert set(rows[0]["metrics"][0]) == set(NgramPrecision.keys)


def test_the_means_of_a_system_hold_them(files, tmp_path):
    judge(["ngram"], "float32", files.documents, files.outputs, files.judged)
    evaluate(files, tmp_path / "evaluated", oracle=False)
    found = figures(tmp_path / "evaluated")
    # The two summaries of a document count as their mean.
    assert found["ngram1_precision"]["value"] == pytest.approx((0.875 + 2 / 3) / 2, abs=1e-6)
    assert "rougeL" in found


def test_scored_outputs_are_judged_before_they_are_evaluated():
    pipeline = dataclasses.replace(world.PIPELINE, judges=("ngram",))
    stages = [stage.name for stage in Plan(pipeline).stages]
    systems = [system.name for system in pipeline.systems]
    judged = [name for name in stages if name.startswith("judged/")]
    assert judged == [f"judged/{name}.beam4" for name in systems]
    assert stages.index("judged/mle.beam4") < stages.index("evaluated/mle.beam4")
    assert not any(stage.name.startswith("judged/") for stage in Plan(world.PIPELINE).stages)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("qags", "give it as qags=FOLDER"),
        ("ngram=here", "has no model"),
        ("bleu", "expected one of quals, qags"),
        ("rouge", "measured in any case"),
    ],
)
def test_what_cannot_judge_is_refused_before_anything_runs(name, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(world.PIPELINE, judges=(name,))
