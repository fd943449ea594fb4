import jax
import ml_dtypes
import numpy as np
import pytest

from quals_jax.checkpoints.names import (
    expected_shapes,
    flatten,
    ignored_heads,
    nest,
    params_from_torch,
    params_to_torch,
    torch_name,
)
from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.models.bart import init_params, param_shapes
from quals_jax.models.config import BartConfig

# Every axis another prime, so that a swapped axis cannot pass unseen.
CONFIG = BartConfig(
    vocab_size=53,
    d_model=15,
    encoder_layers=2,
    decoder_layers=1,
    encoder_heads=3,
    decoder_heads=5,
    encoder_ffn_dim=17,
    decoder_ffn_dim=19,
    max_positions=29,
)
PARAMS = jax.device_get(init_params(CONFIG, seed=1))
TENSORS = params_to_torch(PARAMS, CONFIG)


def read(changes=None, without=(), tensors=TENSORS):
    kept = {name: values for name, values in tensors.items() if name not in without}
    return params_from_torch(kept | (changes or {}), CONFIG, "file.safetensors")


def assert_reads_the_same(**arguments):
    found = read(**arguments)
    jax.tree.map(np.testing.assert_array_equal, found, PARAMS)


def test_expected_shapes_are_the_models():
    expected = {path: leaf.shape for path, leaf in flatten(param_shapes(CONFIG))}
    assert expected_shapes(CONFIG) == expected


def test_names_are_pytorchs():
    assert torch_name("shared/embedding") == "shared.weight"
    assert torch_name("encoder/positions/embedding") == "encoder.embed_positions.weight"
    assert torch_name("decoder/layernorm_embedding/bias") == "decoder.layernorm_embedding.bias"
    assert (
        torch_name("decoder/layers_11/encoder_attn/q_proj/kernel")
        == "decoder.layers.11.encoder_attn.q_proj.weight"
    )
    assert (
        torch_name("encoder/layers_0/self_attn_layer_norm/scale")
        == "encoder.layers.0.self_attn_layer_norm.weight"
    )


def test_parameters_to_torch_and_back_are_bit_identical():
    assert_reads_the_same()
    assert TENSORS["model.encoder.layers.0.fc1.weight"].shape == (17, 15)
    np.testing.assert_array_equal(TENSORS["final_logits_bias"], np.zeros((1, 53)))


def test_nest_undoes_flatten():
    assert nest({"a/b/c": 1, "a/d": 2, "e": 3}) == {"a": {"b": {"c": 1}, "d": 2}, "e": 3}
    assert nest(dict(flatten(PARAMS))).keys() == PARAMS.keys()


def test_names_without_prefix_are_read_too():
    bare = {name.removeprefix("model."): values for name, values in TENSORS.items()}
    assert_reads_the_same(tensors=bare)
    with pytest.raises(CheckpointError, match="both with and without"):
        read({"shared.weight": TENSORS["model.shared.weight"]})


def test_half_types_are_widened_exactly():
    for dtype in (np.float16, ml_dtypes.bfloat16):
        narrow = {name: values.astype(dtype) for name, values in TENSORS.items()}
        found = dict(flatten(read(tensors=narrow)))
        for path, values in flatten(PARAMS):
            assert found[path].dtype == np.float32
            np.testing.assert_array_equal(found[path], values.astype(dtype).astype(np.float32))


def test_known_extras_are_accepted():
    table = TENSORS["model.shared.weight"]
    assert_reads_the_same(
        changes={
            "encoder.version": np.array([3.0]),
            "decoder.version": np.array([3.0]),
            "encoder.embed_positions._float_tensor": np.zeros(1),
            "model.encoder.embed_tokens.weight": table.copy(),
            "model.decoder.embed_tokens.weight": table.copy(),
            "decoder.output_projection.weight": table.copy(),
            "lm_head.weight": table.copy(),
            "classification_heads.mnli.dense.weight": np.ones((2, 2)),
            "classification_head.dense.bias": np.full(2, np.nan),
        }
    )
    assert_reads_the_same(without=["final_logits_bias"])
    # fairseq has no name for the shared table but those of encoder and decoder.
    assert_reads_the_same(
        changes={"decoder.embed_tokens.weight": table}, without=["model.shared.weight"]
    )
    heads = ["classification_heads.mnli.dense.weight", "model.classification_head.dense.bias"]
    assert ignored_heads([*TENSORS, *heads]) == sorted(heads)


def test_untied_tables_and_a_logits_bias_are_refused():
    other = TENSORS["model.shared.weight"] + np.eye(53, 15, dtype="f4")
    for name in ("lm_head.weight", "model.decoder.embed_tokens.weight"):
        for values in (other, other[:-1]):
            with pytest.raises(CheckpointError, match="tied"):
                read({name: values})
    bias = np.zeros((1, 53), "f4")
    bias[0, 7] = 1e-9
    with pytest.raises(CheckpointError, match="final_logits_bias is not zero"):
        read({"final_logits_bias": bias})


def test_missing_extra_and_misshapen_tensors_are_listed_side_by_side():
    with pytest.raises(CheckpointError) as error:
        read(
            {
                "model.decoder.layers.0.fc3.weight": np.zeros((19, 15), "f4"),
                "model.encoder.layers.1.fc2.bias": np.zeros(16, "f4"),
            },
            without=["model.decoder.layers.0.fc1.weight"],
        )
    assert str(error.value).splitlines() == [
        "file.safetensors does not fit the model its configuration describes:",
        " - model wants decoder/layers_0/fc1/kernel [19, 15] (decoder.layers.0.fc1.weight)",
        " + file has decoder.layers.0.fc3.weight [19, 15]",
        " - model wants encoder/layers_1/fc2/bias [15] (encoder.layers.1.fc2.bias)",
        " + file has encoder.layers.1.fc2.bias [16]",
        "give the configuration that belongs to these weights",
    ]


def test_transposed_kernels_are_refused():
    name = "model.encoder.layers.0.fc1.weight"
    with pytest.raises(
        CheckpointError, match=r"file has encoder\.layers\.0\.fc1\.weight \[15, 17\]"
    ):
        read({name: TENSORS[name].T})


def test_long_differences_are_cut():
    with pytest.raises(CheckpointError, match=r"\.\.\. and \d+ more") as error:
        read(tensors={name: values[..., :1] for name, values in TENSORS.items()})
    assert len(str(error.value).splitlines()) == 23


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_by_name(bad):
    name = "model.decoder.layers.0.encoder_attn.v_proj.bias"
    values = TENSORS[name].copy()
    values[3] = bad
    with pytest.raises(CheckpointError, match=r"encoder_attn\.v_proj\.bias has 1 of 15 values"):
        read({name: values})
    params = dict(flatten(PARAMS)) | {"decoder/layers_0/encoder_attn/v_proj/bias": values}
    with pytest.raises(CheckpointError, match="v_proj/bias has values"):
        params_to_torch(nest(params), CONFIG)


def test_overflow_to_infinity_is_refused():
    table = TENSORS["model.shared.weight"].astype(np.float64)
    table[0, 0] = 1e300
    with pytest.raises(CheckpointError, match=r"shared\.weight has 1 of 795"):
        read({"model.shared.weight": table})


def test_parameters_that_do_not_fit_the_config_are_not_written():
    flat = dict(flatten(PARAMS))
    path = "encoder/layers_0/fc1/kernel"
    with pytest.raises(CheckpointError, match=r"has shape \[15, 17\], expected \[17, 15\]"):
        params_to_torch(nest(flat | {path: flat[path].T}), CONFIG)
    renamed = {("decoder/extra" if key == path else key): value for key, value in flat.items()}
    with pytest.raises(CheckpointError, match=r"layers_0/fc1/kernel\n.*decoder/extra"):
        params_to_torch(nest(renamed), CONFIG)
