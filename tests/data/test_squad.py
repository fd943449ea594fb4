import gzip
import json
import lzma

import pytest

from quals_jax.data.qa_example import QAExample
from quals_jax.data.squad import read_squad

CONTENT = {
    "version": "1.1",
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": " Zoë lives in Rome. ",
                    "qas": [
                        {
                            "id": "q1",
                            "question": " Where? ",
                            "answers": [
                                {"text": "Rome", "answer_start": 14},
                                {"text": "in Rome", "answer_start": 11},
                                {"text": "Rome", "answer_start": 14},
                            ],
                        },
                        {"id": "q2", "question": "Why?", "answers": []},
                    ],
                }
            ],
        }
    ],
}
ROWS = [
    QAExample("q1", " Zoë lives in Rome. ", "Where?", "Rome"),
    QAExample("q1#1", " Zoë lives in Rome. ", "Where?", "in Rome"),
]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("dev.json", bytes),
        ("dev.json.gz", gzip.compress),
        ("dev.json.xz", lzma.compress),
        ("bom.json", lambda raw: b"\xef\xbb\xbf" + raw),
    ],
)
def test_rows_are_distinct_answers_of_plain_and_compressed_files(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(json.dumps(CONTENT).encode()))
    assert list(read_squad(tmp_path / name)) == ROWS


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"[1]", "expected SQuAD's layout"),
        (b'{"data": [{"title": "t"}]}', r"data\[0\]: no paragraphs"),
        (b'{"data": [{"paragraphs": [{"qas": []}, {"qas": 3}]}]}', r"data\[0\].paragraphs\[1\]"),
        (b'{"data": [', r"file.json, line 1, column 11: not JSON"),
        (b'{"data": "\xff"}', "byte 10 is not UTF-8"),
        (gzip.compress(b'{"data": []}')[:-9], "the compressed file is damaged"),
        (lzma.compress(b'{"data": []}')[:-9], "the compressed file is damaged"),
    ],
)
def test_broken_files_are_named_with_the_place(tmp_path, raw, message):
    (tmp_path / "file.json").write_bytes(raw)
    with pytest.raises(ValueError, match=message):
        list(read_squad(tmp_path / "file.json"))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.json: no such file"):
        list(read_squad(tmp_path / "none.json"))
