"""The tokenizer against the official code's recorded ids, and against hostile text and files."""

import json
import shutil

import pytest

from quals_jax.text.bpe_files import byte_characters
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files

BPE = golden_files.path("bpe")
DATA = golden_files.read_json("data.json")
E2E = golden_files.read_json("e2e.json")


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_folder(BPE)


@pytest.mark.parametrize("case", DATA["bpe"], ids=lambda case: repr(case["text"][:20]))
def test_ids_and_text_agree_with_the_official_tokenizer(tokenizer, case):
    ids = tokenizer.encode(case["text"])
    assert [*ids, 2] == case["dictionary_ids_with_eos"]
    gpt2 = json.loads(golden_files.read_text("bpe/gpt2_ids.json"))
    assert [gpt2[str(i)] for i in case["gpt2_ids"]] == ids
    assert tokenizer.decode(case["dictionary_ids_with_eos"]) == case["decoded"]


@pytest.mark.parametrize("case", E2E["hub_encode"], ids=lambda case: repr(case["text"][:20]))
def test_source_ids_agree_with_the_official_hub(tokenizer, case):
    ids = tokenizer.encode_source(case["text"], keep_separator=True)
    assert ids == case["encode_no_bos"]
    assert (
        tokenizer.encode_source(case["text"], keep_separator=True, add_bos=True) == (case["encode"])
    )
    assert tokenizer.decode(ids) == case["decode_of_no_bos"]


@pytest.mark.parametrize("case", E2E["hub_decode"], ids=lambda case: str(case["tokens"]))
def test_decoding_agrees_with_the_official_hub(tokenizer, case):
    if "exception" in case:
        with pytest.raises(ValueError, match="has no text"):
            tokenizer.decode_sentences(case["tokens"])
        return
    sentences = tokenizer.decode_sentences(case["tokens"])
    expected = case["decoded"]
    assert sentences == (expected if isinstance(expected, list) else [expected])
    assert tokenizer.decode(case["tokens"]) == "".join(sentences)


def test_recorded_generations_decode_to_the_recorded_text(tokenizer):
    lines = golden_files.read_text("e2e/qas/test.target.hypo.beam60.qas").splitlines()
    checked = 0
    for line in lines:
        for summary in json.loads(line):
            for text, ids in zip(summary["qa"], summary["toks"], strict=True):
                assert tokenizer.decode(ids) == text
                checked += 1
    assert checked > 1000


def test_sizes_and_special_ids_are_those_of_bart(tokenizer):
    t = tokenizer
    assert (t.bos_id, t.pad_id, t.eos_id, t.unk_id, t.mask_id) == (0, 1, 2, 3, 50264)
    assert t.separator_id == 50259
    assert t.vocab_size == 50265


def test_batch_equals_single_texts(tokenizer):
    texts = [case["text"] for case in DATA["bpe"]]
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]


@pytest.mark.parametrize("name", ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "madeupword0000"])
def test_names_of_special_tokens_are_plain_text(tokenizer, name):
    for text in (name, f"a {name} b", f"a{name}{name}"):
        ids = tokenizer.encode(text)
        assert not {0, 1, 2, 3, 50261, 50264} & set(ids)
        assert tokenizer.decode(ids) == text


def test_source_never_holds_the_separator(tokenizer):
    text = "Who? strutConnectorBob strutConnector  strutConnectors"
    ids = tokenizer.encode_source(text)
    assert 50259 in tokenizer.encode(text)
    assert 50259 not in ids
    assert tokenizer.decode(ids) == text
    assert tokenizer.encode_source("Who strutConnectorBob") == [
        *tokenizer.encode("Who"),
        *tokenizer.encode(" strut"),
        *tokenizer.encode("Connector"),
        *tokenizer.encode("Bob"),
        2,
    ]


def test_source_is_cut_after_the_separator_is_broken_up(tokenizer):
    text = " strutConnector" * 30
    assert len(tokenizer.encode_source(text, 20)) == 21
    assert len(tokenizer.encode_source(text, 20, add_bos=True)) == 22


def test_every_byte_survives(tokenizer):
    text = "".join(map(chr, range(256))) + "\u2028\ufeff\U0001f600"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_cut_characters_become_replacement_characters(tokenizer):
    first, second, *_ = tokenizer.encode("日本")
    assert tokenizer.decode([first, second]) == "日"
    assert tokenizer.decode([first]) == "\ufffd"
    assert tokenizer.decode([second, 4]) == "\ufffd."


def test_pieces_show_every_id(tokenizer):
    first = tokenizer.encode("日")[0]
    assert tokenizer.pieces([0, 31414, 232, first, 2, 1, 3, 50264, 49999]) == (
        ["<s>", "Hello", " world", "\ufffd", "</s>", "<pad>", "<unk>", "<mask>", "<49999>"]
    )


def test_lone_surrogates_and_other_types_are_refused(tokenizer):
    with pytest.raises(ValueError, match="character 1 is a lone surrogate"):
        tokenizer.encode("a\ud800")
    with pytest.raises(ValueError, match="lone surrogate"):
        tokenizer.encode_batch(["a", "\udfff"])
    with pytest.raises(TypeError, match="expected text as str, got NoneType"):
        tokenizer.encode(None)


def test_word_starts_are_marked(tokenizer):
    ids = tokenizer.encode("Hello world health")
    assert tokenizer.starts_word_V[ids].tolist() == [False, True, True]
    assert tokenizer.starts_word_V.shape == (50265,)


def test_saved_folder_gives_the_same_tokenizer_byte_for_byte(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "a")
    for name, kept in (("json", "tokenizer.json"), ("two", "vocab.json merges.txt")):
        folder = tmp_path / name
        folder.mkdir()
        for file in kept.split():
            shutil.copy(tmp_path / "a" / file, folder)
        again = Tokenizer.from_folder(folder)
        assert again.sha256 == tokenizer.sha256
        again.save(tmp_path / f"{name}_saved")
        for path in (tmp_path / "a").iterdir():
            assert (tmp_path / f"{name}_saved" / path.name).read_bytes() == path.read_bytes()


def test_transformers_reads_the_saved_folder_with_the_same_ids(tokenizer, tmp_path):
    from transformers import BartTokenizer

    tokenizer.save(tmp_path, max_tokens=512)
    theirs = BartTokenizer.from_pretrained(tmp_path)
    # Hugging Face takes the names of special tokens in text for the tokens; we do not.
    texts = [case["text"] for case in DATA["bpe"] if "<s>" not in case["text"]]
    for text in texts:
        assert theirs(text)["input_ids"] == [0, *tokenizer.encode(text), 2]
    assert theirs("a <mask>")["input_ids"] == [0, 102, 50264, 2]
    assert theirs.model_max_length == 512
    assert theirs.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]


def test_fairseq_files_give_the_same_tokenizer(tmp_path):
    """A small archive in fairseq's three files, and the same tokens in Hugging Face's two."""
    names = [*sorted(byte_characters()), "he", "Ġhe"]
    (tmp_path / "encoder.json").write_text(json.dumps({name: i for i, name in enumerate(names)}))
    order = list(reversed(range(len(names))))
    lines = [f"{i} {1000 - k}" for k, i in enumerate(order)] + ["madeupword0000 0"]
    (tmp_path / "dict.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "vocab.bpe").write_text("#version: 0.2\nh e\nĠ he\n")
    tokenizer = Tokenizer.from_folder(tmp_path)
    assert tokenizer.encode("he he") == [4 + order.index(256), 4 + order.index(257)]
    assert tokenizer.vocab_size == 4 + 258 + 1 + 1
    assert tokenizer.mask_id == tokenizer.vocab_size - 1
    tokenizer.save(tmp_path / "saved")
    assert Tokenizer.from_folder(tmp_path / "saved").sha256 == tokenizer.sha256
    (tmp_path / "dict.txt").write_text("9999 1\n")
    with pytest.raises(ValueError, match=r"dict.txt, line 1: GPT-2 id '9999'"):
        Tokenizer.from_folder(tmp_path)


def test_sha256_sees_every_change(tokenizer, tmp_path):
    vocab = json.loads((BPE / "vocab.json").read_text())
    vocab["."], vocab[","] = vocab[","], vocab["."]
    (tmp_path / "vocab.json").write_text(json.dumps(vocab))
    shutil.copy(BPE / "merges.txt", tmp_path)
    assert Tokenizer.from_folder(tmp_path).sha256 != tokenizer.sha256


def test_folder_without_tokenizer_files_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no tokenizer files.*no folder"):
        Tokenizer.from_folder(tmp_path / "none")
    shutil.copy(BPE / "vocab.json", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"vocab\.json.*give a folder with tokenizer\.json"):
        Tokenizer.from_folder(tmp_path)


def broken_vocab(folder, change):
    vocab = json.loads((BPE / "vocab.json").read_text())
    change(vocab)
    (folder / "vocab.json").write_text(json.dumps(vocab))
    shutil.copy(BPE / "merges.txt", folder)


def test_vocabulary_of_another_kind_is_refused(tmp_path):
    broken_vocab(tmp_path, lambda vocab: vocab.pop("Ġ"))
    with pytest.raises(ValueError, match=r"vocab.json: not a byte-level BPE .*first \['Ġ'\]"):
        Tokenizer.from_folder(tmp_path)
    broken_vocab(tmp_path, lambda vocab: vocab.pop("Ġthe"))
    with pytest.raises(ValueError, match=r"needs the token 'Ġthe'.*do not belong together"):
        Tokenizer.from_folder(tmp_path)
    broken_vocab(tmp_path, lambda vocab: vocab.update({"Ġthe": 4}))
    with pytest.raises(ValueError, match="ids must be distinct"):
        Tokenizer.from_folder(tmp_path)


def test_cut_files_are_refused(tmp_path):
    broken_vocab(tmp_path, lambda vocab: None)
    merges = (BPE / "merges.txt").read_text().splitlines(keepends=True)
    (tmp_path / "merges.txt").write_text("".join(merges[: len(merges) // 2]))
    with pytest.raises(ValueError, match="merges are cut short"):
        Tokenizer.from_folder(tmp_path)
    (tmp_path / "merges.txt").write_text("".join(merges[:9]) + "Ġlonely\n")
    with pytest.raises(ValueError, match=r"merges.txt, line 10: expected two tokens"):
        Tokenizer.from_folder(tmp_path)
    text = (BPE / "vocab.json").read_text()
    (tmp_path / "vocab.json").write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match=r"vocab.json: not a UTF-8 JSON file"):
        Tokenizer.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["model"].update(type="WordPiece"), "not a BPE tokenizer"),
        (lambda content: content.update(normalizer={"type": "Lowercase"}), "no normalizer"),
        (lambda content: content.update(pre_tokenizer=None), "expected the pre-tokenizer"),
        (lambda content: content["pre_tokenizer"].update(add_prefix_space=True), "prefix_space"),
    ],
)
def test_tokenizer_json_of_another_kind_is_refused(tokenizer, tmp_path, change, message):
    tokenizer.save(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    change(content)
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        Tokenizer.from_folder(tmp_path)


def test_merges_written_as_strings_are_read(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    content["model"]["merges"] = [" ".join(merge) for merge in content["model"]["merges"]]
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    assert Tokenizer.from_folder(tmp_path).sha256 == tokenizer.sha256
