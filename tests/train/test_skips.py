"""F32: a loss that is not finite or spikes, for one update and for several in a row."""

import dataclasses
import io

import jax
import numpy as np
import pytest

from tests.train.test_loop import SignalAt, assert_same
from train.command import main
from train.config import SkipConfig
from train.loop import DivergedError, train
from train.metric_log import read_metrics
from train.schedules import make_schedule
from train.step import Trainer

NUM_STEPS = 12
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def experiment(tiny_experiment):
    return dataclasses.replace(
        tiny_experiment,
        num_steps=NUM_STEPS,
        log_every_steps=1,
        eval_every_steps=0,
        checkpoint_every_steps=2,
        keep_checkpoints=9,
    )


@pytest.fixture
def plant(monkeypatch):
    """``plant({step: (factor, factor)})`` multiplies loss and gradient of these updates."""
    gradients = Trainer.gradients

    def faulty(self, params, batch, step, index=0):
        sums, grads = gradients(self, params, batch, step, index)
        of_loss, of_gradient = planted.get(int(jax.device_get(step)) + 1, (1.0, 1.0))
        with jax.transfer_guard("allow"):
            sums = sums._replace(loss=sums.loss * of_loss)
            grads = jax.tree.map(lambda g: g * of_gradient, grads)
        return sums, grads

    planted: dict[int, tuple[float, float]] = {}
    monkeypatch.setattr(Trainer, "gradients", faulty)
    return planted.update


def kinds(workdir, kind):
    return [row for row in read_metrics(workdir / "metrics.jsonl") if row["kind"] == kind]


@pytest.mark.parametrize(
    ("factors", "reason"),
    [
        ((NAN, NAN), "loss nan, gradient norm nan"),
        ((INF, INF), "loss inf, gradient norm "),
        ((1.0, NAN), ", gradient norm nan"),
        ((1.0, INF), ", gradient norm "),
        ((8.0, 8.0), "is a spike, the running mean is"),
    ],
)
def test_one_bad_update_is_skipped_counted_and_named(experiment, plant, tmp_path, factors, reason):
    plant({5: factors})
    log = io.StringIO()
    state, summary = train(experiment, tmp_path, stream=log)
    assert (summary.step, summary.num_skipped) == (NUM_STEPS, 1)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(jax.device_get(state)))
    [skip] = kinds(tmp_path, "skip")
    assert skip["step"] == 5
    assert reason in skip["reason"]
    assert "SKIPPED the update of step 5" in log.getvalue()
    assert len(set(skip["ids"])) > 1
    assert f"(rows {', '.join(skip['ids'])})" in log.getvalue()
    steps = [row["step"] for row in kinds(tmp_path, "train")]
    assert steps == [step for step in range(1, NUM_STEPS + 1) if step != 5]
    # The next update is made with the learning rate that the skipped one would have had.
    rates = {row["step"]: row["learning_rate"] for row in kinds(tmp_path, "train")}
    optim = experiment.optim
    schedule = make_schedule(optim.schedule, optim.learning_rate, NUM_STEPS)
    assert [rates[4], rates[6]] == pytest.approx([float(schedule(3)), float(schedule(4))], rel=1e-6)


def test_a_skipped_update_leaves_parameters_and_moments(experiment, plant, tmp_path):
    short = dataclasses.replace(experiment, optim=dataclasses.replace(
        experiment.optim, schedule=dataclasses.replace(
            experiment.optim.schedule, name="fixed", warmup_steps=0))
    )  # fmt: skip
    before, _ = train(dataclasses.replace(short, num_steps=4), tmp_path / "a", stream=io.StringIO())
    plant({5: (NAN, NAN)})
    after, _ = train(dataclasses.replace(short, num_steps=5), tmp_path / "b", stream=io.StringIO())
    before, after = jax.device_get((before, after))
    assert_same(after.params, before.params)
    assert_same(after.opt_state, before.opt_state)
    assert (after.step, after.num_skipped, after.loss_mean) == (5, 1, before.loss_mean)


def test_without_a_spike_factor_a_high_loss_is_taken(experiment, plant, tmp_path):
    plant({5: (8.0, 8.0), 7: (NAN, NAN)})
    taken = dataclasses.replace(experiment, skip=SkipConfig(spike_factor=0.0))
    _, summary = train(taken, tmp_path, stream=io.StringIO())
    assert summary.num_skipped == 1
    assert [row["step"] for row in kinds(tmp_path, "skip")] == [7]


def test_a_run_stopped_among_skipped_updates_continues_bit_for_bit(experiment, plant, tmp_path):
    plant({4: (NAN, NAN), 7: (9.0, 9.0), 8: (INF, INF)})
    whole, summary = train(experiment, tmp_path / "whole", stream=io.StringIO())
    assert summary.num_skipped == 3
    _, stopped = train(experiment, tmp_path / "parts", stream=SignalAt("update of step 8"))
    assert stopped.stopped_by == "SIGTERM"
    assert 8 <= stopped.step < NUM_STEPS
    again, summary = train(experiment, tmp_path / "parts", stream=io.StringIO())
    assert summary.num_skipped == 3
    assert_same(jax.device_get(again), jax.device_get(whole))
    assert [row["step"] for row in kinds(tmp_path / "parts", "skip")] == [4, 7, 8]


def test_too_many_in_a_row_end_the_run_and_leave_the_checkpoint_before(experiment, plant, tmp_path):
    plant(dict.fromkeys(range(4, 99), (NAN, NAN)))
    few = dataclasses.replace(experiment, skip=SkipConfig(max_in_a_row=3), keep_checkpoints=1)
    with pytest.raises(DivergedError) as error:
        train(few, tmp_path, stream=io.StringIO())
    assert "step 6: the last 3 updates had to be skipped" in str(error.value)
    assert "step 2 is kept" in str(error.value)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["2"]
    skips = kinds(tmp_path, "skip")
    assert [row["step"] for row in skips] == [4, 5, 6]
    assert all(row["ids"] for row in skips)


def test_the_command_fails_where_training_diverges(plant, tmp_path, capsys):
    plant(dict.fromkeys(range(1, 99), (NAN, NAN)))
    assert main(["qagen_squad:smoke", "--workdir", str(tmp_path), "--skip.max-in-a-row", "2"]) == 1
    assert "error: step 2: the last 2 updates had to be skipped" in capsys.readouterr().err
