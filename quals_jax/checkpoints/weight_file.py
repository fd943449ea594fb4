"""One file of weights: what it is, its hash, and safetensors in and out.

>>> tensors = read_safetensors(Path("model/model.safetensors"))     # {name: float array}
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from quals_jax.text.printable import printable_lines

WeightType = Literal["float32", "bfloat16"]  # that weights are stored in


class CheckpointError(ValueError):
    """A weight file or model folder that must not be used; the message says why and what to do.

    Names that such a file gives to its parts may stand in the message; they are escaped.
    """

    def __init__(self, message: str):
        super().__init__(printable_lines(message))


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_file(path: Path) -> str:
    """What is there instead of the expected file: size, sha256 and a guess, for error messages."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(512)
    return f"found {size:,} bytes, sha256 {sha256_file(path)}: {_guess(head)}"


def _guess(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "an empty file (an interrupted download?); fetch it again"
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page, not weights (a login or error page?); fetch the file itself"
    if text.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the weights; run `git lfs pull`"
    if head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
        return "an archive; unpack it and give the model file inside"
    if head.startswith((b"PK\x03\x04", b"\x80\x02\x8a\x0a")):
        return "a PyTorch file; convert it with `quals convert`"
    if head[8:9] == b"{":
        return "a safetensors file, damaged or cut short; fetch it again"
    return "not a known weight format, or damaged; fetch it again"


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON object of a model folder.

    Raises:
        CheckpointError: not UTF-8 JSON, or not an object; the message has the file and position.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not readable JSON: {error}; {describe_file(path)}") from (
            error
        )
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds a JSON {type(value).__name__}, expected an object")
    return value


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """All tensors of a safetensors file in their stored type (bfloat16 by ``ml_dtypes``).

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: damaged, cut short or another kind of file.
    """
    import ml_dtypes  # noqa: F401  registers the name "bfloat16" with NumPy
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"no weight file {path}")
    try:
        with safe_open(path, framework="np") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, AttributeError, ValueError) as error:
        # TypeError and AttributeError: element types NumPy does not have, such as float8.
        raise CheckpointError(
            f"{path} is not a usable safetensors file ({error}); {describe_file(path)}"
        ) from error


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes tensors in name order and flushes them to disk; same tensors, same bytes."""
    from safetensors.numpy import save_file

    ordered = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    # transformers 4 refuses files whose metadata do not name a framework.
    save_file(ordered, path, metadata={"format": "pt"})
    with path.open("rb") as file:
        os.fsync(file.fileno())
