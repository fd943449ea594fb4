"""What the processes of a run tell each other through JAX's coordination service.

    digests = gather(my_digest)      # bytes of every process, in the order of their numbers

No device takes part, so that a process may wait here for hours, may still be stopped by a signal,
and may ask before the first device is touched.
"""

import time

# There is no public name; Orbax waits for other processes by the same client.
from jax._src.distributed import global_state

from quals_jax.parallel import heartbeats

_FIRST_POLL_SECS, _LAST_POLL_SECS = 0.002, 0.2

_num_gathered = 0


def num_processes() -> int:
    """How many processes this run has; asks no device."""
    return global_state.num_processes


def process_id() -> int:
    """Which of them this one is; asks no device."""
    return global_state.process_id


def gather(value: bytes) -> list[bytes]:
    """The values of all processes; every process calls it, and the calls in one order."""
    global _num_gathered
    if num_processes() == 1:
        return [value]
    assert global_state.client is not None
    global_state.client.key_value_set_bytes(f"{_folder()}{process_id():06d}", value)
    secs = _FIRST_POLL_SECS
    # Not by its barrier, which only the last process could end.
    with heartbeats.waiting():
        while len(found := said_already()) < num_processes():
            time.sleep(secs)
            secs = min(2 * secs, _LAST_POLL_SECS)
    _num_gathered += 1
    return [found[index] for index in range(num_processes())]


def said_already() -> dict[int, bytes]:
    """The values that other processes gave to the next `gather` of this one."""
    assert global_state.client is not None
    found = global_state.client.key_value_dir_get_bytes(_folder())
    return {int(key.rpartition("/")[2]): value for key, value in found}


def _folder() -> str:
    return f"quals/{_num_gathered}/"


def tell_all(name: str, value: str) -> None:
    """Lets every process `ask_first` for ``name``; process 0 alone calls it, once."""
    assert global_state.client is not None
    global_state.client.key_value_set(f"quals/{name}", value)


def ask_first(name: str, timeout_secs: float) -> str:
    """What process 0 told under ``name``, when it has."""
    assert global_state.client is not None
    return global_state.client.blocking_key_value_get(f"quals/{name}", int(timeout_secs * 1000))


def host_of_first() -> str:
    """The host that process 0 can be reached at."""
    assert global_state.coordinator_address is not None
    return global_state.coordinator_address.rpartition(":")[0].strip("[]")
