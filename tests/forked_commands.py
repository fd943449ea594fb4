"""Commands in forked children of a process that has imported everything, so that they start fast.

    commands = ForkedCommands(folder, "quals_jax.cli")
    pid = commands.start(["score", ...])
    commands.status()

One line of JSON per request goes to the process: {"arguments": [...], "messages": FILE}. The
child's process id comes back at once, its exit status (negative: killed by that signal) when it has
ended. No device is used before the fork, so that every child starts JAX on its own.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

PATIENCE = 600.0  # seconds; a busy machine compiles slowly


class ForkedCommands:
    """Runs ``main(arguments)`` of a module in children, one at a time.

    ``also`` are modules that ``main`` imports late.
    """

    def __init__(self, folder: Path, module: str, *also: str):
        self.messages = folder / "messages"
        self.child: int | None = None
        self.server = subprocess.Popen(
            [sys.executable, "-m", "tests.forked_commands", module, *also],
            cwd=Path(__file__).parents[1],
            env=os.environ | {"JAX_DEFAULT_MATMUL_PRECISION": "highest"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self.server.stdout.readline() == b"ready\n"

    def start(self, arguments, **environment: str) -> int:
        """The process id of the child."""
        request = {
            "arguments": list(map(str, arguments)),
            "messages": str(self.messages),
            "environment": environment,
        }
        self.server.stdin.write(json.dumps(request).encode() + b"\n")
        self.child = int(self.server.stdout.readline())
        return self.child

    def status(self, secs: float | None = None) -> int | None:
        """Exit status, or None when it still runs after so many seconds."""
        ready, _, _ = select.select([self.server.stdout], [], [], secs)
        if not ready:
            return None
        self.child = None
        return int(self.server.stdout.readline())

    def close(self) -> None:
        """Ends the child, if it is still at work, and the server."""
        if self.child is not None:  # a failed test left it at work
            os.kill(self.child, signal.SIGKILL)
        self.server.stdin.close()
        self.server.wait(PATIENCE)
        self.server.stdout.close()


def _serve(module: str, *also: str) -> None:
    main = importlib.import_module(module).main
    for name in also:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            request = json.loads(line)
            os.environ |= request["environment"]
            os.dup2(os.open(request["messages"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            os._exit(main(request["arguments"]))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
