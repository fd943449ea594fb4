"""What a job over many rows consists of; run.py runs it.

job = RowJob("quals score", RowSource.of("in.jsonl"), "out.jsonl", "jsonl", settings={...})
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from quals_jax import __version__
from quals_jax.data.records import SummaryRow
from quals_jax.jobs.fingerprint import file_sha256, flat_fields, folder_sha256s
from quals_jax.jobs.source import RowSource
from quals_jax.jobs.team import Team
from quals_jax.text.printable import printable_lines

STDOUT = "-"

Report = Callable[[float], None]
Process = Callable[[list[SummaryRow], Report], list[dict[str, Any]]]


class Tally(Protocol):
    """Sees every output row once, in order, and sums them up."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes one output row."""
        ...

    def line(self) -> str:
        """The result in one line."""
        ...


@dataclass(frozen=True)
class Worker:
    """What is done to the rows, and a line that names it.

    ``process(rows, report)`` takes the usable rows of a shard and gives one output row each, in
    order and without the id; it may tell ``report`` how many more rows are done.
    """

    process: Process
    signature: str = ""


@dataclass(frozen=True)
class RowJob:
    """What is done to which rows. The output's bytes depend on source, model and settings only.

    ``models`` are the folders of several models, by name. ``columns`` are those of a table without
    rows. When more than ``max_errors`` rows fail, the job stops. ``team`` are the processes that
    share the job.
    """

    command: str
    source: RowSource
    output: str
    output_format: str
    settings: Mapping[str, object] = field(default_factory=dict)
    model: Path | None = None
    columns: tuple[str, ...] = ("id",)
    shard_rows: int = 128
    max_errors: int = 100
    restart: bool = False
    quiet: bool = False
    models: Mapping[str, Path] = field(default_factory=dict)
    team: Team = field(default_factory=Team)

    def say(self, text: str) -> None:
        """A notice on stderr, of process 0."""
        if self.team.is_first and not self.quiet:
            print(f"{self.command}: {printable_lines(text)}", file=sys.stderr, flush=True)

    @property
    def is_stream(self) -> bool:
        """Whether it is standard output, a pipe or a device: written at once, never resumed."""
        path = Path(self.output)
        return self.output == STDOUT or (path.exists() and not path.is_file() and not path.is_dir())

    def fingerprint(self, source: RowSource) -> dict[str, object]:
        """All that the output depends on. Where the rows lie is no part of it."""
        settings = {
            **self.settings,
            "shard_rows": self.shard_rows,
            "format": source.format,
            "keys": vars(source.keys),
            "replace_invalid": source.replace_invalid,
            "output_format": self.output_format,
        }
        return flat_fields(
            command=self.command,
            program=f"quals-jax {__version__}",
            input_sha256=file_sha256(source.path),
            model=folder_sha256s(self.model) if self.model else {},
            models={name: folder_sha256s(folder) for name, folder in self.models.items()},
            settings=settings,
        )
