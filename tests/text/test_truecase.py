"""Case of texts that lost it."""

import pytest

from quals_jax.text.truecase import Truecaser

TEXTS = [
    "He said that Ann May, of the BBC, was in New York. In May it rained. I may go in May.",
    "The man said Ann may come. We may see a new house. Then Ann May, of York, saw iPhones.",
    "So the U.S. may ask what bbc.co.uk said at 9 a.m. of Bo's and of Al's.",
    "It is said that the New York police of the BBC may know, and a May day may come.",
]


@pytest.mark.parametrize(
    "text",
    [
        "Ann May lives in New York. The BBC may call: a new day.",
        'He said: "In May, Ann\'s iPhones rang."\nThen it stopped',
        "Unseen words stay. So does «the BBC».",
        "In May we met at 10 a.m. at bbc.co.uk, of which a new U.S. site may know. We saw it.",
        "",
        "...",
    ],
)
def test_lost_case_comes_back(text):
    assert Truecaser(TEXTS).restore(text.lower()) == text


def test_neighbours_decide_between_forms():
    truecaser = Truecaser(TEXTS)
    assert truecaser.restore("so ann may, a man, came").startswith("So Ann May, a man")
    assert truecaser.restore("now we may go") == "Now we may go"
    assert truecaser.restore("now in may") == "Now in May"


def test_first_words_teach_nothing_and_get_a_capital():
    truecaser = Truecaser(["Apples fell. Apples rose. He ate apples."])
    assert truecaser.restore("apples and apples") == "Apples and apples"


def test_words_never_seen_stay_as_they_are():
    assert Truecaser(TEXTS).restore("so eBay and NASA") == "So eBay and NASA"


def test_nothing_but_case_changes():
    text = "it’s 5 o'clock – naïve ÉCOLE; x_y\n\n\ttabs (e.g. this) ß"
    assert Truecaser(TEXTS).restore(text).lower() == text.lower()
