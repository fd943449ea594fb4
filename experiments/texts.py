"""`python -m experiments.prepare_data texts`: plain text of several kinds for denoising."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from quals_jax.data.overlap import Passages
from quals_jax.data.qags_annotations import read_qags
from quals_jax.data.readers import read_records
from quals_jax.data.records import RowError
from quals_jax.data.squad import read_squad
from quals_jax.data.writers import write_rows
from quals_jax.jobs.progress import Progress
from quals_jax.text.treebank import from_treebank

_FIELDS = ("text", "document", "article", "dialogue")


@dataclasses.dataclass(frozen=True)
class Texts:
    """Writes plain texts of several sources in random order, as JSON lines (id, text).

    rows:FILE takes the first of text, document, article, dialogue that a row has; treebank:FILE
    does too and undoes Penn-Treebank tokens (CNN/DailyMail); squad:FILE takes the paragraphs.
    Texts that share a passage with a judged document are left out.

    python -m experiments.prepare_data texts rows:articles.jsonl.xz squad:train-v1.1.json
    --judged mturk_cnndm.jsonl mturk_xsum.jsonl -o texts.jsonl.gz
    """

    sources: Annotated[tuple[str, ...], tyro.conf.Positional]
    """rows:FILE, treebank:FILE or squad:FILE."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """File to write: .jsonl, .jsonl.gz or .jsonl.xz."""
    judged: tuple[Path, ...] = ()
    """QAGS's files of judgements."""
    seed: int = 1
    """Of the order."""


def write_texts(task: Texts) -> str:
    """Writes the texts; what was written and left out, in words."""
    judged = Passages(row.document for path in task.judged for row in read_qags(path))
    rows: list[dict[str, str]] = []
    lines = []
    for source in task.sources:
        kept: Counter[str] = Counter()
        left_out = 0
        texts = list(read_texts(source))
        with Progress(source, len(texts)) as progress:
            for row_id, text in texts:
                progress.advance(1)
                if judged.found_in(text):
                    left_out += 1
                    continue
                rows.append({"id": row_id, "text": text})
                kept.update(texts=1, characters=len(text))
        told = f"  {source}: {kept['texts']:,} texts, {kept['characters']:,} characters"
        lines.append(told + (f", {left_out:,} left out: judged" if left_out else ""))
    if not rows:
        raise ValueError(f"no text in {', '.join(task.sources)}")
    order = np.random.default_rng(task.seed).permutation(len(rows))
    write_rows(task.output, "jsonl", lambda: (rows[i] for i in order))
    return "\n".join([f"{len(rows):,} texts", *lines])


def read_texts(source: str) -> Iterator[tuple[str, str]]:
    """(id, text) of a source as of `Texts`; ValueError for what cannot be used."""
    kind, _, path = source.partition(":")
    if kind not in _KINDS:
        known = ", ".join(f"{name}:FILE" for name in _KINDS)
        raise ValueError(f"source {source!r}: expected one of {known}")
    name = Path(path).name.split(".", 1)[0]
    for number, text in enumerate(_KINDS[kind](path)):
        yield f"{name}-{number}", text


def _rows(path: str) -> Iterator[str]:
    for record in read_records(path):
        place = f"{path}, line {record.line}"
        if isinstance(record, RowError):
            raise ValueError(f"{place}: {record.message}")
        texts = [record.values[name] for name in _FIELDS if record.values.get(name)]
        if not texts or not isinstance(texts[0], str):
            raise ValueError(f"{place}: no text in any of {', '.join(_FIELDS)}")
        yield texts[0]


def _treebank(path: str) -> Iterator[str]:
    return map(from_treebank, _rows(path))


def _paragraphs(path: str) -> Iterator[str]:
    last = None
    for row in read_squad(path):
        if row.context != last:
            yield row.context
        last = row.context


_KINDS: dict[str, Callable[[str], Iterable[str]]] = {
    "rows": _rows,
    "treebank": _treebank,
    "squad": _paragraphs,
}
