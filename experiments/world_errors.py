"""Where is a claim wrong? First stage of FactCC in the synthetic world, after FactCCX.

Question: does an encoder that must point at the wrong words of a claim learn to compare?

    python -m train world_errors --workdir runs/world_errors

The document stands in the place of the question and the claim in that of the text; the answer is
the wrong words, none where the claim is faithful. `world_factcc` goes on from here. Without
`model.init_matching` the loss stays at 1.3 for hundreds of updates; with it, it is .07 after 450.
"""

import dataclasses

from experiments import world_qa
from quals_jax.data.pair_examples import PairLimits
from train.config import SpanData, TokenizerConfig

EXPERIMENT = dataclasses.replace(
    world_qa.EXPERIMENT,
    data=SpanData(
        train=("world-errors:10000:1",),
        dev=(f"world-errors:150:{world_qa.DEV_SEEDS + 1}",),
        limits=PairLimits(max_tokens=128, max_question_tokens=92, overlap_tokens=16),
    ),
    model=dataclasses.replace(world_qa.MODEL, init_matching=2.0),
    tokenizer=TokenizerConfig(learn_vocab_size=1400),
    optim=dataclasses.replace(world_qa.EXPERIMENT.optim, learning_rate=1.5e-3),
    num_steps=500,
    eval_every_steps=100,
)

SMOKE = dataclasses.replace(
    world_qa.SMOKE,
    model=dataclasses.replace(world_qa.SMOKE_MODEL, init_matching=2.0),
    data=dataclasses.replace(
        EXPERIMENT.data,
        train=("world-errors:40:1",),
        dev=(f"world-errors:10:{world_qa.DEV_SEEDS + 1}",),
    ),
)
