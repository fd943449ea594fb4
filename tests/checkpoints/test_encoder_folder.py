import dataclasses
import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.encoder_folder import (
    is_encoder_folder,
    load_encoder_folder,
    save_encoder_folder,
)
from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.checkpoints.settings import EncoderSettings
from quals_jax.checkpoints.weight_file import CheckpointError, read_safetensors, write_safetensors
from quals_jax.models.bert import bind, init_params, segment_of
from quals_jax.text.pair_tokenizer import join_pair
from tests import golden_files, tolerances
from tests.checkpoints import write_encoder

RECORDED = golden_files.read_json("bert/tiny.json")


@pytest.fixture(params=["span", "classification"])
def name(request):
    return request.param


@pytest.fixture
def folder(name, tmp_path):
    """A copy of a model that transformers wrote."""
    return shutil.copytree(golden_files.path(f"bert/{name}"), tmp_path / name)


def batch(model, cases):
    """All pairs in one batch, padded on the right."""
    firsts, seconds = (
        model.tokenizer.encode_with_offsets([case[side] for case in cases])
        for side in ("first", "second")
    )
    rows = [
        join_pair(model.tokenizer, first.ids, second.ids)
        for first, second in zip(firsts, seconds, strict=True)
    ]
    src_BS = np.full((len(rows), max(map(len, rows))), model.config.pad_id)
    for row, ids in zip(src_BS, rows, strict=True):
        row[: len(ids)] = ids
    return src_BS, [
        (first.offsets, second.offsets) for first, second in zip(firsts, seconds, strict=True)
    ]


def logits(model, src_BS):
    @jax.jit
    def run(params, src_BS):
        bert = bind(model.config, params)
        hidden = bert.encode(src_BS, src_BS != model.config.pad_id)
        if model.config.head == "classification":
            return (bert.class_logits(hidden),)
        return bert.span_logits(hidden)

    return [np.asarray(values) for values in run(model.params, jnp.asarray(src_BS))]


def assert_same(model, cases):
    src_BS, offsets = batch(model, cases)
    segments_BS = segment_of(jnp.asarray(src_BS), model.config.sep_id)
    found = logits(model, src_BS)
    for row, case in enumerate(cases):
        size = len(case["ids"])
        assert src_BS[row, :size].tolist() == case["ids"]
        assert (src_BS[row, size:] == model.config.pad_id).all()
        assert segments_BS[row, :size].tolist() == case["segments"]
        first, second = offsets[row]
        expected = [tuple(pair) for pair in case["offsets"]]
        assert expected == [(0, 0), *first, (0, 0), *second, (0, 0)]
        names = ("start_logits", "end_logits") if "start_logits" in case else ("logits",)
        for name, values in zip(names, found, strict=True):
            actual = values[row, :size] if len(names) == 2 else values[row]
            np.testing.assert_allclose(actual, case[name], atol=tolerances.HUGGING_FACE_LOGITS)


def test_tokens_and_logits_of_models_written_by_transformers_are_pytorchs(name):
    model = load_encoder_folder(golden_files.path(f"bert/{name}"))
    assert model.config.head == name
    assert model.config.labels == (("CORRECT", "INCORRECT") if name == "classification" else ())
    assert_same(model, RECORDED[name])


def test_pytorch_reads_our_folder_with_its_own_tokenizer(tmp_path):
    write_encoder.write(tmp_path / "model")
    recorded = golden_files.read_json("bert/export.json")["pairs"]
    # transformers leaves the blank before a word out of its offsets.
    model = load_encoder_folder(tmp_path / "model")
    src_BS, _ = batch(model, recorded)
    start_BS, end_BS = logits(model, src_BS)
    for row, case in enumerate(recorded):
        size = len(case["ids"])
        assert src_BS[row, :size].tolist() == case["ids"]
        for values, kind in ((start_BS, "start_logits"), (end_BS, "end_logits")):
            np.testing.assert_allclose(
                values[row, :size], case[kind], atol=tolerances.HUGGING_FACE_LOGITS
            )


def test_a_folder_comes_back_as_it_was_saved(folder, tmp_path):
    model = load_encoder_folder(folder)
    settings = EncoderSettings(max_tokens=50, training_data="made up")
    written = save_encoder_folder(
        tmp_path / "ours", model.config, model.params, model.tokenizer, settings
    )
    again = load_encoder_folder(tmp_path / "ours")
    assert again.config == model.config
    assert again.settings == written
    assert again.settings.max_tokens == 50
    assert again.tokenizer.sha256 == model.tokenizer.sha256
    jax.tree.map(np.testing.assert_array_equal, again.params, model.params)
    # Ours, so it may be replaced; that of transformers may not.
    save_encoder_folder(tmp_path / "ours", model.config, model.params, model.tokenizer)
    with pytest.raises(FileExistsError, match=r"no quals\.json"):
        save_encoder_folder(folder, model.config, model.params, model.tokenizer)


def test_a_model_that_marks_shared_words_comes_back(folder, tmp_path):
    model = load_encoder_folder(folder)
    config = dataclasses.replace(model.config, num_segments=4, mark_shared=True)
    params = init_params(config, seed=1)
    save_encoder_folder(tmp_path / "ours", config, params, model.tokenizer)
    again = load_encoder_folder(tmp_path / "ours")
    assert again.config == config
    np.testing.assert_array_equal(
        again.params["segments"]["embedding"], params["segments"]["embedding"]
    )


def test_what_the_file_has_and_the_model_lacks_is_named(folder):
    path = folder / "model.safetensors"
    tensors = read_safetensors(path)
    tensors["bert.encoder.layer.1.extra.weight"] = tensors.pop("bert.embeddings.LayerNorm.bias")
    write_safetensors(path, tensors)
    with pytest.raises(CheckpointError) as caught:
        load_encoder_folder(folder)
    assert " - model wants layernorm_embedding/bias [16] (bert.embeddings.LayerNorm.bias" in str(
        caught.value
    )
    assert " + file has bert.encoder.layer.1.extra.weight [16]" in str(caught.value)


def test_old_names_and_parts_of_pretraining_are_read(folder, name):
    expected = load_encoder_folder(folder).params
    path = folder / "model.safetensors"
    tensors = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): values
        for key, values in read_safetensors(path).items()
    }
    left_out = ["bert.embeddings.position_ids", "cls.predictions.bias"]
    if name == "span":
        left_out.insert(1, "bert.pooler.dense.bias")
    write_safetensors(path, tensors | {key: np.ones((1, 7), np.float32) for key in left_out})
    model = load_encoder_folder(folder)
    jax.tree.map(np.testing.assert_array_equal, model.params, expected)
    assert list(model.left_out) == left_out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "roberta"}, "has model_type: 'roberta'; only BERT"),
        ({"hidden_act": "relu"}, "has hidden_act: 'relu'"),
        ({"architectures": ["BertModel"]}, "only BertForQuestionAnswering and BertForSequence"),
        ({"hidden_size": "16"}, "hidden_size is '16', expected a number"),
        ({"num_attention_heads": 3}, "not a multiple of encoder_heads 3"),
        ({"vocab_size": 7}, "the tokenizer has .* tokens, the model only 7"),
    ],
)
def test_another_model_is_refused(changes, message, tmp_path):
    folder = shutil.copytree(golden_files.path("bert/span"), tmp_path / "span")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(CheckpointError, match=message):
        load_encoder_folder(folder)


def test_a_changed_folder_is_found_out_and_bart_is_told_apart(tmp_path):
    folder = tmp_path / "model"
    write_encoder.write(folder)
    assert is_encoder_folder(folder)
    assert not is_encoder_folder(golden_files.path("world_qagen"))
    with pytest.raises(CheckpointError, match="only BART"):
        load_model_folder(folder)
    tensors = read_safetensors(folder / "model.safetensors")
    tensors["qa_outputs.bias"] += 1
    write_safetensors(folder / "model.safetensors", tensors)
    with pytest.raises(CheckpointError, match="not the file this folder was written with"):
        load_encoder_folder(folder)
