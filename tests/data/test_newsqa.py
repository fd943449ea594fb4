import json

import pytest

from quals_jax.data.newsqa import read_newsqa

STORY = {
    "type": "dev",
    "storyId": "./cnn/1.story",
    "text": "  Ann lives in Rome. ",
    "questions": [
        {"q": " Who? ", "consensus": {"s": 2, "e": 6}},
        {"q": "Bad?", "consensus": {"badQuestion": True}},
        {"q": "None?"},
        {"consensus": {"s": 1, "e": 2}},
    ],
}


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "newsqa.json"
    file.write_text(json.dumps({"data": [STORY, STORY | {"type": "test"}]}))
    return file


def test_rows_are_consensus_spans_of_the_stripped_text(path):
    (row,) = read_newsqa(path, "dev")
    assert row.id == "./cnn/1.story-0"
    assert (row.context, row.question) == ("Ann lives in Rome.", "Who?")
    assert row.answer == "n li"  # official: offsets of the stored text applied to the stripped one
    assert row.answer_end == 6
    assert list(read_newsqa(path, "train")) == []


def test_offsets_can_be_corrected(path):
    (row,) = read_newsqa(path, "dev", shift_offsets=True)
    assert (row.answer, row.answer_end) == ("Ann", 4)


def test_stories_without_a_name_are_numbered(tmp_path):
    file = tmp_path / "newsqa.json"
    file.write_text(json.dumps({"data": [{k: v for k, v in STORY.items() if k != "storyId"}]}))
    assert [row.id for row in read_newsqa(file, "dev")] == ["newsqa-0-0"]


def test_other_layouts_and_splits_are_refused(tmp_path, path):
    with pytest.raises(ValueError, match="NewsQA split 'val': expected one of train, dev, test"):
        list(read_newsqa(path, "val"))
    file = tmp_path / "other.json"
    for content, message in (
        ([], "expected NewsQA's layout"),
        ({"data": [{"type": "dev"}]}, r"data\[0\]: not NewsQA's layout \(KeyError\('text'\)\)"),
        ({"data": [{"type": "valid"}]}, r"data\[0\]: split 'valid' is unknown"),
    ):
        file.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=message):
            list(read_newsqa(file, "dev"))
