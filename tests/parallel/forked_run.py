"""A run of several processes, forked after the slow imports: ``forked_run.py FOLDER COUNT FAULT``.

The last process suffers the fault, or process 0 where its name begins with ``first-``. What each
writes to standard error stands in FOLDER/messages-I; their exit statuses are printed as JSON
(negative: by which signal; null: still there after the others ended).
"""

import contextlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

from quals_jax.parallel import processes
from quals_jax.parallel.heartbeats import progress
from quals_jax.parallel.processes import everywhere, start_processes

_PATIENCE = 60.0  # seconds, by which all must have ended


def suffer(fault: str) -> None:
    """What happens to the victim, in the middle of its work."""
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif fault == "failed":
        raise ValueError("planted failure")
    elif fault == "hung":
        time.sleep(1000)


def work(index: int, count: int, address: str, fault: str) -> None:
    """One process: all meet, then the others wait for the victim, or work on."""
    fault, victim = (fault.removeprefix("first-"), 0 if fault.startswith("first-") else count - 1)
    if fault == "absent" and index == victim:
        return
    if fault == "other-code" and index == victim:
        processes.code_sha256 = lambda: "of another version"
    start_processes(address, count, index)
    everywhere(lambda: None)
    if fault == "ended" and index == victim:
        sys.exit(3)
    everywhere(lambda: suffer(fault) if index == victim else None)
    if fault == "working":
        print("met")
    while fault == "working":  # what is to happen comes from outside
        progress()
        time.sleep(0.1)


def forked(folder: Path, index: int, count: int, address: str, fault: str) -> int:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(folder / f"messages-{index}", os.O_WRONLY | os.O_CREAT), 2)
        work(index, count, address, fault)
        sys.exit(0)  # with all that is registered to run at the end
    return child


def main() -> None:
    folder, count, fault = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    children = [forked(folder, index, count, address, fault) for index in range(count)]
    victim = 0 if fault.startswith("first-") else count - 1
    statuses: list[int | None] = [None] * count
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for index, child in enumerate(children):
            if statuses[index] is None and (found := os.waitpid(child, os.WNOHANG))[0]:
                statuses[index] = os.waitstatus_to_exitcode(found[1])
        waited_for = statuses[:victim] + statuses[victim + 1 :]
        if None not in (waited_for if fault.endswith("stopped") else statuses):
            break
        time.sleep(0.02)
    for index, child in enumerate(children):
        if statuses[index] is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    print(json.dumps(statuses))


if __name__ == "__main__":
    main()
