import dataclasses
import hashlib
import shutil

import jax
import numpy as np
import pytest

from quals_jax.checkpoints.convert import convert_checkpoint, export_model
from quals_jax.checkpoints.huggingface import read_config, read_params, write_config, write_params
from quals_jax.checkpoints.model_folder import QualsSettings, load_model_folder, save_model_folder
from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.text.byte_bpe import train_byte_bpe
from tests import golden_files, golden_models
from tests.checkpoints import torch_writer as write

FULL = golden_files.path("models/full_p/model.pt")
BPE = golden_files.path("bpe")
TOKENIZER = train_byte_bpe(["The cat sat on the mat."], 270)
CONFIG = BartConfig(
    vocab_size=TOKENIZER.vocab_size,
    d_model=8,
    encoder_layers=1,
    decoder_layers=1,
    encoder_heads=2,
    decoder_heads=2,
    encoder_ffn_dim=5,
    decoder_ffn_dim=7,
    max_positions=11,
)
PARAMS = init_params(CONFIG, seed=4)


@pytest.fixture
def plain(tmp_path):
    """A Hugging Face folder that was not written by us."""
    folder = tmp_path / "plain"
    folder.mkdir()
    write_config(folder, CONFIG, forced_bos_id=0)
    write_params(folder, CONFIG, PARAMS)
    TOKENIZER.save(folder)
    return folder


def test_a_fairseq_checkpoint_becomes_a_model_folder(tmp_path):
    digest = hashlib.sha256(FULL.read_bytes()).hexdigest()
    done = convert_checkpoint(
        FULL, tmp_path / "qagen", tokenizer=BPE, training_data="sentences", sha256=digest.upper()
    )
    model = load_model_folder(tmp_path / "qagen")
    assert done.notes == ()
    assert (done.folder, done.config, done.settings) == (model.path, model.config, model.quals)
    config, params = golden_models.load("full_p")
    # Hugging Face's configuration has no place for the id of <unk>, which is always 3.
    assert model.config == config
    jax.tree.map(np.testing.assert_array_equal, model.params, params)
    assert not model.quals.add_bos
    assert model.quals.max_source_tokens == 1022
    assert model.quals.training_data == "sentences"
    assert model.quals.source == f"fairseq model.pt, sha256 {digest}"
    assert model.tokenizer.separator_id == 50259


def test_fairseq_to_export_to_import_is_bit_identical(tmp_path):
    convert_checkpoint(FULL, tmp_path / "a", tokenizer=BPE, separator_id=50259)
    assert export_model(tmp_path / "a", tmp_path / "b") == tmp_path / "b"
    convert_checkpoint(tmp_path / "b", tmp_path / "c")
    first, last = load_model_folder(tmp_path / "a"), load_model_folder(tmp_path / "c")
    jax.tree.map(np.testing.assert_array_equal, last.params, first.params)
    assert last.quals == first.quals
    assert last.quals.separator_id == 50259
    # As transformers sees it, without quals.json.
    params = read_params(tmp_path / "b", read_config(tmp_path / "b"))
    jax.tree.map(np.testing.assert_array_equal, params, first.params)


def test_a_hugging_face_folder_keeps_its_conventions(plain, tmp_path):
    done = convert_checkpoint(plain, tmp_path / "out")
    model = load_model_folder(tmp_path / "out")
    jax.tree.map(np.testing.assert_array_equal, model.params, PARAMS)
    assert model.config == CONFIG
    assert model.quals.add_bos
    assert model.quals.forced_bos_id == 0
    assert model.quals.source.startswith("Hugging Face plain, sha256 ")
    assert done.notes == ()
    again = convert_checkpoint(plain, tmp_path / "out", add_bos=False, max_source_tokens=5)
    assert not again.settings.add_bos
    assert again.settings.max_source_tokens == 5


def test_a_wrong_hash_of_the_source_is_refused(plain, tmp_path):
    for source in (FULL, plain):
        with pytest.raises(CheckpointError, match=r"sha256 of the weights is .*expected 00"):
            convert_checkpoint(source, tmp_path / "out", tokenizer=BPE, sha256="00")
    assert not (tmp_path / "out").exists()


def test_missing_sources_tokenizers_and_dictionaries_are_named(tmp_path, plain):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint .*none"):
        convert_checkpoint(tmp_path / "none", tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="no tokenizer files"):
        convert_checkpoint(FULL, tmp_path / "out")
    with pytest.raises(FileNotFoundError, match=r"no dictionary .*dict"):
        convert_checkpoint(FULL, tmp_path / "out", tokenizer=BPE, dictionary=tmp_path / "dict")
    with pytest.raises(ValueError, match=r"dictionary is for fairseq"):
        convert_checkpoint(plain, tmp_path / "out", dictionary=BPE)
    assert not (tmp_path / "out").exists()


def test_the_output_of_others_is_left_alone(plain, tmp_path):
    before = {path.name: path.read_bytes() for path in plain.iterdir()}
    convert_checkpoint(plain, tmp_path / "ours")
    for source in (FULL, tmp_path / "ours"):
        with pytest.raises(FileExistsError, match=r"no quals\.json"):
            convert_checkpoint(source, plain, tokenizer=BPE if source == FULL else None)
    with pytest.raises(FileExistsError):
        export_model(tmp_path / "ours", plain)
    assert {path.name: path.read_bytes() for path in plain.iterdir()} == before


def fairseq_file(path, num_rows):
    """A fairseq checkpoint of CONFIG with a token table of ``num_rows`` rows."""
    from quals_jax.checkpoints.names import params_to_torch

    tensors = params_to_torch(PARAMS, CONFIG)
    tensors = {name.removeprefix("model."): values for name, values in tensors.items()}
    tensors["encoder.embed_tokens.weight"] = np.resize(tensors.pop("shared.weight"), (num_rows, 8))
    del tensors["final_logits_bias"]
    storages = {str(i): np.ascontiguousarray(v) for i, v in enumerate(tensors.values())}
    weights = {
        name: write.tensor(
            write.storage(key, values.size), values.shape, (*values.shape[1:], 1)[: values.ndim]
        )
        for name, (key, values) in zip(tensors, storages.items(), strict=True)
    }
    sizes = {
        "encoder_embed_dim": 8,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_embed_dim": 5,
        "decoder_ffn_embed_dim": 7,
    }
    args = write.namespace({name: write.number(size) for name, size in sizes.items()})
    return write.zip_file(path, write.checkpoint(write.dict_of(weights), args), storages)


def test_the_row_of_mask_is_dropped_with_a_dictionary_and_mentioned_without(tmp_path):
    rows = TOKENIZER.vocab_size
    path = fairseq_file(tmp_path / "large.pt", rows)
    TOKENIZER.save(tmp_path / "bpe")
    kept = convert_checkpoint(path, tmp_path / "kept", tokenizer=tmp_path / "bpe")
    assert kept.config.vocab_size == rows
    (note,) = kept.notes
    assert f"all {rows} token rows are kept, <mask> among them" in note

    dictionary = tmp_path / "words.txt"
    dictionary.write_text("".join(f"{i} 1\n" for i in range(rows - 5)))
    done = convert_checkpoint(
        path, tmp_path / "dropped", tokenizer=tmp_path / "bpe", dictionary=dictionary
    )
    assert done.config.vocab_size == rows - 1
    assert done.notes == (f"the row of <mask>, {rows - 1}, is not in words.txt and was dropped",)
    small, large = load_model_folder(tmp_path / "dropped"), load_model_folder(tmp_path / "kept")
    np.testing.assert_array_equal(
        small.params["shared"]["embedding"], large.params["shared"]["embedding"][:-1]
    )

    # dict.txt is found beside the weights.
    shutil.copy(dictionary, tmp_path / "dict.txt")
    found = convert_checkpoint(path, tmp_path / "found", tokenizer=tmp_path / "bpe")
    assert found.config.vocab_size == rows - 1


def test_classification_heads_are_left_out_with_a_note(tmp_path, plain):
    from quals_jax.checkpoints.weight_file import read_safetensors, write_safetensors

    path = plain / "model.safetensors"
    head = {"classification_head.dense.weight": np.zeros((2, 2), "f4")}
    write_safetensors(path, read_safetensors(path) | head)
    done = convert_checkpoint(plain, tmp_path / "out")
    assert done.notes == ("left out 1 tensors of classification heads",)


def test_a_model_folder_can_be_converted_onto_itself_with_new_settings(tmp_path):
    save_model_folder(tmp_path / "m", CONFIG, PARAMS, TOKENIZER, QualsSettings(separator_id=8))
    before = load_model_folder(tmp_path / "m").quals
    done = convert_checkpoint(tmp_path / "m", tmp_path / "m", training_data="more")
    assert done.settings == dataclasses.replace(before, training_data="more")
