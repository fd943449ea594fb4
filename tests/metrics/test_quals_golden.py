"""Mode ``paper`` against a whole run of the official code (24 rows, one of them too long)."""

import json

import numpy as np
import pytest

from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.metrics.quals_result import QAPair, QualsResult
from quals_jax.text.answers import token_f1
from tests import golden_files, tolerances
from tests.golden_models import qagen


@pytest.fixture(scope="module")
def results() -> list[QualsResult]:
    metric = Quals(qagen("full_p"), QualsOptions(mode="paper", answer_f1="pair"))
    return metric.score(lines("e2e/test.source"), lines("e2e/test.target"))


def lines(name: str) -> list[str]:
    return golden_files.read_text(name).split("\n")[:-1]


def official_rows():
    return [json.loads(line)[0] for line in lines("e2e/eval/test.source.source_eval_noprepend")]


def test_same_pairs_in_the_same_order(results):
    assert [[(pair.question, pair.answer) for pair in result.pairs] for result in results] == [
        [(qa["q"], qa["a"]) for qa in row["qas"]] for row in official_rows()
    ]
    assert sum(result.num_pairs for result in results) > 200


def test_same_scores(results):
    official = [
        json.loads(line)["eval_ns-ns"][0]
        for line in lines("e2e/eval/test.source.source_eval_noprepend.quals")
    ]
    # The official code writes -1e5 where there is no pair.
    assert [result.quals is None for result in results] == [value == -1e5 for value in official]
    scored = [i for i, value in enumerate(official) if value != -1e5]
    np.testing.assert_allclose(
        [results[i].quals for i in scored],
        [official[i] for i in scored],
        atol=tolerances.QUALS,
        rtol=0,
    )


def test_same_log_probabilities_of_every_token(results):
    for result, row in zip(results, official_rows(), strict=True):
        for pair, qa in zip(result.pairs, row["qas"], strict=True):
            assert len(pair.tokens) == len(qa["toks"])
            for ours, theirs in [
                (pair.log_probs_summary, qa["pos_s"]),
                (pair.log_probs_document, qa["eval_pos_scores"]),
            ]:
                np.testing.assert_allclose(ours, theirs, atol=tolerances.LOG_PROBS_FULL, rtol=0)


def test_same_answers_from_the_documents(results):
    rows = [
        json.loads(line)[0] for line in lines("e2e/eval_gen/test.source.source_gen_eval_noprepend")
    ]
    official = [[qa["eval_ans"] for qa in row["qas"]] for row in rows]
    assert [[pair.document_answer for pair in result.pairs] for result in results] == official
    for result, row in zip(results, rows, strict=True):
        values = [token_f1(qa["eval_ans"], qa["a"]) for qa in row["qas"]]
        assert result.f1 == (pytest.approx(np.mean(values)) if values else None)
    assert 0.2 < np.mean([result.f1 for result in results if result.pairs]) < 0.8


def test_the_long_document_is_cut_and_says_so(results):
    assert [i for i, result in enumerate(results) if result.truncated_tokens] == [3]
    assert results[3].truncated_tokens > 100


def compute_cases():
    cases = golden_files.read_json("quals_pipeline.json")["cases"]
    return [
        pytest.param(case, id=case["name"])
        for case in cases
        if case["mode"] == "compute_hypos_lm_score"
    ]


@pytest.mark.parametrize("case", compute_cases())
def test_the_score_of_given_pairs_is_the_official_one(case):
    (source,) = (text for name, text in case["inputs"].items() if name.endswith("noprepend"))
    (output,) = case["outputs"].values()
    assert len(source.splitlines()) == len(output.splitlines()) > 0
    for line, wanted in zip(source.splitlines(), output.splitlines(), strict=True):
        for row, official in zip(json.loads(line), json.loads(wanted)["eval_ns-ns"], strict=True):
            # The means are what the official code reads; one token carries each here.
            pairs = tuple(
                QAPair(qa["q"], qa["a"], ("",), (qa["eval_ns"],), (qa["ns"],), 0)
                for qa in row["qas"]
            )
            result = QualsResult.from_pairs(pairs, low_threshold=-0.5)
            if official == -1e5:
                assert result.quals is None
                assert result.reason == "no_questions"
            else:
                assert result.quals == pytest.approx(official, abs=1e-9)
