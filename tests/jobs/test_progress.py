"""Progress in numbers that people can use."""

import pytest

from quals_jax.jobs import progress as progress_module
from quals_jax.jobs.progress import Progress, duration


@pytest.mark.parametrize(
    ("secs", "text"),
    [(0.04, "0.0s"), (9.9, "9.9s"), (42.4, "42s"), (187, "3m07s"), (7500, "2h05m")],
)
def test_durations_are_short(secs, text):
    assert duration(secs) == text
    assert duration(float("inf")) == "?"


def test_a_log_file_gets_a_line_now_and_then_with_this_runs_rate(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    with Progress("quals score", total=100, done=60) as progress:
        for _ in range(11):
            now[0] += 2.0
            progress.advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "quals score: 65/100 rows, 0.5 rows/s, 1m10s left",
        "quals score: 70/100 rows, 0.5 rows/s, 1m00s left",
    ]
    assert progress.rows_per_sec == 0.5


def test_a_terminal_gets_a_bar(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with Progress("quals score", total=4) as progress:
        progress.advance(4)
    text = capsys.readouterr().err
    assert "quals score" in text
    assert "4/4" in text
    assert "rows/s" in text
