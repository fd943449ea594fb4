"""Raw summarisation data: splits of stories with their ids, from files or from rows.

for split in row_splits("folder with train.jsonl", cnndm_texts, filter_level=1):
    for row_id, story in split.stories():
        story.source, story.target, story.reason

``xsum.py`` and ``cnn_dailymail.py`` give the splits of the official files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quals_jax.data.corruption import Extractor, Story, check_filter_level, decode_story, story_of
from quals_jax.data.readers import format_of, read_records
from quals_jax.data.records import Record, RowError
from quals_jax.data.story_files import story_files

SPLITS = ("train", "validation", "test")
# Names of files of rows, without suffixes.
_ROW_FILES = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
_DOCUMENT, _SUMMARY = ("document", "article"), ("summary", "highlights")

Texts = Callable[[str, str, int], tuple[str, str]]  # xsum_texts or cnndm_texts


@dataclass(frozen=True)
class RawSplit:
    """A split: ``stories()`` starts again each time; a story without ``reason`` is usable."""

    name: str
    num_stories: int
    stories: Callable[[], Iterator[tuple[str, Story]]]


def file_splits(
    place: Path,
    suffixes: Sequence[str],
    ids: Mapping[str, Sequence[str]],
    extract: Extractor,
    filter_level: int,
) -> list[RawSplit]:
    """Splits of story files; ``ids`` has the names of their files, without suffix.

    An id without a file is a story with the reason "no file".
    """
    check_filter_level(filter_level)

    def stories(wanted: Sequence[str]) -> Iterator[tuple[str, Story]]:
        left = dict.fromkeys(wanted)
        for story_id, raw in story_files(place, suffixes, left.keys()):
            del left[story_id]
            yield story_id, decode_story(raw, extract, filter_level)
        for story_id in left:
            yield story_id, Story("", "", "no file")

    return [
        RawSplit(name, len(set(wanted)), lambda wanted=wanted: stories(wanted))
        for name, wanted in ids.items()
    ]


def row_splits(folder: Path, texts: Texts, filter_level: int) -> list[RawSplit]:
    """Splits of rows in train, validation (val, dev) and test files, empty where there are none.

    JSONL, CSV or Parquet, plain, gz or xz, with the fields document or article, summary or
    highlights, and id; without one, split and line make the id. A line break in a text is a line
    break of the story, on which the filters work. A row that cannot be read is a story with a
    reason.
    """
    check_filter_level(filter_level)
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        split = _ROW_FILES.get(path.name.partition(".")[0])
        if split is None or not path.is_file() or not _is_rows(path):
            continue
        if split in found:
            raise ValueError(f"{found[split]} and {path} are both {split} rows; leave one")
        found[split] = path

    def stories(split: str) -> Iterator[tuple[str, Story]]:
        for record in read_records(found[split]):
            yield _row_story(split, record, texts, filter_level)

    return [
        RawSplit(
            split, sum(1 for _ in read_records(found[split])), lambda split=split: stories(split)
        )
        for split in SPLITS
        if split in found
    ]


def _is_rows(path: Path) -> bool:
    try:
        format_of(path)
    except ValueError:
        return False
    return True


def _row_story(
    split: str, record: Record | RowError, texts: Texts, filter_level: int
) -> tuple[str, Story]:
    name = f"{split}-{record.line}"
    if isinstance(record, RowError):
        return name, Story("", "", f"unreadable: {record.message}")
    pair = [
        next((record.values[key] for key in keys if key in record.values), None)
        for keys in (_DOCUMENT, _SUMMARY)
    ]
    row_id = record.values.get("id")
    name = name if row_id in (None, "") else str(row_id)
    document, summary = pair
    if not isinstance(document, str) or not isinstance(summary, str):
        fields = ", ".join(map(str, record.values))
        wanted = "document (or article) and summary (or highlights)"
        return name, Story("", "", f"unreadable: {wanted} expected as texts, fields: {fields}")
    return name, story_of(*texts(document, summary, filter_level))
