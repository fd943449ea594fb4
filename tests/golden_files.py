"""Opens the recorded outputs in ``tests/golden`` (``README.md`` there says what made them)."""

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "golden"


def path(name: str) -> Path:
    """Path of a golden file or folder, e.g. ``path("models/small_p1/model.pt")``."""
    return FOLDER / name


def read_json(name: str) -> Any:
    """JSON of ``name``; opens ``name.xz`` where the plain file is not kept."""
    return json.loads(read_text(name))


def read_text(name: str) -> str:
    """Text of ``name``, or of ``name.xz``."""
    plain = FOLDER / name
    if plain.exists():
        return plain.read_text(encoding="utf-8")
    with lzma.open(plain.with_name(plain.name + ".xz"), "rt", encoding="utf-8") as file:
        return file.read()


def read_npz(name: str) -> dict[str, np.ndarray]:
    """All arrays of an ``.npz`` file."""
    with np.load(FOLDER / name) as arrays:
        return dict(arrays)
