"""A pipeline without models in processes of its own: ``python two_processes.py WORKDIR``.

FAIL names the process that fails in the second stage.
"""

import json
import os
import sys
from pathlib import Path

import jax

from experiments.pipeline.rows import run_in_parts, write_rows
from experiments.pipeline.stages import Stage, Workspace
from quals_jax.parallel.processes import start_processes


def main() -> int:
    start_processes()
    workdir = Path(sys.argv[1])
    index, count = jax.process_index(), jax.process_count()

    def noted(name: str) -> None:
        with (workdir / f"journal-{index}").open("a") as journal:
            journal.write(f"{name}\n")

    def write(output: Path, path) -> None:
        noted("rows")
        write_rows(output, ({"id": i, "text": f"row {i}"} for i in range(11)))

    def shout(output: Path, path) -> None:
        def run(rows: Path, part: Path) -> None:
            lines = [json.loads(line) for line in rows.read_text().splitlines()]
            noted(f"shout {len(lines)}")
            if str(index) == os.environ.get("FAIL"):
                raise ValueError("planted failure")
            write_rows(part, ({"id": row["id"], "text": row["text"].upper()} for row in lines))

        run_in_parts(run, path(rows), output, index, count)

    rows = Stage("rows", "rows.jsonl", write)
    loud = Stage("loud", "loud.jsonl", shout, inputs=(rows,), uses_all_processes=True)
    Workspace(workdir).run([rows, loud])
    return 0


if __name__ == "__main__":
    sys.exit(main())
