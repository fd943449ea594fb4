"""Questions without an answer, made of questions that have one.

rows = with_no_answer(rows, share=0.25, seed=1)
"""

from collections.abc import Sequence

import numpy as np

from quals_jax.data.qa_example import QAExample

_NEIGHBOURS = 8  # contexts on either side: in SQuAD's files mostly of the same article
_ATTEMPTS = 8


def with_no_answer(rows: Sequence[QAExample], share: float, seed: int) -> list[QAExample]:
    """The rows and, after them, questions about other contexts, which do not contain their answer.

    ``share`` is that of the added rows among all. Half of the other contexts are neighbours, which
    are about the same things; a question without such a context is left out.
    """
    if not 0 <= share < 1:
        raise ValueError(
            f"the share of questions without answer is {share}, expected 0 <= share < 1"
        )
    contexts = list(dict.fromkeys(row.context for row in rows))
    place = {context: i for i, context in enumerate(contexts)}
    rng = np.random.default_rng(seed)
    count = round(len(rows) * share / (1 - share))
    added = []
    for index in rng.permutation(len(rows)).tolist() * (1 + count // max(len(rows), 1)):
        if len(added) == count:
            break
        row = rows[index]
        near = bool(rng.random() < 0.5)
        other = _other_context(contexts, place[row.context], row.answer, near, rng)
        if other is not None:
            added.append(QAExample(f"{row.id}-elsewhere-{len(added)}", other, row.question, ""))
    return [*rows, *added]


def _other_context(
    contexts: list[str], own: int, answer: str, near: bool, rng: np.random.Generator
) -> str | None:
    first, last = (own - _NEIGHBOURS, own + _NEIGHBOURS + 1) if near else (0, len(contexts))
    first, last = max(0, first), min(last, len(contexts))
    for _ in range(_ATTEMPTS):
        other = int(rng.integers(first, last))
        if other != own and answer.lower() not in contexts[other].lower():
            return contexts[other]
    return None
