"""NewsQA from its ``combined-newsqa-data-v1.json``, by the official code's rules.

    for row in read_newsqa("combined-newsqa-data-v1.json", "train"):
        row.context, row.question, row.answer

``qagen.fitting_rows`` applies the rules that depend on the tokenizer.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quals_jax.data.json_file import read_json
from quals_jax.data.qa_example import QAExample

SPLITS = ("train", "dev", "test")


def read_newsqa(
    path: str | Path, split: str, *, shift_offsets: bool = False
) -> Iterator[QAExample]:
    """Questions of a split (train, dev, test) whose consensus is a span of the story.

    The official code strips the story and then applies the offsets of the stored text, so leading
    blanks shift every answer; ``shift_offsets`` corrects that.
    Raises ValueError that names the story whose layout is not NewsQA's.
    """
    if split not in SPLITS:
        raise ValueError(f"NewsQA split {split!r}: expected one of {', '.join(SPLITS)}")
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise ValueError(f'{path}: expected NewsQA\'s layout, an object with a list "data"')
    for i, story in enumerate(content["data"]):
        try:
            if story["type"] not in SPLITS:
                raise ValueError(f"{path}, data[{i}]: split {story['type']!r} is unknown")
            chosen = story["type"] == split
            rows = list(_story_rows(story, f"newsqa-{i}", shift_offsets)) if chosen else []
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}, data[{i}]: not NewsQA's layout ({error!r})") from error
        yield from rows


def _story_rows(story: Any, name: str, shift_offsets: bool) -> Iterator[QAExample]:
    stored = story["text"]
    text = stored.strip()
    shift = len(stored) - len(stored.lstrip()) if shift_offsets else 0
    name = story.get("storyId", name)
    for j, question in enumerate(story["questions"]):
        span = question.get("consensus", {})
        if "q" not in question or "s" not in span:
            continue
        start, end = span["s"] - shift, span["e"] - shift
        answer = text[max(start, 0) : max(end, 0)].strip()
        yield QAExample(f"{name}-{j}", text, question["q"].strip(), answer, answer_end=end)
