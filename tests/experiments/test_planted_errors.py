"""AUROC of metrics on the world's planted errors."""

import json

import pytest

from experiments.planted_errors import main, measure
from quals_jax.data.world import held_out_articles, summary_examples
from quals_jax.data.world_oracle import judge

EXAMPLES = summary_examples(held_out_articles(12, seed=2), seed=2)


class Oracle:
    name, keys, signature = "oracle", ("precision", "other"), "oracle"

    def evaluate(self, examples, report=None):
        return [{"precision": self.value(e), "other": 0.0} for e in examples]

    def value(self, example):
        return judge(example.document, example.summary).precision


def test_the_oracle_finds_every_error_and_its_contrary_none():
    class Contrary(Oracle):
        def value(self, example):
            return -super().value(example)

    right, wrong = measure(Oracle(), EXAMPLES), measure(Contrary(), EXAMPLES)
    assert {figure["value"] for figure in right["auroc"].values()} == {1.0}
    assert {figure["value"] for figure in wrong["auroc"].values()} == {0.0}
    kinds = {example.error for example in EXAMPLES} - {"none"}
    assert right["auroc"].keys() == kinds | {"all"}
    assert right["auroc"]["all"]["num_wrong"] == len(EXAMPLES) - 12
    assert right["num_without_score"] == 0


def test_summaries_without_a_number_are_left_out():
    class Silent(Oracle):
        def value(self, example):
            value = super().value(example)
            return value if value < 1.0 or example.document == EXAMPLES[0].document else None

    figures = measure(Silent(), EXAMPLES)
    assert figures["num_without_score"] == 11
    assert figures["auroc"]["all"]["num_faithful"] == 1


def test_a_metric_without_a_model_is_measured(tmp_path, capsys):
    output = tmp_path / "auroc.json"
    command = ["ngram", "--articles", "10", "--seed", "2", "--output", str(output)]
    assert main(command) == 0
    assert "all errors" in capsys.readouterr().out
    figures = json.loads(output.read_text())
    assert 0 < figures["ngram"]["auroc"]["all"]["value"] < 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["qag=x"], "expected one of quals, qags"),
        (["qags"], "give it as qags=FOLDER"),
        (["ngram=x"], "has no model"),
        (["rouge"], "needs references"),
        ([], "no metric is given"),
    ],
)
def test_metrics_that_cannot_be_measured_are_refused(names, message, capsys):
    assert main(names) == 2
    assert message in capsys.readouterr().err
