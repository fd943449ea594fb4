import ml_dtypes
import numpy as np
import pytest

from quals_jax.checkpoints.torch_file import TorchFile
from quals_jax.checkpoints.weight_file import CheckpointError
from tests import golden_files
from tests.checkpoints import torch_writer as write
from tests.golden.make_weight_hashes import MODELS, weight_hash

DTYPES = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "bool": np.bool_,
}


def read(path, key=None):
    with TorchFile(path) as file:
        return file.tensors(file.root if key is None else file.root[key])


@pytest.mark.parametrize("model", MODELS)
def test_every_weight_of_a_recorded_checkpoint_is_read_bit_for_bit(model):
    expected = golden_files.read_json("models/weights_sha256.json")[model]
    tensors = read(golden_files.path(f"models/{model}/model.pt"), "model")
    assert {name: weight_hash(values) for name, values in tensors.items()} == expected


@pytest.mark.parametrize("container", ["tensors.pt", "legacy.pt"])
def test_all_types_and_layouts_of_tensors_are_read_from_both_containers(container):
    tensors = read(golden_files.path(f"huggingface/{container}"))
    for name, dtype in DTYPES.items():
        values = tensors.pop(name)
        assert values.dtype == dtype
        np.testing.assert_array_equal(values, np.arange(7).astype(dtype))
    assert tensors.pop("scalar").shape == ()
    assert tensors.pop("empty").shape == (0, 5)
    np.testing.assert_array_equal(tensors.pop("parameter"), np.arange(6))
    np.testing.assert_array_equal(tensors.pop("transposed"), np.arange(24).reshape(4, 6).T)
    np.testing.assert_array_equal(tensors.pop("first_half"), np.arange(10))
    np.testing.assert_array_equal(tensors.pop("second_half"), np.arange(10, 20))
    tied, again = tensors.pop("tied"), tensors.pop("tied_again")
    np.testing.assert_array_equal(tied, np.arange(24))
    assert np.shares_memory(tied, again)
    assert not tensors


@pytest.mark.parametrize("stride", [0, 1, (1 << 62) - 1])
def test_the_stride_of_a_single_element_says_nothing(tmp_path, stride):
    tensor = write.tensor(write.storage("0", 6), (2, 1, 3), (3, stride, 1))
    root = write.checkpoint(write.dict_of({"w": tensor}))
    values = np.arange(6, dtype="<f4")
    for make in (write.legacy_file, write.zip_file):
        found = read(make(tmp_path / "x.pt", root, {"0": values}), "model")
        np.testing.assert_array_equal(found["w"], values.reshape(2, 1, 3))


def test_our_own_writer_makes_files_that_are_read(tmp_path):
    values = np.arange(6, dtype="<f4")
    root = write.checkpoint(
        write.dict_of({"w": write.tensor(write.storage("7", 6), (2, 3), (3, 1))})
    )
    for make in (write.legacy_file, write.zip_file):
        found = read(make(tmp_path / "x.pt", root, {"7": values}), "model")
        np.testing.assert_array_equal(found["w"], values.reshape(2, 3))


def test_only_the_wanted_storages_are_read(monkeypatch):
    path = golden_files.path("models/small_p2/checkpoint_after_conseq_hell0.pt")
    with TorchFile(path) as file:
        keys = []
        whole = file._container.read
        monkeypatch.setattr(file._container, "read", lambda s: keys.append(s.key) or whole(s))
        tensors = file.tensors(file.root["model"])
        assert "last_optimizer_state" in file.root
        # The optimizer's moments make up two thirds of the file and stay there.
        assert len(set(keys)) == len(keys) == len(tensors) - 1  # one table is tied
        assert len(keys) < len(file._container.pickle.storages) / 2


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no weight file"):
        TorchFile(tmp_path / "none.pt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>Sign in</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b"\x1f\x8b\x08rest", "an archive"),
        (b"random bytes", "not a known weight format"),
    ],
)
def test_other_files_are_told_apart(tmp_path, content, message):
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as error:
        TorchFile(path)
    assert str(path) in str(error.value)
    assert f"{len(content)} bytes, sha256" in str(error.value)
