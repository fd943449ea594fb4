"""Runs `quals` in forked children of a process that has imported everything, to start fast.

One line of JSON per request on standard input: {"arguments": [...], "messages": FILE}. The child's
process id is printed at once, its exit status (negative: killed by that signal) when it has ended.
No device is used before the fork, so that every child starts JAX on its own.
"""

import json
import os
import sys

import jax

import quals_jax.metrics.quals  # noqa: F401
from quals_jax import cli

jax.config.update("jax_default_matmul_precision", "highest")


def _run(request: dict) -> None:
    os.dup2(os.open(request["messages"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os._exit(cli.main(request["arguments"]))


print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        _run(json.loads(line))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
