"""QAGS (Wang et al. 2020): people's judgements of summary sentences, from its own JSON lines.

rows = list(read_qags("mturk_cnndm.jsonl"))     # .id, .document, .summary, .human, .votes

The files are published at github.com/W4ngatang/qags, folder data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quals_jax.data.readers import read_records
from quals_jax.data.records import RowError

_VOTES = {"yes": True, "no": False}


@dataclass(frozen=True)
class JudgedSummary:
    """A summary and what people said: per sentence, does the document support it?

    `votes` has a tuple per sentence with the answer of every worker, `workers` their names in the
    same order.
    """

    id: str
    document: str
    summary: str
    votes: tuple[tuple[bool, ...], ...]
    workers: tuple[tuple[str, ...], ...]

    @property
    def human(self) -> float:
        """Share of the sentences that most workers found supported, the score QAGS is tested on.

        BARTScore and SacreROUGE take the same. The mean of the single answers is another score.
        """
        return sum(2 * sum(votes) > len(votes) for votes in self.votes) / len(self.votes)

    def to_row(self) -> dict[str, object]:
        """id, document, summary and human, as `quals meta-eval` reads them."""
        return {
            "id": self.id,
            "document": self.document,
            "summary": self.summary,
            "human": self.human,
        }


def read_qags(path: str | Path) -> Iterator[JudgedSummary]:
    """The judged summaries of a file, in its order; the id is made of its name and the line.

    Sentences are joined by a blank. ValueError, with file and line, for a row of another layout
    and for a sentence whose answers are as often yes as no.
    """
    path = Path(path)
    name = path.name.split(".", 1)[0]
    for record in read_records(path):
        place = f"{path}, line {record.line}"
        if isinstance(record, RowError):
            raise ValueError(f"{place}: {record.message}")
        try:
            yield _judged(f"{name}-{record.line}", record.values)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{place}: not the layout of QAGS ({error!r})") from error
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error


def _judged(row_id: str, values: Mapping[str, Any]) -> JudgedSummary:
    sentences, votes, workers = [], [], []
    for sentence in values["summary_sentences"]:
        sentences.append(sentence["sentence"].strip())
        answers = sentence["responses"]
        votes.append(tuple(_VOTES[answer["response"]] for answer in answers))
        workers.append(tuple(str(answer["worker_id"]) for answer in answers))
        if 2 * sum(votes[-1]) == len(votes[-1]):
            raise ValueError(f"{len(votes[-1])} answers about {sentences[-1]!r} have no majority")
    document = values["article"]
    if not isinstance(document, str) or not sentences:
        raise ValueError("expected an article and at least one summary sentence")
    return JudgedSummary(row_id, document, " ".join(sentences), tuple(votes), tuple(workers))
