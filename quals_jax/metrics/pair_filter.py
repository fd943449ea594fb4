"""Which generated question-answer pairs of a summary are kept.

Two rules, one per mode of the metric: `filter_paper` is the official code to the letter,
`filter_clean` is the same idea without its accidents. Both return the kept candidates' indices in
the order of selection and count what was dropped for which reason.
"""

import collections
import dataclasses
import string
from collections.abc import Sequence

# What may surround an answer without making it another answer: "Derby", " Derby" and "Derby."
_SURROUNDINGS = string.punctuation + string.whitespace + "‘’“”–—…"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A generated pair: its two texts and its summed (not averaged) log-probability in nats.

    ``malformed`` marks a hypothesis without exactly one separator; its texts are not read.
    """

    question: str
    answer: str
    score: float
    malformed: bool = False


@dataclasses.dataclass(frozen=True)
class Selection:
    """Indices of the kept candidates, and the number dropped for each reason."""

    kept: tuple[int, ...]
    dropped: dict[str, int]


def filter_paper(summary: str, candidates: Sequence[Candidate], max_pairs: int = 10) -> Selection:
    """The official filter (``filter_qas_dataset_lm_score``), bug for bug.

    Exactly one separator; the lower-cased answer is a substring of the lower-cased summary (the
    empty answer always is); best summed score first; passes over the answers take one pair each,
    and a question that an answer already has is dropped. ``max_pairs`` is looked at between passes
    only, so more pairs can stay, and a pass that yields only duplicates ends the selection.
    """
    return _select(summary.lower(), candidates, max_pairs, str.lower, hard_cap=False)


def filter_clean(summary: str, candidates: Sequence[Candidate], max_pairs: int = 10) -> Selection:
    """The filter of mode ``clean``.

    Differs from the official code: never more than ``max_pairs`` pairs; empty answers are dropped;
    answers are compared without surrounding blanks and punctuation; a duplicate question does not
    cost an answer its turn.
    """
    return _select(summary.lower(), candidates, max_pairs, _bare, hard_cap=True)


def _bare(text: str) -> str:
    return text.lower().strip(_SURROUNDINGS)


def _select(summary, candidates, max_pairs, key, *, hard_cap: bool) -> Selection:
    """Groups the candidates by ``key(answer)``, best first, and takes from the groups in turn."""
    dropped = collections.Counter()
    groups: dict[str, collections.deque[int]] = {}
    for index in sorted(range(len(candidates)), key=lambda i: -candidates[i].score):
        candidate = candidates[index]
        answer = key(candidate.answer)
        if candidate.malformed:
            dropped["malformed"] += 1
        elif hard_cap and not answer:
            dropped["empty_answer"] += 1
        elif answer not in summary:
            dropped["answer_not_in_summary"] += 1
        else:
            groups.setdefault(answer, collections.deque()).append(index)

    kept: list[int] = []
    asked: dict[str, set[str]] = collections.defaultdict(set)
    added = True
    while added and len(kept) < max_pairs:
        added = False
        for answer, waiting in groups.items():
            if hard_cap and len(kept) == max_pairs:
                break
            while waiting:
                index = waiting.popleft()
                question = key(candidates[index].question)
                if question not in asked[answer]:
                    asked[answer].add(question)
                    kept.append(index)
                    added = True
                    break
                dropped["duplicate"] += 1
                if not hard_cap:  # officially a duplicate uses up the answer's turn
                    break
    dropped["over_limit"] += sum(len(waiting) for waiting in groups.values())
    return Selection(tuple(kept), {reason: n for reason, n in dropped.items() if n})


# `<s>`, `</s>`, `.`, `,` and `!` in BART's vocabulary say nothing about an answer.
UNINFORMATIVE_IDS = frozenset({0, 2, 4, 6, 328})


def answer_log_prob(tokens: Sequence[int], log_probs: Sequence[float], separator_id: int) -> float:
    """Summed log-probability (nats) of the answer's tokens that say something.

    Follows the official code: without a separator the whole sequence counts as the answer.
    """
    tokens = list(tokens)
    start = tokens.index(separator_id) + 1 if separator_id in tokens else 0
    answer = zip(tokens[start:], log_probs[start:], strict=True)
    return float(sum(value for token, value in answer if token not in UNINFORMATIVE_IDS))


def filter_answer_likelihood(
    summary: str,
    candidates: Sequence[Candidate],
    answer_log_probs: Sequence[float],
    threshold: float,
) -> Selection:
    """The official alternative (``--filter_ans_lm_score``): every pair with a likely answer.

    Keeps, in the order given and without limit or de-duplication, the pairs whose answer stands
    in the summary and whose `answer_log_prob` given the summary is at least ``threshold``.
    """
    dropped: collections.Counter[str] = collections.Counter()
    kept = []
    for index, (candidate, value) in enumerate(zip(candidates, answer_log_probs, strict=True)):
        if candidate.malformed:
            dropped["malformed"] += 1
        elif candidate.answer.lower() not in summary.lower():
            dropped["answer_not_in_summary"] += 1
        elif value < threshold:
            dropped["unlikely_answer"] += 1
        else:
            kept.append(index)
    return Selection(tuple(kept), dict(dropped))
