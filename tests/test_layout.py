"""Imports go one way: a file imports from its own package or from those before it."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ORDER = (
    "quals_jax.text",
    "quals_jax.data",
    "quals_jax.jobs",
    "quals_jax.models",
    "quals_jax.parallel",
    "quals_jax.checkpoints",
    "quals_jax.decoding",
    "quals_jax.scoring",
    "quals_jax.answering",
    "quals_jax.classifying",
    "quals_jax.metrics",
    "quals_jax.selection",
    "quals_jax.evaluation",
    "quals_jax.report",
    "quals_jax.commands",
    "quals_jax.cli",
    "train",
    "experiments",
)


def layer(module: str) -> int | None:
    """Place in the order; None for modules that are not ours."""
    for place, name in enumerate(ORDER):
        if module == name or module.startswith(name + "."):
            return place
    return None


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"


def test_imports_go_one_way():
    backward, seen = [], 0
    for path in sorted(ROOT.glob("quals_jax/**/*.py")) + sorted(ROOT.glob("train/*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        here = layer(module)
        if here is None:
            continue  # quals_jax/__init__.py imports lazily from everywhere
        for name in imports(path):
            there = layer(name)
            seen += there is not None
            # `train` finds experiments by name and so imports their package.
            if there is not None and there > here and name != "experiments":
                backward.append(f"{module} imports {name}")
    assert not backward
    assert seen > 100


def test_importing_the_package_does_not_load_jax():
    code = "import sys, quals_jax, quals_jax.cli; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_address_of_a_registry_stands_in_the_lock():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    assert len(lock.splitlines()) > 50
