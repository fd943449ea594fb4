"""Stages of a long experiment: each is done once, continued where it stopped, and never mixed up.

    workspace = Workspace(Path("runs/world"))
    workspace.run([qagen, mle, samples])

A stage is named by what it depends on: its settings and, by their keys, the stages and files it
reads. WORKDIR/stages/NAME.json remembers that. Run again with the same settings, a finished stage
is skipped and a begun one continued; with other settings it is refused, naming what differs.
With a cache folder (sweeps), outputs stand under the key instead: CACHE/KEY/OUTPUT, so that runs
that agree in a stage share it.
"""

import dataclasses
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import quals_jax
from quals_jax.data.writers import encode_row
from quals_jax.jobs.claim import RefusedError, write_json
from quals_jax.jobs.fingerprint import differences, flat_fields
from quals_jax.jobs.lock import FileLock, LockedError
from quals_jax.jobs.progress import duration

_WAIT_SECS = 2.0  # between two looks at a stage that another process works on

Paths = Callable[["Stage"], Path]


@dataclasses.dataclass(frozen=True)
class Stage:
    """One step: ``run(output, path)`` writes the output; ``path(stage)`` is where another lies.

    ``settings`` hold all that the output depends on besides ``inputs``; they are JSON values.
    ``run`` continues what an interrupted run left in place.
    """

    name: str
    output: str  # a file or folder, relative to the workdir
    run: Callable[[Path, Paths], None]
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)
    inputs: tuple["Stage", ...] = ()

    @property
    def fields(self) -> dict[str, object]:
        """What the output depends on, as flat fields."""
        return flat_fields(
            stage=self.name,
            program=f"quals-jax {quals_jax.__version__}",
            settings=self.settings,
            inputs={stage.name: stage.key for stage in self.inputs},
        )

    @property
    def key(self) -> str:
        """The hash of `fields`."""
        return hashlib.sha256(encode_row(self.fields)).hexdigest()[:16]


class Workspace:
    """Where outputs lie, and what is done."""

    def __init__(self, workdir: Path, cache: Path | None = None, *, restart: bool = False):
        """``restart``: stages that were made with other settings are discarded and made anew."""
        self.workdir, self._cache, self._restart = workdir, cache, restart

    def path(self, stage: Stage) -> Path:
        """Where the output of a stage lies, or will lie."""
        return self._root(stage) / stage.output

    def seconds(self, stage: Stage) -> float | None:
        """How long the stage took in all its runs; None before it is finished."""
        record = _read(self._record(stage))
        return record["secs"] if record.get("finished") else None

    def is_finished(self, stage: Stage) -> bool:
        """Whether the stage was finished with these settings and its output is there."""
        record = _read(self._record(stage))
        same = record.get("fields") == json.loads(json.dumps(stage.fields))
        return bool(same and record["finished"] and self.path(stage).exists())

    def run(self, stages: Sequence[Stage]) -> None:
        """Does what is not done, in order.

        Raises `RefusedError` where an output was made with other settings.
        """
        for number, stage in enumerate(stages, 1):
            self._run(stage, f"[{number}/{len(stages)}] {stage.name}")

    def _run(self, stage: Stage, title: str) -> None:
        if self.is_finished(stage):
            say(f"{title}: done before")
            return
        with self._alone(stage, title):
            if self.is_finished(stage):
                say(f"{title}: done by another process")
                return
            self._claim(stage)
            before, started = _read(self._record(stage))["secs"], time.monotonic()
            say(f"{title}" + f": continues ({duration(before)} so far)" * (before > 0))
            finished = False
            try:
                stage.run(self.path(stage), self.path)
                finished = True
            finally:
                secs = round(before + time.monotonic() - started, 2)
                self._write(stage, secs, finished)
            assert self.path(stage).exists(), f"{stage.name} left no {stage.output}"
            say(f"{title}: {duration(time.monotonic() - started)}")

    def _claim(self, stage: Stage) -> None:
        """Makes the place ready: empty, or holding what this very stage began."""
        record, output = _read(self._record(stage)), self.path(stage)
        if not record:
            if output.exists():
                raise RefusedError(
                    f"{output} exists and was not written by this pipeline; choose another workdir"
                )
        else:
            changed = differences(record["fields"], json.loads(json.dumps(stage.fields)))
            if changed and not self._restart:
                lines = "\n".join(f"  {line}" for line in changed)
                raise RefusedError(
                    f"{output} was made with other settings:\n{lines}\nRepeat the old settings to "
                    "continue, choose another workdir, or pass --restart to make it and what "
                    "depends on it anew."
                )
            if not changed:
                return
            _remove(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        self._write(stage, 0.0, False)

    def _write(self, stage: Stage, secs: float, finished: bool) -> None:
        path = self._record(stage)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"fields": stage.fields, "secs": secs, "finished": finished})

    def _root(self, stage: Stage) -> Path:
        return self.workdir if self._cache is None else self._cache / stage.key

    def _record(self, stage: Stage) -> Path:
        return self._root(stage) / "stages" / (stage.name.replace("/", ".") + ".json")

    @contextmanager
    def _alone(self, stage: Stage, title: str) -> Iterator[None]:
        """No two processes work on one output: in a cache the second waits for the first."""
        root = self._root(stage)
        root.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            waiting = False
            while True:
                try:
                    stack.enter_context(FileLock(root / "lock"))
                    break
                except LockedError as error:
                    if self._cache is None:
                        raise
                    if not waiting:
                        say(f"{title}: {error}; waiting")
                    waiting = True
                time.sleep(_WAIT_SECS)
            yield


def say(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr, flush=True)


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}


def _remove(output: Path) -> None:
    """An output with the traces that row jobs leave beside it."""
    for path in output.parent.glob(output.name + "*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
