"""BERT (Devlin et al. 2019) with a head for answer spans or for classes, as transformers has it.

>>> params = init_params(config, seed=0)
>>> model = bind(config, params)                         # cheap; call it inside jit
>>> hidden_BSD = model.encode(src_BS, mask_BS)
>>> start_BS, end_BS = model.span_logits(hidden_BSD)     # config.head == "span"
>>> logits_BC = model.class_logits(hidden_BSD)           # config.head == "classification"

A source is a pair of texts in one sequence; which text a token belongs to follows from the
``[SEP]`` ids before it. BART's encoder is a BERT with one segment, no pooler and another epsilon,
so its weights can start one (`params_from_bart`).
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from quals_jax.models.bert_config import BertConfig
from quals_jax.models.encoder_layer import EncoderLayer
from quals_jax.models.layers import Embedding, LayerNorm, Linear, recomputed
from quals_jax.models.layers import dropout as drop
from quals_jax.models.parameters import Params, abstract, draw_params


class Bert(nnx.Module):
    """Embeddings, encoder layers and the head; see the module's docstring."""

    def __init__(self, config: BertConfig):
        D = config.d_model
        self.words = Embedding(config.vocab_size, D, config.dtype)
        self.positions = Embedding(config.max_positions, D, config.dtype)
        self.segments = Embedding(config.num_segments, D, config.dtype)
        self.layernorm_embedding = LayerNorm(D, config.dtype, config.norm_eps)
        for i in range(config.encoder_layers):
            setattr(self, f"layers_{i}", EncoderLayer(config))
        if config.head == "classification":
            self.pooler = Linear(D, D, config.dtype)
        self.head = Linear(D, config.num_outputs, config.dtype)
        self.config = config

    def encode(
        self,
        src_BS: Int[Array, "b s"],
        mask_BS: Bool[Array, "b s"],
        rngs: nnx.Rngs | None = None,
    ) -> Float[Array, "b s d"]:
        """Encodes sources; ``mask_BS`` is True at real tokens, padding stands on the right.

        ``rngs`` (stream ``dropout``) switches dropout on. Values at padding are arbitrary.
        """
        config = self.config
        positions_S = jnp.arange(src_BS.shape[1])
        if config.mark_shared:
            text_BS = jnp.minimum(segment_of(src_BS, config.sep_id), 1)
            segments_BS = text_BS + 2 * shared_tokens(src_BS, mask_BS, config.sep_id)
        else:
            segments_BS = jnp.minimum(segment_of(src_BS, config.sep_id), config.num_segments - 1)
        x_BSD = self.words(src_BS) + self.segments(segments_BS) + self.positions(positions_S)[None]
        x_BSD = drop(self.layernorm_embedding(x_BSD), config.dropout, rngs)
        for i in range(config.encoder_layers):
            layer: EncoderLayer = getattr(self, f"layers_{i}")

            def run(x_BSD: Array, rngs: nnx.Rngs | None, layer: EncoderLayer = layer) -> Array:
                return layer(x_BSD, mask_BS, rngs)

            x_BSD = recomputed(run, x_BSD, rngs) if config.remat else run(x_BSD, rngs)
        return x_BSD

    def span_logits(
        self, hidden_BSD: Float[Array, "b s d"]
    ) -> tuple[Float[Array, "b s"], Float[Array, "b s"]]:
        """Scores of every position as start and as (last) end of the answer, float32.

        Those of position 0, ``[CLS]``, say that there is no answer. Padding has scores too.
        """
        logits_BS2 = self.head(hidden_BSD).astype(jnp.float32)
        return logits_BS2[..., 0], logits_BS2[..., 1]

    def class_logits(
        self, hidden_BSD: Float[Array, "b s d"], rngs: nnx.Rngs | None = None
    ) -> Float[Array, "b c"]:
        """Scores of every class, float32, from the state of ``[CLS]``."""
        pooled_BD = jnp.tanh(self.pooler(hidden_BSD[:, 0]))
        return self.head(drop(pooled_BD, self.config.dropout, rngs)).astype(jnp.float32)


def segment_of(src_BS: Int[Array, "b s"], sep_id: int) -> Int[Array, "b s"]:
    """0 up to and with the first ``[SEP]``, 1 up to and with the second, 2 behind it (padding)."""
    is_sep_BS = (src_BS == sep_id).astype(jnp.int32)
    return jnp.cumsum(is_sep_BS, axis=1) - is_sep_BS


def second_text(src_BS: Int[Array, "b s"], sep_id: int) -> Bool[Array, "b s"]:
    """Where the tokens of the second text stand, its ``[SEP]`` left out."""
    return (segment_of(src_BS, sep_id) == 1) & (src_BS != sep_id)


def shared_tokens(
    src_BS: Int[Array, "b s"], mask_BS: Bool[Array, "b s"], sep_id: int
) -> Bool[Array, "b s"]:
    """Where a token of one text stands that the other text has as well; never at ``[SEP]``."""
    inside_BS = mask_BS & (src_BS != sep_id)
    text_BS = jnp.where(inside_BS, segment_of(src_BS, sep_id), 2)
    equal_BSS = src_BS[:, :, None] == src_BS[:, None, :]
    other_BSS = text_BS[:, :, None] + text_BS[:, None, :] == 1
    return jnp.any(equal_BSS & other_BSS, axis=2)


@functools.cache
def _abstract(config: BertConfig) -> tuple[nnx.GraphDef, Params]:
    return abstract(lambda: Bert(config))


def param_shapes(config: BertConfig) -> Params:
    """The parameter tree with ``jax.ShapeDtypeStruct`` leaves; nothing is allocated."""
    return _abstract(config)[1]


def init_params(config: BertConfig, seed: int) -> Params:
    """Random parameters: normal(0, init_std) matrices, zero biases, unit norms."""
    return draw_params(param_shapes(config), config.init_std, seed)


def bind(config: BertConfig, params: Params) -> Bert:
    """The model with these parameters; costs nothing under ``jit``."""
    return nnx.merge(_abstract(config)[0], params)


def params_from_bart(config: BertConfig, bart: Params, seed: int) -> Params:
    """Parameters that begin as BART's encoder (pad_id 1, as fairseq numbers positions).

    Segments are zero, so that the encoder computes what BART's does, up to its epsilon; the head is
    random. Raises ValueError where sizes differ; ``config`` may have fewer positions.
    """
    encoder: dict[str, Any] = dict(bart["encoder"])
    positions = encoder.pop("positions")["embedding"][2 : 2 + config.max_positions]
    fresh = init_params(config, seed)
    params = (
        fresh
        | encoder
        | {
            "words": bart["shared"],
            "positions": {"embedding": positions},
            "segments": jax.tree.map(jnp.zeros_like, fresh["segments"]),
        }
    )
    shapes, expected = (
        {
            jax.tree_util.keystr(path, simple=True, separator="/"): leaf.shape
            for path, leaf in leaves
        }
        for leaves in map(jax.tree_util.tree_leaves_with_path, (params, fresh))
    )
    wrong = [
        f"{name}: {list(expected.get(name, ()))} wanted, BART has {list(shapes.get(name, ()))}"
        for name in sorted(expected.keys() | shapes.keys())
        if shapes.get(name) != expected.get(name)
    ]
    if wrong:
        raise ValueError(f"BART's encoder does not fit: {'; '.join(wrong[:5])}")
    return params
