"""F4, F5: an output belongs to one job and, while it grows, to one process."""

import fcntl
import json
import os
import socket
import time

import pytest

from quals_jax.jobs.lock import FileLock, LockedError


def _interrupt(stand_in, *arguments) -> None:
    """Leaves out.jsonl unfinished with some shards."""
    status, _, _ = stand_in.run(
        "in.jsonl", "out.jsonl", *arguments, environment={"FAULT": "before_assembly"}
    )
    assert status == -9


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_changed_setting_is_refused_by_name_until_restart(stand_in, interrupted):
    stand_in.write_rows("in.jsonl", 9)
    _interrupt(stand_in) if interrupted else stand_in.run("in.jsonl", "out.jsonl")
    before = stand_in.leftovers()
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl", "--mode", "paper")
    assert status == 2
    assert 'settings.mode: "clean" there, "paper" now' in messages
    assert messages.count(" there, ") == 1
    assert "--restart" in messages
    assert stand_in.leftovers() == before
    assert stand_in.run("in.jsonl", "out.jsonl", "--mode", "paper", "--restart")[0] == 0
    assert stand_in.run("in.jsonl", "out.jsonl", "--mode", "paper")[0] == 0


def test_changed_rows_are_refused(stand_in):
    stand_in.write_rows("in.jsonl", 9)
    _interrupt(stand_in)
    stand_in.write_rows("in.jsonl", 10)
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 2
    assert "input_sha256" in messages


def test_rows_that_change_while_they_are_read_are_refused(stand_in):
    stand_in.write_rows("in.jsonl", 9)
    status, _, messages = stand_in.run(
        "in.jsonl", "out.jsonl", environment={"FAULT": "input_grows"}
    )
    assert status == 2
    assert "in.jsonl was changed while it was read" in messages
    assert not (stand_in.folder / "out.jsonl").exists()


def test_the_same_rows_under_another_name_continue(stand_in):
    path = stand_in.write_rows("in.jsonl", 9)
    _interrupt(stand_in)
    path.rename(path.with_name("moved.jsonl"))
    status, _, messages = stand_in.run("moved.jsonl", "out.jsonl")
    assert status == 0
    assert "continuing: 9 of 9" in messages


def test_a_changed_model_file_is_refused_by_its_name(stand_in):
    stand_in.write_rows("in.jsonl", 9)
    model = stand_in.folder / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    _interrupt(stand_in, "--model", "model")
    (model / "README.md").write_text("a model card changes no score")
    (model / "model.safetensors").write_bytes(b"weightz")
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl", "--model", "model")
    assert status == 2
    assert "model.model.safetensors:" in messages
    assert messages.count(" there, ") == 1


def test_a_worker_with_another_signature_is_refused(stand_in):
    stand_in.write_rows("in.jsonl", 9)
    stand_in.run("in.jsonl", "out.jsonl", environment={"FAULT": "before_manifest_line"})
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl", "--signature", "other")
    assert status == 2
    assert "begun as stand-in, and this is other" in messages


def test_a_finished_job_does_nothing_and_says_so(stand_in):
    stand_in.write_rows("in.jsonl", 9)
    stand_in.run("in.jsonl", "out.jsonl")
    before = stand_in.folder.joinpath("out.jsonl").stat()
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 0
    assert "finished already" in messages
    assert "9 scored" in messages
    assert stand_in.folder.joinpath("out.jsonl").stat() == before
    assert stand_in.leftovers() == ["in.jsonl", "out.jsonl", "out.jsonl.manifest.json"]


@pytest.mark.parametrize("change", ["foreign", "edited", "damaged manifest"])
def test_an_output_that_is_not_this_jobs_is_never_overwritten(stand_in, change):
    stand_in.write_rows("in.jsonl", 9)
    output = stand_in.folder / "out.jsonl"
    if change == "foreign":
        output.write_text("precious\n")
    else:
        stand_in.run("in.jsonl", "out.jsonl")
        changed = output if change == "edited" else stand_in.folder / "out.jsonl.manifest.json"
        changed.open("ab").write(b"more\n")
    before = output.read_bytes()
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 2
    assert "--restart" in messages
    assert output.read_bytes() == before
    assert not (stand_in.folder / "out.jsonl.work").exists()
    assert stand_in.run("in.jsonl", "out.jsonl", "--restart")[0] == 0


def test_input_and_output_must_differ(stand_in):
    path = stand_in.write_rows("in.jsonl", 2)
    before = path.read_bytes()
    assert stand_in.run("in.jsonl", "./in.jsonl")[0] == 2
    assert path.read_bytes() == before


def test_a_second_process_fails_at_once_and_names_the_first(stand_in):
    stand_in.write_rows("in.jsonl", 400)
    first = stand_in.start("in.jsonl", "out.jsonl", "--rows-per-sec", "20")
    manifest = stand_in.folder / "out.jsonl.work" / "manifest.jsonl"
    while not manifest.exists() and first.poll() is None:
        time.sleep(0.01)
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    first.kill()
    first.communicate()
    assert status == 1
    assert f"process {first.pid} on {socket.gethostname()}" in messages
    # The lock of the dead process is no obstacle.
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 0, messages
    assert "continuing" in messages


def test_the_lock_of_another_host_is_respected(tmp_path):
    lock = tmp_path / "work" / "lock"
    lock.parent.mkdir()
    lock.write_text(json.dumps({"pid": 1, "host": "elsewhere", "started": "2026"}))
    with pytest.raises(LockedError, match=r"process 1 on elsewhere, started 2026.*delete"):
        FileLock(lock).__enter__()
    with FileLock(lock, across_hosts=False):  # a training run that was moved to this host
        assert json.loads(lock.read_text())["pid"] == os.getpid()
    with FileLock(lock):
        assert json.loads(lock.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize(("pid", "alive"), [(os.getppid(), True), (2**22 + 1, False)])
def test_without_kernel_locks_a_live_process_id_counts(tmp_path, monkeypatch, pid, alive):
    def no_flock(file, operation):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", no_flock)
    lock = tmp_path / "lock"
    lock.write_text(json.dumps({"pid": pid, "host": socket.gethostname(), "started": "2026"}))
    if alive:
        with pytest.raises(LockedError):
            FileLock(lock).__enter__()
    else:
        with FileLock(lock):
            pass


def test_a_lock_that_is_removed_while_it_is_taken_is_taken_anew(tmp_path, monkeypatch):
    lock, removals, flock = tmp_path / "work" / "lock", [1, 2], fcntl.flock

    def flock_behind_a_finishing_process(file, operation):
        if removals:
            removals.pop()
            lock.unlink()
            lock.parent.rmdir()
        flock(file, operation)

    monkeypatch.setattr("fcntl.flock", flock_behind_a_finishing_process)
    with FileLock(lock):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
        with pytest.raises(LockedError):
            FileLock(lock).__enter__()
