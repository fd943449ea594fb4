"""Maximum likelihood on CNN/DailyMail from BART-large, with the official hyper-parameters.

Question: the summarizer whose samples and references QUALS sorts into S+ and S-.

    python -m experiments.prepare_data cnn_dailymail --from DIR --data-dir tfds
    python -m train cnndm_mle --workdir runs/cnndm_mle --init-from models/bart-large \\
        --data.train tfds:cnn_dailymail/level1:train:tfds \\
        --data.dev tfds:cnn_dailymail/level1:validation:tfds

Differs from `xsum_mle` as the official scripts do: no warmup, and a quarter of the tokens per
update (1,024 x 8 GPUs, update-freq 1). What is known and what is our choice is said there.
"""

import dataclasses

from experiments import xsum_mle
from train.config import BatchConfig

EXPERIMENT = dataclasses.replace(
    xsum_mle.EXPERIMENT,
    data=dataclasses.replace(
        xsum_mle.EXPERIMENT.data,
        train=("tfds:cnn_dailymail/level1:train:tfds",),
        dev=("tfds:cnn_dailymail/level1:validation:tfds",),
    ),
    batch=BatchConfig(max_tokens=8 * 1024, max_shapes=12),
    optim=dataclasses.replace(
        xsum_mle.EXPERIMENT.optim,
        schedule=dataclasses.replace(xsum_mle.EXPERIMENT.optim.schedule, warmup_steps=0),
    ),
    eval_every_steps=4000,
    checkpoint_every_steps=4000,
)

SMOKE = xsum_mle.SMOKE
