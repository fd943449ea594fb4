"""QAGen's token sequences and data rules against the official code's recorded cases."""

import json
from collections import Counter

import pytest

from quals_jax.data.qa_example import QAExample
from quals_jax.data.qagen import (
    CUT_OFF,
    TOO_LONG,
    fitting_rows,
    qagen_ids,
    qagen_rows,
    source_answer_ids,
)
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files

DATA = golden_files.read_json("data.json")
TO_OURS = {int(k): v for k, v in json.loads(golden_files.read_text("bpe/gpt2_ids.json")).items()}
TO_GPT2 = {ours: gpt2 for gpt2, ours in TO_OURS.items()}


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_folder(golden_files.path("bpe"))


def name_of(case):
    return f"{case['max_len']}-{case.get('question', '')[:12]}-{case['answer'][:12]}"


def ours(gpt2_ids):
    return [TO_OURS[i] for i in gpt2_ids]


@pytest.mark.parametrize("case", DATA["format_question_answers_bpe"], ids=name_of)
def test_pair_sequences_are_those_recorded(tokenizer, case):
    ids = qagen_ids(
        tokenizer,
        case["source"],
        case["question"],
        case["answer"],
        max_tokens=case["max_len"],
        separator_id=TO_OURS[case["special_token"]],
    )
    if case["question_answer_bpe"] is None:
        assert ids is None
        source = tokenizer.encode_source(case["source"], case["max_len"] - 1)[:-1]
        assert source == ours(case["source_bpe"])
        return
    assert ids is not None
    assert ids.source == ours(case["source_bpe"])
    assert ids.source_text == case["source_text"]
    assert ids.target == ours(case["question_answer_bpe"])
    assert tokenizer.decode(ids.target) == case["question_answer_text"]
    assert len(tokenizer.encode(case["question"])) == case["n_question_bpe"]
    assert len(tokenizer.encode(case["answer"])) == case["n_answer_bpe"]


@pytest.mark.parametrize("case", DATA["format_question_answers_bpe"], ids=name_of)
def test_rows_fit_where_a_sequence_was_recorded(tokenizer, case):
    row = QAExample("a", case["source"], case["question"], case["answer"])
    kept = list(fitting_rows([row], tokenizer, max_tokens=case["max_len"]))
    assert kept == ([] if case["question_answer_bpe"] is None else [row])


@pytest.mark.parametrize("case", DATA["format_source_answers_bpe"], ids=name_of)
def test_source_and_answer_sequences_are_those_recorded(tokenizer, case):
    def build():
        return source_answer_ids(
            tokenizer, case["source"], case["answer"], max_tokens=case["max_len"]
        )

    if case.get("assertion_error"):
        with pytest.raises(ValueError, match="leave room for a source"):
            build()
        return
    ids, text = build()
    assert ids == ours(case["source_answer_bpe"])
    assert text == case["source_text"]


@pytest.fixture(scope="module")
def official_inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("official")
    for name, content in DATA["newsqa_squad_prepro"]["inputs"].items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("split", "written", "squad"),
    [
        ("train", "train", "train-v1.1.json"),
        ("validation", "val", "dev-v1.1.json"),
        ("test", "test", None),
    ],
)
def test_rows_of_newsqa_and_squad_are_those_the_official_code_writes(
    tokenizer, official_inputs, split, written, squad
):
    rows = qagen_rows(
        split,
        newsqa=official_inputs / "combined-newsqa-data-v1.json",
        squad=squad and official_inputs / squad,
    )
    files = {f"{written}.{kind}": "" for kind in ("source", "target", "bpe.source", "bpe.target")}
    for row in fitting_rows(rows, tokenizer):
        ids = qagen_ids(tokenizer, row.context, row.question, row.answer)
        assert ids is not None
        escaped = ids.source_text.encode("unicode-escape").decode().replace("\\\\", "\\")
        for kind, text in (
            ("source", escaped),
            ("target", tokenizer.decode(ids.target)),
            ("bpe.source", " ".join(str(TO_GPT2[i]) for i in ids.source)),
            ("bpe.target", " ".join(str(TO_GPT2[i]) for i in ids.target)),
        ):
            files[f"{written}.{kind}"] += text + "\n"
    recorded = DATA["newsqa_squad_prepro"]["outputs"]
    assert files == {name: recorded[name] for name in files}


def test_every_recorded_file_is_compared():
    names = set(DATA["newsqa_squad_prepro"]["outputs"])
    kinds = ("source", "target", "bpe.source", "bpe.target")
    assert names == {f"{split}.{kind}" for split in ("train", "val", "test") for kind in kinds}


def test_dropped_rows_are_counted_by_reason(tokenizer, official_inputs):
    drops = Counter()
    rows = qagen_rows(
        "train",
        newsqa=official_inputs / "combined-newsqa-data-v1.json",
        squad=official_inputs / "train-v1.1.json",
    )
    kept = list(fitting_rows(rows, tokenizer, drops=drops))
    assert len(kept) == 8
    assert drops == {CUT_OFF: 2, TOO_LONG: 1}


def test_answers_are_kept_up_to_the_cut(tokenizer):
    """Answers of a context are judged by that context, also when contexts alternate."""
    long, short = "Frank met Bob in London on Friday.", "Bob met Frank."
    rows = [
        QAExample("a", long, "Who?", "Bob", 13),
        QAExample("b", short, "Who?", "Frank", 13),
        QAExample("c", long, "Where?", "London", 23),
        QAExample("d", short, "Who?", "Frank.", 14),
        QAExample("e", long, "When?", "Friday", None),
    ]
    cut = tokenizer.decode(tokenizer.encode_source(long, 5))
    assert cut == "Frank met Bob in London"
    kept = fitting_rows(rows, tokenizer, max_tokens=6)
    assert [row.id for row in kept] == ["a", "b", "e"]


def test_splits_are_checked(tmp_path):
    with pytest.raises(ValueError, match="split 'val': expected one of train, validation, test"):
        list(qagen_rows("val"))
    with pytest.raises(ValueError, match="test data has no SQuAD"):
        list(qagen_rows("test", squad=tmp_path))
