"""Which sample of a document, and which documents, are the extreme ones; ties as officially."""

from collections.abc import Sequence

from quals_jax.selection.records import ScoredText


def extreme_sample(
    pools: Sequence[Sequence[ScoredText]], *, highest: bool = False
) -> ScoredText | None:
    """The sample with the lowest (or highest) score in any pool; None where none has a score.

    As in the official code the first of equal samples within a pool, but the later of equal pools.
    Blank samples do not count, whatever score they have.
    """
    best: tuple[float, ScoredText] | None = None
    for pool in pools:
        scored = [
            (-sample.score if highest else sample.score, sample)
            for sample in pool
            if sample.score is not None and not sample.blank
        ]
        extreme = min(scored, key=lambda pair: pair[0], default=None)
        if extreme and (best is None or extreme[0] <= best[0]):
            best = extreme
    return best[1] if best else None


def ranked(scores: Sequence[float | None], *, highest: bool = False) -> list[int]:
    """Indices of the scores, lowest (or highest) first, equals in order; None is left out.

    Differs from the official code, where a missing score is +-1e5: ranked last, but ranked.
    """
    scored = [(-x if highest else x, i) for i, x in enumerate(scores) if x is not None]
    return [i for _, i in sorted(scored)]
