"""Summaries of dialogues on DialogSum, by a model small enough for a CPU.

Question: how well does a model of 9 million parameters summarize 12,460 dialogues after denoising
pre-training on other text?

    python -m train denoise --workdir runs/denoise --data.train rows:articles.jsonl.xz
    python -m train dialogsum_mle --workdir runs/dialogsum_mle --init-from runs/denoise/model \\
        --data.train dialogsum:train.jsonl.xz --data.dev dialogsum:dev.jsonl.xz

Without pre-training: ``--init-from "" --tokenizer.learn-vocab-size 8000``. BART-large fits too:
``--init-from models/bart-large`` with the model and the optimizer of `xsum_mle`.
"""

from experiments import qagen_squad_views
from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from train.config import BatchConfig, Experiment, SummaryData
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

LIMITS = Limits(max_source_tokens=384, max_target_tokens=96)

EXPERIMENT = Experiment(
    data=SummaryData(
        train=("dialogsum:train.jsonl.xz",),
        dev=("dialogsum:dev.jsonl.xz",),
        limits=LIMITS,
    ),
    model=qagen_squad_views.EXPERIMENT.model,
    init_from="runs/denoise/model",
    batch=BatchConfig(max_tokens=6000, max_shapes=5),
    optim=OptimConfig(
        learning_rate=7e-4,
        beta2=0.98,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=150, end_ratio=0.02),
    ),
    label_smoothing=0.1,
    num_epochs=4,
    loss_chunk_tokens=256,
    eval_every_steps=250,
    checkpoint_every_steps=100,
)

SMOKE = smoke(EXPERIMENT)
