"""F1, F7: `kill -9` and SIGTERM of the real `quals score`, then the same command again."""

import contextlib
import os
import random
import signal

import pytest

from tests.cli.conftest import write_rows
from tests.forked_commands import PATIENCE, ForkedCommands

_KILLS = 50


@pytest.fixture(scope="module")
def quals(tmp_path_factory):
    """The command `quals`."""
    folder = tmp_path_factory.mktemp("quals")
    commands = ForkedCommands(folder, "quals_jax.cli", "jax", "quals_jax.metrics.quals")
    yield commands
    commands.close()


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


def test_output_is_the_same_after_kills_at_random_moments(quals, command, tmp_path):
    quals.start(command("whole.jsonl"))
    assert quals.status(PATIENCE) == 0, quals.messages.read_text()
    expected = (tmp_path / "whole.jsonl").read_bytes()
    output, work = tmp_path / "out.jsonl", tmp_path / "out.jsonl.work"
    moments = random.Random(11)
    kills = kills_at_work = 0
    while kills < _KILLS:
        child = quals.start(command("out.jsonl"))
        # Many die while they begin, a third between and inside their first shards.
        shards = _finished(work) + moments.choice([0, 0, 0, 0, 1, 2])
        status = quals.status(moments.uniform(0.0, 0.5))
        while status is None and _finished(work) < shards:
            status = quals.status(moments.uniform(0.001, 0.02))
        if status is None:
            os.kill(child, signal.SIGKILL)
            status = quals.status()
        kills += status == -signal.SIGKILL
        kills_at_work += status == -signal.SIGKILL and _finished(work) > 0
        if status != -signal.SIGKILL:  # it came to its end: check, and begin another output
            assert status == 0, quals.messages.read_text()
            assert output.read_bytes() == expected
            output.unlink()
    quals.start(command("out.jsonl"))
    assert quals.status(PATIENCE) == 0, quals.messages.read_text()
    assert output.read_bytes() == expected
    assert not work.exists()
    assert kills_at_work >= 5


def test_sigterm_ends_it_in_order_and_the_same_command_continues(quals, command, tmp_path):
    child = quals.start(command("out.jsonl"))
    while not _finished(tmp_path / "out.jsonl.work"):
        assert quals.status(0.01) is None
    os.kill(child, signal.SIGTERM)
    assert quals.status(PATIENCE) == 143
    assert "stopped by SIGTERM" in quals.messages.read_text()
    quals.start(command("out.jsonl"))
    assert quals.status(PATIENCE) == 0
    assert "continuing" in quals.messages.read_text()
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 12


def _finished(work) -> int:
    """Shards with a manifest line."""
    with contextlib.suppress(FileNotFoundError):
        return (work / "manifest.jsonl").read_bytes().count(b"\n")
    return 0
