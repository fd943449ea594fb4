"""Rows of training data, named by strings ``KIND:REST``.

QA pairs: ``squad:FILE``, ``newsqa:FILE:SPLIT``, ``rows:FILE`` (id, context, question, answer),
``world:NUM_PASSAGES[:SEED]``. Summaries: ``rows:FILE`` (id, document, summary). Texts:
``rows:FILE`` (id, text), ``world:NUM_ARTICLES[:SEED]``. Files may be .gz or .xz.
"""

from collections.abc import Callable, Iterator

from quals_jax.data.newsqa import read_newsqa
from quals_jax.data.qa_example import QAExample
from quals_jax.data.readers import read_records
from quals_jax.data.records import RowError
from quals_jax.data.squad import read_squad
from quals_jax.data.world import qa_rows as qa_rows_of_world
from quals_jax.data.world import train_articles


def qa_rows(source: str) -> Iterator[QAExample]:
    """QA pairs of a source."""
    return _open(source, _QA_KINDS)


def summary_rows(source: str) -> Iterator[tuple[str, str, str]]:
    """(id, document, summary) of a source."""
    return _open(source, _SUMMARY_KINDS)


def text_rows(source: str) -> Iterator[tuple[str, str]]:
    """(id, text) of a source."""
    return _open(source, _TEXT_KINDS)


def _open(source: str, kinds: dict[str, Callable]):
    kind, colon, rest = source.partition(":")
    if not colon or kind not in kinds:
        known = ", ".join(f"{name}:..." for name in kinds)
        raise ValueError(f"data source {source!r}: expected one of {known}")
    return kinds[kind](rest)


def _squad(path: str) -> Iterator[QAExample]:
    return read_squad(path)


def _newsqa(rest: str) -> Iterator[QAExample]:
    path, _, split = rest.rpartition(":")
    return read_newsqa(path, split)


def _file_rows(*names: str) -> Callable[[str], Iterator[tuple[str, ...]]]:
    def read(path: str) -> Iterator[tuple[str, ...]]:
        for record in read_records(path):
            if isinstance(record, RowError):
                raise ValueError(f"{path}, line {record.line}: {record.message}")
            values = {"id": f"line-{record.line}", **record.values}
            missing = [name for name in names if not isinstance(values.get(name), str | int)]
            if missing:
                found = ", ".join(record.values)
                raise ValueError(
                    f"{path}, line {record.line}: no text in {missing[0]!r} (fields: {found})"
                )
            yield tuple(str(values[name]) for name in names)

    return read


def _qa_file(path: str) -> Iterator[QAExample]:
    for row in _file_rows("id", "context", "question", "answer")(path):
        yield QAExample(*row)


def _count_and_seed(rest: str) -> tuple[int, int]:
    count, _, seed = rest.partition(":")
    if not count.isdigit() or not (seed or "0").isdigit():
        raise ValueError(f"data source world:{rest}: expected world:COUNT or world:COUNT:SEED")
    return int(count), int(seed or 0)


def _world_qa(rest: str) -> Iterator[QAExample]:
    count, seed = _count_and_seed(rest)
    return qa_rows_of_world(count, seed)


def _world_texts(rest: str) -> Iterator[tuple[str, str]]:
    for article in train_articles(*_count_and_seed(rest)):
        yield article.id, article.text


_QA_KINDS = {"squad": _squad, "newsqa": _newsqa, "rows": _qa_file, "world": _world_qa}
_SUMMARY_KINDS = {"rows": _file_rows("id", "document", "summary")}
_TEXT_KINDS = {"rows": _file_rows("id", "text"), "world": _world_texts}
