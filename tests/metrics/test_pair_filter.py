import json

import pytest

from quals_jax.metrics.pair_filter import (
    Candidate,
    answer_log_prob,
    filter_answer_likelihood,
    filter_clean,
    filter_paper,
)
from tests import golden_files

SEPARATOR = " strutConnector"


def candidate(text: str, score: float) -> Candidate:
    parts = text.split(SEPARATOR)
    if len(parts) != 2:
        return Candidate("", "", score, malformed=True)
    return Candidate(*parts, score)


def uses_answer_likelihood(case):
    # Without token scores the official option silently falls back to the ordinary filter.
    return case["args"].get("filter_ans_lm_score") and "without_tokens" not in case["name"]


def filter_cases(answer_likelihood: bool):
    cases = golden_files.read_json("quals_pipeline.json")["cases"]
    return [
        pytest.param(case, id=case["name"])
        for case in cases
        if case["mode"] == "filter_qas_dataset_lm_score"
        and bool(uses_answer_likelihood(case)) == answer_likelihood
    ]


def rows(case):
    """Yields every generated row with the row the official code wrote for it."""
    (suffix,) = {name.split(".qas_filtered")[1] for name in case["outputs"]}
    for name, text in case["inputs"].items():
        expected = case["outputs"][name + "_filtered" + suffix]
        assert len(text.splitlines()) == len(expected.splitlines()) > 0
        for line, expected_line in zip(text.splitlines(), expected.splitlines(), strict=True):
            yield from zip(json.loads(line), json.loads(expected_line), strict=True)


def assert_kept(candidates, selection, wanted):
    kept = [candidates[i] for i in selection.kept]
    assert [(c.question, c.answer, c.score) for c in kept] == [
        (qa["q"], qa["a"], qa["uns"]) for qa in wanted["qas"]
    ]


@pytest.mark.parametrize("case", filter_cases(answer_likelihood=False))
def test_paper_filter_keeps_what_the_official_code_kept(case):
    for row, wanted in rows(case):
        candidates = [
            candidate(*pair) for pair in zip(row["qa"], row["unnorm_scores"], strict=True)
        ]
        assert_kept(candidates, filter_paper(row["context"], candidates), wanted)


@pytest.mark.parametrize("case", filter_cases(answer_likelihood=True))
def test_answer_likelihood_filter_keeps_what_the_official_code_kept(case):
    for row, wanted in rows(case):
        candidates = [
            candidate(*pair) for pair in zip(row["qa"], row["unnorm_scores"], strict=True)
        ]
        values = [
            answer_log_prob(tokens, scores, 50259)
            for tokens, scores in zip(row["toks"], row["pos_scores"], strict=True)
        ]
        threshold = case["args"]["filter_ans_lm_threshold"]
        selection = filter_answer_likelihood(row["context"], candidates, values, threshold)
        assert_kept(candidates, selection, wanted)


def texts(summary, candidates, **options):
    selection = filter_clean(summary, candidates, **options)
    return [(candidates[i].question, candidates[i].answer) for i in selection.kept]


def test_clean_filter_never_keeps_more_than_the_limit():
    summary = " ".join(f"w{i}" for i in range(16))
    candidates = [Candidate(f"Q{i}?", f"w{i}", -float(i)) for i in range(16)]
    assert len(filter_paper(summary, candidates).kept) == 16
    assert texts(summary, candidates) == [(f"Q{i}?", f"w{i}") for i in range(10)]


def test_clean_filter_reads_answers_without_their_surroundings():
    candidates = [
        Candidate("Who left?", "Bob.", -1.0),
        Candidate("Who left?", " bob", -2.0),
        Candidate("Who went?", "Bob,", -3.0),
        Candidate("Where?", "", -0.5),
        Candidate("Where?", ".", -0.5),
    ]
    assert texts("Bob left Paris.", candidates) == [("Who left?", "Bob."), ("Who went?", "Bob,")]
    assert filter_clean("Bob left Paris.", candidates).dropped == {
        "empty_answer": 2,
        "duplicate": 1,
    }


def test_every_candidate_is_kept_or_counted_once():
    candidates = [
        Candidate("", "", 0.0, malformed=True),
        Candidate("Who?", "Ann", -1.0),
        *[Candidate(f"Q{i}?", "Bob", -2.0 - i) for i in range(14)],
        Candidate("q0", "bob", -30.0),
    ]
    for rule in (filter_paper, filter_clean):
        selection = rule("Bob left Paris.", candidates)
        assert len(selection.kept) == 10
        assert len(selection.kept) + sum(selection.dropped.values()) == len(candidates)
        assert selection.dropped["malformed"] == 1
        assert selection.dropped["answer_not_in_summary"] == 1
