"""No text, whatever it spells, becomes a special token or a second separator."""

from hypothesis import strategies as st

from quals_jax.text.qa_pairs import (
    decode_pair,
    encode_pair,
    question_source,
    split_pair,
    split_text,
)
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files

_TOKENIZERS = [Tokenizer.from_folder(golden_files.path(name)) for name in ("world_qagen", "bpe")]
_PARTS = st.sampled_from(
    [
        *("<s>", "</s>", "<pad>", "<unk>", "<mask>", "<|endoftext|>", "madeupword0000", "Ġ", "Ċ"),
        *(
            " strutConnector",
            "strutConnector",
            " strut",
            "Connector",
            " strut Connector",
            "\u0120strutConnector",
        ),
        *(
            " ",
            "\n",
            "\t",
            "\x00",
            "\u00a0",
            "\u200b",
            "\u202e",
            "e\u0301",
            "\U0001f600",
            "\ufeff",
            "?",
        ),
    ]
)
_TEXTS = st.lists(st.one_of(_PARTS, st.text(max_size=8)), max_size=12).map("".join)
_VALID = _TEXTS.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
_IDS = st.lists(
    st.one_of(st.sampled_from([0, 1, 2, 3, -4, -3, -2, -1]), st.integers(-5, 60_000)), max_size=20
)
INPUTS = st.tuples(st.integers(0, len(_TOKENIZERS) - 1), _VALID, _VALID, _IDS)


def check(case: tuple[int, str, str, list[int]]) -> None:
    """A question, an answer, and ids as a model may write them (below 0: from the end)."""
    number, question, answer, ids = case
    tokenizer = _TOKENIZERS[number]
    separator = tokenizer.separator_id
    special = {tokenizer.bos_id, tokenizer.pad_id, tokenizer.eos_id, tokenizer.unk_id}
    special |= {tokenizer.mask_id, separator}

    for text in (question, answer):
        source = tokenizer.encode_source(text)
        assert source[-1] == tokenizer.eos_id
        assert not special.intersection(source[:-1])
        assert tokenizer.decode(source) == text or len(source) > 1022
        respelled = tokenizer.break_separators(tokenizer.encode(text))
        assert respelled == source[:-1] or len(source) > 1022
    pair = encode_pair(tokenizer, question, answer)
    assert pair.count(separator) == 1
    assert decode_pair(tokenizer, pair) == (question, answer)
    asked = question_source(tokenizer, tokenizer.encode_source(question)[:-1], answer)
    assert asked.count(separator) == 1
    assert len(asked) <= 1024

    ids = [i if i >= 0 else tokenizer.vocab_size + i for i in ids]
    parts = split_pair(ids, separator, tokenizer.eos_id)
    whole = ids[:-1] if ids and ids[-1] == tokenizer.eos_id else ids
    assert (parts is None) == (whole.count(separator) != 1)
    if parts is not None:
        assert [*parts[0], separator, *parts[1]] == whole
    decoded = decode_pair(tokenizer, ids)
    if decoded is not None:
        assert split_text(" strutConnector".join(decoded)) in (decoded, None)
