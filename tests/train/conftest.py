"""A training run small enough for tests: one layer, 16 wide, passages of the synthetic world."""

import pytest

from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from train.config import BatchConfig, Experiment, QAData, TokenizerConfig
from train.optim import OptimConfig
from train.schedules import ScheduleConfig


@pytest.fixture(scope="session")
def tiny_experiment() -> Experiment:
    return Experiment(
        data=QAData(
            train=("world:12:1",),
            dev=("world:3:2",),
            limits=Limits(max_source_tokens=96, max_target_tokens=40, max_targets=4),
        ),
        model=BartConfig(
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_heads=2,
            decoder_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_positions=96,
            dropout=0.1,
            attention_dropout=0.0,
            init_std=0.05,
        ),
        tokenizer=TokenizerConfig(learn_vocab_size=300),
        batch=BatchConfig(max_tokens=1500, max_shapes=1),
        optim=OptimConfig(
            learning_rate=1e-2, clip_norm=1.0, schedule=ScheduleConfig("cosine", warmup_steps=3)
        ),
        num_steps=12,
        log_every_steps=2,
        eval_every_steps=4,
        checkpoint_every_steps=6,
    )
