"""The rules by which S+ and S- are chosen."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence

from quals_jax.selection.assembly import Side, contrast_sets
from quals_jax.selection.ranking import extreme_sample, ranked
from quals_jax.selection.records import ContrastSets, ScoredDocument, ScoredText, check_documents


@dataclasses.dataclass(frozen=True)
class SelectionOptions:
    """How much `select` takes, and how.

    ``negative_ratio`` and ``positive_ratio`` are shares of all documents, those without a score
    included: ``round(ratio * N)`` documents, halves to even, as in the official code.
    ``positive_ratio`` None takes the references of the chosen documents as they are, and no
    positive where there is none. ``separate`` keeps the two sets apart instead of intersecting
    them; a document in both is one row. ``highest`` is the official ``--select_highest``, a
    control: the best sample of a document, and the documents whose best sample scores highest,
    take the place of the worst.
    """

    negative_ratio: float = 0.3
    positive_ratio: float | None = 0.3
    separate: bool = False
    highest: bool = False

    def __post_init__(self) -> None:
        for name in ("negative_ratio", "positive_ratio"):
            ratio = getattr(self, name)
            if ratio is not None and not 0.0 < ratio <= 1.0:
                raise ValueError(f"{name} is {ratio}, expected 0 < {name} <= 1")
        if self.separate and self.positive_ratio is None:
            raise ValueError("separate sets need a positive_ratio: which references are in S+?")


def select(
    documents: Sequence[ScoredDocument], options: SelectionOptions | None = None
) -> ContrastSets:
    """S+ and S- by the scores of the texts, as the official ``make_unlikelihood_dataset``.

    Differs from it: a text without a score is never taken (there it carries +-1e5 and is taken
    once the ratio is large enough), and rows come in the order of the documents (there by rank, or
    in the order of a Python set). ValueError for what `check_documents` refuses.
    """
    options = options or SelectionOptions()
    check_documents(documents)
    return contrast_sets(
        documents,
        _extreme_samples(documents, options),
        _best_references(documents, options),
        separate=options.separate,
    )


def _extreme_samples(documents: Sequence[ScoredDocument], options: SelectionOptions) -> Side:
    samples = [extreme_sample(document.pools, highest=options.highest) for document in documents]
    scores = [sample.score if sample else None for sample in samples]
    size = round(options.negative_ratio * len(documents))
    chosen = ranked(scores, highest=options.highest)[:size]

    def reason(i: int) -> str:
        if not documents[i].samples:
            return "no_sample"
        if samples[i] is None:
            return "sample_not_scored"
        return "sample_not_among_highest" if options.highest else "sample_not_among_lowest"

    return Side({i: samples[i] for i in chosen}, reason, scores[chosen[-1]] if chosen else None)


def _best_references(documents: Sequence[ScoredDocument], options: SelectionOptions) -> Side:
    texts = [document.reference if document.has_reference else None for document in documents]
    if options.positive_ratio is None:
        return Side(dict(enumerate(texts)), reason=lambda i: "no_reference")  # takes all
    scores = [text.score if text else None for text in texts]
    size = round(options.positive_ratio * len(documents))
    chosen = ranked(scores, highest=True)[:size]

    def reason(i: int) -> str:
        if texts[i] is None:
            return "no_reference"
        return "reference_not_scored" if scores[i] is None else "reference_not_among_highest"

    return Side({i: texts[i] for i in chosen}, reason, scores[chosen[-1]] if chosen else None)


def select_by_rouge(documents: Sequence[ScoredDocument], num_documents: int) -> ContrastSets:
    """The paper's ablation: the documents whose samples share least with their references.

    S- is the sample of a document with the lowest ROUGE-L F1 to the reference (the first of
    equals), for the ``num_documents`` documents where that is lowest; S+ are their references. The
    official release reads such a choice but has no code that makes one: this definition is ours.
    """
    from quals_jax.metrics.rouge import rouge_l

    check_documents(documents)
    lowest: list[tuple[float, ScoredText] | None] = []
    for document in documents:
        values = [
            (rouge_l(document.reference.text, sample.text), sample)
            for sample in document.samples
            if document.reference and document.has_reference
        ]
        lowest.append(min(values, key=lambda value: value[0], default=None))
    scores = [value[0] if value else None for value in lowest]
    chosen = ranked(scores)[: max(0, num_documents)]

    def reason(i: int) -> str:
        return "sample_not_among_lowest" if lowest[i] else _missing(documents[i])

    return contrast_sets(
        documents,
        Side(
            {i: value[1] for i in chosen if (value := lowest[i])},
            reason,
            scores[chosen[-1]] if chosen else None,
        ),
        Side({i: documents[i].reference for i in chosen}, reason),
    )


def select_at_random(
    documents: Sequence[ScoredDocument],
    num_negatives: int,
    num_positives: int | None = None,
    *,
    seed: int = 0,
) -> ContrastSets:
    """Random sets: the control that shows what training on any such sets does.

    ``num_negatives`` documents with their reference and one of their samples; with
    ``num_positives`` two separate sets of those sizes. Whether and what is drawn of a document
    depends on ``seed`` and ids alone: larger sets contain the smaller ones.
    """
    check_documents(documents)
    with_sample = [i for i, document in enumerate(documents) if document.samples]
    with_reference = [i for i, document in enumerate(documents) if document.has_reference]

    def draw(kind: str, able: Sequence[int], size: int) -> list[int]:
        return sorted(able, key=lambda i: _draw(seed, kind, documents[i].id))[: max(0, size)]

    if num_positives is None:
        with_sample = with_reference = [i for i in with_sample if documents[i].has_reference]
        negatives = positives = draw("document", with_sample, num_negatives)
    else:
        negatives = draw("document", with_sample, num_negatives)
        positives = draw("positive", with_reference, num_positives)

    def reason(able: set[int]) -> Callable[[int], str]:
        return lambda i: "not_drawn" if i in able else _missing(documents[i])

    def sample(i: int) -> ScoredText:
        texts = documents[i].samples
        return texts[_draw(seed, "sample", documents[i].id) % len(texts)]

    return contrast_sets(
        documents,
        Side({i: sample(i) for i in negatives}, reason(set(with_sample))),
        Side({i: documents[i].reference for i in positives}, reason(set(with_reference))),
        separate=num_positives is not None,
    )


def _missing(document: ScoredDocument) -> str:
    return "no_reference" if document.samples else "no_sample"


def _draw(seed: int, kind: str, document_id: str | int) -> int:
    name = f"{seed}:{kind}:{document_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(name).digest(), "big")
