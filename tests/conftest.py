"""Test setup: CPU only, exact float32 matrix products, strict shapes, one compile cache.

LLVM does not optimise: that takes half of every compilation, and the models of tests are so small
that most of the time is compiling. Whoever wants it sets another level in XLA_FLAGS.
"""

import os
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 " + os.environ.get("XLA_FLAGS", "")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parent / ".jax_cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

import jax

jax.config.update("jax_default_matmul_precision", "highest")
jax.config.update("jax_numpy_rank_promotion", "raise")

_HERE = Path(__file__).parent
_BROWSER, _NETWORK = _HERE / "browser", _HERE / "network"
# Files of a minute and more: begun last, one of them would keep a single core busy at the end.
_LONG = (
    "train/test_killed_training.py",
    "experiments/test_training_smokes.py",
    "train/test_scale.py",
    "experiments/test_pipeline.py",
    "decoding/test_golden_beam.py",
    "metrics/test_quals.py",
    "train/test_conseq_run.py",
    "cli/test_killed_score.py",
    "cli/test_many_processes.py",
)


def pytest_make_parametrize_id(val, argname):
    """Bytes are numbered: packed ones hold the time, and all workers must name a test alike."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items):
    """The long files first."""
    items.sort(key=lambda item: item.path.relative_to(_HERE).as_posix() not in _LONG)


def pytest_terminal_summary(terminalreporter, config):
    """Says what was asked for and left out, since what it needs is missing here."""
    from tests.browser.chromium import find_chromium
    from tests.network.namespace import why_not

    if _is_asked_for(_BROWSER, config) and find_chromium() is None:
        terminalreporter.write_line(
            "tests/browser was left out: there is no Chromium to open the pages in; install one "
            "(apt-get install chromium) or name the program in $CHROMIUM"
        )
    if _is_asked_for(_NETWORK, config) and (reason := why_not()):
        terminalreporter.write_line(
            f"tests/network was left out: network namespaces cannot be made here, {reason}"
        )


def _is_asked_for(folder, config):
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return any(path in (folder, *folder.parents) for path in asked)
