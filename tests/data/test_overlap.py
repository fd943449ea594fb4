"""Texts that share a passage with judged ones."""

from quals_jax.data.overlap import Passages

JUDGED = (
    "Ann Lee, 34, moved to Rome in May 2014. She had lived in Paris for two years before that, "
    "her brother said on Monday."
)


def test_case_tokens_and_cuts_hide_nothing():
    passages = Passages([JUDGED])
    assert passages.found_in(JUDGED)
    assert passages.found_in("Other words. " + JUDGED[20:110].upper() + " And more of them.")
    assert passages.found_in(JUDGED.replace(",", " , "))


def test_brackets_of_the_treebank_are_no_letters():
    before, after = "abcdefghij " * 2, "lmnopqrstu " * 2
    passages = Passages([f"{before}(k) {after}"])
    assert passages.found_in(f"{before}-lrb- k -RRB- {after}")


def test_every_run_of_one_and_a_half_lengths_is_found():
    passages = Passages([JUDGED])
    for start in range(len(JUDGED) - 80):
        assert passages.found_in("xyz" + JUDGED[start : start + 80]), start


def test_a_passage_is_found_at_the_very_end():
    letters = "abcdefghij" * 4
    assert Passages([letters]).found_in(letters)


def test_other_and_short_texts_are_not_found():
    passages = Passages([JUDGED, "short"])
    assert not passages.found_in("Ann Lee, 34, moved to Rome in June 2015.")
    assert not passages.found_in("short")
    assert not passages.found_in("")
    assert not Passages([]).found_in(JUDGED)
