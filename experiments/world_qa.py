"""Question answering in the synthetic world: the reader that QAGS asks there.

Question: does it find the facts of articles and summaries, and see where one does not say?

    python -m train world_qagen --workdir runs/world_qagen
    python -m train world_qa --workdir runs/world_qa --init-from runs/world_qagen/model

Without --init-from, a tokenizer is needed: --tokenizer.learn-vocab-size 1400.
"""

from experiments.smoke import smoke
from quals_jax.data.pair_examples import PairLimits
from quals_jax.models.bert_config import BertConfig
from train.config import BatchConfig, Experiment, SpanData
from train.optim import OptimConfig
from train.schedules import ScheduleConfig

DEV_SEEDS = 1_000_000  # held-out passages of seed n are those of seed DEV_SEEDS + n

# The encoder of `world_qagen`.
MODEL = BertConfig(
    vocab_size=1400,
    d_model=96,
    encoder_layers=2,
    encoder_heads=4,
    encoder_ffn_dim=256,
    max_positions=128,
    num_segments=4,
    mark_shared=True,
    init_std=0.05,
    norm_eps=1e-5,
    dropout=0.0,
    attention_dropout=0.0,
)

EXPERIMENT = Experiment(
    data=SpanData(
        train=("world:4000:1",),
        dev=(f"world:150:{DEV_SEEDS + 1}",),
        limits=PairLimits(max_tokens=128, max_question_tokens=32, overlap_tokens=32),
        no_answer_share=0.1,
    ),
    model=MODEL,
    batch=BatchConfig(max_tokens=4096, max_shapes=3),
    optim=OptimConfig(
        learning_rate=2e-3,
        beta2=0.98,
        weight_decay=0.0,
        clip_norm=1.0,
        schedule=ScheduleConfig("cosine", warmup_steps=100, end_ratio=0.05),
    ),
    label_smoothing=0.0,
    num_steps=600,
    eval_every_steps=200,
    checkpoint_every_steps=100_000,
)

SMOKE = smoke(EXPERIMENT)
