"""Runs a function over many rows so that it can be stopped at any moment and continued.

    status = run_row_job(job, load_worker=lambda: Worker(process, signature), tally=Tally())

Rows are worked on in shards, always the same rows together, so that the output has the same bytes
however often the job was interrupted and however many processes share it (team.py). shards.py
tells what lies in OUTPUT.work meanwhile; at the end OUTPUT appears whole, and OUTPUT.manifest.json
beside it (claim.py).
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import astuple
from io import RawIOBase
from itertools import count, islice
from pathlib import Path
from typing import Any

from quals_jax.data.records import RowError, SummaryRow
from quals_jax.data.writers import WriteError, atomic_file, compressed, write_rows
from quals_jax.jobs.claim import (
    Finished,
    RefusedError,
    can_continue,
    check_signature,
    claim,
    finish,
    signature_in,
)
from quals_jax.jobs.fingerprint import file_sha256
from quals_jax.jobs.lock import FileLock
from quals_jax.jobs.progress import Progress, duration
from quals_jax.jobs.row_job import STDOUT, Report, RowJob, Tally, Worker
from quals_jax.jobs.shards import Shard, ShardStore
from quals_jax.jobs.source import RowSource, Survey, survey
from quals_jax.jobs.stopping import Stopped, StopSignals

GOOD, BAD_INPUT = 0, 2


def run_row_job(job: RowJob, load_worker: Callable[[], Worker], tally: Tally) -> int:
    """Exit status: 0 good, 2 when some rows failed, 130 or 143 when a signal stopped it.

    ``load_worker`` is called once, and only when there is a row to work on. Raises RefusedError,
    LockedError, WriteError, and ValueError or FileNotFoundError for unusable input.
    """
    if job.team.count > 1 and (job.is_stream or job.source.is_stream):
        raise ValueError(
            "several processes share the rows: input and output must be files that all of them see"
        )
    if not job.is_stream:
        return _run_in(_work_folder(job), job, None, load_worker, tally)
    to_stdout = job.output == STDOUT
    target = sys.stdout.fileno() if to_stdout else job.output
    with (
        tempfile.TemporaryDirectory(prefix="quals-") as folder,
        open(target, "wb", 0, closefd=not to_stdout) as stream,
    ):
        return _run_in(Path(folder) / "work", job, stream, load_worker, tally)


def _work_folder(job: RowJob) -> Path:
    output, source = Path(job.output), Path(job.source.path)
    if output.is_dir():
        raise ValueError(f"the output {output} is a folder; a file is expected")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"the output's folder {output.parent} does not exist; create it")
    if output.exists() and source.exists() and output.samefile(source):
        raise ValueError(f"{output} is both input and output; name another output")
    return output.with_name(output.name + ".work")


def _run_in(
    folder: Path,
    job: RowJob,
    stream: RawIOBase | None,
    load_worker: Callable[[], Worker],
    tally: Tally,
) -> int:
    team = job.team
    store = ShardStore(folder, team.index)
    with StopSignals() as signals, ExitStack() as stack:
        try:
            if team.is_first:
                stack.enter_context(FileLock(folder / "lock"))
            try:
                return _Run(job, store, stream, signals, load_worker, tally).run()
            finally:
                if team.is_first and not can_continue(folder):
                    shutil.rmtree(folder, ignore_errors=True)
        except Stopped as stopped:
            job.say(f"{stopped}; {_kept(job, store)}")
            return stopped.exit_status
        except WriteError as error:
            raise WriteError(f"{error}; {_kept(job, store)}") from error


def _kept(job: RowJob, store: ShardStore) -> str:
    if job.is_stream:
        return f"{store.rows} rows were finished"
    kept = f"{store.rows} finished rows are kept in {store.folder}" if store.rows else "no row yet"
    again = "again without --restart" if job.restart else "the same command again"
    return f"{kept}; run {again} to continue"


class _Run:
    """One run of a job under its lock."""

    def __init__(
        self,
        job: RowJob,
        store: ShardStore,
        stream: RawIOBase | None,
        signals: StopSignals,
        load_worker: Callable[[], Worker],
        tally: Tally,
    ):
        self.job, self.store, self.stream, self.signals = job, store, stream, signals
        self.load_worker, self.tally = load_worker, tally
        self.output = Path(job.output) if stream is None else store.folder / "output"
        self.worker = Worker(lambda rows, report: [])

    def run(self) -> int:
        job, team, store = self.job, self.job.team, self.store
        with self.signals.interruptible():
            source = job.source.spooled(store.folder)
            version = _version(source)
            fingerprint = team.everywhere(lambda: job.fingerprint(source))
            team.check_same(_parts(fingerprint))
            status, finished = team.from_first(lambda: self._begin(fingerprint))
            if status is not None:
                return status
            store.shards |= {line[0]: Shard(*line) for line in finished}
            found = team.everywhere(lambda: self._survey(source))
            if store.rows < found.rows and found.errors < found.rows:
                self.worker = team.everywhere(self.load_worker)
                team.check_same({"model": self.worker.signature})
                team.from_first(lambda: check_signature(store.folder, self.worker.signature))
        before = store.rows
        own = sum(map(self._is_own, range(self._missing(found))))
        own_rows = min(own * job.shard_rows, found.rows - before)
        quiet = job.quiet or not team.is_first
        with Progress(job.command, before + own_rows, before, quiet) as progress:
            team.everywhere(lambda: self._work(source, progress), self.signals.interruptible)
        if team.count > 1:
            team.from_first(self._gather)
            progress.advance(store.rows - progress.done)
        if _version(source) != version:
            raise RefusedError(f"{source.name} was changed while it was read; pass --restart")
        return team.from_first(lambda: self._finish(fingerprint, progress))

    def _begin(self, fingerprint: dict[str, object]) -> tuple[int | None, list[list[object]]]:
        """The exit status where the job is finished already, and what is done of it."""
        finished = claim(self.output, self.store.folder, fingerprint, self.job.restart)
        if finished:
            self.job.say(
                f"{self.job.output} is finished already, nothing to do\n{finished.summary}"
            )
            return BAD_INPUT if finished.errors else GOOD, []
        self.store.load()
        return None, [[*astuple(shard)] for shard in self.store.shards.values()]

    def _gather(self) -> None:
        """The shards of all processes."""
        self.store.load()
        self._check_errors(self.store.errors)

    def _survey(self, source: RowSource) -> Survey:
        found = survey(source)
        self._tell(found, source.name)
        return found

    def _missing(self, found: Survey) -> int:
        """Shards that were not done before."""
        return -(-found.rows // self.job.shard_rows) - len(self.store.shards)

    def _is_own(self, missing: int) -> bool:
        """Whether this process does the so-manieth of the missing shards."""
        return missing % self.job.team.count == self.job.team.index

    def _tell(self, found: Survey, name: str) -> None:
        """What there is to know before the work begins."""
        job, store = self.job, self.store
        if store.discarded:
            job.say(f"threw away {store.discarded} incomplete shards; they are done again")
        if store.rows:
            job.say(f"continuing: {store.rows} of {found.rows} rows are done")
        if found.errors:
            examples = found.describe_errors(name)
            job.say(f"{found.errors} of {found.rows} rows cannot be used:\n{examples}")
        self._check_errors(found.errors)

    def _check_errors(self, errors: int) -> None:
        if errors > self.job.max_errors:
            raise RefusedError(
                f"{errors} rows failed and --max-errors is {self.job.max_errors}; mend the input, "
                "or allow more and run again"
            )

    def _work(self, source: RowSource, progress: Progress) -> None:
        """Does this process' share of the shards that are not done."""
        before, missing = frozenset(self.store.shards), count()
        for number, chunk in enumerate(_chunks(source.rows(), self.job.shard_rows)):
            if number in before or not self._is_own(next(missing)):
                continue
            self.job.team.check_others()
            done = progress.done
            with self.signals.interruptible():
                rows = self._process(chunk, progress.advance)
            content = self.store.add(number, rows)
            progress.advance(done + len(chunk) - progress.done)
            if self.stream is not None and self.job.output_format == "jsonl":
                self._emit(content)
            self._check_errors(self.store.errors)

    def _process(self, chunk: list[SummaryRow | RowError], report: Report) -> list[dict[str, Any]]:
        """The output rows of a shard: errors pass, all other rows go through the worker."""
        usable = [row for row in chunk if isinstance(row, SummaryRow)]
        try:
            results = self.worker.process(usable, report) if usable else []
        except Exception as error:
            # Not a fault of the user's input, whatever type it has: it shall keep its traceback.
            lines = f"lines {chunk[0].line} to {chunk[-1].line}"
            raise RuntimeError(f"the work on {lines} of the input failed: {error}") from error
        assert len(results) == len(usable), f"{len(results)} results for {len(usable)} rows"
        made = iter(results)
        return [
            {"id": row.id, **(row.as_row() if isinstance(row, RowError) else next(made))}
            for row in chunk
        ]

    def _finish(self, fingerprint: dict[str, object], progress: Progress) -> int:
        """Sums up, puts the output in place and cleans up; a crash in here costs no row."""
        job, store = self.job, self.store
        failed: Counter[str] = Counter()
        for row in store.read_rows():
            self.tally.add(row)
            if row.get("status") == "error":
                failed[str(row["code"])] += 1
        summary = self._summary(failed, progress)
        if self.stream is None or job.output_format != "jsonl":
            self._assemble()
        if self.stream is None:
            done = Finished(
                fingerprint,
                signature_in(store.folder),
                store.rows,
                store.errors,
                file_sha256(self.output),
                summary,
            )
            finish(self.output, store.folder, done)
        elif job.output_format != "jsonl":
            self._emit(self.output.read_bytes())
        job.say(summary)
        return BAD_INPUT if failed else GOOD

    def _summary(self, failed: Counter[str], progress: Progress) -> str:
        if not self.store.rows:
            return f"{self.job.source.name} has no rows; the output is empty"
        parts = [self.tally.line()]
        if failed:
            codes = ", ".join(f"{code} {count}" for code, count in sorted(failed.items()))
            parts.append(f"{failed.total()} of {self.store.rows} rows failed ({codes})")
        if progress.rows_per_sec:
            parts.append(f"{duration(progress.seconds)}, {progress.rows_per_sec:.3g} rows/s")
        return "; ".join([*parts, *filter(None, [signature_in(self.store.folder)])])

    def _assemble(self) -> None:
        job, part = self.job, self.store.folder / "output.part"
        if job.output_format != "jsonl":
            rows = self.store.read_rows
            write_rows(self.output, job.output_format, rows, job.columns, part)
            return
        with atomic_file(self.output, part) as file, compressed(file, self.output) as stream:
            stream.writelines(self.store.contents())

    def _emit(self, content: bytes) -> None:
        assert self.stream is not None
        try:
            while content:
                content = content[self.stream.write(content) :]
        except BrokenPipeError:
            raise  # whoever read the rows has enough of them
        except OSError as error:
            raise WriteError(f"cannot write {self.job.output}: {error.strerror}") from error


def _parts(fingerprint: dict[str, object]) -> Mapping[str, object]:
    """What the processes must agree in, by the names that people know it by."""
    parts: dict[str, dict[str, object]] = {"config": {}, "data": {}, "model": {}}
    for key, value in fingerprint.items():
        name = "model" if key.startswith("model") else "data" if key == "input_sha256" else "config"
        parts[name][key] = value
    return parts


def _version(source: RowSource) -> tuple[int, ...]:
    stat = Path(source.path).stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _chunks(
    rows: Iterator[SummaryRow | RowError], size: int
) -> Iterator[list[SummaryRow | RowError]]:
    while chunk := list(islice(rows, size)):
        yield chunk
