"""`quals` in several processes, forked after the slow imports; prints their exit statuses as JSON.

One argument, JSON: "arguments" of each process, "messages" (a file for each), and perhaps which of
them to "kill" by the signal 9, when its first shard is written.
"""

import json
import os
import signal
import socket
import sys

import jax

import quals_jax.metrics.quals  # noqa: F401
from quals_jax import cli
from quals_jax.jobs.shards import ShardStore

jax.config.update("jax_default_matmul_precision", "highest")


def forked(index: int, address: str, job: dict) -> int:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(job["messages"][index], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        if index == job.get("kill"):
            die_after_a_shard()
        where = ("--coordinator", address, "--num-processes", f"{len(job['arguments'])}")
        sys.exit(cli.main([*job["arguments"][index], *where, "--process-id", f"{index}"]))
    return child


def die_after_a_shard() -> None:
    add = ShardStore.add

    def add_and_die(*args):
        add(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    ShardStore.add = add_and_die  # pyrefly: ignore


def main() -> None:
    job = json.loads(sys.argv[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    children = [forked(index, address, job) for index in range(len(job["arguments"]))]
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps(statuses))


if __name__ == "__main__":
    main()
