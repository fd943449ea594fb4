"""A `quals`-like command without a model: real processes for the tests of the job mechanism.

    python stand_in.py IN OUT [--rows-per-sec N] [--mode clean|paper] [--shard-rows N] ...

Environment: FAULT names a place where the process kills itself or waits (see `inject`).
"""

import argparse
import hashlib
import os
import signal
import sys
import time
from pathlib import Path

from quals_jax.data.writers import WriteError
from quals_jax.jobs import run
from quals_jax.jobs.lock import LockedError
from quals_jax.jobs.row_job import RowJob, Worker
from quals_jax.jobs.source import RowSource


class Tally:
    """Counts rows with a score."""

    def __init__(self):
        self.scored = 0

    def add(self, row):
        self.scored += "quals" in row

    def line(self):
        return f"{self.scored} scored"


def worker(options):
    """A score that depends on the text, and on the rows of the shard as batches would."""

    def process(rows, report):
        batch = hashlib.sha256("".join(str(row.id) for row in rows).encode()).hexdigest()[:8]
        results = []
        for row in rows:
            if options.rows_per_sec:
                time.sleep(1 / options.rows_per_sec)
            report(1)
            digest = hashlib.sha256((row.document + "|".join(row.summaries)).encode()).digest()
            if "fail" in row.document:
                results.append({"status": "error", "code": "planted", "message": "asked to fail"})
            else:
                results.append({"quals": digest[0] / 7, "batch": batch, "reason": None})
        if os.environ.get("FAULT") == "input_grows":
            with open(options.input, "a") as file:
                file.write("\n")
        return results

    return Worker(process, options.signature)


def inject(fault: str) -> None:
    """Kills the process at one exact place of the second shard."""
    store = run.ShardStore
    append, assemble, finish = store._append, run._Run._assemble, run.finish

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def append_or_die(self, line):
        if len(self.shards) == 1:
            if fault == "before_manifest_line":
                die()
            with self._manifest.open("ab") as file:
                file.write(line[: len(line) // 2])
            die()
        append(self, line)

    def finish_or_die(*args):
        if fault == "before_final_manifest":
            die()
        if fault == "inside_removal":
            run.shutil.rmtree = lambda folder, ignore_errors: die()
        finish(*args)

    def assemble_or_die(self):
        if fault == "before_assembly":
            die()
        assemble(self)

    if fault in ("before_manifest_line", "inside_manifest_line"):
        store._append = append_or_die
    run.finish = finish_or_die
    run._Run._assemble = assemble_or_die


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--format")
    parser.add_argument("--output-format", default="jsonl")
    parser.add_argument("--rows-per-sec", type=float, default=0)
    parser.add_argument("--mode", default="clean")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--signature", default="stand-in")
    parser.add_argument("--shard-rows", type=int, default=4)
    parser.add_argument("--max-errors", type=int, default=100)
    for flag in ("--restart", "--quiet"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    if fault := os.environ.get("FAULT"):
        inject(fault)
    job = RowJob(
        "stand-in",
        RowSource.of(options.input, options.format),
        options.output,
        options.output_format,
        settings={"mode": options.mode},
        model=options.model,
        columns=("id", "quals"),
        shard_rows=options.shard_rows,
        max_errors=options.max_errors,
        restart=options.restart,
        quiet=options.quiet,
    )
    try:
        return run.run_row_job(job, lambda: worker(options), Tally())
    except (LockedError, WriteError) as error:
        print(error, file=sys.stderr)
        return 1
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
