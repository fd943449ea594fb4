"""Every Python and shell block of the documentation runs; commands of hours are only parsed."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config

from bench import sizes
from experiments import demo, prepare_data, score_variants, squad_scores
from experiments.pipeline import command as pipeline_command
from experiments.sweep.command import find_sweep
from quals_jax import cli
from tests import golden_files
from train import command as train_command

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
_BLOCK = re.compile(r"^```\s*(\{[^}]*\}|\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROWS = '{"id": 1, "document": "Lucy Lowe leads Norbank.", "summary": "Lucy Lowe leads Norbank."}\n'


def blocks(page: Path) -> list[tuple[str, str]]:
    """(kind, text) of each fenced block; kinds are python, bash and "bash hours"."""
    return [
        (" ".join(re.findall(r"\w+", kind)), text)
        for kind, text in _BLOCK.findall(page.read_text("utf-8"))
    ]


def commands(text: str) -> list[list[str]]:
    lines = text.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


PYTHON = [(page.stem, text) for page in PAGES for kind, text in blocks(page) if kind == "python"]
SHELL = [
    (page.stem, words)
    for page in PAGES
    for kind, text in blocks(page)
    if kind == "bash"
    for words in commands(text)
]
HOURS = [
    words
    for page in PAGES
    for kind, text in blocks(page)
    if kind == "bash hours"
    for words in commands(text)
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the models and rows that the pages speak of."""
    models = tmp_path / "models"
    models.mkdir()
    (models / "qagen").symlink_to(golden_files.path("world_qagen"))
    # A plain Hugging Face folder: ours without what we add.
    ignored = shutil.ignore_patterns("quals.json")
    shutil.copytree(golden_files.path("world_qagen"), models / "huggingface", ignore=ignored)
    (tmp_path / "summaries.jsonl").write_text(_ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_block_is_of_a_kind_that_is_run():
    kinds = {kind for page in PAGES for kind, _ in blocks(page)}
    assert kinds == {"python", "bash", "bash hours"}
    assert len(PAGES) >= 8
    assert min(len(PYTHON), len(SHELL), len(HOURS)) >= 3


@pytest.mark.parametrize(("page", "text"), PYTHON, ids=[page for page, _ in PYTHON])
def test_python_block_runs(page, text, folder):
    exec(compile(text, f"docs/{page}.md", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize(("page", "words"), SHELL, ids=[" ".join(w[:4]) for _, w in SHELL])
def test_shell_command_runs(page, words, folder):
    bin_dir = Path(sys.executable).parent
    program = [str(bin_dir / words[0])] if words[0] in ("quals", "python") else words[:1]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    if words[0].startswith("launch/"):
        program = [str(ROOT / words[0])]
    done = subprocess.run(
        [*program, *words[1:]], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", HOURS, ids=" ".join)
def test_command_of_hours_is_one_that_its_program_takes(words):
    start = next(i for i, word in enumerate(words) if word in ("python", "quals"))
    launcher, words = words[:start], words[start:]
    for script in (word for word in launcher if word.startswith("launch/")):
        assert (ROOT / script).is_file()
    if words[0] == "quals":
        assert cli.parser().parse_args(words[1:]).output
        return
    assert words[:2] == ["python", "-m"]
    module, *argv = words[2:]
    if module == "train":
        assert train_command.parse(argv).workdir
    elif module == "experiments.pipeline":
        assert pipeline_command.parse(argv).workdir
    elif module == "experiments.sweep":
        assert argv[0] == "run"
        assert find_sweep(argv[1])
    elif module == "experiments.prepare_data":
        assert prepare_data.parse(argv).output
    elif module == "experiments.score_variants":
        assert score_variants.parse(argv).output
    elif module == "experiments.squad_scores":
        assert squad_scores.parse(argv).model
    elif module in ("bench.roofline", "bench.scale"):
        assert importlib.import_module(module).parse(argv).output
    else:
        assert module == "experiments.demo"
        assert demo.parse(argv).workdir


def test_the_page_of_many_hosts_shows_what_its_program_computes():
    page = (ROOT / "docs" / "many-hosts.md").read_text("utf-8")
    assert sizes.scoring_table() in page
    assert sizes.training_table() in page
    # The counts that docs/speed.md gives, which leave out what masks hide of the cache.
    for texts, teraflops in zip(sizes.SETS, (1.41, 1.56), strict=True):
        assert sizes.scoring_flops(texts) / 1e12 == pytest.approx(teraflops, rel=0.03)


def test_the_site_builds_and_asks_nobody_else_for_anything(tmp_path):
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site"), strict=True)
    build(config)
    built = {path.parent.name for path in (tmp_path / "site").rglob("index.html")}
    assert {page.stem for page in PAGES} - {"index"} < built
    for path in (tmp_path / "site").rglob("*.html"):
        html = path.read_text("utf-8")
        loaded = re.findall(r"<(?:script|img|link)[^>]*(?:src|href)=\"(https?:)?//", html)
        assert not loaded, path
    named = [
        value
        for item in yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
        for value in item.values()
    ]
    assert sorted(named) == [page.name for page in PAGES]
