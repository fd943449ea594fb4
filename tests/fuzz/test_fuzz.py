"""F8-F10, F16, F25: a few hundred inputs for every reader, the same on every run."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import READERS

_EXAMPLES = 300


@pytest.mark.parametrize("name", READERS)
def test_no_input_makes_a_reader_do_what_it_must_not(name):
    reader = READERS[name]()
    run = settings(
        max_examples=_EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(reader.INPUTS)(reader.check))
    run()
