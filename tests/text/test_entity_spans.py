import pytest

from quals_jax.text.entity_spans import entity_spans


def spans(*sentences):
    return entity_spans(sentences)


def test_names_are_runs_of_capitalised_words():
    [found] = spans("The mayor of New York met Ann Lee-Smith and Bob O'Brien, of AT&T.")
    assert found == ("New York", "Ann Lee-Smith", "Bob O'Brien", "AT&T")


def test_punctuation_and_possessives_end_a_name():
    [found] = spans("It was England's Rooney, Spain’s Torres and Rome (Italy).")
    assert found == ("England", "Rooney", "Spain", "Torres", "Rome", "Italy")


def test_small_words_stand_inside_names_only():
    [found] = spans(
        "He left the Bank of England for a house of his own in Vincent van Gogh Street."
    )
    assert found == ("Bank of England", "Vincent van Gogh Street")
    assert spans("He beat Oscar de la Hoya.") == [("Oscar de la Hoya",)]
    assert spans("He saw the Tower of london.") == [("Tower",)]
    assert spans("They left the University of the Arts.") == [("University", "Arts")]


def test_stop_words_titles_and_dates_are_no_names():
    [found] = spans("On Monday I met Mr Blair, The Queen and Sir Ben in May.")
    assert found == ("Blair", "Queen", "Ben")
    [found] = spans("Now the US asked us, as the U.S. and the UK did.")
    assert found == ("US", "U.S.", "UK")
    assert spans("He told Us.") == [()]
    assert spans("Then I'm sure I’ve met I'Anson.") == [("I'Anson",)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Police stopped him.", ()),
        ("Rome fell.", ()),  # might be any word
        ("Rome fell, old Rome.", ("Rome", "Rome")),
        ("NATO met.", ("NATO",)),
        ("McCann resigned.", ("McCann",)),
        ("New York slept.", ("New York",)),
        ("The Hague slept, said a man.", ("Hague",)),
        ("Über Ärzte schrieb Émile Zola.", ("Über Ärzte", "Émile Zola")),
        ("", ()),
    ],
)
def test_first_words_need_a_reason(text, names):
    assert spans(text) == [names]


def test_reasons_are_looked_for_in_the_whole_text():
    assert spans("Rome fell.", "He saw Rome.") == [("Rome",), ("Rome",)]
    assert spans("Rome fell.", "Rome rose.") == [(), ()]
    assert spans("Rome fell.", "Ancient Rome rose.") == [("Rome",), ("Ancient Rome",)]
