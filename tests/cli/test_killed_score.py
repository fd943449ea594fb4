"""F1, F7: `kill -9` and SIGTERM of the real `quals score`, then the same command again."""

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import write_rows

_KILLS = 50
_PATIENCE = 600.0  # seconds; a busy machine compiles slowly


class Preloaded:
    """Starts `quals` in a forked child and can wait for its end with a time limit."""

    def __init__(self, folder):
        self.messages = folder / "messages"
        self.child: int | None = None
        script = __file__.replace("test_killed_score.py", "preloaded.py")
        self.server = subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self.server.stdout.readline() == b"ready\n"

    def start(self, arguments) -> int:
        request = {"arguments": list(map(str, arguments)), "messages": str(self.messages)}
        self.server.stdin.write(json.dumps(request).encode() + b"\n")
        self.child = int(self.server.stdout.readline())
        return self.child

    def close(self) -> None:
        if self.child is not None:  # a failed test left it at work
            os.kill(self.child, signal.SIGKILL)
        self.server.stdin.close()
        self.server.wait(_PATIENCE)
        self.server.stdout.close()

    def status(self, secs: float | None = None) -> int | None:
        """Exit status, or None when it still runs after so many seconds."""
        ready, _, _ = select.select([self.server.stdout], [], [], secs)
        if not ready:
            return None
        self.child = None
        return int(self.server.stdout.readline())


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory):
    preloaded = Preloaded(tmp_path_factory.mktemp("preloaded"))
    yield preloaded
    preloaded.close()


@pytest.fixture
def command(tmp_path, model_dir, texts):
    """Arguments for an output name; twelve rows in twelve shards of one compiled shape."""
    rows = [
        {"id": f"r{i}-{j}", "document": document, "summary": summary}
        for j in range(3)
        for i, (document, summary) in enumerate(texts)
    ]
    source = write_rows(tmp_path / "in.jsonl", rows)
    few = ("--num-beams", "4", "--max-pair-tokens", "14", "--num-pairs", "1")

    def arguments(name):
        output = ("-o", tmp_path / name, "--model", model_dir, "--shard-rows", "1")
        return ("score", source, *output, *few)

    return arguments


def test_output_is_the_same_after_kills_at_random_moments(preloaded, command, tmp_path):
    preloaded.start(command("whole.jsonl"))
    assert preloaded.status(_PATIENCE) == 0, preloaded.messages.read_text()
    expected = (tmp_path / "whole.jsonl").read_bytes()
    output, work = tmp_path / "out.jsonl", tmp_path / "out.jsonl.work"
    moments = random.Random(11)
    kills = kills_at_work = 0
    while kills < _KILLS:
        child = preloaded.start(command("out.jsonl"))
        # Many die while they begin, a third between and inside their first shards.
        shards = _finished(work) + moments.choice([0, 0, 0, 0, 1, 2])
        status = preloaded.status(moments.uniform(0.0, 0.5))
        while status is None and _finished(work) < shards:
            status = preloaded.status(moments.uniform(0.001, 0.02))
        if status is None:
            os.kill(child, signal.SIGKILL)
            status = preloaded.status()
        kills += status == -signal.SIGKILL
        kills_at_work += status == -signal.SIGKILL and _finished(work) > 0
        if status != -signal.SIGKILL:  # it came to its end: check, and begin another output
            assert status == 0, preloaded.messages.read_text()
            assert output.read_bytes() == expected
            output.unlink()
    preloaded.start(command("out.jsonl"))
    assert preloaded.status(_PATIENCE) == 0, preloaded.messages.read_text()
    assert output.read_bytes() == expected
    assert not work.exists()
    assert kills_at_work >= 5


def test_sigterm_ends_it_in_order_and_the_same_command_continues(preloaded, command, tmp_path):
    child = preloaded.start(command("out.jsonl"))
    while not _finished(tmp_path / "out.jsonl.work"):
        assert preloaded.status(0.01) is None
    os.kill(child, signal.SIGTERM)
    assert preloaded.status(_PATIENCE) == 143
    assert "stopped by SIGTERM" in preloaded.messages.read_text()
    preloaded.start(command("out.jsonl"))
    assert preloaded.status(_PATIENCE) == 0
    assert "continuing" in preloaded.messages.read_text()
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 12


def _finished(work) -> int:
    """Shards with a manifest line."""
    with contextlib.suppress(FileNotFoundError):
        return (work / "manifest.jsonl").read_bytes().count(b"\n")
    return 0
