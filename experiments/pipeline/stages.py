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
import functools
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import quals_jax
from quals_jax.data.writers import encode_row
from quals_jax.jobs.claim import RefusedError, write_json
from quals_jax.jobs.fingerprint import differences, flat_fields
from quals_jax.jobs.lock import FileLock, LockedError
from quals_jax.jobs.progress import duration
from quals_jax.parallel.processes import everywhere, from_first, is_first_process

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
    uses_all_processes: bool = False  # of a run on many hosts; otherwise process 0 does it alone

    @functools.cached_property
    def fields(self) -> dict[str, object]:
        """What the output depends on, as flat fields of JSON values."""
        fields = flat_fields(
            stage=self.name,
            program=f"quals-jax {quals_jax.__version__}",
            settings=self.settings,
            inputs={stage.name: stage.key for stage in self.inputs},
        )
        return json.loads(json.dumps(fields))

    @functools.cached_property
    def key(self) -> str:
        """The hash of `fields`."""
        return hashlib.sha256(encode_row(self.fields)).hexdigest()[:16]


class Workspace:
    """Where outputs lie, and what is done."""

    def __init__(self, workdir: Path, cache: Path | None = None, *, restart: bool = False):
        """``restart``: stages that were made with other settings are discarded and made anew.

        Raises ValueError where the workdir is a file.
        """
        if workdir.exists() and not workdir.is_dir():
            raise ValueError(
                f"{workdir} is a file; --workdir names a folder to make or to continue"
            )
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
        same = record.get("fields") == stage.fields
        return bool(same and record["finished"] and self.path(stage).exists())

    def run(self, stages: Sequence[Stage]) -> None:
        """Does what is not done, in order. On many hosts all processes call it, on shared files.

        Raises `RefusedError` where an output was made with other settings.
        """
        for number, stage in enumerate(stages, 1):
            title = f"[{number}/{len(stages)}] {stage.name}"
            # Process 0 decides: the others might see the files change.
            if from_first(lambda stage=stage: self.is_finished(stage)):
                say(f"{title}: done before")
            else:
                self._run(stage, title)

    def _run(self, stage: Stage, title: str) -> None:
        """Process 0 holds the lock and keeps the record; the others work beside it."""
        with self._alone(stage, title) if is_first_process() else nullcontext():
            if from_first(lambda: self._claim(stage)):
                say(f"{title}: done by another run")
                return
            before = _read(self._record(stage))["secs"]
            say(f"{title}" + f": continues ({duration(before)} so far)" * (before > 0))
            started, finished = time.monotonic(), False
            try:
                work = stage.uses_all_processes or is_first_process()
                everywhere(lambda: stage.run(self.path(stage), self.path) if work else None)
                finished = True
            finally:
                secs = round(time.monotonic() - started, 2)
                if is_first_process():
                    self._write(stage, round(before + secs, 2), finished)
            assert self.path(stage).exists(), f"{stage.name} left no {stage.output}"
            say(f"{title}: {duration(secs)}")

    def _claim(self, stage: Stage) -> bool:
        """Makes the place ready: empty, or holding what this very stage began. True: it is done."""
        if self.is_finished(stage):
            return True
        record, output = _read(self._record(stage)), self.path(stage)
        if not record:
            if output.exists():
                raise RefusedError(
                    f"{output} exists and was not written by this pipeline; choose another workdir"
                )
        else:
            changed = differences(record["fields"], stage.fields)
            if changed and not self._restart:
                lines = "\n".join(f"  {line}" for line in changed)
                raise RefusedError(
                    f"{output} was made with other settings:\n{lines}\nRepeat the old settings to "
                    "continue, choose another workdir, or pass --restart to make it and what "
                    "depends on it anew."
                )
            if not changed:
                return False
            _remove(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        self._write(stage, 0.0, False)
        return False

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
    """A line on stderr, from process 0."""
    if is_first_process():
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
