"""Memory of a reader: that of its file and of what it makes of it, whatever the file claims."""

import contextlib
import tracemalloc
from collections.abc import Iterator

_PER_BYTE = 100  # objects made of one instruction of a pickle
_ALWAYS = 8 << 20  # a zip directory of the largest size that is read


@contextlib.contextmanager
def in_proportion_to(size: int) -> Iterator[None]:
    """AssertionError where the block allocates much more than ``size`` bytes ask for."""
    tracemalloc.start()
    try:
        yield
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < _PER_BYTE * size + _ALWAYS, f"{peak:,} bytes for a file of {size:,}"
