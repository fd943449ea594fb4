"""Memory of the host, kept between programs."""

import ctypes
import importlib.util
import os

# From malloc.h of glibc.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8
_TOP_PAD_BYTES = 64 * 2**20


def keep_freed_memory() -> bool:
    """Where JAX computes on the CPU, keeps the memory of arrays for the next ones.

    By default glibc returns every large array to the system, which clears each of its pages when
    they are asked for again, at each call of a program; docs/speed.md says what that costs. The
    process stays as large as it once was. Call it before JAX computes: threads that run already
    keep their own heaps. Settings of the environment (``MALLOC_...``, ``GLIBC_TUNABLES``) are left
    alone. Returns whether anything was set.
    """
    if _is_set_by_user() or _has_accelerator():
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc
        return False
    # One heap that only grows: those of threads are returned whenever they are empty.
    options = {_ARENA_MAX: 1, _MMAP_MAX: 0, _TRIM_THRESHOLD: -1, _TOP_PAD: _TOP_PAD_BYTES}
    return all(mallopt(name, value) for name, value in options.items())


def _has_accelerator() -> bool:
    """Known without starting JAX, whose threads would have heaps already."""
    if os.environ.get("JAX_PLATFORMS") == "cpu":
        return False
    return any(importlib.util.find_spec(name) for name in ("jax_plugins", "libtpu"))


def _is_set_by_user() -> bool:
    return any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
