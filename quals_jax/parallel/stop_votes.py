"""Processes of a run agree on the step to stop at, without waiting for each other at every step.

    votes = StopVotes(signals, mesh)
    votes.check()                # raises Stopped, on all processes before the same step
    vote = votes.cast()          # beside each step
    votes.count(vote)            # when the step is done

A vote is the number of the signal that a process got, or 0. The largest comes back from the devices
with the results of the step, so all processes know it at the same point of their work. A run of one
process stops at once.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from quals_jax.jobs.stopping import Stopped, StopSignals
from quals_jax.parallel.mesh import replicated, rows_to_devices


class StopVotes:
    """See the module's docstring."""

    def __init__(self, signals: StopSignals, mesh: Mesh):
        self._signals, self._mesh = signals, mesh
        self._largest = jax.jit(jnp.max, out_shardings=replicated(mesh))
        self._agreed = 0

    def check(self) -> None:
        """Raises `Stopped` where the run is to end here."""
        number = self._signals.received if jax.process_count() == 1 else self._agreed
        if number:
            raise Stopped(number)

    def cast(self) -> jax.Array | None:
        """The vote of all processes; returns before it is computed."""
        if jax.process_count() == 1:
            return None
        mine = np.full(jax.local_device_count(), self._signals.received, np.int32)
        return self._largest(rows_to_devices(mine, self._mesh))

    def count(self, vote: jax.Array | None) -> None:
        """Takes the outcome of a vote."""
        if vote is not None:
            self._agreed = self._agreed or int(jax.device_get(vote))
