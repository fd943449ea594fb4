"""F37: the ledger survives kills, failures and edits; nothing runs twice."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from experiments.sweep.command import execute, main
from experiments.sweep.ledger import Ledger
from experiments.sweep.runner import Shard
from tests.experiments.sweep_stand_in import run, sweep_of

_ROOT = Path(__file__).parents[2]
_STAND_IN = Path(__file__).with_name("sweep_stand_in.py")


def act(folder, action="run", values="1,2,3,4", seeds="1", shard="1/1"):
    return execute(action, sweep_of(values, seeds), folder, shard, run)


def start(folder, *arguments, **environment):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT)} | environment
    command = [sys.executable, _STAND_IN, "run", folder, *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def done(folder) -> list[int]:
    """Values in the order in which they were begun."""
    return [int(line.split()[0]) for line in (folder / "journal").read_text().splitlines()]


def statuses(folder) -> dict[int, str]:
    entries = Ledger(folder).entries()
    return {e.overrides["value"]: e.status + ", removed" * e.removed for e in entries}


def test_finished_runs_are_not_repeated(tmp_path):
    assert act(tmp_path) == act(tmp_path) == 0
    assert done(tmp_path) == [1, 2, 3, 4]
    assert set(statuses(tmp_path).values()) == {"finished"}


def test_a_killed_runner_loses_its_run_only(tmp_path, capsys):
    process = start(tmp_path, KILL_AT="3")
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert statuses(tmp_path) == {1: "finished", 2: "finished", 3: "running", 4: "planned"}
    act(tmp_path, "status")
    assert "interrupted   value=3" in capsys.readouterr().out
    assert act(tmp_path) == 0
    assert done(tmp_path) == [1, 2, 3, 3, 4]


def test_a_failed_run_is_listed_and_done_again_on_demand_only(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FAIL", "2")
    assert act(tmp_path) == 1
    assert statuses(tmp_path)[2] == "failed"
    act(tmp_path, "status")
    assert "RuntimeError: planted failure of 2" in capsys.readouterr().out
    (trace,) = tmp_path.glob("runs/*/error.txt")
    assert "in run" in trace.read_text()
    monkeypatch.delenv("FAIL")
    assert act(tmp_path) == 0
    assert done(tmp_path) == [1, 2, 3, 4]
    assert act(tmp_path, "retry") == 0
    assert done(tmp_path) == [1, 2, 3, 4, 2]
    assert statuses(tmp_path)[2] == "finished"
    assert all(entry.error == "" for entry in Ledger(tmp_path).entries())


def test_an_edited_grid_runs_what_was_added_and_keeps_what_was_removed(tmp_path, capsys):
    act(tmp_path, values="1,2")
    act(tmp_path, values="2,3")
    assert done(tmp_path) == [1, 2, 3]
    assert statuses(tmp_path) == {2: "finished", 3: "finished", 1: "finished, removed"}
    assert len(list(tmp_path.glob("runs/*/results.json"))) == 3
    capsys.readouterr()
    act(tmp_path, "table", values="2,3")
    shown = capsys.readouterr().out
    assert "value=2" in shown
    assert "value=1" not in shown
    act(tmp_path, values="1,2,3")
    assert done(tmp_path) == [1, 2, 3]
    assert "removed" not in "".join(statuses(tmp_path).values())


def test_equal_configurations_are_one_run(tmp_path):
    act(tmp_path, values="1,1,2")
    assert done(tmp_path) == [1, 2]


def test_two_runners_never_take_the_same_run(tmp_path):
    values = ",".join(map(str, range(12)))
    runners = [start(tmp_path, "--values", values, SLOW="0.02") for _ in range(3)]
    messages = [runner.communicate(timeout=120)[1] for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0, 0], messages
    assert act(tmp_path, values=values) == 0  # one that was in use is left to its runner
    assert Counter(done(tmp_path)) == dict.fromkeys(range(12), 1)


def test_shards_cover_the_runs_once(tmp_path):
    act(tmp_path, shard="2/3")
    assert done(tmp_path) == [2]
    act(tmp_path, shard="1/3")
    act(tmp_path, shard="3/3")
    assert sorted(done(tmp_path)) == [1, 2, 3, 4]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match="expected I/N"):
        Shard.parse(text)


def test_the_table_has_mean_and_standard_error_over_seeds(tmp_path, capsys):
    act(tmp_path, values="1,2", seeds="1,2,4")
    capsys.readouterr()
    act(tmp_path, "table", values="1,2", seeds="1,2,4")
    shown = capsys.readouterr().out
    rows = json.loads((tmp_path / "table.json").read_text())
    assert [row["setting"] for row in rows] == ["value=1", "value=2"]
    assert rows[0]["seeds"] == [1, 2, 4]
    # 1.1, 1.2 and 1.4: mean 3.7 / 3, variance 0.07 / 3, standard error sqrt(0.07 / 9).
    figure = rows[0]["metrics"]["factual"]
    assert figure["mean"] == pytest.approx(3.7 / 3)
    assert figure["standard_error"] == pytest.approx((0.07 / 9) ** 0.5)
    assert "1.233 ± 0.088" in shown
    assert (tmp_path / "table.txt").read_text() == shown


def test_one_seed_has_no_standard_error(tmp_path, capsys):
    act(tmp_path, values="1")
    act(tmp_path, "table", values="1")
    assert "1.100\n" in capsys.readouterr().out
    (row,) = json.loads((tmp_path / "table.json").read_text())
    assert row["metrics"]["factual"]["standard_error"] is None


def test_an_unknown_sweep_is_named_with_the_nearest(capsys):
    assert main(["plan", "world_seed"]) == 2
    assert "did you mean 'world_seeds'" in capsys.readouterr().err


def test_planning_runs_nothing(tmp_path, capsys):
    assert main(["plan", "world_seeds", "--dir", str(tmp_path)]) == 0
    assert "3 planned" in capsys.readouterr().out
    assert not list(tmp_path.glob("runs/*/results.json"))
