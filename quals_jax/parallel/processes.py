"""Start of a run on many hosts, and what its processes do and decide together.

The same command runs on every host. On a TPU pod and under SLURM (``srun python -m train ...``) it
needs nothing else; elsewhere each process is told the address of process 0 (host:port), how many
processes there are, and which one it is:

    python -m train NAME --workdir DIR --coordinator 10.0.0.1:1234 --num-processes 2 --process-id 0

or by JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID in the environment. Where one of
them is gone, the others end (heartbeats.py).
"""

import json
import os
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from quals_jax.jobs.team import Block, Team
from quals_jax.jobs.team import OtherProcessError as OtherProcessError
from quals_jax.parallel import coordination
from quals_jax.parallel.agreement import check_same
from quals_jax.parallel.code_hash import code_sha256
from quals_jax.parallel.heartbeats import Heartbeats, Limits, open_links

Result = TypeVar("Result")

_DONE, _FAILED, _LED = b"done", b"failed", b"led"  # led: it ended since another one failed

_SLURM = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID")


def start_processes(
    coordinator: str = "", num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Joins the other processes of the run, where there are any; call it before anything of JAX.

    Raises ValueError where only a part of the three is given, or where they make no sense.
    """
    arguments = find_processes(
        os.environ,
        jax.config.jax_platforms or "",  # pyrefly: ignore
        coordinator=coordinator,
        num_processes=num_processes,
        process_id=process_id,
    )
    if arguments is None:
        return
    limits = Limits.of(os.environ)
    # Its handler of SIGTERM would be in the way of ours (`jobs.stopping`, `parallel.stop_votes`).
    jax.config.update("jax_enable_preemption_service", False)
    # JAX has a time limit of its own, of which nobody but a C++ abort tells.
    alarm = threading.Timer(limits.start_secs, _give_up, (limits.start_secs, arguments))
    alarm.daemon = True
    alarm.start()
    try:
        jax.distributed.initialize(
            **arguments, initialization_timeout=int(2 * limits.start_secs) + 60
        )
        if coordination.num_processes() > 1:
            _watch(limits)
    except ValueError:
        if arguments:
            raise
        # A TPU host that belongs to no cluster.
    finally:
        alarm.cancel()


def _watch(limits: Limits) -> None:
    index, count = coordination.process_id(), coordination.num_processes()
    links = open_links(
        index,
        count,
        lambda where: coordination.tell_all("heartbeats", where),
        lambda: coordination.ask_first("heartbeats", limits.start_secs),
        coordination.host_of_first(),
    )
    Heartbeats(index, count, links, limits).start()
    check_same({"code": code_sha256()})


def _give_up(secs: float, arguments: Mapping[str, Any]) -> None:
    """In a thread of its own: the one that starts JAX cannot be interrupted."""
    count = arguments.get("num_processes")
    whose = f"the {count} processes" if count else "the processes"
    where = f" at {at}" if (at := arguments.get("coordinator_address")) else ""
    text = (
        f"error: not all of {whose} of this run met within {secs:g} s (QUALS_START_SECS): one was "
        f"not started or cannot reach process 0{where}. Start the same command on all hosts\n"
    )
    os.write(2, text.encode())
    os._exit(1)


def find_processes(
    env: Mapping[str, str],
    platforms: str,
    *,
    coordinator: str = "",
    num_processes: int | None = None,
    process_id: int | None = None,
) -> dict[str, Any] | None:
    """The arguments of ``jax.distributed.initialize``; None where this is the only process.

    ``platforms`` is JAX's setting of that name: it holds ``tpu`` on every TPU host.
    """
    coordinator = coordinator or env.get("JAX_COORDINATOR_ADDRESS", "")
    num = _number("num_processes", num_processes, env.get("JAX_NUM_PROCESSES"))
    index = _number("process_id", process_id, env.get("JAX_PROCESS_ID"))
    given = {"coordinator": coordinator, "num_processes": num, "process_id": index}
    missing = [name for name, value in given.items() if value in ("", None)]
    if not missing:
        return _explicit(coordinator, num, index)
    if len(missing) < 3:
        raise ValueError(
            f"a run of several processes needs coordinator, num_processes and process_id; "
            f"{' and '.join(missing)} is missing"
        )
    # SLURM sets the first five in a shell of an allocation too; a step of one task is no cluster.
    if all(name in env for name in _SLURM) and int(env.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        return {"cluster_detection_method": "slurm", "local_device_ids": _slurm_devices(env)}
    return {} if "tpu" in platforms.split(",") else None


def _number(name: str, flag: int | None, variable: str | None) -> int | None:
    if flag is not None or not variable:
        return flag
    if not variable.isdigit():
        raise ValueError(f"JAX_{name.upper()} is {variable!r}, expected a number")
    return int(variable)


def _explicit(coordinator: str, num: int | None, index: int | None) -> dict[str, Any]:
    assert num is not None
    assert index is not None
    if not re.fullmatch(r".+:\d+", coordinator):
        raise ValueError(f"coordinator is {coordinator!r}, expected HOST:PORT of process 0")
    if not 0 <= index < num:
        raise ValueError(f"process_id is {index}, expected 0 to {num - 1} (num_processes is {num})")
    return {
        "coordinator_address": coordinator,
        "num_processes": num,
        "process_id": index,
        "cluster_detection_method": "deactivate",
    }


def _slurm_devices(env: Mapping[str, str]) -> list[int] | None:
    """The GPUs of this task; None leaves JAX's choice, GPU i for the i-th task of a node.

    That choice would leave all GPUs but one unused where a node has one task, and would look for
    GPUs that are not there where SLURM shows each task its own only.
    """
    visible = [name for name in env.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    num_gpus = len(visible) or int(env.get("SLURM_GPUS_ON_NODE", "0"))
    tasks = re.sub(r"\(x\d+\)", "", env.get("SLURM_STEP_TASKS_PER_NODE", "")).split(",")
    if num_gpus and (set(tasks) == {"1"} or num_gpus == 1):
        return list(range(num_gpus))
    return None


def is_first_process() -> bool:
    """Whether this process writes what is written once."""
    return jax.process_index() == 0


def everywhere(work: Callable[[], Result], waiting: Callable[[], Block] = nullcontext) -> Result:
    """``work()`` on every process. Where it fails on one, all raise, so that none waits for it.

    ``waiting()`` is a block around the time in which this process waits for others.
    """
    if coordination.num_processes() == 1:
        return work()
    result, error = None, None
    try:
        result = work()
    except BaseException as caught:
        error = caught
    said = _DONE if error is None else _LED if isinstance(error, OtherProcessError) else _FAILED
    with waiting() if error is None else nullcontext():
        outcomes = coordination.gather(said)
    if error is not None:
        raise error
    _raise_for(dict(enumerate(outcomes)))
    return result  # pyrefly: ignore


def check_others() -> None:
    """Raises `OtherProcessError` where another process failed in the `everywhere` of this work."""
    if coordination.num_processes() > 1:
        _raise_for(coordination.said_already())


def _raise_for(outcomes: Mapping[int, bytes]) -> None:
    failed = [str(index) for index, said in outcomes.items() if said == _FAILED]
    if failed:
        raise OtherProcessError(f"process {', '.join(failed)} failed, see its message")


def from_first(work: Callable[[], Any]) -> Any:
    """``work()`` of process 0 alone, for all: JSON values. Where it fails, all raise."""
    if coordination.num_processes() == 1:
        return work()
    is_first = coordination.process_id() == 0
    made = everywhere(lambda: work() if is_first else None)
    return json.loads(coordination.gather(json.dumps(made).encode())[0])


class ThisTeam(Team):
    """The processes of this run, for a job that they share; `start_processes` comes before it."""

    def __init__(self):
        self.index, self.count = coordination.process_id(), coordination.num_processes()

    everywhere = staticmethod(everywhere)
    from_first = staticmethod(from_first)
    check_same = staticmethod(check_same)
    check_others = staticmethod(check_others)


def first_then_others(work: Callable[[], Result]) -> Result:
    """``work()`` on process 0, then on the others, which so find the files that it left."""
    first = everywhere(lambda: work() if is_first_process() else None)
    return everywhere(lambda: first if is_first_process() else work())  # pyrefly: ignore


def to_host(tree: Any, *, keep: bool = True) -> Any:
    """NumPy copies of arrays wherever their parts are; all processes must call it.

    One array at a time is gathered; with ``keep`` False this process keeps none (leaves are None).
    """

    def fetch(x: jax.Array) -> np.ndarray | None:
        if not (x.is_fully_addressable or x.is_fully_replicated):
            x = multihost_utils.process_allgather(x, tiled=True)
        return np.asarray(x) if keep else None

    return jax.tree.map(fetch, tree)
