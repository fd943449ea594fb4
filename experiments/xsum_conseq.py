"""ConSeq on XSum from the summarizer of `xsum_mle`, with the official hyper-parameters.

Question: does training on S+ and S- make the summaries of real news more consistent?

    quals select documents.jsonl --samples samples.jsonl --scores ... -o contrast.jsonl
    python -m train xsum_conseq --workdir runs/xsum_conseq --init-from runs/xsum_mle/model \\
        --data.train rows:contrast.jsonl --data.dev tfds:xsum/level1:validation:tfds

`python -m experiments.pipeline xsum` makes the sets and runs this. Hardware of the official recipe:
8 V100 GPUs.

Known: learning rate 3e-6, no warmup, decay over 1,000,000 updates, 2 epochs, weight 1 of the
negative term, label smoothing 0.1 on both terms, everything else as in `xsum_mle`. Our choice: the
tokens of an update (1,024 x 8 GPUs x update-freq 4, see there; S+ and S- share their document's
encoding); the guard, which ends training where the loss of S+ rises by a fifth.
"""

import dataclasses

from experiments import xsum_mle
from experiments.smoke import smoke
from train.config import BatchConfig, ConSeqConfig, ContrastData

EXPERIMENT = dataclasses.replace(
    xsum_mle.EXPERIMENT,
    data=ContrastData(
        train=("rows:contrast.jsonl",),
        dev=xsum_mle.EXPERIMENT.data.dev,
        limits=xsum_mle.LIMITS,
        max_dev_rows=2000,
    ),
    batch=BatchConfig(max_tokens=32 * 1024, max_shapes=12),
    optim=dataclasses.replace(
        xsum_mle.EXPERIMENT.optim,
        learning_rate=3e-6,
        schedule=dataclasses.replace(xsum_mle.EXPERIMENT.optim.schedule, warmup_steps=0),
    ),
    conseq=ConSeqConfig(negative_weight=1.0, hellinger=0),
    num_epochs=2,
    init_from="runs/xsum_mle/model",
    eval_every_steps=200,
    checkpoint_every_steps=200,
)

SMOKE = smoke(EXPERIMENT)
