"""Writes `.pt` files opcode by opcode, so that tests can make any file, honest or hostile."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def dict_of(items: dict[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def symbol(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + tuple_of(*arguments) + b"R"


def storage(key: str, numel: int, kind: str = "FloatStorage", view: bytes = b"") -> bytes:
    identity = (text("storage"), symbol("torch", kind), text(key), text("cpu"), number(numel), view)
    return tuple_of(*identity) + b"Q"


def tensor(
    stored: bytes, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0
) -> bytes:
    return call(
        symbol("torch._utils", "_rebuild_tensor_v2"),
        stored,
        number(offset),
        tuple_of(*map(number, shape)),
        tuple_of(*map(number, strides)),
        b"\x89",
        call(symbol("collections", "OrderedDict")),
    )


def namespace(attributes: dict[str, bytes]) -> bytes:
    return symbol("argparse", "Namespace") + b")\x81" + dict_of(attributes) + b"b"


def checkpoint(model: bytes, args: bytes | None = None) -> bytes:
    """The object of a checkpoint with these weights."""
    return dict_of({"args": args or namespace({"arch": text("bart")}), "model": model})


def legacy_file(path: Path, root: bytes, storages: dict[str, np.ndarray]) -> Path:
    """The container of PyTorch before 1.6."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    parts = [pickle.dumps(value, 2) for value in (MAGIC, 1001, system)]
    parts += [b"\x80\x02" + root + b".", pickle.dumps(list(storages), 2)]
    for values in storages.values():
        parts += [struct.pack("<q", values.size), values.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def zip_file(path: Path, root: bytes, storages: dict[str, np.ndarray], **extra: bytes) -> Path:
    """The zip container; ``extra`` are further entries below ``archive/``."""
    entries = {"data.pkl": b"\x80\x02" + root + b".", "byteorder": b"little", "version": b"3\n"}
    entries |= {f"data/{key}": values.tobytes() for key, values in storages.items()}
    return zip_entries(path, {f"archive/{name}": data for name, data in (entries | extra).items()})


def zip_entries(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """Any zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    path.write_bytes(buffer.getvalue())
    return path
