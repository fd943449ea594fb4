"""F1, F2, F3: whatever moment a process dies at, the next run ends with the same bytes."""

import contextlib
import json
import random
import subprocess
import time

import pytest

from quals_jax.jobs.shards import ShardStore

_KILLS = 24


def test_output_is_the_same_after_kills_at_random_moments(stand_in):
    stand_in.write_rows("in.jsonl", 61)
    stand_in.run("in.jsonl", "whole.jsonl")
    expected = stand_in.read("whole.jsonl")
    moments = random.Random(7)
    kills = resumed = 0
    while kills < _KILLS:
        process = stand_in.start("in.jsonl", "out.jsonl", "--rows-per-sec", "200")
        _wait_until_it_works(process, stand_in.folder / "out.jsonl.work" / "lock")
        try:
            _, messages = process.communicate(timeout=moments.uniform(0.0, 0.25))
        except subprocess.TimeoutExpired:
            process.kill()
            _, messages = process.communicate()
            kills += 1
        if process.returncode == 0:  # it came to its end: check, and begin another output
            assert stand_in.read("out.jsonl") == expected
            (stand_in.folder / "out.jsonl").unlink()
        resumed += b"continuing" in messages
    assert stand_in.run("in.jsonl", "out.jsonl")[0] == 0
    assert stand_in.read("out.jsonl") == expected
    assert resumed >= 3, "the moments never hit a job at work"
    assert not (stand_in.folder / "out.jsonl.work").exists()


def _wait_until_it_works(process, lock):
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if str(process.pid).encode() in lock.read_bytes():
                return
        time.sleep(0.002)


@pytest.mark.parametrize(
    "fault",
    [
        "before_manifest_line",
        "inside_manifest_line",
        "before_assembly",
        "before_final_manifest",
        "inside_removal",
    ],
)
def test_output_is_the_same_after_a_kill_between_two_writes(stand_in, fault):
    stand_in.write_rows("in.jsonl", 11)
    stand_in.run("in.jsonl", "whole.jsonl")
    status, _, _ = stand_in.run("in.jsonl", "out.jsonl", environment={"FAULT": fault})
    assert status == -9
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 0
    assert ("threw away 1 incomplete" in messages) == ("manifest_line" in fault)
    assert stand_in.read("out.jsonl") == stand_in.read("whole.jsonl")
    assert not (stand_in.folder / "out.jsonl.work").exists()


@pytest.fixture
def store(tmp_path):
    store = ShardStore(tmp_path)
    store.add(0, [{"id": 1, "quals": 0.5}, {"id": 2, "quals": None}])
    store.add(1, [{"id": 3, "quals": 0.25}, {"id": "é", "status": "error", "code": "x"}])
    return store


def test_every_truncation_of_the_last_shard_is_found_and_costs_that_shard_only(store):
    first, whole = store.path(0).read_bytes(), store.path(1).read_bytes()
    for cut in range(1, len(whole) + 1):
        store.path(1).write_bytes(whole[:-cut])
        again = ShardStore(store.folder)
        again.load()
        assert list(again.shards) == [0]
        assert again.discarded == 1
        assert not store.path(1).exists()
        assert store.path(0).read_bytes() == first
        again.add(1, store_rows(whole))
        assert b"".join(again.contents()) == first + whole


def test_every_truncation_of_the_manifest_is_found_and_costs_that_shard_only(store):
    manifest = store.folder / "manifest.jsonl"
    whole, shard = manifest.read_bytes(), store.path(1).read_bytes()
    line = len(whole.splitlines()[-1]) + 1
    for cut in range(1, line + 1):
        manifest.write_bytes(whole[:-cut])
        again = ShardStore(store.folder)
        again.load()
        assert list(again.shards) == [0], cut
        assert manifest.read_bytes() == whole[:-line]
        again.add(1, store_rows(shard))
        assert manifest.read_bytes() == whole


def test_flipped_bits_and_stray_files_are_thrown_away(store):
    content = bytearray(store.path(0).read_bytes())
    content[3] ^= 1
    store.path(0).write_bytes(content)
    store.path(7).write_bytes(b"no manifest line\n")
    (store.folder / "shard-000002.jsonl.part").write_bytes(b"half")
    (store.folder / "manifest.jsonl").open("ab").write(b'{"shard": "?"}\n[]\n\xff\n')
    again = ShardStore(store.folder)
    again.load()
    assert list(again.shards) == [1]
    assert (again.rows, again.errors) == (2, 1)
    assert sorted(path.name for path in store.folder.iterdir()) == [
        "manifest.jsonl",
        "shard-000001.jsonl",
    ]


def store_rows(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.splitlines()]
