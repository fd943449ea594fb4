"""Fuzzing of everything that reads bytes or texts of others.

    python -m tests.fuzz torch_files --minutes 10

One module per reader: INPUTS, a strategy, and `check`, which raises where the reader does what it
must not. test_fuzz.py runs a few hundred inputs of each; what longer runs found stands as tests
beside the readers.
"""

import functools
import importlib

READERS = {
    name: functools.partial(importlib.import_module, f"tests.fuzz.{name}")
    for name in ("torch_files", "row_files", "pair_texts", "safetensors_files")
}
