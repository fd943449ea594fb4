"""Stages on two hosts: process 0 decides and writes, rows are split, a failure ends both."""

import os
import socket
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SCRIPT = Path(__file__).with_name("two_processes.py")


def start(workdir, **environment):
    """Exit statuses and messages of two processes that run the pipeline together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment |= {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "JAX_PLATFORMS": "cpu"}
    environment |= {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
    processes = [
        subprocess.Popen(
            [sys.executable, _SCRIPT, workdir],
            env=environment | {"JAX_PROCESS_ID": str(index)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    messages = [process.communicate(timeout=120)[1] for process in processes]
    return [process.returncode for process in processes], messages


def test_two_processes_share_the_rows_and_leave_what_one_would(tmp_path):
    statuses, messages = start(tmp_path)
    assert statuses == [0, 0], messages
    expected = "".join(f'{{"id": {i}, "text": "ROW {i}"}}\n' for i in range(11))
    assert (tmp_path / "loud.jsonl").read_text() == expected
    # Shards of two rows, in turn.
    journal = (tmp_path / "journal-0").read_text().splitlines()
    assert journal == ["rows", "shout 0 1", "shout 4 5", "shout 8 9"]
    journal = (tmp_path / "journal-1").read_text().splitlines()
    assert journal == ["shout 2 3", "shout 6 7", "shout 10"]
    assert not (tmp_path / "loud.jsonl.work").exists()
    assert "[2/2] loud" in messages[0]
    assert messages[1] == ""


def test_where_one_process_fails_the_other_ends_too_and_both_can_continue(tmp_path):
    statuses, messages = start(tmp_path, FAIL="1")
    assert statuses == [1, 1]
    assert "process 1 failed, see its message" in messages[0]
    assert "planted failure" in messages[1]
    assert not (tmp_path / "loud.jsonl").exists()
    assert start(tmp_path)[0] == [0, 0]
    assert len((tmp_path / "loud.jsonl").read_text().splitlines()) == 11
    assert (tmp_path / "journal-0").read_text().count("rows") == 1
    assert (tmp_path / "journal-0").read_text().count("shout 0 1") == 1  # kept from before
