import json
from unittest import mock

import pytest
import tensorflow_datasets as tfds
from etils import epath

from quals_jax.data.qa_example import QAExample
from quals_jax.data.tfds_source import TfdsName, tfds_qa_rows, tfds_summaries
from train.sources import qa_rows, summary_rows


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
    assert list(tfds_qa_rows(f"squad/v1.1:train:{prepared}")) == expected
    assert list(tfds_qa_rows(f"squad:validation:{prepared}")) == expected
    assert list(tfds_qa_rows(f"squad/v1.1:train[:100%]+validation:{prepared}")) == 2 * expected


def test_the_same_rows_come_through_the_training_sources(prepared):
    source = f"squad/v1.1:train:{prepared}"
    assert list(qa_rows(f"tfds:{source}")) == list(tfds_qa_rows(source))
    with pytest.raises(ValueError, match="expected features document, summary; document, s"):
        list(summary_rows(f"tfds:{source}"))


def mocked(read, text, num_examples=3):
    with tfds.testing.mock_data(num_examples, policy=tfds.testing.MockPolicy.USE_CODE):
        return list(read(text))


@pytest.mark.parametrize("name", ["squad", "squad/v1.1", "squad/v2.0"])
def test_mock_questions_have_the_same_layout(name, tmp_path):
    rows = mocked(tfds_qa_rows, f"{name}:train:{tmp_path}")
    assert len({row.id.partition("#")[0] for row in rows}) == 3
    assert all(isinstance(text, str) for row in rows for text in (row.context, row.answer))


@pytest.mark.parametrize("name", ["xsum", "cnn_dailymail", "samsum", "multi_news"])
def test_mock_summaries_of_tfds_own_data_sets(name, tmp_path):
    rows = mocked(tfds_summaries, f"{name}:train:{tmp_path}")
    assert len(rows) == 3 == len({row_id for row_id, _, _ in rows})
    assert all(isinstance(text, str) and "\n" not in text for row in rows for text in row)
    with pytest.raises(ValueError, match=r"answers, context.*question missing"):
        mocked(tfds_qa_rows, f"{name}:train:{tmp_path}")


def test_unprepared_data_is_not_downloaded(prepared, tmp_path):
    hint = f"experiments.prepare_data xsum --from RAW --data-dir {tmp_path} --corruption-level 2"
    with pytest.raises(FileNotFoundError, match=hint):
        list(tfds_summaries(f"xsum/level2_rules:train:{tmp_path}"))
    for name in ("xsum", "cnn_dailymail", "squad", "squad/v1.1", "squad/no"):
        with pytest.raises(FileNotFoundError, match=f"^tfds:{name}:train:.*not prepared in"):
            list(tfds_summaries(f"{name}:train:{tmp_path}"))
    with pytest.raises(FileNotFoundError, match=r"prepared there: squad/v1.1/3.0.0\. Prepare"):
        list(tfds_qa_rows(f"squad/v2.0:train:{prepared}"))
    with pytest.raises(FileNotFoundError, match="tfds build no_such --file_format=array_record"):
        list(tfds_summaries(f"no_such:train:{tmp_path}"))


@pytest.mark.parametrize("text", ["xsum", "xsum:", ":train", "xsum:train[:10%", "xsum:tr ain"])
def test_other_names_are_refused(text):
    with pytest.raises(ValueError, match=r"expected tfds:NAME\[/CONFIG\]:SPLIT\[:DATA_DIR\]"):
        list(tfds_summaries(text))


def test_names_are_taken_apart():
    whole = TfdsName.parse("xsum/level1:train[10%:20%]+test[:5]:gs://bucket/tfds")
    assert whole == TfdsName("xsum/level1", "train[10%:20%]+test[:5]", "gs://bucket/tfds")
    assert str(whole) == "tfds:xsum/level1:train[10%:20%]+test[:5]:gs://bucket/tfds"
    assert TfdsName.parse("xsum:train") == TfdsName("xsum", "train")


def test_unknown_split_and_other_formats_are_named(prepared):
    with pytest.raises(ValueError, match="Unknown split 'nosplit'"):
        list(tfds_qa_rows(f"squad/v1.1:nosplit:{prepared}"))
    info = prepared / "squad" / "v1.1" / "3.0.0" / "dataset_info.json"
    text = info.read_text()
    try:
        info.write_text(json.dumps(json.loads(text) | {"fileFormat": "tfrecord"}))
        with pytest.raises(ValueError, match=r"as tfrecord.*prepare_data squad.*convert_format"):
            list(tfds_qa_rows(f"squad/v1.1:train:{prepared}"))
    finally:
        info.write_text(text)
