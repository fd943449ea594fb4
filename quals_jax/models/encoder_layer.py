"""The layer that BART's encoder and BERT are made of: self-attention and feed-forward, post-norm.

The two models differ in what enters the first layer and in the epsilon of the norms only.
"""

import jax
from flax import nnx
from jaxtyping import Array

from quals_jax.models.bert_config import BertConfig
from quals_jax.models.config import BartConfig
from quals_jax.models.layers import Attention, LayerNorm, Linear, attend
from quals_jax.models.layers import dropout as drop

LayerConfig = BartConfig | BertConfig


class FeedForward(nnx.Module):
    """The second half of every layer: ``norm(x + fc2(gelu(fc1(x))))``, exact (erf) GELU."""

    def __init__(self, config: LayerConfig, ffn_dim: int):
        self.fc1 = Linear(config.d_model, ffn_dim, config.dtype)
        self.fc2 = Linear(ffn_dim, config.d_model, config.dtype)
        self.final_layer_norm = LayerNorm(config.d_model, config.dtype, config.norm_eps)
        self.config = config

    def _feed_forward(self, x: Array, rngs: nnx.Rngs | None) -> Array:
        hidden = jax.nn.gelu(self.fc1(x), approximate=False)
        hidden = self.fc2(drop(hidden, self.config.activation_dropout, rngs))
        return self.final_layer_norm(x + drop(hidden, self.config.dropout, rngs))


class EncoderLayer(FeedForward):
    """Self-attention and feed-forward over the source."""

    def __init__(self, config: LayerConfig):
        super().__init__(config, config.encoder_ffn_dim)
        self.self_attn = Attention(config.d_model, config.encoder_heads, config.dtype)
        self.self_attn_layer_norm = LayerNorm(config.d_model, config.dtype, config.norm_eps)

    def __call__(self, x_BSD: Array, mask_BS: Array, rngs: nnx.Rngs | None) -> Array:
        """``[B, S, D] -> [B, S, D]``; masked positions are never attended to."""
        q_BHSE = self.self_attn.queries(x_BSD)
        keys, values = self.self_attn.keys_values(x_BSD)
        rate = self.config.attention_dropout
        context = attend(q_BHSE[:, None], keys, values, mask_BS, rate, rngs)[:, 0]
        attended = drop(self.self_attn.output(context), self.config.dropout, rngs)
        return self._feed_forward(self.self_attn_layer_norm(x_BSD + attended), rngs)
