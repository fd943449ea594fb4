"""XSum from its local files: ``ID.data`` or ``ID.summary`` files, plain or in a tar archive.

for split in xsum_splits("xsum-extracts-from-downloads.tar.gz", filter_level=1):
    for story_id, story in split.stories():
        ...

Which story is in which split stands in ``XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json``, published with
the data set (github.com/EdinburghNLP/XSum, folder XSum-Dataset).
"""

from pathlib import Path

from quals_jax.data.corruption import xsum_story, xsum_texts
from quals_jax.data.json_file import read_json
from quals_jax.data.raw_summaries import SPLITS, RawSplit, file_splits, row_splits
from quals_jax.data.story_files import check_place, find_file

SPLIT_FILE = "XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json"


def xsum_splits(
    place: str | Path, filter_level: int, split_file: str | Path | None = None
) -> list[RawSplit]:
    """Splits of the stories in a folder or archive, or of the rows in a folder (``row_splits``).

    Files carry today's marks (``[SN]FIRST-SENTENCE[SN]``) or those of the paper's time
    (``[XSUM]INTRODUCTION[XSUM]``). ``split_file`` is looked for in the folder or beside the archive
    unless given.
    """
    place = check_place(place)
    if splits := row_splits(place, xsum_texts, filter_level):
        return splits
    split_file = split_file or find_file(place, SPLIT_FILE)
    if split_file is None:
        raise FileNotFoundError(
            f"{place}: no {SPLIT_FILE}; put it there from github.com/EdinburghNLP/XSum, folder "
            "XSum-Dataset (or, for rows, name them train.jsonl, validation.jsonl, test.jsonl)"
        )
    ids = _split_ids(split_file)
    return file_splits(place, (".data", ".summary"), ids, xsum_story, filter_level)


def _split_ids(path: str | Path) -> dict[str, list[str]]:
    content = read_json(path)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(split), list) for split in SPLITS
    ):
        raise ValueError(f"{path}: expected an object with lists of ids, {', '.join(SPLITS)}")
    return {split: [str(story_id) for story_id in content[split]] for split in SPLITS}
