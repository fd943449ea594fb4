"""The launch scripts: the local one runs, the others with stand-ins for srun and gcloud."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import write_rows

_ROOT = Path(__file__).parents[2]
_LAUNCH = _ROOT / "launch"
_SCRIPTS = sorted(path.name for path in _LAUNCH.iterdir())
# Notes how it was called and ends with $STATUS.
_STAND_IN = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
sys.exit(int(os.environ.get("STATUS", "0")))
"""


@pytest.fixture
def launch(tmp_path):
    """Runs a script with stand-ins; gives the result and the calls of the stand-ins."""
    log = tmp_path / "calls"
    for name in ("srun", "scontrol", "gcloud"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(_STAND_IN.format(python=sys.executable, log=str(log)))
        path.chmod(0o755)

    def run(script, *arguments, **variables):
        path = f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {"PATH": path, "PYTHONPATH": str(_ROOT), "JAX_PLATFORMS": "cpu"} | variables
        done = subprocess.run(
            ["bash", _LAUNCH / script, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        calls = log.read_text().splitlines() if log.exists() else []
        return done, [json.loads(line) for line in calls]

    return run


def test_these_are_all():
    assert _SCRIPTS == ["local.sh", "slurm.sbatch", "tpu_pod.sh"]


@pytest.mark.parametrize("script", _SCRIPTS)
def test_without_a_command_it_says_how_to_use_it(launch, script):
    done, calls = launch(script)
    assert done.returncode == 2
    assert "COMMAND…" in done.stderr or "sbatch launch/slurm.sbatch" in done.stderr
    assert "set -euo" not in done.stderr
    assert calls == []
    assert subprocess.run(["bash", "-n", _LAUNCH / script], check=False).returncode == 0


def test_the_local_script_gives_the_bytes_of_one_process(launch, tmp_path):
    rows = [
        {"id": i, "document": f"Ann met Bob {i} times.", "summary": f"Ann met {i}."}
        for i in range(7)
    ]
    write_rows(tmp_path / "in.jsonl", rows)
    command = ("quals", "evaluate", "in.jsonl", "--metrics", "ngram", "--shard-rows", "2", "-o")
    done, _ = launch("local.sh", 2, *command, "two.jsonl")
    assert done.returncode == 0, done.stderr
    assert "0: quals evaluate: 7 summaries of 7 rows" in done.stderr
    assert "1: " not in done.stderr
    done, _ = launch("local.sh", 1, *command, "one.jsonl")
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    summaries = [(tmp_path / f"{name}.jsonl.summary.json").read_bytes() for name in ("one", "two")]
    assert summaries[0] == summaries[1]


def test_the_local_script_ends_with_the_status_that_a_process_ended_with(launch):
    code = "import os, sys; sys.exit(7 * (os.environ['JAX_PROCESS_ID'] == '1'))"
    done, _ = launch("local.sh", 3, sys.executable, "-c", code)
    assert done.returncode == 7


def test_slurm_gets_the_command_word_by_word(launch):
    command = ("quals", "score", "my rows.jsonl", "-o", "out.jsonl")
    done, calls = launch("slurm.sbatch", *command, SLURM_JOB_ID="77")
    assert done.returncode == 0
    assert calls == [["srun", "--label", *command]]


def test_a_job_that_saved_at_the_end_of_its_time_is_queued_again(launch):
    done, calls = launch("slurm.sbatch", "quals", SLURM_JOB_ID="77", STATUS="143")
    assert done.returncode == 143
    assert calls == [["srun", "--label", "quals"], ["scontrol", "requeue", "77"]]
    done, calls = launch("slurm.sbatch", "quals", SLURM_JOB_ID="77", STATUS="1")
    assert calls[2:] == [["srun", "--label", "quals"]]  # a failure would only come again


def test_every_host_of_a_pod_gets_the_command_word_by_word(launch, tmp_path):
    code = "import os, sys; print(os.getcwd(), os.environ['QUALS_START_SECS'], sys.argv[1:])"
    words = (shutil.which("python3"), "-c", code, "my rows.jsonl", "$HOME")
    pod = {"TPU": "pod", "ZONE": "us-central2-b", "QUALS_START_SECS": "60"}
    done, calls = launch("tpu_pod.sh", *words, **pod)
    assert done.returncode == 0
    [[program, *arguments, last]] = calls
    assert program == "gcloud"
    assert arguments[:4] == ["compute", "tpus", "tpu-vm", "ssh"]
    assert arguments[4:] == ["pod", "--zone=us-central2-b", "--worker=all"]
    remote = last.removeprefix("--command=")
    shell = ["bash", "-c", remote]
    host = subprocess.run(shell, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True)
    assert host.stdout.strip() == f"{tmp_path / 'quals-jax'} 60 ['my rows.jsonl', '$HOME']"


def test_a_single_argument_is_a_line_of_shell_for_every_host(launch):
    _, calls = launch("tpu_pod.sh", "cd .. && pwd", TPU="pod", ZONE="z")
    assert calls[0][-1].endswith("cd .. && pwd")
