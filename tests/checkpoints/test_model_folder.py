import dataclasses
import hashlib
import json
import os
import shutil
import socket
import stat

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.model_folder import QualsSettings, load_model_folder, save_model_folder
from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.text.byte_bpe import train_byte_bpe
from tests import golden_files
from tests.checkpoints.small_model import CONFIG, PARAMS, SETTINGS, TEXTS, TOKENIZER, contents


@pytest.fixture
def folder(tmp_path):
    save_model_folder(tmp_path / "model", CONFIG, PARAMS, TOKENIZER, SETTINGS)
    return tmp_path / "model"


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_saved_model_is_loaded_bit_for_bit(folder):
    model = load_model_folder(folder)
    assert model.config == CONFIG
    assert model.path == folder
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(model.params))
    jax.tree.map(np.testing.assert_array_equal, model.params, PARAMS)
    assert model.tokenizer.sha256 == TOKENIZER.sha256
    assert model.tokenizer.encode(TEXTS[0]) == TOKENIZER.encode(TEXTS[0])
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert model.quals.weights_sha256 == weights
    named = dataclasses.replace(
        model.quals, weights_sha256="", weights_bytes=0, tokenizer_sha256="", config_sha256=""
    )
    assert named == SETTINGS


def test_compute_type_is_the_callers_choice(folder):
    assert load_model_folder(folder, dtype="bfloat16").config.dtype == "bfloat16"
    half = dataclasses.replace(CONFIG, dtype="bfloat16")
    save_model_folder(folder, half, PARAMS, TOKENIZER)
    assert load_model_folder(folder).config == CONFIG


def test_source_limit_defaults_to_fairseqs():
    assert QualsSettings().completed(BartConfig()).max_source_tokens == 1022
    assert QualsSettings().completed(CONFIG).max_source_tokens == 27


@pytest.mark.parametrize(
    "settings",
    [
        QualsSettings(separator_id=CONFIG.vocab_size),
        QualsSettings(separator_id=-1),
        QualsSettings(forced_bos_id=CONFIG.vocab_size),
        QualsSettings(max_source_tokens=28),
        QualsSettings(max_source_tokens=-1),
    ],
)
def test_settings_the_model_cannot_have_are_refused(tmp_path, settings):
    with pytest.raises(ValueError, match="but the model has"):
        save_model_folder(tmp_path / "model", CONFIG, PARAMS, TOKENIZER, settings)
    assert not list(tmp_path.iterdir())


def test_saving_twice_gives_the_same_bytes(folder):
    before = contents(folder)
    save_model_folder(folder, CONFIG, PARAMS, TOKENIZER, SETTINGS)
    assert contents(folder) == before


def test_folder_is_readable_by_others(folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~umask()


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_the_card_tells_what_matters(folder):
    card = (folder / "README.md").read_text()
    for fact in ("two sentences", "no `<s>`", "at most 20)", "token 9.", "library_name"):
        assert fact in card


def test_parameters_with_nan_are_not_saved(tmp_path):
    bad = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), PARAMS)
    with pytest.raises(CheckpointError, match="NaN"):
        save_model_folder(tmp_path / "model", CONFIG, bad, TOKENIZER)
    assert not list(tmp_path.iterdir())


# Loading what is not whole


@pytest.mark.parametrize(
    "name",
    ["config.json", "model.safetensors", "tokenizer.json", "quals.json"],
)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    if name == "quals.json":
        assert load_model_folder(folder).quals.add_bos
    elif name == "tokenizer.json":  # vocab.json and merges.txt say the same
        assert load_model_folder(folder).tokenizer.sha256 == TOKENIZER.sha256
    else:
        with pytest.raises(FileNotFoundError, match=name.replace(".", r"\.")):
            load_model_folder(folder)


def test_absent_tokenizer_files_are_refused(folder):
    for name in ("tokenizer.json", "vocab.json"):
        (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match="tokenizer"):
        load_model_folder(folder)


def test_the_tokenizer_of_another_model_is_refused_by_its_hash(folder):
    other = train_byte_bpe(["xyzzy plugh xyzzy plugh"], 280)
    other.save(folder)
    with pytest.raises(CheckpointError, match="is not the tokenizer") as error:
        load_model_folder(folder)
    assert other.sha256 in str(error.value)
    assert TOKENIZER.sha256 in str(error.value)


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(tmp_path):
    small = dataclasses.replace(CONFIG, vocab_size=CONFIG.vocab_size - 2)
    with pytest.raises(CheckpointError, match="do not belong together"):
        save_model_folder(tmp_path / "model", small, init_params(small, 0), TOKENIZER)


def test_a_model_without_the_last_row_of_mask_is_accepted(tmp_path):
    assert TOKENIZER.mask_id == CONFIG.vocab_size - 1
    small = dataclasses.replace(CONFIG, vocab_size=CONFIG.vocab_size - 1)
    save_model_folder(tmp_path / "model", small, init_params(small, 0), TOKENIZER)
    assert load_model_folder(tmp_path / "model").config == small


def test_every_flipped_bit_in_the_weights_is_detected(folder):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    positions = [0, 7, 9, 200, *np.linspace(300, len(content) - 1, 12).astype(int)]
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"sha256") as error:
            load_model_folder(folder)
        assert hashlib.sha256(damaged).hexdigest() in str(error.value)
        assert hashlib.sha256(content).hexdigest() in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"<html>Sign in</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
    ],
)
def test_other_files_in_the_place_of_weights_are_refused_with_sizes(folder, content, message):
    path = folder / "model.safetensors"
    size = path.stat().st_size
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as error:
        load_model_folder(folder)
    assert f"found {len(content):,} bytes" in str(error.value)
    assert f"expected {size:,} bytes" in str(error.value)
    assert str(path) in str(error.value)


def test_an_edited_config_is_refused(folder):
    edit(folder / "config.json", encoder_attention_heads=2)
    with pytest.raises(CheckpointError, match=r"config\.json has changed"):
        load_model_folder(folder)


def test_nan_in_a_folder_of_others_is_refused_by_name(folder):
    from quals_jax.checkpoints.weight_file import read_safetensors, write_safetensors

    (folder / "quals.json").unlink()
    tensors = {n: v.copy() for n, v in read_safetensors(folder / "model.safetensors").items()}
    tensors["model.decoder.layers.1.fc1.bias"][3] = np.nan
    write_safetensors(folder / "model.safetensors", tensors)
    with pytest.raises(CheckpointError, match=r"decoder\.layers\.1\.fc1\.bias has 1 of 19"):
        load_model_folder(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "not of format 1"),
        ({"seperator_id": 3}, r"unknown \['seperator_id'\]"),
        ({"separator_id": "9"}, "separator_id is '9'"),
        ({"add_bos": 0}, "add_bos is 0"),
        ({"max_source_tokens": True}, "max_source_tokens is True"),
        ({"max_source_tokens": 999}, "has room for 27"),
        ({"separator_id": 99999}, "but the model has token ids"),
    ],
)
def test_a_bad_quals_json_is_refused_with_its_name(folder, change, message):
    edit(folder / "quals.json", **change)
    with pytest.raises(CheckpointError, match=message) as error:
        load_model_folder(folder)
    assert str(folder / "quals.json") in str(error.value)


def test_a_quals_json_without_a_key_is_refused(folder):
    content = json.loads((folder / "quals.json").read_text())
    del content["weights_sha256"]
    (folder / "quals.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=r"missing \['weights_sha256'\]"):
        load_model_folder(folder)


# Names that are not folders


def test_a_hub_name_says_how_to_fetch_it_and_nothing_is_fetched(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("network used")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(FileNotFoundError) as error:
        load_model_folder("facebook/bart-large-xsum")
    assert "`hf download facebook/bart-large-xsum --local-dir DIR`" in str(error.value)


def test_other_names_that_are_not_folders_say_so(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match="no model folder") as error:
        load_model_folder(tmp_path / "none")
    assert "hf download" not in str(error.value)
    with pytest.raises(FileNotFoundError, match=r"is a file.*quals convert"):
        load_model_folder(folder / "model.safetensors")


def test_loading_uses_no_network(folder, monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("network used"))
    load_model_folder(folder)


def test_a_read_only_folder_is_loaded(folder):
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    load_model_folder(folder)
    folder.chmod(0o755)


# Hugging Face


def test_a_plain_folder_of_transformers_is_loaded_with_its_conventions(tmp_path):
    folder = shutil.copytree(golden_files.path("huggingface/tiny"), tmp_path / "hf")
    TOKENIZER.save(folder)
    with pytest.raises(CheckpointError, match="do not belong together"):
        load_model_folder(folder)
    folder = tmp_path / "plain"
    save_model_folder(folder, CONFIG, PARAMS, TOKENIZER)
    (folder / "quals.json").unlink()
    edit(folder / "generation_config.json", forced_bos_token_id=0)
    quals = load_model_folder(folder).quals
    assert quals.add_bos
    assert quals.forced_bos_id == 0
    assert quals.separator_id is None
    assert quals.max_source_tokens == 27
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert quals.weights_sha256 == weights


@pytest.mark.parametrize("add_bos", [False, True])
def test_transformers_tokenizer_of_the_folder_follows_the_models_convention(tmp_path, add_bos):
    from transformers import AutoTokenizer

    save_model_folder(tmp_path, CONFIG, PARAMS, TOKENIZER, QualsSettings(add_bos=add_bos))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    for text in (*TEXTS, "", " cat  dog\n"):
        expected = TOKENIZER.encode_source(text, add_bos=add_bos)
        encoded = tokenizer(text)
        assert encoded.keys() == {"input_ids", "attention_mask"}
        assert encoded["input_ids"] == expected
        assert tokenizer.decode(expected, skip_special_tokens=True) == text
