"""F27, F28: help that teaches, errors that say what to do, nothing heavy imported before needed."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys

import pytest

from quals_jax import cli
from quals_jax.commands import (
    compare,
    convert,
    evaluate,
    export,
    generate,
    meta_eval,
    report,
    score,
    select,
    study,
)
from quals_jax.commands.model import cache_folder
from quals_jax.metrics.quals import QualsOptions
from tests.cli.conftest import FEW_BEAMS, write_rows

_HEAVY = {"jax", "flax", "numpy", "tokenizers", "rich", "pyarrow", "tyro", "transformers"}


_MODULES = (
    score,
    evaluate,
    meta_eval,
    compare,
    generate,
    select,
    report,
    study,
    convert,
    export,
)
_COMMANDS = tuple(module.__name__.split(".")[-1].replace("_", "-") for module in _MODULES)


def _imported_by(*arguments) -> tuple[int, set[str]]:
    code = f"""
import sys
from quals_jax import cli
try:
    status = cli.main({list(map(str, arguments))!r})
except SystemExit as end:
    status = end.code or 0
print("\\n", status, *sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    status, *modules = done.stdout.splitlines()[-1].split()
    return int(status), set(modules) & _HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        *([name, "--help"] for name in ("score", "evaluate", "select", "meta-eval")),
        ["--version"],
    ],
)
def test_help_imports_nothing_heavy(arguments):
    assert _imported_by(*arguments) == (0, set())


def test_a_finished_job_is_recognised_without_loading_jax(quals, tmp_path, model_dir):
    source = write_rows(tmp_path / "in.jsonl", [{"document": "d", "summary": ""}])
    arguments = ("score", source, "-o", tmp_path / "out.jsonl", "--model", model_dir, *FEW_BEAMS)
    assert quals(*arguments).status == 0
    assert _imported_by(*arguments) == (0, set())


@pytest.mark.parametrize("command", _COMMANDS)
def test_help_has_examples(quals, command):
    done = quals(command, "--help")
    assert done.status == 0
    assert f"  quals {command} " in done.out.decode()


def _examples(module) -> str:
    texts = [text for name, text in vars(module).items() if name.endswith("_EXAMPLES")]
    return "".join(texts)


@pytest.mark.parametrize("module", _MODULES)
def test_the_examples_in_the_help_are_valid(module):
    text = _examples(module).replace("\\\n", "")
    lines = re.findall(r"^  (quals .*?)(?:   +\(.*)?$", text, re.MULTILINE)
    assert lines
    for line in lines:
        for part in line.split(" | "):
            cli.parser().parse_args(shlex.split(part)[1:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("scor in.jsonl", f"none of {', '.join(_COMMANDS)}; did you mean score?"),
        ("score in.jsonl --modle m", "unknown argument --modle; did you mean --mode or --model?"),
        ("score in.jsonl --num-beam=3", "unknown argument --num-beam=3; did you mean --num-beams"),
        ("score in.jsonl --mode claen", "'claen' is none of clean, paper; did you mean clean?"),
        ("score in.jsonl --num-beams 0", "--num-beams: expected a whole number >= 1, got '0'"),
        ("score in.jsonl --num-beams x", "expected a whole number >= 1, got 'x'"),
        ("score in.jsonl --low-threshold nan", "expected a number, got 'nan'"),
        ("score", "required: IN"),
        ("convert model.pt", "required: -o/--output"),
        ("score in.jsonl other.jsonl", "unknown argument other.jsonl"),
        ("generate in.jsonl --task qaa", "did you mean qa?"),
        ("select s.jsonl -o o.jsonl --rule roge", "did you mean rouge?"),
        ("select s.jsonl -o o.jsonl --negative-ration 1", "did you mean --negative-ratio"),
        ("select s.jsonl -o o.jsonl --pool p.jsonl", "--pool: expected 2 arguments"),
        ("select s.jsonl", "required: -o/--output"),
        ("report results.json", "required: -o/--output"),
        ("study mak a.jsonl b.jsonl", "'mak' is none of make, report; did you mean make?"),
        ("study make a.jsonl b.jsonl", "required: -o/--output"),
        ("study make a.jsonl b.jsonl -o s --annotator 2", "did you mean --annotators?"),
        ("study report study.json -o r.html", "required: ANSWERS.json"),
    ],
)
def test_wrong_usage_is_status_2_with_a_suggestion(quals, arguments, message):
    done = quals(*arguments.split())
    assert done.status == 2
    assert message in done.messages
    assert "--help explains" in done.messages
    assert done.out == b""


def test_without_arguments_the_help_is_shown(quals):
    done = quals()
    assert done.status == 2
    assert "A first score" in done.messages


def test_the_stated_defaults_are_those_of_the_metric():
    options = QualsOptions()
    assert {name: getattr(options, name) for name in score.OPTIONS} == {
        name: default for name, (default, *_) in score.OPTIONS.items()
    }
    assert options.num_groups == options.num_beams
    assert {
        "num_beams": options.num_beams,
        "num_pairs": options.num_pairs,
        "diversity_strength": options.diversity_strength,
        "min_tokens": options.min_question_tokens,
        "max_tokens": options.max_pair_tokens,
    } == generate.PAIR_OPTIONS
    args = cli.parser().parse_args(["score", "in.jsonl"])
    assert args.mode == options.mode


def test_without_a_model_the_ways_to_one_are_told(quals, tmp_path):
    source = write_rows(tmp_path / "in.jsonl", [])
    done = quals("generate", source)
    assert done.status == 2
    assert "quals convert" in done.messages
    assert "python -m train" in done.messages
    done = quals("score", source, "--model", "facebook/bart-large")
    assert done.status == 2
    assert "Nothing is downloaded" in done.messages
    assert "hf download facebook/bart-large" in done.messages
    done = quals("score", source, "--model", source)
    assert done.status == 2
    assert "quals convert" in done.messages


def test_a_missing_input_is_named(quals, tmp_path, model_dir):
    write_rows(tmp_path / "rows.jsonl", [])
    done = quals("score", tmp_path / "row.jsonl", "--model", model_dir)
    assert done.status == 2
    assert "did you mean rows.jsonl?" in done.messages
    assert "Traceback" not in done.messages


def test_a_damaged_model_folder_is_status_2_and_leaves_no_files(quals, tmp_path, model_dir, texts):
    folder = tmp_path / "model"
    folder.mkdir()
    for path in model_dir.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "model.safetensors").write_bytes(b"<html>not found</html>")
    row = {"document": texts[0][0], "summary": texts[0][1]}
    source = write_rows(tmp_path / "in.jsonl", [row])
    done = quals("score", source, "-o", tmp_path / "out.jsonl", "--model", folder)
    assert done.status == 2
    assert "model/model.safetensors" in done.messages
    assert "convert the checkpoint again" in done.messages
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "model"]


def test_scoring_needs_no_network(quals, tmp_path, model_dir, texts, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    rows = [{"document": document, "summary": summary} for document, summary in texts]
    source = write_rows(tmp_path / "in.jsonl", rows)
    done = quals("score", source, "--model", model_dir, *FEW_BEAMS)
    assert done.status == 0
    assert len(done.out.splitlines()) == 4


def test_without_a_writable_home_nothing_is_cached(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "quals-jax" / "xla"
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert cache_folder() is None


@pytest.mark.parametrize(("given", "seconds"), [(None, 0.1), ("5", 5.0)])
def test_programs_of_small_models_are_kept_unless_the_user_says_otherwise(tmp_path, given, seconds):
    name = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
    env = {key: value for key, value in os.environ.items() if not key.startswith("JAX_")}
    env |= {"XDG_CACHE_HOME": str(tmp_path), "JAX_PLATFORMS": "cpu"}
    env |= {} if given is None else {name: given}
    code = """
import jax
from quals_jax.commands.model import prepare_jax
prepare_jax()
print(jax.config.jax_persistent_cache_min_compile_time_secs, jax.config.jax_compilation_cache_dir)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, env=env
    )
    assert done.stdout.split() == [str(seconds), str(tmp_path / "quals-jax" / "xla")]


def test_a_bug_in_the_work_is_a_failure_with_its_traceback(quals, tmp_path, model_dir, monkeypatch):
    def broken(*args):
        raise ValueError("shapes do not match")

    monkeypatch.setattr("quals_jax.metrics.quals.Quals.score_grouped", broken)
    source = write_rows(tmp_path / "in.jsonl", [{"document": "d", "summary": "s"}])
    with pytest.raises(RuntimeError, match=r"work on lines 1 to 1 .* failed: shapes"):
        quals("score", source, "--model", model_dir)


def test_a_reader_that_leaves_early_is_no_error(tmp_path, model_dir):
    # Rows that cannot be used: the model, and with it JAX, is never loaded.
    source = write_rows(tmp_path / "in.jsonl", [{"document": 1}] * 5000)
    command = [sys.executable, "-m", "quals_jax.cli", "score", source, "--model", model_dir]
    with subprocess.Popen(
        [*command, "--quiet", "--max-errors", "5000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert json.loads(process.stdout.readline())["code"] == "missing_key"
        process.stdout.close()
        messages = process.stderr.read()
    assert process.returncode == 141
    assert messages == b""
