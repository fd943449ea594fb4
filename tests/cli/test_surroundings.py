"""F38: what the machine is set to does not show in the output of `quals score`."""

import itertools
import locale
import time

import pytest

from tests.cli.comma_locale import make_comma_locale
from tests.cli.conftest import FEW_BEAMS, write_rows


@pytest.fixture
def decimal_comma(tmp_path_factory, monkeypatch):
    """Numbers have a decimal comma in this process, in libraries that ask the C library."""
    monkeypatch.setenv("LOCPATH", "")  # to be put back at the end
    name = make_comma_locale(tmp_path_factory.mktemp("locale"))
    before = locale.setlocale(locale.LC_NUMERIC)

    def switch_on():
        locale.setlocale(locale.LC_NUMERIC, name)
        assert locale.localeconv()["decimal_point"] == ","
        assert locale.format_string("%.1f", 1234.5, grouping=True) == "1.234,5"

    yield switch_on
    locale.setlocale(locale.LC_NUMERIC, before)


@pytest.fixture
def time_zone(monkeypatch):
    def switch(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield switch
    monkeypatch.undo()
    time.tzset()


def _jumping_clock(monkeypatch):
    """Every look at the clock of the wall finds it decades from the last, forward or back."""
    jumps = itertools.cycle([0.0, 2e9, 1e8, 4e9])
    looks = []

    def jump():
        looks.append(next(jumps))
        return looks[-1]

    monkeypatch.setattr(time, "time", jump)
    return looks


@pytest.mark.parametrize("suffix", ["jsonl", "csv.gz"])
def test_decimal_comma_time_zone_and_a_jumping_clock_do_not_change_the_bytes(
    quals, tmp_path, model_dir, texts, monkeypatch, decimal_comma, time_zone, suffix
):
    rows = [{"document": document, "summary": summary} for document, summary in texts]
    source = write_rows(tmp_path / "in.jsonl", rows)

    def score(name):
        out = tmp_path / f"{name}.{suffix}"
        done = quals("score", source, "-o", out, "--model", model_dir, "--explain", *FEW_BEAMS)
        assert done.status == 0, done.messages
        return out.read_bytes()

    plain = score("plain")
    decimal_comma()
    time_zone("Asia/Kolkata")
    assert time.localtime(0).tm_hour == 5
    looks = _jumping_clock(monkeypatch)
    time.time()
    assert score("other") == plain
    assert looks
