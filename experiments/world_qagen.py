"""QAGen of the synthetic world, from scratch: the question-answer model of the demo.

Question: does QUALS find the errors that are known to be there? About 2 minutes on two cores.
Many small updates: 1,200 of 1,024 tokens reach the dev loss of 700 of 4,096 (.25).

    python -m train world_qagen --workdir runs/world_qagen

A passage is encoded once for up to eight questions. Three of five passages are articles, the
others summary-like sentences, since QUALS asks about summaries.
"""

import dataclasses

from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from train.config import BatchConfig, Experiment, QAData, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

DEV_SEEDS = 1_000_000  # held-out passages of seed n are those of seed DEV_SEEDS + n

MODEL = dataclasses.replace(
    BartConfig.tiny(), max_positions=128, dropout=0.0, attention_dropout=0.0
)

EXPERIMENT = Experiment(
    data=QAData(
        train=("world:8000:1",),
        dev=(f"world:150:{DEV_SEEDS + 1}",),
        limits=Limits(max_source_tokens=128, max_target_tokens=64, max_targets=8),
    ),
    model=MODEL,
    tokenizer=TokenizerConfig(learn_vocab_size=1400),
    batch=BatchConfig(max_tokens=1024, max_shapes=3),
    optim=OptimConfig(
        learning_rate=2e-3,
        beta2=0.98,
        weight_decay=0.0,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=100, end_ratio=0.05),
    ),
    label_smoothing=0.0,
    num_steps=1200,
    eval_every_steps=400,
    checkpoint_every_steps=100_000,  # at the end only: an interrupted demo starts anew
)

SMOKE = smoke(EXPERIMENT)
