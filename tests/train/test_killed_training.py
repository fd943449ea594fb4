"""F6, F29, F36: `kill -9` of the real `python -m train`, then the same command again."""

import contextlib
import os
import random
import signal

import pytest

from tests.forked_commands import PATIENCE, ForkedCommands
from train.metric_log import read_metrics

_KILLS = 20
_SIZES = ("--model.d-model", "16", "--data.train", "world:12:1", "--data.dev", "world:3:2")
_STEPS = ("--num-steps", "12", "--eval-every-steps", "3", "--checkpoint-every-steps", "2")


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    commands = ForkedCommands(tmp_path_factory.mktemp("training"), "tests.train.killable")
    yield commands
    commands.close()


def arguments(workdir):
    return ("qagen_squad:smoke", "--workdir", workdir, *_SIZES, *_STEPS)


def run(training, workdir, **environment):
    """Exit status and messages."""
    training.start(arguments(workdir), **environment)
    return training.status(PATIENCE), training.messages.read_text()


def left_by(workdir):
    """What must not depend on interruptions: the log without times, and the model."""
    rows = [dict(row, secs=None) for row in read_metrics(workdir / "metrics.jsonl")]
    files = sorted((workdir / "model").iterdir())
    kept = sorted(path.name for path in (workdir / "checkpoints").iterdir())
    return rows, kept, [(file.name, file.read_bytes()) for file in files]


@pytest.fixture(scope="module")
def whole(training, tmp_path_factory):
    """What an uninterrupted run leaves."""
    workdir = tmp_path_factory.mktemp("whole")
    status, messages = run(training, workdir)
    assert status == 0, messages
    rows, kept, files = left_by(workdir)
    assert [row["step"] for row in rows if row["kind"] == "train"] == [*range(1, 13)]
    assert [row["step"] for row in rows if row["kind"] == "dev"] == [3, 6, 9, 12]
    assert kept == ["10", "12"]
    return rows, kept, files


def test_a_run_is_the_same_after_kills_at_random_moments(training, whole, tmp_path):
    moments = random.Random(5)
    kills = resumed = finished = 0
    workdir = tmp_path / "0"
    while kills < _KILLS:
        child = training.start(arguments(workdir))
        # Some die while they begin, most while they write: saves overlap with all other work.
        wanted = _num_writes(workdir) + moments.choice([0, 1, 1, 2, 3])
        status = training.status(moments.uniform(0.0, 0.5))
        while status is None and _num_writes(workdir) < wanted:
            status = training.status(moments.uniform(0.0, 0.02))
        if status is None:
            os.kill(child, signal.SIGKILL)
            status = training.status()
        resumed += "continuing from step" in training.messages.read_text()
        if status == -signal.SIGKILL:
            kills += 1
        else:
            assert status == 0, training.messages.read_text()
            assert left_by(workdir) == whole
            finished += 1
            workdir = tmp_path / str(finished)
    assert run(training, workdir)[0] == 0
    assert left_by(workdir) == whole
    assert resumed >= 5


def _num_writes(workdir) -> int:
    """Grows when a checkpoint is begun, when it is complete, and when a row is logged."""
    count = 0
    with contextlib.suppress(FileNotFoundError):
        names = [path.name for path in (workdir / "checkpoints").iterdir()]
        count += sum(2 * int(name) for name in names if name.isdigit())
        count += sum(int(name.partition(".")[0]) for name in names if not name.isdigit())
        count += (workdir / "metrics.jsonl").read_bytes().count(b"\n")
    return count


@pytest.mark.parametrize(
    ("fault", "continued"),
    [
        ("between_items", "continuing from step 2"),
        ("before_manifest", "continuing from step 2"),
        ("inside_manifest", "continuing from step 2"),
        ("before_commit", "continuing from step 2"),
        ("inside_export", "continuing from step 12"),
        ("inside_tokenizer", ""),
    ],
)
def test_a_run_is_the_same_after_a_kill_between_two_writes(
    training, whole, tmp_path, fault, continued
):
    status, messages = run(training, tmp_path, FAULT=fault)
    assert status == -signal.SIGKILL, messages
    status, messages = run(training, tmp_path)
    assert status == 0, messages
    assert continued in messages
    assert "DAMAGED" not in messages  # a checkpoint is there when all of it is
    assert left_by(tmp_path) == whole


def test_a_full_disk_is_told_and_costs_no_more_than_a_kill(training, whole, tmp_path):
    status, messages = run(training, tmp_path, FAULT="full_disk")
    assert status == 1, messages
    reason = messages.splitlines()[-1]
    assert reason.startswith(f"error: cannot write {tmp_path}/"), messages
    assert "File too large. What was complete before is kept" in reason
    status, messages = run(training, tmp_path)
    assert status == 0, messages
    assert left_by(tmp_path) == whole


def test_no_tracking_service_is_needed(training, whole, tmp_path):
    status, messages = run(training, tmp_path, FAULT="no_trackers")
    assert status == 0, messages
    assert left_by(tmp_path) == whole
