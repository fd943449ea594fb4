"""The two containers of PyTorch's `.pt` files: where the pickle and the raw storages lie.

Nothing is allocated before its size is compared with the file's.
"""

import io
import struct
import zipfile
from typing import Any, BinaryIO

import numpy as np

from quals_jax.checkpoints.pickle_reader import MAX_PICKLE_BYTES, read_pickle
from quals_jax.checkpoints.pickle_values import StorageRef

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_MAX_DIRECTORY_BYTES = 4 << 20  # BART-large has 500 entries of 80 bytes


class ContainerError(ValueError):
    """Something in the container that is not as PyTorch writes it."""


class LegacyContainer:
    """magic, protocol, system info, object, storage keys (five pickles); then the storages."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)
        magic, protocol, system = (read_pickle(file, 1024).root for _ in range(3))
        if magic != _LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL:
            raise ContainerError("not PyTorch's magic number and protocol")
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise ContainerError("not written on a little-endian machine; save it again on one")
        self.pickle = read_pickle(file)
        self._starts = self._find_storages(read_pickle(file).root)

    def _find_storages(self, keys: Any) -> dict[str, int]:
        """Walks over the storages, each an element count and the elements."""
        declared = self.pickle.storages
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ContainerError("the list of storages is damaged")
        if len(keys) != len(declared) or set(keys) != set(declared):
            raise ContainerError("the list of storages does not fit the tensors")
        starts = {}
        position = self._file.tell()
        for key in keys:
            self._file.seek(position)
            (numel,) = struct.unpack("<q", self._file.read(8))
            if numel != declared[key].numel:
                raise ContainerError(
                    f"storage {key} has {numel:,} elements, not {declared[key].numel:,}"
                )
            starts[key] = position + 8
            position += 8 + _num_bytes(declared[key])
            if position > self._size:
                raise ContainerError(
                    f"cut short: the file has {self._size:,} bytes, storage {key} ends at "
                    f"{position:,}; fetch it again"
                )
        if position != self._size:
            raise ContainerError(f"{self._size - position:,} bytes too many after the last storage")
        return starts

    def read(self, storage: StorageRef) -> bytes:
        """The bytes of a storage."""
        self._file.seek(self._starts[storage.key])
        return self._file.read(_num_bytes(storage))


class ZipContainer:
    """``NAME/data.pkl`` and ``NAME/data/KEY`` per storage, all stored without compression."""

    def __init__(self, file: BinaryIO):
        size = file.seek(0, io.SEEK_END)
        bounded = _BoundedReads(file)
        self._zip = zipfile.ZipFile(bounded)  # pyrefly: ignore  (read, seek and tell suffice)
        bounded.limit = size
        self._entries = _check_entries(self._zip.infolist(), size)
        if "data.pkl" not in self._entries:
            raise ContainerError("it has no data.pkl; not a file written by torch.save")
        if "byteorder" in self._entries and self._read("byteorder", 16) != b"little":
            raise ContainerError("not written on a little-endian machine; save it again on one")
        self.pickle = read_pickle(io.BytesIO(self._read("data.pkl", MAX_PICKLE_BYTES)))
        for storage in self.pickle.storages.values():
            entry = self._entries.get(f"data/{storage.key}")
            if entry is None or entry.file_size != _num_bytes(storage):
                found = "missing" if entry is None else f"{entry.file_size:,} bytes"
                raise ContainerError(
                    f"storage {storage.key} is {found}, expected {_num_bytes(storage):,} bytes"
                )

    def read(self, storage: StorageRef) -> bytes:
        """The bytes of a storage."""
        return self._read(f"data/{storage.key}", _num_bytes(storage))

    def _read(self, name: str, limit: int) -> bytes:
        if self._entries[name].file_size > limit:
            raise ContainerError(f"{name} has more than {limit:,} bytes")
        return self._zip.read(self._entries[name])  # compares the CRC-32


class _BoundedReads:
    """A file that refuses reads of more than ``limit`` bytes.

    The zip module reads the directory at once and makes an object of every entry; the limit on it
    bounds the memory that takes.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self.limit = _MAX_DIRECTORY_BYTES
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self.limit:
            raise ContainerError(f"a directory or entry of {size:,} bytes is not plausible")
        return self._file.read(self.limit if size < 0 else size)


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> dict[str, zipfile.ZipInfo]:
    """Entries by name without the common first folder; refuses what torch.save never writes."""
    by_name: dict[str, zipfile.ZipInfo] = {}
    folder = entries[0].filename.split("/")[0] if entries else ""
    for entry in entries:
        name = entry.orig_filename
        parts = name.split("/")
        if parts[0] != folder or len(parts) < 2 or not all(_plain_part(part) for part in parts):
            raise ContainerError(f"unexpected entry name {name[:80]!r}")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise ContainerError(f"entry {name[:80]!r} is compressed, which torch.save never does")
        if entry.flag_bits & 1:
            raise ContainerError(f"entry {name[:80]!r} is encrypted")
        by_name["/".join(parts[1:])] = entry
    if len(by_name) != len(entries):
        raise ContainerError("two entries have the same name")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise ContainerError(f"entry {entry.filename[:80]!r} overlaps the one before it")
        end = entry.header_offset + 30 + len(entry.orig_filename) + entry.file_size
    if end > size:
        raise ContainerError(f"cut short: {size:,} bytes, entries need {end:,}; fetch it again")
    return by_name


def _plain_part(part: str) -> bool:
    return part not in ("", ".", "..") and not any(c in "\\:" or c < " " for c in part)


def dtype_of(storage: StorageRef) -> np.dtype:
    """NumPy type of a storage's elements."""
    import ml_dtypes  # noqa: F401  registers the name "bfloat16" with NumPy

    return np.dtype(storage.dtype)


def _num_bytes(storage: StorageRef) -> int:
    return storage.numel * dtype_of(storage).itemsize
