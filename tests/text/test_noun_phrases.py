import pytest

from quals_jax.text.noun_phrases import noun_phrases


@pytest.mark.parametrize(
    ("sentence", "phrases"),
    [
        (
            "A fire at an old factory has injured 26 people, officer Ann Lee said.",
            ["fire", "old factory", "26 people", "officer"],
        ),
        ("Police investigating the crash arrested a man.", ["Police", "crash", "man"]),
        ("The mayor's house was blamed on faulty wiring.", ["mayor", "house", "faulty wiring"]),
        ("It is to cut 200 jobs after falling sales.", ["200 jobs", "falling sales"]),
        ("She went to prison in the second round.", ["prison", "second round"]),
        ("Rovers have beaten Albion.", ["Rovers"]),
        ("Ann Lee met Bob.", []),
        ("A 23-year-old striker died on Friday in May.", ["23-year-old striker"]),
        ("26, 54 and two.", []),
        ("luton town lost to leeds united", ["luton town", "leeds"]),
        ("", []),
    ],
)
def test_phrases_are_runs_of_content_words(sentence, phrases):
    assert noun_phrases(sentence) == phrases


def test_blanks_alone_join_words():
    assert noun_phrases("the gas leak") == ["gas leak"]
    assert noun_phrases("the gas, leak") == ["gas", "leak"]
    assert noun_phrases("the gas  leak") == ["gas", "leak"]
