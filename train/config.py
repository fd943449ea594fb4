"""Everything a training run is made of, as frozen dataclasses; experiments are values of these.

Data sources are strings ``KIND:REST`` (see ``train/sources.py``), for example
``squad:train-v1.1.json.xz``, ``rows:train.jsonl.gz`` or ``world:1000``.
"""

import dataclasses

from quals_jax.data.context_views import ContextViews
from quals_jax.data.denoising import NoiseConfig
from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from train.optim import OptimConfig


@dataclasses.dataclass(frozen=True)
class QAData:
    """Question-answer pairs: QAGen learns to write ``question SEPARATOR answer`` about a text.

    ``vary_contexts`` also shows single sentences and joined paragraphs, in the shares of
    ``views``, since QUALS asks about summaries and answers from whole articles.
    """

    train: tuple[str, ...] = ()
    dev: tuple[str, ...] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)
    vary_contexts: bool = False
    views: ContextViews = dataclasses.field(default_factory=ContextViews)
    max_train_rows: int = 0  # 0: all
    max_dev_rows: int = 0


@dataclasses.dataclass(frozen=True)
class SummaryData:
    """Documents and summaries."""

    train: tuple[str, ...] = ()
    dev: tuple[str, ...] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)
    max_train_rows: int = 0
    max_dev_rows: int = 0


@dataclasses.dataclass(frozen=True)
class TextData:
    """Plain text for denoising; ``max_tokens`` is the longest piece, ``</s>`` not counted."""

    train: tuple[str, ...] = ()
    dev: tuple[str, ...] = ()
    max_tokens: int = 256
    noise: NoiseConfig = dataclasses.field(default_factory=NoiseConfig)
    max_train_rows: int = 0
    max_dev_rows: int = 0


@dataclasses.dataclass(frozen=True)
class TokenizerConfig:
    """An existing tokenizer folder, or a byte-level BPE learned from the training texts.

    With both empty the tokenizer of ``Experiment.init_from`` is used. The model's vocabulary
    takes the tokenizer's size.
    """

    folder: str = ""
    learn_vocab_size: int = 0
    learn_from: tuple[str, ...] = ()  # sources; empty: the training data


@dataclasses.dataclass(frozen=True)
class BatchConfig:
    """Sizes of the batches. One update takes ``batches_per_step`` of them.

    ``max_tokens`` bounds rows x (source + all targets) of a batch over all devices, padding
    included. ``max_shapes`` bounds the batch shapes and so the compilations.
    """

    max_tokens: int = 4096
    max_shapes: int = 6
    batches_per_step: int = 1

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"batch.{field.name} must be >= 1")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One training run. Exactly one of ``num_steps`` and ``num_epochs`` is set."""

    data: QAData | SummaryData | TextData
    model: BartConfig = dataclasses.field(default_factory=BartConfig)
    tokenizer: TokenizerConfig = dataclasses.field(default_factory=TokenizerConfig)
    batch: BatchConfig = dataclasses.field(default_factory=BatchConfig)
    optim: OptimConfig = dataclasses.field(default_factory=OptimConfig)
    label_smoothing: float = 0.1
    num_steps: int = 0
    num_epochs: float = 0
    seed: int = 1
    init_from: str = ""  # a model folder: its weights, and its tokenizer unless another is named
    loss_chunk_tokens: int = 512  # targets whose logits exist at a time
    log_every_steps: int = 10
    eval_every_steps: int = 500  # 0: at the end only
    checkpoint_every_steps: int = 500
    keep_checkpoints: int = 2

    def __post_init__(self) -> None:
        if (self.num_steps > 0) == (self.num_epochs > 0):
            raise ValueError(
                "set exactly one of num_steps and num_epochs "
                f"(num_steps is {self.num_steps}, num_epochs {self.num_epochs})"
            )
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing is {self.label_smoothing}, expected [0, 1)")
        if self.checkpoint_every_steps < 1 or self.log_every_steps < 1:
            raise ValueError("checkpoint_every_steps and log_every_steps must be >= 1")
        if self.keep_checkpoints < 1 or self.loss_chunk_tokens < 1 or self.eval_every_steps < 0:
            raise ValueError(
                "keep_checkpoints and loss_chunk_tokens must be >= 1, eval_every_steps >= 0"
            )
