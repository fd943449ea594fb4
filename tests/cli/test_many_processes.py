"""`quals score` by several processes: the bytes of one, also after one of them was killed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import write_rows

_SCRIPT = Path(__file__).with_name("forked_quals.py")
# As in test_killed_score, whose compiled programs these are.
_FEW = ("--num-beams", "4", "--max-pair-tokens", "14", "--num-pairs", "1", "--shard-rows", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model_dir, texts):
    """Twelve rows, and whole.jsonl, which one process made of them."""
    folder = tmp_path_factory.mktemp("processes")
    rows = [
        {"id": f"r{i}-{j}", "document": document, "summary": summary}
        for j in range(3)
        for i, (document, summary) in enumerate(texts)
    ]
    write_rows(folder / "in.jsonl", rows)
    statuses, messages = run(folder, arguments(folder, model_dir, "whole.jsonl"), 1)
    assert statuses == [0], messages
    return folder


def arguments(folder, model_dir, output, source="in.jsonl"):
    return ("score", folder / source, "-o", folder / output, "--model", model_dir, *_FEW)


def run(folder, command, count, **how):
    """Exit statuses and messages of processes that get the same arguments."""
    return run_all(folder, [command] * count, **how)


def run_all(folder, commands, **how):
    messages = [str(folder / f"messages-{index}") for index in range(len(commands))]
    job = {"arguments": [[*map(str, words)] for words in commands], "messages": messages}
    done = subprocess.run(
        [sys.executable, _SCRIPT, json.dumps(job | how)],
        stdout=subprocess.PIPE,
        timeout=900,
        check=True,
    )
    return json.loads(done.stdout), [Path(path).read_text() for path in messages]


def test_one_of_four_is_killed_and_any_number_continues_to_the_bytes_of_one(folder, model_dir):
    command, work = arguments(folder, model_dir, "out.jsonl"), folder / "out.jsonl.work"
    statuses, messages = run(folder, command, 4, kill=2)
    assert statuses == [1, 1, -9, 1]
    for index in (0, 1, 3):
        assert "process 2 is gone" in messages[index]
        assert "it was killed" in messages[index]
        assert "Start the same command again on all hosts" in messages[index]
    assert not (folder / "out.jsonl").exists()
    done = len(list(work.glob("shard-*.jsonl")))
    assert 1 <= done <= 10  # two of the victim's three are missing, whatever the others did

    statuses, messages = run(folder, [*command, "--max-pair-tokens", "15"], 2)
    assert statuses == [2, 1]
    assert "settings.max_pair_tokens: 14 there, 15 now" in messages[0]
    assert "process 0 failed, see its message" in messages[1]

    statuses, messages = run(folder, command, 2)
    assert statuses == [0, 0], messages
    assert f"continuing: {done} of 12 rows are done" in messages[0]
    assert "12 of 12 summaries scored" in messages[0]
    assert messages[1] == f"{model_dir}: float32 on cpu\n"
    assert (folder / "out.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()
    assert not work.exists()
    ours, whole = (
        json.loads((folder / f"{name}.jsonl.manifest.json").read_text())
        for name in ("out", "whole")
    )
    assert ours | {"summary": ""} == whole | {"summary": ""}  # which has the seconds

    statuses, messages = run(folder, command, 2)
    assert statuses == [0, 0]
    assert "finished already" in messages[0]
    assert messages[1] == ""


def test_processes_that_were_given_different_things_refuse(folder, model_dir):
    other_model = folder / "other_model"
    shutil.copytree(model_dir, other_model)
    (other_model / "quals.json").write_text((other_model / "quals.json").read_text() + "\n")
    (folder / "other.jsonl").write_text((folder / "in.jsonl").read_text() + "\n")
    command = arguments(folder, model_dir, "refused.jsonl")
    differing = [
        [*command, "--num-beams", "5"],
        [*arguments(folder, model_dir, "refused.jsonl", "other.jsonl"), "--num-beams", "5"],
        [*command, "--model", other_model],
    ]
    statuses, messages = run_all(folder, [command, *differing])
    assert statuses == [2, 2, 2, 2]
    for message in messages:
        assert "error: the config of process 1, 2 is not that of process 0" in message
        assert "the data of process 2 is not that of process 0" in message
        assert "the model of process 3 is not that of process 0" in message
    assert not (folder / "refused.jsonl.work").exists()


def test_what_can_be_read_once_only_is_not_shared(folder, model_dir):
    command = ("score", "-", "-o", folder / "streamed.jsonl", "--model", model_dir)
    statuses, messages = run(folder, command, 2)
    assert statuses == [2, 2]
    assert "input and output must be files that all of them see" in messages[0]
