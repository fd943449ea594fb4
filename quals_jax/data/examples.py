"""Training examples as token ids: one source, N targets.

All questions about one paragraph are the targets of one example, so the paragraph is encoded once
for all of them.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from quals_jax.data.qa_example import QAExample
from quals_jax.text.qa_pairs import encode_pair
from quals_jax.text.tokenizer import Tokenizer

Ids = Sequence[int] | np.ndarray


@dataclasses.dataclass(frozen=True)
class Seq2SeqExample:
    """Token ids of one source and its targets, each ending with ``</s>`` and without ``<s>``.

    A target that a row does not have is empty.
    """

    id: str
    source: Ids
    targets: Sequence[Ids]


@dataclasses.dataclass(frozen=True)
class Limits:
    """What fits: tokens (``</s>`` included) of source and target, targets per source.

    Longer sources are cut; examples with longer targets are dropped and counted.
    """

    max_source_tokens: int = 1024
    max_target_tokens: int = 1024
    max_targets: int = 8

    def __post_init__(self) -> None:
        if self.max_source_tokens < 2 or self.max_target_tokens < 2 or self.max_targets < 1:
            raise ValueError(f"{self}: expected at least 2 tokens and 1 target")


def qa_examples(
    rows: Iterable[QAExample],
    tokenizer: Tokenizer,
    limits: Limits,
    drops: Counter[str] | None = None,
) -> list[Seq2SeqExample]:
    """Examples of QA rows, grouped by context in order of first appearance.

    A context with more than ``limits.max_targets`` pairs becomes several examples. ``drops`` counts
    what was left out, by reason.
    """
    drops = Counter() if drops is None else drops
    groups: dict[str, tuple[str, list[list[int]]]] = {}
    for row in rows:
        target = encode_pair(tokenizer, row.question, row.answer)
        if len(target) > limits.max_target_tokens:
            drops["target too long"] += 1
            continue
        groups.setdefault(row.context, (row.id, []))[1].append(target)
    sources = _sources(tokenizer, list(groups), limits, drops)
    examples = []
    for source, (row_id, targets) in zip(sources, groups.values(), strict=True):
        examples += shared_source(row_id, source, targets, limits)
    return examples


def shared_source(
    row_id: str, source: Ids, targets: Sequence[Ids], limits: Limits
) -> list[Seq2SeqExample]:
    """Examples of one source: as few as ``limits.max_targets`` allows, of nearly equal size.

    Targets of similar length stay together, because the padding of a batch follows its longest
    target.
    """
    targets = sorted(targets, key=len)
    num_parts = -(-len(targets) // limits.max_targets)
    bounds = [len(targets) * i // num_parts for i in range(num_parts + 1)]
    names = [row_id] if num_parts == 1 else [f"{row_id}#{part}" for part in range(num_parts)]
    return [
        Seq2SeqExample(name, source, targets[start:end])
        for name, start, end in zip(names, bounds[:-1], bounds[1:], strict=True)
    ]


def pair_examples(
    rows: Iterable[tuple[str, str, str]],
    tokenizer: Tokenizer,
    limits: Limits,
    drops: Counter[str] | None = None,
) -> list[Seq2SeqExample]:
    """Examples of (id, document, summary) rows: one target each."""
    drops = Counter() if drops is None else drops
    rows = list(rows)
    targets = [[*ids, tokenizer.eos_id] for ids in tokenizer.encode_batch([row[2] for row in rows])]
    kept = [i for i, target in enumerate(targets) if len(target) <= limits.max_target_tokens]
    drops["target too long"] += len(rows) - len(kept)
    sources = _sources(tokenizer, [rows[i][1] for i in kept], limits, drops)
    return [
        Seq2SeqExample(rows[i][0], source, [targets[i]])
        for i, source in zip(kept, sources, strict=True)
    ]


def contrast_examples(
    rows: Iterable[tuple[str, str, str | None, str | None]],
    tokenizer: Tokenizer,
    limits: Limits,
    drops: Counter[str] | None = None,
) -> list[Seq2SeqExample]:
    """Examples of (id, document, positive, negative) rows: two targets each, S+ before S-.

    A summary that is None is an empty target, without ``</s>``. One that is too long is left out
    as if it were None; a row that has no summary then is dropped.
    """
    drops = Counter() if drops is None else drops
    rows = list(rows)
    ids = iter(
        tokenizer.encode_batch([text for row in rows for text in row[2:] if text is not None])
    )
    kept: list[tuple[str, str, list[list[int]]]] = []
    for row_id, document, *summaries in rows:
        targets = [[] if text is None else [*next(ids), tokenizer.eos_id] for text in summaries]
        for n, side in enumerate(("positive", "negative")):
            if len(targets[n]) > limits.max_target_tokens:
                drops[f"{side} too long"] += 1
                targets[n] = []
        if any(targets):
            kept.append((row_id, document, targets))
    sources = _sources(tokenizer, [document for _, document, _ in kept], limits, drops)
    return [
        Seq2SeqExample(row_id, source, targets)
        for (row_id, _, targets), source in zip(kept, sources, strict=True)
    ]


@dataclasses.dataclass(frozen=True)
class TextExample:
    """Token ids of a piece of plain text, without ``</s>``: input of denoising."""

    id: str
    ids: np.ndarray


def text_examples(
    rows: Iterable[tuple[str, str]],
    tokenizer: Tokenizer,
    max_tokens: int,
    min_tokens: int = 8,
    drops: Counter[str] | None = None,
    batch_size: int = 1000,
) -> list[TextExample]:
    """Examples of (id, text) rows, cut into pieces of nearly equal length <= ``max_tokens``."""
    drops = Counter() if drops is None else drops
    examples = []
    rows = list(rows)
    for start in range(0, len(rows), batch_size):
        some = rows[start : start + batch_size]
        for (row_id, _), ids in zip(
            some, tokenizer.encode_batch([r[1] for r in some]), strict=True
        ):
            if len(ids) < min_tokens:
                drops["text too short"] += 1
                continue
            num_parts = -(-len(ids) // max_tokens)
            bounds = [len(ids) * i // num_parts for i in range(num_parts + 1)]
            array = np.asarray(ids, np.int32)
            for part in range(num_parts):
                name = row_id if num_parts == 1 else f"{row_id}#{part}"
                examples.append(TextExample(name, array[bounds[part] : bounds[part + 1]]))
    return examples


def _sources(
    tokenizer: Tokenizer,
    texts: list[str],
    limits: Limits,
    drops: Counter[str],
) -> list[list[int]]:
    sources = []
    for ids in tokenizer.encode_batch(texts):
        ids = tokenizer.break_separators(ids)  # a text that names the separator cannot steer
        drops["source cut"] += len(ids) >= limits.max_source_tokens
        sources.append([*ids[: limits.max_source_tokens - 1], tokenizer.eos_id])
    return sources
