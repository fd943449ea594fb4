import dataclasses
import json
import lzma

import pytest

from train.config import ContrastData, SummaryData, TextData, TokenizerConfig
from train.inputs import load_inputs
from train.sources import contrast_rows, qa_rows, summary_rows, text_rows


def write_rows(path, rows):
    with lzma.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def test_rows_files_may_be_compressed_and_need_no_id(tmp_path):
    path = tmp_path / "rows.jsonl.xz"
    write_rows(path, [{"text": "One.", "id": "a"}, {"text": "Two."}])
    assert list(text_rows(f"rows:{path}")) == [("a", "One."), ("line-2", "Two.")]


def test_a_row_without_its_field_is_named_by_file_and_line(tmp_path):
    path = tmp_path / "rows.jsonl.xz"
    write_rows(path, [{"document": "D", "summary": "S"}, {"document": "D", "sumary": "S"}])
    with pytest.raises(ValueError, match=r"line 2: no text in 'summary' .*document, sumary"):
        list(summary_rows(f"rows:{path}"))


def test_squad_files_and_the_world_give_questions(tmp_path):
    qa = {"id": "q", "question": " Who? ", "answers": [{"text": "Ann", "answer_start": 0}]}
    content = {"data": [{"paragraphs": [{"context": "Ann is here.", "qas": [qa]}]}]}
    (tmp_path / "squad.json").write_text(json.dumps(content))
    [row] = qa_rows(f"squad:{tmp_path / 'squad.json'}")
    assert (row.context, row.question, row.answer) == ("Ann is here.", "Who?", "Ann")
    assert len(list(qa_rows("world:3:7"))) > 3
    assert list(qa_rows("world:3:7")) != list(qa_rows("world:3:8"))


def test_a_contrast_may_lack_one_of_its_summaries_but_not_both(tmp_path):
    path = tmp_path / "rows.jsonl.xz"
    rows = [
        {"id": "a", "document": "D", "positive": "P", "negative": "N", "positive_score": -0.1},
        {"id": "b", "document": "D", "positive": "P", "negative": None},
        {"id": "c", "document": "D", "negative": "N"},
    ]
    write_rows(path, rows)
    found = [("a", "D", "P", "N"), ("b", "D", "P", None), ("c", "D", None, "N")]
    assert list(contrast_rows(f"rows:{path}")) == found
    write_rows(path, [*rows, {"id": "d", "document": "D", "positive": None, "negative": None}])
    with pytest.raises(ValueError, match=r"row d: both 'positive' and 'negative' are null"):
        list(contrast_rows(f"rows:{path}"))
    write_rows(path, [{"id": "e", "document": "D", "positive": ["P"], "negative": "N"}])
    with pytest.raises(ValueError, match="line 1: no text in 'positive'"):
        list(contrast_rows(f"rows:{path}"))


@pytest.mark.parametrize("source", ["nothing", "web:page", "rows"])
def test_an_unknown_source_lists_the_known_ones(source):
    with pytest.raises(ValueError, match="expected one of squad:"):
        qa_rows(source)


def test_a_learned_tokenizer_is_kept_in_the_workdir(tiny_experiment, tmp_path):
    first = load_inputs(tiny_experiment, tmp_path)
    assert first.tokenizer.vocab_size == 300
    other = dataclasses.replace(
        tiny_experiment, tokenizer=TokenizerConfig(folder=str(tmp_path / "tokenizer"))
    )
    again = load_inputs(other, tmp_path / "elsewhere")
    assert again.tokenizer.sha256 == first.tokenizer.sha256
    assert again.train.sha256 == first.train.sha256
    assert load_inputs(tiny_experiment, tmp_path).tokenizer.sha256 == first.tokenizer.sha256


def test_the_digest_of_the_data_follows_its_tokens(tiny_experiment, tmp_path):
    first = load_inputs(tiny_experiment, tmp_path).train
    data = dataclasses.replace(tiny_experiment.data, train=("world:12:9",))
    other = load_inputs(dataclasses.replace(tiny_experiment, data=data), tmp_path).train
    assert first.sha256 != other.sha256


def test_denoising_noise_differs_between_epochs_and_not_between_runs(tiny_experiment, tmp_path):
    data = TextData(train=("world:5:1",), max_tokens=60)
    experiment = dataclasses.replace(tiny_experiment, data=data)
    one, two = (load_inputs(experiment, tmp_path).train for _ in range(2))
    sources = [d.example(3, epoch).source.tolist() for d in (one, two) for epoch in (0, 1)]
    assert sources[:2] == sources[2:]
    assert sources[0] != sources[1]
    assert one.lengths[3].tolist() == [len(one.example(3, 0).targets[0]), 1, one.lengths[3][0]]


def test_summaries_are_one_target_each(tiny_experiment, tmp_path):
    experiment = dataclasses.replace(tiny_experiment, data=SummaryData(train=("world:5:1",)))
    inputs = load_inputs(experiment, tmp_path)
    assert len(inputs.train) == 5
    assert inputs.train.lengths[:, 1].tolist() == [1] * 5
    assert inputs.dev is None


def test_no_rows_and_no_tokenizer_are_errors(tiny_experiment, tmp_path):
    empty = dataclasses.replace(tiny_experiment, data=TextData(train=("world:0",)))
    named = dataclasses.replace(tiny_experiment, tokenizer=TokenizerConfig())
    with pytest.raises(ValueError, match="no training examples in world:0"):
        load_inputs(empty, tmp_path)
    with pytest.raises(ValueError, match="learn_vocab_size or init_from"):
        load_inputs(named, tmp_path)


def contrast_experiment(tiny_experiment, tmp_path, num_rows=12, **options):
    path = tmp_path / "contrasts.jsonl.xz"
    rows = [
        {"id": f"c{i}", "document": f"Fire {i}.", "positive": f"Fire {i}.", "negative": "No."}
        for i in range(num_rows)
    ]
    write_rows(path, rows)
    data = ContrastData(train=(f"rows:{path}",), **options)
    return dataclasses.replace(tiny_experiment, data=data)


def test_references_are_their_share_of_an_epoch_and_others_in_the_next(tiny_experiment, tmp_path):
    experiment = contrast_experiment(
        tiny_experiment, tmp_path, references=("world:30:1",), reference_share=0.25
    )
    data = load_inputs(experiment, tmp_path).train
    assert len(data) == 12 + 4
    epochs = [[data.example(i, epoch) for i in range(len(data))] for epoch in (0, 1, 0)]
    ids = [[e.id for e in examples[12:]] for examples in epochs]
    assert ids[0] == ids[2] != ids[1]
    assert len({*ids[0], *ids[1]}) > 4
    for examples in epochs:
        assert [e.id for e in examples[:12]] == [f"c{i}" for i in range(12)]
        for example, bound in zip(examples, data.lengths.tolist(), strict=True):
            assert len(example.targets) == 2 == bound[1]
            assert len(example.source) <= bound[0]
            assert max(map(len, example.targets)) <= bound[2]
        assert all(e.targets[0] and not e.targets[1] for e in examples[12:])


def test_few_references_stand_in_an_epoch_equally_often(tiny_experiment, tmp_path):
    experiment = contrast_experiment(
        tiny_experiment, tmp_path, references=("world:3:1",), reference_share=0.5
    )
    data = load_inputs(experiment, tmp_path).train
    ids = [data.example(i, 0).id for i in range(12, 24)]
    assert sorted(ids.count(name) for name in set(ids)) == [4, 4, 4]


def test_contrasts_are_judged_on_plain_summaries(tiny_experiment, tmp_path):
    experiment = contrast_experiment(tiny_experiment, tmp_path, dev=("world:3:2",))
    inputs = load_inputs(experiment, tmp_path)
    assert inputs.train.lengths[:, 1].tolist() == [2] * 12
    assert inputs.dev.lengths[:, 1].tolist() == [1] * 3
    none = contrast_experiment(
        tiny_experiment, tmp_path, references=("world:0",), reference_share=0.5
    )
    with pytest.raises(ValueError, match=r"none of data\.references fits"):
        load_inputs(none, tmp_path)
