"""Counts, majorities and tests of a human study against cases by hand."""

import itertools

import pytest

from quals_jax.evaluation.agreement import krippendorff_alpha
from quals_jax.evaluation.human_answers import check_answers
from quals_jax.evaluation.human_results import holm, majority, sign_test, study_results
from tests.evaluation.made_up_study import exported, made_up_study


def results_of(study, *judges):
    files = [(f"{i}.json", exported(study, i, judge)) for i, judge in enumerate(judges, start=1)]
    return study_results(study, check_answers(study, files, allow_missing=True))


def by_id(*judgements):
    """Judges consistency by the document's number; all else is equal."""
    return lambda item, question: judgements[item["id"]] if question == "consistency" else 0


def test_majorities_counts_and_tests_by_hand():
    study = made_up_study(6, num_annotators=3)
    results = results_of(
        study,
        by_id(+1, +1, +1, -1, 0, +1),
        by_id(+1, +1, +1, -1, 0, 0),
        by_id(+1, -1, 0, +1, 0, -1),
    )
    for dataset in results["datasets"]:
        found = dataset["questions"]["consistency"]
        assert found["majority"] == {"better": 3, "equal": 1, "worse": 1, "undecided": 1}
        assert found["judgements"] == {"better": 9, "equal": 5, "worse": 4, "undecided": 0}
        assert found["p_value"] == pytest.approx(2 * (1 + 4) / 16)  # 3 of 4 heads or more, twice
        assert found["preference"] == pytest.approx(5 / 18, abs=1e-6)
        low, high = found["preference_interval"]
        assert low < 5 / 18 < high
        grammar = dataset["questions"]["grammar"]
        assert grammar["majority"] == {"better": 0, "equal": 6, "worse": 0, "undecided": 0}
        assert (grammar["p_value"], grammar["preference"]) == (1.0, 0.0)
        assert grammar["preference_interval"] == [0.0, 0.0]
        assert grammar["alpha_nominal"] == {"value": None, "interval": None}


def test_agreement_is_that_of_the_judgements_about_the_systems():
    study = made_up_study(6)
    results = results_of(study, by_id(1, 1, 0, -1, -1, 0), by_id(1, 0, 0, -1, 1, 0))
    found = results["datasets"][0]["questions"]["consistency"]
    pairs = [(1, 1), (1, 0), (0, 0), (-1, -1), (-1, 1), (0, 0)]
    assert found["alpha_nominal"]["value"] == krippendorff_alpha(pairs)
    assert found["alpha_ordinal"]["value"] == krippendorff_alpha(pairs, "ordinal")


def test_missing_answers_count_neither_for_nor_against():
    study = made_up_study(6)
    results = results_of(study, by_id(1, None, 1, None, 0, -1), by_id(1, -1, None, None, 0, 1))
    found = results["datasets"][0]["questions"]["consistency"]
    assert found["num_documents"] == 5
    assert found["majority"] == {"better": 2, "equal": 1, "worse": 1, "undecided": 1}
    assert results["annotators"][0]["num_missing"] == 4
    assert results["annotators"][0]["num_documents"] == 8


def test_who_always_takes_the_first_summary_is_seen_and_prefers_no_system():
    study = made_up_study(20)

    def first(annotator):
        return lambda item, question: 1 if item["first"][annotator - 1] == 0 else -1

    results = results_of(study, first(1), first(2))
    assert results["p_value_first"] < 1e-6
    assert [(a["first"], a["equal"], a["second"]) for a in results["annotators"]] == [
        (120, 0, 0)
    ] * 2
    for dataset in results["datasets"]:
        assert dataset["questions"]["grammar"]["preference"] == 0


@pytest.mark.parametrize(
    ("judgements", "expected"),
    [([1], 1), ([1, 0], None), ([1, 1, -1], 1), ([0, 0, -1, -1], None), ([-1, -1, 0, 1], None)],
)
def test_a_majority_is_more_than_half(judgements, expected):
    for order in itertools.permutations(judgements):
        assert majority(order) == expected


def test_the_sign_test_by_hand():
    assert sign_test(0, 0) == 1.0
    assert sign_test(5, 0) == pytest.approx(2 / 32)
    assert sign_test(3, 1) == sign_test(1, 3) == pytest.approx(10 / 16)


def test_holms_correction_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
