"""The options of QUALS."""

import dataclasses
from typing import Literal

from quals_jax.decoding.options import BeamSearch


@dataclasses.dataclass(frozen=True)
class QualsOptions:
    """How pairs are generated, kept and scored; the defaults are the paper's.

    ``mode`` ``paper`` is the official code, bug for bug: the summary side carries the penalties of
    the diverse search, ``num_pairs`` is a soft limit, long documents are cut. Mode ``clean`` uses
    plain log-probabilities on both sides, so that QUALS(x, x) is 0, keeps at most ``num_pairs``
    distinct pairs and reads long documents in overlapping windows, the best window per pair.
    ``low_threshold`` (nats per token) defines the share of low pairs. Documents beyond
    ``max_document_tokens`` are cut in either mode.

    ``answer_f1`` ``pair`` or ``summary`` adds the agreement of answers (after QAGS): each question
    is answered from the document, and that answer is compared with the pair's own or with the one
    written from the summary.
    """

    mode: Literal["clean", "paper"] = "clean"
    num_beams: int = 60
    num_groups: int = 60
    diversity_strength: float = 0.5
    min_question_tokens: int = 8
    max_pair_tokens: int = 60
    num_pairs: int = 10
    low_threshold: float = -0.5
    max_document_tokens: int = 16_384
    answer_f1: Literal["pair", "summary"] | None = None

    def __post_init__(self) -> None:
        if self.mode not in ("clean", "paper"):
            raise ValueError(f"mode is {self.mode!r}, expected 'clean' or 'paper'")
        if self.answer_f1 not in (None, "pair", "summary"):
            raise ValueError(f"answer_f1 is {self.answer_f1!r}, expected 'pair', 'summary' or None")
        for name in ("num_pairs", "max_document_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected >= 1")

    def search(self) -> BeamSearch:
        """The options of the diverse beam search."""
        return BeamSearch(
            num_beams=self.num_beams,
            num_groups=self.num_groups,
            diversity_strength=self.diversity_strength,
            min_len=self.min_question_tokens,
            max_len=self.max_pair_tokens,
        )
