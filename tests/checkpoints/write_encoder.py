"""Writes the folder that ``tests/golden/make_bert.py export`` runs in PyTorch.

python -m tests.checkpoints.write_encoder FOLDER        # with pairs.json beside it
"""

import json
import sys
from pathlib import Path

import numpy as np

from quals_jax.checkpoints.encoder_folder import save_encoder_folder
from quals_jax.checkpoints.names import flatten, nest
from quals_jax.models.bert import param_shapes
from quals_jax.models.bert_config import BertConfig
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files

PAIRS = [
    ["Who won?", "Celtic beat Motherwell 3-1 in Glasgow."],
    ["Where did it happen, and why", "A fire at a school in York hurt 3 people. Nobody died."],
]


def write(folder: Path) -> None:
    """A span model with a byte-level BPE and values that differ from each other."""
    tokenizer = Tokenizer.from_folder(golden_files.path("world_qagen"))
    config = BertConfig(
        vocab_size=tokenizer.vocab_size,
        d_model=12,
        encoder_layers=1,
        encoder_heads=3,
        encoder_ffn_dim=20,
        max_positions=64,
        norm_eps=1e-5,
        cls_id=tokenizer.cls_id,
        sep_id=tokenizer.sep_id,
        pad_id=tokenizer.pad_id,
        unk_id=tokenizer.unk_id,
    )
    rng = np.random.default_rng(3)

    def draw(path: str, shape: tuple[int, ...]) -> np.ndarray:
        if path.endswith("/kernel"):  # as [d_in, d_out], so that the recording stays true
            return draw("", shape[::-1]).T
        return rng.standard_normal(shape).astype(np.float32) * 0.3 + path.endswith("/scale")

    params = {path: draw(path, leaf.shape) for path, leaf in flatten(param_shapes(config))}
    save_encoder_folder(folder, config, nest(params), tokenizer)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write(target)
    (target.parent / "pairs.json").write_text(json.dumps(PAIRS))
