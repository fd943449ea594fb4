import dataclasses
import io
import json
import os
import shutil
import signal

import jax
import numpy as np
import pytest

from quals_jax.checkpoints.model_folder import load_model_folder
from train.loop import DivergedError, train
from train.metric_log import read_metrics
from train.resume import check_same_run

TIMES = {"secs"}


class SignalAt(io.StringIO):
    """A log that sends this process a signal when a line holds ``text``."""

    def __init__(self, text: str):
        super().__init__()
        self._text = text

    def write(self, line: str) -> int:
        if self._text in line:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(line)


@pytest.fixture(scope="module")
def whole(tiny_experiment, tmp_path_factory):
    """An uninterrupted run: (workdir, state on the host, summary, log)."""
    workdir, log = tmp_path_factory.mktemp("whole"), io.StringIO()
    state, summary = train(tiny_experiment, workdir, stream=log)
    return workdir, jax.device_get(state), summary, log.getvalue()


def rows(workdir):
    """The metric log without times."""
    return [
        {k: v for k, v in row.items() if k not in TIMES}
        for row in read_metrics(workdir / "metrics.jsonl")
    ]


def assert_same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(x, y)


def test_training_learns(whole):
    workdir, _, summary, _ = whole
    dev = [row["loss"] for row in rows(workdir) if row["kind"] == "dev"]
    assert dev[-1] < dev[0] - 0.3
    assert summary.best_dev_loss == min(dev)
    assert (summary.step, summary.stopped_by) == (12, None)


def test_a_run_leaves_its_log_and_its_surroundings(whole):
    workdir, _, summary, log = whole
    train_rows = [row for row in rows(workdir) if row["kind"] == "train"]
    assert [row["step"] for row in train_rows] == [2, 4, 6, 8, 10, 12]
    assert train_rows[-1]["loss"] == summary.train_loss
    assert all(row["num_steps"] == 2 and row["num_tokens"] > 0 for row in train_rows)
    config = json.loads((workdir / "config.json").read_text())
    assert config["optim"]["schedule"]["name"] == "cosine"
    assert config["data"]["type"] == "QAData"
    env = json.loads((workdir / "env.json").read_text())
    assert env["packages"]["jax"] == jax.__version__
    assert env["num_train_examples"] >= 12
    assert "step 12/12" in log
    assert "best so far" in log


def test_one_function_per_shape_and_one_update_are_compiled(whole):
    workdir, _, summary, _ = whole
    shapes = json.loads((workdir / "env.json").read_text())["batch_shapes"]
    assert summary.num_compilations == len(shapes) + 1


def test_the_exported_model_is_the_best_on_dev(whole):
    workdir, state, summary, _ = whole
    folder = load_model_folder(workdir / "model")
    assert folder.quals.training_data == "world:12:1"
    assert folder.quals.max_source_tokens == 94  # max_positions less <s> and </s>
    assert folder.tokenizer.vocab_size == folder.config.vocab_size == 300
    if summary.best_step == 12:
        assert_same(jax.device_get(folder.params), state.params)


@pytest.mark.parametrize("stop_at", [4, 8])  # neither is a step with a checkpoint
def test_a_stopped_run_continues_bit_for_bit(whole, tiny_experiment, tmp_path, stop_at):
    workdir, state, summary, _ = whole
    _, stopped = train(tiny_experiment, tmp_path, stream=SignalAt(f"step {stop_at} · dev"))
    assert (stopped.step, stopped.stopped_by) == (stop_at, "SIGTERM")
    assert not (tmp_path / "model").exists()
    # What a killed process wrote after its last checkpoint, the last line torn.
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "step": 11, "loss": 1.0}\n{"kind": "tr')

    log = io.StringIO()
    resumed, end = train(tiny_experiment, tmp_path, stream=log)
    assert f"continuing from step {stop_at}" in log.getvalue()
    assert_same(jax.device_get(resumed), state)
    assert rows(tmp_path) == rows(workdir)
    assert (end.best_dev_loss, end.best_step) == (summary.best_dev_loss, summary.best_step)
    ours, theirs = (load_model_folder(w / "model").params for w in (tmp_path, workdir))
    assert_same(jax.device_get(ours), jax.device_get(theirs))


def test_a_finished_run_is_left_as_it_is(whole, tiny_experiment):
    workdir, state, summary, _ = whole
    before = rows(workdir)
    again, end = train(tiny_experiment, workdir, stream=io.StringIO())
    assert_same(jax.device_get(again), state)
    assert rows(workdir) == before
    assert (end.step, end.best_step) == (12, summary.best_step)


def test_other_settings_are_refused_and_named(whole, tiny_experiment):
    other = dataclasses.replace(
        tiny_experiment,
        seed=5,
        optim=dataclasses.replace(tiny_experiment.optim, beta2=0.5),
        log_every_steps=7,  # only a matter of taste
    )
    with pytest.raises(ValueError) as error:
        train(other, whole[0])
    assert "optim.beta2 was 0.999, is 0.5; seed was 1, is 5." in str(error.value)
    assert "log_every_steps" not in str(error.value)
    assert "--workdir" in str(error.value)


def test_a_field_newer_than_the_run_had_its_default(whole, tiny_experiment, tmp_path):
    config = json.loads((whole[0] / "config.json").read_text())
    del config["label_smoothing"], config["sharding"], config["batch"]["row_multiple"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    check_same_run(dataclasses.replace(tiny_experiment, sharding="fully_sharded"), tmp_path)
    other = dataclasses.replace(tiny_experiment, label_smoothing=0.2)
    with pytest.raises(ValueError, match=r"label_smoothing was 0\.1, is 0\.2\. "):
        check_same_run(other, tmp_path)


def test_other_data_behind_the_same_names_is_refused(whole, tiny_experiment, monkeypatch):
    monkeypatch.setattr("train.inputs._digest", lambda sequences: "changed")
    with pytest.raises(ValueError, match="training data or the tokenizer changed since step 12"):
        train(tiny_experiment, whole[0], stream=io.StringIO())


def test_divergence_stops_the_run_and_keeps_the_last_checkpoint(whole, tiny_experiment, tmp_path):
    optim = dataclasses.replace(
        tiny_experiment.optim, learning_rate=1e30, schedule=dataclasses.replace(
            tiny_experiment.optim.schedule, name="fixed", warmup_steps=0
        )
    )  # fmt: skip
    wild = dataclasses.replace(
        tiny_experiment, optim=optim, eval_every_steps=0, checkpoint_every_steps=1
    )
    with pytest.raises(DivergedError) as error:
        train(wild, tmp_path, stream=io.StringIO())
    message = str(error.value)
    assert "step 11: the last 10 updates had to be skipped, this one for loss nan" in message
    assert "step 1 is kept" in message
    assert "passage-" in message
    skips = [row for row in read_metrics(tmp_path / "metrics.jsonl") if row["kind"] == "skip"]
    assert [row["step"] for row in skips] == [*range(2, 12)]
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["1"]
    assert not (tmp_path / "model").exists()


def test_weights_and_tokenizer_of_a_model_folder_begin_a_run(whole, tiny_experiment, tmp_path):
    folder = load_model_folder(whole[0] / "model")
    data = dataclasses.replace(tiny_experiment.data, dev=())
    continued = dataclasses.replace(
        tiny_experiment,
        data=data,
        init_from=str(whole[0] / "model"),
        tokenizer=dataclasses.replace(tiny_experiment.tokenizer, learn_vocab_size=0),
        num_steps=1,  # the first update has learning rate 0
        checkpoint_every_steps=1,
    )
    state, summary = train(continued, tmp_path, stream=io.StringIO())
    assert_same(jax.device_get(state.params), jax.device_get(folder.params))
    assert summary.best_step is None
    assert load_model_folder(tmp_path / "model").tokenizer.sha256 == folder.tokenizer.sha256

    wider = dataclasses.replace(continued.model, encoder_ffn_dim=64)
    shutil.rmtree(tmp_path)
    with pytest.raises(ValueError, match=r"model\.encoder_ffn_dim is 64, there 32"):
        train(dataclasses.replace(continued, model=wider), tmp_path, stream=io.StringIO())
