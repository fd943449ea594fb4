"""The ledger of a sweep: one plain file per run, named by the hash of its resolved configuration.

    ledger = Ledger(Path("runs/sweeps/world_seeds"))
    ledger.plan(sweep)                       # adds new runs, marks those that left the grid
    for entry in ledger.entries(): ...

DIR/runs/KEY/run.json holds what the run is and how it ended; results.json and report.html stand
beside it. A run is locked while somebody works on it, so two runners never take the same one.
"""

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from experiments.sweep.grid import Grid, Overrides, applied
from quals_jax.data.writers import encode_row
from quals_jax.jobs.claim import write_json
from quals_jax.jobs.lock import FileLock, LockedError

_PATIENCE_SECS = 60.0  # the ledger is held for milliseconds

Status = Literal["planned", "running", "finished", "failed"]


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A configuration and the points of a grid around it.

    ``metrics`` are the columns of the table; ``decoders`` its rows for every system.
    """

    base: Any
    grid: Grid
    metrics: tuple[str, ...] = ("factual", "precision", "parsed", "quals", "rougeL")
    decoders: tuple[str, ...] = ("beam4",)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A run in the ledger. ``removed``: it is in no grid any more; its results are kept."""

    key: str
    overrides: Overrides
    place: int = 0  # in the grid
    status: Status = "planned"
    removed: bool = False
    error: str = ""
    secs: float | None = None
    ended: str = ""


def key_of(config: Any) -> str:
    """The hash of a resolved configuration."""
    return hashlib.sha256(encode_row({"config": described(config)})).hexdigest()[:12]


def described(value: Any) -> Any:
    """A configuration as JSON values; dataclasses carry the name of their type."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: described(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__} | fields
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): described(item) for name, item in value.items()}
    return value


class Ledger:
    """The runs of a sweep in a folder."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.cache = folder / "stages"  # what the runs share

    def plan(self, sweep: Sweep) -> dict[str, Any]:
        """Makes the ledger hold the runs of the grid; returns their configurations by key.

        New points are added, equal ones count once, runs that left the grid are marked and kept.
        """
        configs: dict[str, Any] = {}
        overrides: dict[str, Overrides] = {}
        for point in sweep.grid:
            config = applied(sweep.base, point)
            configs.setdefault(key_of(config), config)
            overrides.setdefault(key_of(config), point)
        with self._alone():
            there = {entry.key: entry for entry in self.entries()}
            for place, (key, point) in enumerate(overrides.items()):
                entry = there.get(key, Entry(key, described(point)))
                self._write(dataclasses.replace(entry, place=place, removed=False))
            for key in there.keys() - configs.keys():
                self._write(dataclasses.replace(there[key], removed=True))
        return configs

    def update(self, key: str, **changes: Any) -> Entry:
        """Changes fields of a run; what others wrote meanwhile stays."""
        with self._alone():
            entry = dataclasses.replace(self.entry(key), **changes)
            self._write(entry)
            return entry

    def entries(self) -> list[Entry]:
        """All runs in the order of the grid, those that left it last."""
        paths = self.folder.glob("runs/*/run.json")
        entries = [Entry(**json.loads(path.read_text("utf-8"))) for path in paths]
        return sorted(entries, key=lambda entry: (entry.removed, entry.place, entry.key))

    def entry(self, key: str) -> Entry:
        """The run as it is now."""
        return Entry(**json.loads(self._path(key).read_text("utf-8")))

    def workdir(self, key: str) -> Path:
        """Where the results of the run are."""
        return self.folder / "runs" / key

    def lock(self, key: str) -> FileLock:
        """Held while somebody works on the run."""
        return FileLock(self.workdir(key) / "lock")

    def is_running(self, key: str) -> bool:
        """Whether a living process works on the run."""
        try:
            with self.lock(key):
                return False
        except LockedError:
            return True

    def results(self, key: str) -> dict[str, Any]:
        """The results of a finished run."""
        return json.loads((self.workdir(key) / "results.json").read_text("utf-8"))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Runs are read and written by one process at a time, for moments only."""
        with ExitStack() as stack:
            deadline = time.monotonic() + _PATIENCE_SECS
            while True:
                try:
                    stack.enter_context(FileLock(self.folder / "lock"))
                    break
                except LockedError:
                    if time.monotonic() > deadline:
                        raise
                time.sleep(0.02)
            yield

    def _write(self, entry: Entry) -> None:
        path = self._path(entry.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, dataclasses.asdict(entry))

    def _path(self, key: str) -> Path:
        return self.workdir(key) / "run.json"


def now() -> str:
    """The time in UTC, for people."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
