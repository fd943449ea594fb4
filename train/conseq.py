"""The loss of ConSeq (Nan et al., ACL 2021): likelihood of S+, token-level unlikelihood of S-.

    sums = contrastive_loss(hidden_BNTD, table_VD, targets_BNT, pad_id=1, ...)

Target 0 of a source is its S+ summary, the others are S- summaries; a missing one is padding. Every
term is a function of the probability p of the target token, and every gradient has the form
``u * (onehot(y) - q)``, with q the softmax over the classes other than y. Written so, gradients are
bounded and finite for every p, also where p is 1 in float32.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from quals_jax.models.bart import Bart
from train.config import ConSeqConfig
from train.losses import ChunkedSums, LossSums, TokenLoss, TokenLosses, chunked_sums, likelihood
from train.step import Batch, LossFn, target_states


def conseq_loss(
    config: ConSeqConfig, label_smoothing: float, chunk_tokens: int = 512, num_shards: int = 1
) -> LossFn:
    """ConSeq's loss of a batch whose target 0 is the S+ summary and target 1 the S- summary."""

    def loss_fn(model: Bart, batch: Batch, rngs: nnx.Rngs | None) -> LossSums:
        return contrastive_loss(
            target_states(model, batch, rngs),
            model.shared.embedding[...],
            batch.targets_BNT,
            label_smoothing=label_smoothing,
            pad_id=model.config.pad_id,
            negative_weight=config.negative_weight,
            hellinger=config.hellinger,
            chunk_tokens=chunk_tokens,
            num_shards=num_shards,
        )

    return loss_fn


def contrastive_loss(
    hidden_BNTD: Float[Array, "b n t d"],
    table_VD: Float[Array, "v d"],
    targets_BNT: Int[Array, "b n t"],
    *,
    label_smoothing: float,
    pad_id: int,
    negative_weight: float = 1.0,
    hellinger: int = 0,
    weight_BN: Float[Array, "b n"] | None = None,
    chunk_tokens: int = 512,
    num_shards: int = 1,
) -> LossSums:
    """``sum over S+ of LS(log p) + negative_weight * sum over S- of LS(log(1 - p))``.

    ``LS(z) = -(1 - eps) * z[y] - (eps / V) * sum_v z[v]``, as in the official
    ``label_smoothed_cross_entropy_with_unlikelihood``. ``hellinger`` 1 takes
    ``(1 - sqrt(1 - p))^2`` for S- instead, 2 also ``(1 - sqrt(p))^2`` for S+, both without label
    smoothing. ``num_tokens`` counts S+ and S- tokens alike: the official sample size.

    Differs from the official code: 1 - p is not clamped at 1e-20, where its gradient is zero (or
    NaN with ``hellinger``); ``weight_BN`` multiplies the loss of a target, there it multiplies the
    log-probabilities, so that S- gets ``log(1 - p^w)``.
    """
    positive, negative = _token_losses(label_smoothing, hellinger)

    def part(token_loss: TokenLoss, chosen: slice) -> ChunkedSums:
        return chunked_sums(
            token_loss,
            hidden_BNTD[:, chosen],
            table_VD,
            targets_BNT[:, chosen],
            pad_id=pad_id,
            weight_BN=None if weight_BN is None else weight_BN[:, chosen],
            chunk_tokens=chunk_tokens,
            num_shards=num_shards,
        )

    liked = part(positive, slice(1))
    if targets_BNT.shape[1] == 1:
        zero = jnp.zeros((), jnp.float32)
        return LossSums(*liked, zero, zero)
    unliked = part(negative, slice(1, None))
    return LossSums(
        loss=liked.loss + negative_weight * unliked.loss,
        nll=liked.plain,
        correct=liked.num_top,
        num_tokens=liked.num_tokens + unliked.num_tokens,
        negative_loss=unliked.plain,
        negative_tokens=unliked.num_tokens,
    )


def _token_losses(label_smoothing: float, hellinger: int) -> tuple[TokenLoss, TokenLoss]:
    """Those of S+ and of S-."""
    if hellinger == 0:
        return likelihood(label_smoothing), functools.partial(_unlikelihood, label_smoothing)
    if hellinger == 1:
        return likelihood(label_smoothing), _hellinger_unlike
    if hellinger == 2:
        return _hellinger_like, _hellinger_unlike
    raise ValueError(f"hellinger is {hellinger}, expected 0, 1 or 2")


class _Target(NamedTuple):
    """The probability p of the target class, so that neither p nor 1 - p loses digits near 0."""

    log_odds_BK: Array  # log(p / (1 - p))
    hit_BKV: Array  # the target class
    others_BKV: Array  # softmax over the classes other than the target; 0 at the target

    def dlogits_BKV(self, slope_BK: Array) -> Array:
        """The gradient of a loss f(p), from ``slope`` = p * (1 - p) * f'(p)."""
        return slope_BK[..., None] * (self.hit_BKV.astype(jnp.float32) - self.others_BKV)


def _target(logits_BKV: Array, targets_BK: Array) -> _Target:
    hit_BKV = targets_BK[..., None] == jnp.arange(logits_BKV.shape[-1])[None, None]
    log_odds_BK, others_BKV = _against_the_rest(logits_BKV, hit_BKV)
    return _Target(log_odds_BK, hit_BKV, others_BKV)


def _against_the_rest(logits_BKV: Array, one_BKV: Array) -> tuple[Array, Array]:
    """Log odds of the one class marked in ``one_BKV``, and the softmax over the other classes."""
    others_BKV = jnp.where(one_BKV, -jnp.inf, logits_BKV)
    second_BK1 = others_BKV.max(axis=-1, keepdims=True)
    exp_BKV = jnp.exp(others_BKV - second_BK1)
    total_BK1 = exp_BKV.sum(axis=-1, keepdims=True)
    picked_BK = jnp.where(one_BKV, logits_BKV, 0.0).sum(axis=-1)
    log_odds_BK = (picked_BK - second_BK1[..., 0]) - jnp.log(total_BK1[..., 0])
    return log_odds_BK, exp_BKV / total_BK1


def _unlikelihood(label_smoothing: float, logits_BKV: Array, targets_BK: Array) -> TokenLosses:
    """``-LS(log(1 - p))``."""
    target = _target(logits_BKV, targets_BK)
    plain_BK = jax.nn.softplus(target.log_odds_BK)
    dlogits_BKV = target.dlogits_BKV(jax.nn.sigmoid(target.log_odds_BK))
    loss_BK = plain_BK
    if label_smoothing:
        share = label_smoothing / logits_BKV.shape[-1]
        sum_BK, dsum_BKV = _unlikelihood_of_all(logits_BKV)
        loss_BK = (1.0 - label_smoothing) * plain_BK + share * sum_BK
        dlogits_BKV = (1.0 - label_smoothing) * dlogits_BKV + share * dsum_BKV
    return TokenLosses(loss_BK, plain_BK, _is_top(logits_BKV, target), dlogits_BKV)


def _unlikelihood_of_all(logits_BKV: Array) -> tuple[Array, Array]:
    """``sum_v -log(1 - p[v])`` and its gradient ``o[k] - p[k] * sum_v o[v]``, o = p / (1 - p).

    Only the largest class can have p near 1, so it is kept apart from the others (p <= 1/2).
    """
    classes_11V = jnp.arange(logits_BKV.shape[-1])[None, None]
    is_top_BKV = logits_BKV.argmax(axis=-1)[..., None] == classes_11V
    log_odds_BK, others_BKV = _against_the_rest(logits_BKV, is_top_BKV)
    p_top_BK, p_rest_BK = jax.nn.sigmoid(log_odds_BK), jax.nn.sigmoid(-log_odds_BK)
    p_BKV = others_BKV * p_rest_BK[..., None]
    sum_BK = jax.nn.softplus(log_odds_BK) - jnp.log1p(-p_BKV).sum(axis=-1)
    odds_BKV = p_BKV / (1.0 - p_BKV)
    total_BK = odds_BKV.sum(axis=-1)
    # p[k] * (o[top] + total) = others[k] * (p_top + p_rest * total); at the top p * (1 - total).
    pull_BK = p_top_BK + p_rest_BK * total_BK
    at_top_BK = p_top_BK * (1.0 - total_BK)
    rest_BKV = odds_BKV - others_BKV * pull_BK[..., None]
    return sum_BK, jnp.where(is_top_BKV, at_top_BK[..., None], rest_BKV)


def _hellinger_unlike(logits_BKV: Array, targets_BK: Array) -> TokenLosses:
    """``(1 - sqrt(1 - p))^2``."""
    target = _target(logits_BKV, targets_BK)
    p_BK = jax.nn.sigmoid(target.log_odds_BK)
    root_BK = jnp.sqrt(jax.nn.sigmoid(-target.log_odds_BK))
    distance_BK = p_BK / (1.0 + root_BK)  # 1 - sqrt(1 - p)
    loss_BK = jnp.square(distance_BK)
    dlogits_BKV = target.dlogits_BKV(distance_BK * root_BK * p_BK)
    return TokenLosses(loss_BK, loss_BK, _is_top(logits_BKV, target), dlogits_BKV)


def _hellinger_like(logits_BKV: Array, targets_BK: Array) -> TokenLosses:
    """``(1 - sqrt(p))^2``; its plain value is still ``-log p``, which every log and guard reads."""
    target = _target(logits_BKV, targets_BK)
    rest_BK = jax.nn.sigmoid(-target.log_odds_BK)
    root_BK = jnp.sqrt(jax.nn.sigmoid(target.log_odds_BK))
    distance_BK = rest_BK / (1.0 + root_BK)  # 1 - sqrt(p)
    dlogits_BKV = target.dlogits_BKV(-distance_BK * root_BK * rest_BK)
    nll_BK = jax.nn.softplus(-target.log_odds_BK)
    loss_BK = jnp.square(distance_BK)
    return TokenLosses(loss_BK, nll_BK, _is_top(logits_BKV, target), dlogits_BKV)


def _is_top(logits_BKV: Array, target: _Target) -> Array:
    return (target.hit_BKV & (logits_BKV >= logits_BKV.max(axis=-1, keepdims=True))).any(axis=-1)
