"""Story texts and corruption filters against the official code's recorded cases."""

import pytest

from quals_jax.data.corruption import (
    Story,
    SummarySentence,
    cnndm_story,
    drop_unsupported_sentences,
    drop_unsupported_story,
    fix_missing_period,
    is_corrupt_summary_sentence,
    read_story,
    xsum_story,
)
from tests import golden_files

DATA = golden_files.read_json("data.json")


def name_of(case):
    return f"{case['name']}-{case['filter_level']}"


def write_case(case, path):
    if case["file"] is not None:
        path.write_bytes(case["file"].encode(case.get("file_encoding", "utf-8")))


def check_story(case, extract, path):
    write_case(case, path)
    story = read_story(path, extract, case["filter_level"])
    assert (story.source, story.target) == (case["source"], case["target"])
    assert (story.reason is None) == case["kept"]


@pytest.mark.parametrize("case", DATA["extract_text_xsum"], ids=name_of)
def test_xsum_files_give_the_recorded_texts(case, tmp_path):
    check_story(case, xsum_story, tmp_path / "story.data")


@pytest.mark.parametrize("case", DATA["extract_text_cnndm"], ids=name_of)
def test_cnndm_files_give_the_recorded_texts(case, tmp_path):
    check_story(case, cnndm_story, tmp_path / "cnn.story")


@pytest.mark.parametrize("case", DATA["fix_missing_period"], ids=lambda case: repr(case["in"]))
def test_missing_periods_are_added_as_recorded(case):
    assert fix_missing_period(case["in"]) == case["out"]


@pytest.mark.parametrize("case", DATA["is_corrupt_summary_sent"], ids=lambda case: case["in"])
def test_corrupt_sentences_are_those_recorded(case):
    assert is_corrupt_summary_sentence(case["in"]) == case["out"]


def test_reasons_name_what_is_missing(tmp_path):
    missing = read_story(tmp_path / "none", cnndm_story, 1)
    assert missing.reason is not None
    assert missing.reason.startswith("unreadable: ")
    (tmp_path / "a").write_text("Body.\n")
    assert read_story(tmp_path / "a", cnndm_story, 1).reason == "no target"
    (tmp_path / "a").write_text("@highlight\nPoint.\n")
    assert read_story(tmp_path / "a", cnndm_story, 1).reason == "no source"
    with pytest.raises(ValueError, match="filter level 3"):
        read_story(tmp_path / "a", cnndm_story, 3)


def test_todays_xsum_files_are_read_too(tmp_path):
    story = "[SN]FIRST-SENTENCE[SN]\nA man\n[SN]RESTBODY[SN]\nEmail\nB"
    assert xsum_story("[SN]URL[SN]\nx\n[SN]TITLE[SN]\nt\n" + story, 1) == ("B.", "A man.")
    (tmp_path / "bom").write_text(story, "utf-8-sig")
    assert read_story(tmp_path / "bom", xsum_story, 1) == Story("B.", "A man.")


def analyse(summary):
    """Stands in for spaCy: sentences end at full stops, capitalised words are entities."""
    sentences = [text.strip() + "." for text in summary.split(".") if text.strip()]
    return [
        SummarySentence(text, tuple(w for w in text.rstrip(".").split() if w[0].isupper()))
        for text in sentences
    ]


def test_level_two_drops_xsum_stories_with_an_unsupported_entity():
    good = Story("ann went to rome.", "Ann left.")
    assert drop_unsupported_story(good, analyse) == good
    bad = drop_unsupported_story(Story("ann went to rome.", "Ann met Bob."), analyse)
    assert bad.reason == "entity not in source: Bob"
    unusable = Story("", "Ann left.", "no source")
    assert drop_unsupported_story(unusable, analyse) == unusable


def test_level_two_drops_cnndm_sentences_with_an_unsupported_entity():
    story = Story("ann went to rome.", "Ann left. Bob stayed. Rome slept.")
    assert drop_unsupported_sentences(story, analyse) == Story(
        story.source, "Ann left. Rome slept."
    )
    nothing = drop_unsupported_sentences(Story("x.", "Bob stayed."), analyse)
    assert nothing == Story("x.", "", "no supported sentence")
    unusable = Story("x.", "", "no target")
    assert drop_unsupported_sentences(unusable, analyse) == unusable


def test_level_two_treats_equal_sentences_alike():
    """As in the official code, where sentences are looked up by their text."""

    def only_first(summary):
        return [SummarySentence("It won.", ("Bob",)), SummarySentence("It won.")]

    story = Story("x.", "It won. It won.")
    assert drop_unsupported_sentences(story, only_first).target == ""
