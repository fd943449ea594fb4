"""One library, one job: loads, runs it once, then again each time a line comes.

    python -m bench.peers.worker LIBRARY JOB MODEL

Every answer is a line of JSON. The first: versions, and the seconds of loading and of the first
call, compilation included. Then per run the seconds, those of all the process's threads, and the
most memory that the process has held. ``check`` is a number that all who do the job agree on.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

Job = Callable[[], float]


def main(library: str, job: str, folder: str) -> None:
    """Serves runs until its standard input ends."""
    begin = time.perf_counter()
    module = importlib.import_module(f"bench.peers.{library}")
    run: Job = module.JOBS[job](Path(folder))
    loaded = time.perf_counter()
    check = run()
    called = time.perf_counter()
    tell(
        versions=module.versions(),
        load_seconds=loaded - begin,
        first_call_seconds=called - loaded,
        check=check,
        compilations=module.compilations() if hasattr(module, "compilations") else None,
    )
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        run()
        tell(
            seconds=time.perf_counter() - start,
            cpu_seconds=time.process_time() - cpu,
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )


def tell(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
