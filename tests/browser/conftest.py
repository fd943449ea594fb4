"""The pages in a real Chromium: left out where there is none (tests/conftest.py says so); required
in CI."""

import os

import pytest

from tests.browser.chromium import Browser, find_chromium

_PROGRAM = find_chromium()
_ADVICE = "install one (apt-get install chromium) or name the program in $CHROMIUM"

if _PROGRAM is None:
    if os.environ.get("CI"):
        raise RuntimeError(f"tests/browser needs Chromium, and CI must run it; {_ADVICE}")
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """One browser for all tests; studies of other seeds share no storage."""
    browser = Browser(_PROGRAM, tmp_path_factory.mktemp("chromium") / "profile")
    yield browser
    browser.close()
