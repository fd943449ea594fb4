"""Writes the folders that ``tests/golden/make_huggingface.py exports`` runs in PyTorch.

python -m tests.checkpoints.write_exports FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

from quals_jax.checkpoints.huggingface import read_config, read_params, write_config, write_params
from quals_jax.models.bart import Params
from quals_jax.models.config import BartConfig
from tests import golden_files, golden_models

INPUTS: dict[str, dict[str, Any]] = {
    "tiny": {
        "sources": [[0, 17, 5, 44, 8, 2], [23, 2], [9, 9, 31, 58, 12, 40, 7, 2]],
        "targets": [[5, 44, 2], [31, 6, 6, 59, 2], [2]],
    },
    "small_p1": {
        "sources": [[100, 5, 17, 83, 2], [44, 101, 9, 9, 70, 12, 61, 2]],
        "targets": [[33, 119, 5, 17, 2], [8, 90, 90, 119, 61, 12, 2]],
    },
}


def model(name: str) -> tuple[BartConfig, Params]:
    """Configuration and parameters of a model of `INPUTS`."""
    if name == "small_p1":
        return golden_models.load(name)
    folder = golden_files.path("huggingface/tiny")
    config = read_config(folder)
    return config, read_params(folder, config)


def write(name: str, folder: Path) -> None:
    """Exports one model."""
    config, params = model(name)
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, config)
    write_params(folder, config, params)


if __name__ == "__main__":
    for model_name, inputs in INPUTS.items():
        target = Path(sys.argv[1]) / model_name
        write(model_name, target)
        (target / "inputs.json").write_text(json.dumps(inputs))
