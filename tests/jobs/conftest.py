"""Runs the stand-in command in processes of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_STAND_IN = Path(__file__).with_name("stand_in.py")


class StandIn:
    """Starts ``stand_in.py`` in a folder; the process sees no variable of the test run."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self, *arguments, environment=None, **options) -> subprocess.Popen:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT)} | (environment or {})
        return subprocess.Popen(
            [sys.executable, _STAND_IN, *map(str, arguments)],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def run(self, *arguments, stdin: bytes | None = None, **options):
        """Exit status, standard output (bytes) and messages (text)."""
        pipe = subprocess.PIPE if stdin is not None else subprocess.DEVNULL
        process = self.start(*arguments, stdin=pipe, **options)
        out, messages = process.communicate(stdin, timeout=60)
        return process.returncode, out, messages.decode("utf-8")

    def write_rows(self, name: str, number: int) -> Path:
        path = self.folder / name
        rows = ({"id": f"r{i}", "document": f"dóc {i}", "summary": f"s {i}"} for i in range(number))
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_text("".join(lines), "utf-8")
        return path

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def stand_in(tmp_path) -> StandIn:
    return StandIn(tmp_path)
