"""FactCC's training data: true and false claims about documents, made of their own sentences.

    rows = claim_rows(documents, ClaimOptions(claims_per_document=2))
    # {"id": "a1-0-incorrect", "document": …, "claim": "It hurt 11 people.",
    #  "label": "INCORRECT", "transformation": "number_swap"}

Kryściński et al. 2020, section 3.1: a claim is a sentence of the document; a transformation that
changes its meaning makes it false, one that does not keeps it true. Every sentence that is taken
gives one claim of each label, so the labels are balanced in every document.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from quals_jax.data.claim_noise import add_noise
from quals_jax.data.claim_swaps import SWAPS, Changed, DocumentFacts
from quals_jax.data.corruption import SummarySentence
from quals_jax.data.entity_analysis import EntityAnalyser, entity_analyser
from quals_jax.text.quantity_spans import date_spans, number_spans

CORRECT, INCORRECT = "CORRECT", "INCORRECT"
UNCHANGED, PARAPHRASE, NOISE = "none", "paraphrase", "noise"

Paraphrase = Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class ClaimOptions:
    """How claims are made.

    Attributes:
        claims_per_document: sentences taken of a document, each for a true and a false claim.
        min_words, max_words: of a sentence, separated by blanks.
        swaps: transformations for false claims, keys of `SWAPS`; one of those that the sentence
            allows is drawn.
        noise_share: of all claims that get noise.
        noise_rate: of the words of such a claim.
        paraphrase_share: of the sentences that are paraphrased first, where a paraphrase is given.
        seed: with the document's id the only source of chance.
    """

    claims_per_document: int = 2
    min_words: int = 6
    max_words: int = 60
    swaps: tuple[str, ...] = tuple(SWAPS)
    noise_share: float = 0.2
    noise_rate: float = 0.05
    paraphrase_share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.claims_per_document < 1 or not 1 <= self.min_words <= self.max_words:
            raise ValueError(
                "expected claims_per_document >= 1 and 1 <= min_words <= max_words, got "
                f"{self.claims_per_document}, {self.min_words}, {self.max_words}"
            )
        unknown = [name for name in self.swaps if name not in SWAPS]
        if unknown or not self.swaps:
            raise ValueError(f"swaps {self.swaps}: expected some of {', '.join(SWAPS)}")
        for name in ("noise_share", "noise_rate", "paraphrase_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 to 1")


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim about a document; ``transformation`` names what was done, joined by "+"."""

    id: str
    document: str
    claim: str
    label: str
    transformation: str

    def to_row(self) -> dict[str, str]:
        """As `python -m train` reads it: id, document, claim, label, transformation."""
        return dataclasses.asdict(self)


def claim_rows(
    documents: Iterable[tuple[str, str]],
    options: ClaimOptions = ClaimOptions(),
    *,
    analyser: EntityAnalyser | None = None,
    paraphrase: Paraphrase | None = None,
    drops: Counter[str] | None = None,
) -> Iterator[Claim]:
    """Claims about (id, text) documents: per sentence taken a CORRECT one, then an INCORRECT one.

    The claims of a document depend on its id, its text, ``options`` and what finds names
    (``analyser``, by default spaCy where it is installed, else rules), on no other document.
    ``paraphrase`` gives a sentence in other words, such as by translating it to another language
    and back, which is FactCC's way; without it no claim is paraphrased. ``drops`` counts documents
    of which no sentence could be taken, and those that gave fewer than asked for.
    """
    analyser = analyser or entity_analyser("auto")
    drops = Counter() if drops is None else drops
    for document_id, text in documents:
        sentences = list(analyser(text))
        rng = _generator(options.seed, document_id)
        taken = 0
        for place in rng.permutation(len(sentences)):
            if taken == options.claims_per_document:
                break
            pair = _pair(sentences[place], sentences, options, paraphrase, rng)
            if pair is None:
                continue
            for label, (claim, transformation) in zip((CORRECT, INCORRECT), pair, strict=True):
                name = f"{document_id}-{taken}-{label.lower()}"
                yield Claim(name, text, claim, label, transformation)
            taken += 1
        if taken == 0:
            drops["no sentence that can be made false"] += 1
        elif taken < options.claims_per_document:
            drops["fewer claims than asked for"] += 1


_Made = tuple[str, str]  # a claim and the name of what was done


def _pair(
    sentence: SummarySentence,
    sentences: list[SummarySentence],
    options: ClaimOptions,
    paraphrase: Paraphrase | None,
    rng: np.random.Generator,
) -> tuple[_Made, _Made] | None:
    """A true and a false claim of a sentence; None where it is not fit for them."""
    text, steps = sentence.text, ()
    if not options.min_words <= len(text.split()) <= options.max_words:
        return None
    if paraphrase is not None and rng.random() < options.paraphrase_share:
        text, steps = paraphrase(text), (PARAPHRASE,)
    facts = _facts(sentences)
    changes = {name: SWAPS[name](text, facts, rng) for name in options.swaps}
    possible = [(name, change) for name, change in changes.items() if change is not None]
    if not possible:
        return None
    name, change = possible[rng.integers(len(possible))]
    return (
        _finished(Changed(text, 0, 0), steps, options, rng),
        _finished(change, (*steps, name), options, rng),
    )


def _finished(
    change: Changed, steps: tuple[str, ...], options: ClaimOptions, rng: np.random.Generator
) -> _Made:
    """With noise where the draw says so."""
    claim = change.text
    if rng.random() < options.noise_share:
        noisy = add_noise(claim, rng, options.noise_rate, (change.start, change.end))
        if noisy is not None:
            claim, steps = noisy, (*steps, NOISE)
    return claim, "+".join(steps) or UNCHANGED


def _facts(sentences: list[SummarySentence]) -> DocumentFacts:
    names = (name for sentence in sentences for name in sentence.entities)
    numbers = (span.text for sentence in sentences for span in number_spans(sentence.text))
    dates = (span.text for sentence in sentences for span in date_spans(sentence.text))
    return DocumentFacts(*(tuple(dict.fromkeys(values)) for values in (names, numbers, dates)))


def _generator(seed: int, document_id: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}:{document_id}".encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(list(digest))
