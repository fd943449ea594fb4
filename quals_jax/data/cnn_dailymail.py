"""CNN/DailyMail from its local files: ``HASH.story`` files, plain or in cnn/dailymail archives.

for split in cnn_dailymail_splits("cnn-dailymail", filter_level=1):
    for story_id, story in split.stories():
        ...

Which story is in which split stands in ``all_train.txt``, ``all_val.txt`` and ``all_test.txt``
(github.com/abisee/cnn-dailymail, folder url_lists); a story's name is the SHA-1 of its address.
"""

import hashlib
from pathlib import Path

from quals_jax.data.corruption import cnndm_story, cnndm_texts
from quals_jax.data.raw_summaries import RawSplit, file_splits, row_splits
from quals_jax.data.story_files import check_place, find_file

URL_LISTS = {"train": "all_train.txt", "validation": "all_val.txt", "test": "all_test.txt"}


def cnn_dailymail_splits(
    place: str | Path, filter_level: int, url_lists: str | Path | None = None
) -> list[RawSplit]:
    """Splits of the stories in a folder, or of the rows in one (``row_splits``).

    The folder holds ``cnn/stories`` and ``dailymail/stories``, or ``cnn_stories.tgz`` and
    ``dailymail_stories.tgz``. ``url_lists`` is the folder of the three lists, which are looked for
    in ``place`` unless given.
    """
    place = check_place(place)
    if splits := row_splits(place, cnndm_texts, filter_level):
        return splits
    ids = {}
    for split, name in URL_LISTS.items():
        path = find_file(check_place(url_lists or place), name)
        if path is None:
            raise FileNotFoundError(
                f"{url_lists or place}: no {name}; put it there from github.com/abisee/"
                "cnn-dailymail, folder url_lists (or, for rows, name them train.jsonl, "
                "validation.jsonl, test.jsonl)"
            )
        ids[split] = [story_name(url) for url in path.read_text("utf-8").splitlines() if url]
    return file_splits(place, (".story",), ids, cnndm_story, filter_level)


def story_name(url: str) -> str:
    """The name of an address's .story file, without suffix."""
    return hashlib.sha1(url.strip().encode("utf-8"), usedforsecurity=False).hexdigest()
