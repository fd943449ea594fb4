"""Losses over target tokens, computed from decoder states so that no ``[B, N, T, V]`` array exists.

A loss here is a sum over real target tokens; the optimizer divides its gradient by the token count
of the whole update, as fairseq does. Targets of one source lie on axis N, each with a weight.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


class LossSums(NamedTuple):
    """Sums over the real target tokens of a batch; gradients flow through ``loss`` only.

    ``nll`` and ``correct`` are about the targets to be written like (all but the S- summaries of
    ConSeq), ``negative_loss`` and ``negative_tokens`` about the others.
    """

    loss: Float[Array, ""]
    nll: Float[Array, ""]  # not smoothed
    correct: Float[Array, ""]  # tokens whose logit is the largest
    num_tokens: Float[Array, ""]  # of both kinds
    negative_loss: Float[Array, ""]  # not smoothed, without its weight
    negative_tokens: Float[Array, ""]


class TokenLosses(NamedTuple):
    """One chunk: what each token adds to the sums, and the gradient of its loss."""

    loss_BK: Array
    plain_BK: Array  # the loss without label smoothing
    is_top_BK: Array  # the target has the largest logit
    dlogits_BKV: Array


# (logits_BKV, targets_BK) in float32 -> TokenLosses; hashable, so that it can be static.
TokenLoss = Callable[[Array, Array], TokenLosses]


class ChunkedSums(NamedTuple):
    """Sums of a `TokenLoss` over real tokens; ``loss`` is weighted, and differentiable."""

    loss: Float[Array, ""]
    plain: Float[Array, ""]
    num_top: Float[Array, ""]
    num_tokens: Float[Array, ""]


def label_smoothed_nll(
    hidden_BNTD: Float[Array, "b n t d"],
    table_VD: Float[Array, "v d"],
    targets_BNT: Int[Array, "b n t"],
    *,
    label_smoothing: float,
    pad_id: int,
    weight_BN: Float[Array, "b n"] | None = None,
    chunk_tokens: int = 512,
    num_shards: int = 1,
) -> LossSums:
    """Label-smoothed negative log-likelihood, fairseq's ``label_smoothed_cross_entropy``.

    Per token ``(1 - eps) * -log p[y] + (eps / V) * sum_v -log p[v]``: the smoothing mass goes to
    all V classes, target and padding among them. ``weight_BN`` multiplies the loss of a target;
    token counts are not weighted. Logits are ``hidden @ table.T``, in chunks of about
    ``chunk_tokens`` tokens; softmax and sums are float32.
    """
    sums = chunked_sums(
        likelihood(label_smoothing),
        hidden_BNTD,
        table_VD,
        targets_BNT,
        pad_id=pad_id,
        weight_BN=weight_BN,
        chunk_tokens=chunk_tokens,
        num_shards=num_shards,
    )
    zero = jnp.zeros((), jnp.float32)
    return LossSums(*sums, zero, zero)


def likelihood(label_smoothing: float) -> TokenLoss:
    """The token loss of `label_smoothed_nll`."""
    return functools.partial(_likelihood, label_smoothing)


def chunked_sums(
    token_loss: TokenLoss,
    hidden_BNTD: Float[Array, "b n t d"],
    table_VD: Float[Array, "v d"],
    targets_BNT: Int[Array, "b n t"],
    *,
    pad_id: int,
    weight_BN: Float[Array, "b n"] | None = None,
    chunk_tokens: int = 512,
    num_shards: int = 1,
) -> ChunkedSums:
    """Sums of ``token_loss`` over all tokens that are not padding, a chunk of logits at a time.

    ``num_shards`` is the number of devices that B is split over, which divides it: each sums its
    own rows, and the sums meet after the last chunk.
    """
    B, N, T = targets_BNT.shape
    real_BNT = targets_BNT != pad_id
    weight_BNT = real_BNT.astype(jnp.float32)
    if weight_BN is not None:
        weight_BNT = weight_BNT * weight_BN[:, :, None]
    # Chunks are cut along N*T and keep the whole of B, which is the axis sharded over devices.
    width = max(1, min(N * T, chunk_tokens // B))
    num_chunks = -(-N * T // width)
    pad = num_chunks * width - N * T

    def chunked(x: Array, fill: float) -> Array:
        flat = x.reshape(B, N * T, *x.shape[3:])
        flat = jnp.pad(flat, [(0, 0), (0, pad)] + [(0, 0)] * (flat.ndim - 2), constant_values=fill)
        return flat.reshape(B, num_chunks, width, *flat.shape[2:]).swapaxes(0, 1)

    loss, plain, num_top = _chunked_loss(
        token_loss,
        num_shards,
        chunked(hidden_BNTD, 0),
        table_VD,
        chunked(targets_BNT, pad_id),
        chunked(real_BNT, False),
        chunked(weight_BNT, 0),
    )
    return ChunkedSums(loss, plain, num_top, real_BNT.sum(dtype=jnp.float32))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _chunked_loss(token_loss, num_shards, hidden_CBKD, table_VD, targets_CBK, real_CBK, weight_CBK):
    def body(sums_B, chunk):
        hidden_BKD, targets_BK, real_BK, weight_BK = chunk
        tokens = token_loss(_logits(hidden_BKD, table_VD), targets_BK)
        return _add(sums_B, _sums(tokens, real_BK, weight_BK)), None

    start = _zero_sums(targets_CBK.shape[1])
    sums_B, _ = jax.lax.scan(body, start, (hidden_CBKD, targets_CBK, real_CBK, weight_CBK))
    return _totals(sums_B)


def _chunked_loss_fwd(
    token_loss, num_shards, hidden_CBKD, table_VD, targets_CBK, real_CBK, weight_CBK
):
    def by_shard(x_BKA: Array) -> Array:
        return x_BKA.reshape(num_shards, -1, *x_BKA.shape[1:])

    # The gradient is made while the logits are at hand: three products with the table instead of
    # the four that recomputing the logits in the backward pass would take.
    def body(carry, chunk):
        sums_B, dtable_GVD = carry
        hidden_BKD, targets_BK, real_BK, weight_BK = chunk
        tokens = token_loss(_logits(hidden_BKD, table_VD), targets_BK)
        # A weight of zero also hides what padding would give (its states may be anything).
        dlogits_BKV = (tokens.dlogits_BKV * weight_BK[..., None]).astype(hidden_BKD.dtype)
        dhidden_BKD = jax.lax.dot_general(
            dlogits_BKV, table_VD.astype(hidden_BKD.dtype), (((2,), (0,)), ((), ()))
        )
        # A sum over all of B would wait for the other devices at every chunk.
        dtable_GVD = dtable_GVD + jax.lax.dot_general(
            by_shard(dlogits_BKV),
            by_shard(hidden_BKD),
            (((1, 2), (1, 2)), ((0,), (0,))),
            preferred_element_type=jnp.float32,
        )
        return (_add(sums_B, _sums(tokens, real_BK, weight_BK)), dtable_GVD), dhidden_BKD

    start = (
        _zero_sums(targets_CBK.shape[1]),
        jnp.zeros((num_shards, *table_VD.shape), jnp.float32),
    )
    (sums_B, dtable_GVD), dhidden_CBKD = jax.lax.scan(
        body, start, (hidden_CBKD, targets_CBK, real_CBK, weight_CBK)
    )
    return _totals(sums_B), (dhidden_CBKD, dtable_GVD.sum(axis=0).astype(table_VD.dtype))


def _chunked_loss_bwd(token_loss, num_shards, residuals, cotangents):
    dhidden_CBKD, dtable_VD = residuals
    dloss = cotangents[0]
    dhidden_CBKD = dhidden_CBKD * dloss.astype(dhidden_CBKD.dtype)
    return dhidden_CBKD, dtable_VD * dloss.astype(dtable_VD.dtype), None, None, None


_chunked_loss.defvjp(_chunked_loss_fwd, _chunked_loss_bwd)


def _logits(hidden_BKD: Array, table_VD: Array) -> Array:
    table_VD = table_VD.astype(hidden_BKD.dtype)
    contract = (((2,), (1,)), ((), ()))
    return jax.lax.dot_general(hidden_BKD, table_VD, contract, preferred_element_type=jnp.float32)


def _likelihood(label_smoothing: float, logits_BKV: Array, targets_BK: Array) -> TokenLosses:
    V = logits_BKV.shape[-1]
    top_BK = logits_BKV.max(axis=-1)
    lse_BK = top_BK + jnp.log(jnp.exp(logits_BKV - top_BK[..., None]).sum(axis=-1))
    picked_BK = jnp.take_along_axis(logits_BKV, targets_BK[..., None], axis=-1)[..., 0]
    nll_BK = lse_BK - picked_BK
    loss_BK = (1.0 - label_smoothing) * nll_BK
    if label_smoothing:
        loss_BK = loss_BK + label_smoothing * (lse_BK - logits_BKV.sum(axis=-1) / V)
    hit_BKV = targets_BK[..., None] == jnp.arange(V)[None, None]
    dlogits_BKV = jnp.exp(logits_BKV - lse_BK[..., None]) - label_smoothing / V
    dlogits_BKV = dlogits_BKV - jnp.where(hit_BKV, 1.0 - label_smoothing, 0.0)
    return TokenLosses(loss_BK, nll_BK, picked_BK >= top_BK, dlogits_BKV)


def _sums(tokens: TokenLosses, real_BK: Array, weight_BK: Array) -> tuple[Array, Array, Array]:
    """Of each row."""
    return (
        (tokens.loss_BK * weight_BK).sum(axis=1),
        jnp.where(real_BK, tokens.plain_BK, 0.0).sum(axis=1),
        (real_BK & tokens.is_top_BK).sum(axis=1, dtype=jnp.float32),
    )


def _zero_sums(B: int) -> tuple[Array, Array, Array]:
    zero_B = jnp.zeros(B, jnp.float32)
    return zero_B, zero_B, zero_B


def _totals(sums_B: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    loss_B, plain_B, num_top_B = sums_B
    return loss_B.sum(), plain_B.sum(), num_top_B.sum()


def _add(a: tuple, b: tuple) -> tuple:
    return jax.tree.map(jnp.add, a, b)
