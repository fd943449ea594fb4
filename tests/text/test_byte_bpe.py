import subprocess
import sys

import pytest

from quals_jax.text.byte_bpe import MIN_VOCAB_SIZE, train_byte_bpe
from quals_jax.text.qa_pairs import decode_pair, encode_pair
from quals_jax.text.tokenizer import Tokenizer

TEXTS = [
    f"{name} met {other} in {city}."
    for name in ("Ann", "Bob")
    for other in ("Carl", "Dora")
    for city in ("Rome", "Oslo", "Lima")
] * 2


def test_layout_is_that_of_bart():
    tokenizer = train_byte_bpe(TEXTS, 280)
    t = tokenizer
    assert (t.bos_id, t.pad_id, t.eos_id, t.unk_id) == (0, 1, 2, 3)
    assert t.vocab_size == 280
    assert (t.separator_id, t.mask_id) == (278, 279)


def test_text_and_pairs_survive():
    tokenizer = train_byte_bpe(TEXTS, 300)
    text = "Ann met Zoë 日本 strutConnector </s>\n"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    pair = ("Who met Bob?", "Ann strutConnector")
    assert decode_pair(tokenizer, encode_pair(tokenizer, *pair)) == pair
    assert len(tokenizer.encode("Ann met Bob")) < 6


def test_few_texts_give_a_smaller_vocabulary_with_the_reserved_tokens_last():
    tokenizer = train_byte_bpe(["ab ab"], 5000)
    assert tokenizer.vocab_size < 300
    assert tokenizer.separator_id == tokenizer.vocab_size - 2
    assert tokenizer.mask_id == tokenizer.vocab_size - 1


def test_result_depends_neither_on_process_nor_on_order(tmp_path):
    here = train_byte_bpe(TEXTS, 320)
    assert train_byte_bpe(TEXTS[::-1], 320).sha256 == here.sha256
    code = (
        "import sys; from quals_jax.text.byte_bpe import train_byte_bpe\n"
        "print(train_byte_bpe(sys.argv[1].split('|'), 320).sha256)"
    )
    command = [sys.executable, "-c", code, "|".join(TEXTS)]
    assert subprocess.check_output(command, text=True).strip() == here.sha256


def test_separator_in_the_texts_is_not_learned():
    tokenizer = train_byte_bpe([" strutConnector strutConnector"] * 9, 400)
    ids = tokenizer.encode("x strutConnector strutConnector")
    assert tokenizer.separator_id not in ids
    assert tokenizer.decode([tokenizer.separator_id]) == " strutConnector"
    assert tokenizer.decode(tokenizer.break_separators([tokenizer.separator_id])) == (
        " strutConnector"
    )


def test_saved_vocabulary_reads_back(tmp_path):
    tokenizer = train_byte_bpe(TEXTS, 290)
    tokenizer.save(tmp_path)
    assert Tokenizer.from_folder(tmp_path).sha256 == tokenizer.sha256


def test_too_small_a_vocabulary_is_refused():
    assert train_byte_bpe(TEXTS, MIN_VOCAB_SIZE).vocab_size == MIN_VOCAB_SIZE
    with pytest.raises(ValueError, match="vocab_size 261 is below 262"):
        train_byte_bpe(TEXTS, 261)
