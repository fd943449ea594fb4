"""The QAGen that comes with the package."""

import json
import tomllib

import pytest

from experiments.pipeline.judges import check_judges
from quals_jax import Quals
from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.checkpoints.open_qagen import OPEN_QAGEN
from quals_jax.metrics.evaluation_module import QualsModule
from quals_jax.metrics.registry import MetricOptions, load_metrics

_DOCUMENT = (
    "Police in Glasgow said three armed men robbed a security van outside a branch of the Royal "
    "Bank of Scotland on Monday evening. Nobody was injured. The men escaped in a white Seat Leon "
    "with about £50,000."
)


def test_it_is_small_whole_and_told_about():
    model = load_model_folder(OPEN_QAGEN)  # compares the hashes of all its files
    assert sum(path.stat().st_size for path in OPEN_QAGEN.iterdir()) < 12 << 20
    assert model.tokenizer.separator_id is not None
    card = (OPEN_QAGEN / "README.md").read_text("utf-8")
    assert model.quals.weights_sha256 in card
    assert model.quals.training_data in card
    for told in ("perplexity", "F1", "FLOP", "Limits"):
        assert told in card


def test_every_file_of_it_goes_into_the_package():
    project = tomllib.loads((OPEN_QAGEN.parents[1] / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["quals_jax"]
    packed = {path for pattern in patterns for path in OPEN_QAGEN.parent.glob(pattern)}
    assert set(OPEN_QAGEN.iterdir()) <= packed


def test_metrics_by_name_and_the_module_take_it_too():
    (found,) = load_metrics(["quals"], MetricOptions(quals_num_beams=4))
    weights = load_model_folder(OPEN_QAGEN).quals.weights_sha256[:8]
    assert f"weights:{weights}" in found.signature
    assert f"weights:{weights}" in QualsModule.load(num_beams=4).quals.signature
    assert check_judges(["quals"]) == {"quals": ""}


@pytest.fixture(scope="module")
def metric():
    return Quals.from_pretrained(num_beams=16)


def test_a_summary_of_what_is_said_scores_above_others(metric):
    right, place, sum_of_money = metric.score(
        _DOCUMENT,
        [
            "Three armed men robbed a security van in Glasgow on Monday.",
            "Three armed men robbed a security van in Edinburgh on Friday.",
            "The men escaped from London with about £90 million in gold.",
        ],
    )
    assert right.quals > place.quals + 0.3
    assert right.quals > sum_of_money.quals + 0.3


def test_its_pairs_are_about_the_summary(metric):
    (result,) = metric.score(_DOCUMENT, "The men escaped in a white Seat Leon with about £50,000.")
    assert len(result.pairs) >= 3
    assert any("£50,000" in pair.answer for pair in result.pairs)
    assert all(pair.question.endswith("?") for pair in result.pairs)


def test_it_is_what_quals_score_takes_without_a_model(quals, tmp_path):
    row = {"id": 1, "document": _DOCUMENT, "summary": "Three men robbed a van in Glasgow."}
    (tmp_path / "in.jsonl").write_text(json.dumps(row), "utf-8")
    done = quals("score", tmp_path / "in.jsonl", "--num-beams", "8")
    assert done.status == 0, done.messages
    assert "the small QAGen that comes with quals-jax: float32" in done.messages
    weights = load_model_folder(OPEN_QAGEN).quals.weights_sha256[:8]
    assert f"weights:{weights}" in done.messages
    assert json.loads(done.out)["quals"] is not None
    done = quals("evaluate", tmp_path / "in.jsonl", "--metrics", "quals", "--quals-num-beams", "8")
    assert done.status == 0, done.messages
    assert "quals: the small QAGen that comes with quals-jax; --quals-model" in done.messages
    assert json.loads(done.out)["metrics"]["quals"] is not None
