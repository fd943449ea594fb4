"""The pages in a real Chromium: left out, and said so, where there is none; required in CI."""

import os

import pytest

from tests.browser.chromium import Browser, find_chromium

_PROGRAM = find_chromium()
_ADVICE = "install one (apt-get install chromium) or name the program in $CHROMIUM"

if _PROGRAM is None:
    if os.environ.get("CI"):
        raise RuntimeError(f"tests/browser needs Chromium, and CI must run it; {_ADVICE}")
    collect_ignore_glob = ["test_*.py"]


def pytest_terminal_summary(terminalreporter):
    if _PROGRAM is None:
        terminalreporter.write_line(
            f"tests/browser was left out: there is no Chromium to open the pages in; {_ADVICE}"
        )


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """One browser for all tests; studies of other seeds share no storage."""
    browser = Browser(_PROGRAM, tmp_path_factory.mktemp("chromium") / "profile")
    yield browser
    browser.close()
