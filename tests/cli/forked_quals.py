"""`quals` in several processes, forked after the slow imports; prints their exit statuses as JSON.

One argument, JSON: "arguments" of each process, "messages" (a file for each), and either nothing or
the process to "kill" by the signal 9 as soon as the "work" folder holds a finished row of each.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import jax

import quals_jax.metrics.quals  # noqa: F401
from quals_jax import cli

jax.config.update("jax_default_matmul_precision", "highest")

_PATIENCE = 600.0  # seconds; a busy machine compiles slowly


def forked(index: int, address: str, job: dict) -> int:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(job["messages"][index], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        where = ("--coordinator", address, "--num-processes", f"{len(job['arguments'])}")
        sys.exit(cli.main([*job["arguments"][index], *where, "--process-id", f"{index}"]))
    return child


def main() -> None:
    job = json.loads(sys.argv[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    children = [forked(index, address, job) for index in range(len(job["arguments"]))]
    if "kill" in job:
        deadline = time.monotonic() + _PATIENCE
        while len(list(Path(job["work"]).glob("manifest*"))) < len(children):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.kill(children[job["kill"]], signal.SIGKILL)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps(statuses))


if __name__ == "__main__":
    main()
