"""The sizes and conventions of a BERT encoder with one head."""

import dataclasses
from typing import Literal

HeadName = Literal["span", "classification"]


@dataclasses.dataclass(frozen=True)
class BertConfig:
    """Shape of a BERT; the defaults are ``bert-base-uncased`` with a span head.

    A source is ``[CLS] first [SEP] second [SEP]`` (byte-level BPE vocabularies spell these ids
    ``<s>`` and ``</s>``). ``labels`` names the classes of a classification head, in the order of
    its outputs. ``dtype`` and ``remat`` are as in `BartConfig`.

    ``mark_shared`` adds 2 to the segment of every token that the other text has, too, so there are
    four segments: a model too small to learn to compare words is told which are equal (the exact
    match feature of Chen et al. 2017). Folders of the Hugging Face hub have it not.
    """

    vocab_size: int = 30522
    d_model: int = 768
    encoder_layers: int = 12
    encoder_heads: int = 12
    encoder_ffn_dim: int = 3072
    max_positions: int = 512
    num_segments: int = 2
    mark_shared: bool = False
    head: HeadName = "span"
    labels: tuple[str, ...] = ()
    dropout: float = 0.1
    attention_dropout: float = 0.1
    init_std: float = 0.02
    norm_eps: float = 1e-12
    cls_id: int = 101
    sep_id: int = 102
    pad_id: int = 0
    unk_id: int = 100
    dtype: str = "float32"
    remat: bool = False

    def __post_init__(self) -> None:
        for name in ("vocab_size", "d_model", "encoder_heads", "max_positions", "num_segments"):
            if getattr(self, name) < 1:
                raise ValueError(f"BertConfig.{name} is {getattr(self, name)}, expected >= 1")
        if self.mark_shared and self.num_segments != 4:
            raise ValueError(
                f"BertConfig.mark_shared needs num_segments 4, not {self.num_segments}"
            )
        if self.d_model % self.encoder_heads:
            raise ValueError(
                f"BertConfig.d_model {self.d_model} is not a multiple of encoder_heads "
                f"{self.encoder_heads}"
            )
        for name in ("dropout", "attention_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"BertConfig.{name} is {getattr(self, name)}, expected [0, 1)")
        if self.dtype not in ("float32", "bfloat16"):
            raise ValueError(f"BertConfig.dtype is {self.dtype!r}, expected float32 or bfloat16")
        if self.head not in ("span", "classification"):
            raise ValueError(
                f"BertConfig.head is {self.head!r}, expected 'span' or 'classification'"
            )
        if self.head == "span" and self.labels:
            raise ValueError("BertConfig.labels are for a classification head, not for spans")
        if self.head == "classification" and len(set(self.labels)) != max(len(self.labels), 2):
            raise ValueError(
                f"BertConfig.labels are {list(self.labels)}, expected two or more different names"
            )

    @property
    def activation_dropout(self) -> float:
        """BERT drops nothing between the two products of its feed-forward."""
        return 0.0

    @property
    def num_outputs(self) -> int:
        """Outputs of the head: start and end of a span, or the classes."""
        return 2 if self.head == "span" else len(self.labels)
