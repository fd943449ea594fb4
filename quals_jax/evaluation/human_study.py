"""The paper's human study: documents are drawn, and which system's summary is shown first.

    study = draw_study(documents, ("MLE", "ConSeq"), num_documents=100, num_annotators=3, seed=1)

People see two summaries of a document and answer three questions: which one is better, or neither
(Nan et al. 2021: factual consistency, informativeness, grammar; 100 documents per data set). They
do not know the systems. `Study` is the key that does; `study_for_annotators` is what may be shown.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar, cast

from quals_jax.data.typed_json import problems

FORMAT = "quals-jax human study 1"


@dataclass(frozen=True)
class Question:
    """A question: its heading, what is asked, and what to look at."""

    title: str
    ask: str
    hint: str


QUESTIONS = {
    "consistency": Question(
        "Factual consistency",
        "Which summary has fewer statements that the document does not support?",
        "Compare names, places, numbers, dates, who did what to whom, and what is left open. One "
        "small slip weighs less than a made-up event.",
    ),
    "informativeness": Question(
        "Informativeness",
        "Which summary tells more of what matters in the document?",
        "The main event and what is needed to understand it count, length by itself does not.",
    ),
    "grammar": Question(
        "Grammar",
        "Which summary is better written: correct, complete, easy to read?",
        "Repetitions, broken sentences and words that do not fit count against a summary, whatever "
        "it says.",
    ),
}
_Name = TypeVar("_Name")


@dataclass(frozen=True)
class PairedDocument:
    """A document and its summaries by the two systems; `dataset` is "" where there is one only."""

    dataset: str
    id: str | int
    document: str
    summaries: tuple[str, str]


class StudyItem(TypedDict):
    """A document of the study: `summaries` in the order of the systems.

    ``first`` has, per annotator, which system (0 or 1) is shown as summary 1.
    """

    key: str
    dataset: str
    id: str | int
    document: str
    summaries: tuple[str, str]
    first: list[int]


class StudyDataset(TypedDict):
    """What the documents of a data set were drawn from.

    ``num_shared``: documents of which both systems have a summary; ``num_identical`` of them have
    the same summary twice.
    """

    name: str
    num_shared: int
    num_identical: int


class Study(TypedDict):
    """All of a study, as study.json holds it; ``orders``: per annotator, the keys as shown."""

    format: str
    study: str
    seed: int
    distinct: bool
    systems: tuple[str, str]
    datasets: list[StudyDataset]
    orders: list[list[str]]
    items: list[StudyItem]


def draw_study(
    documents: Sequence[PairedDocument],
    systems: tuple[str, str],
    *,
    num_documents: int = 100,
    num_annotators: int = 1,
    seed: int = 1,
    distinct: bool = False,
) -> Study:
    """A study about at most `num_documents` documents of each data set.

    Everything is drawn by hashes of the seed and of names, so the same seed draws the same
    documents whatever their order in the files. Of each data set every annotator sees each system
    first for half of the documents. `distinct` leaves out documents with the same summary twice.
    Raises ValueError when there is nothing to draw from or a document occurs twice.
    """
    _check(documents, systems)
    datasets: list[StudyDataset] = []
    items: list[StudyItem] = []
    for name in sorted({document.dataset for document in documents}):
        shared = [document for document in documents if document.dataset == name]
        datasets.append(
            {
                "name": name,
                "num_shared": len(shared),
                "num_identical": sum(_identical(document) for document in shared),
            }
        )
        by_id = {str(d.id): d for d in shared if not (distinct and _identical(d))}
        if not by_id:
            raise ValueError(f"all summaries of {name or 'the two systems'} are the same")
        drawn = shuffled(sorted(by_id), seed, "documents", name)[:num_documents]
        first = [
            _system_shown_first(drawn, seed, name, annotator) for annotator in range(num_annotators)
        ]
        for id in drawn:
            document = by_id[id]
            items.append(
                {
                    "key": str(len(items) + 1),
                    "dataset": name,
                    "id": document.id,
                    "document": document.document,
                    "summaries": document.summaries,
                    "first": [order[id] for order in first],
                }
            )
    keys = [item["key"] for item in items]
    study: Study = {
        "format": FORMAT,
        "study": "",
        "seed": seed,
        "distinct": distinct,
        "systems": systems,
        "datasets": datasets,
        "orders": [shuffled(keys, seed, "order", a) for a in range(num_annotators)],
        "items": items,
    }
    study["study"] = _fingerprint(study)
    return study


def study_for_annotators(study: Study) -> dict[str, Any]:
    """The study as the page holds it: nothing in it tells which system wrote what.

    ``items[key]`` has the document, its two texts in alphabetical order, and per annotator which of
    the two is summary 1; ``orders`` are the keys as each annotator sees them.
    """
    items = {}
    for item in study["items"]:
        low = 0 if item["summaries"][0] <= item["summaries"][1] else 1
        items[item["key"]] = {
            "document": item["document"],
            "texts": [item["summaries"][low], item["summaries"][1 - low]],
            "first": [system ^ low for system in item["first"]],
        }
    return {
        "study": study["study"],
        "orders": study["orders"],
        "items": items,
    }


def check_study(value: Any) -> Study:
    """The value of a study.json; ValueError names what is missing, wrong or was changed."""
    found = list(problems(value, Study, "study"))
    if found:
        raise ValueError(
            "not the key of a study, which `quals study make` writes as study.json:\n  "
            + "\n  ".join(found[:10])
        )
    if value["format"] != FORMAT:
        raise ValueError(f"format {value['format']!r} is unknown; {FORMAT!r} is expected")
    if _fingerprint(value) != value["study"]:
        raise ValueError(
            "the study was changed after it was made: its contents do not give its id "
            f"{value['study']}; use the file as `quals study make` wrote it"
        )
    return cast(Study, value)


def shuffled(names: Sequence[_Name], *salt: object) -> list[_Name]:
    """The names in an order that depends on nothing but the salt and each name."""
    return sorted(names, key=lambda name: _hash(*salt, name))


def _system_shown_first(ids: Sequence[str], seed: int, *salt: object) -> dict[str, int]:
    """Per document 0 or 1, each for half of them."""
    start = _hash(seed, "start", *salt)[0]
    drawn = shuffled(ids, seed, "first", *salt)
    return {id: (start + i) % 2 for i, id in enumerate(drawn)}


def _identical(document: PairedDocument) -> bool:
    first, second = document.summaries
    return first.split() == second.split()


def _hash(*parts: object) -> bytes:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).digest()


def _fingerprint(study: Study) -> str:
    content = json.dumps({**study, "study": ""}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _check(documents: Sequence[PairedDocument], systems: tuple[str, str]) -> None:
    if not documents:
        raise ValueError("there is no document of which both systems have a summary")
    if systems[0] == systems[1]:
        raise ValueError(f"both systems are called {systems[0]!r}; give two names")
    counts = Counter((document.dataset, str(document.id)) for document in documents)
    if doubled := [name for name, count in counts.items() if count > 1]:
        dataset, id = doubled[0]
        where = f" of data set {dataset!r}" if dataset else ""
        raise ValueError(f"the id {id!r}{where} occurs twice; make it unique")
