import json

import pytest

from quals_jax.text.byte_bpe import train_byte_bpe
from quals_jax.text.qa_pairs import SEPARATOR, decode_pair, encode_pair, split_pair, split_text
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_folder(golden_files.path("bpe"))


def test_pair_ids_are_question_separator_answer_end(tokenizer):
    ids = encode_pair(tokenizer, "Who?", "Bob")
    assert ids == [12375, 116, 50259, 25158, 2]
    assert decode_pair(tokenizer, ids) == ("Who?", "Bob")
    assert tokenizer.decode(ids) == f"Who?{SEPARATOR}Bob"


@pytest.mark.parametrize("pair", [("", ""), ("Who?", ""), ("", "Bob"), ("Who? ", " Bob, 日本\n")])
def test_pairs_survive_encoding(tokenizer, pair):
    assert decode_pair(tokenizer, encode_pair(tokenizer, *pair)) == pair


def test_separator_inside_a_pair_does_not_split_it(tokenizer):
    pair = (f"What is{SEPARATOR}?", f"a{SEPARATOR}")
    ids = encode_pair(tokenizer, *pair)
    assert ids.count(50259) == 1
    assert decode_pair(tokenizer, ids) == pair


def test_another_separator_id_can_be_named(tokenizer):
    ids = encode_pair(tokenizer, "Who?", "Bob", separator_id=71)
    assert ids == [12375, 116, 71, 25158, 2]
    assert decode_pair(tokenizer, ids) is None
    assert decode_pair(tokenizer, ids, separator_id=71) == ("Who?", "Bob")


def test_only_exactly_one_separator_makes_a_pair():
    assert split_pair([5, 9, 6, 7, 2], 9, 2) == ([5], [6, 7])
    assert split_pair([5, 9, 6, 7], 9, 2) == ([5], [6, 7])
    assert split_pair([9, 2], 9, 2) == ([], [])
    for ids in ([], [2], [5, 6, 2], [9, 9, 2], [5, 9, 6, 9, 7, 2]):
        assert split_pair(ids, 9, 2) is None


def test_ids_without_text_make_no_pair(tokenizer):
    assert decode_pair(tokenizer, [12375, 50259, 1, 2]) is None
    assert decode_pair(tokenizer, [50261, 50259, 25158, 2]) is None


def test_missing_separator_token_is_named(tmp_path):
    tokenizer = train_byte_bpe(["a b"], 300)
    tokenizer.separator_id = None
    with pytest.raises(ValueError, match="no token for ' strutConnector'"):
        encode_pair(tokenizer, "a", "b")


def test_recorded_pairs_split_alike_by_ids_and_by_text(tokenizer):
    lines = golden_files.read_text("e2e/qas/test.target.hypo.beam60.qas").splitlines()
    pairs = none = 0
    for line in lines:
        for summary in json.loads(line):
            for text, ids in zip(summary["qa"], summary["toks"], strict=True):
                assert decode_pair(tokenizer, ids) == split_text(text)
                pairs += split_text(text) is not None
                none += split_text(text) is None
    counts = json.loads(golden_files.read_json("e2e.json")["log"][1].split(";")[0].split(":")[1])
    assert pairs == sum(counts)
    assert none > 0
