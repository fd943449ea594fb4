"""F30, F31: a run continued from a damaged checkpoint, and with other settings or data."""

import dataclasses
import io
import json
import shutil

import jax
import pytest

from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.data import world
from tests.train.test_loop import assert_same, rows
from train.config import QAData
from train.kept_params import KeptParams
from train.loop import train
from train.resume import Resume

FORCE = Resume(force=True)


@pytest.fixture(scope="module")
def whole(tiny_experiment, tmp_path_factory):
    """A finished run: (workdir, state on the host)."""
    workdir = tmp_path_factory.mktemp("whole")
    state, _ = train(tiny_experiment, workdir, stream=io.StringIO())
    return workdir, jax.device_get(state)


@pytest.fixture
def workdir(whole, tmp_path):
    """A copy of the finished run."""
    return shutil.copytree(whole[0], tmp_path / "run")


def damage(workdir, step):
    files = (workdir / "checkpoints" / str(step) / "state").rglob("*")
    path = max((file for file in files if file.is_file()), key=lambda file: file.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one(whole, tiny_experiment, workdir):
    damage(workdir, 12)
    log = io.StringIO()
    state, summary = train(tiny_experiment, workdir, stream=log)
    assert "DAMAGED CHECKPOINT of step 12: state/" in log.getvalue()
    assert "continuing from step 6" in log.getvalue()
    assert summary.step == 12
    assert_same(jax.device_get(state), whole[1])
    assert rows(workdir) == rows(whole[0])
    for name in ("model.safetensors", "quals.json"):
        assert (workdir / "model" / name).read_bytes() == (whole[0] / "model" / name).read_bytes()


def test_a_strict_run_stops_at_a_damaged_checkpoint(tiny_experiment, workdir):
    damage(workdir, 12)
    with pytest.raises(CheckpointError, match=r"step 12: state/.*Without --strict-resume"):
        train(tiny_experiment, workdir, stream=io.StringIO(), resume=Resume(strict=True))
    assert sorted(path.name for path in (workdir / "checkpoints").iterdir()) == ["12", "6"]


def test_a_run_without_an_undamaged_checkpoint_does_not_begin_anew(tiny_experiment, workdir):
    damage(workdir, 6)
    damage(workdir, 12)
    before = rows(workdir)
    with pytest.raises(CheckpointError, match=r"step 12: state/.*; step 6: state/"):
        train(tiny_experiment, workdir, stream=io.StringIO())
    assert rows(workdir) == before


def test_other_settings_can_be_forced_and_are_remembered(tiny_experiment, workdir):
    longer = dataclasses.replace(tiny_experiment, num_steps=14)
    log = io.StringIO()
    _, summary = train(longer, workdir, stream=log, resume=FORCE)
    assert "FORCED to continue: num_steps was 12, is 14\n" in log.getvalue()
    assert (summary.step, summary.num_steps) == (14, 14)
    assert [row["step"] for row in rows(workdir) if row["kind"] == "train"][-2:] == [12, 14]
    train(longer, workdir, stream=io.StringIO())  # now these are the settings of the run
    with pytest.raises(ValueError, match="num_steps was 14, is 12"):
        train(tiny_experiment, workdir)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"seed": 5}, "seed was 1, is 5"),
        ({"batch": {"max_tokens": 900}}, "batch.max_tokens was 1500, is 900"),
    ],
)
def test_another_order_of_the_examples_begins_with_a_new_epoch(
    tiny_experiment, workdir, changes, line
):
    batch = dataclasses.replace(tiny_experiment.batch, **changes.get("batch", {}))
    other = dataclasses.replace(
        tiny_experiment, num_steps=14, batch=batch, seed=changes.get("seed", 1)
    )
    with pytest.raises(ValueError, match=line):
        train(other, workdir, stream=io.StringIO())
    epoch = [row for row in rows(workdir) if row["kind"] == "train"][-1]["epoch"]
    log = io.StringIO()
    train(other, workdir, stream=log, resume=FORCE)
    [forced] = [text for text in log.getvalue().splitlines() if "FORCED" in text]
    assert line in forced
    last = [row for row in rows(workdir) if row["kind"] == "train"][-1]
    assert (last["step"], last["num_steps"]) == (14, 2)
    assert epoch < last["epoch"]


def test_an_edited_data_file_is_refused_unless_it_is_forced(tiny_experiment, tmp_path):
    passages = {}
    for example in world.qa_rows(6, 1):
        passages.setdefault(example.context, []).append(example)
    content = {"data": [{"title": "t", "paragraphs": [paragraph(*p) for p in passages.items()]}]}
    source = tmp_path / "train.json"
    source.write_text(json.dumps(content))
    data = QAData(train=(f"squad:{source}",), limits=tiny_experiment.data.limits)
    experiment = dataclasses.replace(tiny_experiment, data=data, num_steps=2)
    train(experiment, tmp_path / "run", stream=io.StringIO())

    content["data"][0]["paragraphs"][0]["qas"][0]["question"] += " Really?"
    source.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="training data or the tokenizer changed since step 2"):
        train(experiment, tmp_path / "run", stream=io.StringIO())
    longer = dataclasses.replace(experiment, num_steps=3)
    log = io.StringIO()
    _, summary = train(longer, tmp_path / "run", stream=log, resume=FORCE)
    assert "the data or the tokenizer are others; epoch" in log.getvalue()
    assert summary.step == 3


def paragraph(context, examples):
    qas = [
        {
            "id": str(i),
            "question": example.question,
            "answers": [{"text": example.answer, "answer_start": context.index(example.answer)}],
        }
        for i, example in enumerate(examples)
    ]
    return {"context": context, "qas": qas}


def params(value):
    return {"w": jax.numpy.full((2,), value, jax.numpy.float32)}


def test_what_a_checkpoint_named_is_kept_as_long_as_the_checkpoint(tmp_path):
    kept = KeptParams(tmp_path, num_checkpoints=2)
    named = []
    for step in (1, 2, 3):
        kept.keep(10 * step, params(step))
        kept.keep(10 * step + 5, params(step + 0.5))
        named.append(kept.to_json())
    kept.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["15", "25", "35"]
    older = KeptParams(tmp_path, num_checkpoints=2)
    older.resume(27, named[1])
    assert older.step == 25
    assert_same(jax.device_get(older.params(params(0))), jax.device_get(params(2.5)))
    older.keep(28, params(9))
    older.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["15", "25", "28"]
