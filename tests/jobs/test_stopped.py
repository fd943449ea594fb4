"""F6, F7: a signal or a full disk ends a job in order; the next run continues it."""

import contextlib
import os
import resource
import signal
import time

import pytest

from quals_jax.jobs.stopping import Stopped, StopSignals, signal_of


def _at_work(stand_in, *arguments):
    """A process whose first shard is on disk."""
    process = stand_in.start("in.jsonl", "out.jsonl", *arguments)
    manifest = stand_in.folder / "out.jsonl.work" / "manifest.jsonl"
    while not (manifest.exists() and manifest.stat().st_size):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGUSR1, 143)]
)
def test_a_signal_ends_the_job_between_two_rows_and_it_can_be_continued(stand_in, number, status):
    stand_in.write_rows("in.jsonl", 120)
    stand_in.run("in.jsonl", "whole.jsonl")
    process = _at_work(stand_in, "--rows-per-sec", "40")
    process.send_signal(number)
    _, messages = process.communicate(timeout=30)
    assert process.returncode == status
    assert f"stopped by {number.name}" in messages.decode()
    assert "finished rows are kept in out.jsonl.work" in messages.decode()
    assert b"Traceback" not in messages
    assert not (stand_in.folder / "out.jsonl").exists()
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 0
    assert "continuing" in messages
    assert stand_in.read("out.jsonl") == stand_in.read("whole.jsonl")


def _swallow_a_signal(signals):
    with signals.interruptible(), contextlib.suppress(BaseException):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_that_a_library_swallows_still_drops_the_shard():
    with StopSignals() as signals:
        with pytest.raises(Stopped):
            _swallow_a_signal(signals)
        with pytest.raises(Stopped):
            signals.interruptible().__enter__()


def test_a_signal_outside_an_interruptible_block_waits_for_the_next(capsys):
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGUSR1)
        with pytest.raises(Stopped) as stopped:
            signals.interruptible().__enter__()
    assert stopped.value.exit_status == 143


def test_a_stopped_job_without_a_finished_row_leaves_nothing(stand_in):
    stand_in.write_rows("in.jsonl", 40)
    # The shard would take minutes: the signal must break it off.
    process = stand_in.start("in.jsonl", "out.jsonl", "--rows-per-sec", "0.1", "--shard-rows", "40")
    while not (stand_in.folder / "out.jsonl.work" / "signature.json").exists():
        time.sleep(0.01)
    process.terminate()
    _, messages = process.communicate(timeout=30)
    assert process.returncode == 143
    assert b"no row yet" in messages
    assert stand_in.leftovers() == ["in.jsonl"]


def test_a_second_ctrl_c_ends_the_process_on_the_spot():
    # In a child, since os._exit skips everything, the test run included.
    child = os.fork()
    if child == 0:
        with StopSignals():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130


def _no_file_above(size: int):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("size", [100, 300, 900])
def test_a_full_disk_ends_with_path_and_size_and_the_job_can_be_continued(stand_in, size):
    """100 bytes are too few for the first files, 300 for a shard, 900 for the output."""
    stand_in.write_rows("in.jsonl", 20)
    stand_in.run("in.jsonl", "whole.jsonl", "--shard-rows", "8")
    status, _, messages = stand_in.run(
        "in.jsonl", "out.jsonl", "--shard-rows", "8", preexec_fn=_no_file_above(size)
    )
    assert status == 1
    assert "cannot write out.jsonl" in messages
    assert "bytes" in messages
    assert "File too large" in messages
    assert "run the same command again" in messages
    assert "Traceback" not in messages
    assert not (stand_in.folder / "out.jsonl").exists()
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl", "--shard-rows", "8")
    assert status == 0
    assert ("continuing" in messages) == (size == 900)
    assert stand_in.read("out.jsonl") == stand_in.read("whole.jsonl")


def test_a_full_device_as_output_is_an_error(stand_in):
    stand_in.write_rows("in.jsonl", 9)
    status, _, messages = stand_in.run("in.jsonl", "/dev/full")
    assert status == 1
    assert "cannot write /dev/full: No space left on device" in messages


def test_an_exit_status_names_its_signal():
    assert [signal_of(status) for status in (130, 143, 0, 2)] == [
        signal.SIGINT,
        signal.SIGTERM,
        None,
        None,
    ]
