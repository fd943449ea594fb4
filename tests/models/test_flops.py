"""Counted operations against those that XLA counts for the compiled forward pass."""

import dataclasses

import jax
import numpy as np
import pytest

from quals_jax.models.bart import bind, init_params
from quals_jax.models.config import BartConfig
from quals_jax.models.flops import bart_flops, encoder_flops


def test_bart_flops_are_those_of_the_compiled_program():
    config = dataclasses.replace(BartConfig.tiny(vocab_size=503), d_model=64)
    B, S, N, T = 2, 31, 3, 17

    def forward(params, src_BS, prev_BNT):
        model = bind(config, params)
        mask_BS = src_BS != config.pad_id
        enc_BSD = model.encode(src_BS, mask_BS)
        hidden = model.decode(prev_BNT, model.cross_keys_values(enc_BSD), mask_BS)
        return model.logits(hidden)

    arrays = np.full((B, S), 5, np.int32), np.full((B, N, T), 5, np.int32)
    compiled = jax.jit(forward).lower(init_params(config, seed=0), *arrays).compile()
    counted = compiled.cost_analysis()["flops"]
    ours = B * bart_flops(config, S, N, T)
    assert ours < counted  # softmax, norms and the like come on top
    assert ours == pytest.approx(counted, rel=0.15)


def test_twice_the_source_is_more_than_twice_the_work_of_the_encoder():
    config = BartConfig.large()
    assert 2 * encoder_flops(config, 512) < encoder_flops(config, 1024)
    # 12 layers of 12.6 million weights in matrices, and the attention's 4 S D.
    assert encoder_flops(config, 512) == pytest.approx(2 * 512 * 12 * (12 * 1024**2 + 1024 * 1024))
