"""Question-answer rows from TensorFlow Datasets, without TensorFlow.

rows = read_tfds_squad("train")                      # prepared before
rows = read_tfds_squad("train[:10%]", download=True)
"""

from collections.abc import Iterator
from pathlib import Path

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
        source = tfds.data_source(
            name,
            split=split,
            data_dir=data_dir,
            download=download,
            # TFDS's default, TFRecord, cannot be written or read at random without TensorFlow.
            builder_kwargs={"file_format": "array_record"},
        )
    except (AssertionError, NotImplementedError) as error:
        raise FileNotFoundError(
            f"TFDS data set {name} is not prepared as array_record in "
            f"{data_dir or 'the TFDS data folder'}; call with download=True, or run "
            f"tfds build {name} --file_format=array_record"
        ) from error
    for item in source:
        answers = [_text(answer) for answer in item["answers"]["text"]]
        yield from question_rows(
            _text(item["id"]), _text(item["context"]), _text(item["question"]), answers
        )


def _text(value: bytes | str) -> str:
    """TFDS gives bytes from files and str from its mock data."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
