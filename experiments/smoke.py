"""Smoke variants: an experiment's every line in seconds, on a tiny model and made-up data.

All share the sizes of model and data, so programs that one has compiled serve the others.
"""

import dataclasses

from quals_jax.data.examples import Limits
from quals_jax.data.pair_examples import PairLimits
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.config import BartConfig
from train.config import BatchConfig, ClaimData, Experiment, SpanData, TextData, TokenizerConfig

_MAX_TOKENS = 128
_LIMITS = Limits(max_source_tokens=24, max_target_tokens=40, max_targets=1)
_PAIR_LIMITS = PairLimits(max_tokens=_MAX_TOKENS, max_question_tokens=32, overlap_tokens=32)
_SIZES = {
    "d_model": 32,
    "encoder_layers": 1,
    "encoder_heads": 4,
    "encoder_ffn_dim": 64,
    "max_positions": _MAX_TOKENS,
    "dropout": 0.0,  # takes longer to compile than the model
    "attention_dropout": 0.0,
}
_DECODER_SIZES = {"decoder_layers": 1, "decoder_heads": 4, "decoder_ffn_dim": 64}


def smoke(experiment: Experiment) -> Experiment:
    """The experiment's losses, optimizer and matrix products; all else small, from scratch."""
    data, model = experiment.data, experiment.model
    sources = {"train": ("world:60:1",), "dev": ("world:10:2",)}
    batch = BatchConfig(max_tokens=2000, max_shapes=1)
    if isinstance(data, TextData | ClaimData):
        data = dataclasses.replace(data, **sources, max_tokens=_MAX_TOKENS)
    elif isinstance(data, SpanData):
        data = dataclasses.replace(data, **sources, limits=_PAIR_LIMITS)
    else:
        data = dataclasses.replace(data, **sources, limits=_LIMITS)
        batch = dataclasses.replace(batch, pad_to_limits=True)
    if isinstance(model, BertConfig):
        model = dataclasses.replace(model, **_SIZES)
    else:
        tiny = dataclasses.replace(BartConfig.tiny(), **_SIZES, **_DECODER_SIZES)
        model = dataclasses.replace(tiny, dtype=model.dtype)
    return dataclasses.replace(
        experiment,
        data=data,
        model=model,
        tokenizer=TokenizerConfig(learn_vocab_size=600),
        batch=batch,
        loss_chunk_tokens=256,
        init_from="",
        num_steps=4,
        num_epochs=0,
        eval_every_steps=2,
        checkpoint_every_steps=2,
        log_every_steps=1,
    )
