"""QAGen from scratch on SQuAD v1.1, small enough for a CPU.

Question: how good a question-answer generator do two cores make in an hour?

    python -m train qagen_squad --workdir runs/qagen_squad \\
        --data.train squad:train-v1.1.json.xz --data.dev squad:dev-v1.1.json.xz \\
        --init-from runs/denoise/model

The official QAGen starts from BART-large; `experiments/denoise.py` makes a small substitute for it.
"""

from experiments.smoke import smoke
from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from train.config import BatchConfig, Experiment, QAData, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

# An hour of one core is enough for its pre-training and both stages of `qagen_squad_views`.
MODEL = BartConfig(
    d_model=128,
    encoder_layers=3,
    decoder_layers=3,
    encoder_heads=4,
    decoder_heads=4,
    encoder_ffn_dim=512,
    decoder_ffn_dim=512,
    max_positions=1024,
    init_std=0.05,
)

LIMITS = Limits(max_source_tokens=384, max_target_tokens=48, max_targets=5)

EXPERIMENT = Experiment(
    data=QAData(
        train=("squad:train-v1.1.json",),
        dev=("squad:dev-v1.1.json",),
        limits=LIMITS,
        max_dev_rows=2000,
    ),
    model=MODEL,
    tokenizer=TokenizerConfig(learn_vocab_size=4096),
    batch=BatchConfig(max_tokens=5000, max_shapes=8),
    optim=OptimConfig(
        learning_rate=7e-4,
        beta2=0.98,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=300, end_ratio=0.02),
    ),
    num_epochs=4,
    loss_chunk_tokens=256,
    eval_every_steps=250,
    checkpoint_every_steps=250,
)

SMOKE = smoke(EXPERIMENT)
