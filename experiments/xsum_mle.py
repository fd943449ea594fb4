"""Maximum likelihood on XSum from BART-large, with the official hyper-parameters: before ConSeq.

Question: the summarizer whose samples and references QUALS sorts into S+ and S-.

    python -m experiments.prepare_data xsum --from DIR --data-dir tfds
    python -m train xsum_mle --workdir runs/xsum_mle --init-from models/bart-large \\
        --data.train tfds:xsum/level1:train:tfds --data.dev tfds:xsum/level1:validation:tfds

On several hosts or GPUs the same command starts one process each (`python -m train --help`);
`--sharding fully_sharded` splits parameters and moments. `xsum` runs this as part of the pipeline.
Hardware of the official recipe: 8 V100 GPUs.

Known: learning rate, warmup 500, decay over 1,000,000 updates (nearly constant), 4 epochs (the
scripts' default; an example of the README has 8), dropout, label smoothing, Adam, clipping, sources
of 1,024 tokens, corruption filter level 1, fp16. Our choice: the tokens of an update, which fairseq
counts as max(source, target) per GPU (1,024 x 8 GPUs x update-freq 4) and we as source + target;
the best epoch by dev loss, which the official scripts do not measure; bfloat16.
"""

import dataclasses

from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from train.config import BatchConfig, Experiment, SummaryData
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

LIMITS = Limits(max_source_tokens=1024, max_target_tokens=1024)

EXPERIMENT = Experiment(
    data=SummaryData(
        train=("tfds:xsum/level1:train:tfds",),
        dev=("tfds:xsum/level1:validation:tfds",),
        limits=LIMITS,
        max_dev_rows=2000,
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
    num_epochs=4,
    init_from="models/bart-large",
    eval_every_steps=1000,
    checkpoint_every_steps=1000,
)

SMOKE = smoke(EXPERIMENT)
