"""Question generator on SQuAD v1.1 for a CPU: the first half of QAGS.

Question: how good are the questions that a quarter of an hour of one core buys?

    python -m train qg_squad --workdir runs/qg_squad --init-from runs/qagen/model \\
        --data.train squad-sentences:train-v1.1.json.xz --data.dev squad-sentences:dev-v1.1.json.xz

It starts from the QAGen of `qagen_squad_views` or any other of that size, which copies and asks
already, and reads single sentences, as summaries are. The official generator is BART-large on
NewsQA: `--model` and `--optim` of `qagen_squad_newsqa` and
`--data.train newsqa:combined-newsqa-data-v1.json:train` are that.
"""

import dataclasses

from experiments import qagen_squad_views
from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from train.config import BatchConfig, QuestionData
from train.schedules import ScheduleConfig

EXPERIMENT = dataclasses.replace(
    qagen_squad_views.EXPERIMENT,
    data=QuestionData(
        train=("squad-sentences:train-v1.1.json",),
        dev=("squad-sentences:dev-v1.1.json",),
        limits=Limits(max_source_tokens=110, max_target_tokens=40, max_targets=2),
        max_dev_rows=600,
    ),
    init_from="runs/qagen/model",
    batch=BatchConfig(max_tokens=3000, max_shapes=4),
    optim=dataclasses.replace(
        qagen_squad_views.EXPERIMENT.optim,
        learning_rate=7e-4,
        schedule=ScheduleConfig("cosine", warmup_steps=50, end_ratio=0.02),
    ),
    num_steps=1000,
    eval_every_steps=250,
    checkpoint_every_steps=250,
)

SMOKE = smoke(EXPERIMENT)
