"""FactCC in the synthetic world: a classifier of claims about articles, consistent or not.

Question: does it find the errors that are known to be there, as QUALS does?

    python -m train world_factcc --workdir runs/world_factcc

The model is told which words document and claim share (`BertConfig.mark_shared`). Without that,
little is learned from labels alone in 20,000 claims.
"""

import dataclasses

from experiments import world_qa
from experiments.smoke import smoke
from train.config import ClaimData, Experiment, TokenizerConfig
from train.schedules import ScheduleConfig

MODEL = dataclasses.replace(world_qa.MODEL, head="classification", labels=("CORRECT", "INCORRECT"))

EXPERIMENT = Experiment(
    data=ClaimData(
        train=("world:5000:1",),
        dev=(f"world:300:{world_qa.DEV_SEEDS + 1}",),
        max_tokens=128,
    ),
    model=MODEL,
    tokenizer=TokenizerConfig(learn_vocab_size=1400),
    batch=world_qa.EXPERIMENT.batch,
    optim=dataclasses.replace(
        world_qa.EXPERIMENT.optim,
        learning_rate=5e-4,
        schedule=ScheduleConfig("cosine", warmup_steps=20, end_ratio=0.05),
    ),
    label_smoothing=0.0,
    num_steps=300,
    eval_every_steps=50,
    checkpoint_every_steps=100_000,
)

SMOKE = smoke(EXPERIMENT)
