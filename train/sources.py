"""Rows of training data, named by strings ``KIND:REST``.

QA pairs: ``squad:FILE``, ``squad-sentences:FILE`` (each question about the sentence that answers
it), ``squad-views:FILE`` (about sentence, paragraph or neighbouring paragraphs),
``newsqa:FILE:SPLIT``, ``rows:FILE`` (id, context, question, answer), ``world:NUM_PASSAGES[:SEED]``,
``world-sentences:…`` (no articles). Summaries: ``rows:FILE`` (id, document, summary),
``dialogsum:FILE``, ``world:NUM_ARTICLES[:SEED]``, ``world-held-out:NUM_ARTICLES[:SEED]`` (other
articles than those of ``world:`` with the same seed), ``world-clean:…`` (the held-out ones with
faithful references). Contrasts: ``rows:FILE`` (id, document, positive, negative),
``world:NUM_ARTICLES[:SEED]``. Texts: ``rows:FILE`` (id, text), ``world:NUM_ARTICLES[:SEED]``. Also
``tfds:NAME:SPLIT[:DIR]`` of questions and summaries.

Answer spans: ``squad:FILE`` (its first answers, and SQuAD 2's questions without one),
``squad-sentences:FILE``, ``rows:FILE`` (id, context, question, answer; an empty answer: none),
``newsqa:FILE:SPLIT``, ``world:NUM_PASSAGES[:SEED]``. Claims: ``rows:FILE`` (id, document, claim,
label), ``world:NUM_PASSAGES[:SEED]``.
Files may be .gz or .xz; a ``rows`` file may leave the id out.
"""

import functools
from collections.abc import Callable, Iterable, Iterator

from quals_jax.data import world, world_claims
from quals_jax.data.context_views import ContextViews, vary_contexts
from quals_jax.data.dialogsum import read_dialogsum
from quals_jax.data.newsqa import read_newsqa
from quals_jax.data.qa_example import QAExample
from quals_jax.data.readers import read_records
from quals_jax.data.records import RowError
from quals_jax.data.squad import read_squad, squad_questions
from quals_jax.data.tfds_source import tfds_qa_rows, tfds_summaries
from quals_jax.data.world_reading import reading_rows


def qa_rows(source: str) -> Iterator[QAExample]:
    """QA pairs of a source."""
    return _open(source, _QA_KINDS)


def span_rows(source: str) -> Iterator[QAExample]:
    """Questions of a source whose answer is in the context, or empty where there is none."""
    return _open(source, _SPAN_KINDS)


def claim_rows(source: str) -> Iterator[tuple[str, str, str, str]]:
    """(id, document, claim, label) of a source."""
    return _open(source, _CLAIM_KINDS)


def summary_rows(source: str) -> Iterator[tuple[str, str, str]]:
    """(id, document, summary) of a source."""
    return _open(source, _SUMMARY_KINDS)


def document_rows(source: str) -> Iterator[tuple[str, str]]:
    """(id, document) of a source of summaries; a ``rows`` file need not have any."""
    if source.startswith("rows:"):
        return _file_rows("id", "document")(source.removeprefix("rows:"))
    return ((row_id, document) for row_id, document, _ in summary_rows(source))


def contrast_rows(source: str) -> Iterator[tuple[str, str, str | None, str | None]]:
    """(id, document, positive, negative) of a source; not both of the two are None."""
    return _open(source, _CONTRAST_KINDS)


def text_rows(source: str) -> Iterator[tuple[str, str]]:
    """(id, text) of a source."""
    return _open(source, _TEXT_KINDS)


def _open(source: str, kinds: dict[str, Callable]):
    kind, colon, rest = source.partition(":")
    if not colon or kind not in kinds:
        known = ", ".join(f"{name}:..." for name in kinds)
        raise ValueError(f"data source {source!r}: expected one of {known}")
    return kinds[kind](rest)


def _newsqa(rest: str) -> Iterator[QAExample]:
    path, _, split = rest.rpartition(":")
    return read_newsqa(path, split)


def _file_rows(*names: str, optional: tuple[str, ...] = ()) -> Callable[[str], Iterator[tuple]]:
    """Reads these fields; ``optional`` ones follow, None where they are null or missing."""

    def read(path: str) -> Iterator[tuple]:
        for record in read_records(path):
            if isinstance(record, RowError):
                raise ValueError(f"{path}, line {record.line}: {record.message}")
            values = {"id": f"line-{record.line}", **record.values}
            given = (*names, *(name for name in optional if values.get(name) is not None))
            missing = [name for name in given if not isinstance(values.get(name), str | int)]
            if missing:
                found = ", ".join(record.values)
                raise ValueError(
                    f"{path}, line {record.line}: no text in {missing[0]!r} (fields: {found})"
                )
            yield tuple(
                str(values[name]) if name in given else None for name in (*names, *optional)
            )

    return read


def _contrast_file(path: str) -> Iterator[tuple[str, str, str | None, str | None]]:
    read = _file_rows("id", "document", optional=("positive", "negative"))
    for row in read(path):
        if row[2] is None and row[3] is None:
            raise ValueError(f"{path}, row {row[0]}: both 'positive' and 'negative' are null")
        yield row


def _qa_file(path: str) -> Iterator[QAExample]:
    for row_id, context, question, answer in _file_rows("id", "context", "question", "answer")(
        path
    ):
        yield QAExample(row_id, context, question, answer)


def _squad_spans(path: str) -> Iterator[QAExample]:
    for row in squad_questions(path):
        answer = next(iter(row["answers"]["text"]), "")
        yield QAExample(row["id"], row["context"], row["question"].strip(), answer)


def _world(make: Callable[[int, int], Iterable]) -> Callable[[str], Iterator]:
    """``COUNT`` or ``COUNT:SEED`` of the synthetic world."""

    def read(rest: str) -> Iterator:
        count, _, seed = rest.partition(":")
        if not count.isdigit() or not (seed or "0").isdigit():
            raise ValueError(f"data source world:{rest}: expected world:COUNT or world:COUNT:SEED")
        return iter(make(int(count), int(seed or 0)))

    return read


def _world_summaries(count: int, seed: int) -> Iterable[tuple[str, str, str]]:
    return world.reference_rows(world.train_articles(count, seed), seed)


def _world_held_out(count: int, seed: int) -> Iterable[tuple[str, str, str]]:
    return world.reference_rows(world.held_out_articles(count, seed), seed)


def _world_clean(count: int, seed: int) -> Iterable[tuple[str, str, str]]:
    return world.clean_reference_rows(world.held_out_articles(count, seed), seed)


def _world_contrasts(count: int, seed: int) -> Iterable[tuple[str, str, str, str]]:
    return world.contrast_rows(world.train_articles(count, seed), seed)


def _world_texts(count: int, seed: int) -> Iterable[tuple[str, str]]:
    return ((article.id, article.text) for article in world.train_articles(count, seed))


def _squad_views(views: ContextViews) -> Callable[[str], Iterator[QAExample]]:
    return lambda path: vary_contexts(read_squad(path), seed=0, views=views)


_QA_KINDS = {
    "squad": read_squad,
    "squad-sentences": _squad_views(ContextViews(sentence=1.0, neighbours=0.0)),
    "squad-views": _squad_views(ContextViews()),
    "newsqa": _newsqa,
    "tfds": tfds_qa_rows,
    "rows": _qa_file,
    "world": _world(world.qa_rows),
    "world-sentences": _world(functools.partial(world.qa_rows, article_share=0.0)),
}
_SUMMARY_KINDS = {
    "rows": _file_rows("id", "document", "summary"),
    "tfds": tfds_summaries,
    "dialogsum": read_dialogsum,
    "world": _world(_world_summaries),
    "world-held-out": _world(_world_held_out),
    "world-clean": _world(_world_clean),
}
_CONTRAST_KINDS = {"rows": _contrast_file, "world": _world(_world_contrasts)}
_TEXT_KINDS = {"rows": _file_rows("id", "text"), "world": _world(_world_texts)}
_SPAN_KINDS = {
    "squad": _squad_spans,
    "squad-sentences": _squad_views(ContextViews(sentence=1.0, neighbours=0.0)),
    "newsqa": _newsqa,
    "rows": _qa_file,
    "world": _world(reading_rows),
}
_CLAIM_KINDS = {
    "rows": _file_rows("id", "document", "claim", "label"),
    "world": _world(world_claims.claim_rows),
}
