"""Question-answer rows from TensorFlow Datasets, without TensorFlow.

rows = read_tfds_squad("train")                      # prepared before
rows = read_tfds_squad("train[:10%]", download=True)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quals_jax.data.qa_example import QAExample
from quals_jax.data.squad import question_rows


def read_tfds_squad(
    split: str,
    *,
    name: str = "squad/v1.1",
    data_dir: str | Path | None = None,
    download: bool = False,
) -> Iterator[QAExample]:
    """Rows of the TFDS data set ``squad``, as ``read_squad`` gives them from its JSON file.

    ``download`` allows fetching and preparing (as array_record); without it a data set that is not
    prepared raises FileNotFoundError that says how to prepare it. TFDS shuffles while preparing, so
    the order is its own, but the same on every machine.
    """
    import tensorflow_datasets as tfds

    try:
        source: Any = tfds.data_source(
            name,
            split=split,
            data_dir=data_dir,
            download=download,
            # TFDS's default, TFRecord, cannot be written or read at random without TensorFlow.
            builder_kwargs={"file_format": "array_record"},
        )
    except (AssertionError, KeyError, NotImplementedError) as error:
        raise FileNotFoundError(
            f"TFDS: no split {split} of {name} prepared as array_record in "
            f"{data_dir or 'the TFDS data folder'} ({error}); call with download=True, or run "
            f"tfds build {name} --file_format=array_record"
        ) from error
    except ValueError as error:
        if "File format is already set" not in str(error):
            raise
        raise ValueError(
            f"TFDS: {name} is prepared in a format that needs TensorFlow; prepare it in another "
            f"folder by tfds build {name} --file_format=array_record --data_dir DIR"
        ) from error
    for item in source:
        answers = [_text(answer) for answer in item["answers"]["text"]]
        yield from question_rows(
            _text(item["id"]), _text(item["context"]), _text(item["question"]), answers
        )


def _text(value: bytes | str) -> str:
    """TFDS gives bytes from files and str from its mock data."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
