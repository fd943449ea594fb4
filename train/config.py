"""Everything a training run is made of, as frozen dataclasses; experiments are values of these.

Data sources are strings ``KIND:REST`` (see ``train/sources.py``), for example
``squad:train-v1.1.json.xz``, ``rows:train.jsonl.gz`` or ``world:1000``.
"""

import dataclasses

from quals_jax.data.denoising import NoiseConfig
from quals_jax.data.examples import Limits
from quals_jax.models.config import BartConfig
from train.optim import OptimConfig


@dataclasses.dataclass(frozen=True)
class QAData:
    """Question-answer pairs: QAGen learns to write ``question SEPARATOR answer`` about a text."""

    train: tuple[str, ...] = ()  # sources KIND:REST, such as squad:train-v1.1.json.xz
    dev: tuple[str, ...] = ()  # none: no evaluation, and the last parameters are the result
    limits: Limits = dataclasses.field(default_factory=Limits)
    max_train_rows: int = 0  # the first rows; 0: all
    max_dev_rows: int = 0  # the first rows; 0: all


@dataclasses.dataclass(frozen=True)
class SummaryData:
    """Documents and summaries."""

    train: tuple[str, ...] = ()  # sources KIND:REST, such as rows:train.jsonl.gz
    dev: tuple[str, ...] = ()  # none: no evaluation, and the last parameters are the result
    limits: Limits = dataclasses.field(default_factory=Limits)
    max_train_rows: int = 0  # the first rows; 0: all
    max_dev_rows: int = 0  # the first rows; 0: all


@dataclasses.dataclass(frozen=True)
class TextData:
    """Plain text for denoising."""

    train: tuple[str, ...] = ()  # sources KIND:REST, such as rows:articles.jsonl.xz
    dev: tuple[str, ...] = ()  # none: no evaluation, and the last parameters are the result
    max_tokens: int = 256  # longer texts are cut into pieces of nearly equal length
    noise: NoiseConfig = dataclasses.field(default_factory=NoiseConfig)
    max_train_rows: int = 0  # the first rows; 0: all
    max_dev_rows: int = 0  # the first rows; 0: all


@dataclasses.dataclass(frozen=True)
class TokenizerConfig:
    """An existing tokenizer folder, or a byte-level BPE learned from the training texts.

    With both empty the tokenizer of ``Experiment.init_from`` is used. The model's vocabulary
    takes the tokenizer's size.
    """

    folder: str = ""  # an existing tokenizer or model folder
    learn_vocab_size: int = 0  # size of the vocabulary to learn; 0: none is learned
    learn_from: tuple[str, ...] = ()  # sources to learn from; none: the training data


@dataclasses.dataclass(frozen=True)
class BatchConfig:
    """Sizes of the batches."""

    max_tokens: int = 4096  # of a batch over all devices: sources, targets and padding
    max_shapes: int = 6  # batch shapes, each of which is compiled once
    batches_per_step: int = 1  # gradients of this many batches make one update

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
    num_steps: int = 0  # updates
    num_epochs: float = 0  # passes over the data, instead of num_steps
    seed: int = 1  # of parameters, order of the data, dropout and noise
    init_from: str = ""  # a model folder: its weights, and its tokenizer unless another is named
    loss_chunk_tokens: int = 512  # targets whose logits exist at a time
    log_every_steps: int = 10  # rows of metrics.jsonl hold sums over so many steps
    eval_every_steps: int = 500  # 0: at the end only
    checkpoint_every_steps: int = 500  # also at the end and on SIGTERM
    keep_checkpoints: int = 2  # besides the best parameters on dev

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
