"""Does the runs of a ledger: each once, the failed ones on demand only."""

import dataclasses
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from experiments.pipeline.stages import say
from experiments.sweep.ledger import Entry, Ledger, Status, now
from quals_jax.jobs.lock import LockedError
from quals_jax.jobs.progress import duration

# Does one run: configuration, folder of its results, folder of the stages that runs share.
Run = Callable[[Any, Path, Path], object]


def run_pipeline(pipeline: Any, workdir: Path, cache: Path) -> None:
    """The usual `Run`."""
    from experiments.pipeline.command import run

    run(pipeline, workdir, cache=cache)


@dataclasses.dataclass(frozen=True)
class Shard:
    """The ``index``-th (from 1) of ``count`` parts of the runs."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """``i/n`` with 1 <= i <= n."""
        index, slash, count = text.partition("/")
        if slash and index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count):
            return cls(int(index), int(count))
        raise ValueError(f"shard {text!r}: expected I/N with 1 <= I <= N, such as 2/4")

    def of(self, keys: Sequence[str]) -> list[str]:
        """Every count-th key."""
        return list(keys[self.index - 1 :: self.count])


def run_all(
    ledger: Ledger,
    configs: dict[str, Any],
    shard: Shard,
    run: Run,
    statuses: Collection[Status] = ("planned", "running"),
) -> int:
    """Does the runs of the shard that have one of ``statuses``; returns how many failed.

    A run that fails is recorded with its error and the next one begins. A run that was interrupted
    (its status is still running, but nobody works on it) is continued.
    """
    failures = 0
    keys = shard.of(list(configs))
    for number, key in enumerate(keys, 1):
        title = f"run {number}/{len(keys)} {key}"
        try:
            with _taken(ledger, key):
                entry = ledger.entry(key)
                if entry.status in statuses:
                    say(f"{title}: {label(entry)}")
                    failures += not _run_one(ledger, entry, configs[key], run, title)
        except LockedError as error:
            say(f"{title}: {error}")
    return failures


@contextmanager
def _taken(ledger: Ledger, key: str) -> Iterator[None]:
    """The lock of a run. Tried twice, for `status` holds it for a moment to see whether it can."""
    with ExitStack() as stack:
        try:
            stack.enter_context(ledger.lock(key))
        except LockedError:
            time.sleep(0.2)
            stack.enter_context(ledger.lock(key))
        yield


def _run_one(ledger: Ledger, entry: Entry, config: Any, run: Run, title: str) -> bool:
    started = time.monotonic()
    ledger.update(entry.key, status="running", error="")
    status, error = "finished", ""
    try:
        run(config, ledger.workdir(entry.key), ledger.cache)
    except Exception as failure:
        status, error = "failed", f"{type(failure).__name__}: {failure}"
        (ledger.workdir(entry.key) / "error.txt").write_text(traceback.format_exc(), "utf-8")
    secs = round(time.monotonic() - started, 1)
    ledger.update(entry.key, status=status, error=error, secs=secs, ended=now())
    say(f"{title}: {status} after {duration(secs)}{': ' * bool(error)}{error}")
    return status == "finished"


def label(entry: Entry) -> str:
    """The overrides of a run in one line."""
    return ", ".join(f"{name}={value}" for name, value in entry.overrides.items()) or "as it is"
