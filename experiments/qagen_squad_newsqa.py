"""QAGen on NewsQA and SQuAD v1.1 from BART-large, with the official hyper-parameters.

Question: the model behind the paper's QUALS, whose released checkpoint is gone.

    python -m train qagen_squad_newsqa --workdir runs/qagen --init-from models/bart-large \\
        --data.train newsqa:combined-newsqa-data-v1.json:train squad:train-v1.1.json \\
        --data.dev newsqa:combined-newsqa-data-v1.json:dev squad:dev-v1.1.json

Hardware of the official recipe: 8 V100 GPUs. What is known of it: the recipe of its summarizers
was followed and the checkpoint of epoch 2 was used (fairseq's max-tokens 1024 a GPU counts
max(source, target), update-freq 4). Our choice, since all questions of a text share its encoding:
tokens of a batch counted as source + targets, 8 targets at most.
"""

import dataclasses

from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from train.config import BatchConfig, Experiment, QAData
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

EXPERIMENT = Experiment(
    data=QAData(
        train=("newsqa:combined-newsqa-data-v1.json:train", "squad:train-v1.1.json"),
        dev=("newsqa:combined-newsqa-data-v1.json:dev", "squad:dev-v1.1.json"),
        limits=Limits(max_source_tokens=1024, max_target_tokens=128, max_targets=8),
        max_dev_rows=4000,
    ),
    model=dataclasses.replace(BartConfig.large(), dtype="bfloat16"),
    batch=BatchConfig(max_tokens=32 * 1024, max_shapes=12),
    optim=OptimConfig(
        learning_rate=3e-5,
        beta2=0.999,
        weight_decay=0.01,
        clip_norm=0.1,
        schedule=ScheduleConfig("polynomial_decay", warmup_steps=500, total_steps=1_000_000),
    ),
    label_smoothing=0.1,
    num_epochs=2,
    eval_every_steps=1000,
    checkpoint_every_steps=1000,
)

SMOKE = smoke(EXPERIMENT)
