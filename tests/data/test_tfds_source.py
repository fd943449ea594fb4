import json
from unittest import mock

import pytest
import tensorflow_datasets as tfds
from etils import epath

from quals_jax.data.qa_example import QAExample
from quals_jax.data.tfds_source import read_tfds_squad


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """TFDS's own builder of SQuAD, prepared from a local file where it would download."""
    folder = tmp_path_factory.mktemp("tfds")
    answers = [{"text": text, "answer_start": 0} for text in ("Zoë", "Zoë", "Z")]
    qas = [{"id": "q1", "question": " Who? ", "answers": answers}]
    content = {"data": [{"title": "t", "paragraphs": [{"context": "Zoë left.", "qas": qas}]}]}
    raw = epath.Path(folder / "raw.json")
    raw.write_text(json.dumps(content))
    builder = tfds.builder("squad/v1.1", data_dir=folder, file_format="array_record")
    manager = tfds.download.DownloadManager
    with mock.patch.object(
        manager, "download_and_extract", lambda self, urls: dict.fromkeys(urls, raw)
    ):
        builder.download_and_prepare()
    return folder


def test_prepared_data_gives_the_rows_of_the_json_file(prepared):
    expected = [
        QAExample("q1", "Zoë left.", "Who?", "Zoë"),
        QAExample("q1#1", "Zoë left.", "Who?", "Z"),
    ]
    assert list(read_tfds_squad("train", data_dir=prepared)) == expected
    assert list(read_tfds_squad("validation", data_dir=prepared)) == expected


def test_mock_data_has_the_same_layout():
    with tfds.testing.mock_data(num_examples=2, policy=tfds.testing.MockPolicy.USE_CODE):
        rows = list(read_tfds_squad("train"))
    assert len({row.id.partition("#")[0] for row in rows}) == 2
    assert all(isinstance(text, str) for row in rows for text in (row.context, row.answer))


def test_unprepared_data_is_not_downloaded(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"tfds build squad/v1.1 --file_format=array_record"
    ):
        list(read_tfds_squad("train", data_dir=tmp_path))


def test_unknown_split_and_other_formats_are_named(prepared):
    with pytest.raises(ValueError, match="Unknown split 'nosplit'"):
        list(read_tfds_squad("nosplit", data_dir=prepared))
    info = prepared / "squad" / "v1.1" / "3.0.0" / "dataset_info.json"
    text = info.read_text()
    try:
        info.write_text(json.dumps(json.loads(text) | {"fileFormat": "tfrecord"}))
        with pytest.raises(ValueError, match="in a format that needs TensorFlow"):
            list(read_tfds_squad("train", data_dir=prepared))
    finally:
        info.write_text(text)
