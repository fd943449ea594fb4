"""What the parts of a report about QUALS itself are made of: the picture, and the test of QAGen."""

from typing import Required, TypedDict


class Pair(TypedDict):
    """A pair with its tokens: question, separator, answer, ``</s>``; log-probabilities in nats."""

    question: str
    answer: str
    score: float
    tokens: list[str]
    num_answer_tokens: int
    log_probs_document: list[float]
    log_probs_summary: list[float]


class Picture(TypedDict, total=False):
    """A summary with a pair that its document supports and one that it does not.

    Where the error is known, ``error_label`` names its kind, ``wrong`` is its text in the summary
    and ``right`` what the document says instead (null where it says nothing).
    """

    document: Required[str]
    summary: Required[str]
    quals: Required[float]
    supported: Required[Pair]
    unsupported: Required[Pair]
    error_label: str | None
    wrong: str | None
    right: str | None


class Auroc(TypedDict):
    """The probability that a faithful summary scores higher, with its 95 % interval."""

    value: float | None
    interval: tuple[float, float] | None


class Counts(TypedDict):
    """How many summaries were scored."""

    faithful: int
    corrupted: int
    by_kind: dict[str, int]


class TrainingOfQAGen(TypedDict):
    """Loss per update on training and development data (``curves``: "train", "dev"), and sizes."""

    curves: dict[str, list[tuple[float, float]]]
    num_parameters: int
    num_steps: int
    num_passages: int
    num_pairs: int


class ScoredPair(TypedDict):
    """A pair without its tokens."""

    question: str
    answer: str
    score: float


class PlantedError(TypedDict):
    """A corrupted summary; ``right`` is null where the document says nothing instead."""

    document: str
    summary: str
    error_label: str
    right: str | None
    wrong: str
    quals: float
    quals_faithful: float
    pairs: list[ScoredPair]


class QAGenTest(TypedDict, total=False):
    """QUALS of summaries with one known error each, and of faithful ones.

    ``error_kinds`` gives every kind its label; ``scores`` has QUALS by kind, "none" for faithful
    ones; ``auroc`` has "quals", "answer" and "min", each by kind and for "all" together;
    ``examples`` hold a summary of each kind; ``timings["training"]`` are the seconds that QAGen's
    training took.
    """

    error_kinds: Required[dict[str, str]]
    counts: Required[Counts]
    scores: Required[dict[str, list[float]]]
    auroc: Required[dict[str, dict[str, Auroc]]]
    examples: Required[list[PlantedError]]
    training: TrainingOfQAGen
    timings: dict[str, float]
