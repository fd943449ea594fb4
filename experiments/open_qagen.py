"""The open QAGen, the model that comes with the package: SQuAD v1.1, the second of two stages.

Question: what can `quals score` say about news with the QAGen that two cores train in little more
than an hour?

    python -m train open_qagen --workdir runs/open_qagen --init-from runs/open_qagen_texts/model \\
        --data.train squad-views:train-v1.1.json.xz --data.dev squad:dev-v1.1.json.xz
    quals export runs/open_qagen/model -o open_qagen --weights bfloat16

Its files, but not README.md, then go to quals_jax/open_qagen: the card there is written by hand.

The first stage is `experiments/open_qagen_texts.py`. Sources are sentences, paragraphs and groups
of paragraphs, since QUALS asks about summaries and looks for the answers in documents. What came
out is told in docs/open-qagen.md.
"""

import dataclasses

from experiments import open_qagen_texts
from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from train.config import BatchConfig, QAData, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

EXPERIMENT = dataclasses.replace(
    open_qagen_texts.EXPERIMENT,
    data=QAData(
        train=("squad-views:train-v1.1.json",),
        dev=("squad:dev-v1.1.json",),
        limits=Limits(max_source_tokens=512, max_target_tokens=48, max_targets=5),
        max_dev_rows=1000,
    ),
    tokenizer=TokenizerConfig(),
    init="random",  # the first stage has learned to copy
    init_from="runs/open_qagen_texts/model",
    batch=BatchConfig(max_tokens=4000, max_shapes=8),
    optim=OptimConfig(
        learning_rate=1e-3,
        beta2=0.98,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=100, end_ratio=0.02),
    ),
    num_steps=2400,
    eval_every_steps=400,
)

SMOKE = smoke(EXPERIMENT)
