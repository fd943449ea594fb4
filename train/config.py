"""Everything a training run is made of, as frozen dataclasses; experiments are values of these.

Data sources are strings ``KIND:REST`` (see ``train/sources.py``), for example
``squad:train-v1.1.json.xz``, ``rows:train.jsonl.gz`` or ``world:1000``.
"""

import dataclasses
from typing import Literal

from quals_jax.data.denoising import NoiseConfig
from quals_jax.data.examples import Limits
from quals_jax.data.pair_examples import PairLimits
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.config import BartConfig
from quals_jax.parallel.rules import RulesName
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
class QuestionData:
    """Question-answer pairs: a question generator learns to ask for an answer in a text.

    It reads ``text SEPARATOR answer`` and writes the question; the same sources as `QAData`.
    """

    train: tuple[str, ...] = ()  # sources KIND:REST, such as squad-sentences:train-v1.1.json.xz
    dev: tuple[str, ...] = ()  # none: no evaluation, and the last parameters are the result
    limits: Limits = dataclasses.field(default_factory=Limits)  # the source holds the answer too
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
class ContrastData:
    """Documents with a summary to write like (S+), one not to write like (S-), or both."""

    train: tuple[str, ...] = ()  # sources KIND:REST, such as rows:contrast.jsonl (`quals select`)
    dev: tuple[str, ...] = ()  # documents and summaries, as in SummaryData; none: no evaluation
    references: tuple[str, ...] = ()  # documents and summaries that are mixed into the training
    reference_share: float = 0.0  # of the examples of an epoch; others of the references each time
    limits: Limits = dataclasses.field(default_factory=Limits)
    max_train_rows: int = 0  # the first rows; 0: all
    max_dev_rows: int = 0  # the first rows; 0: all

    def __post_init__(self) -> None:
        if not 0 <= self.reference_share < 1:
            raise ValueError(
                f"data.reference_share is {self.reference_share}, expected 0 <= share < 1"
            )
        if (self.reference_share > 0) != bool(self.references):
            raise ValueError(
                "set both data.references and data.reference_share, or neither "
                f"({len(self.references)} sources, share {self.reference_share})"
            )


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
class SpanData:
    """Questions whose answers are words of a text, for a BERT with a span head."""

    train: tuple[str, ...] = ()  # sources KIND:REST, such as squad:train-v1.1.json.xz
    dev: tuple[str, ...] = ()  # none: no evaluation, and the last parameters are the result
    limits: PairLimits = dataclasses.field(default_factory=PairLimits)
    no_answer_share: float = 0.0  # of the examples: questions about other contexts, made up
    max_train_rows: int = 0  # the first rows; 0: all
    max_dev_rows: int = 0  # the first rows; 0: all

    def __post_init__(self) -> None:
        if not 0 <= self.no_answer_share < 1:
            raise ValueError(
                f"data.no_answer_share is {self.no_answer_share}, expected 0 <= share < 1"
            )


@dataclasses.dataclass(frozen=True)
class ClaimData:
    """Documents and claims about them with a label, for a BERT with a classification head.

    The labels are those of ``model.labels``.
    """

    train: tuple[str, ...] = ()  # sources KIND:REST, such as rows:claims.jsonl.gz
    dev: tuple[str, ...] = ()  # none: no evaluation, and the last parameters are the result
    max_tokens: int = 512  # of document and claim together; longer documents are cut
    max_train_rows: int = 0  # the first rows; 0: all
    max_dev_rows: int = 0  # the first rows; 0: all


PAIR_DATA = (SpanData, ClaimData)


@dataclasses.dataclass(frozen=True)
class ConSeqConfig:
    """The contrastive loss (see ``train/conseq.py``); only of runs on `ContrastData`."""

    negative_weight: float = 1.0  # of the S- term; the paper's is 1, which can collapse
    hellinger: int = 0  # 1: Hellinger distance instead of unlikelihood on S-; 2: also on S+
    max_nll_rise: float = 0.2  # S+ NLL above its start by this share: a collapse; 0: no guard
    guard_window_steps: int = 10  # updates that the S+ NLL is averaged over
    max_dev_rise: float = 0.0  # dev loss above its start by this share: a collapse; 0: no guard
    patience_evals: int = 0  # evaluations without a better dev loss that end training; 0: none do
    # The model folder: dev loss judges a model by references that ConSeq learns to depart from.
    export: Literal["last_good", "best_on_dev"] = "last_good"

    def __post_init__(self) -> None:
        if self.max_nll_rise < 0 or self.max_dev_rise < 0 or self.patience_evals < 0:
            raise ValueError(
                "conseq.max_nll_rise, max_dev_rise and patience_evals must be >= 0 "
                f"(they are {self.max_nll_rise}, {self.max_dev_rise}, {self.patience_evals})"
            )
        if self.guard_window_steps < 1:
            raise ValueError("conseq.guard_window_steps must be >= 1")
        if self.negative_weight < 0:
            raise ValueError(f"conseq.negative_weight is {self.negative_weight}, expected >= 0")
        if self.hellinger not in (0, 1, 2):
            raise ValueError(f"conseq.hellinger is {self.hellinger}, expected 0, 1 or 2")


@dataclasses.dataclass(frozen=True)
class SkipConfig:
    """Updates that are not made: loss or gradient NaN or infinite, or a spike of the loss.

    A spike is a loss per token above ``spike_factor`` times its running mean, or times 1 nat where
    the mean is lower. As in fairseq, a skipped update does not count for the learning rate.
    """

    spike_factor: float = 5.0  # 0: only what is not finite is skipped
    max_in_a_row: int = 10  # so many skipped updates end the run

    def __post_init__(self) -> None:
        if self.max_in_a_row < 1 or not (self.spike_factor == 0 or self.spike_factor > 1):
            raise ValueError(
                "skip.max_in_a_row must be >= 1 and skip.spike_factor 0 or > 1 "
                f"(they are {self.max_in_a_row} and {self.spike_factor})"
            )


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
    row_multiple: int = 1  # rows of a batch; devices that do not divide them get rows that only pad
    max_shapes: int = 6  # batch shapes, each of which is compiled once
    pad_to_limits: bool = False  # one shape, that of data.limits: like runs share its program
    batches_per_step: int = 1  # gradients of this many batches make one update

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, bool) and value < 1:
                raise ValueError(f"batch.{field.name} must be >= 1")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One training run. Exactly one of ``num_steps`` and ``num_epochs`` is set.

    Where the model is a BERT, a "token" of the losses is an example.
    """

    data: QAData | QuestionData | SummaryData | ContrastData | TextData | SpanData | ClaimData
    model: BartConfig | BertConfig = dataclasses.field(default_factory=BartConfig)
    tokenizer: TokenizerConfig = dataclasses.field(default_factory=TokenizerConfig)
    batch: BatchConfig = dataclasses.field(default_factory=BatchConfig)
    optim: OptimConfig = dataclasses.field(default_factory=OptimConfig)
    skip: SkipConfig = dataclasses.field(default_factory=SkipConfig)
    label_smoothing: float = 0.1
    conseq: ConSeqConfig = dataclasses.field(default_factory=ConSeqConfig)
    num_steps: int = 0  # updates
    num_epochs: float = 0  # passes over the data, instead of num_steps
    seed: int = 1  # of parameters, order of the data, dropout and noise
    # Parameters to begin with where no folder is named; copying: quals_jax/models/copying.py
    init: Literal["random", "copying"] = "random"
    # A model folder: its weights, and its tokenizer unless another is named. A BERT may begin with
    # another head than it trains, or as BART's encoder.
    init_from: str = ""
    sharding: RulesName = "data_parallel"  # fully_sharded: parameters and moments are split too
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
        if self.conseq != ConSeqConfig() and not isinstance(self.data, ContrastData):
            raise ValueError(
                f"conseq is set, but data is {type(self.data).__name__}: only ContrastData has S-"
            )
        if self.batch.pad_to_limits and isinstance(self.data, (TextData, *PAIR_DATA)):
            raise ValueError(
                f"batch.pad_to_limits is set, but data is {type(self.data).__name__}, which has no "
                "limits of sources and targets"
            )
        self._check_model()
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing is {self.label_smoothing}, expected [0, 1)")
        if self.checkpoint_every_steps < 1 or self.log_every_steps < 1:
            raise ValueError("checkpoint_every_steps and log_every_steps must be >= 1")
        if self.keep_checkpoints < 1 or self.loss_chunk_tokens < 1 or self.eval_every_steps < 0:
            raise ValueError(
                "keep_checkpoints and loss_chunk_tokens must be >= 1, eval_every_steps >= 0"
            )

    def _check_model(self) -> None:
        if self.init == "copying" and isinstance(self.model, BertConfig):
            raise ValueError("init is copying, but model is a BertConfig, which writes nothing")
        if self.init != "random" and self.init_from:
            raise ValueError(
                f"init is {self.init}, but init_from names a folder, whose parameters are taken; "
                "leave one of the two out"
            )
        head = None
        if isinstance(self.data, PAIR_DATA):
            head = "span" if isinstance(self.data, SpanData) else "classification"
        found = self.model.head if isinstance(self.model, BertConfig) else None
        if head != found:
            expected = "a BartConfig" if head is None else f"a BertConfig with head {head!r}"
            raise ValueError(
                f"data is {type(self.data).__name__}, so model must be {expected}, not "
                f"{type(self.model).__name__}{f' with head {found!r}' if found else ''}"
            )
