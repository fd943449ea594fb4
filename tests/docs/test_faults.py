"""docs/faults.md: a row for every fault, and tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/faults.md").read_text("utf-8")
_ROW = re.compile(r"^\| F(\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_every_fault_has_one_row_and_names_its_tests():
    rows = _ROW.findall(PAGE)
    assert sorted(int(number) for number, *_ in rows) == list(range(1, 41))
    assert [number for number, *_, tests in rows if not _TEST.search(tests)] == []


def test_every_test_that_is_named_exists():
    named = _TEST.findall(PAGE)
    assert len(named) > 40
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^def {name}\(", (TESTS / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert missing == []
    assert PAGE.count("::") == len(named), "something that looks like a test is not read as one"
