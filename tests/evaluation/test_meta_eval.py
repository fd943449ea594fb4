"""The figures of scores beside those of the floors, on the rows that have them."""

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr

from quals_jax.evaluation.auroc import auroc
from quals_jax.evaluation.judgements import Judgements
from quals_jax.evaluation.meta_eval import MetaOptions, best_floor, meta_evaluate
from tests.tolerances import STATISTIC

N = 47
SENTENCE = "ann bob went to rome in may and came back by train with a dog"


@pytest.fixture(scope="module")
def judged() -> Judgements:
    """Summaries whose words are in the document the more often the better they are judged."""
    rng = np.random.default_rng(0)
    human = rng.choice([0, 0.5, 1], N)
    words = SENTENCE.split()
    texts = []
    for value in human:
        kept = rng.random(len(words)) < 0.3 + 0.4 * value
        document = " ".join(w for w, keep in zip(words, kept, strict=True) if keep)
        texts.append((document, " ".join(words)))
    systems = [f"s{i % 3}" for i in range(N)]
    groups = [f"d{i // 2}" for i in range(N)]
    return Judgements(list(map(str, range(N))), human, groups, systems, texts)


@pytest.fixture(scope="module")
def scores(judged) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    good = judged.human_N + rng.normal(0, 0.3, N)
    good[[3, 20]] = np.nan
    weak = 0.2 * judged.human_N + rng.normal(0, 0.6, N)
    weak[[3, 5, 6]] = np.nan
    nothing = np.full(N, np.nan)
    return {"good": good, "wrong": -good, "weak": weak, "same": np.full(N, 2.0), "none": nothing}


@pytest.fixture(scope="module")
def results(judged, scores):
    return meta_evaluate(judged, scores, MetaOptions(num_resamples=100), frozenset({"wrong"}))


def _metric(results, name):
    (found,) = [metric for metric in results["metrics"] if metric["name"] == name]
    return found


def test_correlations_are_those_of_the_rows_with_a_score(results, judged, scores):
    found = _metric(results, "good")
    assert (found["num_rows"], found["num_missing"]) == (N - 2, 2)
    has = np.isfinite(scores["good"])
    sides = scores["good"][has], judged.human_N[has]
    for name, by_scipy in (("pearson", pearsonr), ("spearman", spearmanr), ("kendall", kendalltau)):
        value = found["overall"][name]["value"]
        assert value == pytest.approx(by_scipy(*sides).statistic, abs=STATISTIC)
        low, high = found["overall"][name]["interval"]
        assert low < value < high
    is_consistent = sides[1] >= 1
    assert found["overall"]["auroc"]["value"] == auroc(
        sides[0][is_consistent], sides[0][~is_consistent]
    )


def test_figures_per_system_are_those_of_its_rows(results, judged, scores):
    found = _metric(results, "weak")
    for j in range(3):
        rows = np.isfinite(scores["weak"]) & (np.arange(N) % 3 == j)
        value = pearsonr(scores["weak"][rows], judged.human_N[rows]).statistic
        system = found["systems"][f"s{j}"]
        assert system["num_rows"] == rows.sum()
        assert system["pearson"]["value"] == pytest.approx(value, abs=STATISTIC)
    has = np.isfinite(scores["weak"])
    means = [
        [column[j::3][has[j::3]].mean() for j in range(3)]
        for column in (scores["weak"], judged.human_N)
    ]
    level = found["system_level"]
    assert level["pearson"] == pytest.approx(pearsonr(*means).statistic, abs=STATISTIC)
    assert level["num_systems"] == 3


def test_differences_are_on_the_rows_that_have_both(results, judged, scores):
    (found,) = [
        d for d in results["differences"] if (d["metric"], d["against"]) == ("good", "weak")
    ]
    both = np.isfinite(scores["good"]) & np.isfinite(scores["weak"])
    assert found["num_rows"] == both.sum() == N - 4
    human = judged.human_N[both]
    apart = (
        pearsonr(scores["good"][both], human).statistic
        - pearsonr(scores["weak"][both], human).statistic
    )
    assert found["pearson"]["value"] == pytest.approx(apart, abs=STATISTIC)
    assert found["pearson"]["interval"][0] > 0


def test_floors_are_always_there_and_come_last(results, scores):
    names = [metric["name"] for metric in results["metrics"]]
    assert names[:5] == list(scores)
    floors = [f"ngram{n}_precision" for n in (1, 2, 3)]
    assert names[5:] == results["floors"] == floors
    assert _metric(results, "ngram1_precision")["overall"]["pearson"]["value"] > 0.4
    assert best_floor(results) in floors
    assert len(results["differences"]) == 8 * 7 / 2


def test_floors_that_are_among_the_scores_are_not_computed_again(judged):
    given = np.arange(N, dtype=float)
    found = meta_evaluate(judged, {"ngram1_precision": given}, MetaOptions(num_resamples=5))
    (metric,) = [m for m in found["metrics"] if m["name"] == "ngram1_precision"]
    assert metric["floor"]
    expected = pearsonr(given, judged.human_N).statistic
    assert metric["overall"]["pearson"]["value"] == pytest.approx(expected, abs=STATISTIC)


def test_overlap_and_systems_are_accounted_for(results):
    overall = _metric(results, "good")["overall"]
    assert overall["pearson_less_ngrams"]["value"] < overall["pearson"]["value"]
    assert {"pearson_less_system", "pearson_less_both"} <= overall.keys()
    floor = _metric(results, "ngram2_precision")["overall"]["pearson_less_ngrams"]
    assert floor["value"] is None
    assert "follow from what is controlled for" in floor["reason"]


def test_a_score_of_which_lower_is_better_is_turned_round(results):
    wrong, good = (_metric(results, name) for name in ("wrong", "good"))
    assert wrong["lower_is_better"]
    assert not good["lower_is_better"]
    assert wrong["overall"] == good["overall"]


def test_undefined_figures_are_null_with_a_reason(results):
    same = _metric(results, "same")["overall"]
    assert same["pearson"] == {
        "value": None,
        "interval": None,
        "reason": "all scores are equal (2)",
    }
    none = _metric(results, "none")
    assert (none["num_rows"], none["num_missing"]) == (0, N)
    assert none["overall"]["kendall"]["reason"] == "0 rows with a score, at least 3 needed"
    assert none["overall"]["balanced_accuracy"]["value"] is None
    assert none["system_level"] is None


def test_the_threshold_comes_from_other_documents_than_the_accuracy(results, judged, scores):
    found = _metric(results, "good")["overall"]["balanced_accuracy"]
    assert 0 < found["num_rows"] < N - 2
    assert found["value"] > 0.6
    strict = meta_evaluate(
        judged, {"good": scores["good"]}, MetaOptions(consistent_from=9, num_resamples=5)
    )
    overall = strict["metrics"][0]["overall"]
    assert overall["auroc"]["reason"] == f"0 consistent and {N - 2} inconsistent summaries"
    assert "for choosing the threshold" in overall["balanced_accuracy"]["reason"]
