"""Makes ``models/weights_sha256.json``: a hash of every weight of the recorded models.

    python -m tests.golden.make_weight_hashes FOLDER

FOLDER/NAME/weights.npz hold the weights as fairseq's own state dict had them; the hashes stand for
these large files.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

MODELS = ("small_p1", "small_p2", "rand_p", "full_p")
FILE = Path(__file__).parent / "models" / "weights_sha256.json"


def weight_hash(values: np.ndarray) -> str:
    """Hash of type, shape and bytes."""
    header = f"{values.dtype.str}{list(values.shape)}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(values).tobytes()).hexdigest()


if __name__ == "__main__":
    hashes = {}
    for model in MODELS:
        with np.load(Path(sys.argv[1]) / model / "weights.npz") as arrays:
            hashes[model] = {name: weight_hash(arrays[name]) for name in sorted(arrays)}
    FILE.write_text(json.dumps(hashes, indent=0) + "\n", encoding="utf-8")
