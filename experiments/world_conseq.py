"""ConSeq in the synthetic world: the summarizer of `world_mle` trained further on S+ and S-.

Question: does it learn to leave out what its article does not state? Part of

    python -m experiments.pipeline world --workdir runs/world

which makes the sets; by hand, after `quals select`:

    python -m train world_conseq --workdir runs/conseq --init-from runs/mle/model \\
        --data.train rows:contrast.jsonl

The paper's weight 1 of the negative term makes small models collapse within 40 updates: tokens that
S+ and S- share are pushed down as hard as the wrong ones. 0.1 does not.
"""

from experiments import world_mle
from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from train.config import BatchConfig, ConSeqConfig, ContrastData, Experiment, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

EXPERIMENT = Experiment(
    data=ContrastData(
        train=("rows:contrast.jsonl",),
        dev=world_mle.EXPERIMENT.data.dev,
        limits=Limits(max_source_tokens=80, max_target_tokens=40),
    ),
    model=world_mle.EXPERIMENT.model,
    tokenizer=TokenizerConfig(),
    batch=BatchConfig(max_tokens=3600, pad_to_limits=True),  # compiled once for all systems
    optim=OptimConfig(
        learning_rate=1e-4,
        beta2=0.999,
        weight_decay=0.0,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=10, end_ratio=0.05),
    ),
    label_smoothing=0.0,
    conseq=ConSeqConfig(negative_weight=0.1),
    num_steps=40,
    log_every_steps=2,
    eval_every_steps=20,
    checkpoint_every_steps=100_000,
)

SMOKE = smoke(EXPERIMENT)
