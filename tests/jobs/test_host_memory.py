"""The memory of arrays is kept, as seen by the pages that the system has to give."""

import os
import platform
import subprocess
import sys

import pytest

_PROGRAM = """
import resource
from quals_jax.jobs.host_memory import keep_freed_memory
is_kept = keep_freed_memory()
import jax
import jax.numpy as jnp
double = jax.jit(lambda x: x * 2)
x = jnp.ones(2**24)  # 64 MiB
for call in range(60):  # the first ones find their places
    if call == 50:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    double(x).block_until_ready()
print(is_kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
_PAGES_OF_A_CALL = 2**26 // os.sysconf("SC_PAGE_SIZE")
_SETTINGS = ("MALLOC_", "GLIBC_TUNABLES")


def run(**environment: str) -> tuple[str, int]:
    """Whether memory was kept, and the pages asked for in ten calls."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    output = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=plain | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return output[0], int(output[1])


def test_a_call_finds_the_memory_of_the_call_before():
    is_glibc = platform.libc_ver()[0] == "glibc"
    kept, pages = run()
    assert kept == str(is_glibc)
    if is_glibc:  # nothing is set elsewhere
        assert pages < _PAGES_OF_A_CALL / 10


@pytest.mark.parametrize(
    "setting", [{"MALLOC_TOP_PAD_": "0"}, {"GLIBC_TUNABLES": "glibc.malloc.mmap_max=9"}]
)
def test_what_the_environment_sets_is_left_alone(setting):
    assert run(**setting)[0] == "False"
