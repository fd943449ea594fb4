"""ConSeq on DialogSum from the summarizer of `dialogsum_mle`.

    python -m train dialogsum_conseq --workdir runs/dialogsum_conseq \\
        --init-from runs/dialogsum_mle/model --data.train rows:contrast.jsonl \\
        --data.dev dialogsum:dev.jsonl.xz

`python -m experiments.pipeline dialogsum` makes the sets and runs this. A weight of 0.1 and a low
learning rate, for a small model collapses at the paper's weight of 1 (see `world_conseq`).
"""

import dataclasses

from experiments import dialogsum_mle
from experiments.smoke import smoke
from train.config import ConSeqConfig, ContrastData
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

EXPERIMENT = dataclasses.replace(
    dialogsum_mle.EXPERIMENT,
    data=ContrastData(
        train=("rows:contrast.jsonl",),
        dev=("dialogsum:dev.jsonl.xz",),
        limits=dialogsum_mle.LIMITS,
    ),
    init_from="runs/dialogsum_mle/model",
    optim=OptimConfig(
        learning_rate=1e-4,
        beta2=0.98,
        weight_decay=0.0,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=10, end_ratio=0.05),
    ),
    conseq=ConSeqConfig(negative_weight=0.1),
    num_epochs=2,
    eval_every_steps=20,
    checkpoint_every_steps=20,
    log_every_steps=2,
)

SMOKE = smoke(EXPERIMENT)
