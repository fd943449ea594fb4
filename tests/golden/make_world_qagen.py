"""Makes ``world_qagen``: a QAGen of the synthetic world, small enough for the repository.

    python -m tests.golden.make_world_qagen

It writes sensible pairs about the world's sentences in milliseconds; tests use it wherever a real
model, a real tokenizer and real text are wanted. No test depends on how good it is.
"""

import dataclasses
import shutil
import tempfile
from pathlib import Path

from experiments import world_qagen
from train.config import TokenizerConfig
from train.loop import train

FOLDER = Path(__file__).parent / "world_qagen"


def main() -> None:
    """Trains for about two minutes on two cores."""
    big = world_qagen.EXPERIMENT
    small = dataclasses.replace(
        big.model,
        d_model=48,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=96,
        decoder_ffn_dim=96,
        max_positions=80,
    )
    experiment = dataclasses.replace(
        big,
        data=dataclasses.replace(
            big.data, limits=dataclasses.replace(big.data.limits, max_source_tokens=80)
        ),
        model=small,
        tokenizer=TokenizerConfig(learn_vocab_size=900),
        num_steps=600,
    )
    with tempfile.TemporaryDirectory() as workdir:
        train(experiment, workdir)
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(Path(workdir) / "model", FOLDER)


if __name__ == "__main__":
    main()
