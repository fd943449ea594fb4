"""Summarizer of the synthetic world, from scratch, on references of which a third is unfaithful.

Question: does maximum likelihood learn to hallucinate from careless references, as on XSum? About
2 minutes on two cores; nearly half of the beam-4 summaries state something their article does not.
The pipeline starts it from QAGen's weights, which know the words and how to copy.

    python -m train world_mle --workdir runs/world_mle
    python -m train world_mle --workdir runs/world_mle --init-from runs/world_qagen/model \\
        --tokenizer.learn-vocab-size 0
"""

from experiments import world_qagen
from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from train.config import BatchConfig, Experiment, SummaryData, TokenizerConfig

EXPERIMENT = Experiment(
    data=SummaryData(
        train=("world:16000:1",),
        dev=(f"world:300:{world_qagen.DEV_SEEDS + 1}",),
        limits=Limits(max_source_tokens=128, max_target_tokens=64, max_targets=1),
    ),
    model=world_qagen.EXPERIMENT.model,
    tokenizer=TokenizerConfig(learn_vocab_size=1400),
    batch=BatchConfig(max_tokens=1500, max_shapes=3),
    optim=world_qagen.EXPERIMENT.optim,
    label_smoothing=0.0,
    num_steps=1000,
    eval_every_steps=500,
    checkpoint_every_steps=100_000,  # at the end only: an interrupted demo starts anew
)

SMOKE = smoke(EXPERIMENT)
