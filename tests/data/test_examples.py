from collections import Counter

import numpy as np
import pytest

from quals_jax.data.examples import (
    Limits,
    contrast_examples,
    pair_examples,
    qa_examples,
    text_examples,
)
from quals_jax.data.qa_example import QAExample
from quals_jax.text.byte_bpe import train_byte_bpe
from quals_jax.text.qa_pairs import encode_pair


@pytest.fixture(scope="module")
def tokenizer():
    return train_byte_bpe(["Ann lives in Rome. Bob lives in Oslo, far away."] * 3, 280)


def rows(*triples):
    return [QAExample(f"q{i}", *triple) for i, triple in enumerate(triples)]


ROME = ("Ann lives in Rome.", "Where is Ann?", "Rome")
WHO = ("Ann lives in Rome.", "Who?", "Ann")
OSLO = ("Bob lives in Oslo.", "Where is Bob?", "Oslo")


def test_questions_about_one_text_share_its_source(tokenizer):
    examples = qa_examples(rows(ROME, OSLO, WHO), tokenizer, Limits())
    assert [e.id for e in examples] == ["q0", "q1"]
    assert [len(e.targets) for e in examples] == [2, 1]
    assert examples[0].source == [*tokenizer.encode("Ann lives in Rome."), tokenizer.eos_id]
    assert encode_pair(tokenizer, "Where is Ann?", "Rome") in examples[0].targets


def test_many_questions_are_split_evenly_into_targets_of_like_length(tokenizer):
    many = rows(*[("A text.", "why " * n, "x") for n in (5, 1, 4, 2, 3)])
    examples = qa_examples(many, tokenizer, Limits(max_targets=3))
    assert [e.id for e in examples] == ["q0#0", "q0#1"]
    lengths = [[len(t) for t in e.targets] for e in examples]
    assert sorted(map(len, lengths)) == [2, 3]
    assert max(lengths[0]) <= min(lengths[1])


def test_long_sources_are_cut_and_long_targets_dropped_and_counted(tokenizer):
    drops = Counter()
    limits = Limits(max_source_tokens=6, max_target_tokens=12)
    long = ("Ann lives in Rome.", "Where in the whole wide world is Ann?", "Rome")
    [example] = qa_examples(rows(WHO, long), tokenizer, limits, drops)
    assert len(example.source) == 6
    assert example.source[-1] == tokenizer.eos_id
    assert len(example.targets) == 1
    assert drops == {"target too long": 1, "source cut": 1}


def test_a_text_that_names_the_separator_has_no_separator_token(tokenizer):
    text = "A strutConnector joins."
    [example] = qa_examples(rows((text, "What joins?", "A")), tokenizer, Limits())
    assert tokenizer.separator_id not in example.source
    assert tokenizer.decode(example.source) == text


def test_documents_and_summaries_become_pairs(tokenizer):
    drops = Counter()
    limits = Limits(max_target_tokens=4)
    pairs = [("a", "Ann lives in Rome.", "Ann"), ("b", "Bob.", "Bob lives in Oslo, far away.")]
    [example] = pair_examples(pairs, tokenizer, limits, drops)
    assert example.id == "a"
    assert tokenizer.decode(example.source) == "Ann lives in Rome."
    assert [tokenizer.decode(t) for t in example.targets] == ["Ann"]
    assert drops["target too long"] == 1


def test_contrasts_are_two_targets_and_a_missing_summary_is_an_empty_one(tokenizer):
    drops = Counter()
    rows = [
        ("both", "Ann lives in Rome.", "Ann", "Bob"),
        ("like", "Bob lives.", "Bob", None),
        ("unlike", "Ann lives.", None, "Oslo"),
        ("empty", "Ann.", "", "Oslo"),
        ("long negative", "Ann.", "Ann", "Bob lives in Oslo, far away."),
        ("only too long", "Ann.", None, "Bob lives in Oslo, far away."),
    ]
    examples = contrast_examples(rows, tokenizer, Limits(max_target_tokens=5), drops)
    ann, bob, oslo = ([*tokenizer.encode(s), tokenizer.eos_id] for s in ("Ann", "Bob", "Oslo"))
    eos = [tokenizer.eos_id]
    assert {e.id: e.targets for e in examples} == {
        "both": [ann, bob],
        "like": [bob, []],
        "unlike": [[], oslo],
        "empty": [eos, oslo],  # a summary without words is a summary
        "long negative": [ann, []],
    }
    assert tokenizer.decode(examples[0].source) == "Ann lives in Rome."
    assert drops["negative too long"] == 2
    assert drops["positive too long"] == 0


def test_plain_text_is_cut_into_pieces_that_join_to_the_text(tokenizer):
    text = "Ann lives in Rome. " * 9
    pieces = text_examples([("a", text), ("b", "x")], tokenizer, max_tokens=40)
    assert [p.id for p in pieces] == [f"a#{i}" for i in range(len(pieces))]
    lengths = [len(p.ids) for p in pieces]
    assert max(lengths) <= 40
    assert max(lengths) - min(lengths) <= 1
    assert tokenizer.decode(np.concatenate([p.ids for p in pieces])) == text


def test_limits_without_room_are_refused():
    with pytest.raises(ValueError, match="max_targets=0"):
        Limits(max_targets=0)
