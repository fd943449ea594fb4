"""Raw files prepared by TFDS without TensorFlow, and read again through the sources."""

import json

import pytest
import tensorflow_datasets as tfds

from quals_jax.data.cnn_dailymail import cnn_dailymail_splits, story_name
from quals_jax.data.corruption import Story
from quals_jax.data.entity_analysis import entity_analyser
from quals_jax.data.preparation import prepare_squad, prepare_summaries
from quals_jax.data.raw_summaries import RawSplit
from quals_jax.data.squad import read_squad
from quals_jax.data.tfds_source import tfds_qa_rows, tfds_summaries
from quals_jax.data.xsum import xsum_splits
from tests.data.raw_files import write_cnn_dailymail, write_xsum
from train.sources import summary_rows


def prepare(name, raw, data_dir, level, analyser=None):
    open_splits = {"xsum": xsum_splits, "cnn_dailymail": cnn_dailymail_splits}[name]
    splits = open_splits(raw, level)
    return prepare_summaries(name, splits, data_dir, filter_level=level, analyser=analyser)


def rows_of(prepared, split):
    return {row_id: texts for row_id, *texts in summary_rows(prepared.source(split))}


def stories_of(splits, name):
    [split] = [split for split in splits if split.name == name]
    usable = {i: story for i, story in split.stories() if story.reason is None}
    return {i: [story.source, story.target] for i, story in usable.items()}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    write_xsum(folder / "xsum")
    write_cnn_dailymail(folder / "cnn_dailymail")
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("tfds")


@pytest.mark.parametrize("name", ["xsum", "cnn_dailymail"])
def test_the_rows_read_are_the_stories_prepared(raw, data_dir, name):
    open_splits = {"xsum": xsum_splits, "cnn_dailymail": cnn_dailymail_splits}[name]
    for level in (0, 1):
        prepared = prepare(name, raw / name, data_dir, level)
        assert prepared.name == f"{name}/level{level}"
        for split in ("train", "validation", "test"):
            expected = stories_of(open_splits(raw / name, level), split)
            assert expected == rows_of(prepared, split)
    # The name alone is the paper's level.
    [by_name, by_level] = [
        list(tfds_summaries(f"{name}{config}:train[:2]+test:{data_dir}"))
        for config in ("", "/level1")
    ]
    assert by_name == by_level
    assert len(by_name) == 3


def test_drops_are_counted_and_listed(raw, tmp_path):
    prepared = prepare("xsum", raw / "xsum", tmp_path, 1)
    assert prepared.splits["train"].written == 3
    counts = prepared.splits["test"]
    assert (counts.read, counts.written, counts.drops) == (2, 1, {"no source": 1})
    record = json.loads((prepared.folder / "preparation.json").read_text())
    assert (record["filter_level"], record["entities"]) == (1, None)
    assert record["splits"]["test"]["drops"] == {"no source": 1}
    [dropped] = map(json.loads, (prepared.folder / "drops.jsonl").read_text().splitlines())
    assert dropped == {"id": "5", "split": "test", "reason": "no source"}


def test_level_two_drops_xsum_stories_and_says_by_which_analyser(raw, tmp_path):
    prepared = prepare("xsum", raw / "xsum", tmp_path, 2, entity_analyser("rules"))
    assert (prepared.name, prepared.entities) == ("xsum/level2_rules", "rules")
    assert set(rows_of(prepared, "train")) == {"1", "2"}
    assert prepared.splits["train"].drops == {"entity not in source": 1}
    first = json.loads((prepared.folder / "drops.jsonl").read_text().splitlines()[0])
    assert first == {"id": "3", "split": "train", "reason": "entity not in source: Bob Fox"}
    assert json.loads((prepared.folder / "preparation.json").read_text())["entities"] == "rules"


def test_level_two_shortens_cnn_dailymail_summaries(raw, tmp_path):
    rules = entity_analyser("rules")
    prepared = prepare("cnn_dailymail", raw / "cnn_dailymail", tmp_path, 2, rules)
    assert rows_of(prepared, "train") == {
        story_name("http://a"): ["Ann Lee went to Rome. She was glad.", "Ann Lee left."],
        story_name("http://c"): ["Ann Lee stayed.", "She met Ann Lee."],
    }
    counts = prepared.splits["train"]
    assert (counts.read, counts.written, counts.shortened) == (3, 2, 1)
    assert counts.drops == {"no target": 1}


def test_prepared_data_is_never_overwritten(raw, tmp_path):
    prepared = prepare("xsum", raw / "xsum", tmp_path, 1)
    before = sorted((path.name, path.read_bytes()) for path in prepared.folder.iterdir())
    with pytest.raises(FileExistsError, match=r"level1/1\.0\.0 is prepared already"):
        prepare("xsum", raw / "xsum", tmp_path, 1)
    assert before == sorted((path.name, path.read_bytes()) for path in prepared.folder.iterdir())


def made_up(*stories):
    return [RawSplit("train", len(stories), lambda: iter(stories))]


def test_unusable_stories_leave_nothing_behind(tmp_path):
    good = Story("A.", "A.")
    cases = {
        "train: id '1' occurs more than once": made_up(("1", good), ("1", good)),
        r"train: nothing to write \(2 no source\)": made_up(
            *((i, Story("", "A.", "no source")) for i in "12")
        ),
        "xsum: no splits to prepare": [],
    }
    for message, splits in cases.items():
        with pytest.raises(ValueError, match=message):
            prepare_summaries("xsum", splits, tmp_path, filter_level=1)
        with pytest.raises(FileNotFoundError, match="not prepared in"):
            list(tfds_summaries(f"xsum/level1:train:{tmp_path}"))
    with pytest.raises(ValueError, match="analyser belongs to filter level 2"):
        prepare_summaries("xsum", made_up(("1", good)), tmp_path, filter_level=2)


def test_stories_of_any_text_come_back_unchanged(tmp_path):
    texts = {"é": "Zoë 漢字 🙂\u2028. \x00\x7f.", "1": " a  b .", "2": "tab\tx."}
    stories = [(i, Story(text, text[::-1] + ".")) for i, text in texts.items()]
    prepared = prepare_summaries("xsum", made_up(*stories), tmp_path, filter_level=0)
    read = rows_of(prepared, "train")
    assert read == {i: [story.source.strip(), story.target.strip()] for i, story in stories}


def test_squad_is_prepared_as_tfds_itself_would(tmp_path):
    answers = [{"text": text, "answer_start": 4} for text in ("Zoë", "Zoë", "Z")]
    qas = [{"id": "q1", "question": " Who? ", "answers": answers}]
    content = {"data": [{"title": "t", "paragraphs": [{"context": "Is. Zoë left.", "qas": qas}]}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(content))
    prepared = prepare_squad({"train": path, "validation": path}, tmp_path)
    assert list(tfds_qa_rows(f"squad:validation:{tmp_path}")) == list(read_squad(path))
    own = tfds.builder("squad/v1.1", data_dir=tmp_path)
    assert own.data_dir == str(prepared.folder)
    [item] = own.as_data_source("train")
    assert (item["id"], item["title"]) == (b"q1", b"t")
    assert item["answers"]["answer_start"] == [4, 4, 4]
    path.write_text('{"data": [{"paragraphs": [{"context": "x"}]}]}')
    with pytest.raises(ValueError, match=r"data\[0\].paragraphs\[0\]: not SQuAD's layout"):
        prepare_squad({"train": path}, tmp_path / "other")


def test_ids_without_an_id_feature_do_not_depend_on_order_or_slice(tmp_path):
    """TFDS's own XSum has no id; its layout is written here."""

    class Xsum(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = "xsum"
        VERSION = tfds.core.Version("1.1.0")

        def _info(self):
            features = {name: tfds.features.Text() for name in ("document", "summary")}
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features)
            )

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for i, n in enumerate((1, 2, 3, 2)):
                yield str(i), {"document": f"Line {n}\nEmail!", "summary": f"S {n}"}

    Xsum(data_dir=tmp_path, file_format="array_record").download_and_prepare()
    rows = list(tfds_summaries(f"xsum:train:{tmp_path}"))
    assert sorted(row[1:] for row in rows) == [
        (f"Line {n}. Email!", f"S {n}.") for n in (1, 2, 2, 3)
    ]
    assert len({row_id for row_id, _, _ in rows}) == 4
    repeated = [row_id for row_id, _, _ in rows if row_id.endswith("#1")]
    assert len(repeated) == 1
    by_slice = [
        row for i in range(4) for row in tfds_summaries(f"xsum:train[{i}:{i + 1}]:{tmp_path}")
    ]
    assert [(row_id.removesuffix("#1"), *rest) for row_id, *rest in rows] == by_slice
