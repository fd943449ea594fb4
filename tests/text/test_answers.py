import pytest

from quals_jax.text.answers import best_over_truths, exact_match, normalize_answer, token_f1


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("The Eiffel Tower!", "eiffel tower"),
        ("  a  b\tan\nc ", "b c"),
        ("U.S.A.", "usa"),
        ("theatre, another", "theatre another"),  # articles only as whole words
        ("the-end", "theend"),  # punctuation goes before articles are looked for
        ("A.", ""),
        ("“quoted” – dash", "“quoted” – dash"),  # only ASCII punctuation is deleted
        ("", ""),
    ],
)
def test_answers_are_normalised_as_in_squad(text, normalised):
    assert normalize_answer(text) == normalised


def test_f1_counts_shared_words_with_their_number():
    assert token_f1("the Eiffel Tower", "Eiffel tower!") == 1.0
    assert token_f1("x x y", "x z") == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert token_f1("x", "y") == 0.0
    assert token_f1("", "x") == 0.0
    assert token_f1("the", "a") == 0.0  # official: nothing shared, although both are empty


def test_exact_match_compares_normalised_answers():
    assert exact_match("The U.S.", "us")
    assert not exact_match("us", "uk")


def test_best_truth_counts():
    assert best_over_truths(token_f1, "in Rome", ["Paris", "Rome"]) == pytest.approx(2 / 3)
    assert best_over_truths(exact_match, "rome", ["Paris", "Rome"]) == 1.0
    with pytest.raises(ValueError, match="no accepted answer"):
        best_over_truths(token_f1, "x", [])
