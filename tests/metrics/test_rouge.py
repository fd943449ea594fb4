import pytest
from rouge_score.rouge_scorer import RougeScorer

from quals_jax.metrics.metric import Example
from quals_jax.metrics.rouge import ROUGE_TYPES, Rouge, mean_rouge, rouge, rouge_l
from tests import golden_files


def test_scores_are_those_of_the_library():
    sources = golden_files.read_text("e2e/test.source").splitlines()
    targets = golden_files.read_text("e2e/test.target").splitlines()
    texts = [*sources, *targets, "The Dogs\nwere running.\n\nThey stopped", "dogs RUN, they stop"]
    others = [*texts[1:], texts[0]]
    plain = RougeScorer(list(ROUGE_TYPES), use_stemmer=True)
    wanted = [plain.score(*pair) for pair in zip(texts, others, strict=True)]
    assert rouge(texts, others) == wanted
    assert rouge(texts, others) == wanted  # with every stem cached
    assert len({score["rougeL"].fmeasure for score in wanted}) > 20


def test_by_hand():
    (scores,) = rouge(["the cats sat on the mat"], ["the cat on the mats"])
    # Shared words: the, cat, on, the, mat; pairs: "the cat", "on the", "the mat"; in order all 5.
    assert scores["rouge1"] == pytest.approx((5 / 5, 5 / 6, 10 / 11))
    assert scores["rouge2"] == pytest.approx((3 / 4, 3 / 5, 6 / 9))
    assert scores["rougeL"] == pytest.approx((5 / 5, 5 / 6, 10 / 11))
    (scores,) = rouge(["a b c\nd e"], ["d e\na b c"])
    assert scores["rougeL"].f1 == pytest.approx(3 / 5)
    assert scores["rougeLsum"].f1 == 1.0


def test_rouge_l_is_the_f1_of_the_full_scores():
    pair = ("the cats sat on the mat", "on mats the cat")
    assert rouge_l(*pair) == rouge([pair[0]], [pair[1]])[0]["rougeL"].f1 == pytest.approx(4 / 10)


@pytest.mark.parametrize(
    ("reference", "summary"), [("", "a cat"), ("a cat", ""), ("", ""), ("…!", "Ёлка")]
)
def test_a_text_without_words_scores_nothing(reference, summary):
    (scores,) = rouge([reference], [summary])
    assert {tuple(score) for score in scores.values()} == {(0, 0, 0)}
    assert rouge_l(reference, summary) == 0


def test_means_are_over_the_summaries():
    references, summaries = ["a b", "a b", "a b"], ["a b", "a c", ""]
    assert mean_rouge(references, summaries) == pytest.approx(
        {"rouge1": 0.5, "rouge2": 1 / 3, "rougeL": 0.5, "rougeLsum": 0.5}
    )


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 references but 1 summaries"):
        rouge(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="no summaries"):
        mean_rouge([], [])


def test_the_metric_gives_f1_or_says_that_there_is_no_reference():
    told: list[float] = []
    examples = [
        Example("…", "the cat on the mats", "the cats sat on the mat"),
        Example("…", "a cat"),
        Example("…", "a cat", " "),
        Example("…", "", "a cat"),
    ]
    rows = Rouge().evaluate(examples, told.append)
    assert rows[0] == pytest.approx(
        {"rouge1": 10 / 11, "rouge2": 6 / 9, "rougeL": 10 / 11, "rougeLsum": 10 / 11}
    )
    assert rows[1] == rows[2] == dict.fromkeys(ROUGE_TYPES) | {"reason": "no_reference"}
    assert rows[3] == dict.fromkeys(ROUGE_TYPES, 0.0)
    assert sum(told) == 4
    assert Rouge().signature == "rouge-score 0.1.2|F1|stemmer"
