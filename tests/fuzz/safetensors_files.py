"""Any safetensors file, in a folder of others, is read or refused with its name."""

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from quals_jax.checkpoints.weight_file import CheckpointError, read_safetensors, write_safetensors
from tests.fuzz.damage import damaged
from tests.fuzz.deeds import only_reading
from tests.fuzz.memory import in_proportion_to
from tests.fuzz.messages import check_message

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")
_PATH = Path(_FOLDER.name) / "model.safetensors"
_TOKENS = [
    *(
        b'"data_offsets":[0,24]',
        b'"shape":[2,3]',
        b'"shape":[]',
        b'"dtype":"F8_E4M3"',
        b'"F4"',
        b"-1",
    ),
    *(
        b"1e3",
        b"18446744073709551615",
        b"99999999999999999999",
        b"[0,0]",
        b"[24,0]",
        b"{",
        b"}",
        b",",
    ),
]


def _written(header: bytes, size: int = 64) -> bytes:
    """A file whose length field fits its header, whatever that holds."""
    return len(header).to_bytes(8, "little") + header + bytes(size)


write_safetensors(
    _PATH, {"a": np.arange(6, dtype="<f4").reshape(2, 3), "b": np.arange(5, dtype="<i8")}
)
_WHOLE = _PATH.read_bytes()
_HEADER = _WHOLE[8 : 8 + int.from_bytes(_WHOLE[:8], "little")]
_COUNTS = st.one_of(st.integers(-1, 7), st.sampled_from([1 << 31, 1 << 62, (1 << 64) - 1, 1 << 64]))
_TENSORS = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(
            ["F32", "F64", "BF16", "F16", "I8", "BOOL", "F8_E4M3", "F4", "C64"]
        ),
        "shape": st.lists(_COUNTS, max_size=3),
        "data_offsets": st.one_of(st.tuples(st.just(0), _COUNTS), st.lists(_COUNTS, max_size=3)),
    }
)


def _honest(shape: list[int], dtype: tuple[str, float]) -> bytes:
    """A file of one tensor that fills it, of any type of the format."""
    size = int(np.prod(shape) * dtype[1])
    header = {"a": {"dtype": dtype[0], "shape": shape, "data_offsets": [0, size]}}
    return _written(json.dumps(header).encode(), size)


_TYPES = [("F32", 4), ("BF16", 2), ("F8_E4M3", 1), ("F8_E5M2", 1), ("F8_E8M0", 1), ("F4", 0.5)]
INPUTS = st.one_of(
    st.dictionaries(st.text(max_size=3), _TENSORS, max_size=2).map(
        lambda header: _written(json.dumps(header).encode())
    ),
    st.builds(_honest, st.lists(st.integers(0, 4), max_size=3), st.sampled_from(_TYPES)),
    damaged([_WHOLE], _TOKENS),
    damaged([_HEADER], _TOKENS).map(_written),
)


def check(content: bytes) -> None:
    """Reads the file; the tensors it gives lie in the file."""
    _PATH.write_bytes(content)
    try:
        with in_proportion_to(len(content)), only_reading(_PATH):
            tensors = read_safetensors(_PATH)
    except CheckpointError as error:
        check_message(error, _PATH)
        tensors = {}
    for values in tensors.values():
        assert len(values.tobytes()) <= len(content)
