"""F33: the cable between two hosts is pulled; both sides notice by themselves."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.network.namespace import HERE, Namespace

_ROOT = Path(__file__).parents[2]
_WORK = "from tests.parallel.forked_run import work; work({index}, 2, '{address}', 'working')"


def start(index, address, *prefix):
    return subprocess.Popen(
        [*prefix, sys.executable, "-u", "-c", _WORK.format(index=index, address=address)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "QUALS_SILENCE_SECS": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_both_sides_of_a_cut_connection_end_with_the_reason():
    address = f"{HERE}:{20000 + os.getpid() % 10000}"
    with Namespace() as there:
        processes = [start(0, address), start(1, address, *there.prefix)]
        try:
            assert [process.stdout.readline() for process in processes] == ["met\n", "met\n"]
            time.sleep(1.5)  # a beat or two
            assert [process.poll() for process in processes] == [None, None]
            there.cut()
            messages = [process.communicate(timeout=60)[1] for process in processes]
        finally:
            for process in processes:
                process.kill()
                process.communicate()
    assert [process.returncode for process in processes] == [1, 1], messages
    for other, message in zip((1, 0), messages, strict=True):
        assert f"process {other} is gone, nothing was heard of it for 3 s" in message
        assert "the network is down" in message
