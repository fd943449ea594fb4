"""BART's denoising pre-training on plain text, small enough for a CPU.

Question: no pretrained weights can be assumed; how far do ten minutes of text infilling carry?

    python -m train denoise --workdir runs/denoise --data.train rows:articles.jsonl.xz

400 updates teach words and their neighbours (the loss falls from 9 to 6.1), no copying yet; raise
--num-steps and --data.max-train-rows where there is time.

Rows are JSON lines with a ``text`` and, if they like, an ``id``.
"""

import dataclasses

from experiments.qagen_squad import MODEL
from experiments.smoke import smoke
from train.config import BatchConfig, Experiment, TextData, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

EXPERIMENT = Experiment(
    data=TextData(train=("rows:articles.jsonl",), max_tokens=192, max_train_rows=4000),
    model=dataclasses.replace(MODEL, dropout=0.0, attention_dropout=0.0),
    tokenizer=TokenizerConfig(learn_vocab_size=4096),
    batch=BatchConfig(max_tokens=2400, max_shapes=3),
    optim=OptimConfig(
        learning_rate=1e-3,
        beta2=0.98,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=100, end_ratio=0.1),
    ),
    label_smoothing=0.0,
    num_steps=400,
    loss_chunk_tokens=256,
    eval_every_steps=500,
    checkpoint_every_steps=500,
)

SMOKE = smoke(EXPERIMENT)
