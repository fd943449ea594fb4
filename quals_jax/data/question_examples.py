"""Training examples of a question generator: text and answer in, questions out.

QAGS asks what an answer found in a summary may be the answer to; its generator is trained on the
rows of question-answer data sets the other way round.
"""

from collections import Counter
from collections.abc import Iterable

from quals_jax.data.examples import Limits, Seq2SeqExample, shared_source
from quals_jax.data.qa_example import QAExample
from quals_jax.data.qagen import CUT_OFF, TOO_LONG
from quals_jax.text.qa_pairs import question_source, separator_of
from quals_jax.text.tokenizer import Tokenizer

NO_ROOM = "answer leaves no room for a text"


def question_examples(
    rows: Iterable[QAExample],
    tokenizer: Tokenizer,
    limits: Limits,
    drops: Counter[str] | None = None,
) -> list[Seq2SeqExample]:
    """Examples of QA rows, grouped by context and answer in order of first appearance.

    The source is that of `question_source`, the context cut where it is too long; all questions
    with the same context and answer are its targets (several examples where they are more than
    ``limits.max_targets``). ``drops`` counts what was left out, by reason: questions that are too
    long, answers that the cut context does not contain any more, answers as long as a source.
    """
    drops = Counter() if drops is None else drops
    groups: dict[str, dict[str, tuple[str, list[list[int]]]]] = {}
    for row in rows:
        target = [*tokenizer.break_separators(tokenizer.encode(row.question)), tokenizer.eos_id]
        if len(target) > limits.max_target_tokens:
            drops[TOO_LONG] += 1
            continue
        by_answer = groups.setdefault(row.context, {})
        by_answer.setdefault(row.answer, (row.id, []))[1].append(target)
    examples: list[Seq2SeqExample] = []
    encoded = tokenizer.encode_batch(list(groups))
    for ids, by_answer in zip(encoded, groups.values(), strict=True):
        ids = tokenizer.break_separators(ids)
        for answer, (row_id, targets) in by_answer.items():
            try:
                source = question_source(tokenizer, ids, answer, limits.max_source_tokens)
            except ValueError:
                drops[NO_ROOM] += len(targets)
                continue
            if _is_cut_off(answer, source, ids, tokenizer):
                drops[CUT_OFF] += len(targets)
                continue
            examples += shared_source(row_id, source, targets, limits)
    return examples


def _is_cut_off(answer: str, source: list[int], ids: list[int], tokenizer: Tokenizer) -> bool:
    """Whether the answer was lost when the context was cut."""
    kept = source.index(separator_of(tokenizer))
    return kept < len(ids) and answer not in tokenizer.decode(ids[:kept])
