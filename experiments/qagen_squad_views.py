"""QAGen on SQuAD v1.1 for a CPU, in two stages: sentences first, then texts of every length.

Question: does a small model learn to copy from its source in half an hour? From paragraphs it does
not (the loss stays at that of a language model); from single sentences it begins to after 500
updates. The second stage adds paragraphs and groups of paragraphs, since documents are long.

    python -m train denoise --workdir runs/denoise --data.train rows:articles.jsonl.xz
    python -m train qagen_squad_views --workdir runs/sentences --init-from runs/denoise/model \\
        --data.train squad-sentences:train-v1.1.json.xz --data.dev squad:dev-v1.1.json.xz
    python -m train qagen_squad_views --workdir runs/qagen --init-from runs/sentences/model \\
        --data.train squad-views:train-v1.1.json.xz --data.dev squad:dev-v1.1.json.xz \\
        --data.limits.max-source-tokens 640 --num-steps 330 --optim.learning-rate 4e-4 \\
        --optim.schedule.warmup-steps 20 --batch.max-tokens 3500

On one core of a laptop the three commands take 50 minutes; perplexity on SQuAD's dev paragraphs is
then 56 per token.
"""

import dataclasses

from experiments import qagen_squad
from quals_jax.data.examples import Limits
from train.config import BatchConfig, QAData, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

EXPERIMENT = dataclasses.replace(
    qagen_squad.EXPERIMENT,
    data=QAData(
        train=("squad-sentences:train-v1.1.json",),
        dev=("squad:dev-v1.1.json",),
        limits=Limits(max_source_tokens=100, max_target_tokens=40, max_targets=4),
        max_dev_rows=600,
    ),
    model=dataclasses.replace(qagen_squad.MODEL, dropout=0.0, attention_dropout=0.0),
    tokenizer=TokenizerConfig(),
    init_from="runs/denoise/model",
    batch=BatchConfig(max_tokens=3000, max_shapes=4),
    optim=OptimConfig(
        learning_rate=1e-3,
        beta2=0.98,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=150, end_ratio=0.02),
    ),
    label_smoothing=0.0,
    num_epochs=0,
    num_steps=2000,
    eval_every_steps=500,
    checkpoint_every_steps=500,
)

SMOKE = qagen_squad.SMOKE
