"""Reads tensors from PyTorch's `.pt`/`.bin` files with NumPy; nothing in them is ever run.

Both containers are read: the legacy one (a chain of pickles, then raw storages; PyTorch before
1.6) and the zip one. All sizes, offsets, shapes and strides are checked against the file before
anything is allocated, and only what is asked for is read.

>>> with TorchFile(Path("model.pt")) as file:
...     weights = file.tensors(file.root["model"])
"""

import contextlib
import math
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from quals_jax.checkpoints.pickle_values import TensorRef
from quals_jax.checkpoints.torch_containers import (
    ContainerError,
    LegacyContainer,
    ZipContainer,
    dtype_of,
)
from quals_jax.checkpoints.weight_file import CheckpointError, describe_file

_MAX_DIMS = 8
# What damaged bytes raise in the standard library; the others are ValueErrors.
_DAMAGE = (ValueError, zipfile.BadZipFile, EOFError, struct.error, NotImplementedError)


class TorchFile:
    """An open PyTorch file; ``root`` is its object with `TensorRef` in the place of tensors.

    Raises FileNotFoundError, or CheckpointError for a file that is damaged, of another kind or
    that refers to anything but plain containers, ``argparse.Namespace`` and tensors.
    """

    def __init__(self, path: Path):
        if not path.is_file():
            raise FileNotFoundError(f"no weight file {path}")
        self.path = path
        self._storages: dict[str, np.ndarray] = {}
        self._file = path.open("rb")
        try:
            self._container = self._open()
        except BaseException:
            self._file.close()
            raise
        self.root = self._container.pickle.root

    def __enter__(self) -> "TorchFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def tensors(self, refs: Any) -> dict[str, np.ndarray]:
        """The arrays (read-only views) of a ``{name: TensorRef}`` dict of the root.

        Two names may share one tensor (tied embeddings); other overlaps are refused.
        """
        if not isinstance(refs, dict) or not refs:
            raise CheckpointError(f"{self.path} has no dict of tensors where weights are expected")
        spans: dict[str, dict[tuple[Any, ...], int]] = {}
        for name, ref in refs.items():
            if not isinstance(name, str) or not isinstance(ref, TensorRef):
                raise CheckpointError(
                    f"{self.path}: weight {name!r} is of type {type(ref).__name__}, not a tensor"
                )
            with self._explained(f"tensor {name}"):
                end = _check_view(ref)
            views = spans.setdefault(ref.storage.key, {})
            views[ref.offset, ref.shape, ref.strides] = end
        with self._explained("weights"):
            for views in spans.values():
                _check_overlaps(views)
        return {name: self._tensor(name, ref) for name, ref in refs.items()}

    def _open(self) -> LegacyContainer | ZipContainer:
        head = self._file.read(4)
        self._file.seek(0)
        if head == b"PK\x03\x04":
            with self._explained("zip container"):
                return ZipContainer(self._file)
        if head == b"\x80\x02\x8a\x0a":
            with self._explained("legacy container"):
                return LegacyContainer(self._file)
        raise CheckpointError(f"{self.path} is not a PyTorch file; {describe_file(self.path)}")

    def _tensor(self, name: str, ref: TensorRef) -> np.ndarray:
        storage = ref.storage
        if storage.key not in self._storages:
            with self._explained(f"tensor {name}"):
                data = self._container.read(storage)
            self._storages[storage.key] = np.frombuffer(data, dtype_of(storage))
        array = self._storages[storage.key]
        if 0 in ref.shape:
            return np.zeros(ref.shape, array.dtype)
        # The stride of a single element is never used, and may be any number.
        steps = zip(ref.strides, ref.shape, strict=True)
        strides = [step * array.itemsize if size > 1 else 0 for step, size in steps]
        rest = array[ref.offset :]
        return np.lib.stride_tricks.as_strided(rest, ref.shape, strides, writeable=False)

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise CheckpointError(f"{self.path}, {what}: {error}") from error


def _check_view(ref: TensorRef) -> int:
    """Checks that a tensor lies inside its storage and visits no element twice; returns its end."""
    for values in (ref.shape, ref.strides):
        if not isinstance(values, tuple) or not all(_is_count(value) for value in values):
            raise ContainerError("its shape or strides are not tuples of whole numbers from 0 up")
    if (
        len(ref.shape) != len(ref.strides)
        or len(ref.shape) > _MAX_DIMS
        or not _is_count(ref.offset)
    ):
        raise ContainerError("its shape, strides and offset do not fit together")
    numel = ref.storage.numel
    if 0 in ref.shape:
        end = ref.offset
        plausible = math.prod(size for size in ref.shape if size) <= 1 << 40
    else:
        end = ref.offset + 1
        plausible = True
        for step, size in sorted(zip(ref.strides, ref.shape, strict=True)):
            if size > 1:
                plausible &= step >= end - ref.offset
                end += (size - 1) * step
    if not plausible or end > numel:
        raise ContainerError(
            f"shape {list(ref.shape)}, strides {list(ref.strides)}, offset {ref.offset} do not fit "
            f"a storage of {numel:,} elements"
        )
    return end


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _check_overlaps(views: dict[tuple[Any, ...], int]) -> None:
    end = 0
    for (offset, *_), view_end in sorted(views.items(), key=lambda item: item[0][0]):
        if offset < end:
            raise ContainerError("two different tensors overlap in one storage")
        end = max(end, view_end)
