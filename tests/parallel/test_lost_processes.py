"""F33: one of several processes dies, stops, hangs, ends too early or never comes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from quals_jax.parallel.heartbeats import Limits

_SCRIPT = Path(__file__).with_name("forked_run.py")
_ROOT = Path(__file__).parents[2]


def run(folder, count, fault, **limits):
    """Exit statuses and messages of the processes, all ended within a minute."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, _SCRIPT, folder, str(count), fault],
        env=environment | {name: str(secs) for name, secs in limits.items()},
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    messages = [(folder / f"messages-{index}").read_text() for index in range(count)]
    return json.loads(done.stdout), messages


def assert_all_told(messages, *parts):
    for message in messages:
        for part in (*parts, "Start the same command again on all hosts"):
            assert part in message


def test_nothing_lost_nothing_said(tmp_path):
    assert run(tmp_path, 3, "none") == ([0, 0, 0], ["", "", ""])


def test_a_killed_process_ends_the_others_with_the_reason(tmp_path):
    statuses, messages = run(tmp_path, 3, "killed")
    assert statuses == [1, 1, -9]
    assert_all_told(messages[:2], "process 2 is gone", "it was killed", "run of 3 processes")


def test_the_first_process_has_no_privilege(tmp_path):
    statuses, messages = run(tmp_path, 3, "first-killed")
    assert statuses == [-9, 1, 1]
    assert_all_told(messages[1:], "process 0 is gone", "it was killed")


@pytest.mark.parametrize(("fault", "victim"), [("stopped", 2), ("first-stopped", 0)])
def test_a_silent_process_ends_the_others_after_a_while(tmp_path, fault, victim):
    statuses, messages = run(tmp_path, 3, fault, QUALS_SILENCE_SECS=3)
    assert statuses[victim] is None
    assert statuses.count(1) == 2
    assert_all_told(
        [message for index, message in enumerate(messages) if index != victim],
        f"process {victim} is gone, nothing was heard of it for 3 s",
    )


def test_a_process_that_beats_but_hangs_is_named_with_its_place(tmp_path):
    statuses, messages = run(tmp_path, 3, "hung", QUALS_STALL_SECS=3)
    assert statuses == [1, 1, 1]
    where = "process 2 finished nothing for 3 s (QUALS_STALL_SECS); it is at"
    assert_all_told(messages, where, "forked_run.py", "in suffer")


def test_one_that_ends_early_is_not_waited_for(tmp_path):
    statuses, messages = run(tmp_path, 3, "ended", QUALS_SILENCE_SECS=2)
    assert statuses[:2] == [1, 1]
    assert statuses[2] != 0
    assert_all_told(messages[:2], "process 2 ended before process", "see its message")


def test_a_failure_that_all_take_part_in_keeps_its_traceback(tmp_path):
    statuses, messages = run(tmp_path, 3, "failed")
    assert statuses == [1, 1, 1]
    assert messages[2].count("planted failure") == 2  # the line of code, and the error
    assert "process 2 failed, see its message" in messages[0]
    assert "is gone" not in "".join(messages)


def test_a_process_that_never_comes_ends_the_start(tmp_path):
    statuses, messages = run(tmp_path, 3, "absent", QUALS_START_SECS=3)
    assert statuses == [1, 1, 0]
    for message in messages[:2]:
        assert "not all of the 3 processes of this run met within 3 s (QUALS_START_SECS)" in message
        assert "cannot reach process 0 at 127.0.0.1:" in message


def test_another_version_of_the_code_is_refused_at_the_start(tmp_path):
    statuses, messages = run(tmp_path, 3, "other-code")
    assert statuses == [1, 1, 1]
    for message in messages:
        assert "the code of process 2 is not that of process 0. Start the same command" in message


def test_limits_are_seconds():
    assert Limits.of({}) == Limits(30.0, 300.0, 3600.0)
    assert Limits.of({"QUALS_SILENCE_SECS": "2.5"}).silence_secs == 2.5
    for text in ("soon", "0", "-1", "inf", "nan"):
        with pytest.raises(ValueError, match=f"QUALS_START_SECS is '{text}', expected seconds"):
            Limits.of({"QUALS_START_SECS": text})
