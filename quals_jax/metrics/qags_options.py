"""What QAGS depends on beside its two models."""

import dataclasses

from quals_jax.data.entity_analysis import SPACY_MODEL, EntityKind
from quals_jax.decoding.options import BeamSearch


@dataclasses.dataclass(frozen=True)
class QagsOptions:
    """Settings of QAGS; the defaults follow the released code where it has one value.

    Attributes:
        num_answers: answer candidates of a summary; entities come before noun phrases (officially
            a random sample of both, repeated where there are fewer).
        num_beams: questions generated per candidate, one per beam. The released script asks for
            the 10 best of a beam of 5, of which there are 5; the names of the authors' files tell
            of a beam of 10.
        num_questions: questions asked of a summary at most; the released code has 10
            (``get_qags_scores``), 5 (its command line) and 20 (its own runs).
        refill: whether questions that the summary does not answer as expected fill empty places,
            most probable first. Officially random ones do, because the released code can only
            average over a fixed number; a mean over fewer needs none.
        min_question_tokens, max_question_tokens: length of a question in tokens before ``</s>``
            (officially at least 5 and no longer than the source).
        no_repeat_ngram_size: 0 allows repetition, as the released script does.
        candidates: how answer candidates are found, see `candidate_finder`.
    """

    num_answers: int = 10
    num_beams: int = 5
    num_questions: int = 10
    refill: bool = False
    min_question_tokens: int = 5
    max_question_tokens: int = 40
    no_repeat_ngram_size: int = 0
    candidates: EntityKind = "auto"
    spacy_model: str = SPACY_MODEL

    def __post_init__(self) -> None:
        for field in ("num_answers", "num_questions"):
            if getattr(self, field) < 1:
                raise ValueError(f"QagsOptions.{field} is {getattr(self, field)}, expected >= 1")
        self.search()  # checks the rest

    def search(self) -> BeamSearch:
        """The beam search for the questions of one candidate."""
        return BeamSearch(
            self.num_beams,
            min_len=self.min_question_tokens,
            max_len=self.max_question_tokens,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
        )
