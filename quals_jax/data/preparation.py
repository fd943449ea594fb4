"""Prepares local raw data for ``tfds:`` sources: filters it, writes array_record, counts drops.

    splits = xsum_splits("xsum-extracts-from-downloads.tar.gz", filter_level=1)
    prepared = prepare_summaries("xsum", splits, "/data/tfds", filter_level=1)
    prepared.source("train")           # tfds:xsum/level1:train:/data/tfds

Beside the data lie ``preparation.json`` (settings and counts) and ``drops.jsonl`` (every story left
out, with its reason).
"""

import contextlib
import dataclasses
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from quals_jax.data.corruption import (
    Analyser,
    Story,
    check_filter_level,
    drop_unsupported_sentences,
    drop_unsupported_story,
)
from quals_jax.data.entity_analysis import EntityAnalyser
from quals_jax.data.raw_summaries import RawSplit
from quals_jax.data.squad import squad_questions
from quals_jax.data.writers import atomic_file, encode_row

_LEVEL_TWO: dict[str, Callable[[Story, Analyser], Story]] = {
    "xsum": drop_unsupported_story,
    "cnn_dailymail": drop_unsupported_sentences,
}


@dataclasses.dataclass
class SplitCounts:
    """What became of the stories of a split.

    ``shortened``: written with fewer summary sentences than the raw story has (level 2 of
    CNN/DailyMail). ``drops``: how many were left out, by reason.
    """

    read: int = 0
    written: int = 0
    shortened: int = 0
    drops: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A prepared data set: its name with the configuration, where it is, what it was made of."""

    name: str
    data_dir: Path
    folder: Path
    entities: str | None  # the analyser of level 2
    splits: Mapping[str, SplitCounts]

    def source(self, split: str) -> str:
        """The source string of a split."""
        return f"tfds:{self.name}:{split}:{self.data_dir}"


def prepare_summaries(
    name: str,
    splits: Sequence[RawSplit],
    data_dir: str | Path,
    *,
    filter_level: int,
    analyser: EntityAnalyser | None = None,
) -> Prepared:
    """Writes ``xsum`` or ``cnn_dailymail``, from splits that were opened at the same filter level.

    The result is ``NAME/level0``, ``NAME/level1``, ``NAME/level2_rules`` or ``NAME/level2_spacy``
    in ``data_dir``; level 2 needs an ``analyser``. Raises FileExistsError where it is already,
    ValueError for an id that occurs twice and for a split of which nothing is left.
    """
    check_filter_level(filter_level)
    if (filter_level == 2) != (analyser is not None):
        raise ValueError("an entity analyser belongs to filter level 2, and to no other")
    config = f"level{filter_level}" + (f"_{analyser.kind}" if analyser else "")
    counts = {split.name: SplitCounts() for split in splits}
    dropped: list[dict[str, object]] = []

    def rows(split: RawSplit) -> Iterator[dict[str, str]]:
        count, seen = counts[split.name], set()
        for story_id, story in split.stories():
            if story_id in seen:
                raise ValueError(f"{split.name}: id {story_id!r} occurs more than once")
            seen.add(story_id)
            count.read += 1
            kept = _LEVEL_TWO[name](story, analyser) if analyser else story
            if kept.reason is not None:
                # "entity not in source: Bob" is counted without Bob.
                reason = kept.reason.partition(":")[0]
                count.drops[reason] = count.drops.get(reason, 0) + 1
                dropped.append({"id": story_id, "split": split.name, "reason": kept.reason})
                continue
            count.written += 1
            count.shortened += len(kept.target) < len(story.target)
            yield {"id": story_id, "document": kept.source, "summary": kept.target}
        if count.written == 0:
            reasons = ", ".join(f"{n} {reason}" for reason, n in count.drops.items())
            raise ValueError(f"{split.name}: nothing to write ({reasons or 'no stories'})")

    folder = _write(name, config, {split.name: _later(rows, split) for split in splits}, data_dir)
    entities = analyser.name if analyser else None
    prepared = Prepared(f"{name}/{config}", Path(data_dir), folder, entities, counts)
    settings = {"filter_level": filter_level, "entities": entities}
    _write_record(prepared, settings, dropped)
    return prepared


def _later(rows: Callable[[Any], Iterator[dict]], of: Any) -> Callable[[], Iterator[dict]]:
    return lambda: rows(of)


def _write(
    name: str,
    config: str,
    rows: Mapping[str, Callable[[], Iterator[Mapping[str, Any]]]],
    data_dir: str | Path,
) -> Path:
    """Lets TFDS write; what stood under the name before is never touched."""
    import tensorflow_datasets as tfds

    from quals_jax.data.tfds_builders import row_builder

    if not rows:
        raise ValueError(f"{name}: no splits to prepare")
    builder = row_builder(name, config, rows, data_dir)
    folder = Path(builder.data_dir)
    if folder.exists():
        raise FileExistsError(
            f"{folder} is prepared already; use it, delete it or choose another folder"
        )
    tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):  # TFDS announces a download
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(try_download_gcs=False)
        )
    return folder


def _write_record(
    prepared: Prepared, settings: Mapping[str, object], dropped: Sequence[Mapping[str, object]]
) -> None:
    splits = {name: dataclasses.asdict(counts) for name, counts in prepared.splits.items()}
    text = json.dumps({"name": prepared.name, **settings, "splits": splits}, indent=1) + "\n"
    with atomic_file(prepared.folder / "drops.jsonl") as file:
        file.writelines(map(encode_row, dropped))
    with atomic_file(prepared.folder / "preparation.json") as file:
        file.write(text.encode("utf-8"))


def prepare_squad(files: Mapping[str, str | Path], data_dir: str | Path) -> Prepared:
    """Writes ``squad/v1.1`` of the JSON file of each split, with TFDS's own layout and version.

    Raises ValueError that names the paragraph whose layout is not SQuAD's.
    """
    counts = {split: SplitCounts() for split in files}

    def rows(split: str) -> Iterator[dict[str, Any]]:
        for row in squad_questions(files[split]):
            counts[split].read += 1
            counts[split].written += 1
            yield row

    folder = _write("squad", "v1.1", {split: _later(rows, split) for split in files}, data_dir)
    prepared = Prepared("squad/v1.1", Path(data_dir), folder, None, counts)
    _write_record(prepared, {}, ())
    return prepared
