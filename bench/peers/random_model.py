"""A model folder with random weights that every library reads."""

import dataclasses
import itertools
import json
import tempfile
from pathlib import Path

from bench.peers.tasks import VOCAB_SIZE
from quals_jax.checkpoints.model_folder import save_model_folder
from quals_jax.checkpoints.settings import QualsSettings
from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.text.bpe_files import MASK_TOKEN, SPECIAL_TOKENS, byte_characters
from quals_jax.text.tokenizer import Tokenizer

SIZES = {
    name: dataclasses.replace(config, vocab_size=VOCAB_SIZE, max_positions=1024)
    for name, config in {
        "tiny": BartConfig.tiny(),
        "base": BartConfig.base(),
        "large": BartConfig.large(),
    }.items()
}


def write_random_model(folder: Path, config: BartConfig) -> None:
    """The folder, with a byte-level vocabulary of single bytes and as many pairs as are wanted."""
    characters = list(byte_characters())
    num_pairs = config.vocab_size - len(SPECIAL_TOKENS) - len(characters) - 1
    pairs = list(itertools.islice(itertools.product(characters, repeat=2), num_pairs))
    words = [*SPECIAL_TOKENS, *characters, *map("".join, pairs), MASK_TOKEN]
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch)
        (files / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
        merges = "".join(f"{first} {second}\n" for first, second in pairs)
        (files / "merges.txt").write_text(f"#version: 0.2\n{merges}", "utf-8")
        tokenizer = Tokenizer.from_folder(files)
    # Any token may stand between question and answer.
    settings = QualsSettings(separator_id=config.vocab_size - 2)
    save_model_folder(folder, config, init_params(config, seed=0), tokenizer, settings)
