"""Question generator of the synthetic world: the first half of QAGS there.

Question: does QAGS find the errors that are known to be there? About a minute on two cores when it
starts from the world's QAGen, which knows the words and the questions.

    python -m train world_qg --workdir runs/world_qg --init-from runs/world_qagen/model \\
        --tokenizer.learn-vocab-size 0

It reads summary-like sentences alone, since QAGS asks about summaries.
"""

import dataclasses

from experiments import world_qagen
from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from train.config import BatchConfig, QuestionData
from train.schedules import ScheduleConfig

EXPERIMENT = dataclasses.replace(
    world_qagen.EXPERIMENT,
    data=QuestionData(
        train=("world-sentences:8000:1",),
        dev=(f"world-sentences:150:{world_qagen.DEV_SEEDS + 1}",),
        limits=Limits(max_source_tokens=64, max_target_tokens=40, max_targets=4),
    ),
    batch=BatchConfig(max_tokens=1500, max_shapes=2),
    optim=dataclasses.replace(
        world_qagen.EXPERIMENT.optim,
        learning_rate=1e-3,
        schedule=ScheduleConfig("cosine", warmup_steps=50, end_ratio=0.05),
    ),
    num_steps=500,
    eval_every_steps=250,
)

SMOKE = smoke(EXPERIMENT)
