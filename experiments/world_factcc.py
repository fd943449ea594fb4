"""FactCC in the synthetic world: a classifier of claims about articles, consistent or not.

Question: does it find the errors that are known to be there, as QUALS does?

    python -m train world_qa --workdir runs/world_qa --init-from runs/world_qagen/model
    python -m train world_factcc --workdir runs/world_factcc --init-from runs/world_qa/model

Every article comes with a faithful summary and one with an error; there are 30,000 articles, since
a classifier learns them by heart long before it learns to compare.
"""

import dataclasses

from experiments import world_qa
from train.config import ClaimData, Experiment

MODEL = dataclasses.replace(world_qa.MODEL, head="classification", labels=("CORRECT", "INCORRECT"))

EXPERIMENT = Experiment(
    data=ClaimData(
        train=("world:30000:1",),
        dev=(f"world:300:{world_qa.DEV_SEEDS + 1}",),
        max_tokens=128,
    ),
    model=MODEL,
    batch=world_qa.EXPERIMENT.batch,
    optim=world_qa.EXPERIMENT.optim,
    label_smoothing=0.0,
    num_steps=1000,
    eval_every_steps=250,
    checkpoint_every_steps=100_000,
)

SMOKE = dataclasses.replace(
    EXPERIMENT,
    model=dataclasses.replace(
        world_qa.SMOKE_MODEL, head="classification", labels=("CORRECT", "INCORRECT")
    ),
    data=dataclasses.replace(
        EXPERIMENT.data, train=("world:40:1",), dev=(f"world:10:{world_qa.DEV_SEEDS + 1}",)
    ),
    tokenizer=world_qa.SMOKE.tokenizer,
    batch=world_qa.SMOKE.batch,
    num_steps=4,
    eval_every_steps=2,
    log_every_steps=1,
)
