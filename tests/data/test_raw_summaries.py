"""Splits of the official files of XSum and CNN/DailyMail, and of rows."""

import json
import lzma
import tarfile

import pytest

from quals_jax.data.cnn_dailymail import cnn_dailymail_splits, story_name
from quals_jax.data.corruption import Story, cnndm_texts, xsum_texts
from quals_jax.data.raw_summaries import row_splits
from quals_jax.data.xsum import SPLIT_FILE, xsum_splits
from tests.data.raw_files import write_cnn_dailymail, write_xsum


def stories_of(splits):
    """All stories per split; reading a split a second time gives the same."""
    found = {split.name: dict(split.stories()) for split in splits}
    assert found == {split.name: dict(split.stories()) for split in splits}
    assert {split.name: split.num_stories for split in splits} == {
        name: len(stories) for name, stories in found.items()
    }
    return found


@pytest.mark.parametrize("old_marks", [False, True])
def test_xsum_files_of_both_times_give_the_stories_of_each_split(tmp_path, old_marks):
    write_xsum(tmp_path, old_marks=old_marks, missing=("3",))
    found = stories_of(xsum_splits(tmp_path, 1))
    assert list(found) == ["train", "validation", "test"]
    assert found["train"] == {
        "1": Story("Ann Lee went to Rome. She was glad.", "A woman left, Ann Lee said."),
        "2": Story("Bob slept.", "Bob slept."),
        "3": Story("", "", "no file"),
    }
    assert found["test"]["5"] == Story("", "A test.", "no source")
    everything = stories_of(xsum_splits(tmp_path, 0))
    assert everything["train"]["2"].source == "Share this with. Email. Bob slept."
    assert everything["test"]["5"].reason is None


def test_xsum_archives_give_the_same_stories(tmp_path):
    write_xsum(tmp_path / "raw")
    with tarfile.open(tmp_path / "xsum.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "raw" / "bbc", "bbc-summary-data")
    split_file = tmp_path / "raw" / SPLIT_FILE
    expected = stories_of(xsum_splits(tmp_path / "raw", 1))
    assert stories_of(xsum_splits(tmp_path / "xsum.tar.gz", 1, split_file)) == expected
    split_file.rename(tmp_path / SPLIT_FILE)
    assert stories_of(xsum_splits(tmp_path / "xsum.tar.gz", 1)) == expected


def test_cnn_dailymail_stories_are_found_by_the_hash_of_their_address(tmp_path):
    write_cnn_dailymail(tmp_path)
    found = stories_of(cnn_dailymail_splits(tmp_path, 1))
    assert found["train"] == {
        story_name("http://a"): Story("Ann Lee went to Rome. She was glad.", "Ann Lee left."),
        story_name("http://b"): Story("It rained.", "", "no target"),
        story_name("http://c"): Story("Ann Lee stayed.", "She had met Bob Fox . She met Ann Lee."),
    }
    assert [len(found[split]) for split in ("validation", "test")] == [1, 1]
    everything = stories_of(cnn_dailymail_splits(tmp_path, 0))
    assert everything["train"][story_name("http://b")].target == "CLICK HERE for more."
    # The SHA-1 of "a", without its line end.
    assert story_name("a\n") == "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"


def test_url_lists_may_lie_elsewhere(tmp_path):
    write_cnn_dailymail(tmp_path / "raw")
    expected = stories_of(cnn_dailymail_splits(tmp_path / "raw", 1))
    (tmp_path / "lists").mkdir()
    for path in (tmp_path / "raw").glob("all_*.txt"):
        path.rename(tmp_path / "lists" / path.name)
    assert stories_of(cnn_dailymail_splits(tmp_path / "raw", 1, tmp_path / "lists")) == expected
    with pytest.raises(FileNotFoundError, match=r"raw: no all_train\.txt; put it there from"):
        cnn_dailymail_splits(tmp_path / "raw", 1)


def test_rows_keep_their_lines_until_they_are_filtered(tmp_path):
    rows = [
        {"id": 7, "article": "Ann left\nEmail", "highlights": "Ann left\nREAD: more"},
        {"document": "Ann left", "summary": "Ann left"},
        {"document": "Ann left", "summary": 3},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows) + "{broken\n"
    (tmp_path / "train.jsonl.xz").write_bytes(lzma.compress(lines.encode()))
    (tmp_path / "dev.csv").write_text("id,article,summary\nx,A.,\n")
    (tmp_path / "train.txt").write_text("something else")
    found = stories_of(row_splits(tmp_path, cnndm_texts, 1))
    assert list(found) == ["train", "validation"]
    assert found["validation"] == {"x": Story("A.", "", "no target")}
    train = found["train"]
    assert train["7"] == Story("Ann left. Email.", "Ann left.")
    assert train["train-2"] == Story("Ann left.", "Ann left.")
    assert "fields: document, summary" in train["train-3"].reason
    assert train["train-4"].reason.startswith("unreadable: column 2")
    xsum = stories_of(row_splits(tmp_path, xsum_texts, 1))["train"]["7"]
    assert xsum == Story("Ann left.", "Ann left. READ: more.")
    assert stories_of(xsum_splits(tmp_path, 0))["train"]["7"].source == "Ann left. Email."
    assert stories_of(cnn_dailymail_splits(tmp_path, 1)) == found


def test_two_files_of_one_split_are_refused(tmp_path):
    for name in ("val.jsonl", "dev.jsonl"):
        (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match=r"dev\.jsonl and .*val\.jsonl are both validation rows"):
        row_splits(tmp_path, cnndm_texts, 1)


def test_unusable_places_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no {SPLIT_FILE}"):
        xsum_splits(tmp_path, 1)
    (tmp_path / SPLIT_FILE).write_text('{"train": []}')
    with pytest.raises(ValueError, match="lists of ids, train, validation, test"):
        xsum_splits(tmp_path, 1)
    for splits in (xsum_splits, cnn_dailymail_splits):
        with pytest.raises(FileNotFoundError, match="none: no such folder or file"):
            splits(tmp_path / "none", 1)
    write_cnn_dailymail(tmp_path / "raw")
    with pytest.raises(ValueError, match="filter level 3: expected 0, 1 or 2"):
        cnn_dailymail_splits(tmp_path / "raw", 3)
