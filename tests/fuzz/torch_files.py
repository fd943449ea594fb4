"""Any `.pt` file is read or refused with its name: nothing runs, memory is that of the file."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from quals_jax.checkpoints.fairseq import read_fairseq
from quals_jax.checkpoints.weight_file import CheckpointError
from tests import golden_files
from tests.checkpoints import torch_writer as write
from tests.fuzz.damage import damaged
from tests.fuzz.deeds import only_reading
from tests.fuzz.memory import in_proportion_to
from tests.fuzz.messages import check_message

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")
_PATH = Path(_FOLDER.name) / "fuzzed.pt"
_VALUES = {"0": np.arange(6, dtype="<f4"), "1": np.arange(4, dtype="<i8")}
_TENSOR = write.tensor(write.storage("0", 6), (2, 3), (3, 1))
_OTHER = write.tensor(write.storage("1", 4, "LongStorage"), (2,), (2,), 1)
_ROOTS = [
    write.checkpoint(write.dict_of({"w": _TENSOR, "v": _OTHER})),
    write.checkpoint(
        write.dict_of({"w": b"q\x05".join([_TENSOR, b"h\x05"])[:-2], "v": _OTHER}),
        write.namespace({"arch": write.text("bart"), "layers": b"](K\x01K\x02e"}),
    ),
]
# Instructions and the phrases that PyTorch's pickles are made of.
_PHRASES = [
    *(bytes([code]) for code in b"NIJKMLUXcoqrRt}])(.0ebhjsuQ\x80\x81\x85\x86\x87\x88\x89\x8a\x8b"),
    *(bytes([code]) for code in b"\x8c\x8d\x8e\x90\x91\x92\x93\x94\x95"),
    *(write.number(value) for value in (-1, 0, 6, 1 << 40, (1 << 62) - 1, 1 << 80)),
    *(write.symbol("torch", name) for name in ("FloatStorage", "BFloat16Storage", "load")),
    *(write.symbol("torch._utils", f"_rebuild_{name}") for name in ("tensor_v2", "parameter")),
    *(write.symbol("collections", "OrderedDict"), write.symbol("os", "system")),
    *(write.namespace({}), write.text("model"), write.text("\x1b[2J"), write.storage("0", 6)),
    *(write.storage("9", 1 << 50), _TENSOR, _OTHER, b"q\x01", b"h\x01", b"(K\0K\0K\x06t"),
]


def _in_a_container(root: bytes, legacy: bool, storages: Sequence[str] = ("0", "1")) -> bytes:
    make = write.legacy_file if legacy else write.zip_file
    return make(_PATH, root, {key: _VALUES[key] for key in storages}).read_bytes()


_WHOLE = [_in_a_container(root, legacy) for root in _ROOTS for legacy in (True, False)]
_WHOLE += [
    golden_files.path(f"huggingface/{name}").read_bytes()
    for name in ("tensors.pt", "legacy.pt", "tiny.bin")
]
# Damaged pickles in whole containers come past the checksums of the zip file.
_PROGRAMS = st.one_of(
    damaged(_ROOTS, _PHRASES), st.lists(st.sampled_from(_PHRASES), max_size=40).map(b"".join)
)
_COUNTS = st.one_of(
    st.integers(0, 4), st.integers(0, 4), st.sampled_from([-1, 1 << 31, 1 << 40, (1 << 62) - 1])
)


def _view(offset: int, dims: list[tuple[int, int]], numel: int) -> bytes:
    """A tensor of a storage of six elements; ``dims`` are (size, stride)."""
    shape, strides = (tuple(numbers) for numbers in zip(*dims, strict=True)) if dims else ((), ())
    return write.tensor(write.storage("0", numel), shape, strides, offset)


_DIMS = st.lists(st.tuples(_COUNTS, _COUNTS), max_size=3)
_VIEWS = st.builds(_view, _COUNTS, _DIMS, st.sampled_from([6, 6, 6, 7]))
_WEIGHTS = st.lists(_VIEWS, min_size=1, max_size=2).map(
    lambda views: write.dict_of({str(i): view for i, view in enumerate(views)})
)
INPUTS = st.one_of(
    st.builds(_in_a_container, _WEIGHTS.map(write.checkpoint), st.booleans(), st.just(["0"])),
    damaged(_WHOLE, [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06"]),
    st.builds(_in_a_container, _PROGRAMS, st.booleans()),
    st.builds(_in_a_container, _PROGRAMS.map(write.checkpoint), st.booleans()),
)


def check(content: bytes) -> None:
    """Reads the file; the tensors it gives lie in the file."""
    _PATH.write_bytes(content)
    try:
        with in_proportion_to(len(content)), only_reading(_PATH):
            _, tensors = read_fairseq(_PATH)
    except CheckpointError as error:
        check_message(error, _PATH)
        tensors = {}
    for values in tensors.values():
        assert values.nbytes <= len(content)
        if values.size:
            start, end = np.lib.array_utils.byte_bounds(values)
            first, last = np.lib.array_utils.byte_bounds(_storage_of(values))
            assert first <= start <= end <= last
            assert values.nbytes <= end - start, "an element is visited twice"


def _storage_of(values: np.ndarray) -> np.ndarray:
    """The array that was made from the file's bytes, of which ``values`` is a view."""
    whole, node = values, values
    while node is not None:
        whole = node if isinstance(node, np.ndarray) else whole
        node = getattr(node, "base", None)
    return whole
