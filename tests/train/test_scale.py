"""One device, eight, four, two processes, four processes: the same run. ConSeq, dropout and all."""

import dataclasses
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from tests.tolerances import LOSS
from tests.train.scaled_run import (
    NUM_STEPS,
    NUM_STEPS_OF_TWO,
    conseq_experiment,
    rows_of,
    write_contrast_rows,
)
from train.loop import train


def start(case, folder, num_devices, **variables):
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": str(num_devices)} | variables
    return subprocess.Popen(
        [sys.executable, "-m", "tests.train.scaled_run", case, str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process):
    out, err = process.communicate(timeout=900)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Workdirs of all runs, and the log of the run on this process's one device."""
    folder = tmp_path_factory.mktemp("scale")
    write_contrast_rows(folder / "rows.jsonl")
    experiment = conseq_experiment(folder / "rows.jsonl", "data_parallel")
    train(experiment, folder / "one", stream=io.StringIO())
    return folder


@pytest.fixture(scope="module")
def eight(folder):
    return result(start("eight", folder, 8))


def assert_same_log(workdir, reference, num_steps=NUM_STEPS):
    ours, theirs = rows_of(workdir), rows_of(reference)
    assert [row["step"] for row in ours] == [*range(1, num_steps + 1)]
    for mine, other in zip(ours, theirs, strict=False):
        for name in ("loss", "positive_nll", "negative_loss", "grad_norm"):
            np.testing.assert_allclose(mine[name], other[name], rtol=LOSS, err_msg=name)
        for name in ("epoch", "num_examples", "positive_tokens", "negative_tokens"):
            assert mine[name] == other[name]


def test_the_reference_run_learns_from_both_kinds_of_summaries(folder):
    rows = rows_of(folder / "one")
    assert rows[-1]["positive_nll"] < rows[0]["positive_nll"] - 0.5
    assert all(row["positive_tokens"] and row["negative_tokens"] for row in rows)
    shapes = json.loads((folder / "one" / "env.json").read_text())["batch_shapes"]
    assert [shape["B"] % 8 for shape in shapes] != [0]  # eight devices get rows that only pad


@pytest.mark.parametrize("sharding", ["data_parallel", "fully_sharded"])
def test_eight_devices_train_as_one_does(folder, eight, sharding):
    assert_same_log(folder / sharding, folder / "one")
    in_first_epoch, later = eight[sharding]["compilations"]
    assert in_first_epoch > 0
    assert later == 0


def test_fully_sharded_devices_hold_their_share(eight):
    copied, split = eight["data_parallel"], eight["fully_sharded"]
    assert (copied["table"], copied["moment"]) == ([500, 16], [500, 16])
    assert (split["table"], split["moment"]) == ([500, 2], [500, 2])  # 8 does not divide 500
    assert split["bytes"] < 0.2 * copied["bytes"]


def test_a_fully_sharded_run_resumes_bit_for_bit(eight):
    assert eight["resumed_is_the_same"]


def test_devices_meet_once_per_batch_in_the_loss(eight):
    after, within = eight["sums_in_the_loop"]
    assert after > 0
    assert within == 0


def test_a_checkpoint_of_eight_devices_continues_on_four(folder, eight):
    shutil.copytree(folder / "fully_sharded", folder / "four")
    shutil.rmtree(folder / "four" / "checkpoints" / str(NUM_STEPS))
    assert result(start("four", folder, 4)) == {"devices": 4}
    assert_same_log(folder / "four", folder / "one")


def start_processes(case, folder, num_devices, count, **variables):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    variables |= {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": str(count)}
    return [
        start(case, folder, num_devices, **variables, JAX_PROCESS_ID=str(index))
        for index in range(count)
    ]


def test_two_processes_of_four_devices_train_as_one_of_eight(folder, eight):
    first, second = map(result, start_processes("two", folder, 4, 2))
    # A signal to one stops both after the same step, and they continue.
    assert first["stopped"] == second["stopped"]
    assert first["stopped"][1] == "SIGTERM"
    assert 3 <= first["stopped"][0] < NUM_STEPS_OF_TWO
    assert first["steps"] == second["steps"] == NUM_STEPS_OF_TWO
    assert first["devices"] == second["devices"] == [4, 8]
    assert first["bytes"] == second["bytes"] == eight["fully_sharded"]["bytes"]
    assert_same_log(folder / "two", folder / "fully_sharded", NUM_STEPS_OF_TWO)
    assert first["exported"]
    assert second["exported"]
    # Another number of hosts is no obstacle: one process of one device does the rest again.
    shutil.copytree(folder / "two", folder / "two_then_one")
    shutil.rmtree(folder / "two_then_one" / "checkpoints" / str(NUM_STEPS_OF_TWO))
    experiment = conseq_experiment(folder / "rows.jsonl", "data_parallel")
    shorter = dataclasses.replace(experiment, num_steps=NUM_STEPS_OF_TWO)
    log = io.StringIO()
    train(shorter, folder / "two_then_one", stream=log)
    assert f"continuing from step {first['stopped'][0]}" in log.getvalue()
    assert_same_log(folder / "two_then_one", folder / "one", NUM_STEPS_OF_TWO)
    for part in ("config", "data"):
        for process in (first, second):
            expected = f"the {part} of process 1 is not that of process 0"
            assert expected in process[f"refused_{part}"]


def test_one_of_four_processes_is_killed_and_the_rerun_ends_as_if_it_had_not_been(folder, eight):
    processes = start_processes("four_processes", folder, 1, 4, KILL="1")
    assert processes[3].wait(timeout=900) == -signal.SIGKILL
    messages = [process.communicate(timeout=60)[1] for process in processes]  # promised: a minute
    assert [process.returncode for process in processes[:3]] == [1, 1, 1], messages
    for message in messages[:3]:
        assert "process 3 is gone" in message
        assert "Start the same command again on all hosts" in message
    for found in map(result, start_processes("four_processes", folder, 1, 4)):
        assert found == {"devices": [1, 4], "steps": NUM_STEPS_OF_TWO, "same_weights": True}
    assert rows_of(folder / "four_killed") == rows_of(folder / "four_whole")
    assert_same_log(folder / "four_whole", folder / "fully_sharded", NUM_STEPS_OF_TWO)
