"""BART's denoising task: sentence permutation and text infilling (Lewis et al. 2020, section 2).

>>> noise = Noise.of(tokenizer)
>>> example = noise.example(TextExample("a1", ids), key=(seed, epoch, index))

The noise is a function of (ids, key) alone.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from quals_jax.data.examples import Seq2SeqExample, TextExample
from quals_jax.text.tokenizer import Tokenizer

_SENTENCE_ENDS = (".", "!", "?", '."', '!"', '?"', ".”", "!”", "?”")


@dataclasses.dataclass(frozen=True)
class NoiseConfig:
    """How much is hidden: BART-large's values."""

    mask_ratio: float = 0.3  # of the words
    mean_span: float = 3.0  # words per masked span, Poisson
    permute_sentences: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.mask_ratio < 1 or self.mean_span <= 0:
            raise ValueError(f"{self}: expected 0 <= mask_ratio < 1 and mean_span > 0")


@dataclasses.dataclass(frozen=True)
class Noise:
    """The noise of one vocabulary: which tokens begin words and which end sentences."""

    config: NoiseConfig
    mask_id: int
    eos_id: int
    starts_word_V: np.ndarray
    ends_sentence_V: np.ndarray

    @classmethod
    def of(cls, tokenizer: Tokenizer, config: NoiseConfig = NoiseConfig()) -> "Noise":
        """The noise for a tokenizer that has ``<mask>``; ValueError for one that has not."""
        if tokenizer.mask_id is None:
            raise ValueError("the tokenizer has no <mask> token, which denoising needs")
        pieces = tokenizer.pieces(range(tokenizer.vocab_size))
        ends = np.array([piece.endswith(_SENTENCE_ENDS) for piece in pieces])
        return cls(config, tokenizer.mask_id, tokenizer.eos_id, tokenizer.starts_word_V, ends)

    def example(self, text: TextExample, key: Sequence[int]) -> Seq2SeqExample:
        """Noised ids as the source, the ids as the only target, both with ``</s>``.

        The source is never longer than the target.
        """
        rng = np.random.default_rng(list(key))
        ids = text.ids
        if self.config.permute_sentences:
            ids = permute_sentences(ids, self.ends_sentence_V[ids], rng)
        if self.config.mask_ratio:
            ids = self.infill(ids, rng)
        eos = np.array([self.eos_id], np.int32)
        return Seq2SeqExample(
            text.id, np.concatenate([ids, eos]), [np.concatenate([text.ids, eos])]
        )

    def infill(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Replaces spans of whole words by one ``<mask>`` each; spans of 0 words insert one.

        Span lengths are Poisson until ``mask_ratio`` of the words (rounded up) are used; the last
        span is cut to meet that number. Spans do not overlap and their places are uniform.
        """
        is_start = self.starts_word_V[ids].copy()
        is_start[0] = True
        starts = np.append(np.flatnonzero(is_start), len(ids))
        num_words = len(starts) - 1
        spans, num_inserts = draw_spans(num_words, self.config, rng)
        # A row of unmasked words and spans in random order gives the places of the spans.
        items = np.ones(num_words - spans.sum() + len(spans), np.int64)
        is_span = np.zeros(len(items), bool)
        is_span[rng.choice(len(items), len(spans), replace=False)] = True
        items[is_span] = spans
        first_word = np.concatenate([[0], np.cumsum(items)])
        pieces = [
            np.array([self.mask_id], np.int32)
            if is_span[i]
            else ids[starts[first_word[i]] : starts[first_word[i + 1]]]
            for i in range(len(items))
        ]
        noised = np.concatenate(pieces).astype(np.int32)
        # Insertions never make the source longer than the text, so that length limits hold.
        num_inserts = min(num_inserts, len(ids) - len(noised))
        places = rng.integers(0, len(noised) + 1, num_inserts)
        return np.insert(noised, places, self.mask_id)


def draw_spans(
    num_words: int, config: NoiseConfig, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Lengths of the masked spans, in words, and the number of spans of length 0."""
    budget = int(np.ceil(num_words * config.mask_ratio))
    drawn = rng.poisson(config.mean_span, size=max(budget, 1))
    while drawn.sum() < budget:
        drawn = np.concatenate([drawn, rng.poisson(config.mean_span, size=budget)])
    num_spans = int(np.searchsorted(np.cumsum(drawn), budget)) + 1 if budget else 0
    drawn = drawn[:num_spans]
    if num_spans:
        drawn[-1] -= drawn.sum() - budget
    return drawn[drawn > 0], int((drawn == 0).sum())


def permute_sentences(
    ids: np.ndarray, ends_sentence: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The sentences in random order; ``ends_sentence`` marks the last token of each."""
    cuts = np.flatnonzero(ends_sentence) + 1
    sentences = [s for s in np.split(ids, cuts) if len(s)]
    return np.concatenate([sentences[i] for i in rng.permutation(len(sentences))])
