"""The sizes and conventions of a BART model."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class BartConfig:
    """Shape of a BART encoder-decoder; the defaults are BART-large with fairseq's vocabulary.

    ``max_positions`` counts real tokens: the position tables have two rows more, because
    fairseq numbers positions from ``pad_id + 1``. ``dtype`` is the type of the matrix products;
    parameters, softmax, layer norm and losses are float32 always. ``remat`` keeps only the input
    of each layer for the backward pass and computes the layer again there: a third more work for
    a fraction of the memory, with the same gradients.
    """

    vocab_size: int = 50264
    d_model: int = 1024
    encoder_layers: int = 12
    decoder_layers: int = 12
    encoder_heads: int = 16
    decoder_heads: int = 16
    encoder_ffn_dim: int = 4096
    decoder_ffn_dim: int = 4096
    max_positions: int = 1024
    dropout: float = 0.1
    attention_dropout: float = 0.1
    activation_dropout: float = 0.0
    init_std: float = 0.02
    bos_id: int = 0
    pad_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    dtype: str = "float32"
    remat: bool = False

    def __post_init__(self) -> None:
        for name in ("vocab_size", "d_model", "encoder_heads", "decoder_heads", "max_positions"):
            if getattr(self, name) < 1:
                raise ValueError(f"BartConfig.{name} is {getattr(self, name)}, expected >= 1")
        for name in ("encoder_heads", "decoder_heads"):
            if self.d_model % getattr(self, name):
                raise ValueError(
                    f"BartConfig.d_model {self.d_model} is not a multiple of {name} "
                    f"{getattr(self, name)}"
                )
        for name in ("dropout", "attention_dropout", "activation_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"BartConfig.{name} is {getattr(self, name)}, expected [0, 1)")
        if self.dtype not in ("float32", "bfloat16"):
            raise ValueError(f"BartConfig.dtype is {self.dtype!r}, expected float32 or bfloat16")

    @property
    def norm_eps(self) -> float:
        """Epsilon of the layer norms."""
        return 1e-5

    @classmethod
    def tiny(cls, vocab_size: int = 1400) -> "BartConfig":
        """2+2 layers of width 96: the synthetic world, tests."""
        return cls(
            vocab_size=vocab_size,
            d_model=96,
            encoder_layers=2,
            decoder_layers=2,
            encoder_heads=4,
            decoder_heads=4,
            encoder_ffn_dim=256,
            decoder_ffn_dim=256,
            max_positions=256,
            init_std=0.05,
        )

    @classmethod
    def base(cls) -> "BartConfig":
        """The sizes of ``facebook/bart-base``."""
        return cls(
            d_model=768,
            encoder_layers=6,
            decoder_layers=6,
            encoder_heads=12,
            decoder_heads=12,
            encoder_ffn_dim=3072,
            decoder_ffn_dim=3072,
        )

    @classmethod
    def large(cls) -> "BartConfig":
        """The sizes of ``facebook/bart-large``, the paper's model."""
        return cls()
