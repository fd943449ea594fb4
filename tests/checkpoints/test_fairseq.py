import numpy as np
import pytest

from quals_jax.checkpoints.fairseq import (
    count_symbols,
    drop_mask_row,
    fairseq_config,
    read_fairseq,
)
from quals_jax.checkpoints.names import flatten, params_from_torch
from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.models.config import BartConfig
from tests import golden_files
from tests.checkpoints import torch_writer as write

MODEL = golden_files.path("models/small_p1/model.pt")
ARGS, TENSORS = read_fairseq(MODEL)


def params_of(name: str, tensors=None):
    args, read = read_fairseq(golden_files.path(f"models/{name}"))
    tensors = read if tensors is None else tensors
    return dict(flatten(params_from_torch(tensors, fairseq_config(args, tensors), name)))


def assert_same(actual, expected):
    assert actual.keys() == expected.keys()
    for path, values in expected.items():
        np.testing.assert_array_equal(actual[path], values, err_msg=path)


@pytest.mark.parametrize("model", ["small_p1", "small_p2", "rand_p", "full_p"])
def test_training_arguments_are_those_of_the_checkpoint(model):
    args, _ = read_fairseq(golden_files.path(f"models/{model}/model.pt"))
    assert args == golden_files.read_json(f"models/{model}/args.json")


def test_configuration_comes_from_arguments_and_tables():
    assert fairseq_config(ARGS, TENSORS) == BartConfig(
        vocab_size=120,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_heads=4,
        decoder_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_positions=1024,
        dropout=0.1,
        attention_dropout=0.1,
    )
    args, tensors = read_fairseq(golden_files.path("models/small_p2/model.pt"))
    config = fairseq_config(args, tensors)
    assert (config.encoder_layers, config.decoder_layers, config.d_model) == (3, 2, 24)


def test_half_precision_weights_become_the_same_numbers_in_float32():
    half = params_of("small_p1/model_fp16.pt")
    assert all(values.dtype == np.float32 for values in half.values())
    full = params_of("small_p1/model.pt")
    assert_same(half, {path: v.astype(np.float16).astype("f4") for path, v in full.items()})


def test_checkpoint_with_optimizer_state_gives_its_weights():
    params = params_of("small_p2/checkpoint_after_conseq_hell0.pt")
    start = params_of("small_p2/model.pt")
    assert params.keys() == start.keys()
    assert any((params[path] != start[path]).any() for path in params)


def test_row_of_mask_is_dropped_exactly_when_the_dictionary_lacks_it():
    num_symbols = count_symbols(golden_files.path("models/small_p1/dict.txt"))
    assert num_symbols == 120
    _, with_mask = read_fairseq(golden_files.path("models/small_p1/model_with_mask_row.pt"))
    assert len(with_mask["encoder.embed_tokens.weight"]) == 121
    dropped = drop_mask_row(with_mask, num_symbols)
    assert_same(params_of("small_p1/model.pt", dropped), params_of("small_p1/model.pt"))
    assert_same(drop_mask_row(with_mask, 121), with_mask)
    for wrong in (118, 119, 122, 50264):
        with pytest.raises(CheckpointError, match=r"give the dict\.txt"):
            drop_mask_row(with_mask, wrong)


def test_joined_projections_of_early_fairseq_are_split():
    joined = dict(TENSORS)
    for name in [n for n in TENSORS if ".q_proj." in n]:
        parts = [joined.pop(name.replace(".q_proj.", f".{p}_proj.")) for p in "qkv"]
        joined[name.replace(".q_proj.", ".in_proj_")] = np.concatenate(parts)
    assert any(name.endswith("self_attn.in_proj_bias") for name in joined)
    assert_same(params_of("small_p1/model.pt", joined), params_of("small_p1/model.pt"))
    joined["encoder.layers.0.self_attn.in_proj_bias"] = np.zeros(95, "f4")
    with pytest.raises(CheckpointError, match="not three projections"):
        params_of("small_p1/model.pt", joined)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation_fn", "relu"),
        ("layernorm_embedding", False),
        ("no_scale_embedding", False),
        ("share_all_embeddings", False),
        ("encoder_normalize_before", True),
        ("decoder_normalize_before", True),
        ("encoder_learned_pos", False),
        ("adaptive_softmax_cutoff", "100,200"),
    ],
)
def test_other_architectures_are_refused_by_the_argument_that_differs(name, value):
    with pytest.raises(CheckpointError, match=f"{name}={value!r}"):
        fairseq_config(ARGS | {name: value}, TENSORS)


def test_unusable_sizes_are_refused():
    for name in ("encoder_layers", "decoder_attention_heads", "encoder_embed_dim"):
        without = {key: value for key, value in ARGS.items() if key != name}
        with pytest.raises(CheckpointError, match=name):
            fairseq_config(without, TENSORS)
        for value in ("many", 2.0, True, None):
            with pytest.raises(CheckpointError, match=f"{name} is {value!r}"):
                fairseq_config(ARGS | {name: value}, TENSORS)
    with pytest.raises(CheckpointError, match="dropout is 'none'"):
        fairseq_config(ARGS | {"dropout": "none"}, TENSORS)
    with pytest.raises(CheckpointError, match=r"no table encoder\.embed_tokens"):
        fairseq_config(ARGS, {})
    config = fairseq_config(ARGS | {"encoder_layers": 10**9}, TENSORS)
    with pytest.raises(CheckpointError, match="too few for 1000000000"):
        params_from_torch(TENSORS, config, "model.pt")


def test_only_plain_arguments_are_kept(tmp_path):
    stored = write.tensor(write.storage("0", 1), (1,), (1,))
    args = write.namespace(
        {
            "arch": write.text("bart_large"),
            "lr": b"]K\x03a",
            "nested": b"]]a",
            "table": b"}",
            "tensor": stored,
        }
    )
    root = write.checkpoint(write.dict_of({"w": stored}), args)
    path = write.legacy_file(tmp_path / "x.pt", root, {"0": np.zeros(1, "<f4")})
    assert read_fairseq(path)[0] == {"arch": "bart_large", "lr": [3]}


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (b"N", "it has NoneType, expected the key 'model'"),
        (write.dict_of({"state_dict": b"}"}), r"it has \['state_dict'\]"),
        (write.dict_of({"model": b"}", "args": b"N"}), "no training arguments"),
        (write.dict_of({"model": b"}", "args": b"}"}), "no dict of tensors"),
    ],
)
def test_files_that_are_not_checkpoints_say_what_they_hold(tmp_path, root, message):
    with pytest.raises(CheckpointError, match=message):
        read_fairseq(write.legacy_file(tmp_path / "x.pt", root, {}))
