"""How much work a forward pass is, in floating-point operations; a multiply-add counts as two.

Matrix products alone are counted: the rest is less than a tenth of it. A training step is three
times the forward pass.
"""

from typing import Protocol

from quals_jax.models.config import BartConfig


class EncoderSizes(Protocol):
    """What the encoders of BART and BERT have in common."""

    @property
    def d_model(self) -> int:
        """Width."""
        ...

    @property
    def encoder_layers(self) -> int:
        """Depth."""
        ...

    @property
    def encoder_ffn_dim(self) -> int:
        """Width of the feed-forward layer."""
        ...


def encoder_flops(sizes: EncoderSizes, source_len: int) -> float:
    """Encoding one source of ``source_len`` tokens."""
    D, F, S = sizes.d_model, sizes.encoder_ffn_dim, source_len
    # Four projections, two products of the attention, two of the feed-forward layer.
    return 2.0 * S * sizes.encoder_layers * (4 * D * D + 2 * S * D + 2 * D * F)


def bart_flops(config: BartConfig, source_len: int, num_targets: int, target_len: int) -> float:
    """One source and ``num_targets`` targets of ``target_len`` tokens, logits of each included."""
    D, F, V = config.d_model, config.decoder_ffn_dim, config.vocab_size
    S, T, L = source_len, target_len, config.decoder_layers
    per_token = L * (6 * D * D + 2 * (S + T) * D + 2 * D * F) + V * D
    cross = S * L * 2 * D * D  # keys and values of the source, once for all targets
    return encoder_flops(config, S) + 2.0 * (num_targets * T * per_token + cross)
