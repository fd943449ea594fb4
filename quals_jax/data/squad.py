"""SQuAD v1.1 in its own JSON layout, one row per question and distinct answer.

for row in read_squad("train-v1.1.json.xz"):
    row.context, row.question, row.answer
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from quals_jax.data.json_file import read_json
from quals_jax.data.qa_example import QAExample


def read_squad(path: str | Path) -> Iterator[QAExample]:
    """Rows in the order of the file; questions without answers give none.

    Raises ValueError that names the paragraph whose layout is not SQuAD's.
    """
    return _read(path, _paragraph_rows)


def squad_questions(path: str | Path) -> Iterator[dict[str, Any]]:
    """Questions as TFDS's features of SQuAD: id, title, context, question and answers as they are.

    Raises as ``read_squad`` does.
    """
    return _read(path, _paragraph_questions)


def _read(path: str | Path, rows_of: Callable[[Any, str], Iterator[Any]]) -> Iterator[Any]:
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise ValueError(f'{path}: expected SQuAD\'s layout, an object with a list "data"')
    for i, article in enumerate(content["data"]):
        try:
            paragraphs = article["paragraphs"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}, data[{i}]: no paragraphs ({error!r})") from error
        for j, paragraph in enumerate(paragraphs):
            try:
                rows = list(rows_of(paragraph, article.get("title", "")))
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"{path}, data[{i}].paragraphs[{j}]: not SQuAD's layout ({error!r})"
                ) from error
            yield from rows


def _paragraph_questions(paragraph: Any, title: str) -> Iterator[dict[str, Any]]:
    for qa in paragraph["qas"]:
        answers = [(answer["text"], answer["answer_start"]) for answer in qa["answers"]]
        yield {
            "id": qa["id"],
            "title": title,
            "context": paragraph["context"],
            "question": qa["question"],
            "answers": {
                "text": [text for text, _ in answers],
                "answer_start": [start for _, start in answers],
            },
        }


def _paragraph_rows(paragraph: Any, title: str) -> Iterator[QAExample]:
    for qa in paragraph["qas"]:
        answers = [answer["text"] for answer in qa["answers"]]
        yield from question_rows(qa["id"], paragraph["context"], qa["question"], answers)


def question_rows(
    question_id: str, context: str, question: str, answers: Iterable[str]
) -> Iterator[QAExample]:
    """A row per distinct answer text, in order; the ids of later ones end in #1, #2, ...

    The official rules: the question is stripped, context and answer are taken as they are, and
    whether the answer lies behind the cut of a long context is not checked.
    """
    for number, answer in enumerate(dict.fromkeys(answers)):
        name = question_id if number == 0 else f"{question_id}#{number}"
        yield QAExample(name, context, question.strip(), answer)
