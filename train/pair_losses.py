"""Losses of BERT's heads. Sums are over examples, which stand where BART's losses have tokens."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from quals_jax.models.bert import Bert, second_text
from train.losses import LossSums
from train.step import Batch, LossFn


def span_loss(label_smoothing: float) -> LossFn:
    """Mean of the cross-entropies of start and end (Devlin et al. 2019), no answer at position 0.

    Only tokens of the second text and position 0 compete. An example is correct where both
    positions have the largest logits.
    """

    def loss_fn(model: Bert, batch: Batch, rngs: nnx.Rngs | None) -> LossSums:
        config, src_BS = model.config, batch.src_BS
        hidden_BSD = model.encode(src_BS, src_BS != config.pad_id, rngs)
        allowed_BS = second_text(src_BS, config.sep_id) | (jnp.arange(src_BS.shape[1]) == 0)[None]
        real_B = batch.targets_BNT[:, 0, 0] != config.pad_id
        losses, nlls, hits = [], [], []
        for side, logits_BS in enumerate(model.span_logits(hidden_BSD)):
            target_B = _number(batch.targets_BNT[:, 0, side], config.pad_id)
            found = _cross_entropy(logits_BS, target_B, allowed_BS, label_smoothing)
            for values, into in zip(found, (losses, nlls, hits), strict=True):
                into.append(values)
        hit_B = hits[0] & hits[1]
        return _sums((losses[0] + losses[1]) / 2, (nlls[0] + nlls[1]) / 2, hit_B, real_B)

    return loss_fn


def class_loss(label_smoothing: float) -> LossFn:
    """Cross-entropy of the class."""

    def loss_fn(model: Bert, batch: Batch, rngs: nnx.Rngs | None) -> LossSums:
        config, src_BS = model.config, batch.src_BS
        hidden_BSD = model.encode(src_BS, src_BS != config.pad_id, rngs)
        logits_BC = model.class_logits(hidden_BSD, rngs)
        real_B = batch.targets_BNT[:, 0, 0] != config.pad_id
        target_B = _number(batch.targets_BNT[:, 0, 0], config.pad_id)
        allowed_BC = jnp.ones(logits_BC.shape, bool)
        return _sums(*_cross_entropy(logits_BC, target_B, allowed_BC, label_smoothing), real_B)

    return loss_fn


def _number(target_B: Int[Array, " b"], pad_id: int) -> Int[Array, " b"]:
    """The inverse of `quals_jax.data.pair_examples.as_target`; 0 at padding."""
    return jnp.maximum(target_B - (pad_id + 1), 0)


def _cross_entropy(
    logits_BC: Float[Array, "b c"],
    target_B: Int[Array, " b"],
    allowed_BC: Bool[Array, "b c"],
    smoothing: float,
) -> tuple[Array, Array, Array]:
    """Smoothed and plain loss, and whether the target is on top; smoothing is over the allowed."""
    logits_BC = jnp.where(allowed_BC, logits_BC, jnp.finfo(jnp.float32).min)
    logp_BC = jax.nn.log_softmax(logits_BC, axis=1)
    nll_B = -jnp.take_along_axis(logp_BC, target_B[:, None], axis=1)[:, 0]
    all_B = -jnp.where(allowed_BC, logp_BC, 0.0).sum(axis=1) / allowed_BC.sum(axis=1)
    loss_B = (1.0 - smoothing) * nll_B + smoothing * all_B
    return loss_B, nll_B, logits_BC.argmax(axis=1) == target_B


def _sums(loss_B: Array, nll_B: Array, hit_B: Array, real_B: Array) -> LossSums:
    zero = jnp.zeros((), jnp.float32)
    loss, nll, correct = (
        jnp.where(real_B, values_B, 0.0).sum() for values_B in (loss_B, nll_B, hit_B)
    )
    return LossSums(loss, nll, correct, real_B.sum().astype(jnp.float32), zero, zero)
