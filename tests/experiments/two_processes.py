"""A pipeline without models in processes of its own: ``python two_processes.py WORKDIR``.

FAIL names the process that fails in the second stage.
"""

import os
import sys
from pathlib import Path

import jax

from experiments.pipeline.rows import write_rows
from experiments.pipeline.stages import Stage, Workspace
from quals_jax.jobs.row_job import RowJob, Worker
from quals_jax.jobs.run import run_row_job
from quals_jax.jobs.source import RowSource
from quals_jax.parallel.processes import ThisTeam, start_processes


class Tally:
    def add(self, row):
        pass

    def line(self):
        return "shouted"


def main() -> int:
    start_processes()
    workdir = Path(sys.argv[1])
    index = jax.process_index()

    def noted(name: str) -> None:
        with (workdir / f"journal-{index}").open("a") as journal:
            journal.write(f"{name}\n")

    def write(output: Path, path) -> None:
        noted("rows")
        texts = ({"id": i, "document": f"row {i}", "summary": ""} for i in range(11))
        write_rows(output, texts)

    def shout(output: Path, path) -> None:
        def process(rows, report):
            noted("shout " + " ".join(str(row.id) for row in rows))
            if str(index) == os.environ.get("FAIL"):
                raise ValueError("planted failure")
            return [{"text": row.document.upper()} for row in rows]

        source = RowSource.of(str(path(rows)))
        job = RowJob("shout", source, str(output), "jsonl", shard_rows=2, team=ThisTeam())
        assert run_row_job(job, lambda: Worker(process), Tally()) == 0

    rows = Stage("rows", "rows.jsonl", write)
    loud = Stage("loud", "loud.jsonl", shout, inputs=(rows,), uses_all_processes=True)
    Workspace(workdir).run([rows, loud])
    return 0


if __name__ == "__main__":
    sys.exit(main())
