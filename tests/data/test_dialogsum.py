import json

import pytest

from quals_jax.data.dialogsum import read_dialogsum


def test_dialogues_with_one_and_with_three_summaries(tmp_path):
    rows = [
        {
            "fname": "train_0",
            "dialogue": "#Person1#: Hi.\n#Person2#: Hi.",
            "summary": "Hello.",
        },
        {"fname": "test_0", "dialogue": "#Person1#: Bye.", "summary1": "One.", "summary2": "Two."},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert list(read_dialogsum(path)) == [
        ("train_0", "#Person1#: Hi.\n#Person2#: Hi.", "Hello."),
        ("test_0", "#Person1#: Bye.", "One."),
    ]


def test_a_row_without_a_dialogue_is_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"fname": "a", "text": "x", "summary": "y"}\n')
    with pytest.raises(ValueError, match=r"rows.jsonl, line 1: expected fname, dialogue"):
        list(read_dialogsum(path))
