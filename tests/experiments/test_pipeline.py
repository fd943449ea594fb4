"""The whole pipeline on a small scale: every file is there, and a killed run loses nothing."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import demo, world
from experiments.pipeline.command import run
from quals_jax.jobs.claim import RefusedError
from quals_jax.report.conseq_results import check_results

_ROOT = Path(__file__).parents[2]
SMOKE = world.SMOKE_PIPELINE


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder and results of a run from the beginning to the end."""
    workdir = tmp_path_factory.mktemp("pipeline")
    return workdir, run(SMOKE, workdir)


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_file_of_the_contract_is_there(whole):
    workdir, _ = whole
    for name in (
        *("qagen/model", "mle/model", "samples.jsonl", "scores.samples.jsonl"),
        *("scores.references.jsonl", "sets/quals.jsonl", "sets/quals.jsonl.drops.jsonl"),
        *("sets/rouge.jsonl.statistics.json", "systems/quals/model", "systems/rouge/model"),
        *("outputs/mle.beam4.jsonl", "outputs/quals.beam4.jsonl", "evaluated/quals.beam4.jsonl"),
        *("results.json", "report.html", "plots"),
    ):
        assert (workdir / name).exists(), name
    assert not list(workdir.rglob("*.work"))


def test_rows_follow_their_documents(whole):
    workdir, _ = whole
    documents, samples = rows(workdir / "documents.jsonl"), rows(workdir / "samples.jsonl")
    assert [row["id"] for row in samples] == [row["id"] for row in documents]
    assert all(len(row["summaries"]) == SMOKE.sampling.num_samples for row in samples)
    test, evaluated = rows(workdir / "test.jsonl"), rows(workdir / "evaluated/quals.beam4.jsonl")
    assert [row["id"] for row in evaluated] == [row["id"] for row in test]
    texts = {row["document"] for row in documents}
    assert not texts & {row["document"] for row in test}
    sets = rows(workdir / "sets" / "quals.jsonl")
    assert 0 < len(sets) <= len(documents)
    assert {row["positive"] for row in sets} <= {row["summary"] for row in documents}
    by_id = {row["id"]: row["summaries"] for row in samples}
    assert all(row["negative"] in [s.strip() for s in by_id[row["id"]]] for row in sets)


def test_results_hold_every_system_with_its_metrics(whole):
    workdir, results = whole
    written = json.loads((workdir / "results.json").read_text())
    assert check_results(written) == json.loads(json.dumps(results))
    assert [system["name"] for system in results["systems"]] == [s.name for s in SMOKE.systems]
    names = {"rouge1", "rouge2", "rougeL", "rougeL_clean", "factual", "precision", "parsed"}
    for system in results["systems"]:
        figures = system["decoders"]["beam4"]
        assert names | {"optional", "quals"} <= figures.keys()
        low, high = figures["rougeL"]["interval"]
        assert low <= figures["rougeL"]["value"] <= high
        assert figures["quals"]["value"] is not None
    assert len(results["scores"]["references"]) > 0
    assert results["training"].keys() == {"rouge", "quals"}
    curves = results["training"]["quals"]
    assert len(curves["positive_nll"]) == len(curves["negative_loss"]) == SMOKE.conseq.num_steps
    assert results["sets"]["rouge"]["num_documents"] == results["sets"]["quals"]["num_documents"]
    assert {row["against"] for row in results["comparisons"]} == {"mle", "rouge"}
    assert results["qagen"]["training"]["num_steps"] == SMOKE.qagen.num_steps
    assert all(secs >= 0 for secs in results["timings"].values())


def test_systems_learn_from_their_own_sets_and_weights(whole):
    workdir, _ = whole
    weights = {
        name: (workdir / "systems" / name / "model" / "model.safetensors").read_bytes()
        for name in ("rouge", "quals")
    }
    assert len(set(weights.values())) == 2
    mle = (workdir / "mle" / "model" / "model.safetensors").read_bytes()
    assert mle not in weights.values()


def test_a_finished_run_does_nothing_again_and_other_settings_are_refused(whole, capsys):
    workdir, results = whole
    before = {path: path.stat().st_mtime_ns for path in workdir.glob("*/*.jsonl")}
    assert run(SMOKE, workdir) == results
    assert {path: path.stat().st_mtime_ns for path in workdir.glob("*/*.jsonl")} == before
    assert run(SMOKE, workdir, last_stage="sets") is None
    capsys.readouterr()
    other = dataclasses.replace(SMOKE, num_documents=7)
    with pytest.raises(RefusedError, match=r"settings.max_rows: 8 there, 7 now"):
        run(other, workdir)


def test_the_demo_is_the_pipeline_with_its_results_in_words(whole, monkeypatch, capsys):
    workdir, results = whole
    monkeypatch.setattr(world, "DEMO_PIPELINE", SMOKE)
    assert demo.main(["--workdir", str(workdir)]) == 0
    told = capsys.readouterr().out
    assert f"report: {workdir / 'report.html'}" in told
    assert all(system["label"] in told for system in results["systems"])
    monkeypatch.setattr(world, "DEMO_PIPELINE", dataclasses.replace(SMOKE, num_documents=7))
    assert demo.main(["--workdir", str(workdir)]) == 2
    assert "settings.max_rows: 8 there, 7 now" in capsys.readouterr().err


def test_a_killed_run_continues_to_the_same_results(whole, tmp_path):
    finished, results = whole
    for name in ("qagen", "mle", "stages"):  # they take longest; training is killed elsewhere
        shutil.copytree(finished / name, tmp_path / name)
    for path in (tmp_path / "stages").iterdir():
        if path.stem not in ("qagen", "mle"):
            path.unlink()
    _kill_once(tmp_path, tmp_path / "stages" / "scores.samples.json")
    assert not (tmp_path / "results.json").exists()
    again = run(SMOKE, tmp_path)
    assert again | {"timings": {}} == results | {"timings": {}}
    for path in finished.glob("*/*.jsonl"):
        assert (tmp_path / path.relative_to(finished)).read_bytes() == path.read_bytes()


def _kill_once(workdir, begun):
    """Kills the command as soon as the file shows that a stage has begun."""
    command = [sys.executable, "-m", "experiments.pipeline", "world", "--smoke"]
    process = subprocess.Popen(
        [*command, "--workdir", str(workdir)], cwd=_ROOT, stderr=subprocess.PIPE, env=_environment()
    )
    try:
        while not begun.exists():
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -9
    assert not json.loads(begun.read_text())["finished"]


def _environment():
    # The numbers of the child must be those of this process: see tests/conftest.py.
    return os.environ | {"JAX_DEFAULT_MATMUL_PRECISION": "highest"}
