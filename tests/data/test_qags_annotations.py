"""The score people gave, by the majority of their answers; rows of another layout are named."""

import json

import pytest

from quals_jax.data.qags_annotations import read_qags
from tests.data.raw_files import qags_line


def written(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_the_score_is_the_share_of_sentences_with_a_majority_of_yes(tmp_path):
    path = written(
        tmp_path / "judged.jsonl",
        qags_line("Ann moved.", ("Ann moved.", "yyn"), ("Bob too. ", "nny"), ("Yes.", "yny")),
        qags_line("Rain.", ("Sun.", "nnn")),
    )
    first, second = read_qags(path)
    assert first.to_row() == {
        "id": "judged-1",
        "document": "Ann moved.",
        "summary": "Ann moved. Bob too. Yes.",
        "human": 2 / 3,  # and not 5 / 9, the mean of the single answers
    }
    assert first.votes == ((True, True, False), (False, False, True), (True, False, True))
    assert first.workers[0] == ("0", "1", "2")
    assert (second.id, second.human) == ("judged-2", 0.0)
    (other,) = read_qags(written(tmp_path / "o.jsonl", qags_line("R.", ("S.", "yyn"))))
    assert other.human == 1.0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (qags_line("A.", ("B.", "yn")), "2 answers about 'B.' have no majority"),
        (qags_line("A.", ("B.", "")), "0 answers about 'B.' have no majority"),
        (qags_line("A."), "at least one summary sentence"),
        ({"document": "A.", "summary": "B."}, "not the layout of QAGS .*summary_sentences"),
        ({"article": "A.", "summary_sentences": ["B."]}, "not the layout of QAGS"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, line, message):
    path = written(tmp_path / "bad.jsonl", qags_line("A.", ("B.", "yyy")), line)
    with pytest.raises(ValueError, match=rf"bad.jsonl, line 2: .*{message}"):
        list(read_qags(path))
