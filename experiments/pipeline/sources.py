"""Data sources of a pipeline: read them, name them by content, give them another seed."""

import dataclasses
import functools
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from quals_jax.jobs.fingerprint import file_sha256, folder_sha256s
from train.config import Experiment
from train.sources import qa_rows, summary_rows


def read_summaries(sources: Sequence[str], max_rows: int = 0) -> Iterator[tuple[str, str, str]]:
    """(id, document, summary) of the first ``max_rows`` rows of the sources; 0: of all."""
    rows = itertools.chain.from_iterable(map(summary_rows, sources))
    return itertools.islice(rows, max_rows or None)


def portable(source: str) -> str:
    """A source or folder as its content: where files lie changes no result, what they say does.

    >>> portable("rows:train.jsonl")                                        # doctest: +SKIP
    'rows:sha256-5d41402a...'
    """
    kind, _, rest = source.partition(":")
    if kind.startswith("world"):
        return f"{source}#{_grammar_of_the_world()}"
    for path in (source, rest, rest.rpartition(":")[0]):
        if path and Path(path).exists():
            return source.replace(path, _content(path, Path(path).stat().st_mtime_ns))
    return source


@functools.cache
def _grammar_of_the_world() -> str:
    """Changes with what the synthetic world writes: a hash of some of each sort of its texts."""
    digest = hashlib.sha256()
    for row in (*summary_rows("world-held-out:200"), *summary_rows("world-clean:200")):
        digest.update("\n".join(row).encode())
    for row in qa_rows("world:50"):
        digest.update(f"{row.context}\n{row.question}\n{row.answer}".encode())
    return digest.hexdigest()[:8]


@functools.cache
def _content(path: str, changed_ns: int) -> str:
    if Path(path).is_dir():
        return "sha256s-" + "-".join(value[:16] for value in folder_sha256s(path).values())
    return "sha256-" + file_sha256(path)


def with_seed(experiment: Experiment, seed: int) -> Experiment:
    """The experiment with another seed, and on other data where the synthetic world makes them."""
    data = experiment.data
    moved = {
        field.name: tuple(world_seed(source, seed) for source in getattr(data, field.name))
        for field in dataclasses.fields(data)
        if field.name in ("train", "dev", "references")
    }
    changed: Any = dataclasses.replace(data, **moved)  # pyrefly: ignore
    return dataclasses.replace(experiment, data=changed, seed=seed)


def world_seed(source: str, seed: int) -> str:
    """A source of the synthetic world for another seed; the one that is written stands for 1."""
    kind, _, rest = source.partition(":")
    if not kind.startswith("world"):
        return source
    count, _, written = rest.partition(":")
    return f"{kind}:{count}:{int(written or 0) + seed - 1}"
