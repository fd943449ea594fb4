"""DialogSum (Chen et al. 2021): summaries of spoken dialogues, from its own JSON lines.

rows = list(read_dialogsum("train.jsonl"))              # (id, document, summary)
"""

from collections.abc import Iterator
from pathlib import Path

from quals_jax.data.readers import read_records
from quals_jax.data.records import RowError

_NAMES = ("fname", "id")
_SUMMARIES = ("summary", "summary1")


def read_dialogsum(path: str | Path) -> Iterator[tuple[str, str, str]]:
    """(id, document, summary); the turns of a dialogue stay in lines of their own.

    The test set has three summaries of each dialogue; the first is taken. ValueError, with file
    and line, for a row without dialogue, summary or name.
    """
    for record in read_records(path):
        if isinstance(record, RowError):
            raise ValueError(f"{path}, line {record.line}: {record.message}")
        found = [
            next((record.values[name] for name in names if name in record.values), None)
            for names in (_NAMES, ("dialogue",), _SUMMARIES)
        ]
        if not all(isinstance(value, str) for value in found):
            raise ValueError(
                f"{path}, line {record.line}: expected fname, dialogue and summary (or summary1), "
                f"found {', '.join(record.values)}"
            )
        name, dialogue, summary = map(str, found)
        yield name, dialogue, summary
