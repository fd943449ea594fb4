"""Loads the model of a command: the moment where JAX is imported."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from quals_jax.checkpoints.open_qagen import OPEN_QAGEN, THE_OPEN_QAGEN
from quals_jax.jobs.host_memory import keep_freed_memory

if TYPE_CHECKING:
    from quals_jax.checkpoints.model_folder import ModelFolder


def load_model(
    folder: Path, dtype: Literal["float32", "bfloat16"] = "float32", *, quiet: bool = False
) -> "ModelFolder":
    """The model folder, with compiled programs kept for the next run."""
    import jax

    from quals_jax.checkpoints.model_folder import load_model_folder

    prepare_jax()
    model = load_model_folder(folder, dtype)
    if not quiet:
        device = jax.local_devices()[0]
        number = f"{jax.local_device_count()} x " if jax.local_device_count() > 1 else ""
        name = THE_OPEN_QAGEN if folder == OPEN_QAGEN else folder
        print(f"{name}: {dtype} on {number}{device.device_kind}", file=sys.stderr, flush=True)
    return model


def prepare_jax() -> None:
    """Before JAX computes: keeps memory for the next array, programs for the next process.

    What the environment sets is left alone.
    """
    keep_freed_memory()
    import jax

    if jax.config.values["jax_compilation_cache_dir"] is None and (folder := cache_folder()):
        jax.config.update("jax_compilation_cache_dir", str(folder))
    # JAX keeps what took a second to compile: programs of small models take about that.
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def cache_folder() -> Path | None:
    """Where compiled programs are kept between runs; None where nothing can be written."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = home / "quals-jax" / "xla"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or no home
        return None
    return folder if os.access(folder, os.W_OK) else None
