"""The building blocks of BART and BERT: linear, layer norm, embedding, attention, feed-forward.

Axes: B sources, N hypotheses or targets per source, S source positions, T target positions,
D width, H heads, E head width. The encoder runs with ``[B, S, D]``; everything in the decoder has
the N axis, so that all targets of a source read one copy of its keys and values.
"""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float

# Up to so many rows, a CPU multiplies faster with the table on the left: 60 instead of 35 GFLOP/s
# at 16 rows, 67 instead of 60 at 64.
_FEW_ROWS = 64


def _param(*shape: int) -> nnx.Param:
    # Modules only name and shape their parameters (they are built under `nnx.eval_shape`, so
    # nothing is allocated); values come from `init_params` or from a checkpoint.
    return nnx.Param(jnp.zeros(shape, jnp.float32))


def dropout(x: Array, rate: float, rngs: nnx.Rngs | None) -> Array:
    """Inverted dropout; the identity when ``rngs`` is None or ``rate`` is 0."""
    if rngs is None or rate == 0.0:
        return x
    keep = jax.random.bernoulli(rngs.dropout(), 1.0 - rate, x.shape)
    return jnp.where(keep, x / (1.0 - rate), jnp.zeros((), x.dtype))


def recomputed(
    function: Callable[[Array, nnx.Rngs | None], Array], x: Array, rngs: nnx.Rngs | None
) -> Array:
    """``function(x, rngs)``, computed again in the backward pass, which so needs ``x`` only.

    The masks of ``rngs`` are those that ``function`` would draw.
    """
    if rngs is None:
        return jax.checkpoint(lambda x: function(x, None))(x)
    graphdef, counts = nnx.split(rngs)

    # The stream counts its draws, so its count goes in and out: nothing may change from inside.
    @jax.checkpoint
    def run(x: Array, counts: nnx.State) -> tuple[Array, nnx.State]:
        inner = nnx.merge(graphdef, counts)
        return function(x, inner), nnx.state(inner)

    x, counts = run(x, counts)
    nnx.update(rngs, counts)
    return x


def project(x: Array, table_OI: Array, dtype: DTypeLike | None = None) -> Array:
    """``x @ table.T``, ``[..., I] -> [..., O]``; ``dtype`` is that of the sums and the result."""
    contract = functools.partial(jax.lax.dot_general, preferred_element_type=dtype)

    def rows_first(x: Array, table_OI: Array) -> Array:
        return contract(x, table_OI, (((x.ndim - 1,), (1,)), ((), ())))

    def table_first(x: Array, table_OI: Array) -> Array:
        x_RI = x.reshape(-1, x.shape[-1])
        y_OR = contract(table_OI, x_RI, (((1,), (1,)), ((), ())))
        # Without the barrier XLA turns this back into the other product.
        return jax.lax.optimization_barrier(y_OR).T.reshape(*x.shape[:-1], -1)

    if math.prod(x.shape[:-1]) > _FEW_ROWS:
        return rows_first(x, table_OI)
    return jax.lax.platform_dependent(x, table_OI, cpu=table_first, default=rows_first)


class Linear(nnx.Module):
    """``x @ kernel.T + bias``, computed in ``dtype``; the kernel lies as in PyTorch."""

    def __init__(self, d_in: int, d_out: int, dtype: str):
        self.kernel = _param(d_out, d_in)
        self.bias = _param(d_out)
        self.dtype = dtype

    def __call__(self, x: Array) -> Array:
        """``[..., d_in] -> [..., d_out]``."""
        y = project(x.astype(self.dtype), self.kernel[...].astype(self.dtype))
        bias = self.bias[...].astype(self.dtype)
        return y + bias.reshape((1,) * (y.ndim - 1) + bias.shape)


class LayerNorm(nnx.Module):
    """Layer normalisation in float32; epsilon is PyTorch's unless given."""

    def __init__(self, d_model: int, dtype: str, eps: float = 1e-5):
        self.scale = _param(d_model)
        self.bias = _param(d_model)
        self.dtype = dtype
        self.eps = eps

    def __call__(self, x: Array) -> Array:
        """``[..., D] -> [..., D]``."""
        x32 = x.astype(jnp.float32)
        mean = x32.mean(-1, keepdims=True)
        centred = x32 - mean
        variance = jnp.square(centred).mean(-1, keepdims=True)
        lead = (1,) * (x.ndim - 1)
        scale, bias = self.scale[...].reshape(*lead, -1), self.bias[...].reshape(*lead, -1)
        return (centred * jax.lax.rsqrt(variance + self.eps) * scale + bias).astype(self.dtype)


class Embedding(nnx.Module):
    """A table of vectors."""

    def __init__(self, num_rows: int, d_model: int, dtype: str):
        self.embedding = _param(num_rows, d_model)
        self.dtype = dtype

    def __call__(self, ids: Array) -> Array:
        """``[...] -> [..., D]``."""
        return jnp.take(self.embedding[...], ids, axis=0).astype(self.dtype)


def attend(
    q_BNHTE: Float[Array, "b n h t e"],
    k_BHSE: Float[Array, "b h s e"],
    v_BHSE: Float[Array, "b h s e"],
    mask_BS: Bool[Array, "b s"],
    rate: float,
    rngs: nnx.Rngs | None,
) -> Float[Array, "b n h t e"]:
    """Attention of all positions of N hypotheses to the one set of keys of their source.

    The softmax is float32. A row whose keys are all masked attends evenly instead of giving NaN.
    """
    scores = jnp.einsum("bnhte,bhse->bhnts", q_BNHTE, k_BHSE, preferred_element_type=jnp.float32)
    weights, sums_BHNT1 = _softmax_parts(scores, mask_BS[:, None, None, None])
    weights = dropout(weights, rate, rngs).astype(v_BHSE.dtype)
    context_BHNTE = jnp.einsum("bhnts,bhse->bhnte", weights, v_BHSE)
    return jnp.swapaxes((context_BHNTE / sums_BHNT1).astype(v_BHSE.dtype), 1, 2)


def attend_own(
    q_RHTE: Float[Array, "r h t e"],
    k_RHSE: Float[Array, "r h s e"],
    v_RHSE: Float[Array, "r h s e"],
    mask_TS: Bool[Array, "t s"],
    rate: float,
    rngs: nnx.Rngs | None,
) -> Float[Array, "r h t e"]:
    """Attention of each hypothesis to its own tokens, where ``mask_TS`` allows it.

    R counts the hypotheses of all sources.
    """
    scores = jnp.einsum("rhte,rhse->rhts", q_RHTE, k_RHSE, preferred_element_type=jnp.float32)
    weights, sums_RHT1 = _softmax_parts(scores, mask_TS[None, None])
    weights = dropout(weights, rate, rngs).astype(v_RHSE.dtype)
    return (jnp.einsum("rhts,rhse->rhte", weights, v_RHSE) / sums_RHT1).astype(v_RHSE.dtype)


def _softmax_parts(scores: Array, mask: Array) -> tuple[Array, Array]:
    """Softmax over the last axis as numerators and their sums, float32.

    To divide the values' sum, E numbers wide, takes a pass less than to divide S weights.
    """
    scores = jnp.where(mask, scores, jnp.finfo(jnp.float32).min)
    weights = jnp.exp(scores - jax.lax.stop_gradient(scores.max(-1, keepdims=True)))
    return weights, weights.sum(-1, keepdims=True)


class Attention(nnx.Module):
    """The four projections of an attention block; who attends to what is the caller's choice."""

    def __init__(self, d_model: int, num_heads: int, dtype: str):
        self.q_proj = Linear(d_model, d_model, dtype)
        self.k_proj = Linear(d_model, d_model, dtype)
        self.v_proj = Linear(d_model, d_model, dtype)
        self.out_proj = Linear(d_model, d_model, dtype)
        self.num_heads = num_heads

    def queries(self, x: Array) -> Array:
        """``[..., T, D] -> [..., H, T, E]``, scaled after the bias as fairseq does."""
        q = self._split_heads(self.q_proj(x))
        return q * (q.shape[-1] ** -0.5)

    def keys_values(self, x: Array) -> tuple[Array, Array]:
        """``[..., S, D] -> 2 x [..., H, S, E]``."""
        return self._split_heads(self.k_proj(x)), self._split_heads(self.v_proj(x))

    def output(self, x: Array) -> Array:
        """``[..., H, T, E] -> [..., T, D]``."""
        x = jnp.swapaxes(x, -2, -3)
        return self.out_proj(x.reshape(*x.shape[:-2], -1))

    def _split_heads(self, x: Array) -> Array:
        return jnp.swapaxes(x.reshape(*x.shape[:-1], self.num_heads, -1), -2, -3)
