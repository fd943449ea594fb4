import hashlib
import json
import shutil

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from quals_jax.checkpoints.huggingface import (
    read_config,
    read_forced_bos,
    read_params,
    read_tensors,
    weights_sha256,
    write_config,
    write_params,
)
from quals_jax.checkpoints.names import flatten
from quals_jax.checkpoints.weight_file import CheckpointError, read_safetensors, write_safetensors
from quals_jax.models.bart import bind
from quals_jax.models.config import BartConfig
from tests import golden_files, tolerances
from tests.checkpoints import write_exports

TINY = golden_files.path("huggingface/tiny")
CONFIG = read_config(TINY)


@pytest.fixture
def folder(tmp_path):
    """A copy of the model that transformers wrote."""
    return shutil.copytree(TINY, tmp_path / "tiny")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def logits(config, params, src, prev):
    @jax.jit
    def run(params):
        model = bind(config, params)
        mask_BS = jnp.asarray(src != config.pad_id)
        cross = model.cross_keys_values(model.encode(jnp.asarray(src), mask_BS))
        return model.logits(model.decode(jnp.asarray(prev)[:, None], cross, mask_BS))

    return run(params)[:, 0]


def assert_logits(arrays, config, params, prefix=""):
    actual = logits(config, params, arrays[f"{prefix}src"], arrays[f"{prefix}prev"])
    real = arrays[f"{prefix}target"] != config.pad_id
    np.testing.assert_allclose(
        actual[real], arrays[f"{prefix}logits"][real], atol=tolerances.HUGGING_FACE_LOGITS
    )


def test_configuration_of_transformers_is_understood():
    expected = BartConfig(
        vocab_size=60,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_heads=4,
        decoder_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=40,
        max_positions=44,
        dropout=0.1,
        attention_dropout=0.0,
    )
    assert expected == CONFIG


def test_logits_of_a_model_written_by_transformers_are_pytorchs():
    assert_logits(golden_files.read_npz("huggingface/tiny.npz"), CONFIG, read_params(TINY, CONFIG))


@pytest.mark.parametrize("name", list(write_exports.INPUTS))
def test_pytorch_computes_our_logits_from_our_export(tmp_path, name):
    recorded = golden_files.read_npz("huggingface/exports.npz")
    config, params = write_exports.model(name)
    write_exports.write(name, tmp_path)
    # PyTorch ran exactly these bytes; make_huggingface.py says how to record others.
    weights = (tmp_path / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == str(recorded[f"{name}/weights_sha256"])
    assert_logits(recorded, config, params, f"{name}/")


def test_import_export_import_is_bit_identical(tmp_path):
    params = read_params(TINY, CONFIG)
    write_config(tmp_path, CONFIG)
    write_params(tmp_path, CONFIG, params)
    assert read_config(tmp_path) == CONFIG
    jax.tree.map(np.testing.assert_array_equal, read_params(tmp_path, CONFIG), params)
    ours, theirs = read_tensors(tmp_path), read_tensors(TINY)
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        np.testing.assert_array_equal(ours[name], values)


def test_same_parameters_give_the_same_bytes(tmp_path):
    params = read_params(TINY, CONFIG)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_params(tmp_path / name, CONFIG, params)
    assert weights_sha256(tmp_path / "a") == weights_sha256(tmp_path / "b")


def test_bfloat16_files_are_half_as_large_and_rounded_to_even(tmp_path):
    params = read_params(TINY, CONFIG)
    write_config(tmp_path, CONFIG, weights="bfloat16")
    write_params(tmp_path, CONFIG, params, "bfloat16")
    assert json.loads((tmp_path / "config.json").read_text())["torch_dtype"] == "bfloat16"
    full, half = read_tensors(TINY), read_tensors(tmp_path)
    assert sum(x.nbytes for x in full.values()) == 2 * sum(x.nbytes for x in half.values())
    found = dict(flatten(read_params(tmp_path, CONFIG)))
    for path, values in flatten(params):
        # Half of a bfloat16's last bit is added; ties go to the even neighbour.
        bits = np.ascontiguousarray(values).view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
        np.testing.assert_array_equal(found[path], rounded.astype(np.uint32).view(np.float32))


def test_pytorch_model_bin_is_read_like_safetensors(folder):
    (folder / "model.safetensors").unlink()
    shutil.copy(golden_files.path("huggingface/tiny.bin"), folder / "pytorch_model.bin")
    params = read_params(folder, CONFIG)
    jax.tree.map(np.testing.assert_array_equal, params, read_params(TINY, CONFIG))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_precision_files_are_widened_to_float32(folder, dtype):
    tensors = {name: values.astype(dtype) for name, values in read_tensors(TINY).items()}
    write_safetensors(folder / "model.safetensors", tensors)
    found = dict(flatten(read_params(folder, CONFIG)))
    for path, values in flatten(read_params(TINY, CONFIG)):
        assert found[path].dtype == np.float32
        np.testing.assert_array_equal(found[path], values.astype(dtype).astype(np.float32))


def shard(folder):
    """Splits model.safetensors in three files with an index, as large models come."""
    tensors = read_tensors(folder)
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    index = {}
    for i in range(3):
        file = f"model-0000{i + 1}-of-00003.safetensors"
        write_safetensors(folder / file, {name: tensors[name] for name in names[i::3]})
        index |= dict.fromkeys(names[i::3], file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    return index


def test_sharded_weights_are_read(folder):
    shard(folder)
    params = read_params(folder, CONFIG)
    jax.tree.map(np.testing.assert_array_equal, params, read_params(TINY, CONFIG))
    before = weights_sha256(folder)
    (folder / "model-00002-of-00003.safetensors").rename(folder / "x")
    with pytest.raises(FileNotFoundError, match="model-00002-of-00003"):
        weights_sha256(folder)
    with pytest.raises(FileNotFoundError, match="model-00002-of-00003"):
        read_params(folder, CONFIG)
    shutil.copy(folder / "x", folder / "model-00002-of-00003.safetensors")
    assert weights_sha256(folder) == before


def test_bad_indexes_are_refused(folder):
    index = shard(folder)
    path = folder / "model.safetensors.index.json"
    for bad in ("../tiny.safetensors", "/etc/passwd", "a\\b", "", 3):
        path.write_text(json.dumps({"weight_map": index | {"lm_head.weight": bad}}))
        with pytest.raises(CheckpointError, match="not a file of this folder"):
            read_params(folder, CONFIG)
    moved = index | {"final_logits_bias": "model-00003-of-00003.safetensors"}
    path.write_text(json.dumps({"weight_map": moved}))
    with pytest.raises(CheckpointError, match="final_logits_bias"):
        read_params(folder, CONFIG)
    path.write_text("{}")
    with pytest.raises(CheckpointError, match="no weight_map"):
        read_params(folder, CONFIG)


def test_folder_without_weights_lists_what_is_there(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"no model\.safetensors.*'config\.json'"):
        read_params(folder, CONFIG)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "mbart"},
        {"activation_function": "relu"},
        {"scale_embedding": True},
        {"tie_word_embeddings": False},
        {"normalize_before": True},
        {"add_final_layer_norm": True},
        {"static_position_embeddings": True},
    ],
)
def test_other_architectures_are_refused(folder, change):
    edit(folder / "config.json", **change)
    (key,) = change
    with pytest.raises(CheckpointError, match=f"{key}: "):
        read_config(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d_model": "16"}, "d_model is '16'"),
        ({"vocab_size": 60.5}, "vocab_size is 60.5"),
        ({"encoder_layers": True}, "encoder_layers is True"),
        ({"dropout": None}, "dropout is None"),
        ({"encoder_attention_heads": 3}, "not a multiple"),
        ({"decoder_start_token_id": 0}, "starts at 0"),
    ],
)
def test_unusable_values_are_refused_with_the_file(folder, change, message):
    edit(folder / "config.json", **change)
    with pytest.raises(CheckpointError, match=message) as error:
        read_config(folder)
    assert str(folder / "config.json") in str(error.value)


def test_keys_that_transformers_leaves_out_have_its_defaults(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bart"}')
    assert read_config(tmp_path) == BartConfig(vocab_size=50265, attention_dropout=0.0)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe{}", b"[" * 100_000])
def test_damaged_config_is_refused_with_the_file(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        read_config(tmp_path)


def test_forced_first_token_comes_from_either_file(folder):
    assert read_forced_bos(folder) is None
    edit(folder / "config.json", force_bos_token_to_be_generated=True)
    assert read_forced_bos(folder) == 0
    edit(folder / "config.json", forced_bos_token_id=4)
    assert read_forced_bos(folder) == 4
    edit(folder / "generation_config.json", forced_bos_token_id=0)
    assert read_forced_bos(folder) == 0
    edit(folder / "generation_config.json", forced_bos_token_id="<s>")
    with pytest.raises(CheckpointError, match="'<s>'"):
        read_forced_bos(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"<html>Not Found</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS pointer"),
        (b"PK\x03\x04", "a PyTorch file"),
        (b"\xff" * 100, "not a known weight format"),
    ],
)
def test_other_files_in_the_place_of_weights_are_told_apart(folder, content, message):
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as error:
        read_params(folder, CONFIG)
    assert str(folder / "model.safetensors") in str(error.value)
    assert hashlib.sha256(content).hexdigest() in str(error.value)


def test_safetensors_cut_short_at_any_point_are_refused(tmp_path):
    content = (TINY / "model.safetensors").read_bytes()
    path = tmp_path / "model.safetensors"
    lengths = np.unique(np.linspace(1, len(content) - 1, 60).astype(int))
    for length in lengths:
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=f"found {length:,} bytes"):
            read_safetensors(path)


def test_element_types_without_a_numpy_type_are_refused(tmp_path):
    header = json.dumps({"a": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}})
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + b"\0\0")
    with pytest.raises(CheckpointError, match="not a usable safetensors file"):
        read_safetensors(path)
