"""What to search for: the options of beam search and of sampling.

>>> BeamSearch(num_beams=60, num_groups=60, min_len=8, max_len=60)     # the pairs of QUALS
>>> Sampling(num_samples=6, filter=TopK(50), min_len=10, max_len=60)   # the candidates of ConSeq
>>> greedy(max_len=50)

Lengths do not count the final ``</s>``: a hypothesis has ``min_len + 1`` to ``max_len + 1`` tokens.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class BeamSearch:
    """Beam search, with ``num_groups`` > 1 diverse beam search by Hamming distance.

    fairseq calls the fields beam, diverse_beam_groups, diverse_beam_strength, min_len, max_len_b,
    lenpen and no_repeat_ngram_size. Groups search in turn; a token pays ``diversity_strength``
    (nats) for every candidate of an earlier group that holds it at the same step. Hypotheses are
    ranked by ``sum / length ** length_penalty``; the search itself ignores ``length_penalty``.
    ``no_repeat_ngram_size`` 0 allows repetition.
    """

    num_beams: int
    num_groups: int = 1
    diversity_strength: float = 0.5
    min_len: int = 1
    max_len: int = 200
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 0

    def __post_init__(self) -> None:
        _check_at_least(self, "num_beams", 1)
        _check_at_least(self, "num_groups", 1)
        _check_lengths(self)
        if self.num_beams % self.num_groups:
            raise ValueError(
                f"BeamSearch.num_beams {self.num_beams} is not a multiple of num_groups "
                f"{self.num_groups}"
            )
        if not 0.0 <= self.diversity_strength < float("inf"):
            raise ValueError(
                f"BeamSearch.diversity_strength is {self.diversity_strength}, expected a finite "
                "number >= 0"
            )


@dataclasses.dataclass(frozen=True)
class TopK:
    """Draw from the ``k`` most probable tokens."""

    k: int

    def __post_init__(self) -> None:
        _check_at_least(self, "k", 1)


@dataclasses.dataclass(frozen=True)
class TopP:
    """Draw from the fewest most probable tokens whose probabilities reach ``p`` together.

    The probabilities are the model's: where a mask (minimum length, n-grams) leaves less than
    ``p``, every token stays, as in fairseq.
    """

    p: float

    def __post_init__(self) -> None:
        if not 0.0 < self.p <= 1.0:
            raise ValueError(f"TopP.p is {self.p}, expected 0 < p <= 1")


@dataclasses.dataclass(frozen=True)
class Sampling:
    """``num_samples`` independent draws per source, from all tokens or those ``filter`` keeps.

    The other fields are those of `BeamSearch`. Recorded log-probabilities are the model's own,
    never renormalised over the kept tokens.
    """

    num_samples: int
    filter: TopK | TopP | None = None
    min_len: int = 1
    max_len: int = 200
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 0

    def __post_init__(self) -> None:
        _check_at_least(self, "num_samples", 1)
        _check_lengths(self)


def greedy(min_len: int = 1, max_len: int = 200, no_repeat_ngram_size: int = 0) -> BeamSearch:
    """The most probable token at every step: a beam of one."""
    return BeamSearch(
        1, min_len=min_len, max_len=max_len, no_repeat_ngram_size=no_repeat_ngram_size
    )


def _check_lengths(options: BeamSearch | Sampling) -> None:
    _check_at_least(options, "min_len", 0)
    _check_at_least(options, "max_len", 1)
    name = type(options).__name__
    if options.min_len > options.max_len:
        raise ValueError(
            f"{name}.min_len {options.min_len} is larger than max_len {options.max_len}"
        )
    if not abs(options.length_penalty) < float("inf"):
        raise ValueError(f"{name}.length_penalty is {options.length_penalty}, expected a number")
    if options.no_repeat_ngram_size < 0 or options.no_repeat_ngram_size == 1:
        raise ValueError(
            f"{name}.no_repeat_ngram_size is {options.no_repeat_ngram_size}, expected 0 (off) or "
            ">= 2"
        )


def _check_at_least(options: object, field: str, least: int) -> None:
    value = getattr(options, field)
    if value < least:
        raise ValueError(f"{type(options).__name__}.{field} is {value}, expected >= {least}")
