"""A hash of the program as it is installed: its version, its source files, and JAX's version."""

import hashlib
import importlib.util
from pathlib import Path

import jax

from quals_jax import __version__

_PACKAGES = ("quals_jax", "train", "experiments")  # all of the distribution


def code_sha256() -> str:
    """Equal where the same code runs, wherever it is installed."""
    digest = hashlib.sha256(f"quals-jax {__version__}, jax {jax.__version__}\n".encode())
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).rglob("*.py")):
                name = f"{package}/{path.relative_to(folder).as_posix()}"
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()
