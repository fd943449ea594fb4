"""From the configuration of an experiment to its tokenizer and its token ids."""

import dataclasses
import hashlib
import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from quals_jax.data.buckets import lengths_of
from quals_jax.data.denoising import Noise
from quals_jax.data.examples import (
    Ids,
    Limits,
    Seq2SeqExample,
    TextExample,
    contrast_examples,
    pair_examples,
    qa_examples,
    text_examples,
)
from quals_jax.data.no_answer import with_no_answer
from quals_jax.data.pair_examples import claim_examples, span_examples
from quals_jax.data.qa_example import QAExample
from quals_jax.data.qagen import fitting_rows
from quals_jax.data.question_examples import question_examples
from quals_jax.models.bert_config import BertConfig
from quals_jax.text.tokenizer import Tokenizer
from train.config import (
    ClaimData,
    ContrastData,
    Experiment,
    QAData,
    QuestionData,
    SpanData,
    SummaryData,
    TextData,
)
from train.models import AnyTokenizer, tokenizer_of
from train.sources import (
    claim_rows,
    contrast_rows,
    qa_rows,
    span_rows,
    summary_rows,
    text_rows,
)

Data = QAData | QuestionData | SummaryData | ContrastData | TextData | SpanData | ClaimData


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Examples as a function of (index, epoch), bounds of their lengths, and what was left out."""

    example: Callable[[int, int], Seq2SeqExample]
    lengths: np.ndarray
    drops: Counter[str]
    sha256: str

    def __len__(self) -> int:
        return len(self.lengths)


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a run reads. ``dev`` is None where the experiment names none."""

    tokenizer: AnyTokenizer
    train: Dataset
    dev: Dataset | None


def load_inputs(experiment: Experiment, workdir: Path) -> Inputs:
    """Reads, tokenizes and measures the data; learns the tokenizer where one is asked for.

    A learned tokenizer is kept in ``workdir/tokenizer`` and found there again.
    """
    data = experiment.data
    tokenizer = load_tokenizer(experiment, workdir)
    model = experiment.model
    labels = model.labels if isinstance(model, BertConfig) else ()
    train = _dataset(data, data.train, data.max_train_rows, tokenizer, labels, experiment.seed)
    if len(train) == 0:
        raise ValueError(f"no training examples in {', '.join(data.train) or 'data.train'}")
    dev_data = data
    if isinstance(data, ContrastData):
        dev_data = SummaryData(limits=data.limits)
    dev = _dataset(dev_data, data.dev, data.max_dev_rows, tokenizer, labels, experiment.seed)
    return Inputs(tokenizer, train, dev if len(dev) else None)


def load_tokenizer(experiment: Experiment, workdir: Path) -> AnyTokenizer:
    """The tokenizer that ``experiment.tokenizer`` describes."""
    config, kept = experiment.tokenizer, workdir / "tokenizer"
    if config.folder:
        return tokenizer_of(config.folder, experiment.model)
    if config.learn_vocab_size == 0:
        if not experiment.init_from:
            raise ValueError(
                "no tokenizer: set tokenizer.folder, tokenizer.learn_vocab_size or init_from"
            )
        return tokenizer_of(experiment.init_from, experiment.model)
    if kept.exists():
        return Tokenizer.from_folder(kept)
    from quals_jax.text.byte_bpe import train_byte_bpe

    sources = config.learn_from or experiment.data.train
    texts = itertools.chain.from_iterable(_texts(experiment.data, s) for s in sources)
    tokenizer = train_byte_bpe(texts, config.learn_vocab_size)
    partial = kept.with_name(kept.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    tokenizer.save(partial, max_tokens=experiment.model.max_positions)
    partial.rename(kept)  # whole or not at all: what is found here is trusted
    return tokenizer


def _texts(data: Data, source: str) -> Iterator[str]:
    if isinstance(data, TextData):
        yield from (text for _, text in text_rows(source))
    elif isinstance(data, ContrastData):
        for _, *texts in contrast_rows(source):
            yield from (text for text in texts if text is not None)
    elif isinstance(data, SummaryData):
        for _, document, summary in summary_rows(source):
            yield document
            yield summary
    elif isinstance(data, ClaimData):
        for _, document, claim, _ in claim_rows(source):
            yield document
            yield claim
    else:
        last = None
        for row in (span_rows if isinstance(data, SpanData) else qa_rows)(source):
            if row.context != last:
                yield row.context
            last = row.context
            yield row.question
            yield row.answer


def _dataset(
    data: Data,
    sources: Iterable[str],
    max_rows: int,
    tokenizer: AnyTokenizer,
    labels: Sequence[str],
    seed: int,
) -> Dataset:
    drops: Counter[str] = Counter()
    if isinstance(data, SpanData | ClaimData):
        return _pairs(data, sources, max_rows, tokenizer, labels, seed, drops)
    assert isinstance(tokenizer, Tokenizer)
    if isinstance(data, TextData):
        texts = text_examples(
            _read(text_rows, sources, max_rows), tokenizer, data.max_tokens, drops=drops
        )
        return _denoising(texts, Noise.of(tokenizer, data.noise), seed, drops)
    if isinstance(data, ContrastData):
        contrasts = _read(contrast_rows, sources, max_rows)
        examples = contrast_examples(contrasts, tokenizer, data.limits, drops)
        references = ((*row, None) for row in _read(summary_rows, data.references, 0))
        pool = contrast_examples(references, tokenizer, data.limits, drops)
        return _with_references(examples, pool, data.reference_share, seed, drops)
    if isinstance(data, SummaryData):
        pairs = _read(summary_rows, sources, max_rows)
        examples = pair_examples(pairs, tokenizer, data.limits, drops)
    else:
        rows = _read(qa_rows, sources, max_rows)
        rows = _answers_before_the_cut(rows, tokenizer, data.limits, drops)
        make = question_examples if isinstance(data, QuestionData) else qa_examples
        examples = make(rows, tokenizer, data.limits, drops)
    return _fixed(examples, drops)


def _pairs(
    data: SpanData | ClaimData,
    sources: Iterable[str],
    max_rows: int,
    tokenizer: AnyTokenizer,
    labels: Sequence[str],
    seed: int,
    drops: Counter[str],
) -> Dataset:
    if isinstance(data, ClaimData):
        claims = _read(claim_rows, sources, max_rows)
        return _fixed(claim_examples(claims, labels, tokenizer, data.max_tokens, drops), drops)
    rows = with_no_answer(list(_read(span_rows, sources, max_rows)), data.no_answer_share, seed)
    return _fixed(span_examples(rows, tokenizer, data.limits, drops), drops)


def _fixed(examples: list[Seq2SeqExample], drops: Counter[str]) -> Dataset:
    """The same examples in every epoch."""
    sha256 = _digest(ids for e in examples for ids in (e.source, *e.targets))
    return Dataset(lambda index, epoch: examples[index], lengths_of(examples), drops, sha256)


Row = TypeVar("Row")


def _read(
    read: Callable[[str], Iterator[Row]], sources: Iterable[str], max_rows: int
) -> Iterator[Row]:
    rows = itertools.chain.from_iterable(map(read, sources))
    return itertools.islice(rows, max_rows or None)


def _answers_before_the_cut(
    rows: Iterable[QAExample], tokenizer: Tokenizer, limits: Limits, drops: Counter[str]
) -> Iterator[QAExample]:
    """Applies the official rule to rows that say where their answer ends (NewsQA's)."""
    for is_located, some in itertools.groupby(rows, lambda row: row.answer_end is not None):
        if is_located:
            some = fitting_rows(some, tokenizer, max_tokens=limits.max_source_tokens, drops=drops)
        yield from some


def _denoising(texts: list[TextExample], noise: Noise, seed: int, drops: Counter[str]) -> Dataset:
    tokens = np.array([len(text.ids) + 1 for text in texts], np.int64)
    lengths = np.stack([tokens, np.ones_like(tokens), tokens], axis=1)

    def example(index: int, epoch: int) -> Seq2SeqExample:
        return noise.example(texts[index], (seed, epoch, index))

    return Dataset(example, lengths, drops, _digest(text.ids for text in texts))


def _with_references(
    contrasts: list[Seq2SeqExample],
    references: list[Seq2SeqExample],
    share: float,
    seed: int,
    drops: Counter[str],
) -> Dataset:
    """Contrasts, and so many references that they are ``share`` of all.

    Each place of a reference is filled anew in every epoch, from references of about one length:
    the lengths of a place bound what may stand there.
    """
    lengths = lengths_of(contrasts)
    digest = _digest(ids for e in (*contrasts, *references) for ids in (e.source, *e.targets))
    num_places = round(len(contrasts) * share / (1.0 - share))
    if num_places == 0:
        return Dataset(lambda index, epoch: contrasts[index], lengths, drops, digest)
    if not references:
        raise ValueError(f"none of data.references fits data.limits ({dict(drops)})")
    pool_lengths = lengths_of(references)
    by_length = np.lexsort((pool_lengths[:, 2], pool_lengths[:, 0]))
    starts = np.arange(num_places) * len(references) // num_places
    stops = np.maximum(starts + 1, np.arange(1, num_places + 1) * len(references) // num_places)
    groups = [by_length[a:b] for a, b in zip(starts, stops, strict=True)]
    bounds = np.stack([pool_lengths[group].max(axis=0) for group in groups])

    def example(index: int, epoch: int) -> Seq2SeqExample:
        if index < len(contrasts):
            return contrasts[index]
        place = index - len(contrasts)
        rng = np.random.default_rng([seed, epoch, place])
        return references[int(rng.choice(groups[place]))]

    return Dataset(example, np.concatenate([lengths, bounds]), drops, digest)


def _digest(sequences: Iterable[Ids]) -> str:
    """Depends on every token id, so a run cannot be continued on other data."""
    digest = hashlib.sha256()
    for ids in sequences:
        digest.update(len(ids).to_bytes(4, "little"))
        digest.update(np.asarray(ids, "<i4").tobytes())
    return digest.hexdigest()
