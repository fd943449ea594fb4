"""BART (Lewis et al. 2020) as fairseq computes it: post-norm, learned positions, tied embeddings.

The model is used functionally: parameters are a plain nested dict of arrays.

>>> params = init_params(config, seed=0)
>>> model = bind(config, params)                  # cheap; call it inside jit
>>> cross = model.cross_keys_values(model.encode(src_BS, mask_BS))
>>> hidden_BNTD = model.decode(prev_BNT, cross, mask_BS)
>>> logits_BNTV = model.logits(hidden_BNTD)

The source is encoded once and its cross-attention keys and values exist once, however many
hypotheses or targets (axis N) read them.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from quals_jax.models.config import BartConfig
from quals_jax.models.encoder_layer import EncoderLayer, FeedForward
from quals_jax.models.layers import (
    Attention,
    Embedding,
    LayerNorm,
    attend,
    attend_own,
    project,
    recomputed,
)
from quals_jax.models.layers import dropout as drop
from quals_jax.models.parameters import Params, abstract, draw_params

KeysValues = tuple[Array, Array]
Cache = tuple[KeysValues, ...]


class DecoderLayer(FeedForward):
    """Causal self-attention, attention to the source, feed-forward."""

    def __init__(self, config: BartConfig):
        super().__init__(config, config.decoder_ffn_dim)
        self.self_attn = Attention(config.d_model, config.decoder_heads, config.dtype)
        self.self_attn_layer_norm = LayerNorm(config.d_model, config.dtype)
        self.encoder_attn = Attention(config.d_model, config.decoder_heads, config.dtype)
        self.encoder_attn_layer_norm = LayerNorm(config.d_model, config.dtype)

    def __call__(
        self,
        x_BNTD: Array,
        own: KeysValues,
        own_mask_TS: Array,
        cross: KeysValues,
        mask_BS: Array,
        rngs: nnx.Rngs | None,
    ) -> Array:
        """``[B, N, T, D] -> [B, N, T, D]``; ``own`` holds the keys and values to attend to.

        Those are ``2 x [B * N, H, S, E]``.
        """
        config = self.config
        query = self.self_attn.queries(x_BNTD)
        context = attend_own(_rows(query), *own, own_mask_TS, config.attention_dropout, rngs)
        context = context.reshape(query.shape)
        attended = drop(self.self_attn.output(context), config.dropout, rngs)
        x_BNTD = self.self_attn_layer_norm(x_BNTD + attended)

        query = self.encoder_attn.queries(x_BNTD)
        context = attend(query, *cross, mask_BS, config.attention_dropout, rngs)
        attended = drop(self.encoder_attn.output(context), config.dropout, rngs)
        x_BNTD = self.encoder_attn_layer_norm(x_BNTD + attended)
        return self._feed_forward(x_BNTD, rngs)


class _Stack(nnx.Module):
    """Positions, embedding norm and layers, common to encoder and decoder."""

    def __init__(self, config: BartConfig, layer: type[EncoderLayer | DecoderLayer], depth: int):
        self.positions = Embedding(config.max_positions + 2, config.d_model, config.dtype)
        self.layernorm_embedding = LayerNorm(config.d_model, config.dtype)
        for i in range(depth):
            setattr(self, f"layers_{i}", layer(config))
        self.depth = depth
        self.config = config

    def embed(self, tokens_D: Array, positions: Array, rngs: nnx.Rngs | None) -> Array:
        """Token vectors plus position vectors, normalised."""
        x = self.layernorm_embedding(tokens_D + self.positions(positions))
        return drop(x, self.config.dropout, rngs)

    def layers(self) -> list[Any]:
        """The layers, first to last."""
        return [getattr(self, f"layers_{i}") for i in range(self.depth)]


class Bart(nnx.Module):
    """Encoder, decoder and the tied vocabulary projection; see the module's docstring."""

    def __init__(self, config: BartConfig):
        self.shared = Embedding(config.vocab_size, config.d_model, config.dtype)
        self.encoder = _Stack(config, EncoderLayer, config.encoder_layers)
        self.decoder = _Stack(config, DecoderLayer, config.decoder_layers)
        self.config = config

    def encode(
        self,
        src_BS: Int[Array, "b s"],
        mask_BS: Bool[Array, "b s"],
        rngs: nnx.Rngs | None = None,
    ) -> Float[Array, "b s d"]:
        """Encodes sources; ``mask_BS`` is True at real tokens, padding may stand on either side.

        ``rngs`` (stream ``dropout``) switches dropout on. Values at padding are arbitrary.
        """
        # fairseq numbers the real tokens pad_id + 1, pad_id + 2, ...; padding has row pad_id.
        positions_BS = jnp.cumsum(mask_BS, axis=1) * mask_BS + self.config.pad_id
        x_BSD = self.encoder.embed(self.shared(src_BS), positions_BS, rngs)
        for layer in self.encoder.layers():

            def run(x_BSD: Array, rngs: nnx.Rngs | None, layer: EncoderLayer = layer) -> Array:
                return layer(x_BSD, mask_BS, rngs)

            x_BSD = recomputed(run, x_BSD, rngs) if self.config.remat else run(x_BSD, rngs)
        return x_BSD

    def cross_keys_values(self, enc_BSD: Float[Array, "b s d"]) -> Cache:
        """Per decoder layer the keys and values of the source, ``2 x [B, H, S, E]``."""
        return tuple(layer.encoder_attn.keys_values(enc_BSD) for layer in self.decoder.layers())

    def decode(
        self,
        prev_BNT: Int[Array, "b n t"],
        cross: Cache,
        mask_BS: Bool[Array, "b s"],
        rngs: nnx.Rngs | None = None,
    ) -> Float[Array, "b n t d"]:
        """Teacher-forced hidden states of N targets per source.

        ``prev_BNT`` is ``</s>`` followed by the target without its last token, padded on the
        right; hidden states at padding are arbitrary and influence nothing else.
        """
        T = prev_BNT.shape[2]
        positions_T = jnp.arange(T) + (self.config.pad_id + 1)
        x = self.decoder.embed(self.shared(prev_BNT), positions_T[None, None], rngs)
        causal_TT = jnp.tril(jnp.ones((T, T), bool))
        for layer, keys_values in zip(self.decoder.layers(), cross, strict=True):

            def run(x, rngs, layer=layer, keys_values=keys_values):
                own = jax.tree.map(_rows, layer.self_attn.keys_values(x))
                return layer(x, own, causal_TT, keys_values, mask_BS, rngs)

            x = recomputed(run, x, rngs) if self.config.remat else run(x, rngs)
        return x

    def logits(self, hidden: Float[Array, "*a d"]) -> Float[Array, "*a v"]:
        """Scores of every vocabulary entry (``<pad>`` included), float32."""
        table_VD = self.shared.embedding[...].astype(self.config.dtype)
        return project(hidden.astype(self.config.dtype), table_VD, jnp.float32)

    def init_cache(self, B: int, N: int, max_len: int) -> Cache:
        """An empty cache of N hypotheses per source; leaves are ``[B * N, H, max_len, E]``.

        It is read as it is written: where a step reshapes it, XLA copies the whole of it.
        """
        heads = self.config.decoder_heads
        shape = (B * N, heads, max_len, self.config.d_model // heads)
        empty = jnp.zeros(shape, self.config.dtype)
        return tuple((empty, empty) for _ in range(self.decoder.depth))

    def decode_step(
        self,
        tokens_BN: Int[Array, "b n"],
        position: Int[Array, ""],
        cache: Cache,
        cross: Cache,
        mask_BS: Bool[Array, "b s"],
    ) -> tuple[Float[Array, "b n d"], Cache]:
        """One decoding step of every hypothesis.

        ``position`` is 0 when ``tokens_BN`` holds the first decoder input ``</s>``. Returns the
        hidden states and the cache with this position filled.
        """
        row = position + self.config.pad_id + 1
        x = self.shared(tokens_BN[:, :, None])
        x = self.decoder.embed(x, jnp.reshape(row, (1, 1, 1)), None)
        max_len = cache[0][0].shape[2]
        seen_1T = (jnp.arange(max_len) <= position)[None]

        def write(old: Array, new: Array) -> Array:
            return jax.lax.dynamic_update_slice_in_dim(old, _rows(new), position, axis=2)

        new_cache = []
        for layer, own, keys_values in zip(self.decoder.layers(), cache, cross, strict=True):
            own = jax.tree.map(write, own, layer.self_attn.keys_values(x))
            new_cache.append(own)
            x = layer(x, own, seen_1T, keys_values, mask_BS, None)
        return x[:, :, 0], tuple(new_cache)


def longer_cache(cache: Cache, max_len: int) -> Cache:
    """The cache with room for ``max_len`` tokens."""

    def longer(x_RHTE: Array) -> Array:
        return jnp.pad(x_RHTE, ((0, 0), (0, 0), (0, max_len - x_RHTE.shape[2]), (0, 0)))

    return jax.tree.map(longer, cache)


def _rows(x_BN: Array) -> Array:
    """``[B, N, ...] -> [B * N, ...]``."""
    return x_BN.reshape(-1, *x_BN.shape[2:])


@functools.cache
def _abstract(config: BartConfig) -> tuple[nnx.GraphDef, Params]:
    return abstract(lambda: Bart(config))


def param_shapes(config: BartConfig) -> Params:
    """The parameter tree with ``jax.ShapeDtypeStruct`` leaves; nothing is allocated."""
    return _abstract(config)[1]


def init_params(config: BartConfig, seed: int) -> Params:
    """Random parameters: normal(0, init_std) matrices, zero biases, unit norms."""
    return draw_params(param_shapes(config), config.init_std, seed)


def bind(config: BartConfig, params: Params) -> Bart:
    """The model with these parameters; costs nothing under ``jit``."""
    return nnx.merge(_abstract(config)[0], params)
